//! Instructions of the embedded CPU, where no device has counted them: what its programs did, by instructions of each.

use super::activity::CpuActivity;
use super::units::Range;
use loihi_core::ops::OpCounts;
use serde::Deserialize;

const FILE: &str = include_str!("../costs/cpu-instructions.toml");

/// Instructions of everything that a program of the embedded CPU does.
#[derive(Clone, Copy, Debug, Deserialize)]
struct Kernels {
    decoder_reads: Kernel,
    decoder_updates: Kernel,
    rule_traces: Kernel,
    rule_updates: Kernel,
    factor_writes: Kernel,
    rule_opportunities: Kernel,
    bias_writes: Kernel,
    input_spikes: Kernel,
}

#[derive(Clone, Copy, Debug, Deserialize)]
struct Kernel {
    instructions: [f64; 3],
}

/// Instructions that the embedded CPU's programs took: those that a device has counted, else an estimate by what they
/// did. None without programs.
pub fn instructions(cpu: &CpuActivity) -> Range<u64> {
    if !cpu.has_snips {
        return Range::default();
    }
    if let Some(counted) = cpu.instructions {
        return Range { low: counted, typical: counted, high: counted };
    }
    // The file is a part of the program; a test reads it.
    toml::from_str::<Kernels>(FILE).map_or_else(|_| Range::default(), |kernels| kernels.sum(&cpu.ops))
}

impl Kernels {
    #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the cast saturates")]
    fn sum(&self, ops: &OpCounts) -> Range<u64> {
        let done = [
            (self.decoder_reads, ops.decoder_reads),
            (self.decoder_updates, ops.decoder_updates),
            (self.rule_traces, ops.rule_traces),
            (self.rule_updates, ops.rule_updates),
            (self.factor_writes, ops.factor_writes),
            (self.rule_opportunities, ops.rule_opportunities),
            (self.bias_writes, ops.bias_writes),
            (self.input_spikes, ops.input_spikes),
        ];
        let sum = |at: usize| {
            done.iter().map(|(kernel, count)| kernel.instructions[at] * *count as f64).sum::<f64>().round() as u64
        };
        Range { low: sum(0), typical: sum(1), high: sum(2) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_figures_can_be_read_and_ascend() {
        let kernels: Kernels = toml::from_str(FILE).unwrap();
        let ops = OpCounts { decoder_reads: 10, factor_writes: 2, ..OpCounts::default() };
        assert_eq!(kernels.sum(&ops), Range { low: 54, typical: 54, high: 120 });
        let one = |set: fn(&mut OpCounts)| {
            let mut ops = OpCounts::default();
            set(&mut ops);
            let Range { low, typical, high } = kernels.sum(&ops);
            assert!(0 < low && low <= typical && typical <= high, "{ops:?}: {low} {typical} {high}");
        };
        one(|ops| ops.decoder_updates = 10);
        one(|ops| ops.rule_traces = 10);
        one(|ops| ops.rule_updates = 10);
        one(|ops| ops.rule_opportunities = 10);
        one(|ops| ops.bias_writes = 10);
        one(|ops| ops.input_spikes = 10);
    }

    #[test]
    fn counted_instructions_have_no_range() {
        let cpu = CpuActivity { has_snips: true, instructions: Some(7), ops: OpCounts::default() };
        assert_eq!(instructions(&cpu), Range { low: 7, typical: 7, high: 7 });
        assert_eq!(instructions(&CpuActivity { has_snips: false, ..cpu }), Range::default());
    }
}
