//! Axons in the order of their lists of synapses, as an image wants them.

use super::{Entry, ImageBuilder};
use loihi_core::image::{AxonRecord, SynapseFormat};

impl ImageBuilder {
    /// Numbers the axons anew: first those without a list in the sparse section, then the others in the order of their
    /// lists. The axons of a plastic group stay together, since their lists are stored together.
    pub(super) fn order_axons(&mut self) {
        let place = |axon: &AxonRecord| match axon.format {
            SynapseFormat::Sparse if axon.learning != 0 || axon.synapses > 0 => axon.first + 1,
            _ => 0,
        };
        let mut order: Vec<usize> = (0..self.axons.len()).collect();
        order.sort_by_key(|axon| place(&self.axons[*axon]));
        if order.is_sorted() {
            return;
        }
        let mut numbers = vec![0; order.len()];
        for (number, axon) in (0_u32..).zip(&order) {
            numbers[*axon] = number;
        }
        self.axons = order.iter().map(|axon| self.axons[*axon]).collect();
        for Entry { axon, .. } in &mut self.routes {
            *axon = numbers.get(*axon as usize).copied().unwrap_or(*axon);
        }
        for group in &mut self.learning {
            group.axon_first = numbers.get(group.axon_first).map_or(group.axon_first, |number| *number as usize);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{AxonOptions, Plasticity, Source, full_row};
    use super::*;
    use loihi_core::image::{Profile, Synapse};

    /// Static and plastic axons whose lists were stored in another order than that of the axons, of which one is shared
    /// and one is empty, do what they were built for.
    #[test]
    fn every_axon_keeps_its_list_its_routes_and_its_group() {
        let to = |compartment| Synapse { compartment, delay: 0, weight: 10 };
        let mut builder = ImageBuilder::new();
        let core = builder.core();
        builder.group(6, Profile { v_th: 64, ..Profile::DEFAULT });
        let inputs = builder.inputs(6);
        let lists = [vec![to(0)], vec![], vec![to(1)]].map(|list| builder.sparse_synapses(&list, 1));
        let plastic = |input| (Source::Input(input), full_row(4..6, |_| 100));
        builder.plastic_group(
            core,
            4..6,
            &Plasticity::default(),
            [plastic(4), (Source::Input(5), Vec::new()), plastic(5)],
        );
        for (input, list, compartment_base) in [(0, 2, 0), (1, 1, 0), (2, 0, 0), (3, 2, 2)] {
            let options = AxonOptions { compartment_base, ..AxonOptions::default() };
            let axon = builder.axon(core, &lists[list], options);
            builder.route(Source::Input(input), axon, 0);
        }
        let file = builder.build().unwrap();
        let image = file.open().unwrap();
        let group = image.learning_group(0).unwrap();
        let reached = inputs.map(|input| {
            let routes = image.routes(image.compartments() + input as usize).iter();
            let axons = routes.map(|word| image.axon(image.route(*word).axon).unwrap());
            let words = |axon: AxonRecord| {
                let words = image.sparse[axon.elements()].iter();
                let compartments = words.map(move |word| Synapse::from_word(*word).compartment + axon.compartment_base);
                (axon.learning, compartments.collect::<Vec<_>>())
            };
            axons.map(words).collect::<Vec<_>>()
        });
        let expected = [
            vec![(0, vec![1])],
            vec![(0, vec![])],
            vec![(0, vec![0])],
            vec![(0, vec![3])],
            vec![(1, vec![4, 5])],
            vec![(1, vec![]), (1, vec![4, 5])],
        ];
        assert_eq!(reached.collect::<Vec<_>>(), expected);
        let of_group =
            (group.axon_first..group.axon_first + group.axons).map(|axon| image.axon(axon).unwrap().learning);
        assert_eq!(of_group.collect::<Vec<_>>(), [1; 3]);
    }
}
