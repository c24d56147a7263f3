//! `loihi cost`: instructions per elementary operation, per step and per learned sample, on a device that counts them.

use super::DeviceArgs;
use super::open::open;
use super::out;
use crate::cost::kernels::measure;
use crate::experiment::{Experiment, Options, Row, Watch};
use crate::image::ImageFile;
use crate::record::RecordError;
use anyhow::bail;
use clap::Args;

#[derive(Debug, Args)]
pub(super) struct CostArgs {
    #[command(flatten)]
    device: DeviceArgs,
}

pub(super) fn cost(args: &CostArgs) -> anyhow::Result<()> {
    let mut session = open(&args.device)?;
    let kernels = measure(&mut session)?;
    if kernels.is_empty() {
        bail!("the device {} counts no instructions; use --device qemu", session.device_name());
    }
    out::line(format_args!("Instructions on {}:\n", session.identity().board))?;
    out::line(format_args!("| operation | per | instructions |"))?;
    out::line(format_args!("|---|---|---:|"))?;
    for cost in kernels {
        out::line(format_args!("| {} | {} | {:.2} |", cost.kernel, cost.unit, cost.instructions))?;
    }
    let options = Options { passes: Some(1), ..Options::default() };
    let outcome = Experiment::DigitsPes.run(&mut session, &options, &mut Nobody)?;
    let instructions = outcome.instructions.unwrap_or(0);
    out::line(format_args!("| digits-pes, everything | step | {} |", instructions / outcome.steps.max(1)))?;
    out::line(format_args!(
        "| digits-pes, everything | learned sample of {LEARN_STEPS} steps | {} |",
        LEARN_STEPS * instructions / outcome.steps.max(1)
    ))?;
    Ok(())
}

/// Steps in which digits-pes shows a digit that it learns.
const LEARN_STEPS: u64 = 24;

/// Looks at nothing.
struct Nobody;

impl Watch for Nobody {
    fn image(&mut self, _image: &ImageFile) -> Result<(), RecordError> {
        Ok(())
    }

    fn progress(&mut self, _done: u64, _total: u64, _running: &str) {}

    fn row(&mut self, _row: &Row) -> Result<(), RecordError> {
        Ok(())
    }

    fn learned(&mut self, _image: &ImageFile, _learned: &[i32]) -> Result<(), RecordError> {
        Ok(())
    }
}
