//! Reading registers word by word, and the digest of all state.

use crate::chip::Chip;
use crate::compartment::Block;
use crate::image::{CoreRecord, LANES, Synapse};
use crate::meter::CoreCounts;
use crate::num::Fnv64;
use crate::plastic::{Plastic, Post, Pre};
use crate::register::{Register, StateDigest};
use core::ops::Range;

/// The words of a register that are asked for, on a walk over its parts: what lies before them costs nothing.
struct Window<V> {
    /// Words before the first one that is asked for.
    skip: usize,
    /// Words that are asked for yet.
    left: usize,
    /// Words of the parts so far.
    total: usize,
    visit: V,
}

impl<V: FnMut(i32)> Window<V> {
    /// Which words of the next part, `length` words long, are asked for.
    fn part(&mut self, length: usize) -> Range<usize> {
        self.total = self.total.saturating_add(length);
        let start = self.skip.min(length);
        self.skip = self.skip.saturating_sub(start);
        let count = self.left.min(length.saturating_sub(start));
        self.left = self.left.saturating_sub(count);
        start..start.saturating_add(count)
    }

    /// A part whose words are made of elements.
    fn slice<T>(&mut self, elements: &[T], word: impl Fn(&T) -> i32) {
        let asked = self.part(elements.len());
        elements.get(asked).unwrap_or_default().iter().for_each(|element| (self.visit)(word(element)));
    }

    /// A part of a single word.
    fn word(&mut self, word: i32) {
        self.slice(&[word], |word| *word);
    }
}

