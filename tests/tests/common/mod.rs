//! What several tests need: open sessions, a device to talk to frame by frame, recorded vectors.

#![allow(dead_code, reason = "every test uses its own part")]

pub(crate) mod chip;
pub(crate) mod golden;
pub(crate) mod pc;
pub(crate) mod pty;
pub(crate) mod resets;
pub(crate) mod rules;

use host_harness::boards;
use host_harness::conform::images;
use host_harness::data::{DataOptions, Sample, SampleData};
use host_harness::device::framed::Framed;
use host_harness::device::inproc::{ARENA_BYTES_DEFAULT, InProcess, InProcessLine};
use host_harness::device::qemu::{FIRMWARE_FOLDER, Qemu};
use host_harness::device::session::{RetryPolicy, Session, SessionError};
use host_harness::device::{Device, Waiting};
use host_harness::experiment::Experiment;
use host_harness::image::ImageFile;
use loihi_core::device::{Board, Buffers, Device as CoreDevice, Machine};
use loihi_core::rules::ALL;
use loihi_core::wire::DeviceError;
use loihi_core::wire::frame::{
    self, CHANNEL_MESSAGE, CHANNEL_PART, CRC, Frame, FrameReader, Received, incoming_bytes, line_bytes, plain_bytes,
};
use loihi_core::wire::message::{Report, Request, Response, SCHEMA, VERSION, data_bytes};
use loihi_core::wire::part::Part;
use std::path::{Path, PathBuf};

/// The folder of the workspace.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// The firmware of the bare x86; a test that needs it fails without it.
pub(crate) fn firmware() -> PathBuf {
    image("firmware", boards::default())
}

/// The image of a program for a board; a test that needs it fails without it.
pub(crate) fn image(program: &str, board: &boards::Board) -> PathBuf {
    built(root().join(FIRMWARE_FOLDER).join(board.image(program)))
}

fn built(path: PathBuf) -> PathBuf {
    assert!(path.is_file(), "{} is missing: run `cargo xtask firmware`", path.display());
    path
}

/// The experiment of a name.
pub(crate) fn experiment(name: &str) -> Experiment {
    Experiment::named(name).unwrap_or_else(|| panic!("there is no experiment {name}"))
}

/// An image of the built-in data set.
pub(crate) struct Digit {
    pub(crate) values: Vec<u8>,
    pub(crate) label: u8,
}

/// The built-in data set.
pub(crate) struct Digits {
    pub(crate) training: Vec<Digit>,
    pub(crate) test: Vec<Digit>,
}

pub(crate) fn digits() -> Digits {
    let divided = host_harness::data::open("digits", &DataOptions::default()).unwrap().divided().unwrap();
    let digit = |sample: Sample| {
        let label = u8::try_from(sample.label.unwrap()).unwrap();
        let SampleData::Values { values, .. } = sample.data else { panic!("{} has no values", sample.name) };
        Digit { values, label }
    };
    let all = |samples: Vec<Sample>| samples.into_iter().map(digit).collect();
    Digits { training: all(divided.training), test: all(divided.test) }
}

/// A session with any device.
pub(crate) fn open(device: Box<dyn Device>) -> Session {
    Session::open(device, RetryPolicy::default(), 1, || false).unwrap_or_else(|error| panic!("{error}"))
}

/// A session with the device in this process.
pub(crate) fn open_host() -> Session {
    open(Box::new(InProcess::new(ARENA_BYTES_DEFAULT)))
}

/// A session with a device in this process behind a line with message bodies of `body_bytes` bytes.
pub(crate) fn small_body(body_bytes: usize) -> Session {
    open(Box::new(Framed::new(InProcessLine::with_body(1 << 20, body_bytes))))
}

/// A session with the bare x86 in QEMU; a test that needs it fails without it.
pub(crate) fn open_qemu() -> Session {
    open_board("firmware", boards::default())
}

/// A session with a program for a board in QEMU; a test that needs it fails without it.
pub(crate) fn open_board(program: &str, board: &boards::Board) -> Session {
    let device = Qemu::start(board, &image(program, board));
    let device = device.unwrap_or_else(|error| panic!("{error}: run `cargo xtask setup`"));
    open(Box::new(Framed::new(device)))
}

/// Memory of a device for small networks.
pub(crate) const ARENA_BYTES: usize = 1 << 20;

/// A device in this process that is interrupted after every step, or now and then.
pub(crate) struct Restless {
    machine: Machine<Vec<u64>>,
    data: Vec<u8>,
}

impl Restless {
    /// A session with a device that calls `interrupted` after every step.
    pub(crate) fn open(interrupted: fn() -> bool) -> Session {
        let board = Board { snips: &ALL, interrupted: Some(interrupted), ..Board::named("restless") };
        open(Box::new(Self { machine: Machine::new(vec![0; ARENA_BYTES / 8], board), data: vec![0; 1 << 16] }))
    }
}

impl Device for Restless {
    fn name(&self) -> &'static str {
        "restless"
    }

    fn ask(
        &mut self,
        request: &Request<'_>,
        _waiting: &Waiting,
        read: &mut dyn FnMut(Response<'_>),
    ) -> Result<(), SessionError> {
        read(self.machine.execute(request, &mut self.data));
        Ok(())
    }
}

/// Longest body of a frame of [`Peer`].
pub(crate) const BODY_MAX: usize = 2048;
/// Most bytes of data in its messages.
pub(crate) const DATA_MAX: usize = data_bytes(BODY_MAX);

