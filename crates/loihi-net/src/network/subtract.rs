//! Reset by subtraction: what a spike takes off a voltage is a weight. And the mantissas of weights with both signs.

use super::{Connection, Each, Endpoint, Signs, Weights};
use loihi_core::image::{Join, Profile, StackIn, StackOut, ThresholdMode, Tree};
use loihi_core::num::WeightExponent;

/// The least exponent that `most` mantissas hold a value with, in units of 64.
fn least_exponent(value: f64, most: f64) -> WeightExponent {
    let holds = |exponent: &i32| value <= most * power(WeightExponent::saturating(*exponent));
    WeightExponent::saturating((0..WeightExponent::MAX).find(holds).unwrap_or(WeightExponent::MAX))
}

fn power(exponent: WeightExponent) -> f64 {
    2.0_f64.powi(exponent.get())
}

/// The least exponent at which mantissas of both signs are nearest to weights of this magnitude, in units of 64: 254 is nearest
/// to 255.
pub fn even_exponent(largest: f64) -> WeightExponent {
    least_exponent(largest, 255.0)
}

/// The mantissa of both signs nearest to a weight in units of 64: even, −256..=254.
pub fn even_mantissa(weight: f64, exponent: WeightExponent) -> i16 {
    #[expect(clippy::cast_possible_truncation, reason = "held to the range")]
    let mantissa = (2.0 * (weight / (2.0 * power(exponent))).round()).clamp(-256.0, 254.0) as i16;
    mantissa
}

/// The least exponent at which a synapse takes a threshold off, whose mantissa this is: multiples of `2^exponent` are exact.
pub fn subtract_exponent(threshold: f64) -> WeightExponent {
    least_exponent(threshold, 256.0)
}

/// The two compartments of a neuron with reset by subtraction: the first integrates, with this decay, the second fires. The
/// synapses of [`subtracting`] enter the first.
pub const fn subtract_compartments(decay_v: i32, v_th: i32) -> [Profile; 2] {
    let passes = Tree { stack_out: StackOut::Push, threshold: ThresholdMode::PassAbove, ..Tree::NONE };
    let takes = Tree { stack_in: StackIn::PopA, join: Join::Add, ..Tree::NONE };
    let adds = Profile { decay_u: 4096, decay_v, v_th: 0, tree: passes, ..Profile::DEFAULT };
    let fires = Profile { decay_u: 4096, decay_v: 4096, v_th, tree: takes, ..Profile::DEFAULT };
    [adds, fires]
}

/// The synapses by which the neurons of a population subtract their thresholds from the voltage of a compartment. `thresholds` are
/// mantissas, one for each neuron or one for all.
pub fn subtracting(population: usize, compartment: usize, thresholds: &[i32]) -> Connection {
    let exponent = subtract_exponent(f64::from(thresholds.iter().copied().max().unwrap_or(0)));
    let weight = |threshold: &i32| i16::try_from(-(threshold >> exponent.get())).unwrap_or(-256);
    let own = Endpoint::Population(population);
    Connection::new(own, own, Weights::OneToOne(Each::of(thresholds.iter().map(weight).collect())))
        .compartment(compartment)
        .wgt_exp(exponent)
        .signs(Signs::Inhibitory)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mantissas_are_even_and_nearest_at_the_least_exponent_that_holds_them() {
        for (weight, exponent, mantissa) in
            [(0.9, 0, 0), (-3.2, 0, -4), (254.9, 0, 254), (255.1, 1, 128), (-256.0, 1, -128), (32_640.0, 7, 254)]
        {
            let found = even_exponent(f64::abs(weight));
            assert_eq!((found.get(), even_mantissa(weight, found)), (exponent, mantissa), "{weight}");
        }
        assert_eq!([1e9, -1e9].map(|weight| even_mantissa(weight, WeightExponent::saturating(7))), [254, -256]);
    }

    #[test]
    fn a_synapse_takes_whole_thresholds_off() {
        for (threshold, exponent, weight) in [(1, 0, -1), (256, 0, -256), (258, 1, -129), (32_768, 7, -256)] {
            let found = subtracting(3, 1, &[threshold]);
            assert_eq!((found.wgt_exp.get(), found.weights), (exponent, Weights::OneToOne(Each::Same(weight))));
        }
    }
}
