//! What dense, rate-coded traffic does to a step: a layered network on one chip, on several, and with relay cores.
//!
//! Every layer has [`Sweep::cores`] cores of [`Sweep::compartments`] compartments, and a spike goes to all cores of the
//! next layer, as in a dense layer. Only traffic is simulated: how often neurons fire, and how many cores each
//! reaches, are assumptions.

use super::traffic::last_cores;
use super::{Grid, HopTimes, MeshTraffic, Message, simulate};
use loihi_core::num::word;
use std::fmt;

/// The network, and what its cores take besides traffic.
#[derive(Clone, Debug, PartialEq)]
pub struct Sweep {
    /// Cores of a layer.
    pub cores: u32,
    /// Compartments of a core.
    pub compartments: u32,
    /// Synapses of a message at the core that receives it.
    pub synapses: u32,
    /// Layers on several chips, one a chip; on one chip and on two there are two.
    pub layers: u32,
    /// Time of a compartment that is updated: 9.7 ns, fitted to the chip (SANA-FE).
    pub compartment_ps: u64,
    /// Time of the end of a step: 1.4 µs, fitted to the chip for four tiles (SANA-FE), assumed for all.
    pub barrier_ps: u64,
    /// Shares of compartments that fire in a step.
    pub rates: Vec<f64>,
    /// Seed of who fires.
    pub seed: u32,
    /// Ports and links.
    pub times: HopTimes,
}

impl Default for Sweep {
    fn default() -> Self {
        Self {
            cores: 64,
            compartments: 64,
            synapses: 4,
            layers: 4,
            compartment_ps: 9_700,
            barrier_ps: 1_400_000,
            rates: vec![0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4],
            seed: 1,
            times: HopTimes::default(),
        }
    }
}

/// Where the layers are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Setting {
    /// Two layers on one chip.
    OneChip,
    /// Two layers on two chips.
    TwoChips,
    /// Two layers on two chips, with relay cores.
    TwoChipsRelays,
    /// A layer a chip.
    ManyChips,
    /// A layer a chip, with relay cores.
    ManyChipsRelays,
}

impl Setting {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::OneChip, Self::TwoChips, Self::TwoChipsRelays, Self::ManyChips, Self::ManyChipsRelays];

    const fn has_relays(self) -> bool {
        matches!(self, Self::TwoChipsRelays | Self::ManyChipsRelays)
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OneChip => "one chip",
            Self::TwoChips => "two chips",
            Self::TwoChipsRelays => "two chips, relays",
            Self::ManyChips => "a chip a layer",
            Self::ManyChipsRelays => "a chip a layer, relays",
        })
    }
}

/// A step at a rate.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// Share of compartments that fire.
    pub rate: f64,
    /// Where the layers are.
    pub setting: Setting,
    /// Messages.
    pub messages: u64,
    /// Those of them between chips.
    pub between_chips: u64,
    /// Time of the step.
    pub step_ps: u64,
    /// How many times as long it takes as without relays over links that take no time: what the cores' ports need.
    pub slowdown: f64,
    /// How many times as long as without spikes.
    pub slowdown_to_idle: f64,
    /// Which link or port was busy longest.
    pub busiest: String,
    /// At which link or input port messages waited longest.
    pub worst: String,
}

impl Sweep {
    /// All settings at all rates; `after` is told how many of how many points are done.
    pub fn run(&self, mut after: impl FnMut(u64, u64)) -> Vec<Point> {
        let all = self.rates.iter().flat_map(|rate| Setting::ALL.map(|setting| (*rate, setting)));
        let total = (self.rates.len() * Setting::ALL.len()) as u64;
        let point = |(done, (rate, setting))| {
            after(done, total);
            self.point(rate, setting)
        };
        (0..).zip(all).map(point).collect()
    }

    fn layers(&self, setting: Setting) -> u32 {
        match setting {
            Setting::OneChip | Setting::TwoChips | Setting::TwoChipsRelays => 2,
            Setting::ManyChips | Setting::ManyChipsRelays => self.layers.max(2),
        }
    }

