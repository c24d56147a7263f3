//! Integer PES on given spikes gives the recorded decoded values, bit for bit.

#![allow(clippy::unwrap_used)]

use host_harness::image::{ImageBuilder, Source};
use loihi_core::chip::Chip;
use loihi_core::image::Profile;
use loihi_core::snip::Pes;
use serde_json::Value;
use zerocopy::IntoBytes as _;

const RECORDED: &str = include_str!("../golden/rules/pes_mode_a.json");

/// FNV-1a, 32 bits, over little-endian words: the recording's check.
fn fnv32(words: &[i32]) -> u32 {
    words
        .iter()
        .flat_map(|word| word.to_le_bytes())
        .fold(0x811C_9DC5, |hash: u32, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

fn numbers(value: &Value) -> Vec<i64> {
    value.as_array().unwrap().iter().map(|number| number.as_i64().unwrap()).collect()
}

/// Compartments that fire in the step in which their input spikes, and PES on them.
fn population(count: u32, rate_shift: u32) -> host_harness::image::ImageFile {
    let mut builder = ImageBuilder::new();
    builder.mailboxes(0, 1, 1);
    let core = builder.core();
    let profile = Profile { decay_v: 4096, v_th: 64, v_min: 0, ..Profile::DEFAULT };
    let all = builder.group(count as usize, profile);
    for (input, compartment) in builder.inputs(count).zip(all) {
        builder.dense(Source::Input(input), core, compartment as usize, &[2]);
    }
    builder.snip(Pes::KIND, [0, count, 1, 0, 0, rate_shift, 46, 0, 0]);
    builder.build().unwrap()
}

#[test]
fn event_driven_pes_on_raw_spikes() {
    let json: Value = serde_json::from_str(RECORDED).unwrap();
    let recorded = &json["pes_mode_a"];
    let expected = &recorded["event_raw"];
    let rate_shift = u32::try_from(expected["lr_shift"].as_i64().unwrap()).unwrap();
    let file = population(u32::try_from(recorded["n"].as_i64().unwrap()).unwrap(), rate_shift);
    let image = file.open().unwrap();
    let mut memory = vec![0_u64; Chip::bytes_needed(&image) / 8];
    let mut chip = Chip::new(image, memory.as_mut_bytes()).unwrap();

    let mut values = Vec::new();
    let steps = recorded["spikes"].as_array().unwrap().iter().zip(numbers(&recorded["target_q12"]));
    for (step, (spikes, target)) in steps.enumerate() {
        // The recording lists the value before each step's spikes are decoded.
        values.push(chip.output()[0]);
        chip.target_mut()[0] = i16::try_from(target).unwrap();
        let spikes = numbers(spikes);
        for spike in &spikes {
            chip.inject(usize::try_from(*spike).unwrap());
        }
        chip.step();
        let fired: Vec<i64> = chip.spikes().iter().map(|spike| i64::from(*spike)).collect();
        assert_eq!(fired, spikes, "spikes of step {step}");
    }
    let every_twentieth: Vec<i64> = values.iter().skip(19).step_by(20).map(|value| i64::from(*value)).collect();
    assert_eq!(every_twentieth, numbers(&expected["y_q20_every_20"]));
    assert_eq!(i64::from(fnv32(&values)), expected["y_fnv"].as_i64().unwrap());
}

#[test]
fn the_check_is_the_recordings() {
    assert_eq!(fnv32(&[1, 2, 3]), 2_034_659_765);
}
