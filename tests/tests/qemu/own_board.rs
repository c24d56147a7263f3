//! A board of one's own, in a crate of its own, which no table has: the bits of the host, and refusals by its name.

use crate::common::{experiment, open_board, open_host, root};
use crate::devices_agree::shortened;
use host_harness::boards::{self, Board};
use host_harness::device::session::Session;
use host_harness::experiment::{NoObserver, Outcome, RunOptions, Task as _};

fn board() -> &'static Board {
    let file = root().join("examples/own-board/lm3s6965evb.toml");
    boards::given(file.to_str().unwrap()).unwrap()
}

#[test]
fn it_says_what_its_file_says() {
    let mut session = open_board("firmware", board());
    assert_eq!(session.identity().board, board().name);
    assert_eq!(session.identity().arena_bytes as u64, board().arena_bytes);
    session.expect_board(board()).unwrap();
    session.expect_board(boards::default()).unwrap_err();
    let stack_bytes = session.footprint().unwrap().stack_bytes.unwrap();
    assert!((256..board().stack_bytes).contains(&u64::from(stack_bytes)), "{stack_bytes}");
}

#[test]
fn it_ends_in_the_bits_of_the_host() {
    for (name, steps) in [("pes-channel", "1500"), ("stdp-reward", "500")] {
        let task = shortened(experiment(name), steps);
        let run =
            |session: &mut Session| -> Outcome { task.run(session, &RunOptions::default(), &mut NoObserver).unwrap() };
        let (host, there) = (run(&mut open_host()), run(&mut open_board("firmware", board())));
        assert_eq!(host.digest.first_difference(&there.digest), None, "{name}");
        assert_eq!((host.ops, host.metrics), (there.ops, there.metrics), "{name}");
    }
}
