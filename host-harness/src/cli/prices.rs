//! Price tables and the models that are made of them.

use anyhow::{Context as _, anyhow};
use host_harness::cost::floorplan::Floorplan;
use host_harness::cost::model::Model;
use host_harness::cost::prices::{BUILT_IN, ENERGY_DEFAULT, Prices, TIME_DEFAULT};
use host_harness::cost::table::Named;
use host_harness::cost::traffic::Simulated;
use host_harness::whole;
use std::path::PathBuf;

/// The price tables that are built in, then those of files.
pub(super) fn price_tables(files: &[PathBuf]) -> anyhow::Result<Vec<Prices>> {
    let mut price_tables = Vec::new();
    for (name, text) in BUILT_IN {
        price_tables.push(Prices::parse(text).with_context(|| name)?);
    }
    for file in files {
        let text = whole::text(file).with_context(|| format!("{} cannot be read", file.display()))?;
        price_tables.push(Prices::parse(&text).with_context(|| format!("{} cannot be used", file.display()))?);
    }
    Ok(price_tables)
}

/// The default model, whose energies and times are of two price tables, and one of each table.
pub(super) fn models(price_tables: &[Prices]) -> anyhow::Result<Vec<Named<'_>>> {
    let of = |name: &str| {
        price_tables
            .iter()
            .find(|prices| prices.name == name)
            .ok_or_else(|| anyhow!("the price table {name} is missing"))
    };
    let model = |energy, time| Model { energy, time, plan: Floorplan::LOIHI_1, traffic: &Simulated };
    let name = format!("energy {ENERGY_DEFAULT}, time {TIME_DEFAULT}");
    let mut models = vec![Named { name, model: model(of(ENERGY_DEFAULT)?, of(TIME_DEFAULT)?) }];
    models.extend(price_tables.iter().map(|prices| Named { name: prices.name.clone(), model: model(prices, prices) }));
    Ok(models)
}
