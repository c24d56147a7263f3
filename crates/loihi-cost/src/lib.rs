//! What running costs.
//!
//! Three kinds of figures, which are never mixed: *measured* instructions of the firmware ([`kernels`], [`rules`],
//! [`real_time`]); *modelled* time and energy of a microcontroller ([`chips`]), and of a Loihi chip, from exact counts
//! ([`activity`]) and price tables ([`prices`]) by [`model`]; *published* ones.
//!
//! ```
//! use loihi_cost::event::CostEvent;
//! use loihi_cost::prices::{ENERGY_DEFAULT, Prices};
//!
//! let prices = Prices::built_in(ENERGY_DEFAULT).ok_or("the table is built in")?;
//! let synapse = prices.of(CostEvent::SynapseDense);
//! assert!(synapse.energy.low <= synapse.energy.typical && synapse.energy.typical <= synapse.energy.high);
//! # Ok::<(), &str>(())
//! ```

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod activity;
pub mod check;
pub mod chips;
pub mod event;
pub mod floorplan;
pub mod format;
pub mod instructions;
pub mod kernels;
pub mod mesh;
pub mod model;
pub mod networks;
pub mod prices;
pub mod profile;
pub mod published;
pub mod rapl;
pub mod real_time;
pub mod rules;
pub mod summary;
pub mod table;
pub mod traffic;
pub mod units;
