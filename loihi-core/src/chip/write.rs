//! Writing registers from outside: learned variables, traces, the third factor, reward, currents and voltages.

use super::{Chip, registers};
use crate::image::LearningRecord;
use crate::plastic::{Post, Pre};
use crate::probe::Register;

impl Chip<'_> {
    /// Writes words of a register, in the order in which they are read. All or nothing: false, and nothing changes,
    /// if the register cannot be written, a word is out of its range, or it is not there.
    ///
    /// Can be written: `w`, `t`, `d`, `x1`, `x2`, `y1`, `y2`, `y3`, `profile`, `reward`, `u`, `v`.
    pub fn write(&mut self, register: Register, first: usize, values: impl Iterator<Item = i32> + Clone) -> bool {
        let Some((low, high)) = range(register) else { return false };
        let count = values.clone().count();
        let end = first.checked_add(count);
        let there = end.is_some_and(|end| end <= self.words(register));
        let holds = |(at, value)| (low..=high).contains(&value) && self.synapse_holds(register, at, value);
        if !there || !(first..).zip(values.clone()).all(holds) {
            return false;
        }
        for (at, value) in (first..).zip(values) {
            self.write_word(register, at, value);
        }
        true
    }

    /// Whether a plastic synapse can hold a value; true for other registers.
    fn synapse_holds(&self, register: Register, synapse: usize, value: i32) -> bool {
        if !matches!(register, Register::W | Register::T | Register::D) {
            return true;
        }
        let has = |group: &LearningRecord| {
            let [_, before, _] = group.before;
            synapse.checked_sub(before).is_some_and(|at| at < group.synapses)
        };
        let Some(group) = self.image.learning().find(has) else { return false };
        let (lowest, highest) = group.tag_range();
        match register {
            Register::W => group.holds_weight(value),
            Register::T => (lowest..=highest).contains(&value),
            _ => self.image.core(group.core).is_some_and(|core| group.holds_delay(value, core.slots)),
        }
    }

    /// Words of a register that can be written.
    fn words(&self, register: Register) -> usize {
        let plastic = &self.state.arrivals.plastic;
        match register {
            Register::W | Register::T | Register::D => plastic.weights.len(),
            Register::X1 | Register::X2 => plastic.pre.len(),
            Register::Y1 | Register::Y2 | Register::Y3 | Register::Profile => plastic.post.len(),
            Register::Reward => 1,
            Register::U | Register::V => self.compartments,
            _ => 0,
        }
    }

    fn write_word(&mut self, register: Register, at: usize, value: i32) {
        let plastic = &mut self.state.arrivals.plastic;
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
            Register::U | Register::V => self.write_compartment(register, at, value),
            _ => {}
        }
    }

    fn write_compartment(&mut self, register: Register, at: usize, value: i32) {
        // A written voltage may be anything.
        self.deep = true;
        if let Some([u_256, v, _]) = registers(&self.image, self.state.blocks, at) {
            if register == Register::U {
                *u_256 = value.wrapping_shl(8);
            } else {
                *v = value;
            }
        }
    }
}

/// What a register holds, if it can be written; a plastic synapse may hold less, see [`Chip::synapse_holds`].
fn range(register: Register) -> Option<(i32, i32)> {
    match register {
        Register::W => Some((-256, 255)),
        Register::T => Some((-257, 255)),
        Register::D => Some((0, 255)),
        Register::X1 | Register::X2 => Some((0, 127)),
        Register::Y1 | Register::Y2 | Register::Y3 | Register::Reward => Some((-128, 127)),
        Register::Profile => Some((0, 7)),
        Register::U => Some((-(1 << 23), (1 << 23) - 1)),
        Register::V => Some((crate::num::Voltage::MIN, crate::num::Voltage::MAX)),
        _ => None,
    }
}
