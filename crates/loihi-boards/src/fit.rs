//! Whether a network fits a board, and where.

use super::{Board, all};

/// Bytes behind an image in flash: its hash.
const HASH_BYTES: u64 = 8;
/// The feature with the code that takes the most stack: the learning engine of the cores.
const LEARNING: &str = "learning";
/// Bytes of stack that are enough for it on RISC-V, where it took 10,684: those of `sifive_e`.
const LEARNING_STACK_BYTES_RISCV: u64 = 11_520;
/// Bytes that are enough on the x86, where neurons are computed a block at a time: `stdp-reward` took 14,224.
const LEARNING_STACK_BYTES_X86: u64 = 14_848;
/// Bytes that are enough on the other processors. `cargo xtask size` finds up to 11,088 on a Cortex-M4.
const LEARNING_STACK_BYTES: u64 = 13_568;

/// How a network fits a board.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fit {
    /// Image and state fit the arena.
    Arena,
    /// The state fits the arena, and the image the flash.
    Flash,
    /// It does not fit.
    Short {
        /// Bytes that the arena lacks, for the state alone if the image fits the flash.
        bytes: u64,
    },
    /// It fits, but the end of an epoch of cores that learn takes more stack than the board has.
    Stack {
        /// Bytes that the stack lacks.
        bytes: u64,
    },
    /// The board's firmware is built without what it needs.
    LeftOut {
        /// The feature.
        feature: String,
    },
}

impl Board {
    /// How a network with an image and a state of these sizes fits, which needs these features of `loihi-core`.
    ///
    /// ```
    /// use loihi_boards::fit::Fit;
    ///
    /// let board = loihi_boards::named("microbit")?;
    /// assert_eq!(board.fit(2_000, 3_000, &[]), Fit::Arena);
    /// assert_eq!(board.fit(2_000, board.arena_bytes + 8, &[]), Fit::Short { bytes: 8 });
    /// # Ok::<(), loihi_boards::UnknownBoard>(())
    /// ```
    pub fn fit(&self, image_bytes: u64, state_bytes: u64, features: &[String]) -> Fit {
        let is_there = |feature: &String| self.features.iter().any(|own| own == "full" || own == feature);
        if let Some(feature) = features.iter().find(|feature| !is_there(feature)) {
            return Fit::LeftOut { feature: feature.clone() };
        }
        let learning_bytes = self.learning_stack_bytes();
        let is_deep = self.stack_bytes < learning_bytes && features.iter().any(|feature| feature == LEARNING);
        let aligned_bytes = image_bytes.checked_next_multiple_of(8).unwrap_or(u64::MAX);
        let both = aligned_bytes.saturating_add(state_bytes);
        let in_flash = self.has_flash_for(image_bytes);
        let needed = if in_flash { state_bytes } else { both };
        if needed > self.arena_bytes {
            Fit::Short { bytes: needed - self.arena_bytes }
        } else if is_deep {
            Fit::Stack { bytes: learning_bytes - self.stack_bytes }
        } else if both <= self.arena_bytes {
            Fit::Arena
        } else {
            Fit::Flash
        }
    }

    /// Bytes of stack that are enough for cores that learn.
    pub fn learning_stack_bytes(&self) -> u64 {
        match self.target.get(..5) {
            Some("riscv") => LEARNING_STACK_BYTES_RISCV,
            Some("i586-") => LEARNING_STACK_BYTES_X86,
            _ => LEARNING_STACK_BYTES,
        }
    }

    /// Whether the region for a network holds an image of this size, and its hash.
    fn has_flash_for(&self, image_bytes: u64) -> bool {
        self.network.is_some_and(|flash| image_bytes.saturating_add(HASH_BYTES) <= flash.bytes)
    }
}

/// The boards that hold a network.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holders {
    /// With image and state in RAM.
    pub in_ram: Vec<&'static str>,
    /// With the image in flash and the state in RAM.
    pub in_flash: Vec<&'static str>,
}

impl Holders {
    /// Those of a network that [fits](Board::fit) so.
    pub fn of(image_bytes: u64, state_bytes: u64, features: &[String]) -> Self {
        let mut holders = Self::default();
        for board in all() {
            let fit = board.fit(image_bytes, state_bytes, features);
            if fit == Fit::Arena {
                holders.in_ram.push(&board.name);
            }
            if matches!(fit, Fit::Arena | Fit::Flash) && board.has_flash_for(image_bytes) {
                holders.in_flash.push(&board.name);
            }
        }
        holders
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Memory, named};

    #[test]
    fn an_image_lies_in_flash_where_the_arena_is_too_small() {
        let mut board = named("netduinoplus2").unwrap().clone();
        board.network = Some(Memory { origin: 0, bytes: 50_008 });
        let arena = board.arena_bytes;
        assert_eq!(board.fit(50_000, arena - 50_000, &[]), Fit::Arena);
        assert_eq!(board.fit(50_000, arena, &[]), Fit::Flash);
        assert_eq!(board.fit(50_000, arena + 1, &[]), Fit::Short { bytes: 1 });
        assert_eq!(board.fit(50_004, arena, &[]), Fit::Short { bytes: 50_008 }, "the hash has no room");
        board.network = None;
        assert_eq!(board.fit(50_000, arena, &[]), Fit::Short { bytes: 50_000 });
    }

    #[test]
    fn holders_are_told_by_where_they_hold_it() {
        let netduino = named("netduinoplus2").unwrap();
        let Holders { in_ram, in_flash } = Holders::of(netduino.arena_bytes, 8, &[]);
        assert!(!in_ram.contains(&"netduinoplus2") && in_ram.contains(&"mps2-an386"), "{in_ram:?}");
        assert!(["netduinoplus2", "mps2-an386"].iter().all(|name| in_flash.contains(name)), "{in_flash:?}");
        assert!(!in_flash.contains(&"x86-mcu"), "it has no flash");
        let learning = ["learning".to_owned()];
        assert!(Holders::of(2000, 3000, &[]).in_ram.contains(&"microbit"));
        assert!(!Holders::of(2000, 3000, &learning).in_ram.contains(&"microbit"), "its stack is too small for that");
        assert_eq!(Holders::of(u64::MAX, u64::MAX, &[]), Holders::default());
    }

    #[test]
    fn what_its_firmware_lacks_is_named() {
        let mut board = named("netduinoplus2").unwrap().clone();
        let needed = ["pes".to_owned(), "learning".to_owned()];
        assert_eq!(board.fit(8, 8, &needed), Fit::Arena);
        board.stack_bytes = 11_000;
        assert_eq!(board.fit(8, 8, &needed), Fit::Stack { bytes: 2568 });
        assert_eq!(board.fit(8, 8, &needed[..1]), Fit::Arena);
        board.features = vec!["pes".to_owned()];
        assert_eq!(board.fit(8, 8, &needed), Fit::LeftOut { feature: "learning".to_owned() });
    }
}
