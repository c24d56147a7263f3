//! What the chip shows of a refractory compartment in place of its voltage.

use crate::common::chip::Running;
use host_harness::image::ImageBuilder;
use loihi_core::image::Profile;
use loihi_core::register::Register;

/// Rises by 700 in a step, fires above 640.
fn firing(refractory: i32) -> Running {
    let mut builder = ImageBuilder::new();
    builder.group(1, Profile { v_th: 640, refractory, ..Profile::DEFAULT });
    builder.bias(0, &[700]);
    Running::new(builder)
}

#[test]
fn the_steps_left_are_shown_for_the_voltage() {
    for refractory in [1, 2, 3, 64] {
        let mut chip = firing(refractory);
        for step in 0..150 {
            // It fires as soon as it can, so the steps left count down from the period and begin anew.
            let left = refractory - step % refractory;
            let spikes = chip.step();
            assert_eq!(spikes.is_empty(), left != refractory, "period {refractory}: spikes, step {step}");
            assert_eq!(chip.read(Register::Refractory), [left], "period {refractory}: refractory, step {step}");
            assert_eq!(chip.read(Register::VReadout), [left << 7], "period {refractory}: v_readout, step {step}");
            assert_eq!(chip.read(Register::V), [0], "period {refractory}: v, step {step}");
        }
    }
}

#[test]
fn the_voltage_is_shown_between() {
    let mut builder = ImageBuilder::new();
    builder.group(1, Profile { v_th: 1280, refractory: 2, ..Profile::DEFAULT });
    builder.bias(0, &[700]);
    let mut chip = Running::new(builder);
    for (step, expected) in [700, 2 << 7, 1 << 7, 700, 2 << 7].into_iter().enumerate() {
        chip.step();
        assert_eq!(chip.read(Register::VReadout), [expected], "v_readout, step {step}");
    }
}
