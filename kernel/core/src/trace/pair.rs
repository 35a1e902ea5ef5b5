//! Which message received is which message sent.

use std::collections::HashMap;

use super::message::{Address, Message};
use super::model::{Lane, Moment};

/// A message: (lane, its moment there) of the sender and of the receiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pair {
    pub(super) from: (usize, usize),
    pub(super) to: (usize, usize),
}

/// A kind of message: its verb, the lanes of sender and receiver.
type Kind<'a> = (&'a str, usize, usize);

/// The number of the lane that an address means.
pub(super) fn lane_of<'a>(lanes: impl Iterator<Item = &'a Lane>, address: &Address) -> Option<usize> {
    let mut same = None;
    for (index, lane) in lanes.enumerate() {
        if lane.address == address.ip {
            if address.port.is_none() || lane.port == address.port {
                return Some(index);
            }
            same.get_or_insert(index);
        }
    }
    same
}

/// Pairs the messages of one kind between two nodes in their order, the first sent with the first received.
pub(super) fn pairs(nodes: &[(Lane, Vec<Moment>)]) -> Vec<Pair> {
    let lane = |address: &Address| lane_of(nodes.iter().map(|(lane, _)| lane), address);
    let mut sent: HashMap<Kind<'_>, Vec<usize>> = HashMap::new();
    let mut received: Vec<(Kind<'_>, Vec<usize>)> = Vec::new();
    // An event without an elapsed time is written down when the request is forgotten already, late: it says nothing of when.
    let counted = nodes.iter().any(|(_, moments)| moments.iter().any(|moment| moment.elapsed_us.is_some()));
    let mut known: HashMap<Kind<'_>, usize> = HashMap::new();
    for (index, (_, moments)) in nodes.iter().enumerate() {
        for (number, moment) in moments.iter().enumerate() {
            if counted && moment.elapsed_us.is_none() {
                continue;
            }
            match &moment.message {
                Message::Send { verb, to } => {
                    if let Some(to) = lane(to) {
                        sent.entry((verb, index, to)).or_default().push(number);
                    }
                }
                Message::Receive { verb, from } => {
                    if let Some(from) = lane(from) {
                        let key = (verb.as_str(), from, index);
                        let at = *known.entry(key).or_insert_with(|| {
                            received.push((key, Vec::new()));
                            received.len() - 1
                        });
                        received[at].1.push(number);
                    }
                }
                _ => {}
            }
        }
    }
    let mut pairs = Vec::new();
    for (key, numbers) in received {
        let (_, from, to) = key;
        let senders = sent.get(&key).map(Vec::as_slice).unwrap_or_default();
        pairs.extend(
            senders
                .iter()
                .zip(numbers)
                .map(|(&sender, receiver)| Pair { from: (from, sender), to: (to, receiver) }),
        );
    }
    pairs
}
