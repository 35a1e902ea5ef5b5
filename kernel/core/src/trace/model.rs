//! A trace as a person looks at it: lanes, moments on one time axis, the way that the time went.

use super::message::Message;
use super::record::{Recording, TraceId};
use super::stretch::Stretch;
use super::{finding, path, place, stretch};

/// A trace, understood. All times are µs since the request began, as far as that can be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trace {
    pub(super) recording: Recording,
    /// One for each node, the coordinator's first, then in the order in which they came into play.
    pub lanes: Vec<Lane>,
    /// Every event, by lane and then by place.
    pub moments: Vec<Moment>,
    /// From the request to its completion; where that is not known, to the last event.
    pub total_us: i64,
    /// How exactly the nodes' clocks were written down: 1,000 where in whole milliseconds.
    pub resolution_us: i64,
    /// The critical path, from the request to its completion: steps without gaps between them, whose sum is the total.
    pub path: Vec<Step>,
    /// The critical path as a person would tell it, in order.
    pub stretches: Vec<Stretch>,
    /// What is worth knowing, the most important first.
    pub findings: Vec<finding::Finding>,
}

/// A node's part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lane {
    /// Its name: the address, with the port where several nodes share an address.
    pub name: String,
    /// Its address.
    pub address: String,
    /// Its port between nodes, where known.
    pub port: Option<i32>,
    /// Its data centre, where known.
    pub data_centre: Option<String>,
    /// What it did.
    pub role: Role,
    /// What is wrong with its clock, where that could be seen.
    pub skew: Option<Skew>,
    /// The span of its moments in [`Trace::moments`].
    pub first: usize,
    /// One past its last moment.
    pub end: usize,
}

/// What a node did for the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// It took the request and gathered the answers.
    Coordinator,
    /// It read or wrote.
    Replica,
    /// It took the request, and read or wrote itself.
    Both,
}

/// A clock that cannot be right, since an effect came before its cause by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Skew {
    /// By how much the node's moments were moved to stand where they can have been: an estimate. Positive where its clock is behind.
    pub shift_us: i64,
    /// How far off the estimate may be on either side, where the messages bound it on both.
    pub within_us: Option<i64>,
}

/// An event in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moment {
    /// The event's id.
    pub event_id: TraceId,
    /// Its node's number among [`Trace::lanes`].
    pub lane: usize,
    /// Its place.
    pub at_us: i64,
    /// Where it is in the server's count; none where the server's clock alone tells.
    pub elapsed_us: Option<i64>,
    /// The node's clock, in µs since 1970.
    pub clock_us: Option<i64>,
    /// The thread, empty where it is not known.
    pub thread: String,
    /// The server's words.
    pub activity: String,
    /// What they mean.
    pub message: Message,
    /// Which of the node's counts of elapsed time it belongs to: a node that has done its part forgets the request, and counts
    /// anew with the next message of it.
    pub count: usize,
    /// Whether it belongs to the check of the user's permissions.
    pub permissions: bool,
    /// The moment of the message sent, for a message received; its number in [`Trace::moments`].
    pub sent: Option<usize>,
}

/// A part of the critical path: from one moment (or the beginning) to the next (or the end).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// Where it begins.
    pub from_us: i64,
    /// Where it ends; never before it begins.
    pub to_us: i64,
    /// The moment it begins with; none for the beginning of the request.
    pub from: Option<usize>,
    /// The moment it ends with; none for the end of the request.
    pub to: Option<usize>,
}

impl Step {
    /// Its duration.
    pub fn us(&self) -> i64 {
        self.to_us - self.from_us
    }
}

impl Role {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Coordinator => "coordinator",
            Self::Replica => "replica",
            Self::Both => "coordinator and replica",
        }
    }
}

impl Trace {
    /// Makes sense of a recording. It never fails: what is missing, doubled or out of order is left out, put right or said.
    pub fn of(recording: Recording) -> Self {
        let placed = place::place(&recording);
        let mut trace = Self {
            recording,
            lanes: placed.lanes,
            moments: placed.moments,
            total_us: placed.total_us,
            resolution_us: placed.resolution_us,
            path: Vec::new(),
            stretches: Vec::new(),
            findings: Vec::new(),
        };
        trace.path = path::critical(&trace);
        trace.stretches = stretch::stretches(&trace);
        trace.findings = finding::findings(&trace);
        trace
    }

    /// What it was made of.
    pub fn recording(&self) -> &Recording {
        &self.recording
    }

    /// The session's id.
    pub fn id(&self) -> TraceId {
        self.recording.session.id
    }

    /// Whether the server said how long it took: the request has ended.
    pub fn ended(&self) -> bool {
        self.recording.session.duration_us.is_some()
    }

    /// A session's parameter, e.g. `consistency_level`.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.recording.session.parameters.get(name).map(String::as_str)
    }

    /// The statement, or else what kind of request it was.
    pub fn request(&self) -> &str {
        let session = &self.recording.session;
        // A batch has no text of its own; its first statement is a parameter.
        let query = self.parameter("query").or_else(|| self.parameter("query_0"));
        query.or(session.request.as_deref()).unwrap_or("a request that the trace does not name")
    }

    /// The moments of a lane, by place.
    pub fn moments_of(&self, lane: &Lane) -> &[Moment] {
        self.moments.get(lane.first..lane.end).unwrap_or_default()
    }

    /// Where the last moment is, at least the end of the request.
    pub fn last_us(&self) -> i64 {
        self.moments.iter().map(|moment| moment.at_us).max().unwrap_or(0).max(self.total_us)
    }

    /// The stretch that took longest.
    pub fn slowest(&self) -> Option<&Stretch> {
        self.stretches.iter().rev().max_by_key(|stretch| stretch.us()).filter(|stretch| stretch.us() > 0)
    }
}
