//! A device whose firmware was built without a part of the chip: the host names it before anything is sent.

use crate::common::{experiment, open, small_network};
use host_harness::conform::altered::Altered;
use host_harness::device::inproc::InProcess;
use host_harness::device::needs::NetworkNeeds;
use host_harness::device::session::SessionError;
use host_harness::experiment::{RunOptions, image_of};
use host_harness::image::ImageFile;
use loihi_core::feature::Feature;
use loihi_core::image::ImageError;
use loihi_core::rules::RateEncoderParams;
use loihi_core::snip::SnipType;
use loihi_core::wire::message::{Request, Response};

/// Only encoders.
static ENCODERS: [SnipType; 1] = [SnipType::of::<RateEncoderParams>()];

fn image(name: &str) -> ImageFile {
    image_of(&experiment(name).learner().unwrap(), &RunOptions::default(), || false).unwrap()
}

fn refused(image: &ImageFile, features: u32, snips: &'static [SnipType]) -> SessionError {
    let alter = move |request: &Request<'_>, response: &mut Response<'_>| {
        assert!(matches!(request, Request::Hello { .. }), "sent: {request:?}");
        if let Response::Hello { features: told, .. } = response {
            *told = features;
        }
    };
    let device = Altered { inner: InProcess::with_snips(1 << 20, snips), alter };
    open(Box::new(device)).load(image).unwrap_err()
}

#[test]
fn the_learning_engine() {
    let error = refused(&image("stdp-pair"), 0, &loihi_core::rules::ALL);
    assert!(matches!(error, SessionError::Image(ImageError::LeftOut { feature: Feature::Learning })), "{error:?}");
    assert_eq!(
        error.to_string(),
        "the network needs the learning engine of the cores, which this firmware was built without: build it with the \
         feature `learning`"
    );
}

#[test]
fn a_program_of_the_embedded_cpu() {
    let error = refused(&small_network(), Feature::built_in(), &ENCODERS);
    assert_eq!(
        error.to_string(),
        "the network needs the program `pes`, which this firmware was built without: build it with the feature `pes`"
    );
}

#[test]
fn a_network_says_what_it_needs() {
    let features = |name: &str| NetworkNeeds::of(&image(name)).unwrap().features;
    assert_eq!(features("pes-channel"), ["pes"]);
    assert_eq!(features("pes-core"), ["learning", "pes"], "its decoders read what the synapses learn");
    assert_eq!(features("stdp-pair"), ["learning"]);
    assert_eq!(features("digits-emstdp"), ["emstdp"], "its weights change by the embedded CPU alone");
}

#[test]
fn a_full_build_has_every_part() {
    assert_eq!(open(Box::new(InProcess::default())).identity().features, Feature::built_in());
    assert!(Feature::ALL.into_iter().all(Feature::is_built_in));
}
