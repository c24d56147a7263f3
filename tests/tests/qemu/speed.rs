//! Instructions on microcontrollers: the learning engine on each core, and networks in real time.

use crate::common::{experiment, open_board};
use crate::devices_agree::shortened;
use host_harness::boards;
use host_harness::cost::real_time::{Shape, USUAL};
use host_harness::device::session::Session;
use host_harness::experiment::{NoObserver, RunOptions, Task as _};

fn firmware(board: &str) -> Session {
    open_board("firmware", boards::named(board).unwrap())
}

/// Where axons have two synapses each, and where they have many; as recorded, instructions of a step.
#[test]
fn the_learning_engine_takes_about_as_much_on_every_core() {
    for (name, steps, most) in [("stdp-reward", "2500", 60_000), ("stdp-pair", "1280", 200_000)] {
        let experiment = shortened(experiment(name), steps);
        let [arm, riscv] = ["mps2-an386", "virt"].map(|board| {
            let outcome = experiment.run(&mut firmware(board), &RunOptions::default(), &mut NoObserver).unwrap();
            let per_step = outcome.instructions.unwrap() / outcome.steps;
            assert!(per_step < most, "{name} on {board}: {per_step} instructions a step");
            per_step
        });
        assert!(10 * riscv <= 13 * arm, "{name}: {riscv} instructions a step on RISC-V, {arm} on ARM");
    }
}

#[test]
fn the_largest_network_in_real_time_is_run() {
    let mut session = firmware("netduinoplus2");
    let shape = Shape { fan_in: 10, rate: 0.02 };
    let largest = shape.largest(&mut session, 12_000.0).unwrap().expect("one is found");
    assert!((100..600).contains(&largest.compartments), "{largest:?}");
    assert!(largest.mean <= largest.longest && largest.longest <= 12_000.0, "{largest:?}");
    // Here memory ends it before time does.
    let arena = session.identity().arena_bytes;
    let largest = USUAL.largest(&mut session, 1e9).unwrap().unwrap();
    let needed: usize = largest.bytes.iter().sum();
    assert!(needed <= arena && needed > arena / 10 * 9, "{largest:?} of {arena}");
}
