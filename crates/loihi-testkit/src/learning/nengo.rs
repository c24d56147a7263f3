//! nengo-loihi's PES: one trace per axon, the error as the third factor, dw = 2^-7 · x1 · y1.

use super::super::ConformError;
use super::super::json::{Field, unreadable};
use super::super::plastic::{Learning, PlasticGroup, PlasticSynapse, RecordedDraws, TraceParameters, Words};
use super::super::vector::Vector;
use super::{constant, width, word16, words};
use loihi_core::image::{Dependency, Dialect, Factor, ProductRecord, Target, Variable};
use loihi_core::num::Purpose;
use loihi_core::register::Register;
use loihi_image::image::{Plasticity, Source, decay_table};

/// A learned group of the file.
struct Group {
    axons: usize,
    posts: usize,
    train_epoch: usize,
    learn_epoch: usize,
    /// What divides a weight to give its mantissa.
    weight_unit: i32,
}

pub(super) fn read(vector: &mut Vector, root: &Field<'_>) -> Result<(), ConformError> {
    let mut learning = Learning { writes: vec![Vec::new(); vector.steps], ..Learning::default() };
    let mut groups = Vec::new();
    for field in root.at("learning")?.items()? {
        let (group, plastic) = plastic_group(&field, root)?;
        groups.push(group);
        learning.groups.push(plastic);
    }
    for (step, errors) in root.at("errors")?.items()?.iter().enumerate() {
        let errors: Vec<Vec<i32>> = errors.numbers_by_step()?;
        let y1 = errors.iter().flat_map(|errors| errors.iter().map(|e| -e).chain(errors.iter().copied())).collect();
        if let Some(writes) = learning.writes.get_mut(step) {
            writes.push(words(Register::Y1, y1));
        }
    }
    learning.recorded_draws = recorded_draws(&groups, &root.at("draws")?, vector.steps)?;
    learning.expected = expected(&groups, &root.at("expect")?)?;
    vector.learning = learning;
    Ok(())
}

fn plastic_group(field: &Field<'_>, root: &Field<'_>) -> Result<(Group, PlasticGroup), ConformError> {
    let number = |name: &str| field.at(name)?.number::<usize>();
    let synapses = root.at("synapses")?.item(number("synapse")?)?;
    let (axons, posts, first) = (number("n_axons")?, number("n_post")?, number("dst_first")?);
    let (train_epoch, learn_epoch) = (number("train_epoch")?, number("learn_epoch")?);
    let wgt_exp = field.at("real_weight_exp")?.number::<i32>()? - 6;
    let per_epoch = learn_epoch.checked_div(train_epoch).filter(|ratio| ratio.is_power_of_two());
    let Some(per_epoch) = per_epoch.filter(|ratio| ratio * train_epoch == learn_epoch) else {
        return Err(field.invalid("group whose learn_epoch is its train_epoch times a power of two"));
    };
    let keep = field.at("trace_decay")?.float()?;
    let impulse = field.at("tracing_mag_128")?.float()? / 128.0;
    let trace = TraceParameters {
        impulse: 0,
        impulse_fraction: 0,
        decay: decay_table(keep, 0.0),
        joint: Some(decay_table(keep, impulse)),
    };
    let factor = |variable| Factor { variable, ..Factor::NONE };
    let product = ProductRecord {
        target: Target::Weight,
        profiles: 0xFF,
        dependency: Dependency::U(per_epoch.trailing_zeros()),
        mantissa: field.at("lr_int")?.number()?,
        exponent: field.at("lr_exp")?.number()?,
        factors: 2,
        factor: [factor(Variable::X1), factor(Variable::Y1), Factor::NONE, Factor::NONE],
    };
    let plastic = PlasticGroup {
        axons: rows(&synapses, axons, wgt_exp)?,
        posts: first..first + posts,
        traces: [Some(trace), None, None, None, None],
        plasticity: Plasticity::default()
            .products(vec![product])
            .epoch_steps(width(train_epoch)?)
            .wgt_exp(wgt_exp)
            .dialect(Dialect(Dialect::ONE_DECAY | Dialect::JOINT_IMPULSE)),
    };
    Ok((Group { axons, posts, train_epoch, learn_epoch, weight_unit: 1 << (6 + wgt_exp) }, plastic))
}

