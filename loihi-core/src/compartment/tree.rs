//! Dendritic trees: compartments that hand values to one another over a stack of two operands.
//!
//! A neuron of several compartments is a run of consecutive compartments of a core, served in the order of their
//! numbers, leaves first and the soma last. In its turn a compartment
//!
//! 1. takes operands from the stack ([`StackIn`]): A is the top; with two, B is the one below;
//! 2. computes `x = wrap_23(u + bias)`, its own input, and joins ([`join`]): the result is what enters its voltage,
//!    wrapped at 23 bits and sign;
//! 3. compares with its threshold ([`crate::image::ThresholdMode`]);
//! 4. pushes ([`crate::image::StackOut`]) its voltage as the threshold mode lets it pass, or its current; the parent also sees
//!    whether it fired.
//!
//! | join | enters the voltage |
//! |---|---|
//! | skip | x |
//! | add | x + A + B |
//! | max, min | the largest, the smallest of x, A, B |
//! | pass | x + B if A fired, else 0 |
//! | block | x + B if A did not fire, else 0 |
//! | or | the largest of x, A, B if any is above 0, else 0 |
//! | and | the smallest of x, A, B if all are above 0, else 0 |
//!
//! An operand that was not taken is left out of its row. A compartment that passes its voltage counts as having fired
//! when that voltage is above its threshold. A fired compartment that pushes its voltage pushes 0, as it was reset.
//!
//! # What is known
//! That there is a stack, the names and codes of what a compartment does with it, of the joins and of the threshold
//! modes, and how networks use them: soft reset, adaptive thresholds, gated dendrites (public user code of the chip's
//! toolchain: `NxTF`, LSNN, the time-difference encoder; collected names and codes). Not known, and ours: which of two
//! operands is A; what number the logical joins hand on; what `pass` leaves of x; that a passed voltage counts as
//! fired; the overflow of a join, and what a third operand or a missing one does (an image with such a stack is
//! refused).

use crate::image::{Join, StackIn};
use crate::num::wrap_signed;

/// What a compartment leaves for its parent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Operand {
    /// Its voltage or current.
    pub value: i32,
    /// Whether it fired, or passed a voltage above its threshold.
    pub fired: bool,
}

/// The stack of a core, of at most two operands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OperandStack {
    operands: [Option<Operand>; 2],
}

/// Operands that were taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Operands {
    /// The first.
    pub a: Option<Operand>,
    /// The second.
    pub b: Option<Operand>,
}

impl OperandStack {
    /// Pushes; of three operands the oldest is lost, which the check of the image rules out.
    pub fn push(&mut self, operand: Operand) {
        let [top, _] = self.operands;
        self.operands = [Some(operand), top];
    }

    /// Takes operands; those that are not there are missing, which the check of the image rules out.
    pub fn take(&mut self, stack_in: StackIn) -> Operands {
        match stack_in {
            StackIn::Skip => Operands::default(),
            StackIn::PopA => Operands { a: self.pop(), b: None },
            StackIn::PopB => Operands { a: None, b: self.pop() },
            StackIn::PopAAndB => {
                let a = self.pop();
                Operands { a, b: self.pop() }
            }
        }
    }

    fn pop(&mut self) -> Option<Operand> {
        let [top, below] = self.operands;
        self.operands = [below, None];
        top
    }
}

/// What enters the voltage of a compartment whose own input is `x`; wraps at 23 bits and sign.
pub fn join(join: Join, x: i32, operands: &Operands) -> i32 {
    let Operands { a, b } = operands;
    let values = || [Some(x), a.map(|a| a.value), b.map(|b| b.value)].into_iter().flatten();
    let a_fired = a.is_some_and(|a| a.fired);
    let gated = |open: bool| if open { x.wrapping_add(b.map_or(0, |b| b.value)) } else { 0 };
    let joined = match join {
        Join::Skip => x,
        Join::Add => values().fold(0, i32::wrapping_add),
        Join::Max => values().max().unwrap_or(x),
        Join::Min => values().min().unwrap_or(x),
        Join::Pass => gated(a_fired),
        Join::Block => gated(!a_fired),
        Join::Or => values().max().unwrap_or(x).max(0),
        Join::And => values().min().unwrap_or(x).max(0),
    };
    wrap_signed(joined, 23)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn operand(value: i32, fired: bool) -> Operand {
        Operand { value, fired }
    }

    #[test]
    fn every_join_with_two_one_and_no_operand() {
        let two = Operands { a: Some(operand(-3, true)), b: Some(operand(8, false)) };
        let one = Operands { a: Some(operand(-3, false)), b: None };
        let none = Operands::default();
        let rows = [
            (Join::Skip, 5, 5, 5),
            (Join::Add, 10, 2, 5),
            (Join::Max, 8, 5, 5),
            (Join::Min, -3, -3, 5),
            (Join::Pass, 13, 0, 0),
            (Join::Block, 0, 5, 5),
            (Join::Or, 8, 5, 5),
            (Join::And, 0, 0, 5),
        ];
        for (kind, with_two, with_one, with_none) in rows {
            let got = [&two, &one, &none].map(|operands| join(kind, 5, operands));
            assert_eq!(got, [with_two, with_one, with_none], "{kind:?}");
        }
        assert_eq!(join(Join::Or, -5, &one), 0);
        assert_eq!(join(Join::And, 4, &Operands { a: Some(operand(3, false)), b: Some(operand(9, false)) }), 3);
        let high = Operands { a: Some(operand((1 << 23) - 1, false)), b: None };
        assert_eq!(join(Join::Add, 1, &high), -(1 << 23), "a join wraps at 23 bits and sign");
    }

    #[test]
    fn the_stack_gives_back_the_last_first() {
        let mut stack = OperandStack::default();
        stack.push(operand(1, false));
        stack.push(operand(2, true));
        assert_eq!(stack.take(StackIn::Skip), Operands::default());
        assert_eq!(stack.take(StackIn::PopAAndB), Operands { a: Some(operand(2, true)), b: Some(operand(1, false)) });
        stack.push(operand(3, false));
        assert_eq!(stack.take(StackIn::PopB), Operands { a: None, b: Some(operand(3, false)) });
        assert_eq!(stack.take(StackIn::PopA), Operands::default());
    }
}
