//! Rounding of real numbers to the values that a register holds.

use loihi_net::network::{Connection, Signs};

/// Evenly spaced whole numbers of a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grid {
    /// Distance between neighbours.
    pub step: i32,
    /// Lowest value.
    pub low: i32,
    /// Highest value.
    pub high: i32,
}

impl Grid {
    /// All whole numbers of a range.
    pub const fn whole(low: i32, high: i32) -> Self {
        Self { step: 1, low, high }
    }

    /// Mantissas of the weights of a connection; with both signs the range is symmetric.
    pub fn of_weights(connection: &Connection) -> Self {
        let mixed = u32::from(connection.signs == Signs::Mixed);
        let step = 1_i32 << (8_u32.saturating_sub(connection.weight_bits) + mixed).min(9);
        let most = 255 / step * step;
        let (low, high) = match connection.signs {
            Signs::Mixed | Signs::Split => (-most, most),
            Signs::Excitatory => (0, most),
            Signs::Inhibitory => (-most, 0),
        };
        Self { step, low, high }
    }

    /// Rounds to the nearest of them; ties go to an even number of steps.
    #[inline]
    #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "registers have at most 23 bits")]
    pub fn nearest(self, value: f32) -> i32 {
        let step = self.step as f32;
        (((value / step).round_ties_even() * step) as i32).clamp(self.low, self.high)
    }

    /// The nearest mantissa of a weight, of a grid of weights.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "mantissas have 9 bits")]
    pub fn mantissa(self, weight: f32) -> i16 {
        self.nearest(weight) as i16
    }

    /// The range as real numbers.
    #[expect(clippy::cast_precision_loss, reason = "registers have at most 23 bits")]
    pub const fn range(self) -> [f32; 2] {
        [self.low as f32, self.high as f32]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use loihi_net::network::{Network, Population};

    /// What is rounded to loses nothing when it is stored.
    #[test]
    fn every_mantissa_is_stored_as_it_is() {
        let mut network = Network::new("n");
        let (from, to) = (network.input("in", 1), network.population(Population::new("p", 1)));
        for signs in [Signs::Mixed, Signs::Excitatory, Signs::Inhibitory, Signs::Split] {
            for bits in [1, 2, 3, 4, 5, 6, 8] {
                let connection = Connection::new(from, to, [0]).signs(signs).weight_bits(bits);
                let grid = Grid::of_weights(&connection);
                for weight in -300_i16..=300 {
                    let mantissa = grid.mantissa(f32::from(weight) + 0.3);
                    assert_eq!(connection.folded(mantissa), mantissa, "{signs:?} {bits} {weight}");
                    let inside = (grid.low..=grid.high).contains(&i32::from(weight));
                    let off = (f64::from(weight) + 0.3 - f64::from(mantissa)).abs();
                    assert!(!inside || off <= f64::from(grid.step) / 2.0 + 0.3, "{signs:?} {bits} {weight} {mantissa}");
                }
            }
        }
    }

    #[test]
    fn registers_are_rounded_to_the_nearest_whole_number_of_their_range() {
        let delays = Grid::whole(0, 62);
        for (value, expected) in [(-1.0, 0), (0.49, 0), (0.5, 0), (1.5, 2), (61.6, 62), (f32::MAX, 62), (f32::MIN, 0)] {
            assert_eq!(delays.nearest(value), expected, "{value}");
        }
        assert_eq!(delays.range().map(|end| delays.nearest(end)), [0, 62]);
        assert_eq!(Grid::whole(1, 131_071).nearest(131_070.4), 131_070);
    }
}
