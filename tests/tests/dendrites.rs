//! Neurons of several compartments: soft reset, adaptation, joins, homeostasis, and what is refused.

#![allow(clippy::unwrap_used)]

mod common;

use common::chip::Running;
use host_harness::image::{ImageBuilder, Source};
use loihi_core::image::{Homeostasis, Join, Profile, StackIn, StackOut, ThresholdMode, Tree};
use loihi_core::probe::Register;
use loihi_core::synapse::Synapse;

const LEAF: Tree = Tree { stack_out: StackOut::Push, threshold: ThresholdMode::PassAbove, ..Tree::NONE };

const fn takes_a(join: Join) -> Tree {
    Tree { stack_in: StackIn::PopA, join, ..Tree::NONE }
}

/// A leaf that integrates and passes its voltage above the threshold; a soma that fires then and takes the threshold
/// off the leaf by a synapse.
fn soft_reset(v_th: i32, bias: i32) -> ImageBuilder {
    let mut builder = ImageBuilder::new();
    let leaf = Profile { v_th, tree: LEAF, ..Profile::DEFAULT };
    let soma = Profile { decay_v: 4096, v_th, tree: takes_a(Join::Or), ..Profile::DEFAULT };
    let neuron = builder.neurons(1, &[leaf, soma]);
    builder.bias(0, &[bias]);
    let back = Synapse { compartment: 0, delay: 0, weight: i16::try_from(-v_th / 64).unwrap() };
    builder.sparse(Source::Compartment(neuron.start + 1), 0, &[back]);
    builder
}

#[test]
fn two_compartments_make_a_soft_reset() {
    let v_th = 100 * 64;
    for bias in [100, 640, 1_999, 3_200, 6_398] {
        let mut chip = Running::new(soft_reset(v_th, bias));
        // The spike of a step is taken off in the next one, by a current that lasts one step.
        let (mut v, mut fired) = (0, false);
        for step in 0..300 {
            v += bias - if fired { v_th } else { 0 };
            fired = v > v_th;
            let spikes = chip.step();
            assert_eq!(spikes, if fired { vec![1] } else { vec![] }, "bias {bias}: spikes, step {step}");
            assert_eq!(chip.read(Register::V)[0], v, "bias {bias}: v[0], step {step}");
        }
        // Nothing is lost at the threshold: the rate is bias / v_th, within one spike.
        let expected = 300 * bias / v_th;
        let spikes = i32::try_from(chip.spikes_total).unwrap();
        assert!((spikes - expected).abs() <= 2, "bias {bias}: {spikes} spikes, {expected} by the rate");
    }
}

/// A soma with constant bias, and an auxiliary compartment whose slow negative current it adds.
#[test]
fn an_auxiliary_compartment_makes_a_neuron_adapt() {
    let (v_th, bias, weight, decay_aux) = (64_000, 9_000, -40_i16, 40);
    let mut builder = ImageBuilder::new();
    let aux_tree = Tree { stack_out: StackOut::PushU, ..Tree::NONE };
    let aux = Profile { decay_u: decay_aux, decay_v: 4096, v_th: 131_071 << 6, tree: aux_tree, ..Profile::DEFAULT };
    let soma = Profile { v_th, tree: takes_a(Join::Add), ..Profile::DEFAULT };
    builder.neurons(1, &[aux, soma]);
    builder.bias(0, &[0, bias]);
    builder.sparse(Source::Compartment(1), 0, &[Synapse { compartment: 0, delay: 0, weight }]);
    let mut chip = Running::new(builder);
    let (mut u, mut v, mut fired, mut times) = (0_i32, 0_i32, false, Vec::new());
    for step in 0..400 {
        let kept = i64::from(u.abs()) * i64::from(4096 - decay_aux) / 4096;
        u = i32::try_from(kept).unwrap() * u.signum() + if fired { i32::from(weight) * 64 } else { 0 };
        v = (v + bias + u).max(-8_388_607);
        fired = v > v_th;
        if fired {
            v = 0;
            times.push(step);
        }
        assert_eq!(chip.step() == [1], fired, "spikes, step {step}");
        let (got_u, got_v) = (chip.read(Register::U)[0], chip.read(Register::V)[1]);
        assert_eq!((got_u, got_v), (u, v), "u of the auxiliary compartment and v of the soma, step {step}");
    }
    let intervals: Vec<i32> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(intervals.len() > 5 && intervals.last() > intervals.first(), "{intervals:?}");
}

