//! One neuron against its equation and against simulators of it, and the duration of its step.

use super::*;

/// Voltages and spikes of one neuron, step by step, in the file's unit.
fn trace(node: NirNode, weight: f64, options: QuantiseOptions, fires: &[bool]) -> Vec<(f64, bool)> {
    let threshold = node.array("v_threshold").unwrap().real()[0];
    let nodes = vec![("in", input(&[1])), ("w", linear([1, 1], vec![weight])), ("lif", node), ("out", output(&[1]))];
    let graph = graph(nodes, &[("in", "w"), ("w", "lif"), ("lif", "out")]);
    let network = quantise(&graph, "n", options).unwrap().network;
    let unit = f64::from(network.populations[0].compartments.last().unwrap().get(0).unwrap().v_th) / threshold;
    let placed = place(&network, loihi_place::place::PlacementOptions::default()).unwrap();
    let mut session = Session::open(Box::new(InProcess::new(1 << 20)), RetryPolicy::default(), 1, || false).unwrap();
    let mut inference = Inference::new(&mut session, &network, &placed).unwrap();
    let mut trace = Vec::new();
    for fires in fires {
        let spikes = if *fires { vec![(0, 0, 0)] } else { Vec::new() };
        let mut fired = false;
        inference.go_on(&Stimulus { steps: 1, spikes, ..Stimulus::default() }, |_| fired = true).unwrap();
        trace.push((f64::from(inference.read(Register::V, 0).unwrap()[0]) / unit, fired));
    }
    trace
}

/// A neuron of the common benchmark (τ = 2.5 ms, threshold 0.1, dt = 0.1 ms), by both integrators: every spike, and
/// voltages as far as the decay register lets them.
#[test]
fn a_single_neuron_follows_its_equation() {
    let fires: Vec<bool> = (0..2000).map(|step| word(9, step, 0, 0).is_multiple_of(13)).collect();
    let exp = f64::exp(-0.04);
    let ways =
        [(Integrator::Euler, 1.0 - 0.04, 0.04), (Integrator::Exp, exp, 1.0 - exp), (Integrator::Impulse, exp, 0.04)];
    for (integrator, keep, share) in ways {
        let options = QuantiseOptions { dt: Some(1e-4), integrator, ..QuantiseOptions::default() };
        let found = trace(lif(1, 2.5e-3, 1.0, 0.1), 1.0, options, &fires);
        let (mut v, mut spikes, mut worst) = (0.0, 0, 0.0_f64);
        for (step, (fires, (found, fired))) in fires.iter().zip(&found).enumerate() {
            v = keep * v + f64::from(u8::from(*fires)) * share;
            let spike = v > 0.1;
            v = if spike { 0.0 } else { v };
            spikes += usize::from(spike);
            assert_eq!(*fired, spike, "{integrator:?}, step {step}");
            worst = worst.max((found - v).abs());
        }
        // What half a step of the decay register makes of the largest voltage.
        let most = 0.1 / 8192.0 / (1.0 - keep);
        assert!(spikes > 10 && worst < most, "{integrator:?}: {spikes} spikes, off by {worst}, not {most}");
    }
}

/// Rockpool's files have r = e^(−dt/τ) τ / dt, in single precision.
#[test]
fn the_time_step_is_found_behind_a_decay() {
    let said = |r: f64| {
        let nodes = vec![
            ("in", input(&[1])),
            ("w", linear([1, 1], vec![0.04])),
            ("lif", lif(1, 2.5e-3, r, 0.1)),
            ("out", output(&[1])),
        ];
        let graph = graph(nodes, &[("in", "w"), ("w", "lif"), ("lif", "out")]);
        quantise(&graph, "n", QuantiseOptions::default()).unwrap().said.concat()
    };
    assert!(
        said(24.019_737).contains("dt = 0.0001: the file does not say, but exp(-dt/tau) tau / r"),
        "{}",
        said(24.019_737)
    );
    assert!(said(25.0).contains("dt = 0.0001: the file does not say, but tau / r"), "{}", said(25.0));
}

