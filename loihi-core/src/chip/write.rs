//! Writing registers from outside: learned variables, traces, the third factor, reward, currents, voltages and biases.

use super::Chip;
use crate::compartment::registers;
use crate::image::{CHIP_EXPONENT_MIN, EXPONENTS, LearningRecord, Synapse, Target};
use crate::num::{BiasExponent, BiasMantissa, Voltage};
use crate::plastic::{Post, Pre};
use crate::register::Register;

/// Largest magnitude of a bias.
const BIAS_MAX: u32 = (BiasMantissa::MAX << BiasExponent::MAX).unsigned_abs();

impl Chip<'_> {
    /// Writes words of a register, in the order in which they are read. All or nothing: false, and nothing changes,
    /// if the register cannot be written, a word is out of its range, or it is not there.
    ///
    /// Can be written: `w`, `t`, `d`, `x1`, `x2`, `y1`, `y2`, `y3`, `profile`, `reward`, `rate`, `u`, `v`, and
    /// `bias` if the image has biases: up to the largest mantissa with the largest exponent, ±524,160. Tags and delays that
    /// no rule of the image uses hold only what they are: 0, and the delay of the image.
    pub fn write(&mut self, register: Register, first: usize, values: impl Iterator<Item = i32> + Clone) -> bool {
        let accepted = self.accepts(register, first, values.clone());
        if accepted {
            for (at, value) in (first..).zip(values) {
                self.write_word(register, at, value);
            }
        }
        accepted
    }

    /// Whether [`Chip::write`] would write these words.
    pub fn accepts(&self, register: Register, first: usize, values: impl Iterator<Item = i32> + Clone) -> bool {
        let end = first.checked_add(values.clone().count());
        end.is_some_and(|end| end <= self.words(register))
            && (first..).zip(values).all(|(at, value)| self.holds(register, at, value))
    }

    /// Whether word `at` of a register can have this value.
    pub(super) fn holds(&self, register: Register, at: usize, value: i32) -> bool {
        match register {
            Register::W | Register::T | Register::D => self.synapse_holds(register, at, value),
            Register::X1 | Register::X2 => (0..=127).contains(&value),
            Register::Y1 | Register::Y2 | Register::Y3 | Register::Reward => (-128..=127).contains(&value),
            Register::Profile => (0..=7).contains(&value),
            Register::Rate => self.has_rate(at, value),
            Register::U => (-(1 << 23)..1 << 23).contains(&value),
            Register::V => Voltage::new(value).is_ok(),
            Register::Bias => value.unsigned_abs() <= BIAS_MAX,
            _ => false,
        }
    }

    /// Whether a plastic synapse can hold a value.
    fn synapse_holds(&self, register: Register, synapse: usize, value: i32) -> bool {
        let has = |group: &LearningRecord| {
            let [_, before, _] = group.before;
            synapse.checked_sub(before).is_some_and(|at| at < group.synapses)
        };
        let Some(group) = self.image.learning().find(has) else { return false };
        let plastic = &self.state.plastic;
        let (lowest, highest) = group.tag_range();
        match register {
            Register::W => group.holds_weight(value),
            Register::T if plastic.tags.is_empty() => value == 0,
            Register::T => (lowest..=highest).contains(&value),
            _ if plastic.delays.is_empty() => self.fixed_delay(&group, synapse) == Some(value),
            _ => self.image.core(group.core).is_some_and(|core| group.holds_delay(value, core.slots)),
        }
    }

    /// The delay that a synapse of a group has in the image.
    fn fixed_delay(&self, group: &LearningRecord, synapse: usize) -> Option<i32> {
        let [_, before, _] = group.before;
        let word = self.image.sparse.get(group.synapse_first.checked_add(synapse.checked_sub(before)?)?)?;
        i32::try_from(Synapse::from_word(*word).delay).ok()
    }

    /// Whether a plastic group, or a snip, can learn at this rate: the exponents of all products that change weights
    /// stay in their range.
    fn has_rate(&self, at: usize, rate: i32) -> bool {
        if let Some(group) = self.image.learning_group(at) {
            let mut products = self.image.products(&group).filter(|product| product.target == Target::Weight);
            // A product stays within the chip's exponents, if it is.
            let low = |exponent: i32| if exponent < CHIP_EXPONENT_MIN { *EXPONENTS.start() } else { CHIP_EXPONENT_MIN };
            let fits = |exponent: i32| {
                let range = low(exponent)..=*EXPONENTS.end();
                exponent.checked_add(rate).is_some_and(|exponent| range.contains(&exponent))
            };
            return rate == 0 || products.all(|product| fits(product.exponent));
        }
        let snip = at.wrapping_sub(self.image.learning().len());
        let instance = self.state.instances.get(snip);
        instance.is_some_and(|instance| self.snips.takes_rate(&self.image, snip, instance, rate))
    }

    /// Words of a register that can be written.
    fn words(&self, register: Register) -> usize {
        let plastic = &self.state.plastic;
        match register {
            Register::W | Register::T | Register::D => plastic.weights.len(),
            Register::X1 | Register::X2 => plastic.pre.len(),
            Register::Y1 | Register::Y2 | Register::Y3 | Register::Profile => plastic.post.len(),
            Register::Reward => 1,
            Register::Rate => self.state.rates.len(),
            Register::U | Register::V => self.compartments,
            Register::Bias if !self.image.bias.is_empty() => self.compartments,
            _ => 0,
        }
    }

    fn write_word(&mut self, register: Register, at: usize, value: i32) {
        let plastic = &mut self.state.plastic;
        let half = i16::try_from(value).unwrap_or(0);
        let set = |place: Option<&mut i16>| {
            if let Some(place) = place {
                *place = half;
            }
        };
        match register {
            Register::W => set(plastic.weights.get_mut(at)),
            Register::T => set(plastic.tags.get_mut(at)),
            Register::D => set(plastic.delays.get_mut(at)),
            Register::X1 => set(plastic.pre.get_mut(at).map(|Pre { x: [x1, _], .. }| x1)),
            Register::X2 => set(plastic.pre.get_mut(at).map(|Pre { x: [_, x2], .. }| x2)),
            Register::Y1 => set(plastic.post.get_mut(at).map(|Post { y: [y1, _, _], .. }| y1)),
            Register::Y2 => set(plastic.post.get_mut(at).map(|Post { y: [_, y2, _], .. }| y2)),
            Register::Y3 => set(plastic.post.get_mut(at).map(|Post { y: [_, _, y3], .. }| y3)),
            Register::Profile => set(plastic.post.get_mut(at).map(|post| &mut post.profile)),
            Register::Reward => self.reward = value,
            Register::Rate => {
                if let Some(rate) = self.state.rates.get_mut(at) {
                    *rate = value;
                }
            }
            Register::U | Register::V | Register::Bias => self.write_compartment(register, at, value),
            _ => {}
        }
    }

    fn write_compartment(&mut self, register: Register, at: usize, value: i32) {
        // A written voltage may be anything, and a bias that another one.
        self.large_v = true;
        self.settled = 0;
        if let Some([u_256, v, bias_256]) = registers(&self.image, self.state.blocks, at) {
            match register {
                Register::U => *u_256 = value.wrapping_shl(8),
                Register::Bias => *bias_256 = value.wrapping_shl(8),
                _ => *v = value,
            }
        }
    }
}
