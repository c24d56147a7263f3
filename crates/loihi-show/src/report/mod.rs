//! Run folders as pages, and plots as SVG.
//!
//! | module | its one job |
//! |---|---|
//! | `text`, `number`, `axis` | texts and numbers as they are written; where values stand |
//! | [`plot`], `svg` | what a plot shows; how it is drawn |
//! | `html` | a page and its parts |
//! | `folder` | what a run folder says |
//! | `curves` | figures of a run as curves, whatever it records |
//! | `matrix` | who was taken for whom, class by class |
//! | `raster`, `probes`, `weights` | spikes, samples and weights as plots |
//! | [`run`], [`compare`] | the page of a run, and of several side by side |

mod axis;
pub mod compare;
mod curves;
mod folder;
mod html;
mod matrix;
mod number;
pub mod plot;
mod probes;
mod raster;
pub mod run;
mod svg;
mod text;
mod weights;
