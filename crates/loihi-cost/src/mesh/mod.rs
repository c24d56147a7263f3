//! The spike mesh: tiles of four cores, chips of 8 × 4 tiles, links between chips; how long a step's messages take.
//!
//! A message is a spike on its way to one destination core. It leaves its core's output port, goes from tile to tile,
//! first along x, then along y, and enters a core's input port, which works through its synapses. Ports and links serve
//! one message after the other in the order of their arrival; behind each is a buffer, and a message stays where it is
//! until there is room in the next one. On every side of a chip one link is shared by all tiles there.
//!
//! What is known and what is assumed is said at [`HopTimes`]. Source of the structure: Davies et al. 2018; 8 × 4 tiles,
//! buffers and routing as in SANA-FE's description of the chip.

mod simulate;
pub mod sweep;
mod topology;
mod traffic;

pub use simulate::{LinkUse, Transit, simulate};
pub use topology::{Direction, Grid, Resource};
pub use traffic::{MeshTraffic, Message};

/// What ports and links take, in picoseconds, and what their buffers hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HopTimes {
    /// Sending a message from a core. 5.1 ns: fitted to the chip (SANA-FE).
    pub message_out_ps: u64,
    /// Receiving a message at a core. 16 ns: fitted to the chip (SANA-FE).
    pub message_in_ps: u64,
    /// A synapse of the message. 3.8 ns: fitted to the chip, dense format (SANA-FE).
    pub synapse_ps: u64,
    /// From tile to tile along x, the occupation of the link included. 4.1 ns (Davies 2018).
    pub hop_x_ps: u64,
    /// From tile to tile along y. 6.5 ns (Davies 2018).
    pub hop_y_ps: u64,
    /// A message occupies a link between tiles so long: 3.44 · 10^9 a second (Davies 2018). That this is the rate of one
    /// link, and that messages follow each other on it without waiting for a whole hop, are assumptions.
    pub link_ps: u64,
    /// A message occupies a link between chips so long: 30 times as long as one between tiles (the ratio that Intel gave
    /// in 2021); low confidence, since it rests on the one above.
    pub chip_link_ps: u64,
    /// From chip to chip, the occupation of the link included. Not published; the time of barriers over many chips allows
    /// 200 ns at most, half of it is assumed.
    pub chip_hop_ps: u64,
    /// Messages that wait for a link or an input port, are on their way to it or are served by it. 16 as in SANA-FE; an
    /// assumption for links between chips.
    pub buffer_messages: u32,
}

impl Default for HopTimes {
    fn default() -> Self {
        Self {
            message_out_ps: 5_100,
            message_in_ps: 16_000,
            synapse_ps: 3_800,
            hop_x_ps: 4_100,
            hop_y_ps: 6_500,
            link_ps: 291,
            chip_link_ps: 30 * 291,
            chip_hop_ps: 100_000,
            buffer_messages: 16,
        }
    }
}

#[cfg(test)]
mod tests;
