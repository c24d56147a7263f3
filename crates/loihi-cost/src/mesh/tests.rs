//! Closed forms of small cases, and what holds for any traffic.

use super::*;
use proptest::prelude::*;

const TIMES: HopTimes = HopTimes {
    message_out_ps: 5_100,
    message_in_ps: 16_000,
    synapse_ps: 3_800,
    hop_x_ps: 4_100,
    hop_y_ps: 6_500,
    link_ps: 291,
    chip_link_ps: 8_730,
    chip_hop_ps: 100_000,
    buffer_messages: 16,
};

fn message(from: u32, to: u32, spike: u32) -> Message {
    Message { from, to, synapses: 2, spike }
}

fn finished(grid: Grid, times: &HopTimes, messages: &[Message]) -> u64 {
    simulate(&grid, times, &MeshTraffic { messages: messages.to_vec() }).finished_ps
}

/// A message alone takes its ports and its hops.
fn alone(grid: Grid, times: &HopTimes, message: Message) -> u64 {
    let (mut at, to) = (grid.tile_of(message.from), grid.tile_of(message.to));
    let mut sum = times.message_out_ps + times.message_in_ps + u64::from(message.synapses) * times.synapse_ps;
    while let Some((resource, next)) = grid.next(at, to) {
        sum += match resource {
            Resource::ChipLink(..) => times.chip_hop_ps,
            _ if next[0] == at[0] => times.hop_y_ps,
            _ => times.hop_x_ps,
        };
        at = next;
    }
    sum
}

#[test]
fn cores_lie_on_tiles_and_tiles_on_chips() {
    let grid = Grid { chips: 6, columns: 3 };
    assert_eq!(grid.tile_of(0), [0, 0]);
    assert_eq!(grid.tile_of(3), [0, 0], "four cores a tile");
    assert_eq!(grid.tile_of(4), [1, 0]);
    assert_eq!(grid.tile_of(127), [7, 3]);
    assert_eq!(grid.tile_of(128), [8, 0]);
    assert_eq!(grid.tile_of(3 * 128), [0, 4], "the second row of chips");
    assert_eq!(grid.next([7, 0], [8, 3]), Some((Resource::ChipLink(0, Direction::East), [8, 0])));
    assert_eq!(grid.next([8, 4], [8, 3]), Some((Resource::ChipLink(4, Direction::North), [8, 3])));
    assert_eq!(grid.next([2, 2], [1, 1]), Some((Resource::Link(2 * 24 + 2, Direction::West), [1, 2])), "x first");
    for (number, resource) in grid.resources().into_iter().enumerate() {
        assert_eq!(grid.index(resource), number, "{resource}");
    }
    assert_eq!((Grid::for_cores(128).chips, Grid::for_cores(129).chips, Grid::for_cores(861).columns), (1, 2, 3));
}

#[test]
fn a_message_alone_takes_its_ports_and_hops() {
    let grid = Grid { chips: 4, columns: 2 };
    for (from, to) in [(0, 0), (0, 3), (0, 4), (0, 32), (0, 127), (127, 128), (5, 511), (511, 0)] {
        let own = message(from, to, 0);
        assert_eq!(finished(grid, &TIMES, &[own]), alone(grid, &TIMES, own), "from {from} to {to}");
    }
    // Tile (7, 3) is seven hops along x and three along y from tile (0, 0).
    assert_eq!(alone(grid, &TIMES, message(0, 127, 0)), 5_100 + 7 * 4_100 + 3 * 6_500 + 16_000 + 2 * 3_800);
}

/// Whatever is slowest on the way serves all messages one after the other.
#[test]
fn a_stream_takes_the_time_of_its_slowest_part() {
    let grid = Grid::row(2);
    let stream: Vec<Message> = (0..200).map(|spike| message(0, 4, spike)).collect();
    let one = alone(grid, &TIMES, message(0, 4, 0));
    let input_ps = TIMES.message_in_ps + 2 * TIMES.synapse_ps;
    assert_eq!(finished(grid, &TIMES, &stream), one + 199 * input_ps, "the input port");
    let outgoing: Vec<Message> = (0..200).map(|spike| message(0, 4 * (spike % 8), spike)).collect();
    let last = alone(grid, &TIMES, message(0, 28, 0));
    assert_eq!(finished(grid, &TIMES, &outgoing), last + 199 * TIMES.message_out_ps, "the output port");
    // Sixteen cores send to sixteen over one link between chips, which is slower than any of their ports.
    let times = HopTimes { chip_link_ps: 50_000, ..TIMES };
    let crossing: Vec<Message> = (0..16).map(|core| message(4 * core, 128 + 4 * core, core)).collect();
    let transit = simulate(&grid, &times, &MeshTraffic { messages: crossing.repeat(10) });
    let link = transit.links.iter().find(|link| link.resource == Resource::ChipLink(0, Direction::East)).unwrap();
    assert_eq!((link.messages, link.busy_ps), (160, 160 * 50_000));
    let least = 160 * 50_000 + times.message_out_ps + times.chip_hop_ps - 50_000 + input_ps;
    assert!((least..least + 100_000).contains(&transit.finished_ps), "{} {least}", transit.finished_ps);
    // It holds up the links before it, which wait for room in its buffer.
    assert!(transit.worst(1)[0].waited_ps + transit.worst(1)[0].blocked_ps > 160 * 50_000);
}

