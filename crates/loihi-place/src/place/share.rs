//! Lets small parts share cores.

use super::PopulationPart;
use loihi_core::image::COMPARTMENTS_PER_CORE;
use loihi_image::limits::CoreUsage;

/// Gives parts the first core that has room for them, the largest first, and sorts them by core.
///
/// Needs add up, since no axon and no list of synapses serves two populations; profiles may be counted twice, never too
/// few times.
pub(super) fn share(parts: &mut [PopulationPart], usage: &[CoreUsage]) {
    let mut order: Vec<usize> = (0..parts.len()).collect();
    order.sort_by_key(|part| (std::cmp::Reverse(usage[*part].compartments), *part));
    let mut cores: Vec<CoreUsage> = Vec::new();
    for part in order {
        let core = cores.iter().position(|core| has_room(&(*core + usage[part])));
        let core = core.unwrap_or_else(|| {
            cores.push(CoreUsage::default());
            cores.len() - 1
        });
        cores[core] = cores[core] + usage[part];
        parts[part].core = core;
    }
    parts.sort_by_key(|part| (part.core, part.population, part.neurons.start));
}

fn has_room(usage: &CoreUsage) -> bool {
    usage.compartments <= COMPARTMENTS_PER_CORE
        && usage.resources().iter().all(|(_, needed, available)| needed <= available)
}
