//! Whether what a network file asks for is possible with its network, its programs and its samples.

use crate::afterwards::Afterwards;
use crate::presenter::Presenter;
use loihi_core::image::{CHIP_EXPONENT_MIN, EXPONENTS, Image, Target};
use loihi_device::session::SessionError;
use loihi_net::network::{Network, Readout};
use loihi_place::place::Placed;
use loihi_snip::Programs;
use loihi_task::samples::Samples;
use loihi_task::settings::Settings;
use loihi_task::stage::Stage;
use loihi_task::task::ExperimentError;

/// What is asked for, and what there is.
#[derive(Clone, Copy, Debug)]
pub struct Requirements<'r> {
    /// What the file says of a run.
    pub settings: &'r Settings,
    /// The network, as the file has it: what is frozen counts, too.
    pub file: &'r Network,
    /// The network of the run.
    pub network: &'r Network,
    /// The same on cores.
    pub placed: &'r Placed,
}

impl Requirements<'_> {
    /// Holds a run to all of them; `freezes` says whether the command freezes anything.
    ///
    /// # Errors
    /// What is not possible, and what to do.
    pub fn check(
        &self,
        samples: &Samples,
        presenter: &Presenter<'_>,
        stages: &[Stage],
        freezes: bool,
    ) -> Result<(), ExperimentError> {
        check_rates(stages, self.placed)?;
        presenter.check(self.network, samples)?;
        self.steps(presenter)?;
        self.readout()?;
        Afterwards::new(self.settings).check(self.file, &self.placed.programs, samples)?;
        self.something_learns(stages, freezes)
    }

    /// Steps of a sample: those that are predicted and those that are learned, and as many as its programs need.
    fn steps(&self, presenter: &Presenter<'_>) -> Result<(), ExperimentError> {
        let task = &self.settings.task;
        let divided = [task.predict_steps, task.learn_steps].map(|steps| steps.is_some());
        require(divided[0] == divided[1], || {
            "give both `predict_steps` and `learn_steps` in [task], or neither".to_owned()
        })?;
        let divided = self.settings.divided().map(|[predict, learn]| u32::from(predict) + u32::from(learn));
        if let Some(both) = divided {
            let own = self.network.steps;
            require(own == 0 || own == both, || {
                format!(
                    "`steps` of {own} do nothing beside `predict_steps` and `learn_steps`, which are {both}: leave them out"
                )
            })?;
        }
        let is_plain = presenter.is_plain() && Afterwards::new(self.settings).is_empty();
        require(divided.is_none() || is_plain, || {
            "`predict_steps` and `learn_steps` need an input that a `[[snip]]` encodes, and no [reward] or [teacher]"
                .to_owned()
        })?;
        let steps = divided.or(presenter.steps()).map(|steps| steps.saturating_add(self.network.late_steps));
        steps.map_or(Ok(()), |steps| enough(steps, &self.placed.programs))
    }

    /// A readout that is read, and has one answer a sample.
    fn readout(&self) -> Result<(), ExperimentError> {
        let readout = self.network.readout.as_ref();
        if let Some(port) = self.placed.programs.ports.iter().find(|port| !port.output.is_empty()) {
            require(readout.is_none(), || {
                format!("[readout] does nothing beside the answer of `{}`: take it out", port.name)
            })?;
        }
        require(readout.is_none_or(Readout::is_single), || {
            "a network that learns online has one answer a sample: take `window_steps` and `per_pixel` out of [readout]"
                .to_owned()
        })
    }

    /// Something that learns, in stages that do.
    fn something_learns(&self, stages: &[Stage], freezes: bool) -> Result<(), ExperimentError> {
        let has_rules = self.network.connections.iter().any(|own| own.learning.is_some());
        let Some(stage) = stages.iter().find(|stage| stage.learns && stage.taught.is_empty() && !has_rules) else {
            return Ok(());
        };
        let what = if freezes {
            "everything that could learn is frozen: leave out a --freeze"
        } else {
            "the network has nothing that learns: add a `[[snip]]`, or `[connection.learning]`"
        };
        Err(ExperimentError::Plan(format!("{}: {what}", stage.name)))
    }
}

fn require(holds: bool, what: impl FnOnce() -> String) -> Result<(), ExperimentError> {
    if holds { Ok(()) } else { Err(ExperimentError::Plan(what())) }
}

/// Whether samples of this many steps are long enough for every program to learn.
fn enough(steps: u32, programs: &Programs) -> Result<(), ExperimentError> {
    programs.ports.iter().try_for_each(|port| {
        let least = port.steps_least;
        require(steps >= least, || {
            format!("a sample has {steps} steps, and `{}` learns only after {least}: give more", port.name)
        })
    })
}

/// Whether the rate of every program can be halved as often as its stages want.
fn check_rates(stages: &[Stage], placed: &Placed) -> Result<(), ExperimentError> {
    let image = placed.image.open().map_err(SessionError::from)?;
    for stage in stages.iter().filter(|stage| stage.halvings > 0) {
        for port in stage.taught.iter().filter_map(|at| placed.programs.ports.get(*at)) {
            let of_cores = || port.rates.iter().filter_map(|group| halvings_most(&image, *group)).min();
            let most = port.rate_least.map(i32::unsigned_abs).or_else(of_cores).unwrap_or(0);
            if stage.halvings > most {
                let what = format!(
                    "{} wants the rate of `{}` halved {} times, and it takes {most}: give a smaller \
                     `rate_halvings_per_epoch`, fewer epochs, or a smaller shift",
                    stage.name, port.name, stage.halvings
                );
                return Err(ExperimentError::Plan(what));
            }
        }
    }
    Ok(())
}

/// How often the rate of a plastic group's rule can be halved: down to the least exponent of the chip, if it keeps to the chip.
fn halvings_most(image: &Image<'_>, group: u32) -> Option<u32> {
    let group = image.learning_group(group as usize)?;
    let of_weights = image.products(&group).filter(|product| product.target == Target::Weight);
    let least = |exponent: i32| if exponent < CHIP_EXPONENT_MIN { *EXPONENTS.start() } else { CHIP_EXPONENT_MIN };
    of_weights.map(|product| product.exponent.abs_diff(least(product.exponent))).min()
}
