//! Steps of a request that a board computes in several parts of the chip at the same time.

use crate::chip::Chip;

/// How a board computes the steps of a request in parts ([`Chip::whole`]).
#[derive(Clone, Copy, Debug)]
pub struct InParts {
    /// Most parts; 0 chooses by the size of the network.
    pub parts: usize,
    /// Computes steps that [`Between`] asks for: all, the first ones, or none if programs or metering need the whole chip. The others
    /// are computed whole.
    pub run: fn(&mut Chip<'_>, usize, &mut dyn Between),
}

/// What a device does between the steps.
pub trait Between {
    /// Steps that are left to compute, unless the line is wanted before.
    fn left(&self) -> u32;

    /// Hands on the external inputs that spike in the next step.
    fn inputs(&mut self, put: &mut dyn FnMut(u32));

    /// Takes the compartments that fired in a step, ascending; says whether another step is to be computed.
    fn computed(&mut self, spikes: &[u32]) -> bool;
}
