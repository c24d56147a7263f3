//! Counts of three neurons over ten steps, worked out by hand, on the host and on the firmware in QEMU; what metering
//! must not change.

use crate::common::{experiment, open_host, open_qemu, small_network};
use host_harness::cost::activity::Activity;
use host_harness::cost::event::{CostEvent, Counts};
use host_harness::cost::floorplan::Floorplan;
use host_harness::cost::model::{EnergyKind, Model};
use host_harness::cost::prices::{ENERGY_DEFAULT, Prices, TIME_DEFAULT};
use host_harness::cost::traffic::ClosedForm;
use host_harness::cost::units::{Energy, Time};
use host_harness::device::meter::{Meter, MeteredRun};
use host_harness::device::session::Session;
use host_harness::experiment::{NoObserver, RunOptions};
use host_harness::image::{ImageBuilder, ImageFile, Plasticity, Source};
use host_harness::rule::{self, Limits};
use loihi_core::image::{Profile, Synapse};
use loihi_core::ops::OpCounts;
use loihi_core::register::Register;
use loihi_core::synapse::SignMode;
use loihi_core::wire::message::Record;

/// Cores of the network: neurons A and B are on the first, C is on the last, which is in the next tile.
const CORES: usize = 5;
const STEPS: usize = 10;
/// The input spikes in these steps.
const INPUT: [u16; 3] = [0, 3, 6];

/// An input fires A, A fires B through a plastic synapse, B fires C. Neurons keep a current for a step, and no voltage.
fn three_neurons() -> ImageFile {
    let mut builder = ImageBuilder::new();
    let profile = Profile { decay_u: 4096, decay_v: 4096, v_th: 100 << 6, ..Profile::DEFAULT };
    let first = builder.core();
    let [a, b] = [0, 1];
    builder.group(2, profile);
    let last = (1..CORES).map(|_| builder.core()).last().unwrap();
    builder.group(1, profile);
    let input = builder.inputs(1).start;
    builder.dense(Source::Input(input), first, 0, &[200]);
    let plasticity = Plasticity::default()
        .products(rule::parse("dw = -2*x0", &Limits::LOIHI).unwrap())
        .sign_mode(SignMode::Excitatory);
    let to_b = vec![Synapse { compartment: 1, delay: 0, weight: 200 }];
    builder.plastic_group(first, 1..2, &plasticity, [(Source::Compartment(a), to_b)]);
    let to_c = |delay, weight| Synapse { compartment: 0, delay, weight };
    builder.sparse(Source::Compartment(b), last, &[to_c(0, 10), to_c(2, 200)]);
    builder.build().unwrap()
}

/// Whether something happens in a step: '1' at its place.
fn at(steps: &str, step: usize) -> u64 {
    assert_eq!(steps.len(), STEPS);
    u64::from(steps.as_bytes()[step] == b'1')
}

/// What happens in each step, by hand.
///
/// A has input in steps 0, 3, 6 and fires at once. Its spike is delivered in the step after, fires B and changes the
/// synapse. B's is delivered in the step after that, with little weight then and much two steps later: C fires in
/// steps 4 and 7; the third time would be step 10. A current is there for one step more than its input, so that is how
/// long a neuron has something to do.
fn expected(step: usize) -> [Counts; 2] {
    let input = at("1001001000", step);
    let a_delivered = at("0100100100", step);
    let b_delivered = at("0010010010", step);
    let c_fires = at("0000100100", step);
    let a_active = at("1101101100", step);
    let b_active = at("0110110110", step);
    let c_active = at("0011111111", step);
    let [mut first, mut last] = [Counts::default(); 2];
    first.add(CostEvent::CompartmentActive, a_active + b_active);
    first.add(CostEvent::CompartmentIdle, 2 - a_active - b_active);
    // A fires when it has input, B when A's spike is delivered.
    first.add(CostEvent::SpikeFired, input + a_delivered);
    first.add(CostEvent::MessageIn, input + a_delivered);
    first.add(CostEvent::SynapseDense, input);
    first.add(CostEvent::SynapseSparse, a_delivered);
    first.add(CostEvent::MessageOut, a_delivered + b_delivered);
    first.add(CostEvent::MessageInTile, a_delivered);
    first.add(CostEvent::HopEw, b_delivered);
    // One axon and one compartment, in every epoch of one step.
    first.add(CostEvent::TraceUpdate, 2);
    first.add(CostEvent::SynapseUpdate, a_delivered);
    last.add(CostEvent::CompartmentActive, c_active);
    last.add(CostEvent::CompartmentIdle, 1 - c_active);
    last.add(CostEvent::SpikeFired, c_fires);
    last.add(CostEvent::MessageIn, b_delivered);
    last.add(CostEvent::SynapseSparse, 2 * b_delivered);
    [first, last]
}

