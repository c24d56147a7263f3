//! A chip in this process whose answers are altered on their way.

use loihi_core::wire::message::{Request, Response};
use loihi_device::inproc::InProcess;
use loihi_device::session::SessionError;
use loihi_device::{Device, Waiting};

/// A device that computes as [`InProcess`] does and answers something else, for tests of what a host does then.
#[derive(Debug)]
pub struct Altered<F> {
    /// What computes.
    pub inner: InProcess,
    /// Changes the answer to a request.
    pub alter: F,
}

impl<F: FnMut(&Request<'_>, &mut Response<'_>) + Send> Device for Altered<F> {
    fn name(&self) -> &'static str {
        "test"
    }

    fn ask(
        &mut self,
        request: &Request<'_>,
        waiting: &Waiting,
        read: &mut dyn FnMut(Response<'_>),
    ) -> Result<(), SessionError> {
        let Self { inner, alter } = self;
        inner.ask(request, waiting, &mut |mut response| {
            alter(request, &mut response);
            read(response);
        })
    }
}
