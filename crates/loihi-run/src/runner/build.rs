//! Options of a runner.

use super::{Runner, RunnerError};
use crate::inference::Inference;
use crate::inference::present::Presentation;
use loihi_device::session::{RetryPolicy, Session, new_number};
use loihi_device::{Device, Waiting};
use loihi_net::network::Network;
use loihi_place::place::{self, place};

/// A network that is to run, and how.
///
/// ```
/// use loihi_core::image::Profile;
/// use loihi_device::inproc::InProcess;
/// use loihi_net::network::{Network, Population};
/// use loihi_place::place::PlacementOptions;
/// use loihi_run::runner::Runner;
///
/// let mut network = Network::new("silent");
/// network.population(Population::new("all", 100));
/// let placement = PlacementOptions::default().compartments_per_core(50);
/// let runner = Runner::builder(network).placement(placement).open(InProcess::default())?;
/// assert_eq!(runner.placed().usage.len(), 2);
/// # Ok::<(), loihi_run::runner::RunnerError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "it runs once it is opened"]
pub struct RunnerBuilder {
    network: Network,
    placement: place::PlacementOptions,
    presentation: Option<Presentation>,
    learns: bool,
    waiting: Waiting,
}

impl RunnerBuilder {
    pub(super) fn new(network: Network) -> Self {
        let waiting = Waiting { retry: RetryPolicy::default(), stop: || false };
        Self { network, placement: place::PlacementOptions::default(), presentation: None, learns: false, waiting }
    }

    /// How the network is spread over cores.
    pub const fn placement(mut self, placement: place::PlacementOptions) -> Self {
        self.placement = placement;
        self
    }

    /// How samples are presented; by default to the only input, as the network says.
    pub const fn presentation(mut self, presentation: Presentation) -> Self {
        self.presentation = Some(presentation);
        self
    }

    /// Whether the network's learning rules change weights; by default they do not.
    pub const fn learning(mut self, learns: bool) -> Self {
        self.learns = learns;
        self
    }

    /// How often a request is repeated on a line that loses bytes.
    pub const fn retry(mut self, retry: RetryPolicy) -> Self {
        self.waiting.retry = retry;
        self
    }

    /// Ends whatever is being computed once this returns true, with [`SessionError::Stopped`].
    ///
    /// [`SessionError::Stopped`]: loihi_device::session::SessionError::Stopped
    pub const fn stop(mut self, stop: fn() -> bool) -> Self {
        self.waiting.stop = stop;
        self
    }

    /// Places the network and loads it on a device.
    ///
    /// # Errors
    /// [`RunnerError`].
    pub fn open(self, device: impl Device + 'static) -> Result<Runner, RunnerError> {
        let Waiting { retry, stop } = self.waiting;
        let session = Session::open(Box::new(device), retry, new_number(), stop)?;
        self.open_session(session)
    }

    /// Places the network and loads it on a device with which a session is open. The session's own way to wait holds.
    ///
    /// # Errors
    /// [`RunnerError`].
    pub fn open_session(self, mut session: Session) -> Result<Runner, RunnerError> {
        let Self { network, placement, presentation, learns, .. } = self;
        let placed = place(&network, placement)?;
        let Inference { bias, stimulus, .. } = Inference::new(&mut session, &network, &placed)?;
        Ok(Runner {
            session,
            network,
            placed,
            presentation,
            bias,
            stimulus,
            learns,
            from_rest: true,
            steps: 0,
            samples: 0,
        })
    }
}
