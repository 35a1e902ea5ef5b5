//! Events to their places on one time axis.
//!
//! Within one count of a node, `source_elapsed` tells the place: it is exact to the µs and comes from one stopwatch. Between nodes,
//! and between two counts of one node, only the clocks tell, by the timeuuids of the events; Cassandra takes them in whole
//! milliseconds. Where the clocks contradict what must be so (a message is received after it was sent), a node's lane is moved, and
//! that is said; see [`super::skew`].

use std::collections::HashMap;

use super::count::{self, Count};
use super::message::Message;
use super::model::{Lane, Moment, Role};
use super::record::{Event, Recording};
use super::{pair, skew};

/// A time that no request takes, in µs: about a month. What is beyond is a mistake, and must not overflow.
pub(super) const FAR: i64 = 3_000_000_000_000;

/// Nodes beyond this that only messages name are left out.
const MOST_NODES: usize = 200;

pub(super) struct Placed {
    pub(super) lanes: Vec<Lane>,
    pub(super) moments: Vec<Moment>,
    pub(super) total_us: i64,
    pub(super) resolution_us: i64,
}

pub(super) fn place(recording: &Recording) -> Placed {
    let events = distinct(&recording.events);
    let resolution_us = resolution(&events);
    let groups = by_node(recording, &events);
    let mut nodes: Vec<(Lane, Vec<Moment>)> = Vec::with_capacity(groups.len());
    let ambiguous = |ip: &str| groups.iter().filter(|group| group.ip == ip).count() > 1;
    let mut origin = None;
    for (index, group) in groups.iter().enumerate() {
        let started = if index == 0 { recording.session.started_at_ms } else { None };
        let counts = count::counts(&group.events, started, resolution_us);
        // The coordinator's first count is the request's own stopwatch: its zero is that of the axis.
        let origin = *origin.get_or_insert_with(|| {
            counts
                .first()
                .map(|count| count.zero_us)
                .or(recording.session.started_at_ms.map(|ms| ms.saturating_mul(1000)))
        });
        let mut moments = moments(index, &group.events, &counts, origin.unwrap_or(0));
        moments.sort_by_key(|moment| moment.at_us);
        let lane = Lane {
            name: match group.port {
                Some(port) if ambiguous(&group.ip) => format!("{}:{port}", group.ip),
                _ => group.ip.clone(),
            },
            address: group.ip.clone(),
            port: group.port,
            data_centre: recording.data_centres.get(&group.ip).cloned(),
            role: Role::Replica,
            skew: None,
            first: 0,
            end: 0,
        };
        nodes.push((lane, moments));
    }
    for (index, (lane, moments)) in nodes.iter_mut().enumerate() {
        mark_permissions(moments);
        lane.role = role(index == 0, moments);
    }
    let resolution_us = resolution_us.max(1);
    let pairs = pair::pairs(&nodes);
    skew::correct(&mut nodes, &pairs, resolution_us);
    gather(nodes, recording, resolution_us)
}

/// The lanes and their moments in one list, in the order in which they are drawn.
fn gather(mut nodes: Vec<(Lane, Vec<Moment>)>, recording: &Recording, resolution_us: i64) -> Placed {
    if nodes.len() > 1 {
        nodes[1..].sort_by_key(|(_, moments)| moments.first().map_or(i64::MAX, |moment| moment.at_us));
    }
    let pairs = pair::pairs(&nodes);
    let (mut lanes, mut all) = (Vec::with_capacity(nodes.len()), Vec::new());
    for (index, (mut lane, mut moments)) in nodes.into_iter().enumerate() {
        for moment in &mut moments {
            moment.lane = index;
            // What nothing but a wrong clock puts before the request began with it.
            moment.at_us = moment.at_us.max(0);
        }
        lane.first = all.len();
        all.append(&mut moments);
        lane.end = all.len();
        lanes.push(lane);
    }
    for pair in &pairs {
        let first = |lane: usize| lanes.get(lane).map_or(0, |lane: &Lane| lane.first);
        let (sent, received) = (first(pair.from.0) + pair.from.1, first(pair.to.0) + pair.to.1);
        if let Some(moment) = all.get_mut(received) {
            moment.sent = Some(sent);
        }
    }
    let last = all.iter().map(|moment| moment.at_us).max().unwrap_or(0);
    let total_us = recording.session.duration_us.map_or(last, |us| us.clamp(0, FAR));
    Placed { lanes, moments: all, total_us, resolution_us }
}

fn moments(lane: usize, events: &[&Event], counts: &[Count], origin: i64) -> Vec<Moment> {
    let moment = |event: &Event, at_us: i64, elapsed_us: Option<i64>, count: usize| Moment {
        event_id: event.event_id,
        lane,
        at_us,
        elapsed_us,
        clock_us: event.timestamp_us(),
        thread: event.thread.clone().unwrap_or_default(),
        activity: event.activity.clone(),
        message: Message::of(&event.activity),
        count,
        permissions: false,
        sent: None,
    };
    let mut out = Vec::with_capacity(events.len());
    for (number, count) in counts.iter().enumerate() {
        for &index in &count.events {
            let Some(event) = events.get(index) else { continue };
            let elapsed = elapsed(event);
            let since = count.zero_us.saturating_sub(origin).clamp(-FAR, FAR);
            let at = match elapsed {
                Some(elapsed) => since.saturating_add(elapsed),
                None => {
                    event.timestamp_us().map_or(since, |clock| clock.saturating_sub(origin).clamp(-FAR, FAR))
                }
            };
            out.push(moment(event, at, elapsed, number));
        }
    }
    out
}

