//! What the time of a step depends on: networks that differ in one thing only.

use super::clock::{BenchError, Timing};
use super::lif::{Drive, Lif};

/// Networks that differ in one thing.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// What they differ in, for tables.
    pub name: &'static str,
    /// What that is for each, and the network.
    pub networks: Vec<(String, Lif)>,
}

/// Cores on which the same compartments are spread, at most 1,024 on each.
const CORES: [u32; 3] = [1, 12, 125];
/// Most steps of delay of a synapse.
const DELAYS: [u32; 5] = [0, 1, 7, 30, 62];
/// Synapses of an axon, and the share of the compartments that fires in a step: as many events a step.
const SYNAPSES: [(u32, f64); 3] = [(10, 0.2), (100, 0.02), (1000, 0.002)];
/// Shares of the compartments that fire in a step.
const RATES: [f64; 6] = [0.0, 0.002, 0.01, 0.02, 0.1, 0.2];

/// All series, of networks of this many compartments that fire by a bias, each with one axon into one core.
pub fn series(compartments: u32, steps: usize, seed: u32) -> Vec<Series> {
    let base = Lif { compartments, steps, seed, drive: Drive::Bias, ..Lif::DEFAULT };
    let fewest = compartments.div_ceil(1024).max(1);
    let cores = CORES.map(|times| (fewest.saturating_mul(times)).min(compartments.max(1)));
    let cores = cores.map(|cores| {
        // As many as take equal shares of the compartments.
        let even = compartments.div_ceil(compartments.div_ceil(cores).max(1));
        (even.to_string(), Lif { cores: even, ..base })
    });
    let mut cores = cores.to_vec();
    // Few compartments spread over no more cores than they are.
    cores.dedup();
    let delays = DELAYS.map(|steps| (steps.to_string(), Lif { delay_steps_max: steps, ..base }));
    let synapses = SYNAPSES.map(|(fan_in, rate)| (fan_in.to_string(), Lif { fan_in, rate, ..base }));
    let rates = RATES.map(|rate| (format!("{} %", rate * 100.0), Lif { rate, ..base }));
    let of = |name, networks: &[(String, Lif)]| Series { name, networks: networks.to_vec() };
    vec![
        of("cores", &cores),
        of("longest delay in steps", &delays),
        of("synapses of an axon, at equal events", &synapses),
        of("compartments that fire in a step", &rates),
    ]
}

/// Times all networks of some series, in their order; `after` is told how many of how many are done.
///
/// # Errors
/// [`BenchError`].
pub fn time(series: &[Series], after: &mut dyn FnMut(u64, u64)) -> Result<Vec<Vec<Timing>>, BenchError> {
    let all: usize = series.iter().map(|own| own.networks.len()).sum();
    let mut done = 0;
    let mut timed = |lif: &Lif| {
        after(done, all as u64);
        done += 1;
        lif.time(&lif.build()?, &mut |_, _| {})
    };
    series.iter().map(|own| own.networks.iter().map(|(_, lif)| timed(lif)).collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::as_f64;

    #[test]
    fn no_network_of_a_series_comes_twice() {
        for compartments in [1, 2, 5, 11, 12, 13, 30, 125, 1024, 1025, 10_240, 1_000_000] {
            for Series { name, networks } in series(compartments, 20, 0) {
                for (number, (value, _)) in networks.iter().enumerate() {
                    let before = &networks[..number];
                    assert!(before.iter().all(|(other, _)| other != value), "{compartments}, {name}: {value}");
                }
            }
        }
    }

    /// The series are what their names say, which counts show, and not times.
    #[test]
    fn networks_of_a_series_differ_in_one_thing() {
        let series = series(3000, 500, 1);
        let timings = time(&series, &mut |_, _| {}).unwrap();
        let [cores, delays, synapses, rates] = &*timings else { panic!("four series") };
        let per_step = |count: u64| as_f64(count) / 500.0;
        assert_eq!(cores.iter().map(|own| own.cores).collect::<Vec<_>>(), [3, 36, 375]);
        assert!(cores.iter().chain(delays).all(|own| (per_step(own.counts.spikes) - 60.0).abs() < 3.0));
        assert!(delays.is_sorted_by_key(|own| own.state_bytes), "rings of as many steps");
        for own in synapses {
            let events = per_step(own.counts.synaptic_events);
            assert!((events - 6000.0).abs() < 600.0, "{events} synaptic events a step");
        }
        for (timing, (_, lif)) in rates.iter().zip(&series[3].networks) {
            let share = per_step(timing.counts.spikes) / 3000.0;
            assert!((share - lif.rate).abs() < 0.1 * lif.rate + 1e-9, "{share} for {}", lif.rate);
        }
    }
}
