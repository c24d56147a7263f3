//! The smallest graph that still differs in the same way.

use crate::compare::{Difference, check};
use crate::graph::{Graph, Op};

/// Most graphs that are tried.
const TRIES: usize = 3000;

/// Makes a graph smaller as long as it differs in the same way; `None` if it does not differ.
pub(crate) fn shrink(mut graph: Graph) -> Option<(Graph, Difference)> {
    let mut difference = check(&graph).err()?;
    let (mut tries, mut at, mut since) = (0, 0, 0);
    // Until nothing can be left out any more.
    while tries < TRIES {
        let mut candidates = smaller(&graph);
        if since >= candidates.len() {
            break;
        }
        at %= candidates.len();
        let candidate = candidates.swap_remove(at);
        tries += 1;
        match check(&candidate) {
            // The next one is at the same place now.
            Err(own) if own.kind == difference.kind => (graph, difference, since) = (candidate, own, 0),
            _ => (at, since) = (at + 1, since + 1),
        }
    }
    Some((graph, difference))
}

/// Graphs with something left out, the largest parts first.
fn smaller(graph: &Graph) -> Vec<Graph> {
    let mut candidates = Vec::new();
    let mut with = |change: &dyn Fn(&mut Graph)| {
        let mut candidate = graph.clone();
        change(&mut candidate);
        candidates.push(candidate);
    };
    for steps in [graph.steps / 2, graph.steps - 1] {
        if steps > 0 && steps < graph.steps {
            with(&|graph| {
                graph.steps = steps;
                graph.shown.retain(|(_, step, _)| *step < steps);
            });
        }
    }
    for at in 0..graph.nodes.len() {
        if graph.nodes[at].neurons().is_some() {
            with(&|graph| cut(graph, at));
        }
        for way in 0..graph.nodes[at].from.len() {
            let rest = graph.nodes[at].from.iter().enumerate().filter(|(other, _)| *other != way);
            // Something leads to it that is not its own.
            if rest.map(|(_, from)| *from).min().is_some_and(|from| from < at) {
                with(&|graph| {
                    graph.nodes[at].from.remove(way);
                    prune(graph);
                });
            }
        }
        if let [before] = *graph.nodes[at].from
            && before < at
            && graph.nodes[before].shape == graph.nodes[at].shape
            && !matches!(graph.nodes[at].op, Op::Output)
        {
            with(&|graph| pass(graph, at, before));
        }
        for (number, change) in simpler(graph, at) {
            with(&|graph| change(graph, at, number));
        }
    }
    for spike in &graph.shown {
        with(&|graph| graph.shown.retain(|other| other != spike));
    }
    candidates
}

/// Ends a graph at neurons.
fn cut(graph: &mut Graph, at: usize) {
    let last = graph.nodes.len() - 1;
    graph.nodes[last].from = vec![at];
    graph.nodes[last].shape = graph.nodes[at].shape.clone();
    prune(graph);
}

/// Leaves a node out whose extents are those of the one before it.
fn pass(graph: &mut Graph, at: usize, before: usize) {
    for node in &mut graph.nodes {
        node.from.iter_mut().filter(|from| **from == at).for_each(|from| *from = before);
        node.from.sort_unstable();
        node.from.dedup();
    }
    prune(graph);
}

/// Leaves out what leads nowhere, and makes an edge of an output that has lost its neurons.
fn prune(graph: &mut Graph) {
    let last = graph.nodes.len() - 1;
    let (mut kept, mut waiting) = (vec![false; graph.nodes.len()], vec![last]);
    while let Some(at) = waiting.pop() {
        if !kept[at] {
            kept[at] = true;
            waiting.extend(&graph.nodes[at].from);
        }
    }
    let place = |at: usize| kept[..at].iter().filter(|kept| **kept).count();
    graph.shown =
        graph.shown.iter().filter(|(at, ..)| kept[*at]).map(|(at, step, x)| (place(*at), *step, *x)).collect();
    let nodes = std::mem::take(&mut graph.nodes);
    graph.nodes = nodes.into_iter().enumerate().filter(|(at, _)| kept[*at]).map(|(_, node)| node).collect();
    for node in &mut graph.nodes {
        node.from.iter_mut().for_each(|from| *from = place(*from));
    }
}

