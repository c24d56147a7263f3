//! Many neurons of several compartments: alone or together, behind others, over cores; what a stack must be.

use crate::common::chip::Running;
use crate::plan::{Link, Plan, draw, first_difference, random_inputs, trace};
use host_harness::image::{BuildError, ImageBuilder, Source};
use loihi_core::image::{
    Homeostasis, ImageError, Join, Noise, NoiseAt, Profile, Section, StackIn, StackOut, ThresholdMode, Tree,
};
use loihi_core::register::Register;
use proptest::prelude::*;

const fn tree(stack_in: StackIn, join: Join, stack_out: StackOut) -> Tree {
    Tree { stack_in, stack_out, join, threshold: ThresholdMode::SpikeAndReset }
}

/// A dendrite with a slow current, one that spikes by itself, and a soma that joins them.
fn neuron(join: Join) -> Vec<Profile> {
    let slow = Profile { decay_u: 300, decay_v: 4096, v_th: 131_071 << 6, ..Profile::DEFAULT };
    let base = Profile { decay_u: 2000, decay_v: 150, v_th: 1920, refractory: 3, ..Profile::DEFAULT };
    vec![
        Profile { tree: tree(StackIn::Skip, Join::Skip, StackOut::PushU), ..slow },
        Profile { tree: tree(StackIn::Skip, Join::Skip, StackOut::Push), ..base },
        Profile { tree: tree(StackIn::PopAAndB, join, StackOut::Skip), v_th: 2560, refractory: 2, ..base },
    ]
}

/// Neurons of three compartments, each with an input and a bias of its own per compartment and synapses from its soma
/// to its dendrites, in the same order behind `plain` compartments that have such inputs and biases too.
fn forest(plain: u32, neurons: u32) -> Plan {
    let population = Profile { decay_u: 700, decay_v: 90, v_th: 3200, refractory: 2, ..Profile::DEFAULT };
    let compartments = plain + 3 * neurons;
    let mut plan = Plan { inputs: compartments, ..Plan::default() };
    plan.neurons.extend((0..plain).map(|_| vec![population]));
    plan.neurons.extend((0..neurons).map(|n| neuron(if n < 11 { Join::Block } else { Join::Add })));
    for at in 0..compartments {
        // Those of a neuron do not depend on what is before it.
        let own = if at < plain { 1000 + at } else { at - plain };
        plan.biases.push(draw(-40, 160, [1, own, 0]));
        let weight = i16::try_from(draw(-10, 25, [2, own, 0])).unwrap();
        plan.links.push(Link { source: Source::Input(at), target: at, delay: 0, weight });
        if at >= plain && own % 3 == 2 {
            let link = |target, delay, weight| Link { source: Source::Compartment(at), target, delay, weight };
            plan.links.extend([link(at - 2, 3, -8), link(at - 1, 0, 12), link(at, 1, -5)]);
        }
    }
    plan
}

/// Inputs of [`forest`] in step `t`: those of a neuron do not depend on what is before it.
fn forest_inputs(plain: u32, neurons: u32, t: u32) -> Vec<usize> {
    let of_trees = random_inputs(3 * neurons, 4, t).into_iter().map(|input| input + plain as usize);
    random_inputs(plain, 5, t).into_iter().chain(of_trees).collect()
}

/// Current, voltage and refractory period per compartment in every step.
fn registers(network: ImageBuilder, inputs: impl Fn(u32) -> Vec<usize>) -> Vec<[Vec<i32>; 3]> {
    let mut chip = Running::new(network);
    let step = |t| {
        for input in inputs(t) {
            chip.inject(input);
        }
        chip.step();
        [Register::U, Register::V, Register::Refractory].map(|register| chip.read(register))
    };
    (0..400).map(step).collect()
}

/// These compartments of a run do what all compartments of another do.
fn assert_part(whole: &[[Vec<i32>; 3]], part: std::ops::Range<usize>, alone: &[[Vec<i32>; 3]], what: &str) {
    for (step, (whole, alone)) in whole.iter().zip(alone).enumerate() {
        for (at, register) in ["u", "v", "refractory"].into_iter().enumerate() {
            assert_eq!(whole[at][part.clone()], alone[at], "{what}: {register} of {part:?}, step {step}");
        }
    }
}

