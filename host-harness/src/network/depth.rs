//! How many layers lie before a population, and which connections close circles.

/// What leads to a population, by its place: from another one, or from outside.
pub(crate) type Edge = (Option<usize>, usize);

/// Depths of populations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Depths {
    /// By population: steps that a spike takes to it from the inputs by the longest way without circles; 0 for those that no
    /// input reaches.
    pub(crate) of: Vec<u8>,
    /// By edge: whether it leads back to where it comes from, by way of others.
    pub(crate) closing: Vec<bool>,
}

impl Depths {
    /// Those of so many populations with these edges.
    pub(crate) fn new(populations: usize, edges: &[Edge]) -> Self {
        let closing = closing(populations, edges);
        let mut depths: Vec<Option<u8>> = vec![None; populations];
        for _ in 0..=populations {
            for ((from, to), closing) in edges.iter().zip(&closing) {
                let depth = match from {
                    _ if *closing => None,
                    None => Some(0),
                    Some(from) => depths[*from].map(|depth| depth.saturating_add(1)),
                };
                depths[*to] = depths[*to].max(depth);
            }
        }
        Self { of: depths.into_iter().map(Option::unwrap_or_default).collect(), closing }
    }

    /// Steps by which spikes over an edge come before those of the longest way; 0 for edges that close circles.
    pub(crate) fn early(&self, number: usize, (from, to): Edge) -> u8 {
        let before = from.map_or(0, |from| self.of[from].saturating_add(1));
        if self.closing[number] { 0 } else { self.of[to].saturating_sub(before) }
    }
}

/// Edges to a population that is on the way to them, depth first from the inputs.
fn closing(populations: usize, edges: &[Edge]) -> Vec<bool> {
    let (mut begun, mut done) = (vec![false; populations], vec![false; populations]);
    let mut closing = vec![false; edges.len()];
    let inputs = edges.iter().filter(|(from, _)| from.is_none()).map(|(_, to)| *to);
    for begin in inputs.chain(0..populations) {
        if begun[begin] {
            continue;
        }
        begun[begin] = true;
        // Populations on the way, each with the edge to look at next.
        let mut way = vec![(begin, 0)];
        while let Some((at, next)) = way.last_mut() {
            let (at, number) = (*at, *next);
            *next += 1;
            let Some((from, to)) = edges.get(number) else {
                done[at] = true;
                way.pop();
                continue;
            };
            if *from != Some(at) {
                continue;
            }
            if !begun[*to] {
                begun[*to] = true;
                way.push((*to, 0));
            } else if !done[*to] {
                closing[number] = true;
            }
        }
    }
    closing
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_way_counts_and_circles_do_not() {
        // Input to 0 to 1 to 2, input to 2, 2 back to 0, 1 to itself; 3 is reached by nothing and leads to 1.
        let edges = [(None, 0), (Some(0), 1), (Some(1), 2), (None, 2), (Some(2), 0), (Some(1), 1), (Some(3), 1)];
        let depths = Depths::new(4, &edges);
        assert_eq!(depths.of, [0, 1, 2, 0]);
        assert_eq!(depths.closing, [false, false, false, false, true, true, false]);
        let early: Vec<u8> = (0..edges.len()).map(|number| depths.early(number, edges[number])).collect();
        assert_eq!(early, [0, 0, 0, 2, 0, 0, 0]);
        assert_eq!(Depths::new(0, &[]).of, Vec::<u8>::new());
    }
}
