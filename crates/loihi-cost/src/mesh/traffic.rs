//! The messages of a step.

use super::Grid;
use super::topology::CORES_PER_CHIP;
use loihi_core::image::Image;
use std::collections::BTreeMap;

/// A spike on its way to one core.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Message {
    /// The core that sends it.
    pub from: u32,
    /// The core that receives it.
    pub to: u32,
    /// Synapses that it has there.
    pub synapses: u32,
    /// Which spike it is; messages of one spike have the same number.
    pub spike: u32,
}

/// The messages of a step; each core sends its own in the order of the list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MeshTraffic {
    /// The messages.
    pub messages: Vec<Message>,
}

impl MeshTraffic {
    /// The messages of a network's compartments that have fired: one for each axon that a spike reaches.
    pub fn of(image: &Image<'_>, spikes: &[u32]) -> Self {
        let cores: Vec<(u32, u32)> = (0..)
            .zip(image.cores())
            .map(|(number, core)| (u32::try_from(core.compartment_first).unwrap_or(u32::MAX), number))
            .collect();
        let core_of = |compartment: u32| {
            let after = cores.partition_point(|(first, _)| *first <= compartment);
            // Cores without compartments begin where the next one does; the last of them has the compartment.
            after.checked_sub(1).and_then(|at| cores.get(at)).map_or(0, |(_, number)| *number)
        };
        let mut messages = Vec::new();
        for spike in spikes {
            let from = core_of(*spike);
            for word in image.routes(*spike as usize) {
                if let Some(axon) = image.axon(image.route(*word).axon) {
                    let narrow = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
                    let (to, synapses) = (narrow(axon.core), narrow(axon.synapses));
                    messages.push(Message { from, to, synapses, spike: *spike });
                }
            }
        }
        Self { messages }
    }

    /// Hops between tiles of all messages.
    pub fn hops(&self, grid: &Grid) -> u64 {
        let hops = |message: &Message| {
            let ([a, b], [c, d]) = (grid.tile_of(message.from), grid.tile_of(message.to));
            u64::from(a.abs_diff(c) + b.abs_diff(d))
        };
        self.messages.iter().map(hops).sum()
    }

    /// Messages that go to another chip.
    pub fn between_chips(&self) -> usize {
        let crosses = |message: &&Message| Grid::chip_of(message.from) != Grid::chip_of(message.to);
        self.messages.iter().filter(crosses).count()
    }

    /// The same spikes with relay cores: to every other chip that a spike reaches goes one message, to the chip's relay
    /// core for it; the relay, a population that copies what it receives one to one, sends the copies on there.
    ///
    /// `relay_of` names the relay core of a chip for the spikes of a core. A copy leaves a step later than the spike
    /// came; the messages here are those of a step in which as many copies leave as spikes come, as with rate codes that
    /// hardly change. Delays toward the chip's own cores grow by that step.
    #[must_use]
    pub fn relayed(&self, relay_of: impl Fn(u32, u32) -> u32) -> Self {
        let mut direct = Vec::new();
        let mut first_of: BTreeMap<(u32, u32, u32), u32> = BTreeMap::new();
        let mut copies = Vec::new();
        for message in &self.messages {
            let chip = Grid::chip_of(message.to);
            if Grid::chip_of(message.from) == chip {
                direct.push(*message);
                continue;
            }
            let relay = relay_of(message.from, chip);
            if first_of.insert((message.from, message.spike, chip), relay).is_none() {
                direct.push(Message { to: relay, synapses: 1, ..*message });
            }
            copies.push(Message { from: relay, ..*message });
        }
        direct.extend(copies);
        Self { messages: direct }
    }
}

/// The last core of a chip, and for sources beyond 1,024 the ones before it: where relays are if they fill a chip from
/// its end.
pub(super) fn last_cores(grid_cores: u32, compartments_per_core: u32) -> impl Fn(u32, u32) -> u32 {
    move |from, chip| {
        let per_relay = (1024 / compartments_per_core.max(1)).max(1);
        let back = from % CORES_PER_CHIP / per_relay;
        ((chip + 1) * CORES_PER_CHIP - 1).saturating_sub(back).min(grid_cores.saturating_sub(1))
    }
}
