//! Writes parameters into the model, rounded to the registers, and into the network file.

use crate::bias;
use crate::layers::Model;
use crate::parameter::{Parameters, Place, Register};
use loihi_core::image::Profile;
use loihi_core::num::Delay;
use loihi_net::network::{Each, Network};

impl Model {
    /// Rounds everything that is trained to its registers, after it has changed.
    pub fn fold(&mut self, network: &Network) {
        for own in &self.parameters {
            match own.place {
                Place::Weights(at) => {
                    let (synapses, connection) = (&mut self.synapses[at], &network.connections[at]);
                    for (folded, weight) in synapses.folded.iter_mut().zip(&own.values) {
                        *folded = f32::from(connection.folded(own.grid.mantissa(*weight)));
                    }
                }
                Place::Delays(at) => {
                    let delays = own.rounded().map(|delay| usize::try_from(delay).unwrap_or(0));
                    self.synapses[at].delays = Some(delays.collect());
                }
                Place::Bias(at) => {
                    let biases: Vec<i32> = own.rounded().collect();
                    bias::fold(&mut self.neurons, &mut self.sums, at, &biases);
                }
                Place::Register(at, register) => {
                    let values: Vec<i32> = own.rounded().collect();
                    let neurons = &mut self.neurons[at];
                    let registers = &mut neurons.registers;
                    let (into, of): (&mut [i32], fn(i32) -> i32) = match register {
                        Register::DecayU => (&mut registers.keep_u, |decay| 4096 - decay),
                        Register::DecayV => (&mut registers.keep_v, |decay| 4096 - decay),
                        Register::VTh => (&mut registers.v_th, |mantissa| mantissa << 6),
                    };
                    into.iter_mut().zip(&neurons.profiles).for_each(|(own, profile)| *own = of(values[*profile]));
                }
            }
        }
    }

    /// Sets the threshold of all neurons of a population, also where training begins from it.
    pub fn set_v_th(&mut self, population: usize, mantissa: i32) {
        self.neurons[population].registers.v_th.fill(mantissa << 6);
        for own in &mut self.parameters {
            if own.place == Place::Register(population, Register::VTh) {
                #[expect(clippy::cast_precision_loss, reason = "at most 17 bits")]
                own.values.fill(mantissa as f32);
            }
        }
    }

    /// Whether weights into a population are trained.
    pub fn trains_weights_into(&self, population: usize) -> bool {
        let into = |own: &Parameters| matches!(own.place, Place::Weights(at) if self.synapses[at].to == population);
        self.parameters.iter().any(into)
    }

    /// Puts what was trained, and thresholds that were chosen, into the network.
    pub fn write_to(&self, network: &mut Network) {
        for own in &self.parameters {
            match own.place {
                Place::Weights(at) => {
                    let mantissas: Vec<i16> = own.values.iter().map(|weight| own.grid.mantissa(*weight)).collect();
                    let weights = &mut network.connections[at].weights;
                    *weights = self.synapses[at].ways.put(weights, &mantissas);
                }
                Place::Delays(at) => {
                    let delays = own.rounded().map(Delay::saturating);
                    network.connections[at].delay = Each::of(delays.collect());
                }
                Place::Bias(at) => bias::write(network, at, &own.rounded().collect::<Vec<i32>>()),
                // All registers are written.
                Place::Register(..) => {}
            }
        }
        for (own, population) in self.neurons.iter().zip(&mut network.populations) {
            let registers = &own.registers;
            if let Some(profiles) = population.compartments.last_mut() {
                let of = |neuron: usize| {
                    let profile = *profiles.get(neuron)?;
                    let (decay_u, decay_v) = (4096 - registers.keep_u[neuron], 4096 - registers.keep_v[neuron]);
                    Some(Profile { decay_u, decay_v, v_th: registers.v_th[neuron], ..profile })
                };
                *profiles = Each::of((0..registers.len()).filter_map(of).collect());
            }
        }
    }
}
