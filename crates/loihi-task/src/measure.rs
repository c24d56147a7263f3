//! What of the learned weights is reported: `[[measure]]`.

use crate::by_row::ByRow;
use crate::names::{self, Names};
use loihi_device::session::SessionError;
use loihi_net::network::{Endpoint, Network, SectionError};
use loihi_place::place::Placed;
use loihi_twin::synapses::{LearnedSynapse, of_connection};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Means over the weights of a connection: one of all, or one for each row of its source or its population, that is for each
/// element of their first extents.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct MeasureForm {
    /// What the figure is called: letters, digits, `_`, `-` and spaces, and no name that the run has already.
    pub name: String,
    /// The input or population where the connection begins, by name.
    pub from: String,
    /// The population where it ends, by name.
    pub to: String,
    /// What is averaged.
    pub value: MeasuredValue,
    /// Of which synapses.
    pub synapses: MeasuredSynapses,
    /// Whose rows have a mean each; without it there is one of all.
    pub by: Option<By>,
    /// Columns of rows of metrics before the figure, by name.
    pub columns: BTreeMap<String, ByRow>,
    /// Figures of the run: the means of these rows, from 0, by name.
    pub figures: BTreeMap<String, u32>,
}

impl MeasureForm {
    /// The figure of a run of trials: `NAME`, of several rows the largest mean as `largest_NAME`; none if the form names
    /// figures itself.
    pub fn figure_of_trials(&self) -> Option<String> {
        match self.by {
            None => Some(self.name.clone()),
            Some(_) => self.figures.is_empty().then(|| format!("largest_{}", self.name)),
        }
    }

    /// What the mean of a row is called where every row has a figure: `NAME_ROW`, or `NAME` of all in one.
    pub fn figure_of_row(&self, row: usize) -> String {
        self.by.map_or_else(|| self.name.clone(), |_| format!("{}_{row}", self.name))
    }
}

/// What a figure is called in double precision.
pub fn of_twin(name: &str) -> String {
    format!("{name}_float")
}

/// What is averaged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MeasuredValue {
    /// What a trial has changed a weight by.
    #[default]
    Change,
    /// The weight.
    Weight,
}

/// Of which synapses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MeasuredSynapses {
    /// All.
    #[default]
    All,
    /// From a row of the source to the row of the same number.
    SameRow,
    /// From a row of the source to another row.
    OtherRows,
}

/// Whose rows have a mean each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum By {
    /// Those of the source.
    From,
    /// Those of the population.
    To,
}

/// A measure of a placed network.
#[derive(Debug)]
pub struct Measure<'n> {
    /// What the file says of it.
    pub form: &'n MeasureForm,
    /// The connection, by its place in the network's list.
    pub connection: usize,
    /// All synapses of the connection.
    pub synapses: Vec<LearnedSynapse>,
    /// Rows that have a mean each; 1 if there is one of all.
    pub rows: usize,
    /// Columns of the rows, by name: a number for each row.
    pub columns: Vec<(&'n str, Vec<f64>)>,
    /// By synapse: the row that it counts in.
    row_of: Vec<Option<usize>>,
}

/// Those of a placed network. `forms` are those of its `[[measure]]` tables.
///
/// # Errors
/// [`SectionError`] at the offending key.
pub fn of_network<'n>(
    network: &Network,
    placed: &Placed,
    forms: &'n [MeasureForm],
) -> Result<Vec<Measure<'n>>, MeasureError> {
    let mut measures = Vec::new();
    for number in 0..forms.len() {
        measures.push(measure(network, placed, forms, number)?);
    }
    check_names(network, &measures)?;
    Ok(measures)
}

/// Columns and figures of a run that are not measured.
const NAMES: [&str; 11] = [
    "pass",
    "stage",
    "digest",
    "accuracy",
    "accuracy_first",
    "accuracy_last",
    "reward_mean",
    "reward_mean_first",
    "reward_mean_last",
    "largest_difference",
    "rms_difference",
];

