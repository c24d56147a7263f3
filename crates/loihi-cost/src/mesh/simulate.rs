//! A step's traffic, event by event, in whole picoseconds.
//!
//! Events at the same time happen in the order in which they were planned, so that equal traffic gives equal results.
//! Links along x wait only for links along x farther on, for links along y, and for input ports; those along y only for
//! links along y farther on, and for input ports: no message waits for itself, with buffers of any size.

use super::topology::{Direction, Grid, Resource};
use super::{HopTimes, MeshTraffic};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

/// What a link or port had to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkUse {
    /// Which.
    pub resource: Resource,
    /// Messages that it served.
    pub messages: u64,
    /// Time in which it served.
    pub busy_ps: u64,
    /// Time in which it had served a message that found no room ahead.
    pub blocked_ps: u64,
    /// Time that messages waited for it, summed over them.
    pub waited_ps: u64,
}

/// What became of a step's traffic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transit {
    /// When the last message was received and worked through.
    pub finished_ps: u64,
    /// Messages that arrived.
    pub arrived: u64,
    /// Hops between tiles that they took.
    pub hops: u64,
    /// All links and ports that served a message, in the order of their kinds and places.
    pub links: Vec<LinkUse>,
}

impl Transit {
    /// The links and input ports at which messages waited longest, the worst first. In output ports messages wait from
    /// the start on, whatever the mesh does.
    pub fn worst(&self, most: usize) -> Vec<LinkUse> {
        let waits = |link: &&LinkUse| !matches!(link.resource, Resource::Output(_));
        let mut links: Vec<LinkUse> = self.links.iter().filter(waits).copied().collect();
        links.sort_by_key(|link| (Reverse(link.waited_ps + link.blocked_ps), link.resource));
        links.truncate(most);
        links
    }

    /// The link or port that was busy for the longest time: no step takes less.
    pub fn busiest(&self) -> Option<&LinkUse> {
        self.links.iter().min_by_key(|link| (Reverse(link.busy_ps), link.resource))
    }
}

#[derive(Clone, Copy, Debug)]
struct Travelling {
    to: u32,
    at: [u32; 2],
    synapses: u32,
    /// Since when it waits in the queue where it is.
    since_ps: u64,
}

#[derive(Debug, Default)]
struct Server {
    queue: VecDeque<u32>,
    /// Messages in the queue or on their way to it.
    held: u32,
    serving: Option<u32>,
    blocked_since_ps: Option<u64>,
    /// Servers whose message waits for room here.
    waiting: VecDeque<u32>,
    messages: u64,
    busy_ps: u64,
    blocked_ps: u64,
    waited_ps: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum MeshEvent {
    /// A server has served its message.
    Served(u32),
    /// A message comes into a server's queue.
    Arrives(u32, u32),
}

struct Simulation<'s> {
    grid: &'s Grid,
    times: &'s HopTimes,
    resources: Vec<Resource>,
    servers: Vec<Server>,
    messages: Vec<Travelling>,
    events: BinaryHeap<Reverse<(u64, u64, MeshEvent)>>,
    planned: u64,
    now_ps: u64,
    arrived: u64,
    hops: u64,
}

/// Follows all messages of a step from the moment at which every core begins to send.
///
/// Messages between cores outside of the grid are left out.
pub fn simulate(grid: &Grid, times: &HopTimes, traffic: &MeshTraffic) -> Transit {
    let resources = grid.resources();
    let servers = resources.iter().map(|_| Server::default()).collect();
    let mut simulation = Simulation {
        grid,
        times,
        resources,
        servers,
        messages: Vec::with_capacity(traffic.messages.len()),
        events: BinaryHeap::new(),
        planned: 0,
        now_ps: 0,
        arrived: 0,
        hops: 0,
    };
    for message in &traffic.messages {
        if message.from < grid.cores() && message.to < grid.cores() {
            let number = u32::try_from(simulation.messages.len()).unwrap_or(u32::MAX);
            let (at, to, synapses) = (grid.tile_of(message.from), message.to, message.synapses);
            simulation.messages.push(Travelling { to, at, synapses, since_ps: 0 });
            let output = &mut simulation.servers[grid.index(Resource::Output(message.from))];
            output.queue.push_back(number);
            output.held += 1;
        }
    }
    for core in 0..grid.cores() {
        simulation.serve_next(grid.index(Resource::Output(core)));
    }
    simulation.run();
    simulation.transit()
}

