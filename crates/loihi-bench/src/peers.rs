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
        setup: "LoihiNeuronGroup(N, threshold_v_mant=1000, decay_v=410, decay_I=3072), LoihiSynapses from it to itself with 100 \
                random sources a neuron, LoihiSpikeGeneratorGroup one to one; set_device('cpp_standalone'), no monitors; two runs of \
                different length, their difference by that of their steps; start-up is the compilation",
    },
    Peer {
        name: "NEST",
        packages: "nest-simulator==3.10.0",
        setup: "iaf_psc_exp (floating point, resolution 1 ms), Connect with fixed_indegree 100 and static synapses, a spike_generator \
                one to one; local_num_threads=1, no recorders; Simulate after 100 ms; bytes a synapse are the resident set with them \
                less that without",
    },
    Peer {
        name: "SANA-FE",
        packages: "sanafe==2.2.9",
        setup: "the Loihi architecture that comes with it, with 1,024 input units a core; sim(steps, timing_model='simple'), and \
                'detailed', without traces; every step has its time and energy: the metered step here is its like",
    },
    Peer {
        name: "nengo-loihi",
        packages: "nengo-loihi==1.1.0 nengo==3.2.0",
        setup: "a Model of one LoihiBlock of N compartments, a Synapse with 100 random weights a compartment and one of inputs, \
                without decoders; EmulatorInterface(model).run_steps(1000)",
    },
    Peer {
        name: "lava",
        packages: "lava-nc==0.10.0",
        setup: "LIF (du=3072, dv=410, vth=1000), Sparse from it to itself, RingBuffer of inputs through Sparse; \
                Loihi1SimCfg(select_tag='fixed_pt'), run with RunSteps(1000); Python 3.8 to 3.10",
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
