//! What a core does that has a price.

macro_rules! events {
    ($($variant:ident, $name:literal, $what:literal;)*) => {
        /// Something that a core does, and that costs time or energy each time.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum CostEvent {
            $(#[doc = $what] $variant,)*
        }

        impl CostEvent {
            /// All of them.
            pub const ALL: [Self; Self::COUNT] = [$(Self::$variant,)*];
            /// How many there are.
            pub const COUNT: usize = [$($name,)*].len();

            /// Its name in price tables.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            /// What one of it is.
            pub const fn what(self) -> &'static str {
                match self {
                    $(Self::$variant => $what,)*
                }
            }
        }
    };
}

events! {
    CompartmentIdle, "compartment_idle", "A compartment's step whose current, voltage, input and bias are 0";
    CompartmentActive, "compartment_active", "Any other compartment's step";
    NoiseNumber, "noise_number", "What a random number for a compartment adds";
    SpikeFired, "spike_fired", "What it adds to a compartment's step that it fires";
    SynapseDense, "synapse_dense", "A synaptic event at a dense axon";
    SynapseSparse, "synapse_sparse", "A synaptic event at a sparse axon";
    SynapseShared, "synapse_shared", "A synaptic event at a population axon";
    MessageIn, "message_in", "A spike message taken in by a core";
    MessageOut, "message_out", "A spike message sent by a core, one per axon";
    MessageInTile, "message_in_tile", "A spike message that stays in its tile";
    HopEw, "hop_ew", "A hop of a message to the next tile, east or west";
    HopNs, "hop_ns", "A hop of a message to the next tile, north or south";
    ChipHop, "chip_hop", "A hop of a message to the next chip";
    TraceUpdate, "trace_update", "A trace followed through an epoch";
    SynapseUpdate, "synapse_update", "A synaptic variable written back by a core's learning";
}

impl CostEvent {
    /// Whether it happens between the cores: its time is the traffic's, not the core's.
    pub const fn is_traffic(self) -> bool {
        matches!(self, Self::MessageInTile | Self::HopEw | Self::HopNs | Self::ChipHop)
    }
}

/// How often each event happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts([u64; CostEvent::COUNT]);

impl Counts {
    /// How often this one did.
    pub fn of(&self, event: CostEvent) -> u64 {
        self.0.get(event as usize).copied().unwrap_or(0)
    }

    /// This many more.
    pub fn add(&mut self, event: CostEvent, count: u64) {
        if let Some(sum) = self.0.get_mut(event as usize) {
            *sum = sum.saturating_add(count);
        }
    }

    /// All of another's more.
    pub fn add_all(&mut self, more: &Self) {
        for event in CostEvent::ALL {
            self.add(event, more.of(event));
        }
    }

    /// The same with one count in place of another.
    #[must_use]
    pub fn with(mut self, event: CostEvent, count: u64) -> Self {
        if let Some(sum) = self.0.get_mut(event as usize) {
            *sum = count;
        }
        self
    }

    /// Every event and how often it happened.
    pub fn iter(&self) -> impl Iterator<Item = (CostEvent, u64)> + '_ {
        CostEvent::ALL.into_iter().map(|event| (event, self.of(event)))
    }
}
