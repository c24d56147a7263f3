//! Work on several threads, whose results stand in the order of the work.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Does the pieces `0..count` on as many threads as there are jobs, each with a state of its own, and returns what they come to in
/// their order; after the first error no piece is begun.
///
/// # Errors
/// The first by its place.
pub fn each<S, R: Send, E: Send>(
    count: usize,
    jobs: NonZeroUsize,
    state: impl Fn() -> Result<S, E> + Sync,
    work: impl Fn(&mut S, usize) -> Result<R, E> + Sync,
) -> Result<Vec<R>, E> {
    let next = AtomicUsize::new(0);
    let run = || -> Result<Vec<(usize, R)>, (usize, E)> {
        let mut own = None;
        let mut done = Vec::new();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= count {
                return Ok(done);
            }
            let result = match &mut own {
                Some(own) => work(own, number),
                none => state().and_then(|state| work(none.insert(state), number)),
            };
            match result {
                Ok(result) => done.push((number, result)),
                Err(error) => {
                    next.store(count, Ordering::Relaxed);
                    return Err((number, error));
                }
            }
        }
    };
    let parts: Vec<_> = thread::scope(|scope| {
        let others: Vec<_> = (1..jobs.get().min(count)).map(|_| scope.spawn(run)).collect();
        let mut parts = vec![run()];
        for other in others {
            parts.push(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        parts
    });
    let mut all: Vec<(usize, R)> = Vec::new();
    let mut first: Option<(usize, E)> = None;
    for part in parts {
        match part {
            Ok(done) => all.extend(done),
            Err(error) if first.as_ref().is_none_or(|first| error.0 < first.0) => first = Some(error),
            Err(_) => {}
        }
    }
    if let Some((_, error)) = first {
        return Err(error);
    }
    all.sort_by_key(|(number, _)| *number);
    Ok(all.into_iter().map(|(_, result)| result).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_stand_in_order_and_errors_end_the_work() {
        for jobs in 1..4 {
            let jobs = NonZeroUsize::new(jobs).unwrap();
            let squares = each(100, jobs, || Ok::<_, ()>(()), |(), number| Ok(number * number));
            assert_eq!(squares.unwrap(), (0..100).map(|number| number * number).collect::<Vec<_>>());
            let failed = each(100, jobs, || Ok(()), |(), number| if number == 7 { Err(number) } else { Ok(()) });
            assert_eq!(failed, Err(7));
        }
    }
}