impl Simulation<'_> {
    fn run(&mut self) {
        while let Some(Reverse((at_ps, _, event))) = self.events.pop() {
            self.now_ps = at_ps;
            match event {
                MeshEvent::Served(server) => self.served(server as usize),
                MeshEvent::Arrives(message, server) => {
                    self.messages[message as usize].since_ps = at_ps;
                    self.servers[server as usize].queue.push_back(message);
                    self.serve_next(server as usize);
                }
            }
        }
    }

    fn plan(&mut self, after_ps: u64, event: MeshEvent) {
        self.planned += 1;
        self.events.push(Reverse((self.now_ps + after_ps, self.planned, event)));
    }

    /// Begins with the first message of the queue, if the server is free.
    fn serve_next(&mut self, number: usize) {
        let now_ps = self.now_ps;
        let server = &mut self.servers[number];
        if server.serving.is_some() {
            return;
        }
        let Some(message) = server.queue.pop_front() else { return };
        let travelling = self.messages[message as usize];
        let takes_ps = match self.resources[number] {
            Resource::Output(_) => self.times.message_out_ps,
            Resource::Link(..) => self.times.link_ps,
            Resource::ChipLink(..) => self.times.chip_link_ps,
            Resource::Input(_) => self.times.message_in_ps + self.times.synapse_ps * u64::from(travelling.synapses),
        };
        server.serving = Some(message);
        server.messages += 1;
        server.busy_ps += takes_ps;
        server.waited_ps += now_ps - travelling.since_ps;
        let number = u32::try_from(number).unwrap_or(u32::MAX);
        self.plan(takes_ps, MeshEvent::Served(number));
    }

    /// Where a message goes from where it is, and how long that takes after it was served.
    fn ahead(&self, number: usize, message: u32) -> Option<(usize, [u32; 2], u64)> {
        if matches!(self.resources[number], Resource::Input(_)) {
            return None;
        }
        // `at` is the tile behind the resource that has served it.
        let Travelling { to, at, .. } = self.messages[message as usize];
        let flight_ps = match self.resources[number] {
            Resource::Link(_, Direction::East | Direction::West) => {
                self.times.hop_x_ps.saturating_sub(self.times.link_ps)
            }
            Resource::Link(..) => self.times.hop_y_ps.saturating_sub(self.times.link_ps),
            Resource::ChipLink(..) => self.times.chip_hop_ps.saturating_sub(self.times.chip_link_ps),
            Resource::Output(_) | Resource::Input(_) => 0,
        };
        let (next, behind) = match self.grid.next(at, self.grid.tile_of(to)) {
            Some((resource, behind)) => (resource, behind),
            None => (Resource::Input(to), at),
        };
        Some((self.grid.index(next), behind, flight_ps))
    }

    fn served(&mut self, number: usize) {
        let Some(message) = self.servers[number].serving else { return };
        let Some((next, behind, flight_ps)) = self.ahead(number, message) else {
            self.arrived += 1;
            return self.leave(number);
        };
        if self.servers[next].held >= self.times.buffer_messages.max(1) {
            self.servers[number].blocked_since_ps = Some(self.now_ps);
            self.servers[next].waiting.push_back(u32::try_from(number).unwrap_or(u32::MAX));
            return;
        }
        self.servers[next].held += 1;
        self.hops += u64::from(self.messages[message as usize].at != behind);
        self.messages[message as usize].at = behind;
        let next = u32::try_from(next).unwrap_or(u32::MAX);
        self.plan(flight_ps, MeshEvent::Arrives(message, next));
        self.leave(number);
    }

    /// A message has left a server: there is room for another.
    fn leave(&mut self, number: usize) {
        let now_ps = self.now_ps;
        let server = &mut self.servers[number];
        server.serving = None;
        server.held = server.held.saturating_sub(1);
        if let Some(since_ps) = server.blocked_since_ps.take() {
            server.blocked_ps += now_ps - since_ps;
        }
        let waiting = server.waiting.pop_front();
        self.serve_next(number);
        if let Some(waiting) = waiting {
            self.served(waiting as usize);
        }
    }

    fn transit(self) -> Transit {
        let used = self.resources.iter().zip(&self.servers).filter(|(_, server)| server.messages > 0);
        let links = used.map(|(resource, server)| LinkUse {
            resource: *resource,
            messages: server.messages,
            busy_ps: server.busy_ps,
            blocked_ps: server.blocked_ps,
            waited_ps: server.waited_ps,
        });
        Transit { finished_ps: self.now_ps, arrived: self.arrived, hops: self.hops, links: links.collect() }
    }
}