/// Meters the network in one request of ten steps.
fn meter(session: &mut Session) -> MeteredRun {
    session.set_meter(Some(Meter::new(0)));
    session.load(&three_neurons()).unwrap();
    let spikes = INPUT.map(|step| (step, 0));
    session.run(u32::try_from(STEPS).unwrap(), &spikes).unwrap();
    session.take_meter().unwrap().into_runs().pop().unwrap()
}

fn assert_as_by_hand(run: &MeteredRun) -> Activity {
    let activity = Activity::of(run, &Floorplan::LOIHI_1).unwrap();
    assert_eq!((activity.cores, activity.steps.len()), (CORES, STEPS));
    for (number, step) in activity.steps.iter().enumerate() {
        let [first, last] = expected(number);
        for (core, counts) in step.cores.iter().enumerate() {
            let expected = match core {
                0 => first,
                4 => last,
                _ => Counts::default(),
            };
            for (event, count) in counts.iter() {
                assert_eq!(count, expected.of(event), "step {number}, core {core}: {}", event.name());
            }
        }
        let delivered = [(0, 0, at("0100100100", number)), (0, 4, at("0010010010", number))];
        let messages: Vec<_> = delivered.into_iter().filter(|(.., count)| *count > 0).collect();
        assert_eq!(step.messages, messages, "step {number}");
    }
    let ops = OpCounts {
        steps: 10,
        compartment_updates: 30,
        spikes: 8,
        input_spikes: 3,
        axon_events: 9,
        synaptic_events: 12,
        trace_updates: 20,
        learning_updates: 3,
        ..OpCounts::default()
    };
    assert_eq!(run.ops, ops);
    activity
}

#[test]
fn three_neurons_on_the_host() {
    let mut session = open_host();
    let activity = assert_as_by_hand(&meter(&mut session));
    assert_eq!(session.read(Register::W).unwrap(), [194], "three changes of -2");
    let [energy, time] = [ENERGY_DEFAULT, TIME_DEFAULT].map(|name| Prices::built_in(name).unwrap());
    let model = Model { energy: &energy, time: &time, plan: Floorplan::LOIHI_1, traffic: &ClosedForm };
    let breakdown = model.breakdown(&activity);
    // 20 active and 10 idle compartments, 12 synaptic events, 3 messages in the tile and 3 over one hop, 3 changes.
    let pj = 20.0 * 81.0 + 10.0 * 52.0 + 12.0 * 23.6 + 3.0 * 1.7 + 3.0 * 3.0 + 3.0 * 120.0;
    assert_eq!(breakdown.of(EnergyKind::Dynamic).typical, Energy::from_pj(pj));
    // Step 1: two active compartments, a spike fired, one message in and one out, a synaptic event, a change.
    let ns = 2.0 * 9.7 + 30.0 + 16.0 + 5.1 + 4.7 + 6.1;
    assert_eq!(model.slowest_core(&activity.steps[1]).typical, Time::from_ns(ns));
    assert_eq!(breakdown.times.barrier.typical, Time::from_ns(10.0 * 1000.0), "two tiles");
    // The way of the messages: three steps with one in the tile, three with one over a hop.
    assert_eq!(breakdown.times.traffic.typical, Time::from_ns(3.0 * 2.1 + 3.0 * 4.1));
}

