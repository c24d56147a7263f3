//! The kernels against the equations, and against one another.

use super::lanes::Lanes;
use super::*;
use super::{general, neurons};
use crate::image::{Join, Noise, NoiseAt, Profile, StackIn, StackOut, ThresholdMode, Tree};
use crate::num::{Decay, Drawn, decay_toward_zero, word, wrap_signed};
use proptest::prelude::*;
use std::vec;
use std::vec::Vec;

/// One compartment, written as the equations are.
#[derive(Clone, Copy, Default)]
struct Obvious {
    u: i32,
    v: i32,
    refractory: i32,
}

impl Obvious {
    fn step(&mut self, p: &Profile, bias: i32, q: i32) -> bool {
        let q = wrap_signed(q, 21);
        self.u = wrap_signed(decay_toward_zero(self.u, Decay::new(p.decay_u).unwrap()) + q, 23);
        let drive = wrap_signed(self.u + bias, 23);
        let v = decay_toward_zero(self.v, Decay::new(p.decay_v).unwrap()) + drive;
        self.v = v.max(p.v_min).min(p.v_max);
        self.refractory = (self.refractory - 1).max(0);
        if self.refractory > 0 {
            self.v = 0;
        }
        let fired = self.v > p.v_th;
        if fired {
            self.v = 0;
            self.refractory = p.refractory;
        }
        fired
    }
}

fn profile() -> impl Strategy<Value = Profile> {
    (0..=4096_i32, 0..=4096_i32, 0..3000_i32, 0..=23_u32, 0..=7_u32, 1..=64_i32).prop_map(
        |(decay_u, decay_v, v_th_mantissa, low, high, refractory)| Profile {
            decay_u,
            decay_v,
            v_th: v_th_mantissa << 6,
            v_min: 1 - (1 << low),
            v_max: (1 << (9 + 2 * high)) - 1,
            refractory,
            ..Profile::DEFAULT
        },
    )
}

/// How a step is computed.
#[derive(Clone, Copy, Debug)]
enum Way {
    Wide,
    Narrow,
    /// Relying on small voltages whenever the last step left only such.
    Hurried,
    General,
}

/// The population: the last two lanes of the first block to the first lane of the third.
const RANGE: core::ops::Range<usize> = LANES - 2..2 * LANES + 1;

/// Registers of a core, and the lists of a chip.
struct Bench {
    blocks: Vec<Block>,
    refractory: Vec<u8>,
    in_refractory: Vec<u32>,
    in_refractory_len: usize,
    large_v: bool,
}

impl Bench {
    fn new(blocks: Vec<Block>) -> Self {
        let lanes = blocks.len() * LANES;
        Self { blocks, refractory: vec![0; lanes], in_refractory: vec![0; lanes], in_refractory_len: 0, large_v: false }
    }