/// Words of the stimulus, target and output mailboxes of [`small_network`].
pub(crate) const SMALL_MAILBOX: usize = images::SMALL_MAILBOX;

/// [`images::small`].
pub(crate) fn small_network() -> ImageFile {
    images::small().unwrap()
}

/// An answer as it came over the line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    /// The channel of its frame: of messages, or of parts.
    pub(crate) channel: u8,
    /// The number of its frame.
    pub(crate) sequence: u16,
    body: Vec<u8>,
}

impl Answer {
    /// What a part says.
    pub(crate) fn part(&self) -> Part<'_> {
        assert_eq!(self.channel, CHANNEL_PART);
        postcard::from_bytes(&self.body).expect("a part can be read")
    }

    /// What it says.
    pub(crate) fn response(&self) -> Response<'_> {
        assert_eq!(self.channel, CHANNEL_MESSAGE);
        postcard::from_bytes(&self.body).expect("an answer can be read")
    }

    /// Why it is a refusal.
    pub(crate) fn refusal(&self) -> DeviceError {
        match self.response() {
            Response::Failed(error) => error,
            other => panic!("{other:?} is not a refusal"),
        }
    }
}

/// A chip's device without a session around it: the test writes and numbers the frames.
pub(crate) struct Peer {
    device: CoreDevice<Vec<u64>, Vec<u8>>,
    /// Number of the last request.
    pub(crate) sequence: u16,
}

impl Peer {
    /// A device that nobody has greeted yet.
    pub(crate) fn new() -> Self {
        let buffers = Buffers {
            incoming: vec![0; incoming_bytes(BODY_MAX)],
            outgoing: vec![0; line_bytes(BODY_MAX)],
            data: vec![0; DATA_MAX],
        };
        let board = Board { snips: &ALL, ..Board::named("test") };
        Self { device: CoreDevice::new(vec![0; 1 << 13], board, buffers), sequence: 0 }
    }

    /// A device on which an image runs.
    pub(crate) fn with(image: &[u8]) -> Self {
        let mut peer = Self::new();
        peer.greet();
        let loaded = peer.load(image, CRC.checksum(image));
        assert!(matches!(loaded.response(), Response::Loaded { .. }), "{:?}", loaded.response());
        peer
    }

    /// Opens a session.
    pub(crate) fn greet(&mut self) {
        let answer = self.ask(&Request::Hello { version: VERSION, schema: SCHEMA, session: 7 });
        assert!(matches!(answer.response(), Response::Hello { .. }), "{:?}", answer.response());
    }

    /// Sends an image and a check; returns the answer to the last request.
    pub(crate) fn load(&mut self, image: &[u8], check: u32) -> Answer {
        let done = self.ask(&Request::LoadStart { bytes: u32::try_from(image.len()).unwrap(), check });
        assert_eq!(done.response(), Response::Done);
        for (number, data) in image.chunks(DATA_MAX).enumerate() {
            let offset = u32::try_from(number * DATA_MAX).unwrap();
            assert_eq!(self.ask(&Request::LoadChunk { offset, data }).response(), Response::Done);
        }
        self.ask(&Request::LoadEnd)
    }

    /// Sends a request with the next number.
    pub(crate) fn ask(&mut self, request: &Request<'_>) -> Answer {
        self.sequence = self.sequence.wrapping_add(1);
        let line = request_frame(self.sequence, request);
        self.send(&line).expect("the device answers")
    }

    /// Sends bytes and returns what came back.
    pub(crate) fn send(&mut self, line: &[u8]) -> Option<Answer> {
        for byte in line {
            self.device.receive(*byte);
        }
        let mut reader = FrameReader::new(vec![0; plain_bytes(BODY_MAX)]);
        let mut answers = Vec::new();
        for byte in self.device.pending() {
            match reader.push(*byte) {
                Received::Nothing => {}
                Received::Frame(frame) => {
                    let Frame { channel, sequence, body } = frame;
                    answers.push(Answer { channel, sequence, body: body.to_vec() });
                }
                Received::Damaged => panic!("the device sent a damaged frame"),
            }
        }
        let sent = self.device.pending().len();
        self.device.advance(sent);
        assert!(answers.len() <= 1, "one answer at a time");
        answers.pop()
    }
}

/// Steps of which nothing is told.
pub(crate) const fn run(steps: u32, spikes: &[u8]) -> Request<'_> {
    Request::Run { steps, spikes, report: Report::Nothing }
}

/// The answer to [`run`].
pub(crate) const fn ran(steps: u32) -> Response<'static> {
    Response::Ran { steps, instructions: None, snip_instructions: None, report: &[] }
}

/// A request as it goes over the line.
pub(crate) fn request_frame(sequence: u16, request: &Request<'_>) -> Vec<u8> {
    let mut body = vec![0; 2 * BODY_MAX];
    let body = postcard::to_slice(request, &mut body).unwrap();
    frame_of(CHANNEL_MESSAGE, sequence, body)
}

/// A valid frame around any body.
pub(crate) fn frame_of(channel: u8, sequence: u16, body: &[u8]) -> Vec<u8> {
    let mut line = vec![0; line_bytes(body.len())];
    let length = frame::encode(channel, sequence, body, &mut line).unwrap();
    line[..length].to_vec()
}
