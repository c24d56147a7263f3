//! Where the cores are: tiles on a mesh, chips in a row.

/// The arrangement of the cores of a chip, and of chips.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Floorplan {
    /// Cores of a tile.
    pub cores_per_tile: usize,
    /// Tiles from west to east.
    pub tiles_x: usize,
    /// Tiles from north to south.
    pub tiles_y: usize,
}

impl Floorplan {
    /// Loihi 1: four cores a tile, 8 × 4 tiles. The aspect is that of SANA-FE's model; published is only that there are 32.
    pub const LOIHI_1: Self = Self { cores_per_tile: 4, tiles_x: 8, tiles_y: 4 };

    /// Cores of a chip.
    pub const fn cores_per_chip(&self) -> usize {
        self.cores_per_tile * self.tiles_x * self.tiles_y
    }

    /// Chip, column and row of a core; cores fill tiles, tiles rows, rows chips.
    pub const fn place(&self, core: usize) -> [usize; 3] {
        let chip = core / self.cores_per_chip();
        let tile = core % self.cores_per_chip() / self.cores_per_tile;
        [chip, tile % self.tiles_x, tile / self.tiles_x]
    }

    /// What a message crosses on its way from a core to another.
    pub fn hops(&self, from: usize, to: usize) -> Hops {
        let [chip_a, x_a, y_a] = self.place(from);
        let [chip_b, x_b, y_b] = self.place(to);
        let (x_a, x_b) = (chip_a * self.tiles_x + x_a, chip_b * self.tiles_x + x_b);
        let chips = chip_a.abs_diff(chip_b);
        Hops { ew: (x_a.abs_diff(x_b) - chips) as u64, ns: y_a.abs_diff(y_b) as u64, chips: chips as u64 }
    }

    /// Tiles that this many cores take.
    pub const fn tiles(&self, cores: usize) -> usize {
        cores.div_ceil(self.cores_per_tile)
    }

    /// Chips that this many cores take.
    pub const fn chips(&self, cores: usize) -> usize {
        cores.div_ceil(self.cores_per_chip())
    }
}

/// What a message crosses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hops {
    /// Borders between tiles side by side on a chip.
    pub ew: u64,
    /// Borders between tiles one above the other.
    pub ns: u64,
    /// Borders between chips.
    pub chips: u64,
}

impl Hops {
    /// Whether it stays in its tile.
    pub const fn is_in_tile(&self) -> bool {
        self.ew + self.ns + self.chips == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_cross_tiles_and_chips() {
        let plan = Floorplan::LOIHI_1;
        assert_eq!(plan.cores_per_chip(), 128);
        assert!(plan.hops(0, 3).is_in_tile());
        assert_eq!(plan.hops(0, 4), Hops { ew: 1, ns: 0, chips: 0 });
        assert_eq!(plan.hops(0, 127), Hops { ew: 7, ns: 3, chips: 0 });
        // From the last column of a chip to the first of the next: no tile's border, a chip's.
        assert_eq!(plan.hops(28, 128), Hops { ew: 0, ns: 0, chips: 1 });
        assert_eq!(plan.hops(0, 128), Hops { ew: 7, ns: 0, chips: 1 });
        assert_eq!([plan.tiles(1), plan.tiles(5), plan.chips(128), plan.chips(129)], [1, 2, 1, 2]);
    }
}