#[test]
fn three_neurons_on_the_firmware() {
    assert_as_by_hand(&meter(&mut open_qemu()));
}

/// The same as records: spikes, counts and state do not depend on how the steps are asked for.
#[test]
fn metering_changes_no_bit() {
    let run = |session: &mut Session, meter: Option<Meter>| {
        session.set_meter(meter);
        session.load(&small_network()).unwrap();
        let mut outputs = Vec::new();
        for round in 0..6_i16 {
            let stimulus: Vec<u8> = [900 + 100 * round, 2000].into_iter().flat_map(i16::to_le_bytes).collect();
            let target: Vec<u8> = [500, -300_i16].into_iter().flat_map(i16::to_le_bytes).collect();
            let record = |reset, steps| Record {
                reset,
                learn: true,
                steps,
                stimulus: &stimulus,
                target: &target,
                ..Record::PLAIN
            };
            let records = [record(true, 9), record(false, 0), record(false, 4)];
            session.stream(records, |output| outputs.push(output.to_vec())).unwrap();
            session.run(3, &[(0, 0), (0, 1), (2, 1)]).unwrap();
        }
        (session.digest().unwrap(), session.ops().unwrap(), outputs)
    };
    let mut session = open_host();
    let plain = run(&mut session, None);
    for stride in [0, 10, 40] {
        let metered = run(&mut session, Some(Meter::new(stride)));
        assert_eq!(metered, plain, "stride {stride}");
        let runs = session.take_meter().unwrap().into_runs();
        let [run] = &runs[..] else { panic!("one image: {}", runs.len()) };
        assert_eq!(run.ops.steps, run.steps.len() as u64, "stride {stride}");
        assert_eq!(run.steps.len() == 96, stride == 0, "stride {stride}: {} steps", run.steps.len());
        let sum = |of: fn(&loihi_core::meter::CoreCounts) -> u32| -> u64 {
            run.steps.iter().flat_map(|step| &step.cores).map(|core| u64::from(of(core))).sum()
        };
        assert_eq!(sum(|core| core.spikes), run.ops.spikes, "stride {stride}");
        assert_eq!(sum(|core| core.axon_events), run.ops.axon_events, "stride {stride}");
        let events = sum(|core| core.dense_events + core.sparse_events + core.shared_events);
        assert_eq!(events, run.ops.synaptic_events, "stride {stride}");
    }
}

/// A whole experiment in which the embedded CPU works: both devices count the same, and the firmware says how many
/// instructions the CPU's programs took.
#[test]
fn both_devices_meter_the_same() {
    let run = |session: &mut Session| {
        session.set_meter(Some(Meter::new(200)));
        let options = RunOptions { epochs: Some(1), samples: Some(40), ..RunOptions::default() };
        let outcome = experiment("digits-pes").run(session, &options, &mut NoObserver).unwrap();
        (outcome, session.take_meter().unwrap().into_runs().pop().unwrap())
    };
    let (host, on_host) = run(&mut open_host());
    let (qemu, on_qemu) = run(&mut open_qemu());
    assert_eq!(host.digest, qemu.digest);
    assert!(on_host.steps.len() > 100, "{}", on_host.steps.len());
    assert_eq!(on_host.steps, on_qemu.steps);
    assert_eq!(on_host.ops, on_qemu.ops);
    assert_eq!(on_host.snip_instructions, None);
    let snips = on_qemu.snip_instructions.unwrap();
    let all = qemu.instructions.unwrap();
    assert!(0 < snips && snips < all, "{snips} of {all}");
    // What the kernels' figures say of the same work.
    let activity = Activity::of(&on_host, &Floorplan::LOIHI_1).unwrap();
    let estimate = host_harness::cost::instructions::instructions(&activity.cpu);
    assert!(estimate.low <= snips && snips <= estimate.high, "{snips} instructions, estimated {estimate:?}");
}
