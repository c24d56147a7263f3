//! Counts in words.

/// A number of things: `1 step`, `2 steps`.
pub fn plural(count: usize, thing: &str) -> String {
    if count == 1 { format!("1 {thing}") } else { format!("{count} {thing}s") }
}