    /// Lets `advance` compute a step, and counts refractory steps after it; the compartments that fired, from 100 on.
    fn advance(
        &mut self,
        sums_64: &mut [i16],
        advance: impl FnOnce(&mut Compartments<'_>, &mut Events<'_, '_>),
    ) -> Vec<u32> {
        let mut spikes = vec![0; self.refractory.len()];
        let mut spikes = Stack::with_len(&mut spikes, 0);
        let mut in_refractory = Stack::with_len(&mut self.in_refractory, self.in_refractory_len);
        let mut registers = Compartments {
            blocks: &mut self.blocks,
            refractory: &mut self.refractory,
            sums_64,
            auxiliary_input: &mut [],
            adaptations: &mut [],
        };
        self.large_v = false;
        let mut events = Events {
            spikes: &mut spikes,
            in_refractory: &mut in_refractory,
            large_v: &mut self.large_v,
            compartment_first: 100,
            place_first: 0,
        };
        advance(&mut registers, &mut events);
        count_refractory(&mut in_refractory, &mut self.blocks, &mut self.refractory);
        self.in_refractory_len = in_refractory.len();
        spikes.as_slice().to_vec()
    }

    fn step(&mut self, way: Way, t: u32, p: &Profile, biased: bool, q: i16) -> Vec<u32> {
        let mut sums = [q; 3 * LANES];
        let small_v = matches!(way, Way::Hurried) && !self.large_v;
        let lanes = Lanes { biased, small_v, last: false, profile: *p };
        let spikes = self.advance(&mut sums, |registers, events| match way {
            Way::Wide => lanes.advance::<true>(RANGE, registers, events),
            Way::Narrow | Way::Hurried => lanes.advance::<false>(RANGE, registers, events),
            Way::General => {
                let words = [p.words()];
                let context = StepContext { t, biased, small_v, last: false, random: Drawn { seed: 0 } };
                general::advance(&context, Pattern::of(&words), RANGE, registers, events);
            }
        });
        assert!(sums.iter().enumerate().all(|(i, sum)| *sum == if RANGE.contains(&i) { 0 } else { q }), "sums");
        spikes
    }
}

proptest! {
    #[test]
    fn every_kernel_follows_the_equations(
        p in profile(),
        bias in -524_160..=524_160_i32,
        biased: bool,
        // Half of the steps without input, so that the kernel for those is met too.
        q in proptest::collection::vec(prop_oneof![Just(0_i16), any::<i16>()], 1..80),
    ) {
        let bias = if biased { bias } else { 0 };
        for way in [Way::Wide, Way::Narrow, Way::Hurried, Way::General] {
            let mut bench = Bench::new(vec![[[0; LANES], [0; LANES], [bias << 8; LANES]]; 3]);
            let mut expected = Obvious::default();
            for (t, q) in (0..).zip(&q) {
                let spikes = bench.step(way, t, &p, biased, *q);
                let fired = expected.step(&p, bias, i32::from(*q) * 64);
                let all: Vec<u32> = RANGE.filter(|_| fired).map(|at| 100 + u32::try_from(at).unwrap()).collect();
                prop_assert_eq!(spikes, all, "{:?}: spikes, step {}", way, t);
                for i in 0..3 * LANES {
                    let [currents, voltages, _] = bench.blocks[i / LANES];
                    let got = (currents[i % LANES] >> 8, voltages[i % LANES], bench.refractory[i]);
                    let refractory = if p.refractory == 1 { 0 } else { expected.refractory };
                    let inside = (expected.u, expected.v, u8::try_from(refractory).unwrap());
                    let expected = if RANGE.contains(&i) { inside } else { (0, 0, 0) };
                    prop_assert_eq!(got, expected, "{:?}: u, v, refractory of {}, step {}", way, i, t);
                }
            }
        }
    }
}

/// A population of which a lane here and there has a current, a voltage, a bias or an input, and most blocks are at rest, after
/// some steps: registers and spikes.
fn mostly_at_rest<const WIDE: bool>(p: Profile, biased: bool, lanes: &[(usize, usize, i32)]) -> (Vec<Block>, Vec<u32>) {
    const BLOCKS: usize = 60;
    let (mut bench, mut spikes) = (Bench::new(vec![[[0; LANES]; 3]; BLOCKS]), Vec::new());
    for t in 0..4 {
        let mut sums = vec![0; BLOCKS * LANES];
        for &(lane, register, value) in lanes.iter().filter(|_| t == 0) {
            let block = &mut bench.blocks[lane / LANES];
            match register {
                0 => block[0][lane % LANES] = value << 8,
                1 => block[1][lane % LANES] = value,
                2 if biased => block[2][lane % LANES] = value << 8,
                _ => sums[lane] = i16::try_from(value >> 8).unwrap(),
            }
        }
        let lanes = Lanes { biased, small_v: false, last: true, profile: p };
        spikes.extend(bench.advance(&mut sums, |registers, events| {
            lanes.advance::<WIDE>(0..BLOCKS * LANES, registers, events);
        }));
        assert!(sums.iter().all(|sum| *sum == 0), "sums, step {t}");
    }
    (bench.blocks, spikes)
}

proptest! {
    #[test]
    fn blocks_at_rest_are_passed_over_and_no_others(
        p in profile(),
        biased: bool,
        lanes in proptest::collection::vec((0..960_usize, 0..4_usize, -(1 << 22)..1 << 22), 0..30),
    ) {
        prop_assert_eq!(mostly_at_rest::<true>(p, biased, &lanes), mostly_at_rest::<false>(p, biased, &lanes));
    }
}

/// Blocks of the neurons below.
const BLOCKS: usize = 6;

/// A profile with any noise, threshold mode and join; what it does with the stack is left.
fn of_a_neuron() -> impl Strategy<Value = Profile> {
    let noise = (any::<bool>(), 0..=15_u32, -31..=31_i32).prop_map(|(at_current, exponent, offset)| {
        let at = if at_current { NoiseAt::Current } else { NoiseAt::Voltage };
        Noise { at, exponent, offset }
    });
    let modes = vec![ThresholdMode::SpikeAndReset, ThresholdMode::PassAbove, ThresholdMode::PassAboveAndSaturate];
    let join = (0..8_u32).prop_map(|code| Join::from_code(code).unwrap());
    (profile(), proptest::option::of(noise), proptest::sample::select(modes), join).prop_map(
        |(profile, noise, threshold, join)| Profile { noise, tree: Tree { join, threshold, ..Tree::NONE }, ..profile },
    )
}

/// Neurons of one, two or three compartments, each of which may leave an operand for the last.
fn pattern() -> impl Strategy<Value = Vec<Profile>> {
    let leaf = (of_a_neuron(), 0..3_u32).prop_map(|(mut profile, code)| {
        profile.tree.stack_out = StackOut::from_code(code).unwrap();
        profile
    });
    (proptest::collection::vec(leaf, 0..3), of_a_neuron(), any::<bool>()).prop_map(|(mut all, mut soma, as_b)| {
        soma.tree.stack_in = match all.iter().filter(|leaf| leaf.tree.stack_out != StackOut::Skip).count() {
            0 => StackIn::Skip,
            1 if as_b => StackIn::PopB,
            1 => StackIn::PopA,
            _ => StackIn::PopAAndB,
        };
        all.push(soma);
        all
    })
}

/// Spikes, refractory compartments and registers after each of some steps of a group in the middle of a core.
fn run(way: Way, pattern: &[Profile], range: &core::ops::Range<usize>, seed: u32) -> Vec<Vec<i64>> {
    let words: Vec<[u32; 20]> = pattern.iter().map(Profile::words).collect();
    let biases =
        |block: usize| core::array::from_fn(|lane| word(seed, 1, block as u32, lane as u32).cast_signed() >> 19 << 8);
    let mut bench = Bench::new((0..BLOCKS).map(|block| [[0; LANES], [0; LANES], biases(block)]).collect());
    let step = |t: u32| {
        let mut sums: [i16; BLOCKS * LANES] =
            core::array::from_fn(|at| (word(seed, 2, t, at as u32) >> 16) as i16 >> (t % 7));
        let context = StepContext { t, biased: true, small_v: false, last: false, random: Drawn { seed } };
        let pattern = Pattern::of(&words);
        let spikes = bench.advance(&mut sums, |registers, events| {
            let range = range.clone();
            match way {
                Way::Wide => neurons::advance::<true, _>(&context, pattern, range, registers, events),
                Way::Narrow => neurons::advance::<false, _>(&context, pattern, range, registers, events),
                Way::Hurried | Way::General => general::advance(&context, pattern, range, registers, events),
            }
        });
        let listed = spikes.iter().chain(&bench.in_refractory[..bench.in_refractory_len]).map(|at| i64::from(*at));
        let sums = sums.iter().map(|sum| i64::from(*sum));
        let registers = bench.blocks.as_flattened().as_flattened().iter().map(|register| i64::from(*register));
        listed.chain(bench.refractory.iter().map(|steps| i64::from(*steps))).chain(sums).chain(registers).collect()
    };
    (0..12).map(step).collect()
}

proptest! {
    #[test]
    fn the_neurons_of_a_block_do_what_each_would(
        pattern in pattern(),
        first in prop_oneof![Just(0_usize), Just(16), 0..40_usize],
        neurons in 1..19_usize,
        seed: u32,
    ) {
        let range = first..first + neurons * pattern.len();
        let each = run(Way::General, &pattern, &range, seed);
        for way in [Way::Wide, Way::Narrow] {
            for (t, (whole, each)) in run(way, &pattern, &range, seed).iter().zip(&each).enumerate() {
                prop_assert_eq!(whole, each, "{:?}: step {}", way, t);
            }
        }
    }
}
