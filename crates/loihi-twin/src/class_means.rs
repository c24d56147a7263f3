//! Nearest class means: a classifier in double precision, on the spike counts that a head gets.

/// Means of the samples of each class.
///
/// ```
/// let mut means = loihi_twin::ClassMeans::default();
/// means.learn(0, &[1.0, 2.0]);
/// means.learn(2, &[10.0, 0.0]);
/// // The direction of (10, 0), but nearer to (1, 2).
/// assert_eq!(means.answers(&[3.0, 1.0], |_| true), [Some(2), Some(0)]);
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ClassMeans {
    /// By class: samples, and their sums.
    classes: Vec<(u32, Vec<f64>)>,
}

impl ClassMeans {
    /// Adds a sample of a class; every sample has the same number of counts.
    pub fn learn(&mut self, class: u32, counts: &[f64]) {
        let class = class as usize;
        if self.classes.len() <= class {
            self.classes.resize(class + 1, (0, vec![0.0; counts.len()]));
        }
        let (samples, sums) = &mut self.classes[class];
        *samples += 1;
        sums.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
    }

    /// The class with the most similar mean, and that with the nearest one, among those that can be; the lower class wins a
    /// tie. `None` before any of them was learned.
    pub fn answers(&self, counts: &[f64], can_be: impl Fn(u32) -> bool) -> [Option<u32>; 2] {
        let mut best: [Option<(f64, u32)>; 2] = [None; 2];
        for (class, (samples, sums)) in (0..).zip(&self.classes).filter(|(class, own)| own.0 > 0 && can_be(*class)) {
            let of_each = |value: fn(f64, f64) -> f64| {
                sums.iter().zip(counts).map(|(sum, count)| value(sum / f64::from(*samples), *count)).sum::<f64>()
            };
            let length = of_each(|mean, _| mean * mean).sqrt();
            let dot = of_each(|mean, count| mean * count);
            let cosine = if length > 0.0 { dot / length } else { 0.0 };
            let nearness = -of_each(|mean, count| (mean - count).powi(2));
            for (best, score) in best.iter_mut().zip([cosine, nearness]) {
                if best.is_none_or(|(so_far, _)| score > so_far) {
                    *best = Some((score, class));
                }
            }
        }
        best.map(|best| best.map(|(_, class)| class))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_by_hand() {
        let mut means = ClassMeans::default();
        assert_eq!(means.answers(&[1.0, 1.0], |_| true), [None; 2]);
        means.learn(2, &[8.0, 0.0]);
        means.learn(2, &[12.0, 0.0]);
        means.learn(0, &[1.0, 2.0]);
        // The direction of (10, 0), but nearer to (1, 2).
        assert_eq!(means.answers(&[3.0, 1.0], |_| true), [Some(2), Some(0)]);
        assert_eq!(means.answers(&[3.0, 1.0], |class| class != 2), [Some(0); 2]);
        // A silent sample is as similar to all.
        assert_eq!(means.answers(&[0.0, 0.0], |_| true), [Some(0), Some(0)]);
    }
}