type Change = fn(&mut Graph, usize, usize);

/// Changes of one node: numbers to plainer ones.
fn simpler(graph: &Graph, at: usize) -> Vec<(usize, Change)> {
    let mut changes: Vec<(usize, Change)> = Vec::new();
    match &graph.nodes[at].op {
        Op::Dense { weight, bias } => {
            changes.extend(halves(weight));
            changes.extend(nonzero(weight).map(|number| (number, no_weight as Change)));
            changes.extend(bias.is_some().then_some((0, no_bias as Change)));
        }
        Op::Conv(conv) => {
            changes.extend(halves(&conv.weight));
            changes.extend(nonzero(&conv.weight).map(|number| (number, no_weight as Change)));
            changes.extend(conv.bias.is_some().then_some((0, no_bias as Change)));
        }
        Op::Scale { factors, .. } => {
            changes.extend(
                (0..factors.len())
                    .filter(|at| factors[*at].total_cmp(&1.0).is_ne())
                    .map(|at| (at, no_weight as Change)),
            );
        }
        Op::Delay(steps) => {
            changes.extend((0..steps.len()).filter(|at| steps[*at] > 0).map(|at| (at, no_weight as Change)));
        }
        Op::Neurons(neurons) => {
            changes.extend((!neurons.v_reset.is_empty()).then_some((0, no_weight as Change)));
            changes.extend(neurons.v_leak.iter().any(|leak| *leak != 0.0).then_some((0, no_bias as Change)));
        }
        _ => {}
    }
    changes
}

/// Without the first or the second half of the weights, if that has any.
fn halves(weight: &[f64]) -> Vec<(usize, Change)> {
    let half = weight.len() / 2;
    let mut changes: Vec<(usize, Change)> = Vec::new();
    changes.extend(weight[..half].iter().any(|own| *own != 0.0).then_some((half, no_first as Change)));
    changes.extend(weight[half..].iter().any(|own| *own != 0.0).then_some((half, no_second as Change)));
    changes
}

fn weights(graph: &mut Graph, at: usize) -> &mut [f64] {
    match &mut graph.nodes[at].op {
        Op::Dense { weight, .. } => weight,
        Op::Conv(conv) => &mut conv.weight,
        _ => &mut [],
    }
}

fn no_first(graph: &mut Graph, at: usize, half: usize) {
    weights(graph, at)[..half].fill(0.0);
}

fn no_second(graph: &mut Graph, at: usize, half: usize) {
    weights(graph, at)[half..].fill(0.0);
}

fn nonzero(weight: &[f64]) -> impl Iterator<Item = usize> {
    (0..weight.len()).filter(|at| weight[*at] != 0.0)
}

fn no_weight(graph: &mut Graph, at: usize, number: usize) {
    match &mut graph.nodes[at].op {
        Op::Dense { weight, .. } => weight[number] = 0.0,
        Op::Conv(conv) => conv.weight[number] = 0.0,
        Op::Scale { factors, .. } => factors[number] = 1.0,
        Op::Delay(steps) => steps[number] = 0,
        Op::Neurons(neurons) => neurons.v_reset.clear(),
        _ => {}
    }
}

fn no_bias(graph: &mut Graph, at: usize, _: usize) {
    match &mut graph.nodes[at].op {
        Op::Dense { bias, .. } => *bias = None,
        Op::Conv(conv) => conv.bias = None,
        Op::Neurons(neurons) => neurons.v_leak.iter_mut().for_each(|leak| *leak = 0.0),
        _ => {}
    }
}
