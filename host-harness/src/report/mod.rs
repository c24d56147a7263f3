//! What is drawn: plots as SVG.

pub mod plot;
