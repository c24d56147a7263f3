//! The buffers of a line: their size is the board's choice.

use crate::wire::frame::{BODY_LEAST, incoming_bytes, line_bytes};
use crate::wire::message::data_bytes;

/// The three buffers of a [`Device`](super::Device).
#[derive(Clone, Copy, Debug)]
pub struct Buffers<B> {
    /// A request as it came: [`incoming_bytes`] of the longest body.
    pub incoming: B,
    /// An answer as it goes out: [`line_bytes`] of the longest body.
    pub outgoing: B,
    /// The data of an answer: [`data_bytes`] of the longest body. [`Response::Hello`](crate::wire::message::Response)
    /// reports its length.
    pub data: B,
}

impl Buffers<()> {
    /// Bytes that [`Buffers::split`] needs for bodies of `body_bytes` bytes, at least [`BODY_LEAST`].
    pub const fn bytes(body_bytes: usize) -> usize {
        let body = if body_bytes < BODY_LEAST { BODY_LEAST } else { body_bytes };
        incoming_bytes(body).saturating_add(line_bytes(body)).saturating_add(data_bytes(body))
    }

    /// The buffers in one piece of memory, for the longest bodies that it allows.
    pub fn split(memory: &mut [u8]) -> Buffers<&mut [u8]> {
        // Three bodies take less than 60 bytes fewer than a body of a third: the search is short.
        let mut body = memory.len().saturating_add(60) / 3;
        while Self::bytes(body) > memory.len() && body > BODY_LEAST {
            body = body.saturating_sub(1);
        }
        let (incoming, rest) = memory.split_at_mut_checked(incoming_bytes(body)).unwrap_or_default();
        let (outgoing, data) = rest.split_at_mut_checked(line_bytes(body)).unwrap_or_default();
        let end = data.len().min(data_bytes(body));
        Buffers { incoming, outgoing, data: data.get_mut(..end).unwrap_or_default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_buffers_of_a_body_are_found_in_its_memory() {
        for body in [BODY_LEAST, 512, 1000, 2048, 65_536] {
            let mut memory = std::vec![0; Buffers::bytes(body)];
            let buffers = Buffers::split(&mut memory);
            let lengths = [buffers.incoming.len(), buffers.outgoing.len(), buffers.data.len()];
            assert_eq!(lengths, [incoming_bytes(body), line_bytes(body), data_bytes(body)], "body {body}");
        }
    }
}
