//! Answers for each pixel and window are compared with the labels; places without a label do not count.

#![allow(clippy::unwrap_used)]

use loihi_data::Sample;
use loihi_device::inproc::InProcess;
use loihi_device::session::{RetryPolicy, Session};
use loihi_infer::Trained;
use loihi_net::network::{Coding, Connection, Network, Population, ReadBy, Readout};
use loihi_place::place::{PlacementOptions, place};
use loihi_run::inference::present::Presentation;
use loihi_run::record::RecordError;
use loihi_task::{Answer, Observer, RunOptions, Task as _};

/// Every neuron spikes with its own element: of two classes and two pixels.
fn network(by: ReadBy) -> Network {
    let mut network = Network::new("relay").steps(4);
    let input = network.input("in", 4);
    let out = network.population(Population::new("out", [2, 1, 2]).decay_u(4096).decay_v(4096).v_th(10));
    let identity: Vec<i16> = (0..16).map(|at| if at % 5 == 0 { 60 } else { 0 }).collect();
    network.connect(Connection::new(input, out, identity));
    network.readout = Some(Readout::new(out, by).window_steps(2).per_pixel());
    network
}

#[derive(Default)]
struct Answers(Vec<(Vec<Option<usize>>, Vec<i64>)>);

impl Observer for Answers {
    fn answer(&mut self, answer: &Answer<'_>) -> Result<(), RecordError> {
        self.0.push((answer.answers.to_vec(), answer.scores.to_vec()));
        assert_eq!(answer.to_string(), "0: 2 of 3 right, classes 0 1 1 -, answers 0 - 1 0");
        Ok(())
    }
}

#[test]
fn each_pixel_of_each_window_has_an_answer() {
    let rows = [[255, 0, 0, 0], [255, 0, 0, 0], [0, 255, 255, 0], [0, 0, 255, 0]].concat();
    let item = Sample::values("0", &[4, 4], rows).with_targets_of(&[2, 1, 2], vec![0.0, 1.0, 1.0, 255.0]);
    for (by, scores) in [(ReadBy::Spikes, [2, 0, 0, 0, 0, 1, 2, 0]), (ReadBy::FirstSpike, [2, 0, 0, 0, 0, 2, 2, 0])] {
        let network = network(by);
        let placed = place(&network, PlacementOptions::default()).unwrap();
        let presentation = Presentation { coding: Some(Coding::Frames), ..Presentation::new(&network, 0) };
        let (items, also) = (vec![item.clone()], Vec::new());
        let trained = Trained { network, placed, items, presentation, also, scale: None, learn: false, jobs: None };
        let mut session = Session::open(Box::new(InProcess::default()), RetryPolicy::default(), 1, || false).unwrap();
        let mut answers = Answers::default();
        let outcome = trained.run(&mut session, &RunOptions::default(), &mut answers).unwrap();
        assert_eq!(answers.0, [(vec![Some(0), None, Some(1), Some(0)], scores.to_vec())]);
        let figure = |name| outcome.metrics.get(name);
        assert_eq!((figure("right"), figure("labelled")), (Some(2.0), Some(3.0)));
        assert_eq!(outcome.steps, 4);
    }
}
