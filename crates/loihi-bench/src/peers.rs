//! Other emulators, and networks by which they are compared with this one. Nothing here runs them.

use super::lif::Lif;

/// An emulator that others use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Peer {
    /// Its name.
    pub name: &'static str,
    /// Its packages on `PyPI` with their versions, as pip takes them.
    pub packages: &'static str,
    /// How the network is set up there, and what is timed.
    pub setup: &'static str,
}

/// Those that run networks of Loihi's compartments, or networks close to them.
pub const PEERS: [Peer; 5] = [
    Peer {
        name: "Brian2Loihi",
        packages: "brian2-loihi==0.5.2 brian2==2.9.0 numpy==1.26.4",
        setup: "A LoihiNeuronGroup of N neurons (threshold_v_mant=1000, decay_v=410, decay_I=3072), LoihiSynapses to itself from 100 \
                random sources per neuron, and a LoihiSpikeGeneratorGroup connected one to one. Call \
                set_device('cpp_standalone') and add no monitors. Time two runs of different length, and divide the difference of \
                their times by that of their steps. Start-up is the compilation.",
    },
    Peer {
        name: "NEST",
        packages: "nest-simulator==3.10.0",
        setup: "N iaf_psc_exp neurons (floating point, resolution 1 ms), connected with fixed_indegree 100 and static synapses, and a \
                spike_generator per neuron. Set local_num_threads=1 and add no recorders. Time Simulate after the first 100 ms. \
                Bytes per synapse: the resident set with synapses less that without, divided by their number.",
    },
    Peer {
        name: "SANA-FE",
        packages: "sanafe==2.2.9",
        setup: "The Loihi architecture that comes with it, with 1,024 input units per core. Time sim(steps, timing_model='simple') and \
                'detailed', without traces. It models time and energy in every step, so compare it with metered steps of this \
                emulator.",
    },
    Peer {
        name: "nengo-loihi",
        packages: "nengo-loihi==1.1.0 nengo==3.2.0",
        setup: "A Model with one LoihiBlock of N compartments, a Synapse with 100 random weights per compartment and another for the \
                inputs, without decoders. Time EmulatorInterface(model).run_steps(1000).",
    },
    Peer {
        name: "lava",
        packages: "lava-nc==0.10.0",
        setup: "A LIF process (du=3072, dv=410, vth=1000), a Sparse from it to itself, and a RingBuffer of inputs through another \
                Sparse. Time run with RunSteps(1000) and Loihi1SimCfg(select_tag='fixed_pt'). It needs Python 3.8 to 3.10.",
    },
];

/// Compartments of the networks that are compared.
pub const SIZES: [u32; 4] = [100, 1000, 10_000, 100_000];

/// The network of this size: 100 synapses a compartment from sources that are drawn, 2 % of the inputs spike in a step.
pub fn network(compartments: u32, seed: u32) -> Lif {
    Lif { compartments, seed, steps: Lif::default_steps(compartments), ..Lif::DEFAULT }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_is_named_by_what_pip_takes() {
        for peer in PEERS {
            let plain = |character: char| character.is_ascii_alphanumeric() || "-_.=".contains(character);
            assert!(
                peer.packages.split(' ').all(|package| !package.is_empty() && package.chars().all(plain)),
                "{peer:?}"
            );
            assert!(peer.setup.len() > 80 && !peer.setup.contains("  "), "{peer:?}");
        }
    }
}
