//! The chip in a web page: draw a digit, the network answers, correct it, and it learns from that one sample.
//!
//! ```
//! use loihi_web::page::Page;
//!
//! let mut page = Page::default();
//! let mut said = Vec::new();
//! page.ask(r#"{"ask":"predict","strokes":[[0,0,50,0]]}"#, &mut |answer| said.push(answer.to_owned()));
//! assert!(said[0].starts_with(r#"{"tell":"error","#), "nothing was learned yet");
//! ```
//!
//! A page asks and is told, in JSON; it has no logic of its own:
//!
//! | module | its one job |
//! |---|---|
//! | [`drawing`] | strokes as a sample of the digits |
//! | [`student`] | a network that answers, and learns one sample at a time |
//! | [`lessons`] | the digits experiment, with its progress and what it learned |
//! | [`page`] | what a page can ask, and what it is told |
//! | `exports` | the functions of the WebAssembly module |

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod drawing;
#[cfg(target_arch = "wasm32")]
mod exports;
pub mod lessons;
pub mod page;
pub mod student;
