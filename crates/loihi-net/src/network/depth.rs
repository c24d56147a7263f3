//! Steps that the chip takes from layer to layer against those of a file in which layers take none: which connections close
//! circles, by how much each population runs late, and what delays make up for it.
//!
//! A population that is late by `p` steps computes in step `t + p` what the file's computes in step `t`. A spike of `x`
//! reaches `y` in the file after the delay `d` of the way, and a step more if the way closes a circle (`c` = 1); on the chip
//! it takes a step, and the delay of its axon: `d + c + p(y) - p(x) - 1`, which cannot be less than 0.

/// What leads to a population.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edge {
    /// Another population, by its place, or the outside.
    pub from: Option<usize>,
    /// The population, by its place.
    pub to: usize,
    /// The least delay of its spikes, in steps: the file's for [`Depths::of_file`], the chip's for [`Depths::of_chip`].
    pub delay: u8,
}

/// How late populations run, and what that makes of delays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Depths {
    /// By population: steps by which it is late.
    pub of: Vec<i32>,
    /// By edge: whether it leads back to where it comes from, by way of others or at once.
    pub closing: Vec<bool>,
}

impl Depths {
    /// As little late as the chip allows with the delays of a file. A circle of more populations than its delays have
    /// steps takes longer on the chip than in the file: see [`Depths::late`].
    pub fn of_file(populations: usize, edges: &[Edge]) -> Self {
        let closing = closing(populations, edges);
        let mut held: Vec<usize> = (0..edges.len()).collect();
        loop {
            match longest(populations, edges, &closing, &held) {
                Ok(of) => return Self { of, closing },
                // Edges that close no circle make none, so that each circle has one to let go.
                Err(circle) => held.retain(|number| !(closing[*number] && circle.contains(number))),
            }
        }
    }

    /// As late as the delays of a chip allow, so that a file with the fewest delays computes the same.
    pub fn of_chip(populations: usize, edges: &[Edge]) -> Self {
        let closing = closing(populations, edges);
        Self { of: shortest(populations, edges, &closing), closing }
    }

    /// What the delay on the chip is more than in the file, by edge; less than 0 where it is less.
    pub fn more(&self, number: usize, edge: Edge) -> i32 {
        let to = self.of.get(edge.to).copied().unwrap_or(0);
        let closing = i32::from(self.closing.get(number).copied().unwrap_or(false));
        edge.from.map_or(to, |from| closing + to - self.of.get(from).copied().unwrap_or(0) - 1)
    }

    /// Steps by which spikes come late on the chip by an edge, where the file has no delay that is long enough.
    pub fn late(&self, number: usize, edge: Edge) -> i32 {
        (-i32::from(edge.delay) - self.more(number, edge)).max(0)
    }
}

/// The least lateness of all populations such that no delay of these edges is less than 0; the edges of a circle for which
/// there is none.
fn longest(populations: usize, edges: &[Edge], closing: &[bool], held: &[usize]) -> Result<Vec<i32>, Vec<usize>> {
    let (mut of, mut by) = (vec![0; populations], vec![None; populations]);
    for round in 0..=populations {
        let mut changed = None;
        for number in held {
            let Edge { from, to, delay } = edges[*number];
            let step = i32::from(from.is_some()) - i32::from(closing[*number]) - i32::from(delay);
            let least = from.map_or(0, |from| of[from]) + step;
            if least > of[to] {
                (of[to], by[to], changed) = (least, Some(*number), Some(to));
            }
        }
        let Some(mut at) = changed else { return Ok(of) };
        if round < populations {
            continue;
        }
        // Ways without circles have settled by now.
        let mut way: Vec<usize> = Vec::new();
        while let Some(number) = by[at] {
            if let Some(first) = way.iter().position(|passed| *passed == number) {
                return Err(way.split_off(first));
            }
            way.push(number);
            let Some(from) = edges[number].from else { break };
            at = from;
        }
    }
    Ok(of)
}

/// The largest lateness of all populations such that no delay of a file is less than 0.
fn shortest(populations: usize, edges: &[Edge], closing: &[bool]) -> Vec<i32> {
    let mut of: Vec<Option<i32>> = vec![None; populations];
    let span = |number: usize, edge: &Edge| {
        i32::from(edge.from.is_some()) + i32::from(edge.delay) - i32::from(closing[number])
    };
    let relax = |of: &mut Vec<Option<i32>>| {
        for _ in 0..=populations {
            for (number, edge) in edges.iter().enumerate() {
                let from = edge.from.map_or(Some(0), |from| of[from]);
                if let Some(most) = from.map(|from| from + span(number, edge)) {
                    of[edge.to] = Some(of[edge.to].map_or(most, |own| own.min(most)));
                }
            }
        }
    };
    relax(&mut of);
    // What no input reaches is as late as what it leads to allows.
    for _ in 0..populations {
        for (number, edge) in edges.iter().enumerate() {
            if let Some((from, to)) = edge.from.filter(|from| of[*from].is_none()).zip(of[edge.to]) {
                of[from] = Some((to - span(number, edge)).max(0));
            }
        }
    }
    let mut of: Vec<Option<i32>> = of.into_iter().map(|own| Some(own.unwrap_or(0))).collect();
    relax(&mut of);
    of.into_iter().map(Option::unwrap_or_default).collect()
}

