//! Sums are made in `f32`, in any order. They are exact while they are multiples of the largest power of two that divides all
//! weights, and fewer than 2^24 of it. A network whose sums could be larger is refused.

use crate::grid::Grid;
use crate::layers::{Model, Synapses};
use crate::parameter::Place;
use loihi_net::network::{Connection, Network};

/// Sums of this many units and more are not exact in `f32`.
const EXACT: i64 = 1 << 24;

impl Model {
    /// What weights of a connection are rounded to, if they are trained.
    fn grid_of(&self, connection: usize) -> Option<Grid> {
        self.parameters.iter().find(|own| own.place == Place::Weights(connection)).map(|own| own.grid)
    }

    /// Refuses sums that `f32` may not hold.
    pub(crate) fn exact(&self, network: &Network) -> Result<(), String> {
        for (place, own) in self.neurons.iter().enumerate() {
            let into = || {
                let all = network.connections.iter().zip(&self.synapses).enumerate();
                all.filter(|(_, (_, synapses))| synapses.to == place)
            };
            let unit = into().map(|(at, (connection, own))| own.unit(connection, self.grid_of(at))).min().unwrap_or(1);
            let sum: i64 = into()
                .map(|(at, (connection, own))| {
                    let most = own.most(connection, self.grid_of(at));
                    i64::try_from(own.ways.fan_in()).unwrap_or(EXACT).saturating_mul(most)
                })
                .fold(0, i64::saturating_add);
            if sum / unit >= EXACT {
                return Err(format!(
                    "sums into `{}` can be larger than single precision holds exactly: give all connections into it one \
                     wgt_exp, or fewer sources",
                    own.name
                ));
            }
        }
        Ok(())
    }
}

impl Synapses {
    /// The largest magnitude that a spike adds, now or after training.
    fn most(&self, connection: &Connection, grid: Option<Grid>) -> i64 {
        match grid {
            Some(grid) => {
                let ends = grid.range().map(|end| grid.mantissa(end));
                ends.map(|end| i64::from(connection.folded(end)).abs()).into_iter().max()
            }
            None => self.folded.iter().map(|folded| whole(folded.abs())).max(),
        }
        .unwrap_or(0)
    }

    /// A power of two that divides everything that a spike adds, now or after training.
    fn unit(&self, connection: &Connection, grid: Option<Grid>) -> i64 {
        let unit = 1_i64 << connection.wgt_exp.get().max(0);
        // The least mantissa at the largest exponent is held to 16 bits. No weight is trained to it.
        let divides = grid.is_some() || self.folded.iter().all(|folded| whole(*folded) % unit == 0);
        if divides { unit } else { 1 }
    }
}

/// A weight as a whole number, which it is.
#[expect(clippy::cast_possible_truncation, reason = "it was one of 16 bits")]
const fn whole(folded: f32) -> i64 {
    folded as i64
}