/// The voltage of a soma after one step, over two dendrites with these biases; the second one's threshold is 0.
fn joined(join: Join, x: i32, a: i32, b: i32) -> i32 {
    let mut builder = ImageBuilder::new();
    let passive = Tree { stack_out: StackOut::Push, ..Tree::NONE };
    // B is pushed first; A fires, or passes its voltage, above 0.
    let b_leaf = Profile { decay_v: 4096, v_th: 131_071 << 6, tree: passive, ..Profile::DEFAULT };
    let a_leaf = Profile { decay_v: 4096, tree: LEAF, ..Profile::DEFAULT };
    let tree = Tree { stack_in: StackIn::PopAAndB, join, ..Tree::NONE };
    let soma = Profile { decay_v: 4096, v_th: 131_071 << 6, tree, ..Profile::DEFAULT };
    builder.neurons(1, &[b_leaf, a_leaf, soma]);
    builder.bias(0, &[b, a, x]);
    let mut chip = Running::new(builder);
    chip.step();
    chip.read(Register::V)[2]
}

#[test]
fn dendrites_join_as_documented() {
    let rows = [
        (Join::Add, 5, 7, -20, -8),
        (Join::Max, 5, 7, -20, 7),
        (Join::Min, 5, 7, -20, -20),
        (Join::Pass, 5, 7, 100, 105),
        (Join::Pass, 5, -7, 100, 0),
        (Join::Block, 5, 7, 100, 0),
        (Join::Block, 5, -7, 100, 105),
        (Join::Or, -5, 7, -20, 7),
        (Join::Or, -5, -7, -20, 0),
        (Join::And, 5, 7, 20, 5),
        (Join::And, 5, 7, -20, 0),
        (Join::Skip, 5, 7, -20, 5),
    ];
    for (join, x, a, b, expected) in rows {
        assert_eq!(joined(join, x, a, b), expected, "{join:?} of x {x}, A {a}, B {b}: v[2], step 0");
    }
}

#[test]
fn many_trees_behind_a_population_do_what_one_does() {
    let (v_th, bias) = (100 * 64, 1_999);
    let mut alone = Running::new(soft_reset(v_th, bias));
    let mut builder = ImageBuilder::new();
    builder.group(3, Profile { v_th: 640, ..Profile::DEFAULT });
    let leaf = Profile { v_th, tree: LEAF, ..Profile::DEFAULT };
    let soma = Profile { decay_v: 4096, v_th, tree: takes_a(Join::Or), ..Profile::DEFAULT };
    let all = builder.neurons(5, &[leaf, soma]);
    for first in all.clone().step_by(2) {
        builder.bias(first, &[bias, 0]);
        let back = Synapse { compartment: first as usize, delay: 0, weight: -100 };
        builder.sparse(Source::Compartment(first + 1), 0, &[back]);
    }
    let mut many = Running::new(builder);
    for step in 0..100 {
        let spikes = if alone.step().is_empty() { vec![] } else { vec![4, 6, 8, 10, 12] };
        assert_eq!(many.step(), spikes, "spikes, step {step}");
        let one = alone.read(Register::V);
        for neuron in many.read(Register::V)[3..].chunks(2) {
            assert_eq!(neuron, one, "v of a tree, step {step}");
        }
    }
}

fn homeostatic(gain: i32, bias: i32, epoch_steps: u32) -> Running {
    let homeostasis = Homeostasis { gain, a_min: 10, a_max: 40, impulse: 20, decay: 0, epoch_steps };
    let profile = Profile { v_th: 6400, homeostasis: Some(homeostasis), ..Profile::DEFAULT };
    let mut builder = ImageBuilder::new();
    builder.group(1, profile);
    builder.bias(0, &[bias]);
    Running::new(builder)
}

