//! Work on several threads, with results in the order of what was worked on.

use std::num::NonZeroUsize;
use std::thread;

/// Does something with each item, on as many threads as there are jobs; the results in the order of the items.
///
/// # Panics
/// The work does.
pub fn each<T: Send, R: Send>(items: &mut [T], jobs: NonZeroUsize, work: impl Fn(usize, &mut T) -> R + Sync) -> Vec<R> {
    let mut numbered: Vec<(usize, &mut T)> = items.iter_mut().enumerate().collect();
    let run = |part: &mut [(usize, &mut T)]| -> Vec<R> {
        part.iter_mut().map(|(number, item)| work(*number, item)).collect()
    };
    let part = numbered.len().div_ceil(jobs.get()).max(1);
    let mut parts = numbered.chunks_mut(part);
    let own = parts.next();
    thread::scope(|scope| {
        let others: Vec<_> = parts.map(|part| scope.spawn(|| run(part))).collect();
        let mut results = own.map(run).unwrap_or_default();
        for other in others {
            match other.join() {
                Ok(more) => results.extend(more),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        results
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_in_the_order_of_the_items() {
        for jobs in 1..9 {
            let mut items = [10, 20, 30, 40, 50];
            let results = each(&mut items, NonZeroUsize::new(jobs).unwrap(), |number, item| {
                *item += number;
                *item
            });
            assert_eq!(results, [10, 21, 32, 43, 54]);
            assert_eq!(items, [10, 21, 32, 43, 54]);
        }
    }
}
