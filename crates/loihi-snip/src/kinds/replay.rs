//! `replay-buffer`: samples that the device keeps, to be shown again.

use crate::keys::Keys;
use crate::kind::{Program, SnipForm};
use crate::layout::Layout;
use loihi_core::rules::ReplayBufferParams;
use loihi_net::network::SectionError;

/// Slots for samples.
#[derive(Debug)]
pub(super) struct ReplayBuffer(ReplayBufferParams);

impl SnipForm for ReplayBuffer {
    const NAME: &'static str = "replay-buffer";
    const ABOUT: &'static str = "`slots` for samples that stages of learning keep on the device and show again";
    const EXAMPLE: &'static str = r#"[[snip]]
kind = "replay-buffer"
slots = 50               # samples that the device can keep, to 65535; put it behind the programs that are taught
"#;

    fn read(keys: &mut Keys<'_>) -> Result<Self, SectionError> {
        Ok(Self(keys.params(&["values", "targets"])?))
    }
}

impl Program for ReplayBuffer {
    fn add(&self, layout: &mut Layout<'_>, table: usize) -> Result<(), String> {
        let (values, targets) = layout.sample_words()?;
        layout.program(table, &ReplayBufferParams { values, targets, ..self.0 });
        layout.replay(self.0.slots);
        Ok(())
    }
}
