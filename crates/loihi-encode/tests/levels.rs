//! Spikes by the levels that values reach, and by those that they cross.

use loihi_encode::{crossings, frames, levels};

#[test]
fn a_value_spikes_at_every_level_that_it_reaches() {
    let rows = [63, 64, 255, 128, 0, 192];
    let spikes = levels(&rows, 3, 3).spikes;
    assert_eq!(spikes, [(0, 1), (0, 2), (0, 5), (0, 8), (1, 0), (1, 2), (1, 3), (1, 5), (1, 8)]);
    let of_one = frames(&rows, 3);
    assert_eq!((of_one.steps, &of_one.spikes[..]), (2, &[(0, 2), (1, 0), (1, 2)][..]), "one level is the half");
}

#[test]
fn a_level_that_is_crossed_spikes() {
    // Three levels, 64, 128 and 192, of rows of two.
    let rows = [63, 64, 255, 128, 127, 128, 0, 0];
    let expected = [(0, 1), (1, 0), (1, 2), (1, 3), (1, 4), (2, 8), (2, 10), (3, 6), (3, 7), (3, 9)];
    let found = crossings(&rows, 2, 3);
    assert_eq!((found.steps, &found.spikes[..]), (4, &expected[..]));
}

/// Of every pair of values: what is reached before and after differs by what has spiked.
#[test]
fn crossings_lead_from_the_levels_before_to_those_after() {
    for (before, after) in (0..=255).flat_map(|before| (0..=255).map(move |after| (before, after))) {
        let mut is_reached = [false; 40];
        for (_, element) in crossings(&[before, after], 1, 40).spikes {
            let (level, rises) = (element % 40, element < 40);
            assert_ne!(is_reached[level], rises, "{before} {after}");
            is_reached[level] = rises;
        }
        let reached = levels(&[after], 1, 40).spikes.into_iter().map(|(_, level)| level);
        assert!((0..40).filter(|level| is_reached[*level]).eq(reached), "{before} {after}");
    }
}
