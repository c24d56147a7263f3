//! The tiers of `cargo xtask test`.

/// How much is tested.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tier {
    /// After every save: the core, the host's unit tests, one set of recorded vectors.
    Quick,
    /// For every change.
    Usual,
    /// That, and what takes long.
    All,
}
