//! `loihi cost`: instructions per elementary operation, per step and per learned sample, on a device that counts them.

use super::DeviceArgs;
use super::open::open;
use super::out;
use super::progress::{Progress, Showing, shown};
use anyhow::bail;
use clap::Args;
use host_harness::cost::kernels::measure;
use host_harness::cost::rules::{self, RuleCost};
use host_harness::device::session::Session;
use host_harness::experiment::RunOptions;
use host_harness::experiment::data::Dataset;
use host_harness::experiment::digits_pes::DigitsPes;

#[derive(Debug, Args)]
pub(super) struct CostArgs {
    #[command(flatten)]
    device: DeviceArgs,
}

pub(super) fn cost(args: &CostArgs) -> anyhow::Result<()> {
    let mut session = open(&args.device)?;
    let kernels = shown("operations", |after| measure(&mut session, after))?;
    if kernels.is_empty() {
        bail!("the device {} counts no instructions; use --device qemu", session.device_name());
    }
    out::line(format_args!("Instructions on {}:\n", session.identity().board))?;
    out::line(format_args!("| operation | per | instructions |"))?;
    out::line(format_args!("|---|---|---:|"))?;
    for cost in kernels {
        out::line(format_args!("| {} | {} | {:.2} |", cost.kernel, cost.unit, cost.instructions))?;
    }
    print_step(&mut session)?;
    out::line(format_args!("\nRules of the embedded CPU; C as GCC compiles it for the same instruction set:\n"))?;
    out::line(format_args!("| operation | per | instructions | in C |"))?;
    out::line(format_args!("|---|---|---:|---:|"))?;
    for RuleCost { kernel, unit, instructions, instructions_c } in
        shown("rules", |after| rules::measure(&mut session, after))?
    {
        out::line(format_args!("| {kernel} | {unit} | {instructions:.2} | {instructions_c:.1} |"))?;
    }
    Ok(())
}

/// What a step and a sample of a whole experiment cost.
fn print_step(session: &mut Session) -> anyhow::Result<()> {
    let learn = Dataset::digits()?.training;
    let options = RunOptions { epochs: Some(1), ..RunOptions::default() };
    let progress = Progress::new();
    let outcome = DigitsPes::default().run_on(&learn, &[], session, &options, &mut Showing(&progress));
    progress.finish();
    let outcome = outcome?;
    let instructions = outcome.instructions.unwrap_or(0);
    let per_sample = instructions / (learn.len() as u64).max(1);
    out::line(format_args!(
        "| digits-pes: everything, while learning | step | {} |",
        instructions / outcome.steps.max(1)
    ))?;
    out::line(format_args!("| digits-pes: everything | predicted and learned sample | {per_sample} |"))?;
    Ok(())
}