    /// First core of a layer.
    fn first_core(&self, setting: Setting, layer: u32) -> u32 {
        if setting == Setting::OneChip { layer * self.cores } else { layer * 128 }
    }

    /// The messages of a step, compartment by compartment.
    fn traffic(&self, rate: f64, setting: Setting) -> MeshTraffic {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 2^32")]
        let chance = (rate.clamp(0.0, 1.0) * 4_294_967_296.0) as u64;
        let mut messages = Vec::new();
        for layer in 0..self.layers(setting) - 1 {
            let [from, to] = [layer, layer + 1].map(|layer| self.first_core(setting, layer));
            for compartment in 0..self.cores * self.compartments {
                if u64::from(word(self.seed, layer, compartment, 0)) < chance {
                    let core = from + compartment / self.compartments;
                    let spike = layer * self.cores * self.compartments + compartment;
                    let message = |to| Message { from: core, to, synapses: self.synapses, spike };
                    messages.extend((to..to + self.cores).map(message));
                }
            }
        }
        MeshTraffic { messages }
    }

    fn grid(&self, setting: Setting) -> Grid {
        Grid::row(if setting == Setting::OneChip { 1 } else { self.layers(setting) })
    }

    fn point(&self, rate: f64, setting: Setting) -> Point {
        let direct = self.traffic(rate, setting);
        let grid = self.grid(setting);
        let relayed = setting.has_relays().then(|| direct.relayed(last_cores(grid.cores(), self.compartments)));
        let traffic = relayed.as_ref().unwrap_or(&direct);
        // Compartments are updated first, then their spikes travel; the barrier ends the step.
        let floor_ps = u64::from(self.compartments) * self.compartment_ps + self.barrier_ps;
        let transit = simulate(&grid, &self.times, traffic);
        let free = HopTimes {
            hop_x_ps: 0,
            hop_y_ps: 0,
            link_ps: 0,
            chip_link_ps: 0,
            chip_hop_ps: 0,
            buffer_messages: u32::MAX,
            ..self.times
        };
        let ports = simulate(&grid, &free, &direct);
        let step_ps = floor_ps + transit.finished_ps;
        Point {
            rate,
            setting,
            messages: traffic.messages.len() as u64,
            between_chips: traffic.between_chips() as u64,
            step_ps,
            slowdown: ratio(step_ps, floor_ps + ports.finished_ps),
            slowdown_to_idle: ratio(step_ps, floor_ps),
            busiest: transit.busiest().map_or_else(String::new, |link| link.resource.to_string()),
            worst: transit.worst(1).first().map_or_else(String::new, |link| link.resource.to_string()),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "times of steps are far below 2^53 ps")]
fn ratio(a: u64, b: u64) -> f64 {
    a as f64 / b.max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The finding of Intel's talk: over links between chips, dense traffic takes one to two orders of magnitude longer,
    /// and relay cores win part of it back.
    #[test]
    fn traffic_between_chips_slows_the_step_and_relays_help() {
        let sweep = Sweep { rates: vec![0.002, 0.2], ..Sweep::default() };
        let points = sweep.run(|_, _| {});
        let at = |rate: f64, setting: Setting| {
            let found = points.iter().find(|point| point.setting == setting && (point.rate - rate).abs() < 1e-9);
            found.unwrap_or_else(|| panic!("{setting} at {rate}"))
        };
        assert!(at(0.2, Setting::OneChip).slowdown < 1.5, "{:?}", at(0.2, Setting::OneChip));
        let many = at(0.2, Setting::ManyChips);
        assert!((10.0..100.0).contains(&many.slowdown), "{many:?}");
        let relays = at(0.2, Setting::ManyChipsRelays);
        assert!(relays.step_ps * 3 < many.step_ps, "{relays:?} {many:?}");
        assert!((1.5..many.slowdown / 3.0).contains(&relays.slowdown), "part of it: {relays:?}");
        assert!(many.busiest.starts_with("link of chip"), "{many:?}");
        assert_eq!(many.between_chips, 64 * relays.between_chips);
    }
}