#[test]
fn a_neuron_among_many_is_the_neuron_alone() {
    let plan = forest(0, 21);
    let all = registers(plan.whole(), |t| forest_inputs(0, 21, t));
    for n in 0..21_u32 {
        let own = 3 * n..3 * n + 3;
        let moved = |source| match source {
            Source::Compartment(number) => Source::Compartment(number - 3 * n),
            Source::Input(number) => Source::Input(number - 3 * n),
        };
        let links = plan.links.iter().filter(|link| own.contains(&link.target));
        let alone = Plan {
            neurons: vec![plan.neurons[n as usize].clone()],
            biases: plan.biases[3 * n as usize..3 * n as usize + 3].to_vec(),
            inputs: 3,
            links: links
                .map(|link| Link { source: moved(link.source), target: link.target - 3 * n, ..*link })
                .collect(),
            ..Plan::default()
        };
        let inputs = |t| {
            let of_all = forest_inputs(0, 21, t).into_iter();
            of_all.filter(|input| input / 3 == n as usize).map(|input| input % 3).collect()
        };
        let alone = registers(alone.whole(), inputs);
        assert_part(&all, 3 * n as usize..3 * n as usize + 3, &alone, &format!("neuron {n}"));
    }
    let fired = |c: usize| all.iter().filter(|[_, _, refractory]| refractory[c] > 0).count();
    assert!((0..21).all(|n| fired(3 * n) == 0), "the slow dendrites do not fire");
    assert!((0..21).filter(|n| fired(3 * n + 2) > 5).count() > 10, "most somata fire");
}

#[test]
fn trees_behind_a_population_and_the_population_before_them() {
    let alone = registers(forest(0, 21).whole(), |t| forest_inputs(0, 21, t));
    for plain in [1, 5, 15, 16, 17, 40] {
        let together = registers(forest(plain, 21).whole(), |t| forest_inputs(plain, 21, t));
        let before = plain as usize;
        assert_part(&together, before..before + 63, &alone, &format!("trees behind {plain} compartments"));
        let population = registers(forest(plain, 0).whole(), |t| forest_inputs(plain, 0, t));
        assert_part(&together, 0..before, &population, &format!("{plain} compartments before trees"));
    }
}

#[test]
fn trees_split_over_cores() {
    let mut plan = forest(7, 21);
    for n in 0..200 {
        // From any soma or plain compartment to any compartment.
        let source = draw(0, 27, [3, n, 0]).unsigned_abs();
        let source = if source < 7 { source } else { 7 + 3 * (source - 7) + 2 };
        let target = draw(0, 69, [4, n, 0]).unsigned_abs();
        let delay = draw(0, 20, [5, n, 0]).unsigned_abs() as usize;
        let weight = i16::try_from(draw(-20, 20, [6, n, 0])).unwrap();
        plan.links.push(Link { source: Source::Compartment(source), target, delay, weight });
    }
    let spikes: Vec<Vec<usize>> = (0..400).map(|t| forest_inputs(7, 21, t)).collect();
    let whole = trace(plan.whole(), &spikes);
    for cut in [vec![14, 14], vec![7, 21], vec![9, 19], vec![27, 1], vec![1, 9, 5, 13]] {
        let difference = first_difference(&whole, &trace(plan.cut(&cut), &spikes));
        assert_eq!(difference, None, "cores of {cut:?} neurons: first step and register that differ");
    }
}

/// The group at which the image is refused.
fn refused_group(tree: &[Tree]) -> Option<u32> {
    let mut builder = ImageBuilder::new();
    builder.group(4, Profile::DEFAULT);
    let profiles: Vec<Profile> = tree.iter().map(|tree| Profile { tree: *tree, ..Profile::DEFAULT }).collect();
    builder.neurons(3, &profiles);
    match builder.build() {
        Ok(_) => None,
        Err(error) => {
            let text = error.to_string();
            assert!(text.contains("section Groups, element 1"), "{text}");
            match error {
                BuildError::InvalidImage(ImageError::Element { section: Section::Groups, element }) => Some(element),
                other => panic!("{other:?}"),
            }
        }
    }
}

#[test]
fn a_stack_is_never_short_never_full_and_left_empty() {
    let does = |stack_in, stack_out| tree(stack_in, Join::Add, stack_out);
    let (push, push_u) = (does(StackIn::Skip, StackOut::Push), does(StackIn::Skip, StackOut::PushU));
    let [pop_a, pop_b, pop_both] =
        [StackIn::PopA, StackIn::PopB, StackIn::PopAAndB].map(|stack_in| does(stack_in, StackOut::Skip));
    let through = does(StackIn::PopA, StackOut::PushU);
    let wrong = [
        ("pops A from an empty stack", vec![pop_a]),
        ("pops B from an empty stack", vec![pop_b]),
        ("pops both, one is there", vec![push, pop_both]),
        ("pops before the push", vec![pop_a, push]),
        ("pops what the neuron before it left", vec![pop_b, push_u]),
        ("leaves a voltage", vec![push]),
        ("leaves a current", vec![push_u]),
        ("leaves one of two", vec![push, push_u, pop_a]),
        ("pushes three", vec![push, push_u, push, pop_both, pop_a]),
        ("pushes three and hands one through", vec![push, push, through, push_u, pop_both]),
    ];
    for (what, tree) in wrong {
        assert_eq!(refused_group(&tree), Some(1), "{what}");
    }
    let valid = [
        vec![Tree::NONE],
        vec![push_u, pop_b],
        vec![push, push, pop_both],
        vec![push, through, push_u, pop_a, pop_b],
        vec![push, push, does(StackIn::PopAAndB, StackOut::Push), push, pop_both],
    ];
    for tree in valid {
        assert_eq!(refused_group(&tree), None, "{tree:?}");
    }
}

