//! The firmware answers while it computes: whatever comes over the line ends a long run after the step under way.

use crate::common::{firmware, open_host, request_frame, small_network};
use host_harness::boards;
use host_harness::device::Line as _;
use host_harness::device::qemu::Qemu;
use loihi_core::chip::ResetScope;
use loihi_core::wire::frame::{BODY_LARGE, CHANNEL_MESSAGE, CRC, FrameReader, Received, plain_bytes};
use loihi_core::wire::message::{Report, Request, Response, SCHEMA, VERSION};
use std::time::{Duration, Instant};

/// Far more than a step takes, and far less than the run.
const ANSWER_WAIT: Duration = Duration::from_secs(20);
/// Steps that take the firmware hours.
const LONG: u32 = 4_000_000_000;

/// The firmware, without a session around it.
struct Firmware {
    line: Qemu,
    reader: FrameReader<Vec<u8>>,
    sequence: u16,
}

impl Firmware {
    fn send(&mut self, request: &Request<'_>) {
        self.sequence += 1;
        self.line.send(&request_frame(self.sequence, request)).unwrap();
    }

    /// The body of the next answer.
    fn answer(&mut self) -> Vec<u8> {
        let deadline = Instant::now() + ANSWER_WAIT;
        while Instant::now() < deadline {
            let mut bytes = Vec::new();
            self.line.receive(&mut bytes, Duration::from_millis(50)).unwrap();
            for byte in bytes {
                if let Received::Frame(frame) = self.reader.push(byte)
                    && frame.channel == CHANNEL_MESSAGE
                {
                    assert_eq!(frame.sequence, self.sequence);
                    return frame.body.to_vec();
                }
            }
        }
        panic!("no answer within {ANSWER_WAIT:?}");
    }

    fn ask(&mut self, request: &Request<'_>) -> Vec<u8> {
        self.send(request);
        self.answer()
    }

    /// Steps that a run has computed, and the instructions that they took.
    fn ran(&mut self) -> (u32, u64) {
        let answer = self.answer();
        let Response::Ran { steps, instructions, .. } = postcard::from_bytes(&answer).unwrap() else {
            panic!("{answer:?}")
        };
        (steps, instructions.unwrap())
    }
}

#[test]
fn a_byte_on_the_line_ends_a_long_run() {
    let (line, reader) =
        (Qemu::start(boards::default(), &firmware()).unwrap(), FrameReader::new(vec![0; plain_bytes(BODY_LARGE)]));
    let mut firmware = Firmware { line, reader, sequence: 0 };
    firmware.ask(&Request::Hello { version: VERSION, schema: SCHEMA, session: 1 });
    let image = small_network();
    let bytes = u32::try_from(image.bytes().len()).unwrap();
    firmware.ask(&Request::LoadStart { bytes, check: CRC.checksum(image.bytes()) });
    firmware.ask(&Request::LoadChunk { offset: 0, data: image.bytes() });
    let loaded = firmware.ask(&Request::LoadEnd);
    assert!(matches!(postcard::from_bytes(&loaded).unwrap(), Response::Loaded { .. }));

    let run = |steps| Request::Run { steps, spikes: &[], report: Report::Nothing };
    firmware.send(&run(LONG));
    std::thread::sleep(Duration::from_millis(300));
    firmware.line.send(&[0]).unwrap();
    let (steps, cut) = firmware.ran();
    assert!((1..LONG).contains(&steps), "{steps} steps");

    let digest = firmware.ask(&Request::Digest);
    let Response::Digest(digest) = postcard::from_bytes(&digest).unwrap() else { panic!("{digest:?}") };
    let mut host = open_host();
    host.load(&image).unwrap();
    host.run(steps, &[]).unwrap();
    assert_eq!(digest, host.digest().unwrap(), "after {steps} steps");

    // In two parts or in one, the same steps take the same instructions.
    firmware.send(&run(10));
    let (_, rest) = firmware.ran();
    firmware.ask(&Request::Reset { scope: ResetScope::All });
    firmware.send(&run(steps + 10));
    assert_eq!(firmware.ran(), (steps + 10, cut + rest));
}