impl Chip<'_> {
    /// Hands every word of a register to `visit`, in order.
    pub fn visit(&self, register: Register, visit: impl FnMut(i32)) {
        self.visit_part(register, 0..usize::MAX, visit);
    }

    /// Hands words of a register to `visit`, in order, as far as they are there; returns how many the register has in all.
    /// Takes time in proportion to what is asked for, and to the number of cores.
    pub fn visit_part(&self, register: Register, words: Range<usize>, visit: impl FnMut(i32)) -> usize {
        let left = words.end.saturating_sub(words.start);
        let mut window = Window { skip: words.start, left, total: 0, visit };
        self.show(register, &mut window);
        window.total
    }

    fn show<V: FnMut(i32)>(&self, register: Register, window: &mut Window<V>) {
        let state = self.state();
        let plastic = &state.plastic;
        let half = |word: &i16| i32::from(*word);
        match register {
            Register::U => self.show_blocks(window, |[currents, _, _]| currents, |u_256| u_256 >> 8),
            Register::V => self.show_blocks(window, |[_, voltages, _]| voltages, |v| v),
            Register::Bias => self.show_blocks(window, |[_, _, biases]| biases, |bias_256| bias_256 >> 8),
            Register::Refractory => self.show_refractory(window, |_, steps| steps),
            Register::VReadout => self.show_refractory(window, |v, steps| if steps == 0 { v } else { steps << 7 }),
            Register::Threshold => self.show_places(window, state.adaptations, |adaptation| adaptation.v_th),
            Register::Activity => self.show_places(window, state.adaptations, |adaptation| adaptation.activity),
            Register::Dendrite => self.show_dendrites(window),
            Register::Auxiliary => self.show_auxiliary(window),
            Register::W => window.slice(plastic.weights, half),
            Register::T if plastic.tags.is_empty() => window.slice(plastic.weights, |_| 0),
            Register::T => window.slice(plastic.tags, half),
            Register::D if plastic.delays.is_empty() => self.show_fixed_delays(window),
            Register::D => window.slice(plastic.delays, half),
            Register::X1 => window.slice(plastic.pre, |Pre { x: [x1, _], .. }| i32::from(*x1)),
            Register::X2 => window.slice(plastic.pre, |Pre { x: [_, x2], .. }| i32::from(*x2)),
            Register::Y1 => window.slice(plastic.post, |Post { y: [y1, _, _], .. }| i32::from(*y1)),
            Register::Y2 => window.slice(plastic.post, |Post { y: [_, y2, _], .. }| i32::from(*y2)),
            Register::Y3 => window.slice(plastic.post, |Post { y: [_, _, y3], .. }| i32::from(*y3)),
            Register::Epoch => show_epoch(window, plastic),
            Register::Profile => window.slice(plastic.post, |post| i32::from(post.profile)),
            Register::Reward => window.word(self.reward()),
            Register::Rate => window.slice(state.rates, |rate| *rate),
            Register::Spikes => window.slice(state.spikes.as_slice(), |spike| spike.cast_signed()),
            Register::Output => window.slice(state.output, |word| *word),
            Register::Learned => window.slice(state.learned, |word| *word),
            Register::Working => window.slice(state.working, |word| *word),
            Register::CoreCounts => {
                for counts in state.meter.cores.iter() {
                    window.slice(&CoreCounts::words(counts), |count| count.cast_signed());
                }
            }
            Register::Mailbox => {
                window.slice(state.stimulus, half);
                window.slice(state.target, half);
            }
        }
    }

    /// One register of every compartment.
    fn show_blocks<V: FnMut(i32)>(
        &self,
        window: &mut Window<V>,
        lanes: impl Fn(&Block) -> &[i32; LANES],
        word: impl Fn(i32) -> i32,
    ) {
        let mut rest = &*self.state().blocks;
        for core in self.image().cores() {
            let (blocks, after) = rest.split_at_checked(core.blocks()).unwrap_or_default();
            let asked = window.part(core.compartments);
            let from = blocks.get(asked.start / LANES..).unwrap_or_default();
            let registers = from.iter().flat_map(&lanes).skip(asked.start % LANES);
            registers.take(asked.len()).for_each(|register| (window.visit)(word(*register)));
            rest = after;
        }
    }

    /// One of the registers that are kept by place; none if there are none.
    fn show_places<T, V: FnMut(i32)>(&self, window: &mut Window<V>, registers: &[T], word: impl Fn(&T) -> i32) {
        let mut rest = registers;
        for core in self.image().cores().filter(|_| !registers.is_empty()) {
            let (of_core, after) = rest.split_at_checked(core.slot_length()).unwrap_or_default();
            window.slice(of_core.get(..core.compartments).unwrap_or_default(), &word);
            rest = after;
        }
    }

    /// The voltage and the refractory steps left of every compartment, the step of the spike included.
    fn show_refractory<V: FnMut(i32)>(&self, window: &mut Window<V>, word: impl Fn(i32, i32) -> i32) {
        let (mut blocks, mut places) = (&*self.state().blocks, &*self.state().refractory);
        for core in self.image().cores() {
            let (own_blocks, blocks_after) = blocks.split_at_checked(core.blocks()).unwrap_or_default();
            let (own_places, places_after) = places.split_at_checked(core.slot_length()).unwrap_or_default();
            let asked = window.part(core.compartments);
            let first = core.compartment_first.saturating_add(asked.start);
            let mut number = u32::try_from(first).unwrap_or(u32::MAX);
            let spikes = self.spikes();
            let spikes = spikes.get(spikes.partition_point(|spike| *spike < number)..).unwrap_or_default();
            let mut spikes = spikes.iter().peekable();
            let voltages = own_blocks.iter().flat_map(|[_, voltages, _]| voltages).skip(asked.start);
            let steps = own_places.get(asked.clone()).unwrap_or_default();
            for (v, steps) in voltages.zip(steps) {
                // A period of 1 is seen in the list of spikes only.
                let fired = spikes.next_if_eq(&&number).is_some();
                (window.visit)(word(*v, i32::from(*steps).max(i32::from(fired))));
                number = number.wrapping_add(1);
            }
            (blocks, places) = (blocks_after, places_after);
        }
    }

    /// Only the accumulators of compartments that exist, so that the digest does not depend on the ring's padding.
    fn show_dendrites<V: FnMut(i32)>(&self, window: &mut Window<V>) {
        for core in self.image().cores() {
            let ring = self.state().accumulators.rings_64.get(core.ring());
            self.show_ring(window, &core, ring.unwrap_or_default(), |sum| i32::from(*sum));
        }
    }

    fn show_auxiliary<V: FnMut(i32)>(&self, window: &mut Window<V>) {
        let accumulators = &self.state().accumulators;
        for core in self.image().cores().filter(|core| core.sums > 0) {
            let auxiliary_input = accumulators.auxiliary_input.get(core.ring()).unwrap_or_default();
            self.show_ring(window, &core, auxiliary_input, |auxiliary_input| *auxiliary_input);
            for sum in self.image().sums().skip(core.sum_first).take(core.sums) {
                let auxiliary = accumulators.auxiliary.get(core.ring_of(&sum)).unwrap_or_default();
                self.show_ring(window, &core, auxiliary, |sum| *sum);
            }
        }
    }

    /// The accumulators of a core's ring, from the slot of the next step on.
    fn show_ring<T, V: FnMut(i32)>(
        &self,
        window: &mut Window<V>,
        core: &CoreRecord,
        ring: &[T],
        word: impl Fn(&T) -> i32,
    ) {
        for ahead in (0_u32..).take(core.slots) {
            let first = core.slot_start(self.t().wrapping_add(ahead));
            let sums = ring.get(first..first.saturating_add(core.compartments));
            window.slice(sums.unwrap_or_default(), &word);
        }
    }

    /// The delays of plastic synapses as the image has them.
    fn show_fixed_delays<V: FnMut(i32)>(&self, window: &mut Window<V>) {
        for group in self.image().learning() {
            let synapses = group.synapse_first..group.synapse_first.saturating_add(group.synapses);
            let words = self.image().sparse.get(synapses).unwrap_or_default();
            window.slice(words, |word| i32::try_from(Synapse::from_word(*word).delay).unwrap_or(0));
        }
    }

    /// The hash of one register.
    pub fn register_digest(&self, register: Register) -> u64 {
        self.digest_of(register.bit())
    }

    /// One hash over all words of several registers, in the order of [`Register::EVERY`]; `registers` are their
    /// [`Register::bit`]s.
    pub fn digest_of(&self, registers: u32) -> u64 {
        let mut hash = Fnv64::new();
        for register in Register::EVERY.into_iter().filter(|register| registers & register.bit() != 0) {
            self.visit(register, |word| hash.word(word));
        }
        hash.finish()
    }

    /// The hashes of all state.
    pub fn digest(&self) -> StateDigest {
        StateDigest { t: self.t(), registers: Register::ALL.map(|register| self.register_digest(register)) }
    }
}

/// When axons and compartments last spiked within the epoch, and what has arrived since the last step.
fn show_epoch<V: FnMut(i32)>(window: &mut Window<V>, plastic: &Plastic<'_>) {
    window.slice(plastic.pre, |pre| i32::from(pre.time));
    for post in plastic.post.iter() {
        window.word(i32::from(post.time));
        window.word(i32::from(post.late));
    }
    window.slice(plastic.arrived.as_slice(), |axon| axon.cast_signed());
}
