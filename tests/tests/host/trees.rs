//! Neurons of several compartments over many steps: soft reset, adaptation, gates, joins.

use crate::common::chip::Running;
use crate::plan::{decayed, random_inputs};
use host_harness::image::{ImageBuilder, Source};
use loihi_core::image::{Join, Profile, StackIn, StackOut, Synapse, ThresholdMode, Tree};
use loihi_core::register::Register;

/// Keeps neither current nor voltage, and never fires.
const RELAY: Profile = Profile { decay_v: 4096, v_th: 131_071 << 6, ..Profile::DEFAULT };

const fn pushes(stack_out: StackOut, threshold: ThresholdMode) -> Tree {
    Tree { stack_out, threshold, ..Tree::NONE }
}

const fn pops(stack_in: StackIn, join: Join) -> Tree {
    Tree { stack_in, join, ..Tree::NONE }
}

const fn synapse(compartment: usize, delay: usize, weight: i16) -> Synapse {
    Synapse { compartment, delay, weight }
}

/// Values of the inputs 0 and 1 of every step, by weight.
fn sum_64(inputs: &[usize], weights: [i64; 2]) -> i64 {
    inputs.iter().map(|input| weights[*input % 2] * 64).sum()
}

/// As `NxTF` does: compartment 0 passes its voltage above the threshold; compartment 1 keeps nothing, fires whenever
/// something passes, and takes the threshold off compartment 0 by a synapse.
fn soft_reset(biases: &[i32], v_th: i32, delay: usize) -> Running {
    let membrane = Profile { v_th, tree: pushes(StackOut::Push, ThresholdMode::PassAbove), ..Profile::DEFAULT };
    let soma = Profile { decay_v: 4096, tree: pops(StackIn::PopA, Join::Or), ..Profile::DEFAULT };
    let mut builder = ImageBuilder::new();
    let neurons = builder.neurons(biases.len(), &[membrane, soma]);
    for (first, bias) in neurons.step_by(2).zip(biases) {
        builder.bias(first, &[*bias, 0]);
        let back = synapse(first as usize, delay, i16::try_from(-v_th / 64).unwrap());
        builder.sparse(Source::Compartment(first + 1), 0, &[back]);
    }
    Running::new(builder)
}

#[test]
fn a_soft_reset_subtracts_the_threshold_and_keeps_the_residue() {
    let (v_th, biases) = (12_800_i64, [1, 63, 777, 3001, 4095, 6400, 12_796]);
    for delay in [0, 1, 3] {
        let mut chip = soft_reset(&biases, 12_800, delay);
        let mut fired = vec![Vec::new(); biases.len()];
        let mut v = vec![0_i64; biases.len()];
        for step in 0..2000_usize {
            let spikes = chip.step();
            let voltages = chip.read(Register::V);
            for (n, bias) in biases.iter().enumerate() {
                // A spike is subtracted one step later, plus the synapse's delay.
                let subtracted = step.checked_sub(1 + delay).is_some_and(|then| fired[n][then]);
                v[n] += i64::from(*bias) - if subtracted { v_th } else { 0 };
                fired[n].push(v[n] > v_th);
                let what = format!("bias {bias}, delay {delay}, step {step}");
                assert_eq!(i64::from(voltages[2 * n]), v[n], "v[{}], {what}", 2 * n);
                let spike = spikes.contains(&u32::try_from(2 * n + 1).unwrap());
                assert_eq!(spike, fired[n][step], "spike of {}, {what}", 2 * n + 1);
                // Nothing is lost: all that came in is in the voltage or was paid for by a spike.
                let paid = fired[n].iter().rev().skip(1 + delay).filter(|fired| **fired).count();
                let all = i64::try_from(step + 1).unwrap() * i64::from(*bias);
                assert_eq!(i64::from(voltages[2 * n]) + i64::try_from(paid).unwrap() * v_th, all, "v and paid, {what}");
            }
        }
    }
}

/// Weight of the main compartment's spikes at the auxiliary one, and what that forgets in a step.
const ADAPTATION: (i64, i32) = (-20, 60);
/// Driven for this long, then left alone, then driven again.
const DRIVEN: usize = 250;
const PERIOD: usize = 1000;