#[test]
fn the_threshold_follows_the_activity() {
    for (gain, bias, epoch_steps) in [(3, 4096, 1), (3, 4096, 4), (0, 4096, 4), (127, 4096, 1), (5, 0, 2)] {
        let mut chip = homeostatic(gain, bias, epoch_steps);
        let (mut v, mut v_th, mut activity) = (0, 6400, 0);
        for step in 0..200_u32 {
            v += bias;
            if v > v_th {
                v = 0;
                activity = (activity + 20).min(127);
            }
            if (step + 1) % epoch_steps == 0 {
                let outside = (activity - 40).max(0) + (activity - 10).min(0);
                v_th = (v_th + gain * outside * 64).clamp(0, 131_071 * 64);
            }
            chip.step();
            let got = [Register::V, Register::Threshold, Register::Activity].map(|register| chip.read(register)[0]);
            assert_eq!(got, [v, v_th, activity], "gain {gain}, bias {bias}: v, threshold, activity, step {step}");
        }
    }
}

#[test]
fn a_decaying_activity_is_rounded_without_bias() {
    let homeostasis = Homeostasis { gain: 0, a_min: 0, a_max: 127, impulse: 100, decay: 37, epoch_steps: 1 };
    let mut builder = ImageBuilder::new();
    builder.seed(7);
    builder.group(1000, Profile { homeostasis: Some(homeostasis), ..Profile::DEFAULT });
    builder.bias(0, &[1; 1000]);
    let mut chip = Running::new(builder);
    chip.step();
    // Every compartment fired once: what is left of 100 is 99 + 397/4096.
    let left: i32 = chip.read(Register::Activity).iter().sum();
    let (mean, chance) = (f64::from(left) / 1000.0, 397.0 / 4096.0);
    let error = (chance * (1.0 - chance) / 1000.0_f64).sqrt();
    assert!((mean - 99.0 - chance).abs() < 3.0 * error, "mean {mean}, expected {}", 99.0 + chance);
}

#[test]
fn a_neuron_leaves_its_stack_empty() {
    let push = Tree { stack_out: StackOut::Push, ..Tree::NONE };
    let profile = |tree| Profile { tree, ..Profile::DEFAULT };
    let pushes = profile(push);
    let takes = profile(takes_a(Join::Add));
    let both = profile(Tree { stack_in: StackIn::PopAAndB, join: Join::Add, ..Tree::NONE });
    for wrong in [vec![takes], vec![pushes], vec![pushes, pushes, takes], vec![pushes, pushes, pushes, both]] {
        let mut builder = ImageBuilder::new();
        builder.neurons(1, &wrong);
        let error = builder.build().unwrap_err().to_string();
        assert!(error.contains("Groups, element 0"), "{} compartments: {error}", wrong.len());
    }
    let mut builder = ImageBuilder::new();
    builder.neurons(2, &[pushes, pushes, both]);
    assert!(builder.build().is_ok());
}

#[test]
fn every_compartment_can_have_parameters_of_its_own() {
    let profile = |i: i32| Profile {
        decay_u: 100 * i,
        decay_v: 37 * i,
        v_th: 640 * (i + 1),
        refractory: 1 + i % 5,
        ..Profile::DEFAULT
    };
    let profiles: Vec<Profile> = (0..20).map(profile).collect();
    let network = |one_pattern: bool| {
        let mut builder = ImageBuilder::new();
        builder.beyond_the_chip();
        if one_pattern {
            builder.neurons(1, &profiles);
        } else {
            for profile in &profiles {
                builder.group(1, *profile);
            }
        }
        builder.bias(0, &(0..20).map(|i| 90 * i).collect::<Vec<_>>());
        Running::new(builder)
    };
    let (mut pattern, mut groups) = (network(true), network(false));
    for step in 0..200 {
        assert_eq!(pattern.step(), groups.step(), "spikes, step {step}");
        for register in [Register::U, Register::V, Register::Refractory, Register::VReadout] {
            assert_eq!(pattern.read(register), groups.read(register), "{}, step {step}", register.name());
        }
    }
    assert!(pattern.spikes_total > 100, "{} spikes", pattern.spikes_total);
}

#[test]
fn a_refractory_compartment_reads_as_the_chip_shows_it() {
    let mut builder = ImageBuilder::new();
    builder.group(1, Profile { v_th: 640, refractory: 3, ..Profile::DEFAULT });
    builder.bias(0, &[700]);
    let mut chip = Running::new(builder);
    // It fires in step 0, holds 0 for two steps more, and fires again in step 3.
    for (step, expected) in [3 << 7, 2 << 7, 1 << 7, 3 << 7, 2 << 7].into_iter().enumerate() {
        chip.step();
        assert_eq!((chip.read(Register::VReadout), chip.read(Register::V)), (vec![expected], vec![0]), "step {step}");
    }
}
