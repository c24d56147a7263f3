//! As many threads as are asked for or pay, and none where one cannot be started.

use super::*;
use loihi_core::chip::ResetScope;
use loihi_core::image::{Profile, Synapse};
use loihi_core::register::Register;
use loihi_image::image::{AxonOptions, ImageBuilder, ImageFile, Source};
use std::panic::{AssertUnwindSafe, catch_unwind};
use zerocopy::IntoBytes as _;

#[test]
fn as_many_threads_as_pay_or_as_are_asked_for() {
    assert_eq!(parts(1000, 1000, 0), 1, "a small network");
    assert_eq!(parts(100_000, 1, 0), 1, "a single step");
    assert!((1..=100_000 / COMPARTMENTS_MIN).contains(&parts(100_000, 1000, 0)));
    assert_eq!(parts(10, 1, 3), 3);
    assert_eq!(on_processors(NonZeroUsize::MIN), 1);
    assert_eq!(on_processors(NonZeroUsize::MAX), *PROCESSORS);
}

/// Steps that are left, without input.
struct Rest(u32);

impl Between for Rest {
    fn left(&self) -> u32 {
        self.0
    }

    fn inputs(&mut self, _put: &mut dyn FnMut(u32)) {}

    fn computed(&mut self, _spikes: &[u32]) -> bool {
        self.0 -= 1;
        self.0 > 0
    }
}

/// Four cores of compartments that fire by biases, are refractory, and excite those of the next core.
fn network() -> ImageFile {
    let mut builder = ImageBuilder::new();
    for core in 0..4 {
        if core > 0 {
            builder.core();
        }
        builder.group(10, Profile { v_th: 32_000, refractory: 3, decay_v: 100, ..Profile::DEFAULT });
    }
    builder.bias(0, &(0..40).map(|at| 64 * (20 + 6 * at)).collect::<Vec<_>>());
    for at in 0..40 {
        let compartment = at as usize % 10;
        let stored = builder.sparse_synapses(&[Synapse { compartment, delay: 0, weight: 40 }], 1);
        let axon = builder.axon((at as usize / 10 + 1) % 4, &stored, AxonOptions::default());
        builder.route(Source::Compartment(at), axon, 0);
    }
    builder.build().unwrap()
}

/// Calls `run` with a chip that runs this network.
fn with_chip<T>(run: impl FnOnce(&mut Chip<'_>) -> T) -> T {
    let file = network();
    let image = file.open().unwrap();
    let mut memory = vec![0_u64; Chip::bytes_needed(&image, &[]).div_ceil(8)];
    let mut chip = Chip::new(image, &[], memory.as_mut_bytes()).unwrap();
    run(&mut chip)
}

fn step(part: &mut Part<'_>, spikes: &[u32], inputs: &[u32]) {
    part.step(spikes, inputs);
}

/// 20 steps whole and 100 in parts, on threads that are built so; how many parts there were, spikes, and a digest.
fn computed(most: usize, thread: impl Fn(usize) -> Builder) -> (usize, u64, u64) {
    with_chip(|chip| {
        (0..20).for_each(|_| chip.step());
        assert!(!chip.spikes().is_empty(), "some are on their way");
        let mut left = Rest(100);
        let parts = run_on(chip, most, &mut left, step, thread);
        assert_eq!(left.0, 0);
        assert_eq!(run_on(chip, most, &mut left, step, |_| Builder::new()), 1, "no steps");
        assert_eq!(chip.t(), 120);
        (parts, chip.ops().spikes, chip.digest_of(Register::U.bit() | Register::V.bit()))
    })
}

#[test]
fn a_part_computes_in_any_room_that_is_large_enough() {
    with_chip(|chip| {
        let mut rooms = [vec![0xA5_u8; 8192], vec![0x5A; 8192]];
        let [small, room] = &mut rooms;
        let mut whole = chip.whole().unwrap();
        let bytes = whole.room_bytes();
        let found = whole.move_to_room(&mut small[..bytes - 1]).unwrap_err();
        assert_eq!(found.needed, bytes, "40 compartments");
        whole.step(&[], &[]);
        whole.move_to_room(room).unwrap();
        whole.step(&[], &[]);
        let computed = whole.computed();
        chip.join(&[computed], 2, 0);
        let digest = chip.digest_of(Register::U.bit() | Register::V.bit());
        chip.reset(ResetScope::All);
        (0..2).for_each(|_| chip.step());
        assert_eq!(chip.digest_of(Register::U.bit() | Register::V.bit()), digest);
    });
}

#[test]
fn a_network_is_computed_whole_if_a_thread_cannot_be_started() {
    let (parts, spikes, digest) = computed(1, |_| Builder::new());
    assert!(parts == 1 && spikes > 100, "{spikes} spikes");
    for (asked, parts) in [(2, 2), (3, 3), (4, 4), (5, 4), (usize::MAX, 4)] {
        assert_eq!(computed(asked, |_| Builder::new()), (parts, spikes, digest), "{asked} threads");
    }
    for unstarted in 0..3 {
        // More memory than there is.
        let stack_bytes = |number| if number == unstarted { usize::MAX / 4 } else { 1 << 20 };
        let found = computed(4, |number| Builder::new().stack_size(stack_bytes(number)));
        assert_eq!(found, (1, spikes, digest), "without thread {unstarted}");
    }
}

/// A step that fails on every thread but the first.
fn step_of_the_first(part: &mut Part<'_>, spikes: &[u32], inputs: &[u32]) {
    assert_ne!(thread::current().name(), Some("follower"), "as meant");
    part.step(spikes, inputs);
}

#[test]
fn a_panic_of_any_thread_ends_the_others_and_comes_out() {
    with_chip(|chip| {
        let follower = |_| Builder::new().name("follower".to_owned());
        let run = AssertUnwindSafe(|| run_on(chip, 3, &mut Rest(100), step_of_the_first, follower));
        let panic = catch_unwind(run).unwrap_err();
        let said = panic.downcast_ref::<String>().unwrap();
        assert!(said.contains("as meant"), "{said}");
    });
}
