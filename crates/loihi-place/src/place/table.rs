//! What each core uses, as a table.

use super::Placed;
use loihi_core::image::COMPARTMENTS_PER_CORE;
use loihi_image::limits::usage;
use loihi_net::network::Network;
use std::fmt::Write as _;

/// A line a core: its populations, and of every resource how much it uses; the fullest column of a core ends in `%`.
pub fn table(network: &Network, placed: &Placed) -> String {
    let mut rows = vec![
        ["core", "compartments", "input axons", "output axons", "synaptic words", "fullest", "population"]
            .map(str::to_owned),
    ];
    let most = [COMPARTMENTS_PER_CORE, usage::INPUT_AXONS, usage::OUTPUT_AXONS, usage::SYNAPTIC_WORDS];
    for (core, used) in placed.usage.iter().enumerate() {
        let figures = [used.compartments, used.input_axons, used.output_axons, used.synaptic_words];
        let fullest = figures.iter().zip(most).map(|(used, most)| 100 * used / most).max().unwrap_or(0);
        let parts = placed.parts.iter().filter(|part| part.core == core);
        let names = parts.map(|part| {
            let population = &network.populations[part.population];
            let whole = part.neurons.len() == population.neurons();
            let range = format!("[{}..{}]", part.neurons.start, part.neurons.end);
            format!("{}{}", population.name, if whole { "" } else { &range })
        });
        let names: Vec<String> = names.collect();
        let [compartments, inputs, outputs, words] = figures.map(|figure| figure.to_string());
        rows.push([core.to_string(), compartments, inputs, outputs, words, format!("{fullest} %"), names.join(", ")]);
    }
    rows.push(
        ["of", &most[0].to_string(), &most[1].to_string(), &most[2].to_string(), &most[3].to_string(), "", ""]
            .map(str::to_owned),
    );
    aligned(&rows)
}

/// Columns aligned, the last to the left.
fn aligned(rows: &[[String; 7]]) -> String {
    let width = |column: usize| rows.iter().map(|row| row[column].len()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..7).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths).take(6) {
            let _ = write!(line, "{cell:>width$}  ");
        }
        let _ = writeln!(text, "{}", format!("{line}{}", row[6]).trim_end());
    }
    text
}
