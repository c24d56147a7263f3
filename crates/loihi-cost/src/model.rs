//! What a network's activity costs on the chip: energy by kind, time by what a step waits for.
//!
//! A step takes as long as its slowest core, its traffic, the barrier at its end, and the embedded CPU's programs one
//! after the other. Energy is dynamic (events, and the CPU while it computes), idle (the CPU's clock, whatever it does) and
//! static (leakage of the cores and CPUs in use). Everything is computed three times: with all prices low, typical, high.

use super::activity::{Activity, StepActivity};
use super::event::{CostEvent, Counts};
use super::floorplan::Floorplan;
use super::instructions::instructions;
use super::prices::Prices;
use super::traffic::TrafficModel;
use super::units::{Energy, Power, Range, Time};

/// What energy is spent on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CostItem {
    /// An event at a core or between cores.
    Event(CostEvent),
    /// The embedded CPU, while it computes.
    CpuBusy,
    /// Its clock.
    CpuClock,
    /// Its leakage.
    CpuLeakage,
    /// The leakage of the cores.
    CoreLeakage,
}

/// The three kinds of energy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EnergyKind {
    /// For what happens.
    Dynamic,
    /// For being ready.
    Idle,
    /// For being powered.
    Static,
}

impl CostItem {
    /// Which kind of energy it is.
    pub const fn kind(self) -> EnergyKind {
        match self {
            Self::Event(_) | Self::CpuBusy => EnergyKind::Dynamic,
            Self::CpuClock => EnergyKind::Idle,
            Self::CpuLeakage | Self::CoreLeakage => EnergyKind::Static,
        }
    }

    /// The name that users see.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Event(event) => event.name(),
            Self::CpuBusy => "cpu_busy",
            Self::CpuClock => "cpu_clock",
            Self::CpuLeakage => "cpu_leakage",
            Self::CoreLeakage => "core_leakage",
        }
    }
}

/// Which prices, which floorplan, which mesh.
#[derive(Debug)]
pub struct Model<'m> {
    /// The table of energies and powers.
    pub energy: &'m Prices,
    /// The table of times.
    pub time: &'m Prices,
    /// Where the cores are.
    pub plan: Floorplan,
    /// How messages travel.
    pub traffic: &'m dyn TrafficModel,
}

/// Times that the steps' parts took, over all steps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StepTimes {
    /// The slowest core of each step.
    pub core: Range<Time>,
    /// The traffic of each step.
    pub traffic: Range<Time>,
    /// The ends of the steps.
    pub barrier: Range<Time>,
    /// The embedded CPU's programs.
    pub cpu: Range<Time>,
}

impl StepTimes {
    /// All of it.
    pub fn total(&self) -> Range<Time> {
        self.core + self.traffic + self.barrier + self.cpu
    }
}

/// What some steps cost.
#[derive(Clone, Debug, PartialEq)]
pub struct CostBreakdown {
    /// Steps.
    pub steps: u64,
    /// Energy by item; none is missing.
    pub parts: Vec<(CostItem, Range<Energy>)>,
    /// All energy, summed step by step and not over the parts.
    pub total: Range<Energy>,
    /// Time by what it was spent on.
    pub times: StepTimes,
    /// Energy times delay of all the steps, in joule seconds.
    pub edp_js: Range<f64>,
}

impl CostBreakdown {
    /// Energy of a kind.
    pub fn of(&self, kind: EnergyKind) -> Range<Energy> {
        let parts = self.parts.iter().filter(|(item, _)| item.kind() == kind);
        parts.fold(Range::default(), |sum, (_, energy)| sum + *energy)
    }
}

