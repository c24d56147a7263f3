//! Integer PES on given spikes gives the recorded decoded values, bit for bit, in all variants and on every device.

use crate::common;
use crate::common::rules::{fnv32, numbers, recorded};
use host_harness::device::session::Session;
use host_harness::image::{BuildError, ImageBuilder, ImageFile, Source};
use loihi_core::image::{Parameter, Profile};
use loihi_core::register::Register;
use loihi_core::rules::{PesParams, PreSynapse};
use loihi_core::snip::SnipParams as _;
use loihi_core::wire::message::Record;
use serde_json::Value;

/// Compartments that fire in the step in which their input spikes, and PES on them.
fn population(count: u32, outputs: u32, learning: PesParams) -> Result<ImageFile, BuildError> {
    let mut builder = ImageBuilder::new();
    builder.mailboxes(0, outputs, outputs);
    let core = builder.core();
    let profile = Profile { decay_v: 4096, v_th: 64, v_min: 0, ..Profile::DEFAULT };
    let all = builder.group(count as usize, profile);
    for (input, compartment) in builder.inputs(count).zip(all) {
        builder.dense(Source::Input(input), core, compartment as usize, &[2]);
    }
    builder.snip(&PesParams { count, dimensions: outputs, decay_y: 46, ..learning });
    builder.build()
}

/// Replays the recorded spikes and targets; returns the values before each step's spikes are decoded, as recorded.
fn replay(session: &mut Session, file: &ImageFile, outputs: usize) -> Vec<Vec<i32>> {
    let run = &recorded()["pes_mode_a"];
    session.load(file).unwrap();
    let mut values = Vec::new();
    for (spikes, target) in run["spikes"].as_array().unwrap().iter().zip(numbers(&run["target_q12"])) {
        let target = i16::try_from(target).unwrap().to_le_bytes().repeat(outputs);
        let record = Record { learn: true, target: &target, ..Record::PLAIN };
        session.stream([record], |output| values.push(output.to_vec())).unwrap();
        let input = |input| (0, u16::try_from(input).unwrap());
        session.run(1, &numbers(spikes).into_iter().map(input).collect::<Vec<_>>()).unwrap();
    }
    values
}

fn whole(value: &Value) -> u32 {
    u32::try_from(value.as_u64().unwrap()).unwrap()
}

fn check(pre_synapse: PreSynapse, name: &str) {
    let run = &recorded()["pes_mode_a"];
    let expected = &run[name];
    let learning = PesParams { rate_shift: whole(&expected["lr_shift"]), pre_synapse, ..PesParams::default() };
    let spikes: usize = run["spikes"].as_array().unwrap().iter().map(|spikes| numbers(spikes).len()).sum();
    let file = population(whole(&run["n"]), 1, learning).unwrap();
    for mut session in [common::open_host(), common::open_qemu()] {
        let values = replay(&mut session, &file, 1).concat();
        let every_twentieth: Vec<i32> = values.iter().skip(19).step_by(20).copied().collect();
        assert_eq!(every_twentieth, numbers(&expected["y_q20_every_20"]), "{name} on {}", session.device_name());
        assert_eq!(fnv32(&values), whole(&expected["y_fnv"]), "{name} on {}", session.device_name());
        assert_eq!(session.ops().unwrap().spikes, spikes as u64, "every recorded spike, and no other");
    }
    // Several outputs with the same target are as one, whether their number is known to the program or not.
    let one = replay(&mut common::open_host(), &file, 1);
    for outputs in [2, 5, 10] {
        let file = population(whole(&run["n"]), u32::try_from(outputs).unwrap(), learning).unwrap();
        for (step, (row, one)) in replay(&mut common::open_host(), &file, outputs).iter().zip(&one).enumerate() {
            assert_eq!(*row, one.repeat(outputs), "{name}, {outputs} outputs, step {step}");
        }
    }
}

#[test]
fn pes_on_raw_spikes() {
    check(PreSynapse::Raw, "event_raw");
}

#[test]
fn pes_on_traces() {
    check(PreSynapse::Trace, "dense");
}

#[test]
fn pes_by_a_delayed_error() {
    check(PreSynapse::DelayedError, "event_fir12");
}

/// The decoder of a compartment that fires in two steps and is given an error of 100/4096.
fn decoder_after_given_errors(pre_synapse: PreSynapse, steps: u32) -> i32 {
    let mut session = common::open_host();
    let learning = PesParams { rate_shift: 10, pre_synapse, error_given: true, ..PesParams::default() };
    session.load(&population(1, 1, learning).unwrap()).unwrap();
    session.stream([Record { learn: true, target: &[100, 0], ..Record::PLAIN }], |_| {}).unwrap();
    session.run(steps, &[(0, 0), (1, 0)]).unwrap();
    session.read(Register::Learned).unwrap()[0]
}

#[test]
fn errors_can_be_given() {
    // Two spikes, each worth the error by 2^(12 − 10); filtered, they are worth as much in the end.
    assert_eq!(decoder_after_given_errors(PreSynapse::Raw, 40), -800);
    let filtered = decoder_after_given_errors(PreSynapse::Trace, 40);
    assert!((-800..-780).contains(&filtered), "{filtered}");
    assert_eq!(decoder_after_given_errors(PreSynapse::DelayedError, 11), 0, "the first spike still waits");
    assert_eq!(decoder_after_given_errors(PreSynapse::DelayedError, 12), -400);
    assert_eq!(decoder_after_given_errors(PreSynapse::DelayedError, 40), -800);
}

#[test]
fn parameters_out_of_range_are_refused_by_name() {
    let learning = |rate_shift, pre_synapse| PesParams { rate_shift, pre_synapse, ..PesParams::default() };
    let [raw, trace, delayed] = [PreSynapse::Raw, PreSynapse::Trace, PreSynapse::DelayedError];
    for (rate_shift, pre_synapse) in [(31, raw), (28, trace), (28, delayed)] {
        assert!(population(3, 1, learning(rate_shift, pre_synapse)).is_ok());
        let error = population(3, 1, learning(rate_shift + 1, pre_synapse)).unwrap_err().to_string();
        assert!(error.contains("program 0 of the network, `pes`: `rate_shift` is out of range"), "{error}");
    }
    let mut words = learning(10, raw).words();
    words[7] = 3;
    assert_eq!(PesParams::from_words(&words), Err(Parameter("pre_synapse")));
    [words[7], words[8]] = [0, 2];
    assert_eq!(PesParams::from_words(&words), Err(Parameter("error_given")));
}
