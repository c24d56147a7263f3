//! Neurons of every kind.

use super::Growing;
use crate::graph::{NeuronKind, Neurons};

impl Growing {
    /// Neurons; the last ones may be such that never fire.
    pub(super) fn neurons(&mut self, count: usize, last: bool) -> Neurons {
        let kind = if last && self.draw.percent(15) {
            self.draw.pick(&[NeuronKind::I, NeuronKind::Li, NeuronKind::CubaLi])
        } else {
            self.draw.pick(&[
                NeuronKind::If,
                NeuronKind::If,
                NeuronKind::Lif,
                NeuronKind::Lif,
                NeuronKind::CubaLif,
                NeuronKind::Threshold,
            ])
        };
        let mut own = Neurons {
            kind,
            tau: Vec::new(),
            tau_syn: Vec::new(),
            r: Vec::new(),
            w_in: Vec::new(),
            v_leak: Vec::new(),
            v_threshold: Vec::new(),
            v_reset: Vec::new(),
        };
        if !matches!(kind, NeuronKind::If | NeuronKind::I | NeuronKind::Threshold) {
            own.tau = self.taus(count);
            own.r = self.gains(&own.tau, count);
            own.v_leak = vec![0.0; count];
            if self.draw.percent(20) {
                own.v_leak = own.tau.iter().map(|tau| self.leak(*tau)).collect();
            }
        }
        if matches!(kind, NeuronKind::CubaLif | NeuronKind::CubaLi) {
            own.tau_syn = self.taus(count);
            own.w_in = self.gains(&own.tau_syn, count);
        }
        if matches!(kind, NeuronKind::If | NeuronKind::I) {
            own.r = self.gains(&vec![1.0; count], count);
        }
        if kind.fires() {
            own.v_threshold = self.each(count, |own| match own.step {
                Some(step) => f64::from(own.draw.whole(1..=30)) * step,
                None => own.draw.real(0.3, 3.0),
            });
        }
        if kind.fires() && kind != NeuronKind::Threshold && self.draw.percent(40) {
            own.v_reset = vec![0.0; count];
            if self.decays && self.draw.percent(30) {
                own.v_reset = own.v_threshold.iter().map(|threshold| self.reset(*threshold)).collect();
            }
        }
        own
    }

    /// A value for all, or one for each.
    fn each(&mut self, count: usize, value: impl Fn(&mut Self) -> f64) -> Vec<f64> {
        if self.draw.percent(60) { vec![value(self); count] } else { (0..count).map(|_| value(self)).collect() }
    }

    /// Time constants of shares that a register holds, or of any.
    fn taus(&mut self, count: usize) -> Vec<f64> {
        self.each(count, |own| match own.step {
            Some(_) if !own.decays => own.dt,
            Some(_) => {
                let any = own.draw.whole(1..=4096);
                let lost = own.draw.pick(&[4096, 2048, 1024, 512, 410, 128, any]);
                own.dt * (4096.0 / f64::from(lost))
            }
            None => own.dt * own.draw.real(1.0, 20.0),
        })
    }

    /// Resistances such that an input adds itself in a step, or some other share of it.
    fn gains(&mut self, taus: &[f64], count: usize) -> Vec<f64> {
        let factor = self.each(count, |own| match own.step {
            Some(_) => own.draw.pick(&[1.0, 1.0, 1.0, 2.0]),
            None => own.draw.real(0.5, 2.0),
        });
        taus.iter().zip(factor).map(|(tau, factor)| factor * (tau / self.dt)).collect()
    }

    fn leak(&mut self, tau: f64) -> f64 {
        match self.step {
            Some(step) => f64::from(self.draw.whole(-1..=2)) * step * (tau / self.dt),
            None => self.draw.real(-0.5, 0.8),
        }
    }

    fn reset(&mut self, threshold: f64) -> f64 {
        match self.step {
            Some(step) => threshold - f64::from(self.draw.whole(1..=20)) * step,
            None => threshold - self.draw.real(0.2, 2.0),
        }
    }
}
