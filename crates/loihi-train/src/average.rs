//! Averages of what is trained over the last epochs (Polyak and Juditsky, 1992; of networks Izmailov and others, 2018, arXiv
//! 1803.05407): the trained network has these instead of the values of the last step, rounded to the registers in the same way.

use crate::parameter::Parameters;

/// The means of all groups of parameters over steps of the optimiser.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Average {
    /// Steps of the optimiser before the first one that counts.
    begin: u32,
    /// By group of parameters: means, 0 before the first step that counts.
    pub(crate) means: Vec<Vec<f32>>,
}

impl Average {
    /// Of these parameters, over all steps after the first `begin`.
    pub fn new(parameters: &[Parameters], begin: u32) -> Self {
        Self { begin, means: parameters.iter().map(|own| vec![0.0; own.values.len()]).collect() }
    }

    /// Takes up the parameters after step `number` of the optimiser, from 1.
    pub fn add(&mut self, number: u32, parameters: &[Parameters]) {
        let Some(counted) = number.checked_sub(self.begin).filter(|counted| *counted > 0) else { return };
        #[expect(clippy::cast_possible_truncation, reason = "a share may be rounded")]
        let share = (1.0 / f64::from(counted)) as f32;
        for (means, own) in self.means.iter_mut().zip(parameters) {
            means.iter_mut().zip(&own.values).for_each(|(mean, value)| *mean += share * (value - *mean));
        }
    }

    /// Whether a step counts among the first `steps` of the optimiser.
    pub const fn is_begun(&self, steps: u32) -> bool {
        steps > self.begin
    }

    /// Replaces parameters by their means.
    pub fn write(&self, parameters: &mut [Parameters]) {
        parameters.iter_mut().zip(&self.means).for_each(|(own, means)| own.values.clone_from(means));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use loihi_core::num::word;

    fn delays(value: f32) -> Vec<Parameters> {
        let mut all = [2, 3].map(|count| Parameters::delays(0, std::iter::repeat_n(0, count), 62, 1.0)).to_vec();
        let mut place = 0.0;
        for value_of in all.iter_mut().flat_map(|own| &mut own.values) {
            *value_of = value + place;
            place += 10.0;
        }
        all
    }

    fn values(all: &[Parameters]) -> Vec<f32> {
        all.iter().flat_map(|own| own.values.clone()).collect()
    }

    #[test]
    fn the_mean_is_that_of_the_steps_that_count() {
        let drawn = |number: u32| f32::from(u8::try_from(word(3, number, 0, 0) >> 24).unwrap());
        for (begin, last) in [(0, 1), (0, 9), (4, 5), (4, 300)] {
            let mut average = Average::new(&delays(0.0), begin);
            (1..=last).for_each(|number| average.add(number, &delays(drawn(number))));
            let mut own = delays(7.0);
            assert!(average.is_begun(last));
            average.write(&mut own);
            let mean = (begin + 1..=last).map(drawn).sum::<f32>() / f32::from(u16::try_from(last - begin).unwrap());
            for (found, expected) in values(&own).iter().zip(values(&delays(mean))) {
                assert!((found - expected).abs() < 1e-3, "{begin} {last}: {found} for {expected}");
            }
        }
    }

    #[test]
    fn steps_before_the_first_one_that_counts_leave_nothing() {
        let mut average = Average::new(&delays(0.0), 2);
        average.add(2, &delays(5.0));
        assert!(!average.is_begun(2) && average.is_begun(3));
        assert_eq!(average, Average::new(&delays(0.0), 2));
    }
}
