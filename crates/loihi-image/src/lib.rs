//! Images of a Loihi chip, register by register: what `loihi-core` runs, built on the host.
//!
//! An input with a plastic synapse to one compartment:
//!
//! ```
//! use loihi_core::image::Profile;
//! use loihi_image::image::{ImageBuilder, Plasticity, Source, decay_table, full_row};
//! use loihi_image::limits::usage;
//! use loihi_image::rule::{Limits, parse};
//!
//! let mut builder = ImageBuilder::new();
//! let core = builder.core();
//! builder.group(1, Profile { decay_v: 512, v_th: 100 << 6, ..Profile::DEFAULT });
//! let input = builder.inputs(1).start;
//! // Spikes add 40 to a trace that keeps 9/10 a step.
//! let trace = builder.trace(40, 0, &decay_table(0.9, 0.0), None);
//! let plasticity = Plasticity::default()
//!     .products(parse("dw = 2^-2*x1*y0 - 2^-2*x0*y1", &Limits::LOIHI)?)
//!     .traces([trace, 0, trace, 0, 0]);
//! builder.plastic_group(core, 0..1, &plasticity, [(Source::Input(input), full_row(0..1, |_| 60))]);
//!
//! let image = builder.build()?;
//! assert_eq!(usage(&image.open()?)[core].input_axons, 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A module uses only what stands above it, which a test keeps so:
//!
//! | module | its one job |
//! |---|---|
//! | [`limits`] | what a Loihi holds |
//! | [`rule`] | learning rules from text |
//! | [`image`] | images in their words, built |

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod image;
pub mod limits;
pub mod rule;
