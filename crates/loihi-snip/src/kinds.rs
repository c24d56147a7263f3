//! The built-in kinds, a file for each family.

mod backprop;
mod bias_encoder;
mod by_the_core;
mod clp;
mod decolle;
mod emstdp;
mod encoders;
mod eprop;
mod pes;
mod replay;
mod soel;
mod stack;
mod third_factor;
mod urbanczik_senn;

use super::kind::SnipKind;
pub(crate) use third_factor::Teacher;

/// Every built-in kind. A new one is a file with its form, and two lines here: its module and its row.
pub const KINDS: &[SnipKind] = &[
    SnipKind::of::<encoders::RateEncoder>(),
    SnipKind::of::<encoders::BernoulliEncoder>(),
    SnipKind::of::<bias_encoder::BiasEncoder>(),
    SnipKind::of::<pes::Pes>(),
    SnipKind::of::<decolle::Decolle>(),
    SnipKind::of::<emstdp::Emstdp>(),
    SnipKind::of::<backprop::Backprop>(),
    SnipKind::of::<clp::Clp>(),
    SnipKind::of::<soel::Soel>(),
    SnipKind::of::<eprop::Eprop>(),
    SnipKind::of::<urbanczik_senn::UrbanczikSenn>(),
    SnipKind::of::<third_factor::ThirdFactor>(),
    SnipKind::of::<replay::ReplayBuffer>(),
];

/// Every built-in kind, then some of one's own; `M` is the number of all.
///
/// # Panics
/// If `M` is another number: in a `const` or a `static`, when it is compiled.
pub const fn with<const N: usize, const M: usize>(own: [SnipKind; N]) -> [SnipKind; M] {
    assert!(M == KINDS.len() + N, "the list is as long as both together");
    let mut all = [KINDS[0]; M];
    let (built_in, rest) = all.split_at_mut(KINDS.len());
    built_in.copy_from_slice(KINDS);
    rest.copy_from_slice(&own);
    all
}
