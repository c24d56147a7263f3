//! Graphs that PyTorch has exported, as `tests/torch/export.py` says: read, they answer as PyTorch did.

#![allow(clippy::unwrap_used, reason = "what is missing fails the test")]

use loihi_convert::ann::Ready;
use loihi_convert::onnx::read;

const SCORES: &str = include_str!("torch/scores.txt");

#[test]
fn networks_of_both_exporters_answer_as_they_did() {
    let expected: Vec<f32> = SCORES.lines().map(|line| line.parse().unwrap()).collect();
    let ramp: Vec<f32> = (0_u8..64).map(|at| f32::from(at) / 64.0).collect();
    for (name, bytes) in
        [("dynamo", &include_bytes!("torch/dynamo.onnx")[..]), ("script", &include_bytes!("torch/script.onnx")[..])]
    {
        let ann = read(bytes, name).unwrap();
        // The normalisation is folded into the convolution, and the softmax is left out.
        assert_eq!(ann.layers.len(), 3, "{name}");
        let scores = Ready::new(&ann).unwrap().forward(&ramp).pop().unwrap();
        assert_eq!(scores.len(), 10, "{name}");
        for (score, expected) in scores.iter().zip(&expected) {
            assert!((score - expected).abs() < 1e-4, "{name}: {scores:?}");
        }
    }
}
