//! What compartments hand on to one another: how the operands of a stack are joined, forward and backward.
//!
//! A sum passes a derivative to all of its terms, a largest or smallest value to the one that it is, and a gate that is open to what
//! goes through it. Whether a gate is open depends on a compartment's threshold, and has the surrogate's derivative by its voltage.

use crate::arithmetic::{Derivatives, Registers};
use loihi_core::compartment::tree::{self, Operand, Operands};
use loihi_core::image::{Join, StackIn, Tree};

/// The operands of a compartment, and how they are joined with its own input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Joined {
    /// How.
    pub join: Join,
    /// The compartment whose operand is A, by its number.
    pub a: Option<usize>,
    /// The compartment whose operand is B.
    pub b: Option<usize>,
}

/// What a compartment hands on in a step, for all neurons of a population.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pushed {
    /// Voltages or currents.
    pub values: Vec<i32>,
    /// How far the voltage was above the threshold: above 0 it has fired.
    pub over: Vec<i32>,
    /// 1 where the voltage follows what drives it, 0 where it is held; empty if derivatives are not wanted.
    pub follows: Vec<f32>,
}

/// Derivatives of what enters a voltage: by the own input, by A, by B, and by the voltage of A through a gate.
pub type Route = [f32; 4];

impl Default for Joined {
    fn default() -> Self {
        Self { join: Join::Add, a: None, b: None }
    }
}

impl Joined {
    /// Of a compartment; takes its operands from the stack, where these are numbers of compartments.
    pub fn take(tree: &Tree, stack: &mut Vec<usize>) -> Self {
        let (a, b) = match tree.stack_in {
            StackIn::Skip => (None, None),
            StackIn::PopA => (stack.pop(), None),
            StackIn::PopB => (None, stack.pop()),
            StackIn::PopAAndB => (stack.pop(), stack.pop()),
        };
        match tree.join {
            Join::Skip => Self::default(),
            join => Self { join, a, b },
        }
    }

    /// Whether it is a sum.
    pub fn adds(&self) -> bool {
        self.join == Join::Add
    }

    /// Compartments whose operands it takes, A first.
    pub fn operands(&self) -> impl Iterator<Item = usize> {
        [self.a, self.b].into_iter().flatten()
    }

    /// Joins the compartment's own input with its operands. `entering` holds the bias on entry, and what is to be added to the
    /// current (`inputs`) on return. `routes` is filled if it is not empty and the join is not a sum.
    pub fn enter(
        &self,
        entering: &mut [i32],
        inputs: impl Fn(usize) -> i32,
        pushed: [Option<&Pushed>; 2],
        gate: Option<Gate<'_>>,
        routes: &mut [Route],
    ) {
        let [a, b] = pushed;
        if self.adds() {
            for own in [a, b].into_iter().flatten() {
                entering
                    .iter_mut()
                    .zip(&own.values)
                    .for_each(|(entering, value)| *entering = entering.wrapping_add(*value));
            }
            return;
        }
        let operand =
            |own: Option<&Pushed>, at: usize| own.map(|own| Operand { value: own.values[at], fired: own.over[at] > 0 });
        for (at, entering) in entering.iter_mut().enumerate() {
            let own = inputs(at);
            let x = loihi_core::num::wrap_signed(own.wrapping_add(*entering), 23);
            let operands = Operands { a: operand(a, at), b: operand(b, at) };
            // The current that is added to it again wraps, too.
            *entering = tree::join(self.join, x, &operands).wrapping_sub(own);
            if let Some(route) = routes.get_mut(at) {
                let slope = a.zip(gate).map_or(0.0, |(a, gate)| a.follows[at] * gate.slope(at, a.over[at]));
                *route = self.route(x, &operands, slope);
            }
        }
    }

    /// The derivatives of what is joined; `slope` is that of a spike of A by its voltage.
    #[expect(clippy::cast_precision_loss, reason = "at most 24 bits")]
    fn route(&self, x: i32, Operands { a, b }: &Operands, slope: f32) -> Route {
        let values = [Some(x), a.map(|a| a.value), b.map(|b| b.value)];
        let is = |wanted: Option<i32>| {
            let place = wanted.and_then(|wanted| values.iter().position(|value| *value == Some(wanted)));
            let mut route = [0.0; 4];
            if let Some(place) = place {
                route[place] = 1.0;
            }
            route
        };
        let all = || values.iter().copied().flatten();
        let is_open = a.is_some_and(|a| a.fired) == (self.join == Join::Pass);
        let through = x.wrapping_add(b.map_or(0, |b| b.value)) as f32;
        let open = f32::from(u8::from(is_open));
        match self.join {
            Join::Skip => [1.0, 0.0, 0.0, 0.0],
            Join::Add => [1.0, 1.0, 1.0, 0.0],
            Join::Max => is(all().max()),
            Join::Min => is(all().min()),
            Join::Or => is(all().max().filter(|most| *most > 0)),
            Join::And => is(all().min().filter(|least| *least > 0)),
            Join::Pass => [open, 0.0, open, through * slope],
            Join::Block => [open, 0.0, open, -through * slope],
        }
    }
}