/// The main compartment adds what an auxiliary one leaves, which its own spikes inhibit.
fn adaptive(auxiliary: Profile) -> Running {
    let main = Profile { decay_v: 200, v_th: 6400, tree: pops(StackIn::PopA, Join::Add), ..Profile::DEFAULT };
    let mut builder = ImageBuilder::new();
    builder.inputs(1);
    builder.neurons(1, &[auxiliary, main]);
    builder.sparse(Source::Input(0), 0, &[synapse(1, 0, 30)]);
    builder.sparse(Source::Compartment(1), 0, &[synapse(0, 0, i16::try_from(ADAPTATION.0).unwrap())]);
    Running::new(builder)
}

/// Steps in which the neuron fires, by a slow model with this weight of the adaptation.
fn adaptive_model(weight: i64) -> Vec<usize> {
    let (mut a, mut v, mut fired, mut times) = (0_i64, 0_i64, false, Vec::new());
    for step in 0..PERIOD + DRIVEN {
        a = decayed(a, ADAPTATION.1) + if fired { weight * 64 } else { 0 };
        let input = if step % PERIOD < DRIVEN { 30 * 64 } else { 0 };
        v = decayed(v, 200) + input + a;
        fired = v > 6400;
        if fired {
            v = 0;
            times.push(step);
        }
    }
    times
}

/// Runs a neuron as the model does; the steps in which it fires. It is at rest before it is driven again.
fn adaptive_spikes(auxiliary: Profile) -> Vec<usize> {
    let mut chip = adaptive(auxiliary);
    let mut times = Vec::new();
    for step in 0..PERIOD + DRIVEN {
        if step == PERIOD {
            let rest = [Register::U, Register::V].map(|register| chip.read(register));
            assert_eq!(rest, [[0, 0], [0, 0]], "u and v before step {step}");
        }
        if step % PERIOD < DRIVEN {
            chip.inject(0);
        }
        if chip.step() == [1] {
            times.push(step);
        }
    }
    times
}

/// The adaptation is below any threshold, so it has to be pushed in a way that no threshold stops: as a slow current
/// (`PushU`), or as a slow voltage by a compartment that spikes and resets at a threshold that it never reaches.
#[test]
fn an_adaptive_neuron_slows_down_and_recovers() {
    let (weight, decay) = ADAPTATION;
    let current = Profile { decay_u: decay, tree: pushes(StackOut::PushU, ThresholdMode::SpikeAndReset), ..RELAY };
    let voltage = Profile { decay_v: decay, tree: pushes(StackOut::Push, ThresholdMode::SpikeAndReset), ..RELAY };
    let expected = adaptive_model(weight);
    for (name, auxiliary) in [("slow current", current), ("slow voltage", voltage)] {
        assert_eq!(adaptive_spikes(auxiliary), expected, "{name}: steps of the spikes");
    }
    let (first, second): (Vec<usize>, Vec<usize>) = expected.iter().partition(|step| **step < PERIOD);
    let intervals: Vec<usize> = first.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(
        intervals.is_sorted_by(|a, b| a <= &(b + 1)),
        "intervals grow but for the residue of a step: {intervals:?}"
    );
    assert!(intervals.last().unwrap() >= &(2 * intervals[0]), "{intervals:?}");
    let again: Vec<usize> = second.iter().map(|step| step - PERIOD).collect();
    assert_eq!(again, first, "after a rest the neuron fires as at first");
}

/// A compartment that passes its voltage above the threshold only hands on 0 while it is negative.
#[test]
fn an_adaptation_below_its_threshold_does_not_pass() {
    let tree = pushes(StackOut::Push, ThresholdMode::PassAbove);
    let auxiliary = Profile { decay_v: ADAPTATION.1, v_th: 0, tree, ..RELAY };
    assert_eq!(adaptive_spikes(auxiliary), adaptive_model(0), "steps of the spikes");
}