/// `source_elapsed`, if it can be one.
pub(super) fn elapsed(event: &Event) -> Option<i64> {
    event.source_elapsed_us.filter(|us| (0..=FAR).contains(us))
}

/// Every event once, by the nodes' clocks; events of one clock reading in the order of their ids.
fn distinct(events: &[Event]) -> Vec<&Event> {
    let mut out: Vec<&Event> = events.iter().collect();
    out.sort_by(|a, b| {
        let key = |event: &Event| (event.timestamp_us().unwrap_or(0), event.event_id);
        key(a).cmp(&key(b)).then_with(|| a.source.cmp(&b.source))
    });
    out.dedup_by(|a, b| a.event_id == b.event_id && a.source == b.source && a.source_port == b.source_port);
    out
}

/// Cassandra counts up the id's lowest digits where events share a millisecond, so that the first of each stands at its beginning.
fn resolution(events: &[&Event]) -> i64 {
    let fractions = || events.iter().filter_map(|event| event.timestamp_us()).map(|us| us.rem_euclid(1000));
    let fine = fractions().filter(|&fraction| fraction >= 100).count();
    if fine * 4 > fractions().count() { 1 } else { 1000 }
}

struct Group<'a> {
    ip: String,
    port: Option<i32>,
    events: Vec<&'a Event>,
}

/// The events of each node, the coordinator's first, even where it wrote none.
fn by_node<'a>(recording: &Recording, events: &[&'a Event]) -> Vec<Group<'a>> {
    let mut groups: Vec<Group<'a>> = Vec::new();
    let mut found: HashMap<(&str, Option<i32>), usize> = HashMap::new();
    for &event in events {
        let key = (event.source.as_str(), event.source_port);
        let index = *found.entry(key).or_insert_with(|| {
            groups.push(Group { ip: event.source.clone(), port: event.source_port, events: Vec::new() });
            groups.len() - 1
        });
        groups[index].events.push(event);
    }
    let session = &recording.session;
    let coordinator = match &session.coordinator {
        Some(ip) => {
            let port = session.coordinator_port;
            let exact =
                groups.iter().position(|group| &group.ip == ip && (group.port == port || port.is_none()));
            // Some servers write the port of clients here.
            exact.or_else(|| groups.iter().position(|group| &group.ip == ip)).unwrap_or_else(|| {
                groups.push(Group { ip: ip.clone(), port, events: Vec::new() });
                groups.len() - 1
            })
        }
        // The row of the session is missing: the node that took the statement, or else the one that began.
        None => groups
            .iter()
            .position(|group| group.events.iter().any(|event| event.activity.starts_with("Parsing ")))
            .unwrap_or(0),
    };
    if coordinator < groups.len() {
        let group = groups.remove(coordinator);
        groups.insert(0, group);
    }
    silent(&mut groups, events);
    groups
}

/// Adds the nodes that were asked and wrote nothing: they are down, or were left waiting.
fn silent(groups: &mut Vec<Group<'_>>, events: &[&Event]) {
    for event in events {
        let (Message::Ask { of: asked, .. } | Message::Send { to: asked, .. }) = Message::of(&event.activity)
        else {
            continue;
        };
        if !asked.ip.is_empty()
            && groups.len() < MOST_NODES
            && !groups.iter().any(|group| group.ip == asked.ip)
        {
            groups.push(Group { ip: asked.ip, port: asked.port, events: Vec::new() });
        }
    }
}

/// What belongs to the check of permissions: the read of such a table, in the thread that does it, to its end.
fn mark_permissions(moments: &mut [Moment]) {
    let mut checking: HashMap<String, bool> = HashMap::new();
    for moment in moments {
        if moment.message.begins() {
            checking.insert(moment.thread.clone(), moment.message.reads_permissions());
        }
        moment.permissions = checking.get(&moment.thread).copied().unwrap_or(false);
        if matches!(moment.message, Message::ReadRows { .. }) {
            checking.insert(moment.thread.clone(), false);
        }
    }
}

fn role(coordinator: bool, moments: &[Moment]) -> Role {
    if !coordinator {
        return Role::Replica;
    }
    let works = moments.iter().any(|moment| {
        !moment.permissions
            && matches!(
                moment.message,
                Message::ReadRows { .. }
                    | Message::ExecuteRead { .. }
                    | Message::Merged { .. }
                    | Message::IndexRead { .. }
                    | Message::Commitlog
                    | Message::Memtable { .. }
            )
    });
    if works { Role::Both } else { Role::Coordinator }
}
