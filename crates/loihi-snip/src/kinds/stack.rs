//! Populations one upon the other that a program teaches together: what its table names, and the words that place them.

use crate::keys::Keys;
use crate::layout::{Group, Layout};
use loihi_net::network::{Endpoint, Learning, SectionError};

/// Most layers of a program that teaches several.
const LAYERS_MAX: usize = 16;

/// Populations, the lowest first, and the connections that lead into them from below.
#[derive(Debug)]
pub(super) struct Stack {
    pub(super) populations: Vec<usize>,
    connections: Vec<usize>,
}

/// Where they lie.
#[derive(Debug)]
pub(super) struct Placed {
    groups: Vec<Group>,
    /// Axons of the lowest layer.
    pub(super) inputs: u32,
    /// Posts of all layers.
    pub(super) posts: u32,
    /// Posts of the last layer.
    pub(super) outputs: u32,
}

impl Stack {
    /// Those that the key `populations` names; of several connections into the lowest, that which `from` names.
    ///
    /// # Errors
    /// [`SectionError`].
    pub(super) fn read(keys: &mut Keys<'_>) -> Result<Self, SectionError> {
        let names: Vec<String> = keys.need("populations")?;
        if names.len() > LAYERS_MAX {
            let what = format!("{} layers: name at most {LAYERS_MAX} populations, the lowest layer first", names.len());
            return Err(keys.error("populations", what));
        }
        if let Some((_, twice)) = names.iter().enumerate().find(|(at, name)| names[..*at].contains(name)) {
            return Err(keys.error("populations", format!("`{twice}` is there twice: name each population once")));
        }
        let populations: Vec<usize> =
            names.iter().map(|name| keys.population_of("populations", name)).collect::<Result<_, _>>()?;
        let Some(lowest) = populations.first() else {
            return Err(keys.error("populations", "name at least one population, the lowest layer first"));
        };
        let mut connections = vec![keys.connection_into(*lowest)?];
        let network = keys.network();
        for pair in populations.windows(2) {
            let between = network
                .connections
                .iter()
                .position(|own| own.from == Endpoint::Population(pair[0]) && own.to == pair[1]);
            connections.push(between.ok_or_else(|| {
                let [from, to] = [pair[0], pair[1]].map(|at| network.name_of(Endpoint::Population(at)));
                keys.error("populations", format!("nothing connects `{from}` to `{to}`: add a `[[connection]]`"))
            })?);
        }
        Ok(Self { populations, connections })
    }

    /// The connections, which the embedded CPU writes.
    pub(super) fn learns(&self) -> Vec<(usize, Learning)> {
        self.connections.iter().map(|connection| (*connection, Learning::by_program())).collect()
    }

    /// Where they lie in a network that is being placed.
    ///
    /// # Errors
    /// What is in the way.
    pub(super) fn placed(&self, layout: &Layout<'_>) -> Result<Placed, String> {
        let groups = self.connections.iter().map(|own| layout.group(*own)).collect::<Result<Vec<_>, _>>()?;
        Ok(Placed {
            inputs: groups.first().map_or(0, |group| group.axons),
            posts: groups.iter().map(|group| group.posts).sum(),
            outputs: groups.last().map_or(0, |group| group.posts),
            groups,
        })
    }
}

impl Placed {
    /// Layers.
    pub(super) fn layers(&self) -> u32 {
        u32::try_from(self.groups.len()).unwrap_or(u32::MAX)
    }

    /// Posts below the last layer.
    pub(super) const fn hidden(&self) -> u32 {
        self.posts - self.outputs
    }

    /// Posts of the largest layer.
    pub(super) fn posts_max(&self) -> u32 {
        self.groups.iter().map(|group| group.posts).max().unwrap_or(0)
    }

    /// Two constants for each layer: its first group, its posts.
    pub(super) fn words(&self) -> Vec<i32> {
        self.groups.iter().flat_map(|group| [group.first, group.posts]).map(u32::cast_signed).collect()
    }

    /// 8-bit constants for direct feedback: one for every post below the last layer and every output, those of a post
    /// side by side.
    pub(super) fn feedback(&self, weight: impl Fn(u32, u32) -> i8) -> Vec<i8> {
        (0..self.hidden())
            .flat_map(|post| (0..self.outputs).map(move |output| (post, output)))
            .map(|(post, output)| weight(post, output))
            .collect()
    }
}
