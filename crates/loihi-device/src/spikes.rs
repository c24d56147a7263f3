//! Spikes as they travel: those of a request in messages that hold them, those of a report step by step.

/// The bytes of spikes into external inputs: step and input of each, ascending by step.
pub(super) fn to_bytes(spikes: &[(u16, u16)]) -> Vec<u8> {
    let mut bytes = vec![0; spikes.len() * 4];
    for (bytes, (step, input)) in bytes.as_chunks_mut::<4>().0.iter_mut().zip(spikes) {
        let ([a, b], [c, d]) = (step.to_le_bytes(), input.to_le_bytes());
        *bytes = [a, b, c, d];
    }
    bytes
}

/// The little-endian words of an answer.
pub(super) fn words(bytes: &[u8]) -> impl Iterator<Item = u32> + '_ {
    bytes.as_chunks::<4>().0.iter().map(|word| u32::from_le_bytes(*word))
}

/// Hands the compartments that fired in each step of a report to `visit`; returns the number of steps.
pub(super) fn by_step(report: &[u8], mut visit: impl FnMut(u32, u32)) -> u32 {
    let (mut words, mut step) = (words(report), 0);
    while let Some(count) = words.next() {
        for compartment in words.by_ref().take(count as usize) {
            visit(step, compartment);
        }
        step += 1;
    }
    step
}

/// A part of a run: steps to compute, and the spikes that enter in them, as bytes with steps counted from its first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SpikePart {
    /// Steps; 0 for spikes that are put in before the next part.
    pub(super) steps: u32,
    /// The spikes.
    pub(super) spikes: Vec<u8>,
}

impl SpikePart {
    /// What is left once `steps` steps are computed.
    pub(super) fn rest(&self, steps: u32) -> Self {
        let later = |[a, b, c, d]: &[u8; 4]| {
            let step = u32::from(u16::from_le_bytes([*a, *b])).checked_sub(steps)?;
            // No larger than it was.
            let [a, b] = u16::try_from(step).unwrap_or(u16::MAX).to_le_bytes();
            Some([a, b, *c, *d])
        };
        let spikes = self.spikes.as_chunks::<4>().0.iter().filter_map(later).flatten().collect();
        Self { steps: self.steps.saturating_sub(steps), spikes }
    }
}

/// Cuts a run into parts whose spikes take at most `most` bytes each; spikes of the step after the last stay with the
/// last part. One part if they all fit.
pub(super) fn parts(steps: u32, spikes: &[(u16, u16)], most: usize) -> Vec<SpikePart> {
    let most = (most / 4).max(1);
    if spikes.len() <= most {
        return vec![SpikePart { steps, spikes: to_bytes(spikes) }];
    }
    let (mut parts, mut rest, mut done) = (Vec::new(), spikes, 0);
    while rest.len() > most {
        // As many whole steps as hold no more spikes than fit.
        let until = u32::from(rest[most].0);
        let whole = rest.partition_point(|(step, _)| u32::from(*step) < until);
        if whole == 0 {
            // A single step has more: a part of it goes first, without computing.
            let (now, later) = rest.split_at(most);
            parts.push(SpikePart { steps: until - done, spikes: shifted(now, done) });
            (rest, done) = (later, until);
            continue;
        }
        let (now, later) = rest.split_at(whole);
        parts.push(SpikePart { steps: until - done, spikes: shifted(now, done) });
        (rest, done) = (later, until);
    }
    parts.push(SpikePart { steps: steps.saturating_sub(done), spikes: shifted(rest, done) });
    parts
}

/// Takes the spikes of the `part` steps after `done` off the front of `rest`, all that are left if this is the last part,
/// with steps counted from `done`.
pub(super) fn take(rest: &mut &[(u16, u16)], done: u32, part: u32, last: bool) -> Vec<(u16, u16)> {
    let end = if last { rest.len() } else { rest.partition_point(|(step, _)| u32::from(*step) < done + part) };
    let (now, later) = rest.split_at(end);
    *rest = later;
    since(now, done).collect()
}

/// Spikes with steps counted from `first`.
fn since(spikes: &[(u16, u16)], first: u32) -> impl Iterator<Item = (u16, u16)> + '_ {
    let first = u16::try_from(first).unwrap_or(u16::MAX);
    spikes.iter().map(move |(step, input)| (step.saturating_sub(first), *input))
}

fn shifted(spikes: &[(u16, u16)], by: u32) -> Vec<u8> {
    to_bytes(&since(spikes, by).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_hold_all_spikes_in_their_steps() {
        let spikes: Vec<(u16, u16)> = (0..100).flat_map(|step| (0..step % 7).map(move |input| (step, input))).collect();
        for most in [4, 8, 12, 20, 400, 10_000] {
            let (mut done, mut found) = (0, Vec::new());
            for part in parts(100, &spikes, most) {
                assert!(part.spikes.len() <= most, "{} bytes of {most}", part.spikes.len());
                for [a, b, c, d] in part.spikes.as_chunks::<4>().0 {
                    let step = u32::from(u16::from_le_bytes([*a, *b]));
                    assert!(step <= part.steps);
                    found.push((u16::try_from(done + step).unwrap(), u16::from_le_bytes([*c, *d])));
                }
                done += part.steps;
            }
            assert_eq!((done, &found), (100, &spikes), "{most} bytes");
        }
    }

    #[test]
    fn a_report_is_read_step_by_step() {
        let report: Vec<u8> = [2_u32, 7, 9, 0, 1, 3].iter().flat_map(|word| word.to_le_bytes()).collect();
        let mut spikes = Vec::new();
        assert_eq!(by_step(&report, |step, compartment| spikes.push((step, compartment))), 3);
        assert_eq!(spikes, [(0, 7), (0, 9), (2, 3)]);
    }
}