/// The axons in order, each with its synapses by compartment.
fn rows(group: &Field<'_>, axons: usize, wgt_exp: i32) -> Result<Vec<(Source, Vec<PlasticSynapse>)>, ConformError> {
    let from_input = group.at("src")?.text()? == "input";
    let column = |name: &str| group.at(name)?.numbers::<u32>();
    let (pre, axon, post) = (column("pre")?, column("axon")?, column("post")?);
    let weights: Vec<i32> = group.at("weight")?.numbers()?;
    let mut rows: Vec<Option<(Source, Vec<PlasticSynapse>)>> = vec![None; axons];
    for (((pre, axon), post), weight) in pre.iter().zip(&axon).zip(&post).zip(&weights) {
        let source = if from_input { Source::Input(*pre) } else { Source::Compartment(*pre) };
        let mantissa = i16::try_from(weight >> (6 + wgt_exp)).map_err(|_| group.invalid("list of 9-bit weights"))?;
        let row = rows.get_mut(*axon as usize).ok_or_else(|| group.invalid("list of axons below n_axons"))?;
        let (_, synapses) = row.get_or_insert((source, Vec::new()));
        synapses.push(PlasticSynapse { post: *post, mantissa, delay: 0 });
    }
    let mut rows: Vec<_> =
        rows.into_iter().collect::<Option<_>>().ok_or_else(|| group.invalid("group with synapses at every axon"))?;
    for (_, synapses) in &mut rows {
        synapses.sort_by_key(|synapse| synapse.post);
    }
    Ok(rows)
}

/// The calls of the emulator's generator in their order: traces of all groups, then weights row by row.
fn recorded_draws(groups: &[Group], draws: &Field<'_>, steps: usize) -> Result<Vec<RecordedDraws>, ConformError> {
    if let Some(draw) = draws.given("const16") {
        let word = word16(draw.number()?);
        return Ok(vec![constant(Purpose::PreDecay, word), constant(Purpose::Weight, word)]);
    }
    let [Group { train_epoch, learn_epoch, .. }, ..] = groups else { return Ok(Vec::new()) };
    if groups.iter().any(|group| (group.train_epoch, group.learn_epoch) != (*train_epoch, *learn_epoch)) {
        return Err(unreadable("learning groups with different epochs are not understood".to_owned()));
    }
    let calls: Vec<Vec<u32>> = draws.at("rand16")?.numbers_by_step()?;
    let mut calls = calls.into_iter();
    let mut next = || calls.next().ok_or_else(|| unreadable("draws.rand16: calls are missing".to_owned()));
    let (mut traces, mut weights) = (Vec::new(), Vec::new());
    for t in 1..=steps {
        if t % train_epoch == 0 {
            for _ in groups {
                // x1 and, beside it, x2, which is not there.
                traces.extend(next()?.into_iter().flat_map(|draw| [word16(draw), 0]));
            }
        }
        if t % learn_epoch == 0 {
            for group in groups {
                for _ in 0..group.axons {
                    weights.extend(next()?.into_iter().map(word16));
                }
            }
        }
    }
    let axons: usize = groups.iter().map(|group| group.axons).sum();
    let synapses: usize = groups.iter().map(|group| group.axons * group.posts).sum();
    let recorded = |purpose, epoch: usize, per_row: usize, words| -> Result<RecordedDraws, ConformError> {
        Ok(RecordedDraws { purpose, epoch_steps: width(epoch)?, per_row: width(per_row)?, words })
    };
    Ok(vec![
        recorded(Purpose::PreDecay, *train_epoch, 2 * axons, traces)?,
        recorded(Purpose::Weight, *learn_epoch, synapses, weights)?,
    ])
}

fn expected(groups: &[Group], expect: &Field<'_>) -> Result<Vec<Vec<Words>>, ConformError> {
    let mut expected = Vec::new();
    for traces in expect.at("traces")?.items()? {
        expected.push(vec![words(Register::X1, traces.numbers_by_step::<i32>()?.concat())]);
    }
    for (m, of_groups) in expect.at("weights")?.items()?.iter().enumerate() {
        let mut mantissas = Vec::new();
        for (group, rows) in groups.iter().zip(of_groups.items()?) {
            let rows = rows.numbers_by_step::<i32>()?.concat();
            mantissas.extend(rows.iter().map(|weight| weight / group.weight_unit));
        }
        // Weights are recorded after every fourth step.
        if let Some(step) = expected.get_mut(4 * m + 3) {
            step.push(words(Register::W, mantissas));
        }
    }
    Ok(expected)
}
