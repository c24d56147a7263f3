//! The built-in programs of the embedded CPU: encoders, learning rules and what else runs beside the cores, one file each.
//!
//! They see the chip only through [`crate::snip`], as a program of a user's does.

mod backprop;
mod bernoulli_encoder;
mod bias_encoder;
mod clp;
mod decolle;
mod emstdp;
mod eprop;
mod periodic_reset;
mod pes;
mod rate_encoder;
mod replay_buffer;
mod soel;
mod third_factor;
mod urbanczik_senn;

pub use backprop::{Backprop, BackpropParams, Loss, Readout};
pub use bernoulli_encoder::BernoulliEncoderParams;
pub use bias_encoder::{BiasEncoderParams, weighted_bias};
pub use clp::{Clp, ClpMode, ClpParams};
pub use decolle::{Decolle, DecolleParams};
pub use emstdp::{Emstdp, EmstdpParams};
pub use eprop::{Adaptation, Eprop, EpropParams};
pub use periodic_reset::PeriodicResetParams;
pub use pes::{PesParams, PreSynapse};
pub use rate_encoder::RateEncoderParams;
pub use replay_buffer::ReplayBufferParams;
pub use soel::{Soel, SoelParams};
pub use third_factor::ThirdFactorParams;
pub use urbanczik_senn::{UrbanczikSenn, UrbanczikSennParams};

use crate::snip::SnipType;

/// Makes the lists of programs of a row each: its parameters and, if it can be left out, the feature of its name.
macro_rules! programs {
    ($($params:ty $(, $feature:literal)?;)*) => {
        const COUNT: usize = [$($(#[cfg(feature = $feature)])? (),)*].len();

        /// Every built-in program that features have not left out.
        pub const ALL: [SnipType; COUNT] = [$($(#[cfg(feature = $feature)])? SnipType::of::<$params>(),)*];

        /// Programs that are in [`ALL`] only with the Cargo feature of their name. Their types are always there, so a list of
        /// your own may name them.
        pub const OPTIONAL: &[&str] = &[$($($feature,)?)*];
    };
}

programs! {
    RateEncoderParams;
    BiasEncoderParams;
    PesParams, "pes";
    ThirdFactorParams;
    BernoulliEncoderParams;
    DecolleParams, "decolle";
    EmstdpParams, "emstdp";
    SoelParams, "soel";
    EpropParams, "eprop";
    UrbanczikSennParams, "urbanczik-senn";
    ReplayBufferParams;
    PeriodicResetParams;
    BackpropParams, "backprop";
    ClpParams, "clp";
}

// No two have the same kind.
const _: () = {
    let mut rest: &[SnipType] = &ALL;
    while let [first, others @ ..] = rest {
        let mut left = others;
        while let [other, more @ ..] = left {
            assert!(first.kind != other.kind, "two programs have the same KIND");
            left = more;
        }
        rest = others;
    }
};

/// Every built-in program, then some of one's own; `M` is the number of all.
///
/// # Panics
/// If `M` is another number: in a `const` or a `static`, when it is compiled.
pub const fn with<const N: usize, const M: usize>(own: [SnipType; N]) -> [SnipType; M] {
    const BUILT_IN: usize = ALL.len();
    assert!(M == BUILT_IN.wrapping_add(N), "the list is as long as both together");
    let [first, ..] = ALL;
    let mut all = [first; M];
    let (built_in, rest) = all.split_at_mut(BUILT_IN);
    built_in.copy_from_slice(&ALL);
    rest.copy_from_slice(&own);
    all
}

#[cfg(all(test, feature = "full"))]
mod tests {
    use super::*;
    use crate::snip::SnipParams as _;

    #[test]
    fn features_have_the_names_of_their_programs() {
        let there = |name: &&&str| ALL.iter().any(|program| program.name == **name);
        assert_eq!(OPTIONAL.iter().filter(there).count(), OPTIONAL.len(), "{OPTIONAL:?}");
        assert!(!OPTIONAL.contains(&RateEncoderParams::NAME), "encoders are always there");
    }
}
