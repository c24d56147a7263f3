//! Two hashes: reproducible random words by address, and the digest of state.

/// The finaliser "lowbias32": every input bit changes every output bit with probability close to one half.
pub const fn lowbias32(mut x: u32) -> u32 {
    x ^= x >> 16;
    x = x.wrapping_mul(0x7FEB_352D);
    x ^= x >> 15;
    x = x.wrapping_mul(0x846C_A68B);
    x ^ (x >> 16)
}

/// A uniform random word with an address instead of a state: `(seed, a, b, c)` always gives the same word.
///
/// Networks and inputs are drawn with it, so that any device draws the same ones in any order.
pub const fn word(seed: u32, a: u32, b: u32, c: u32) -> u32 {
    let key =
        a.wrapping_mul(0x9E37_79B1).wrapping_add(b.wrapping_mul(0x85EB_CA77)).wrapping_add(c.wrapping_mul(0xC2B2_AE3D));
    lowbias32(lowbias32(key) ^ seed)
}

/// FNV-1a, 64 bits, over little-endian bytes: the digest of state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fnv64(u64);

impl Fnv64 {
    /// The hash of nothing.
    pub const fn new() -> Self {
        Self(0xCBF2_9CE4_8422_2325)
    }

    /// Adds bytes in order.
    pub fn bytes(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01B3);
        }
    }

    /// Adds one word, low byte first.
    pub fn word(&mut self, value: i32) {
        self.bytes(&value.to_le_bytes());
    }

    /// The hash so far.
    pub const fn finish(self) -> u64 {
        self.0
    }
}

impl Default for Fnv64 {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_match_the_recorded_ones() {
        assert_eq!(lowbias32(1), 1_753_845_952);
        assert_eq!(lowbias32(12_345), 2_435_775_735);
        assert_eq!(word(1, 2, 3, 4), 2_949_110_723);
        assert_eq!(word(7, 0, 0, 0), 2_492_178_918);
        assert_eq!(word(53_601, 5, 0, 0), 499_274_935);
    }

    #[test]
    fn digest_of_known_text() {
        let mut hash = Fnv64::new();
        hash.bytes(b"foobar");
        assert_eq!(hash.finish(), 0x8594_4171_F739_67E8);
    }
}
