//! The text of a run folder's `README.txt`.

/// What `README.txt` of a run folder says.
pub(super) const README: &str = "\
This folder holds one run of `loihi`. `loihi report` with its path draws it as one HTML file.

manifest.toml       what ran: experiment, command, device, seed, steps, duration of a step, versions, hash of the image
network.txt         what there is to know of the network: of an imported one, what became of each part of its file
network.toml        the network that `loihi train` has trained, with its weights in network.npz
metrics.csv         figures, a line per epoch, stage or sample
table-NAME.csv      confusion: samples by class (rows) and answer (columns); others: figures after each stage (rows) on each
                    (columns)
populations.csv     populations and their neurons, which are counted through all of them
neurons.npy         by compartment of the chip, core after core: its neuron; -1 if it spikes for none
utilisation.csv     what the network takes of each core
ops.csv             exact counts of what was computed
spikes.npy          --spikes: step, core, compartment of the core, payload (1), a row per spike; `probes` in
                    manifest.toml says whose, if not all
probe-LABEL.npy     --probe: a row per sample, a column per element or neuron; probe-LABEL.json gives steps, unit and
                    format
weights-before.npy  what learns, before the first step of this run: mantissas of the plastic weights, or what the snips learn
weights-after.npy   the same at its end
learned.bin         learned state, for --learned
learned.safetensors the same by population and group, for other programs; key `loihi` of its metadata has the exponents
checkpoint.bin      where an unfinished run stood, for --resume
log.txt             log lines of the device
report.html         written by `loihi report`

Steps count from 0. A file that is not here was not asked for, or there was nothing to put into it.
";

/// Whether a `README.txt` is that of a run folder.
pub(super) fn is_ours(text: &str) -> bool {
    text.lines().next().is_some_and(|line| README.starts_with(line) && !line.is_empty())
}
