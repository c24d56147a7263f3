//! Tags and delays that no rule uses: they take no memory, and nothing else changes.

use crate::common::chip::Running;
use host_harness::image::{ImageBuilder, Plasticity, Source, decay_table};
use host_harness::rule::{Limits, parse};
use loihi_core::image::{Profile, Synapse};
use loihi_core::plastic::{Lengths, lengths};
use loihi_core::register::Register;
use loihi_core::wire::DeviceError;

/// Steps by which each of the synapses delays.
const DELAYS: [usize; 4] = [0, 3, 1, 7];
const PLAIN: &str = "dw = 2^-1*x1*y0 - 2^-1*x0*y1";

/// One plastic axon from input 0, whose synapses delay.
fn network(rule: &str) -> Running {
    let mut builder = ImageBuilder::new();
    builder.inputs(1);
    builder.group(DELAYS.len(), Profile { decay_v: 4096, v_th: 40 << 6, ..Profile::DEFAULT });
    let trace = builder.trace(64, 0, &decay_table(0.5, 0.0), None);
    let plasticity = Plasticity::default().products(parse(rule, &Limits::LOIHI).unwrap()).traces([trace; 5]);
    let synapses = DELAYS.iter().enumerate();
    let row = synapses.map(|(compartment, delay)| Synapse { compartment, delay: *delay, weight: 60 }).collect();
    builder.plastic_group(0, 0..DELAYS.len(), &plasticity, [(Source::Input(0), row)]);
    Running::new(builder)
}

/// Tags, and delays, that are kept.
fn kept(chip: &mut Running) -> [usize; 2] {
    let Lengths { synapses, tags, delays, .. } = lengths(chip.chip().image());
    assert_eq!(synapses, DELAYS.len());
    [tags, delays]
}

#[test]
fn a_run_ends_in_the_same_digest_with_and_without_them() {
    // Rewards of 0 make nothing of a tag, nor of a delay.
    let rules = [PLAIN, "+ 2^-1*u0*r1*t", "+ 2^-1*u0*r1*d", "+ 2^-1*u0*r1*t + 2^-1*u0*r1*d"];
    let mut digests = Vec::new();
    for (number, more) in rules.into_iter().enumerate() {
        let mut chip = network(&if number == 0 { PLAIN.to_owned() } else { format!("{PLAIN} {more}") });
        let expected = [[0, 0], [4, 0], [0, 4], [4, 4]];
        assert_eq!(kept(&mut chip), expected[number], "{more}");
        for step in 0..40 {
            if step % 5 < 2 {
                chip.inject(0);
            }
            chip.step();
        }
        assert!(chip.spikes_total > 20 && chip.read(Register::W).iter().any(|w| *w != 60), "{more}");
        digests.push(chip.chip().digest());
    }
    for digest in &digests {
        assert_eq!(digest.first_difference(&digests[0]), None);
        assert_eq!(digest, &digests[0]);
    }
}

#[test]
fn they_read_as_what_they_are_and_take_nothing_else() {
    let mut chip = network(PLAIN);
    let delays = DELAYS.map(|delay| i32::try_from(delay).unwrap());
    assert_eq!((chip.read(Register::T), chip.read(Register::D)), (vec![0; 4], delays.to_vec()));
    let mut part = Vec::new();
    assert_eq!(chip.chip().visit_part(Register::D, 1..3, |word| part.push(word)), 4);
    assert_eq!(part, [3, 1]);
    assert!(
        chip.chip().write(Register::D, 0, delays.into_iter()) && chip.chip().write(Register::T, 0, [0; 4].into_iter())
    );
    for (register, value) in [(Register::T, 1), (Register::D, 2)] {
        assert!(!chip.chip().write(register, 1, std::iter::once(value)), "{register:?}");
        let said = DeviceError::Write { register, first: 1 }.to_string();
        assert!(said.contains("no rule of the network reads or changes it"), "{said}");
    }
    assert!(!chip.chip().write(Register::D, 4, std::iter::once(0)), "not there");
    assert_eq!(chip.chip().check(), Ok(()));
}

#[test]
fn a_rule_for_either_keeps_that_one() {
    for (rule, expected) in [
        (PLAIN, [0, 0]),
        ("dt = 2^-1*x1*y0", [4, 0]),
        ("dw = 2^-1*x1*y0*t", [4, 0]),
        ("dd = 2^-1*x1*y0", [0, 4]),
        ("dw = 2^-1*x1*y0*d", [0, 4]),
        ("dw = 2^-1*x1*y0\ndt = x1*y0\ndd = x1*y0", [4, 4]),
    ] {
        assert_eq!(kept(&mut network(rule)), expected, "{rule}");
    }
}