/// B (compartment 0) integrates and passes its voltage, A (1) is a gate that two inputs open together, the soma (2) has
/// a bias of 37. Voltages of the soma, and whether the gate was open, in every step.
fn gated(join: Join, mode: ThresholdMode) -> Vec<(i32, i32, bool, bool)> {
    let dendrite = Profile { decay_v: 0, tree: pushes(StackOut::Push, ThresholdMode::SpikeAndReset), ..RELAY };
    let gate = Profile { v_th: 640, tree: pushes(StackOut::Push, mode), ..RELAY };
    let soma = Profile { tree: pops(StackIn::PopAAndB, join), ..RELAY };
    let mut builder = ImageBuilder::new();
    builder.inputs(4);
    builder.neurons(1, &[dendrite, gate, soma]);
    builder.bias(2, &[37]);
    for (input, to, weight) in [(0, 0, 7), (1, 0, -5), (2, 1, 10), (3, 1, 10)] {
        builder.sparse(Source::Input(input), 0, &[synapse(to, 0, weight)]);
    }
    let mut chip = Running::new(builder);
    let step = |t: u32| {
        let inputs = random_inputs(4, 2, t);
        for input in &inputs {
            chip.inject(*input);
        }
        let gate_spikes = chip.step() == [1];
        let v = chip.read(Register::V);
        (v[2], v[0], inputs.contains(&2) && inputs.contains(&3), gate_spikes)
    };
    (0..300).map(step).collect()
}

#[test]
fn a_gate_passes_or_blocks_in_the_steps_in_which_it_fires() {
    for mode in [ThresholdMode::SpikeAndReset, ThresholdMode::PassAbove] {
        for join in [Join::Pass, Join::Block] {
            let mut dendrite = 0;
            for (t, (soma, b, open, gate_spikes)) in (0..).zip(gated(join, mode)) {
                let own: Vec<usize> = random_inputs(4, 2, t).into_iter().filter(|input| *input < 2).collect();
                dendrite += sum_64(&own, [7, -5]);
                assert_eq!(i64::from(b), dendrite, "{join:?}, {mode:?}: v[0], step {t}");
                assert_eq!(gate_spikes, open && mode == ThresholdMode::SpikeAndReset, "{mode:?}: spike of 1, step {t}");
                let epochs = open == (join == Join::Pass);
                let expected = if epochs { dendrite + 37 } else { 0 };
                assert_eq!(i64::from(soma), expected, "{join:?}, {mode:?}: v[2], step {t}");
            }
        }
    }
}

const JOINS: [Join; 6] = [Join::Skip, Join::Add, Join::Max, Join::Min, Join::Or, Join::And];

fn joined(join: Join, x: i64, a: i64, b: i64) -> i64 {
    let (largest, smallest) = (x.max(a).max(b), x.min(a).min(b));
    match join {
        Join::Add => x + a + b,
        Join::Max => largest,
        Join::Min => smallest,
        Join::Or => i64::from(x > 0 || a > 0 || b > 0) * largest,
        Join::And => i64::from(x > 0 && a > 0 && b > 0) * smallest,
        _ => x,
    }
}

/// Two dendrites and a soma per join; each compartment has an input of weight 5 and one of −3.
fn joins(soma_v_th: i32) -> Running {
    let b = Profile { tree: pushes(StackOut::PushU, ThresholdMode::SpikeAndReset), ..RELAY };
    let a = Profile { tree: pushes(StackOut::Push, ThresholdMode::SpikeAndReset), ..RELAY };
    let mut builder = ImageBuilder::new();
    builder.inputs(6);
    for join in JOINS {
        let soma = Profile { v_th: soma_v_th, tree: pops(StackIn::PopAAndB, join), ..RELAY };
        builder.neurons(1, &[b, a, soma]);
    }
    for input in 0..6_u32 {
        let compartments = (input as usize / 2..).step_by(3).take(JOINS.len());
        let weight = if input % 2 == 0 { 5 } else { -3 };
        let synapses: Vec<Synapse> = compartments.map(|at| synapse(at, 0, weight)).collect();
        builder.sparse(Source::Input(input), 0, &synapses);
    }
    Running::new(builder)
}