/// Two streams that meet on a link share it.
#[test]
fn streams_that_meet_wait_for_each_other() {
    let grid = Grid::row(1);
    let times = HopTimes { link_ps: 20_000, hop_x_ps: 20_000, message_in_ps: 1_000, synapse_ps: 0, ..TIMES };
    let stream = |from, to| (0..50).map(move |spike| message(from, to, spike));
    let one: Vec<Message> = stream(0, 12).collect();
    let apart = finished(grid, &times, &one);
    // From tiles 0 and 1 to different cores of tile 3: both use the links from tile 1 on.
    let both: Vec<Message> = stream(0, 12).chain(stream(4, 13)).collect();
    let together = finished(grid, &times, &both);
    assert_eq!(apart, 5_100 + 3 * 20_000 + 49 * 20_000 + 1_000);
    assert_eq!(together, 5_100 + 2 * 20_000 + 99 * 20_000 + 1_000, "a hundred messages over the link of tile 1");
}

#[test]
fn a_chip_link_is_shared_by_all_rows() {
    let grid = Grid::row(2);
    let times = HopTimes { message_in_ps: 0, synapse_ps: 0, ..TIMES };
    // From the four tiles at the right side to the four at the left side of the next chip.
    let rows: Vec<Message> =
        (0..4).flat_map(|row| (0..100).map(move |spike| message(28 + 32 * row, 128 + 32 * row, spike))).collect();
    let together = finished(grid, &times, &rows);
    assert_eq!(together, times.message_out_ps + 400 * times.chip_link_ps + times.chip_hop_ps - times.chip_link_ps);
}

#[test]
fn relays_send_one_message_a_spike_between_chips() {
    let spikes = (0..10).flat_map(|spike| (128..138).map(move |to| message(3, to, spike)));
    let local = (0..10).map(|spike| message(3, 7, spike));
    let traffic = MeshTraffic { messages: spikes.chain(local).collect() };
    assert_eq!(traffic.between_chips(), 100);
    let relayed = traffic.relayed(|_, chip| 128 * chip + 127);
    assert_eq!(relayed.between_chips(), 10);
    assert_eq!(relayed.messages.len(), 10 + 10 + 100);
    let copies = relayed.messages.iter().filter(|message| message.from == 255);
    assert!(copies.map(|message| message.to).eq((0..10).flat_map(|_| 128..138)), "each copy goes on to every core");
}

fn any_traffic() -> impl Strategy<Value = (Grid, MeshTraffic, HopTimes)> {
    let grid = (1_u32..7, 1_u32..4).prop_map(|(chips, columns)| Grid { chips, columns });
    (grid, 1_u32..20, any::<u64>()).prop_flat_map(|(grid, buffer_messages, _)| {
        let cores = grid.cores();
        let message = (0..cores, 0..cores, 0_u32..40, 0_u32..9).prop_map(|(from, to, synapses, spike)| Message {
            from,
            to,
            synapses,
            spike,
        });
        let traffic = proptest::collection::vec(message, 0..400).prop_map(|messages| MeshTraffic { messages });
        (Just(grid), traffic, Just(HopTimes { buffer_messages, ..TIMES }))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Every message arrives once, by a shortest way, and none sooner than alone; nothing waits for ever.
    #[test]
    fn what_is_sent_arrives((grid, traffic, times) in any_traffic()) {
        let transit = simulate(&grid, &times, &traffic);
        prop_assert_eq!(transit.arrived, traffic.messages.len() as u64);
        prop_assert_eq!(transit.hops, traffic.hops(&grid));
        let served: u64 = transit.links.iter()
            .filter(|link| matches!(link.resource, Resource::Link(..) | Resource::ChipLink(..)))
            .map(|link| link.messages).sum();
        prop_assert_eq!(served, transit.hops, "a hop a link");
        let slowest = traffic.messages.iter().map(|own| alone(grid, &times, *own)).max().unwrap_or(0);
        prop_assert!(transit.finished_ps >= slowest.max(transit.busiest().map_or(0, |link| link.busy_ps)));
        prop_assert_eq!(simulate(&grid, &times, &traffic), transit, "the same traffic, the same result");
    }

    /// Relays lose no spike: every core gets as many messages for its synapses as before.
    #[test]
    fn relays_deliver_what_was_sent((grid, traffic, times) in any_traffic()) {
        let relayed = traffic.relayed(|_, chip| chip * 128 + 127);
        let synapses = |traffic: &MeshTraffic| -> u64 { traffic.messages.iter().map(|own| u64::from(own.synapses)).sum() };
        let hops = relayed.messages.len() - traffic.messages.len();
        prop_assert_eq!(synapses(&relayed), synapses(&traffic) + hops as u64, "each hop to a relay is one synapse");
        let transit = simulate(&grid, &times, &relayed);
        prop_assert_eq!(transit.arrived, relayed.messages.len() as u64);
        prop_assert!(relayed.between_chips() <= traffic.between_chips());
    }
}

/// The messages of a network's spikes: one for each axon.
#[test]
fn spikes_become_messages() {
    use loihi_core::image::Profile;
    use loihi_image::image::{ImageBuilder, Source};
    let mut builder = ImageBuilder::new();
    let cores: Vec<usize> = [3, 2, 4]
        .map(|compartments| {
            let core = builder.core();
            builder.group(compartments, Profile::DEFAULT);
            core
        })
        .into();
    builder.dense(Source::Compartment(2), cores[1], 0, &[64, 64]);
    builder.dense(Source::Compartment(2), cores[2], 1, &[64, 64, 64]);
    builder.dense(Source::Compartment(4), cores[0], 0, &[64]);
    let file = builder.build().unwrap();
    let traffic = MeshTraffic::of(&file.open().unwrap(), &[0, 2, 4]);
    let own = |from, to, synapses, spike| Message { from, to, synapses, spike };
    assert_eq!(traffic.messages, [own(0, 1, 2, 2), own(0, 2, 3, 2), own(1, 0, 1, 4)]);
}
