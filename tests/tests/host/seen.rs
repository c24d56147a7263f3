//! What a program of the embedded CPU sees of compartments is what the host reads.

use crate::common::open;
use host_harness::device::inproc::InProcess;
use host_harness::image::{ImageBuilder, ImageFile};
use loihi_core::image::{Image, Parameter, Profile, index};
use loihi_core::register::Register;
use loihi_core::snip::{Cpu, Phase, Phases, Snip, SnipParams, SnipType, fits, require};

/// Remembers current, voltage and bias of a run of compartments, and writes a bias beyond it.
#[derive(Clone, Copy, Debug)]
struct Witness {
    first: u32,
    count: u32,
    biased: u32,
}

impl Snip for Witness {
    fn learned_words(&self) -> usize {
        3 * index(self.count)
    }

    fn run(&self, _phase: Phase, cpu: &mut Cpu<'_, '_>) {
        let run = index(self.first)..index(self.first + self.count);
        let seen: Vec<i32> =
            cpu.currents(run.clone()).chain(cpu.voltages(run.clone())).chain(cpu.biases(run)).collect();
        cpu.learned.copy_from_slice(&seen);
        cpu.set_bias(index(self.biased), 77);
    }
}

impl SnipParams for Witness {
    const KIND: u32 = 0x8200;
    const NAME: &'static str = "witness";
    const PHASES: Phases = Phases::only(Phase::Host);
    type Snip = Self;

    loihi_core::snip_words!(first, count, biased);

    fn snip(&self) -> Self {
        *self
    }

    fn check(&self, image: &Image<'_>) -> Result<(), Parameter> {
        require(fits(self.first, self.count, image.compartments()), "count")
    }
}

static SNIPS: [SnipType; 1] = [SnipType::of::<Witness>()];

/// Three cores that fill no block of lanes, with other currents, voltages and biases everywhere.
fn network(witness: &Witness, biased: bool) -> ImageFile {
    let mut builder = ImageBuilder::new();
    for compartments in [21, 5, 40] {
        builder.core();
        builder.group(compartments, Profile { decay_u: 30, decay_v: 40, v_th: 1 << 22, ..Profile::DEFAULT });
    }
    let numbers: Vec<i32> = (0..66).map(|at| 100 + 7 * at).collect();
    builder.start(0, &numbers, &numbers.iter().map(|number| -3 * number).collect::<Vec<i32>>());
    if biased {
        builder.bias(0, &numbers);
    }
    builder.snip(witness);
    builder.build().unwrap()
}

#[test]
fn registers_of_a_run_of_compartments_are_those_that_the_host_reads() {
    for (first, count) in [(0, 66), (0, 1), (19, 4), (20, 8), (26, 40), (65, 1), (30, 0)] {
        let mut session = open(Box::new(InProcess::with_snips(1 << 20, &SNIPS)));
        session.load(&network(&Witness { first, count, biased: 66 }, true)).unwrap();
        session.run(3, &[]).unwrap();
        let run = index(first)..index(first + count);
        let read = [Register::U, Register::V, Register::Bias].map(|it| session.read(it).unwrap()[run.clone()].to_vec());
        assert!(count == 0 || read.iter().flatten().all(|word| *word != 0), "{read:?}");
        assert_eq!(session.read(Register::Learned).unwrap(), read.concat(), "{count} from {first}");
    }
}

#[test]
fn a_bias_is_written_only_where_the_network_has_biases() {
    for biased in [true, false] {
        let mut session = open(Box::new(InProcess::with_snips(1 << 20, &SNIPS)));
        session.load(&network(&Witness { first: 22, count: 1, biased: 22 }, biased)).unwrap();
        session.run(2, &[]).unwrap();
        let [.., bias] = session.read(Register::Learned).unwrap()[..] else { panic!("three words") };
        assert_eq!((bias, session.ops().unwrap().bias_writes), if biased { (77, 2) } else { (0, 0) });
    }
}
