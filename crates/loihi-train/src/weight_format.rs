//! Weights as the chip stores them: what a real number is rounded to, and what a spike then adds.

use loihi_net::network::{Connection, Signs};

/// The format of a connection's weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WeightFormat {
    /// Distance of two mantissas.
    pub step: i16,
    /// Least mantissa that is trained to.
    pub low: i16,
    /// Largest mantissa that is trained to.
    pub high: i16,
}

impl WeightFormat {
    /// That of a connection; ranges are as far on both sides.
    pub fn of(connection: &Connection) -> Self {
        let mixed = u32::from(connection.signs == Signs::Mixed);
        let step = 1_i16 << (8_u32.saturating_sub(connection.weight_bits) + mixed).min(9);
        let most = 255 / step * step;
        let (low, high) = match connection.signs {
            Signs::Mixed | Signs::Split => (-most, most),
            Signs::Excitatory => (0, most),
            Signs::Inhibitory => (-most, 0),
        };
        Self { step, low, high }
    }

    /// The nearest mantissa; halves go to the even step.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "held to the range")]
    pub fn mantissa(self, weight: f32) -> i16 {
        let step = f32::from(self.step);
        ((weight / step).round_ties_even() * step).clamp(f32::from(self.low), f32::from(self.high)) as i16
    }

    /// The range as real numbers.
    pub fn range(self) -> [f32; 2] {
        [f32::from(self.low), f32::from(self.high)]
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
                let format = WeightFormat::of(&connection);
                for weight in -300_i16..=300 {
                    let mantissa = format.mantissa(f32::from(weight) + 0.3);
                    assert_eq!(connection.folded(mantissa), mantissa, "{signs:?} {bits} {weight}");
                    let inside = (format.low..=format.high).contains(&weight);
                    let off = (f32::from(weight) + 0.3 - f32::from(mantissa)).abs();
                    assert!(
                        !inside || off <= f32::from(format.step) / 2.0 + 0.3,
                        "{signs:?} {bits} {weight} {mantissa}"
                    );
                }
            }
        }
    }
}