/// Share of the voltage that the neuron of the benchmark keeps by an exponential decay.
const KEEP: f64 = 0.960_789_439_152_323_2;

/// A simulator of the benchmark that NIR's authors traced: its step, whose results are the recorded traces to 1e-7.
struct Simulator {
    name: &'static str,
    /// What the importer is told.
    integrator: Integrator,
    reset: Reset,
    /// From the voltage, whether it fired in the step before, and the input: the voltage, and whether it fires.
    step: fn(f64, bool, f64) -> (f64, bool),
    fires: [usize; 4],
    /// Largest error of the voltage, besides steps of a spike and those after if the simulator subtracts.
    most: f64,
}

const SIMULATORS: [Simulator; 4] = [
    Simulator {
        name: "Norse, snnTorch, Nengo, SpiNNaker2, Lava",
        integrator: Integrator::Euler,
        reset: Reset::Zero,
        step: |v, _, input| {
            let v = 0.96 * v + 0.04 * input;
            if v > 0.1 { (0.0, true) } else { (v, false) }
        },
        fires: [460, 510, 710, 760],
        most: 0.000_07,
    },
    Simulator {
        name: "exact solution",
        integrator: Integrator::Exp,
        reset: Reset::Zero,
        // It fires within the step, and what is left of the input begins to charge it again.
        step: |v, _, input| {
            let end = input + (v - input) * KEEP;
            let charged = input - input * KEEP * (v - input) / (0.1 - input);
            if end > 0.1 { (charged, true) } else { (end, false) }
        },
        fires: [460, 510, 710, 760],
        most: 0.0063,
    },
    Simulator {
        name: "Spyx",
        integrator: Integrator::Euler,
        reset: Reset::Subtract,
        step: |v, fired, input| {
            let v = 0.96 * v + 0.04 * input - if fired { 0.1 } else { 0.0 };
            (v, v > 0.1)
        },
        fires: [460, 510, 710, 760],
        most: 0.000_34,
    },
    Simulator {
        name: "Rockpool, Sinabs",
        integrator: Integrator::Impulse,
        reset: Reset::Subtract,
        step: |v, _, input| {
            let v = KEEP * v + 0.04 * input;
            if v > 0.1 { (v - 0.1, true) } else { (v, false) }
        },
        fires: [450, 500, 710, 760],
        most: 0.0045,
    },
];

/// τ = 2.5 ms, threshold 0.1, dt = 0.1 ms, and the input of the traces.
#[test]
fn a_single_neuron_does_what_it_does_in_simulators() {
    let input = [
        60, 220, 270, 310, 320, 350, 370, 400, 410, 430, 440, 450, 460, 470, 480, 490, 500, 510, 520, 530, 670, 680,
        690, 700, 710, 720, 730, 740, 750, 760, 770, 780, 840, 850,
    ];
    let fires: Vec<bool> = (0..1000).map(|step| input.contains(&step)).collect();
    for Simulator { name, integrator, reset, step, fires: expected, most } in SIMULATORS {
        let options = QuantiseOptions { dt: Some(1e-4), integrator, reset, ..QuantiseOptions::default() };
        let found = trace(lif(1, 2.5e-3, 1.0, 0.1), 1.0, options, &fires);
        let fired: Vec<usize> = (0..).zip(&found).filter(|(_, (_, fired))| *fired).map(|(step, _)| step).collect();
        assert_eq!(fired, expected, "{name}");
        let (mut v, mut before, mut worst) = (0.0, false, 0.0_f64);
        for (at, (input, (found, _))) in fires.iter().zip(&found).enumerate() {
            let fires;
            (v, fires) = step(v, before, f64::from(u8::from(*input)));
            assert_eq!(fires, expected.contains(&at), "{name}, step {at}: the simulator's own spikes");
            if reset == Reset::Zero || !(fires || before) {
                worst = worst.max((found - v).abs());
            }
            before = fires;
        }
        println!("{name}: the voltage is off by at most {worst:.6} of a threshold of 0.1");
        assert!(worst <= most, "{name}: off by {worst}");
    }
}
