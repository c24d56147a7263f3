//! How files of NIR and lava-dl are read, for `import` and `train`: options for what NIR leaves open.

use anyhow::bail;
use clap::Args;
use host_harness::import::Imported;
use host_harness::lava_dl;
use host_harness::network::microseconds;
use host_harness::nir;
use host_harness::quantise::{Exporter, IfInput, InputAs, Integrator, QuantiseOptions, Reset, quantise};
use loihi_args::choice::{choice, whole};
use std::path::Path;

/// What a file of NIR leaves open.
#[derive(Debug, Default, Args)]
pub(super) struct GraphArgs {
    /// Duration of a step: "0.1 ms", or a number in the unit of the file's time constants, seconds as a rule [default:
    /// inferred, or chosen]
    #[arg(long, value_name = "TIME", value_parser = duration)]
    dt: Option<f64>,
    /// What has written the file, which settles what it leaves open: the step, the integrator, what an input adds, the reset
    #[arg(long = "as", value_parser = choice::<Exporter>(), value_name = "NAME")]
    writer: Option<Exporter>,
    /// How equations become steps [default: euler, or as --as has it]
    #[arg(long, value_parser = choice::<Integrator>())]
    integrator: Option<Integrator>,
    /// What a spike does to the voltage [default: as-file, or as --as has it]
    #[arg(long, value_parser = choice::<Reset>())]
    reset: Option<Reset>,
    /// What an input of 1 adds in a step to neurons without a time constant (IF, I) [default: infer, or as --as has it]
    #[arg(long, value_parser = choice::<IfInput>())]
    if_input: Option<IfInput>,
    /// Steps of a sample, if neither the file nor the data say
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = whole::<u32>(0..=u32::MAX))]
    pub(super) steps: u32,
}

impl GraphArgs {
    /// The network of a file.
    pub(super) fn read(&self, file: &Path, input: InputAs) -> anyhow::Result<Imported> {
        match file.extension().and_then(|end| end.to_str()) {
            Some("net") => {
                if let Some(option) = self.given() {
                    bail!("{option} has no meaning for a .net file, which holds the chip's integers");
                }
                Ok(lava_dl::read(file)?)
            }
            Some("nir") => {
                let graph = nir::read(file)?;
                let name = file.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
                let options = self.options().with_input(input);
                let mut imported = quantise(&graph, &name, options).map_err(|wrong| wrong.of(file))?;
                imported
                    .said
                    .extend(self.writer.and_then(Exporter::differs).map(|differs| format!("Not kept: {differs}.")));
                Ok(imported)
            }
            _ => bail!("{} cannot be imported: expected a .nir or a .net file", file.display()),
        }
    }

    /// The first option that was given.
    pub(super) fn given(&self) -> Option<&'static str> {
        self.given_beside_steps().or((self.steps > 0).then_some("--steps"))
    }

    /// The first option that was given, apart from `--steps`.
    pub(super) fn given_beside_steps(&self) -> Option<&'static str> {
        let Self { dt, writer, integrator, reset, if_input, .. } = self;
        let given = [
            ("--dt", dt.is_some()),
            ("--as", writer.is_some()),
            ("--integrator", integrator.is_some()),
            ("--reset", reset.is_some()),
            ("--if-input", if_input.is_some()),
        ];
        given.into_iter().find_map(|(option, given)| given.then_some(option))
    }

    /// Options as given, else those of the writer of the file, else the defaults.
    fn options(&self) -> QuantiseOptions {
        let mut options = self.writer.map(Exporter::options).unwrap_or_default();
        options.dt = self.dt;
        options.integrator = self.integrator.unwrap_or(options.integrator);
        options.reset = self.reset.unwrap_or(options.reset);
        options.if_input = self.if_input.unwrap_or(options.if_input);
        options.with_steps(self.steps)
    }
}

/// Whether a file is one of lava-dl, by its name.
pub(super) fn is_net(file: &Path) -> bool {
    file.extension().is_some_and(|end| end == "net")
}

/// The network's `about`: where it came from, and the fidelity of each part.
pub(super) fn about(imported: &Imported, file: &Path) -> String {
    format!("Imported from {}:\n{}", file.display(), imported.table())
}

/// Seconds of a text with a unit, or the number as it is.
fn duration(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(number) => Ok(number),
        Err(_) => Ok(microseconds(text).map_err(|error| error.to_string())? / 1e6),
    }
}
