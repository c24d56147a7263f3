//! Where cores are, and which way messages go.

/// Cores of a tile.
pub(super) const CORES_PER_TILE: u32 = 4;
/// Tiles of a chip along x and y.
pub(super) const TILES: [u32; 2] = [8, 4];
/// Cores of a chip.
pub(super) const CORES_PER_CHIP: u32 = CORES_PER_TILE * TILES[0] * TILES[1];

/// Chips in rows, `columns` a row; a core's number counts those of its chip, chip after chip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grid {
    /// Chips.
    pub chips: u32,
    /// Chips of a row, at least 1.
    pub columns: u32,
}

/// Which way a link leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Direction {
    /// Toward larger x.
    East,
    /// Toward smaller x.
    West,
    /// Toward larger y.
    South,
    /// Toward smaller y.
    North,
}

/// What serves one message after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Resource {
    /// The output port of a core.
    Output(u32),
    /// The link of a tile; its place counts tiles of all chips row by row.
    Link(u32, Direction),
    /// The link of a chip.
    ChipLink(u32, Direction),
    /// The input port of a core.
    Input(u32),
}

impl Direction {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::East, Self::West, Self::South, Self::North];

    const fn index(self) -> u32 {
        match self {
            Self::East => 0,
            Self::West => 1,
            Self::South => 2,
            Self::North => 3,
        }
    }
}

impl std::fmt::Display for Resource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Output(core) => write!(f, "output of core {core}"),
            Self::Input(core) => write!(f, "input of core {core}"),
            Self::Link(tile, direction) => write!(f, "link of tile {tile} to the {direction:?}"),
            Self::ChipLink(chip, direction) => write!(f, "link of chip {chip} to the {direction:?}"),
        }
    }
}

impl Grid {
    /// A single row of chips.
    pub const fn row(chips: u32) -> Self {
        Self { chips, columns: if chips == 0 { 1 } else { chips } }
    }

    /// Chips as near to a square as they can be, for this many cores.
    pub fn for_cores(cores: u32) -> Self {
        let chips = cores.div_ceil(CORES_PER_CHIP).max(1);
        let columns = (1..=chips).find(|columns| columns * columns >= chips).unwrap_or(1);
        Self { chips, columns }
    }

    /// Cores of all chips.
    pub const fn cores(self) -> u32 {
        self.chips * CORES_PER_CHIP
    }

    const fn rows(self) -> u32 {
        self.chips.div_ceil(self.columns)
    }

    /// Tiles along x and y of all chips; a last row of chips that is not full has tiles that nobody uses.
    const fn tiles(self) -> [u32; 2] {
        [self.columns * TILES[0], self.rows() * TILES[1]]
    }

    /// Chip of a core.
    pub const fn chip_of(core: u32) -> u32 {
        core / CORES_PER_CHIP
    }

    /// Place of a core's tile along x and y of all chips.
    pub const fn tile_of(self, core: u32) -> [u32; 2] {
        let (chip, tile) = (core / CORES_PER_CHIP, core % CORES_PER_CHIP / CORES_PER_TILE);
        [chip % self.columns * TILES[0] + tile % TILES[0], chip / self.columns * TILES[1] + tile / TILES[0]]
    }

    /// The next link of a message at a tile on its way to another, with the tile behind it; `None` if it is there.
    pub fn next(self, at: [u32; 2], to: [u32; 2]) -> Option<(Resource, [u32; 2])> {
        let [x, y] = at;
        let (direction, next) = if x < to[0] {
            (Direction::East, [x + 1, y])
        } else if x > to[0] {
            (Direction::West, [x - 1, y])
        } else if y < to[1] {
            (Direction::South, [x, y + 1])
        } else if y > to[1] {
            (Direction::North, [x, y - 1])
        } else {
            return None;
        };
        let chip = |[x, y]: [u32; 2]| y / TILES[1] * self.columns + x / TILES[0];
        let resource = if chip(at) == chip(next) {
            Resource::Link(y * self.tiles()[0] + x, direction)
        } else {
            Resource::ChipLink(chip(at), direction)
        };
        Some((resource, next))
    }

    /// Number of a resource among all of them.
    pub(super) fn index(self, resource: Resource) -> usize {
        let [outputs, links] = [self.cores(), 4 * self.tiles()[0] * self.tiles()[1]];
        let index = match resource {
            Resource::Output(core) => core,
            Resource::Link(tile, direction) => outputs + 4 * tile + direction.index(),
            Resource::ChipLink(chip, direction) => outputs + links + 4 * chip + direction.index(),
            Resource::Input(core) => outputs + links + 4 * self.columns * self.rows() + core,
        };
        index as usize
    }

    /// All resources, in the order of their numbers.
    pub(super) fn resources(self) -> Vec<Resource> {
        let [tiles_x, tiles_y] = self.tiles();
        let directed = |of: fn(u32, Direction) -> Resource, count: u32| {
            (0..count).flat_map(move |place| Direction::ALL.map(|direction| of(place, direction)))
        };
        (0..self.cores())
            .map(Resource::Output)
            .chain(directed(Resource::Link, tiles_x * tiles_y))
            .chain(directed(Resource::ChipLink, self.columns * self.rows()))
            .chain((0..self.cores()).map(Resource::Input))
            .collect()
    }
}