/// Whether all columns and figures have names of their own.
fn check_names(network: &Network, measures: &[Measure<'_>]) -> Result<(), SectionError> {
    let published = network.run.task.as_ref().and_then(|section| section.keys.get("published")?.as_table());
    let published = published.into_iter().flat_map(|table| table.keys().map(String::as_str));
    let (mut columns, mut figures) =
        (Names::of_run(&NAMES), Names::of_run(&published.chain(NAMES).collect::<Vec<_>>()));
    for (number, measure) in measures.iter().enumerate() {
        let name = &measure.form.name;
        if name.is_empty() || measures[..number].iter().any(|other| other.form.name == *name) {
            return Err(error_of(network, number, "name", "give every measure a name of its own".to_owned()));
        }
        // Before rows add their numbers to it.
        names::valid(name).map_err(|what| error_of(network, number, "name", what))?;
        let [own_columns, own_figures] = measure.names(network.run.plant.is_some());
        for (key, name) in own_columns {
            columns.add(&name).map_err(|what| error_of(network, number, key, what))?;
        }
        for (key, name) in own_figures {
            figures.add(&name).map_err(|what| error_of(network, number, key, what))?;
        }
    }
    Ok(())
}

/// An error at a key of a `[[measure]]` table.
fn error_of(network: &Network, number: usize, key: &str, what: String) -> SectionError {
    let table = format!("measure {}", number + 1);
    network.run.measures.get(number).cloned().unwrap_or_default().error(&table, key, what)
}

/// Why something cannot be measured.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MeasureError {
    /// A table is invalid.
    #[error(transparent)]
    Section(#[from] SectionError),
    /// The image is damaged.
    #[error(transparent)]
    Session(#[from] SessionError),
}

fn measure<'n>(
    network: &Network,
    placed: &Placed,
    forms: &'n [MeasureForm],
    number: usize,
) -> Result<Measure<'n>, MeasureError> {
    let form = &forms[number];
    let error = |key: &str, what: String| error_of(network, number, key, what);
    let connection = connection_of(network, form).map_err(|(key, what)| error(key, what))?;
    if placed.plastic_groups.get(connection).is_none_or(std::ops::Range::is_empty) {
        let what = format!(
            "the connection from `{}` to `{}` does not learn: give it `[connection.learning]`, or measure another",
            form.from, form.to
        );
        return Err(error("from", what).into());
    }
    let synapses = of_connection(network, placed, connection).map_err(SessionError::from)?;
    let own = &network.connections[connection];
    let shapes = [network.shape_of(own.from), network.shape_of(Endpoint::Population(own.to))];
    let [from, to] = shapes.map(|shape| shape.first().copied().unwrap_or(1).max(1));
    let each = shapes.map(loihi_net::network::size);
    if form.synapses != MeasuredSynapses::All && from != to {
        let what = format!(
            "`{}` has {from} rows and `{}` has {to}: `synapses` needs the same number of rows at both ends",
            form.from, form.to
        );
        return Err(error("synapses", what).into());
    }
    let row_of = |synapse: &LearnedSynapse| {
        let [own_from, own_to] = [synapse.source / (each[0] / from).max(1), synapse.neuron / (each[1] / to).max(1)];
        let counts = match form.synapses {
            MeasuredSynapses::All => true,
            MeasuredSynapses::SameRow => own_from == own_to,
            MeasuredSynapses::OtherRows => own_from != own_to,
        };
        counts.then_some(match form.by {
            None => 0,
            Some(By::From) => own_from,
            Some(By::To) => own_to,
        })
    };
    let rows = match form.by {
        None => 1,
        Some(By::From) => from,
        Some(By::To) => to,
    };
    let columns = form.columns.iter().map(|(name, numbers)| Ok((name.as_str(), numbers.values(rows)?)));
    let columns = columns.collect::<Result<_, _>>().map_err(|what| error("columns", what))?;
    if let Some((name, row)) = form.figures.iter().find(|(_, row)| **row as usize >= rows) {
        let what = format!("`{name}` names row {row}, but rows are 0 to {}", rows.saturating_sub(1));
        return Err(error("figures", what).into());
    }
    let row_of = synapses.iter().map(row_of).collect();
    Ok(Measure { form, connection, synapses, rows, columns, row_of })
}