/// Edges to a population that is on the way to them, depth first from the inputs, in the order of places.
fn closing(populations: usize, edges: &[Edge]) -> Vec<bool> {
    let mut order: Vec<usize> = (0..edges.len()).collect();
    order.sort_by_key(|number| (edges[*number].from, edges[*number].to));
    let (mut begun, mut done) = (vec![false; populations], vec![false; populations]);
    let mut closing = vec![false; edges.len()];
    let inputs = order.iter().map(|number| edges[*number]).filter(|edge| edge.from.is_none()).map(|edge| edge.to);
    for start in inputs.chain(0..populations) {
        if begun[start] {
            continue;
        }
        begun[start] = true;
        // Populations on the way, each with the edge to look at next.
        let mut way = vec![(start, 0)];
        while let Some((at, next)) = way.last_mut() {
            let (at, number) = (*at, order.get(*next).copied());
            *next += 1;
            let Some(number) = number else {
                done[at] = true;
                way.pop();
                continue;
            };
            let Edge { from, to, .. } = edges[number];
            if from != Some(at) {
                continue;
            }
            if !begun[to] {
                begun[to] = true;
                way.push((to, 0));
            } else if !done[to] {
                closing[number] = true;
            }
        }
    }
    closing
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edges(list: &[(Option<usize>, usize, u8)]) -> Vec<Edge> {
        list.iter().map(|(from, to, delay)| Edge { from: *from, to: *to, delay: *delay }).collect()
    }

    fn more(depths: &Depths, edges: &[Edge]) -> Vec<i32> {
        (0..edges.len()).map(|number| depths.more(number, edges[number])).collect()
    }

    fn late(depths: &Depths, edges: &[Edge]) -> Vec<i32> {
        (0..edges.len()).map(|number| depths.late(number, edges[number])).collect()
    }

    #[test]
    fn the_longest_way_counts() {
        // Input to 0 to 1 to 2, input to 2, 1 to itself; 3 is reached by nothing and leads to 1.
        let edges = edges(&[
            (None, 0, 0),
            (Some(0), 1, 0),
            (Some(1), 2, 0),
            (None, 2, 0),
            (Some(1), 1, 0),
            (Some(3), 1, 0),
            (Some(0), 2, 5),
        ]);
        let depths = Depths::of_file(4, &edges);
        assert_eq!(depths.of, [0, 1, 2, 0]);
        assert_eq!(depths.closing, [false, false, false, false, true, false, false]);
        assert_eq!(more(&depths, &edges), [0, 0, 0, 2, 0, 0, 1]);
        assert_eq!(late(&depths, &edges), [0; 7]);
        assert_eq!(Depths::of_file(0, &[]).of, Vec::<i32>::new());
    }

    /// A circle of two takes a step in the file and two on the chip, unless a delay has the step, wherever it is.
    #[test]
    fn circles_take_their_steps_from_delays() {
        for (forth, back, of, lates) in [(0, 0, [0, 1], [0, 0, 1]), (0, 1, [0, 1], [0; 3]), (1, 0, [0, 0], [0; 3])] {
            let edges = edges(&[(None, 0, 0), (Some(0), 1, forth), (Some(1), 0, back)]);
            let depths = Depths::of_file(2, &edges);
            assert_eq!((&*depths.of, &*late(&depths, &edges)), (&of[..], &lates[..]), "{forth} {back}");
            let chip: Vec<i32> =
                edges.iter().zip(more(&depths, &edges)).map(|(edge, more)| i32::from(edge.delay) + more).collect();
            // Around the circle: a step from each population, and the delays.
            let around = 2 + chip[1].max(0) + chip[2].max(0);
            assert_eq!(around, 1 + i32::from(forth + back) + lates[2], "{forth} {back}");
        }
        // Of three, with a delay of one: one step is missing.
        let three = edges(&[(None, 0, 0), (Some(0), 1, 0), (Some(1), 2, 1), (Some(2), 0, 0)]);
        let depths = Depths::of_file(3, &three);
        assert_eq!(late(&depths, &three).iter().sum::<i32>(), 1, "{depths:?}");
    }

    /// What a chip computes comes back from a file with the fewest delays.
    #[test]
    fn a_file_has_the_delays_that_layers_do_not_make_up_for() {
        // A spike that skips a layer and does not wait, a circle, and something that nothing reaches.
        let chip =
            edges(&[(None, 0, 0), (Some(0), 1, 0), (Some(0), 2, 0), (Some(1), 2, 0), (Some(2), 0, 0), (Some(3), 2, 0)]);
        let depths = Depths::of_chip(4, &chip);
        let file: Vec<Edge> = (0..chip.len())
            .map(|number| {
                let delay = u8::try_from(-depths.more(number, chip[number])).unwrap();
                Edge { delay, ..chip[number] }
            })
            .collect();
        let delays: Vec<u8> = file.iter().map(|edge| edge.delay).collect();
        assert_eq!(delays, [0, 0, 0, 1, 1, 0]);
        let back = Depths::of_file(4, &file);
        for (number, edge) in file.iter().enumerate() {
            assert_eq!(i32::from(edge.delay) + back.more(number, *edge), 0, "{number}");
            assert_eq!(back.late(number, *edge), 0, "{number}");
        }
    }
}
