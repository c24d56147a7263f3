//! Refuses keys and tables of a run that would do nothing where they stand, each at its line.

use super::{Settings, TaughtFrom};
use crate::measure::of_twin;
use crate::signal_figures::SignalFigures;
use loihi_net::network::{Network, Section, SectionError};

type Checked = Result<(), SectionError>;

/// Keys of `[task]` with `[[spikes]]`.
const WITH_SPIKES: [&str; 6] = ["trials", "epochs", "passes", "float_twin", "metrics", "published"];
/// Keys of `[task]` with a `[plant]`.
const WITH_PLANT: [&str; 10] = [
    "epochs",
    "passes",
    "steps",
    "row_steps",
    "final_steps",
    "float_twin",
    "episodes",
    "test_epochs",
    "published",
    "metrics",
];
/// Keys of `[task]` that samples have no use for, and what to do.
const WITHOUT_SAMPLES: [(&str, &str); 6] = [
    ("episodes", "episodes need a signal: add a `[plant]`, such as `sines`"),
    ("test_epochs", "`test_epochs` needs a [plant] and `episodes`: take it out"),
    ("trials", "`trials` needs [[spikes]]: add them, or give `epochs` of samples"),
    ("steps", "`steps` in [task] needs a [plant]: give those of a sample as `steps` above all tables"),
    ("row_steps", "`row_steps` needs a [plant]: take it out"),
    ("final_steps", "`final_steps` needs a [plant]: take it out"),
];
/// Keys of `[task]` that `[[stage]]` tables replace, and what to do.
const BESIDE_STAGES: [(&str, &str); 5] = [
    ("epochs", "`epochs` in [task] does nothing beside [[stage]]: give every stage its own"),
    ("passes", "`passes` in [task] does nothing beside [[stage]]: give every stage its own"),
    ("learn", "`learn` in [task] does nothing beside [[stage]]: give every stage its own"),
    ("stages", "`stages` does nothing beside [[stage]]: take out one of the two"),
    ("rate_halvings_per_epoch", "`rate_halvings_per_epoch` does nothing beside [[stage]]: take it out"),
];

/// Refuses what would do nothing.
///
/// # Errors
/// [`SectionError`] at the first key or table that would.
pub(super) fn check(settings: &Settings, network: &Network) -> Checked {
    let run = &network.run;
    let own = Keys { settings, network, task: run.task.as_ref() };
    match (&run.plant, run.spikes.first()) {
        (Some(_), Some(spikes)) => {
            Err(spikes.error("spikes 1", "", "a run has [[spikes]] or a [plant]: take out one of the two"))
        }
        (None, Some(spikes)) => own.with_spikes(spikes),
        (Some(plant), None) => own.with_plant(plant),
        (None, None) => own.with_samples(),
    }?;
    run.reward.as_ref().map_or(Ok(()), |section| own.reward(section))?;
    run.teacher.as_ref().map_or(Ok(()), |section| own.teacher(section))
}

/// What is checked.
struct Keys<'n> {
    settings: &'n Settings,
    network: &'n Network,
    task: Option<&'n Section>,
}

