//! Recorded vectors of other emulators: read from a folder, replayed in this process or on another device.

use flate2::read::GzDecoder;
use host_harness::conform::Verdict;
use host_harness::conform::parse::parse;
use host_harness::conform::replay::replay;
use host_harness::conform::vector::Vector;
use host_harness::device::inproc::InProcess;
use host_harness::device::session::Session;
use std::fs::File;
use std::io::Read as _;
use std::path::PathBuf;

/// A folder of vectors.
pub(crate) struct Golden {
    /// Its path below `golden`.
    pub(crate) folder: &'static str,
    /// Words of the only reason for which a vector of it may be skipped.
    pub(crate) skipped: &'static str,
}

/// Networks: every register, every step.
pub(crate) const NEURONS: Golden = Golden { folder: "neurons", skipped: "leaves the chip's ranges" };

/// Learning: every trace, weight and tag, every step.
pub(crate) const LEARNING: Golden =
    Golden { folder: "learning", skipped: "rounds at random by values from before the step" };

impl Golden {
    /// The vectors whose names begin so, in the order of their names.
    pub(crate) fn vectors(&self, prefix: &str) -> Vec<Vector> {
        let folder = super::root().join("tests/golden").join(self.folder);
        let mut paths: Vec<_> = folder.read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        let chosen = paths.iter().filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with(prefix));
        let read = |path: &PathBuf| {
            let mut text = String::new();
            GzDecoder::new(File::open(path).unwrap()).read_to_string(&mut text).unwrap();
            parse(&text).unwrap()
        };
        chosen.map(read).collect()
    }

    /// Replays all vectors whose names begin so; a failure names the vector, the step and the register.
    pub(crate) fn all_pass(&self, prefix: &str, expected: usize, session: &mut Session) {
        let mut passed = 0;
        for vector in self.vectors(prefix) {
            match replay(&vector, session).unwrap() {
                Verdict::Passed => passed += 1,
                Verdict::Failed(difference) => panic!("{}: {difference}", vector.case),
                Verdict::Skipped(why) => assert!(why.contains(self.skipped), "{}: {why}", vector.case),
            }
        }
        assert_eq!(passed, expected, "vectors of {prefix} that passed");
    }
}

/// A session with a device in this process that has memory enough for every vector.
pub(crate) fn session() -> Session {
    super::open(Box::new(InProcess::new(16 << 20)))
}