/// The compartment whose threshold opens or shuts a gate, with its surrogate.
#[derive(Clone, Copy, Debug)]
pub struct Gate<'g> {
    /// Its registers.
    pub registers: &'g Registers,
    /// The surrogate.
    pub derivatives: Derivatives,
}

impl Gate<'_> {
    /// The derivative of a spike with respect to the voltage of an element, `over` its threshold.
    #[expect(clippy::cast_precision_loss, reason = "a derivative may be rounded")]
    fn slope(&self, at: usize, over: i32) -> f32 {
        let Derivatives { surrogate, width, damping, .. } = self.derivatives;
        let per_volt = 1.0 / (width * self.registers.v_th[at % self.registers.len()].max(1) as f32);
        damping * per_volt * surrogate.at(over as f32 * per_volt)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const JOINS: [Join; 8] =
        [Join::Skip, Join::Add, Join::Max, Join::Min, Join::Pass, Join::Block, Join::Or, Join::And];

    /// The join equals that of the chip, and its derivatives are those of the routes.
    #[test]
    fn what_is_joined_is_what_the_chip_joins() {
        let values = [-(1 << 23), -70, 0, 5, 90, (1 << 23) - 1];
        let count = values.len();
        for (join, number) in JOINS.into_iter().flat_map(|join| (0..2 * count.pow(3)).map(move |number| (join, number)))
        {
            let [own, a, b] = [number, number / count, number / count.pow(2)].map(|at| values[at % count]);
            let over = if number < count.pow(3) { -3 } else { 4 };
            let pushed = |value, over| Pushed { values: vec![value], over: vec![over], follows: vec![1.0] };
            let (first, second) = (pushed(a, over), pushed(b, -1));
            let (mut entering, mut routes) = ([0], [[0.0; 4]]);
            let joined = Joined { join, a: Some(0), b: Some(1) };
            joined.enter(&mut entering, |_| own, [Some(&first), Some(&second)], None, &mut routes);
            let fired = |value, over: i32| Some(Operand { value, fired: over > 0 });
            let operands = Operands { a: fired(a, over), b: fired(b, -1) };
            let wrapped = loihi_core::num::wrap_signed(own.wrapping_add(entering[0]), 23);
            assert_eq!(wrapped, tree::join(join, own, &operands), "{join:?} {own} {a} {b} {over}");
        }
    }

    #[test]
    #[expect(clippy::float_cmp, reason = "these numbers are exact")]
    fn the_derivative_goes_to_the_one_that_it_is() {
        let route = |join, x, a: (i32, bool), b: i32| {
            let operand = |value, fired| Some(Operand { value, fired });
            let operands = Operands { a: operand(a.0, a.1), b: operand(b, false) };
            Joined { join, a: Some(0), b: Some(1) }.route(x, &operands, 0.5)
        };
        let [own, first, second] = [[1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0]];
        assert_eq!(route(Join::Max, 3, (9, false), 4), first);
        assert_eq!(route(Join::Min, 3, (9, false), 4), own);
        assert_eq!([route(Join::Or, -3, (-9, false), 4), route(Join::Or, -3, (-9, false), -4)], [second, [0.0; 4]]);
        assert_eq!([route(Join::And, 3, (9, false), 2), route(Join::And, 3, (9, false), -2)], [second, [0.0; 4]]);
        assert_eq!(route(Join::Pass, 3, (9, true), 4), [1.0, 0.0, 1.0, 3.5]);
        assert_eq!(route(Join::Pass, 3, (9, false), 4), [0.0, 0.0, 0.0, 3.5]);
        assert_eq!(route(Join::Block, 3, (9, false), 4), [1.0, 0.0, 1.0, -3.5]);
    }

    #[test]
    fn operands_come_from_the_stack() {
        let take = |stack_in, join| {
            let mut stack = vec![4, 7];
            let joined = Joined::take(&Tree { stack_in, join, ..Tree::NONE }, &mut stack);
            (joined.a, joined.b, stack.len())
        };
        assert_eq!(take(StackIn::PopAAndB, Join::Max), (Some(7), Some(4), 0));
        assert_eq!(take(StackIn::PopB, Join::Max), (None, Some(7), 1));
        assert_eq!(take(StackIn::PopA, Join::Add), (Some(7), None, 1));
        assert_eq!(take(StackIn::PopA, Join::Skip), (None, None, 1), "what is skipped is taken from the stack");
    }
}