impl Keys<'_> {
    /// Trials of spikes that the file gives.
    fn with_spikes(&self, spikes: &Section) -> Checked {
        self.no_tables_of_samples("[[spikes]]")?;
        self.only(&WITH_SPIKES, "[[spikes]]")?;
        self.no_keys_of_samples(&[("late_steps", self.network.late_steps)], "[[spikes]]")
            .map_err(|what| spikes.error("spikes 1", "", what))?;
        self.metrics_of(
            &self.figures_of_trials(),
            "`metrics` orders the figures of [[measure]] tables, and there are none: add one, or take it out",
        )
    }

    fn with_plant(&self, plant: &Section) -> Checked {
        self.no_tables_of_samples("a [plant]")?;
        self.only(&WITH_PLANT, "a [plant]")?;
        let keys = [("steps", self.network.steps), ("late_steps", self.network.late_steps)];
        self.no_keys_of_samples(&keys, "a [plant]").map_err(|what| plant.error("plant", "", what))?;
        let task = &self.settings.task;
        let acts = self.settings.actions_from.is_some();
        if acts {
            self.refused("float_twin", "`float_twin` does not work with `actions_from`: take it out")?;
        }
        if !task.episodes {
            self.refused("test_epochs", "`test_epochs` has a meaning only with `episodes = true`")?;
        } else if acts {
            self.refused("episodes", "`episodes` does nothing with `actions_from`: take out one of the two")?;
        } else {
            self.refused("float_twin", "`float_twin` does nothing with `episodes`: take it out")?;
        }
        if task.test_epochs > 0 {
            self.refused("final_steps", "`final_steps` does nothing with `test_epochs`: take it out")?;
        }
        if !acts {
            self.no_measures("[[measure]] does nothing with a [plant] without `actions_from`: take it out")?;
        }
        self.no_rows_of_trials()?;
        if task.episodes {
            return SignalFigures::check(&task.metrics).map_err(|what| self.error("metrics", what));
        }
        self.metrics_of(
            &self.figures_of_acting(),
            "`metrics` orders the figures of `episodes` and of [[measure]] tables, and there are none: take it out",
        )
    }

    /// Refuses keys of `[[measure]]` that only trials have a use for.
    fn no_rows_of_trials(&self) -> Checked {
        for (number, section) in self.network.run.measures.iter().enumerate() {
            if let Some(key) = ["columns", "figures"].into_iter().find(|key| section.keys.contains_key(*key)) {
                let what = format!("`{key}` only applies to trials ([[spikes]]): take it out");
                return Err(section.error(&format!("measure {}", number + 1), key, what));
            }
        }
        Ok(())
    }

    fn with_samples(&self) -> Checked {
        self.no_measures("[[measure]] needs [[spikes]] or a [plant]: add one, or take it out")?;
        for (key, what) in WITHOUT_SAMPLES {
            self.refused(key, what)?;
        }
        if !self.settings.stages.is_empty() {
            for (key, what) in BESIDE_STAGES {
                self.refused(key, what)?;
            }
        }
        if !self.settings.task.stages.is_empty() {
            let what = "`rate_halvings_per_epoch` does nothing beside `stages`: take it out";
            self.refused("rate_halvings_per_epoch", what)?;
        }
        let mut names: Vec<String> = Vec::new();
        for name in self.settings.stages.iter().filter_map(|stage| stage.metric.as_ref()) {
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
        self.metrics_of(
            &names,
            "`metrics` orders the figures of [[stage]] tables, and there are none: give one a `metric`, or take it out",
        )
    }

    /// Names of the figures of trials.
    fn figures_of_trials(&self) -> Vec<String> {
        let mut names = Vec::new();
        let twin = self.settings.task.float_twin;
        for measure in &self.settings.measures {
            let with_twin = |name: String| [Some(name.clone()), twin.then(|| of_twin(&name))];
            names.extend(measure.figure_of_trials().into_iter().flat_map(with_twin).flatten());
            names.extend(measure.figures.keys().cloned());
        }
        if twin && !names.is_empty() {
            names.extend(["largest_difference", "rms_difference"].map(str::to_owned));
        }
        names
    }

    /// Names of what is measured of a network whose neurons act; of rows the first one's.
    fn figures_of_acting(&self) -> Vec<String> {
        self.settings.measures.iter().map(|measure| measure.figure_of_row(0)).collect()
    }

    /// Refuses `metrics` that are not among these names; if there are no names, any `metrics`, with the error `what`.
    fn metrics_of(&self, names: &[String], what: &str) -> Checked {
        if names.is_empty() {
            return self.refused("metrics", what);
        }
        // A row's figure is there if the first row's is: how many rows there are is not known yet.
        let first_row = |name: &str| {
            let (name, row) = name.rsplit_once('_')?;
            row.parse::<u32>().ok().map(|_| format!("{name}_0"))
        };
        let is_there = |name: &String| names.contains(name) || first_row(name).is_some_and(|own| names.contains(&own));
        let unknown = self.settings.task.metrics.iter().find(|name| !is_there(name));
        unknown.map_or(Ok(()), |name| {
            Err(self.error("metrics", format!("unknown figure `{name}`; there are: {}", names.join(", "))))
        })
    }

    fn reward(&self, section: &Section) -> Checked {
        let form = self.settings.reward.clone().unwrap_or_default();
        let error = |key: &str, what: &str| section.error("reward", key, what);
        let refused = |key: &str, what: &str| {
            if section.keys.contains_key(key) { Err(error(key, what)) } else { Ok(()) }
        };
        if !self.network.run.spikes.is_empty() && form.from != TaughtFrom::Snip {
            let what = "[reward] with [[spikes]] can only be from a program: give from = \"snip\", or take it out";
            return Err(error("from", what));
        }
        if self.network.run.plant.is_some() && !matches!(form.from, TaughtFrom::Plant | TaughtFrom::Snip) {
            let what = "with a plant there are no samples: give from = \"plant\", or \"snip\" if a program gives it";
            return Err(error("from", what));
        }
        if self.network.run.plant.is_none() && form.from == TaughtFrom::Plant {
            let what = "[reward] takes its values from a plant, and the network has none: add a [plant], or give from = \"label\"";
            return Err(error("from", what));
        }
        if self.settings.task.episodes && form.from == TaughtFrom::Plant {
            let what =
                "[reward] from a plant does nothing with `episodes`, which are known before they run: take it out";
            return Err(error("from", what));
        }
        if form.from != TaughtFrom::Label {
            refused("right", "`right` does nothing without from = \"label\": take it out")?;
            refused("wrong", "`wrong` does nothing without from = \"label\": take it out")?;
        }
        if !matches!(form.from, TaughtFrom::Target | TaughtFrom::Plant) {
            refused("scale", "`scale` does nothing without from = \"target\" or \"plant\": take it out")?;
        }
        if !form.scale.is_finite() || form.scale == 0.0 {
            return Err(error("scale", "the scale of a reward is a finite number that is not 0: give another"));
        }
        if form.from == TaughtFrom::Plant {
            refused(
                "steps",
                "`steps` does nothing with from = \"plant\", whose reward is given in one step: take it out",
            )?;
        }
        if !self.settings.takes_samples() {
            refused("steps", "`steps` applies only after a sample, and this run has no samples: take it out")?;
        }
        if form.steps == 0 {
            return Err(error("steps", "a reward takes at least 1 step: give 1 or more"));
        }
        Ok(())
    }

    fn teacher(&self, section: &Section) -> Checked {
        let form = self.settings.teacher.clone().unwrap_or_default();
        if form.from == TaughtFrom::Plant {
            let what = "no plant gives third factors: give from = \"label\", \"target\" or \"snip\"";
            return Err(section.error("teacher", "from", what));
        }
        for key in ["right", "wrong", "always"] {
            if form.from != TaughtFrom::Label && section.keys.contains_key(key) {
                let what = format!("`{key}` does nothing without from = \"label\": take it out");
                return Err(section.error("teacher", key, what));
            }
        }
        if form.steps == 0 {
            return Err(section.error("teacher", "steps", "a teacher takes at least 1 step: give 1 or more"));
        }
        Ok(())
    }

    /// Refuses tables that only samples have a use for.
    fn no_tables_of_samples(&self, source: &str) -> Checked {
        let run = &self.network.run;
        for (table, section) in [("[[stage]]", run.stages.first()), ("[teacher]", run.teacher.as_ref())] {
            if let Some(section) = section {
                return Err(section.error(table, "", format!("{table} does nothing with {source}: take it out")));
            }
        }
        Ok(())
    }

    /// Refuses what stands outside of tables of a run and only samples have a use for, [readout] among it.
    fn no_keys_of_samples(&self, keys: &[(&str, u32)], source: &str) -> Result<(), String> {
        if let Some((key, steps)) = keys.iter().find(|(_, steps)| *steps > 0) {
            return Err(format!("`{key} = {steps}` above all tables does nothing with {source}: take it out"));
        }
        if self.network.readout.is_some() {
            return Err(format!("[readout] does nothing with {source}: take it out"));
        }
        Ok(())
    }

    fn no_measures(&self, what: &str) -> Checked {
        self.network.run.measures.first().map_or(Ok(()), |section| Err(section.error("measure 1", "", what)))
    }

    /// Refuses all keys of `[task]` but these.
    fn only(&self, keys: &[&str], source: &str) -> Checked {
        let mut given = self.task.into_iter().flat_map(|section| section.keys.keys());
        given
            .find(|key| !keys.contains(&key.as_str()))
            .map_or(Ok(()), |key| Err(self.error(key, format!("`{key}` does nothing with {source}: take it out"))))
    }

    /// Refuses a key of `[task]`.
    fn refused(&self, key: &str, what: &str) -> Checked {
        let is_given = self.task.is_some_and(|section| section.keys.contains_key(key));
        if is_given { Err(self.error(key, what)) } else { Ok(()) }
    }

    fn error(&self, key: &str, what: impl Into<String>) -> SectionError {
        self.task.cloned().unwrap_or_default().error("task", key, what)
    }
}
