//! How long a step's messages are under way: what the mesh adds to the time of the cores.

use super::activity::StepActivity;
use super::event::CostEvent;
use super::floorplan::Floorplan;
use super::mesh::{self, Grid, HopTimes, Message, Resource};
use super::prices::Prices;
use super::units::{Range, Time};

/// A model of the mesh.
pub trait TrafficModel: std::fmt::Debug {
    /// What a step's messages add to its time, in nanoseconds.
    fn traffic_ns(&self, step: &StepActivity, plan: &Floorplan, prices: &Prices) -> Range<f64>;
}

/// The mesh without contention: the step waits for the message with the longest way, hops times their prices.
#[derive(Clone, Copy, Debug, Default)]
pub struct ClosedForm;

impl TrafficModel for ClosedForm {
    fn traffic_ns(&self, step: &StepActivity, plan: &Floorplan, prices: &Prices) -> Range<f64> {
        let ways = step.messages.iter().map(|&(from, to, _)| {
            let hops = plan.hops(from, to);
            prices.of(CostEvent::MessageInTile).time * u64::from(hops.is_in_tile())
                + prices.of(CostEvent::HopEw).time * hops.ew
                + prices.of(CostEvent::HopNs).time * hops.ns
                + prices.of(CostEvent::ChipHop).time * hops.chips
        });
        let longest = ways.fold(Range::default(), |longest: Range<Time>, way| longest.with(way, Ord::max));
        longest.map(Time::ns)
    }
}

/// The mesh with contention ([`super::mesh`]): what the simulated step takes longer than the busiest core's own sending
/// and receiving, which its time contains already. With all prices high at the typical time of links, which no table has.
#[derive(Clone, Copy, Debug, Default)]
pub struct Simulated;

impl TrafficModel for Simulated {
    fn traffic_ns(&self, step: &StepActivity, plan: &Floorplan, prices: &Prices) -> Range<f64> {
        let closed = ClosedForm.traffic_ns(step, plan, prices);
        if step.messages.iter().all(|&(from, to, _)| plan.hops(from, to).is_in_tile()) {
            return closed;
        }
        let times = times(prices);
        let simulated = Range {
            low: added_ns(step, &times.low),
            typical: added_ns(step, &times.typical),
            high: added_ns(step, &times.high),
        };
        closed.with(simulated, f64::max)
    }
}

/// What ports and links take by a price table.
fn times(prices: &Prices) -> Range<HopTimes> {
    let of = |event: CostEvent| prices.of(event).time.map(|time| u64::try_from(time.0).unwrap_or(u64::MAX));
    let [output, input] = [of(CostEvent::MessageOut), of(CostEvent::MessageIn)];
    let [ew, ns, chip] = [of(CostEvent::HopEw), of(CostEvent::HopNs), of(CostEvent::ChipHop)];
    let set = |message_out_ps, message_in_ps, [hop_x_ps, hop_y_ps, chip_hop_ps]: [u64; 3]| HopTimes {
        message_out_ps,
        message_in_ps,
        // Synapses are the core's own time.
        synapse_ps: 0,
        hop_x_ps,
        hop_y_ps,
        chip_hop_ps,
        ..HopTimes::default()
    };
    Range {
        low: set(output.low, input.low, [ew.low, ns.low, chip.low]),
        typical: set(output.typical, input.typical, [ew.typical, ns.typical, chip.typical]),
        high: set(output.high, input.high, [ew.high, ns.high, chip.high]),
    }
}

/// Nanoseconds that a simulated step takes longer than its busiest port of a core.
#[expect(clippy::cast_precision_loss, reason = "picoseconds of a step stay far below 2^52")]
fn added_ns(step: &StepActivity, times: &HopTimes) -> f64 {
    let core = |core: usize| u32::try_from(core).unwrap_or(u32::MAX);
    let ways = step.messages.iter().flat_map(|&(from, to, count)| (0..count).map(move |_| (from, to)));
    let message = |(spike, (from, to))| Message { from: core(from), to: core(to), synapses: 0, spike };
    let traffic = mesh::MeshTraffic { messages: (0..).zip(ways).map(message).collect() };
    let cores = step.messages.iter().map(|&(from, to, _)| from.max(to) + 1).max().unwrap_or(0);
    let chips = cores.div_ceil(Floorplan::LOIHI_1.cores_per_chip());
    let transit = mesh::simulate(&Grid::row(core(chips)), times, &traffic);
    let ports = transit.links.iter().filter(|link| matches!(link.resource, Resource::Output(_) | Resource::Input(_)));
    let busiest = ports.map(|port| port.busy_ps).max().unwrap_or(0);
    transit.finished_ps.saturating_sub(busiest) as f64 * 1e-3
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prices::TIME_DEFAULT;

    #[test]
    fn the_longest_way_counts() {
        let prices = Prices::built_in(TIME_DEFAULT).unwrap();
        let messages = vec![(0, 0, 50), (0, 8, 1), (0, 127, 3)];
        let step = StepActivity { cores: Vec::new(), messages };
        let ns = ClosedForm.traffic_ns(&step, &Floorplan::LOIHI_1, &prices).typical;
        assert!((ns - (7.0 * 4.1 + 3.0 * 6.5)).abs() < 1e-9, "{ns}");
        // A single message waits for nobody: the mesh adds its way, and the shorter of its two ports.
        let alone = StepActivity { cores: Vec::new(), messages: vec![(0, 127, 1)] };
        let ns = Simulated.traffic_ns(&alone, &Floorplan::LOIHI_1, &prices).typical;
        assert!((ns - (7.0 * 4.1 + 3.0 * 6.5 + 5.1)).abs() < 1e-6, "{ns}");
        // Chips are far from each other, and dense traffic between them waits.
        let far = |count| {
            let messages = (0..64).map(|core| (core, core + 128, count)).collect();
            let step = StepActivity { cores: Vec::new(), messages };
            Simulated.traffic_ns(&step, &Floorplan::LOIHI_1, &prices).typical
        };
        assert!(far(100) > 30.0 * far(1), "{} and {} ns", far(100), far(1));
        let nothing = ClosedForm.traffic_ns(&StepActivity::default(), &Floorplan::LOIHI_1, &prices);
        assert!(nothing.high.abs() < 1e-9, "{nothing:?}");
    }
}
