//! Programs of the embedded CPU in networks: `[[snip]]` tables of a network file, read and added to an image.
//!
//! A table has a `kind`, the names of what it works on, and the parameters of its program, with the names, units and defaults
//! that they have in [`loihi_core::rules`]; what placement decides (numbers of groups, first words of mailboxes) is left out:
//!
//! ```toml
//! [[snip]]
//! kind = "decolle"
//! population = "hidden"
//! classes = 10
//! shift = 11
//! ```
//!
//! [`KINDS`] lists the built-in kinds. A program of a user's own needs no more than its type: [`SnipKind::raw`] makes a kind of
//! any [`SnipParams`](loihi_core::snip::SnipParams), and placement takes it with the others:
//!
//! ```
//! use loihi_snip::{KINDS, SnipKind, kind_of};
//! # use loihi_core::image::{Image, Parameter};
//! # use loihi_core::snip::{Cpu, Phase, Phases, Snip, SnipParams};
//! # use serde::{Deserialize, Serialize};
//! #[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
//! #[serde(default)]
//! struct CalmParams {
//!     compartment_first: u32,
//!     count: u32,
//!     gain: u32,
//! }
//! # impl Snip for CalmParams { fn run(&self, _: Phase, _: &mut Cpu<'_, '_>) {} }
//! # impl SnipParams for CalmParams {
//! #     const KIND: u32 = 0x8001;
//! #     const NAME: &'static str = "calm";
//! #     const PHASES: Phases = Phases::NONE;
//! #     type Snip = Self;
//! #     loihi_core::snip_words!(compartment_first, count, gain);
//! #     fn snip(&self) -> Self { *self }
//! #     fn check(&self, _: &Image<'_>) -> Result<(), Parameter> { Ok(()) }
//! # }
//! static OWN: [SnipKind; KINDS.len() + 1] = loihi_snip::with([SnipKind::raw::<CalmParams>("keeps a population calm")]);
//! // In a network file: kind = "calm", population = "hidden", gain = 3.
//! assert!(kind_of(&OWN, "calm").is_some() && kind_of(&OWN, "decolle").is_some());
//! ```
//!
//! A module uses only what stands above it, which a test keeps so:
//!
//! | module | its one job |
//! |---|---|
//! | `fields` | the names of the fields of parameters |
//! | [`keys`] | the keys of a table, taken one after the other |
//! | [`ports`] | where programs take targets and give answers |
//! | [`layout`] | what a program sees of a network that is being placed |
//! | [`kind`] | a kind of program |
//! | `raw` | kinds of programs known by their parameters alone |
//! | [`kinds`] | the built-in kinds |
//! | [`of_network`] | the programs of a network, read and added |

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod fields;
pub mod keys;
pub mod kind;
pub mod kinds;
pub mod layout;
pub mod of_network;
pub mod ports;
mod raw;

pub use keys::{Keys, TEACHER, table};
pub use kind::{Program, SnipForm, SnipKind, kind_of};
pub use kinds::{KINDS, with};
pub use layout::Layout;
pub use of_network::{is_own, programs, takes_reals};
pub use ports::{KnownWords, Port, Programs, RateFunction, StimulusPort, Teaching};
