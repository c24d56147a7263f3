//! What is drawn: plots as SVG.

mod html;
pub mod plot;
mod raster;
pub mod run;
