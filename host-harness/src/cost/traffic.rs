//! How long a step's messages are under way.

use super::activity::StepActivity;
use super::event::Event;
use super::floorplan::Floorplan;
use super::prices::Prices;
use super::units::{Range, Time};

/// A model of the mesh.
pub trait Traffic: std::fmt::Debug {
    /// What a step's messages add to its time, in nanoseconds.
    fn traffic_ns(&self, step: &StepActivity, plan: &Floorplan, prices: &Prices) -> Range<f64>;
}

/// The mesh without contention: the step waits for the message with the longest way, hops times their prices.
#[derive(Clone, Copy, Debug, Default)]
pub struct ClosedForm;

impl Traffic for ClosedForm {
    fn traffic_ns(&self, step: &StepActivity, plan: &Floorplan, prices: &Prices) -> Range<f64> {
        let ways = step.messages.iter().map(|&(from, to, _)| {
            let hops = plan.hops(from, to);
            prices.of(Event::MessageInTile).time * u64::from(hops.is_in_tile())
                + prices.of(Event::HopEw).time * hops.ew
                + prices.of(Event::HopNs).time * hops.ns
                + prices.of(Event::ChipHop).time * hops.chips
        });
        let longest = ways.fold(Range::default(), |longest: Range<Time>, way| longest.with(way, Ord::max));
        longest.map(Time::ns)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cost::prices::TIME_DEFAULT;

    #[test]
    fn the_longest_way_counts() {
        let prices = Prices::built_in(TIME_DEFAULT).unwrap();
        let messages = vec![(0, 0, 50), (0, 8, 1), (0, 127, 3)];
        let step = StepActivity { cores: Vec::new(), messages };
        let ns = ClosedForm.traffic_ns(&step, &Floorplan::LOIHI_1, &prices).typical;
        assert!((ns - (7.0 * 4.1 + 3.0 * 6.5)).abs() < 1e-9, "{ns}");
        let nothing = ClosedForm.traffic_ns(&StepActivity::default(), &Floorplan::LOIHI_1, &prices);
        assert!(nothing.high.abs() < 1e-9, "{nothing:?}");
    }
}
