//! Spikes of images by saccades: where they move, how many there are, and what is drawn.

#![allow(clippy::unwrap_used, reason = "what is missing fails the test")]

use loihi_encode::saccades::Camera;

const CAMERA: Camera = Camera { sensor: [34, 34], step_us: 10_000, seed: 7 };

/// A bright square of 8 x 8 in the middle of an image of 28 x 28.
fn square() -> Vec<u8> {
    let inside = |at: usize| (10..18).contains(&(at / 28)) && (10..18).contains(&(at % 28));
    (0..784).map(|at| if inside(at) { 255 } else { 0 }).collect()
}

/// Mean row and column of the spikes of a plane in some steps.
fn centre(spikes: &[(u32, usize)], plane: usize, steps: std::ops::Range<u32>) -> [f64; 2] {
    let of_plane = |(step, element): &&(u32, usize)| steps.contains(step) && element / 1156 == plane;
    let places: Vec<usize> = spikes.iter().filter(of_plane).map(|(_, element)| element % 1156).collect();
    let mean = |part: fn(usize) -> usize| {
        let sum = places.iter().map(|place| u32::try_from(part(*place)).unwrap()).sum::<u32>();
        f64::from(sum) / f64::from(u32::try_from(places.len()).unwrap())
    };
    [mean(|place| place / 34), mean(|place| place % 34)]
}

/// What a bright thing moves to rises, and falls where it was.
#[test]
fn rises_are_ahead_of_falls() {
    let spikes = CAMERA.look(&square(), 28, 31, 0).spikes;
    let ahead = |steps: std::ops::Range<u32>| {
        let [rises, falls] = [0, 1].map(|plane| centre(&spikes, plane, steps.clone()));
        [0, 1].map(|axis| rises[axis] - falls[axis])
    };
    let [first, second, third] = [ahead(0..10), ahead(10..21), ahead(21..31)];
    assert!(first[0] > 3.0 && first[1] > 0.0, "down, and a little to the right: {first:?}");
    assert!(second[0] < -2.0 && second[1] > 2.0, "up and to the right: {second:?}");
    assert!(third[0].abs() < 2.0 && third[1] < -3.0, "to the left: {third:?}");
}

#[test]
fn events_are_as_many_as_in_recordings() {
    let spikes = CAMERA.look(&square(), 28, 31, 0);
    assert!(spikes.steps == 31 && spikes.spikes.is_sorted());
    assert!(spikes.spikes.windows(2).all(|pair| pair[0] != pair[1]), "each once");
    let count = |plane: usize| spikes.spikes.iter().filter(|(_, element)| element / 1156 == plane).count();
    let [rises, falls] = [0, 1].map(count);
    assert!(rises.abs_diff(falls) < rises / 8, "{rises} and {falls}");
    // Edges of 8 pixels move by about 5 in each saccade, and what they pass changes by seven thresholds.
    assert!((500..2000).contains(&(rises + falls)), "{rises} and {falls}");
    // A dark image gives noise only: a share of about 0.126 of the pixels, with a deviation of 12.
    let dark: usize = (0..20).map(|sample| CAMERA.look(&[0; 784], 28, 31, sample).spikes.len()).sum();
    assert!((20 * 130..20 * 170).contains(&dark), "{dark}");
}

#[test]
fn what_is_drawn_follows_from_the_seed_and_the_sample() {
    let look = |seed, sample| Camera { seed, ..CAMERA }.look(&square(), 28, 31, sample);
    assert_eq!(look(7, 3), look(7, 3));
    assert_ne!(look(7, 3), look(7, 4));
    assert_ne!(look(7, 3), look(8, 3));
}

/// The path takes 300 ms, in steps of any duration, and nothing comes after it.
#[test]
fn steps_of_any_duration_hold_the_same_path() {
    for (step_us, steps) in
        [(1, 300_001), (1000, 301), (7000, 43), (10_000, 31), (300_000, 2), (u64::MAX, 1), (0, 300_001)]
    {
        assert_eq!(Camera { step_us, ..CAMERA }.steps(), steps);
    }
    let fine = Camera { step_us: 1000, ..CAMERA }.look(&square(), 28, 400, 0);
    assert_eq!((fine.steps, fine.spikes.iter().all(|(step, _)| *step <= 300)), (400, true));
    let coarse = CAMERA.look(&square(), 28, 31, 0).spikes.len();
    assert!(fine.spikes.len() > coarse && fine.spikes.len() < 3 * coarse, "{} and {coarse}", fine.spikes.len());
    let whole = Camera { step_us: u64::MAX, ..CAMERA }.look(&square(), 28, 3, 0);
    assert!(
        whole.spikes.iter().all(|(step, _)| *step == 0) && (200..800).contains(&whole.spikes.len()),
        "{}",
        whole.spikes.len()
    );
}

#[test]
fn images_of_any_size_are_seen() {
    for (rows, columns, sensor) in [(1, 1, [1, 1]), (0, 3, [4, 4]), (5, 2, [5, 40]), (40, 40, [8, 8])] {
        let seen = Camera { sensor, ..CAMERA }.look(&vec![200; rows * columns], columns, 31, 1);
        assert!(seen.spikes.iter().all(|(_, element)| *element < 2 * sensor[0] * sensor[1]));
    }
    assert_eq!(Camera { sensor: [0, 9], ..CAMERA }.look(&[1], 0, 31, 1).spikes, []);
}