/// Every combination of the values 0, 5, −3 and 2 at both dendrites and the soma.
#[test]
fn two_dendrites_join_in_every_combination() {
    let (mut silent, mut firing) = (joins(131_071 << 6), joins(0));
    for step in 0..64_usize {
        let inputs: Vec<usize> = (0..6).filter(|input| step >> input & 1 == 1).collect();
        for input in &inputs {
            silent.inject(*input);
            firing.inject(*input);
        }
        assert_eq!(silent.step(), [0; 0], "spikes, step {step}");
        let (spikes, v) = (firing.step(), silent.read(Register::V));
        let value = |compartment: usize| {
            let own: Vec<usize> = inputs.iter().copied().filter(|input| input / 2 == compartment).collect();
            sum_64(&own, [5, -3])
        };
        for (n, join) in JOINS.into_iter().enumerate() {
            let expected = joined(join, value(2), value(1), value(0));
            assert_eq!(i64::from(v[3 * n + 2]), expected, "{join:?}: v[{}], step {step}", 3 * n + 2);
            let fires = spikes.contains(&u32::try_from(3 * n + 2).unwrap());
            assert_eq!(fires, expected > 0, "{join:?}: spike of {}, step {step}", 3 * n + 2);
        }
    }
}

/// What passes is the voltage above the threshold; it stays as it is, or goes back to the threshold.
#[test]
fn a_passing_compartment_keeps_its_voltage_or_saturates() {
    for mode in [ThresholdMode::PassAbove, ThresholdMode::PassAboveAndSaturate] {
        let leaf = Profile { v_th: 1280, tree: pushes(StackOut::Push, mode), ..Profile::DEFAULT };
        let soma = Profile { tree: pops(StackIn::PopA, Join::Add), ..RELAY };
        let mut builder = ImageBuilder::new();
        builder.inputs(2);
        builder.neurons(1, &[leaf, soma]);
        builder.bias(0, &[100]);
        builder.sparse(Source::Input(0), 0, &[synapse(0, 0, 6)]);
        builder.sparse(Source::Input(1), 0, &[synapse(0, 0, -9)]);
        let mut chip = Running::new(builder);
        let mut v = 0_i64;
        for t in 0..300 {
            let inputs = random_inputs(2, 3, t);
            for input in &inputs {
                chip.inject(*input);
            }
            v += 100 + sum_64(&inputs, [6, -9]);
            let passed = if v > 1280 { v } else { 0 };
            if mode == ThresholdMode::PassAboveAndSaturate {
                v = v.min(1280);
            }
            assert_eq!(chip.step(), [0; 0], "{mode:?}: spikes, step {t}");
            let got = chip.read(Register::V);
            assert_eq!([i64::from(got[0]), i64::from(got[1])], [v, passed], "{mode:?}: v, step {t}");
        }
    }
}

/// The soma's own input wraps at 23 bits and sign before it is joined, and so does what the join gives.
#[test]
fn own_input_and_join_wrap_at_23_bits_and_sign() {
    const HIGH: i32 = (1 << 23) - 1;
    // Join, currents of B, A and soma, bias of the soma, and what enters its voltage.
    let rows = [
        (Join::Max, [-9, 5, HIGH], 1, 5),
        (Join::Min, [9, 5, -HIGH - 1], -1, 5),
        (Join::Or, [-9, -5, HIGH], 1, 0),
        (Join::Max, [-9, 5, HIGH], 0, HIGH),
        (Join::Add, [HIGH, HIGH, HIGH], 0, HIGH - 2),
        (Join::Add, [0, 1, HIGH], 0, -HIGH),
        (Join::Add, [-2, -HIGH, 0], 0, HIGH),
        (Join::Add, [0, 3, HIGH], 0, 1 - HIGH),
    ];
    for (row, (join, currents, bias, expected)) in rows.into_iter().enumerate() {
        let dendrite = Profile { tree: pushes(StackOut::PushU, ThresholdMode::PassAbove), decay_u: 0, ..RELAY };
        let tree = Tree { threshold: ThresholdMode::PassAbove, ..pops(StackIn::PopAAndB, join) };
        let mut builder = ImageBuilder::new();
        builder.neurons(1, &[dendrite, dendrite, Profile { tree, ..dendrite }]);
        builder.start(0, &currents, &[0; 3]);
        builder.bias(0, &[0, 0, bias]);
        let mut chip = Running::new(builder);
        chip.step();
        let got = (chip.read(Register::U), chip.read(Register::V)[2]);
        assert_eq!(got, (currents.to_vec(), expected), "row {row}, {join:?}: u, v[2], step 0");
    }
}
