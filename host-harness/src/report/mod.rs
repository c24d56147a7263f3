//! What is drawn: plots as SVG.

mod html;
pub mod plot;
pub mod run;