impl Model<'_> {
    /// What an activity costs.
    pub fn breakdown(&self, activity: &Activity) -> CostBreakdown {
        let (tiles, chips) = (self.plan.tiles(activity.cores), self.plan.chips(activity.cores));
        let steps = activity.steps.len() as u64;
        let mut times = StepTimes::default();
        let mut dynamic = Range::default();
        for step in &activity.steps {
            times.core = times.core + self.slowest_core(step);
            times.traffic = times.traffic + self.traffic.traffic_ns(step, &self.plan, self.time).map(Time::from_ns);
            dynamic = dynamic + self.energy_of_step(step);
        }
        times.barrier = self.time.barrier(tiles, chips) * steps;
        let busy = self.cpu_busy(activity);
        let managed = if activity.cpu.has_snips { steps } else { 0 };
        times.cpu = busy + self.time.management * managed;
        let time = times.total();
        let power = &self.energy.power;
        let cpus = self.energy.cpus_per_chip * chips as u64;
        let spent = |power: Range<Power>, units: u64, time: Range<Time>| (power * units).with(time, |p, t| p * t);
        let counts = activity.total();
        let events =
            CostEvent::ALL.map(|event| (CostItem::Event(event), self.energy.of(event).energy * counts.of(event)));
        let mut parts = events.to_vec();
        let constant_parts = [
            (CostItem::CpuBusy, spent(power.cpu_busy, 1, busy)),
            (CostItem::CpuClock, spent(power.cpu_clock, cpus, time)),
            (CostItem::CpuLeakage, spent(power.cpu_leakage, cpus, time)),
            (CostItem::CoreLeakage, spent(power.core_leakage, activity.cores as u64, time)),
        ];
        parts.extend(constant_parts);
        let total = constant_parts.iter().fold(dynamic, |sum, (_, energy)| sum + *energy);
        let edp_js = total.with(time, |energy, time| energy.pj() * 1e-12 * time.ns() * 1e-9);
        CostBreakdown { steps, parts, total, times, edp_js }
    }

    /// Time of the core that takes longest in a step.
    pub fn slowest_core(&self, step: &StepActivity) -> Range<Time> {
        let times = step.cores.iter().map(|core| self.time_of_core(core));
        times.fold(Range::default(), |longest: Range<Time>, time| longest.with(time, Ord::max))
    }

    /// Time that a core takes for what it does, one after the other.
    pub fn time_of_core(&self, counts: &Counts) -> Range<Time> {
        let own = counts.iter().filter(|(event, _)| !event.is_traffic());
        own.fold(Range::default(), |sum, (event, count)| sum + self.time.of(event).time * count)
    }

    fn energy_of_step(&self, step: &StepActivity) -> Range<Energy> {
        let mut sum = Range::default();
        for core in &step.cores {
            for (event, count) in core.iter() {
                sum = sum + self.energy.of(event).energy * count;
            }
        }
        sum
    }

    /// Time in which the embedded CPU computes: instructions, cycles, clock.
    fn cpu_busy(&self, activity: &Activity) -> Range<Time> {
        // Millicycles at megahertz are nanoseconds: a thousand picoseconds.
        let time = |instructions: u64, millicycles: u64| {
            let millicycles = u128::from(instructions) * u128::from(millicycles);
            Time(millicycles * 1000 / u128::from(self.time.clock_mhz))
        };
        instructions(&activity.cpu).with(self.time.millicycles, time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::activity::CpuActivity;
    use crate::prices::{ENERGY_DEFAULT, Price, TIME_DEFAULT};
    use crate::traffic::ClosedForm;
    use proptest::prelude::*;

    fn counts() -> impl Strategy<Value = Counts> {
        prop::array::uniform15(0_u64..5000).prop_map(|numbers| {
            let mut counts = Counts::default();
            for (event, count) in CostEvent::ALL.into_iter().zip(numbers) {
                counts.add(event, count);
            }
            counts
        })
    }

    fn activity() -> impl Strategy<Value = Activity> {
        let message = (0_usize..300, 0_usize..300, 1_u64..50);
        let step = (prop::collection::vec(counts(), 1..6), prop::collection::vec(message, 0..8));
        let step = step.prop_map(|(cores, messages)| StepActivity { cores, messages });
        let cpu = (any::<bool>(), 0_u64..1_000_000).prop_map(|(has_snips, instructions)| CpuActivity {
            has_snips,
            instructions: Some(instructions),
            ..CpuActivity::default()
        });
        (1_usize..300, prop::collection::vec(step, 1..5), cpu).prop_map(|(cores, steps, cpu)| Activity {
            cores,
            steps,
            cpu,
        })
    }

    /// Even prices, so that there is a half.
    fn prices() -> impl Strategy<Value = Prices> {
        let price = (0_u128..1_000_000_000_000, 0_u128..100_000);
        prop::array::uniform15(price).prop_map(|all| {
            let table = Prices::built_in(ENERGY_DEFAULT).unwrap();
            CostEvent::ALL.into_iter().zip(all).fold(table, |table, (event, (energy, time))| {
                let range = |amount| Range { low: amount, typical: 2 * amount, high: 4 * amount };
                let price = Price { energy: range(2 * energy).map(Energy), time: range(2 * time).map(Time) };
                table.with(event, price)
            })
        })
    }

    fn model<'m>(energy: &'m Prices, time: &'m Prices) -> Model<'m> {
        Model { energy, time, plan: Floorplan::LOIHI_1, traffic: &ClosedForm }
    }

    proptest! {
        #[test]
        fn the_parts_are_the_total_to_the_last_digit(activity in activity(), prices in prices()) {
            let breakdown = model(&prices, &prices).breakdown(&activity);
            let sum = breakdown.parts.iter().fold(Range::default(), |sum, (_, energy)| sum + *energy);
            prop_assert_eq!(sum, breakdown.total);
            let kinds = breakdown.of(EnergyKind::Dynamic) + breakdown.of(EnergyKind::Idle) + breakdown.of(EnergyKind::Static);
            prop_assert_eq!(kinds, breakdown.total);
            prop_assert!(breakdown.total.low <= breakdown.total.typical && breakdown.total.typical <= breakdown.total.high);
        }

        #[test]
        fn half_an_energy_price_halves_its_share_and_nothing_else(
            activity in activity(),
            prices in prices(),
            at in 0..CostEvent::COUNT,
        ) {
            let event = CostEvent::ALL[at];
            let price = prices.of(event);
            let half = Price { energy: price.energy.map(|energy| Energy(energy.0 / 2)), ..price };
            let whole = model(&prices, &prices).breakdown(&activity);
            let cheaper = prices.clone().with(event, half);
            let halved = model(&cheaper, &prices).breakdown(&activity);
            for ((item, before), (_, after)) in whole.parts.iter().zip(&halved.parts) {
                if *item == CostItem::Event(event) {
                    prop_assert_eq!(*before, *after * 2);
                    prop_assert_eq!(whole.total, halved.total + *after);
                } else {
                    prop_assert_eq!(before, after);
                }
            }
            prop_assert_eq!(whole.times, halved.times);
        }

        #[test]
        fn half_a_time_price_halves_its_share_of_every_core(
            counts in counts(),
            prices in prices(),
            at in 0..CostEvent::COUNT,
        ) {
            let event = CostEvent::ALL[at];
            let price = prices.of(event);
            let half = Price { time: price.time.map(|time| Time(time.0 / 2)), ..price };
            let whole = model(&prices, &prices).time_of_core(&counts);
            let cheaper = prices.clone().with(event, half);
            let halved = model(&prices, &cheaper).time_of_core(&counts);
            let saved = if event.is_traffic() { Range::default() } else { half.time * counts.of(event) };
            prop_assert_eq!(whole, halved + saved);
        }

        #[test]
        fn a_step_waits_for_its_slowest_core(activity in activity(), prices in prices()) {
            let model = model(&prices, &prices);
            for step in &activity.steps {
                let slowest = model.slowest_core(step).typical;
                let times: Vec<Time> = step.cores.iter().map(|core| model.time_of_core(core).typical).collect();
                prop_assert!(times.contains(&slowest) && times.iter().all(|time| *time <= slowest));
            }
        }
    }

    #[test]
    fn a_breakdown_by_hand() {
        let [energy, time] = [ENERGY_DEFAULT, TIME_DEFAULT].map(|name| Prices::built_in(name).unwrap());
        let mut core = Counts::default();
        core.add(CostEvent::CompartmentActive, 10);
        core.add(CostEvent::CompartmentIdle, 90);
        core.add(CostEvent::SynapseSparse, 30);
        core.add(CostEvent::MessageIn, 3);
        let step = StepActivity { cores: vec![core], messages: Vec::new() };
        let cpu = CpuActivity { has_snips: true, instructions: Some(4000), ..CpuActivity::default() };
        let breakdown = model(&energy, &time).breakdown(&Activity { cores: 1, steps: vec![step; 2], cpu });
        let near =
            |found: f64, expected: f64| assert!((found - expected).abs() < 1e-6 * expected, "{found}, {expected}");
        let core_ns = 10.0 * 9.7 + 90.0 * 6.0 + 30.0 * 4.7 + 3.0 * 16.0;
        near(breakdown.times.core.typical.ns(), 2.0 * core_ns);
        near(breakdown.times.barrier.typical.ns(), 2.0 * 600.0);
        // 4,000 instructions at 400 MHz are 10 us, and what managing two steps costs.
        near(breakdown.times.cpu.typical.ns(), 10_000.0 + 2.0 * 3440.0);
        let all_ns = breakdown.times.total().typical.ns();
        // Milliwatts times nanoseconds are picojoules.
        near(breakdown.of(EnergyKind::Static).typical.pj(), (0.8 + 0.2369) * all_ns);
        near(breakdown.of(EnergyKind::Idle).typical.pj(), 18.0 * all_ns);
        let events_pj = 2.0 * (10.0 * 81.0 + 90.0 * 52.0 + 30.0 * 23.6);
        near(breakdown.of(EnergyKind::Dynamic).typical.pj(), events_pj + 6.0 * 10_000.0);
        near(breakdown.edp_js.typical, breakdown.total.typical.pj() * 1e-12 * all_ns * 1e-9);
    }
}