/// The connection that is measured, or the offending key and why.
fn connection_of(network: &Network, form: &MeasureForm) -> Result<usize, (&'static str, String)> {
    let inputs = network.inputs.iter().map(|input| input.name.as_str());
    let names: Vec<&str> = inputs.chain(network.populations.iter().map(|own| own.name.as_str())).collect();
    let unknown = |name: &str| format!("unknown input or population `{name}`; there are: {}", names.join(", "));
    let from = network.find(&form.from).ok_or_else(|| ("from", unknown(&form.from)))?;
    let to = network.find(&form.to).ok_or_else(|| ("to", unknown(&form.to)))?;
    let is_own = |own: &loihi_net::network::Connection| own.from == from && Endpoint::Population(own.to) == to;
    let mut found = (0..network.connections.len()).filter(|at| is_own(&network.connections[*at]));
    match (found.next(), found.next()) {
        (Some(connection), None) => Ok(connection),
        (None, _) => Err(("from", format!("no connection leads from `{}` to `{}`", form.from, form.to))),
        (Some(_), Some(_)) => {
            let what = format!(
                "several connections lead from `{}` to `{}`: give one of them a population of its own",
                form.from, form.to
            );
            Err(("from", what))
        }
    }
}

impl Measure<'_> {
    /// Names of its columns and of its figures, each with the key that gives it.
    fn names(&self, with_plant: bool) -> [Vec<(&'static str, String)>; 2] {
        let (form, mut columns, mut figures) = (self.form, Vec::new(), Vec::new());
        if with_plant {
            figures.extend((0..self.rows).map(|row| ("name", form.figure_of_row(row))));
            columns.clone_from(&figures);
        } else {
            let with_twin = |name: String| [("name", of_twin(&name)), ("name", name)];
            figures.extend(form.figure_of_trials().into_iter().flat_map(with_twin));
            columns.extend(form.by.into_iter().flat_map(|_| with_twin(form.name.clone())));
        }
        columns.extend(form.columns.keys().map(|name| ("columns", name.clone())));
        figures.extend(form.figures.keys().map(|name| ("figures", name.clone())));
        [columns, figures]
    }

    /// The word of a synapse among those of a register; `number` is its place among [`Self::synapses`].
    pub fn word(&self, words: &[i32], number: usize) -> f64 {
        let place = self.synapses.get(number).map_or(usize::MAX, |synapse| synapse.place);
        f64::from(words.get(place).copied().unwrap_or(0))
    }

    /// What is measured of each row. `now` is the weight of a synapse by its place among [`Self::synapses`], `before` the
    /// register before some trials.
    pub fn of(&self, now: impl Fn(usize) -> f64, before: &[i32], trials: u32) -> Vec<f64> {
        match self.form.value {
            MeasuredValue::Weight => self.means(now),
            MeasuredValue::Change => {
                let mut means = self.means(|number| now(number) - self.word(before, number));
                for mean in &mut means {
                    *mean /= f64::from(trials.max(1));
                }
                means
            }
        }
    }

    /// The mean of each row.
    fn means(&self, value: impl Fn(usize) -> f64) -> Vec<f64> {
        let (mut sums, mut counts) = (vec![0.0; self.rows], vec![0_u32; self.rows]);
        for (number, row) in self.row_of.iter().enumerate() {
            if let Some(row) = row {
                sums[*row] += value(number);
                counts[*row] += 1;
            }
        }
        sums.into_iter().zip(counts).map(|(sum, count)| sum / f64::from(count.max(1))).collect()
    }
}