/// Of five compartments 0 and 1 push, 2 takes A and pushes, 3 takes B and pushes, 4 takes both; all of them add.
#[test]
fn what_is_taken_is_gone_from_the_stack() {
    let kinds = [
        (StackIn::Skip, StackOut::Push),
        (StackIn::Skip, StackOut::Push),
        (StackIn::PopA, StackOut::Push),
        (StackIn::PopB, StackOut::Push),
        (StackIn::PopAAndB, StackOut::Skip),
    ];
    let silent = Profile { decay_v: 4096, v_th: 131_071 << 6, ..Profile::DEFAULT };
    let profiles = kinds.map(|(stack_in, stack_out)| Profile { tree: tree(stack_in, Join::Add, stack_out), ..silent });
    let mut builder = ImageBuilder::new();
    builder.neurons(2, &profiles);
    builder.bias(0, &[1, 10, 100, 1000, 10_000, 2, 20, 200, 2000, 20_000]);
    let mut chip = Running::new(builder);
    for step in 0..2 {
        chip.step();
        let expected = [1, 10, 110, 1110, 11_111, 2, 20, 220, 2220, 22_222];
        assert_eq!(chip.read(Register::V), expected, "v, step {step}");
    }
}

/// Any compartment without a stack.
fn profiles() -> impl Strategy<Value = Profile> {
    let noise = (any::<bool>(), 0..=15_u32, -31..=31_i32).prop_map(|(at_current, exponent, offset)| {
        let at = if at_current { NoiseAt::Current } else { NoiseAt::Voltage };
        Noise { at, exponent, offset }
    });
    let homeostasis = (0..=127_i32, 0..=60_i32, 60..=127_i32, 0..=127_i32, 0..=4096_i32, 1..=64_u32).prop_map(
        |(gain, a_min, a_max, impulse, decay, epoch_steps)| Homeostasis {
            gain,
            a_min,
            a_max,
            impulse,
            decay,
            epoch_steps,
        },
    );
    let modes = [ThresholdMode::SpikeAndReset, ThresholdMode::PassAbove, ThresholdMode::PassAboveAndSaturate];
    let features =
        (proptest::option::of(noise), proptest::option::of(homeostasis), proptest::sample::select(modes.to_vec()));
    let numbers = (0..=4096_i32, 0..=4096_i32, 0..400_i32, 0..=23_u32, 0..=7_u32, 1..=64_i32);
    (numbers, prop_oneof![Just((None, None, ThresholdMode::SpikeAndReset)), features]).prop_map(
        |((decay_u, decay_v, mantissa, low, high, refractory), (noise, homeostasis, threshold))| Profile {
            decay_u,
            decay_v,
            v_th: mantissa << 6,
            v_min: 1 - (1 << low),
            v_max: (1 << (9 + 2 * high)) - 1,
            refractory,
            noise,
            tree: Tree { threshold, ..Tree::NONE },
            homeostasis,
        },
    )
}

/// Random compartments with an input each: as one group of as many profiles, or as a group each.
fn compartments(profiles: &[Profile], biases: &[i32], one_group: bool) -> Running {
    let mut builder = ImageBuilder::new();
    builder.beyond_the_chip();
    builder.inputs(u32::try_from(profiles.len()).unwrap());
    if one_group {
        builder.neurons(1, profiles);
    } else {
        for profile in profiles {
            builder.group(1, *profile);
        }
    }
    builder.bias(0, biases);
    for (at, input) in (0..profiles.len()).zip(0..) {
        builder.dense(Source::Input(input), 0, at, &[i16::try_from(draw(-200, 400, [7, input, 0])).unwrap()]);
    }
    Running::new(builder)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn compartments_that_all_differ_are_groups_of_one(
        each in proptest::collection::vec((profiles(), -500..3000_i32), 1..50),
    ) {
        let (profiles, biases): (Vec<Profile>, Vec<i32>) = each.into_iter().unzip();
        let (mut one, mut many) = (compartments(&profiles, &biases, true), compartments(&profiles, &biases, false));
        let inputs = u32::try_from(profiles.len()).unwrap();
        for t in 0..60 {
            for input in random_inputs(inputs, 3, t) {
                one.inject(input);
                many.inject(input);
            }
            one.step();
            many.step();
            let (a, b) = (one.chip().digest(), many.chip().digest());
            prop_assert_eq!(a.first_difference(&b).map(Register::name), None, "register, step {}", t);
        }
    }
}
