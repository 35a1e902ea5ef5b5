//! What the server's words say, where they are known: Cassandra 3.11 to 5, and DataStax' relatives of it.
//!
//! Words that are not known are [`Message::Other`] and stay as they are. Nothing here depends on an event's neighbours.

/// An event's activity, understood. The fields are the parts that the quoted words name.
#[allow(missing_docs)]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// `Parsing SELECT …`.
    Parsing,
    /// `Preparing statement`.
    PreparingStatement,
    /// `Sending VERB message to /node …`.
    Send { verb: String, to: Address },
    /// `VERB message received from /node`.
    Receive { verb: String, from: Address },
    /// `Processing response from /node`.
    ProcessResponse { from: Address },
    /// `Enqueuing response to /node`.
    EnqueueResponse,
    /// `reading data from /node`, `reading digest from /node`, `Enqueuing request to Full(/node,…)`,
    /// `Enqueuing full data read to …`, `Sending mutation to remote replica …`.
    Ask { digest: bool, of: Address },
    /// `Executing single-partition query on table`, `Executing seq scan across …`.
    ExecuteRead { table: Option<String> },
    /// `Acquiring sstable references`, `Merging memtable contents`, `Seeking to …`, key and row cache.
    ReadStep,
    /// `Merging data from sstable N`.
    MergeSstable,
    /// `Merged data from memtables and N sstables`.
    Merged { sstables: u64 },
    /// `Bloom filter allows skipping sstable N`.
    BloomSkip,
    /// `Partition index lookup complete (bloom filter false positive) for sstable N`.
    BloomFalsePositive,
    /// `Skipped N/M non-slice-intersecting sstables, included K due to tombstones`.
    SlicesSkipped { skipped: u64, of: u64 },
    /// `Read N live rows and M tombstone cells`.
    ReadRows { live: u64, tombstones: u64 },
    /// `Scanned N rows and matched M`.
    Scanned { rows: u64, matched: u64 },
    /// `Executing read on ks.table using index name`.
    IndexRead { index: String },
    /// `Index mean cardinalities are …. Scanning with name.`
    IndexChosen { index: String },
    /// `Index query accessed …, post-filtered N rows in M partitions, and took T microseconds.`
    IndexQuery { rows: u64, partitions: u64 },
    /// `Computing ranges to query`.
    ComputeRanges,
    /// `Submitting range requests on N ranges with a concurrency of M …`.
    RangeRequests { ranges: u64, concurrency: u64 },
    /// `Submitted N concurrent range requests …`.
    RangesSubmitted { requests: u64 },
    /// `Determining replicas for mutation` or for an atomic batch.
    DetermineReplicas { batch: bool },
    /// `Sending batchlog store request …`, `Sending batchlog remove request …`.
    Batchlog,
    /// `Appending to commitlog`.
    Commitlog,
    /// `Adding to table memtable`.
    Memtable { table: String },
    /// `Digest mismatch: …`.
    DigestMismatch,
    /// A repair of replicas that disagree, within the read.
    ReadRepair,
    /// `speculating read retry on /node`.
    Speculate { on: Option<Address> },
    /// A phase of a lightweight transaction.
    Paxos(Paxos),
    /// `Timed out; received N of M responses`.
    TimedOut,
    /// `Failed; received N of M responses`.
    Failed,
    /// `Request complete`, which some clients and servers write as an event.
    Complete,
    /// Anything else.
    Other,
}

/// A phase of a lightweight transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paxos {
    /// The coordinator asks for promises.
    Prepare,
    /// A replica promises.
    Promise,
    /// The coordinator reads the current values.
    Read,
    /// The condition holds or not, and a value is proposed.
    Propose,
    /// A replica accepts.
    Accept,
    /// The value is committed.
    Commit,
    /// Another transaction was in the way.
    Contention,
    /// It was applied.
    Applied,
    /// It was not applied.
    NotApplied,
}

/// A node as a message names it: `/127.0.0.1:7000`, `/10.0.0.1`, `host/10.0.0.1:7000`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Address {
    /// The address without its port and brackets.
    pub ip: String,
    /// The port, if it is named.
    pub port: Option<i32>,
}

/// Tables of `system_auth`: what is read of them is the check of the user's permissions, not the request.
const AUTH_TABLES: [&str; 9] = [
    "role_permissions",
    "roles",
    "role_members",
    "resource_role_permissons_index",
    "network_permissions",
    "cidr_permissions",
    "cidr_groups",
    "identity_to_role",
    "permissions",
];

impl Message {
    /// Understands an activity.
    pub fn of(activity: &str) -> Self {
        let text = activity.trim();
        let lower = text.get(..24.min(text.len())).unwrap_or(text).to_ascii_lowercase();
        if let Some(rest) = text.strip_prefix("Sending ")
            && let Some((verb, to)) = rest.split_once(" message to ")
            && !verb.contains(' ')
        {
            return Self::Send { verb: verb.to_owned(), to: Address::at(to) };
        }
        if let Some((verb, from)) = text.split_once(" message received from ")
            && !verb.contains(' ')
        {
            return Self::Receive { verb: verb.to_owned(), from: Address::at(from) };
        }
        if let Some(from) = text.strip_prefix("Processing response from ") {
            return Self::ProcessResponse { from: Address::at(from) };
        }
        if let Some(of) = text.strip_prefix("reading data from ") {
            return Self::Ask { digest: false, of: Address::at(of) };
        }
        if let Some(of) = text.strip_prefix("reading digest from ") {
            return Self::Ask { digest: true, of: Address::at(of) };
        }
        let asks =
            ["Enqueuing request to ", "Enqueuing full data read to ", "Sending mutation to remote replica "];
        if let Some(of) = asks.iter().find_map(|words| text.strip_prefix(words)) {
            let of = of.split_once('(').map_or(of, |(_, inner)| inner);
            return Self::Ask { digest: false, of: Address::at(of) };
        }
        if let Some(table) = text.strip_prefix("Executing single-partition query on ") {
            return Self::ExecuteRead { table: word(table) };
        }
        if text.starts_with("Executing read on ")
            && let Some((_, index)) = text.split_once(" using index ")
        {
            return Self::IndexRead { index: word(index).unwrap_or_default() };
        }
        if let Some((_, index)) = text.split_once(". Scanning with ")
            && text.starts_with("Index mean cardinalities")
        {
            return Self::IndexChosen { index: index.trim_end_matches('.').to_owned() };
        }
        if let Some(rest) = text.strip_prefix("Adding to ")
            && let Some(table) = rest.strip_suffix(" memtable")
        {
            return Self::Memtable { table: table.to_owned() };
        }
        if lower.starts_with("speculating read retry") {
            return Self::Speculate { on: text.split_once(" on ").map(|(_, on)| Address::at(on)) };
        }
        numbered(text).or_else(|| paxos(text).map(Self::Paxos)).unwrap_or_else(|| plain(text))
    }

    /// Whether it is about the check of the user's permissions: a read of a table of `system_auth`.
    pub fn reads_permissions(&self) -> bool {
        matches!(self, Self::ExecuteRead { table: Some(table) } if AUTH_TABLES.contains(&table.as_str()))
    }

    /// Whether a thread begins something new with it.
    pub fn begins(&self) -> bool {
        matches!(
            self,
            Self::Receive { .. }
                | Self::Send { .. }
                | Self::ProcessResponse { .. }
                | Self::ExecuteRead { .. }
                | Self::IndexRead { .. }
                | Self::Parsing
        )
    }

    /// Whether a thread ends something with it.
    pub fn ends(&self) -> bool {
        matches!(
            self,
            Self::Receive { .. }
                | Self::Send { .. }
                | Self::ProcessResponse { .. }
                | Self::ReadRows { .. }
                | Self::EnqueueResponse
                | Self::Memtable { .. }
        )
    }

    /// Whether a verb is that of an answer.
    pub fn is_answer(verb: &str) -> bool {
        verb.ends_with("_RSP") || verb == "REQUEST_RESPONSE" || verb == "INTERNAL_RESPONSE"
    }
}

impl Address {
    /// Reads a node's name at the beginning of a text.
    pub fn at(text: &str) -> Self {
        let text = text.trim_start();
        let end = text.find([' ', ',', ')', ';']).unwrap_or(text.len());
        let name = &text[..end];
        let name = name.rsplit_once('/').map_or(name, |(_, address)| address);
        // `[::1]:7000`; Java writes IPv6 without brackets where it names no port.
        if let Some((ip, port)) = name.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            return Self { ip: ip.to_owned(), port: port.trim_start_matches(':').parse().ok() };
        }
        match name.rsplit_once(':') {
            Some((ip, port)) if !ip.contains(':') => Self { ip: ip.to_owned(), port: port.parse().ok() },
            _ => Self { ip: name.to_owned(), port: None },
        }
    }
}

/// Messages that are told by their first words and carry numbers.
fn numbered(text: &str) -> Option<Message> {
    let numbers = || {
        let parts = text.split(|c: char| !c.is_ascii_digit()).filter(|part| !part.is_empty());
        parts.map(|part| part.parse::<u64>().unwrap_or(u64::MAX)).collect::<Vec<u64>>()
    };
    let two = || match numbers()[..] {
        [first, second, ..] => Some((first, second)),
        _ => None,
    };
    if text.starts_with("Read ") && text.contains(" live ") && text.contains("tombstone") {
        return two().map(|(live, tombstones)| Message::ReadRows { live, tombstones });
    }
    if text.starts_with("Merged data from memtables and ") {
        return numbers().first().map(|&sstables| Message::Merged { sstables });
    }
    if text.starts_with("Skipped ") && text.contains("sstables") {
        return two().map(|(skipped, of)| Message::SlicesSkipped { skipped, of });
    }
    if text.starts_with("Scanned ") && text.contains(" matched ") {
        return two().map(|(rows, matched)| Message::Scanned { rows, matched });
    }
    if text.starts_with("Index query accessed ")
        && let Some((_, after)) = text.split_once("post-filtered ")
    {
        let mut parts = after.split(' ');
        let rows = parts.next()?.parse().ok()?;
        let partitions = parts.nth(2).and_then(|part| part.parse().ok()).unwrap_or(0);
        return Some(Message::IndexQuery { rows, partitions });
    }
    if text.starts_with("Submitting range requests on ") {
        return two().map(|(ranges, concurrency)| Message::RangeRequests { ranges, concurrency });
    }
    if text.starts_with("Submitted ") && text.contains("concurrent range requests") {
        return numbers().first().map(|&requests| Message::RangesSubmitted { requests });
    }
    None
}

fn paxos(text: &str) -> Option<Paxos> {
    let starts = |words: &[&str]| words.iter().any(|word| text.starts_with(word));
    if starts(&["CAS did not apply", "CAS precondition does not match", "CAS precondition is not met"]) {
        return Some(Paxos::NotApplied);
    }
    if starts(&["CAS successful", "CAS applied"]) {
        return Some(Paxos::Applied);
    }
    if starts(&["Reading existing values for CAS"]) {
        return Some(Paxos::Read);
    }
    if starts(&["CAS precondition is met", "Proposing "]) {
        return Some(Paxos::Propose);
    }
    if starts(&["Promising ballot"]) {
        return Some(Paxos::Promise);
    }
    if starts(&["Accepting proposal"]) {
        return Some(Paxos::Accept);
    }
    if starts(&["Committing proposal", "Committing "]) {
        return Some(Paxos::Commit);
    }
    if text.contains("promised a higher ballot")
        || text.contains("pre-empted by a higher ballot")
        || starts(&["Rejecting proposal", "Rejecting ballot", "Paxos proposal not accepted"])
    {
        return Some(Paxos::Contention);
    }
    // `Preparing 32541ac2-e8ea-…`: a ballot.
    text.strip_prefix("Preparing ").filter(|ballot| ballot.len() >= 36 && ballot.as_bytes()[8] == b'-')?;
    Some(Paxos::Prepare)
}

/// Messages that are told by their first words alone.
fn plain(text: &str) -> Message {
    const WORDS: [(&str, Message); 29] = [
        ("Enqueuing acknowledge to ", Message::EnqueueResponse),
        ("Parsing ", Message::Parsing),
        ("Preparing statement", Message::PreparingStatement),
        ("Enqueuing response to ", Message::EnqueueResponse),
        ("Executing seq scan ", Message::ExecuteRead { table: None }),
        ("Executing Partition Range Read", Message::ExecuteRead { table: None }),
        ("Acquiring sstable references", Message::ReadStep),
        ("Merging memtable contents", Message::ReadStep),
        ("Merging memtable tombstones", Message::ReadStep),
        ("Seeking to partition ", Message::ReadStep),
        ("Key cache hit ", Message::ReadStep),
        ("Row cache ", Message::ReadStep),
        ("Partition index lookup complete (bloom filter false", Message::BloomFalsePositive),
        ("Partition index ", Message::ReadStep),
        ("Merging data from sstable", Message::MergeSstable),
        ("Bloom filter allows skipping", Message::BloomSkip),
        ("Computing ranges to query", Message::ComputeRanges),
        ("Determining replicas for atomic batch", Message::DetermineReplicas { batch: true }),
        ("Determining replicas for", Message::DetermineReplicas { batch: false }),
        ("Sending batchlog ", Message::Batchlog),
        ("Appending to commitlog", Message::Commitlog),
        ("Digest mismatch", Message::DigestMismatch),
        ("Initiating read-repair", Message::ReadRepair),
        ("Sending read-repair", Message::ReadRepair),
        ("Enqueuing full data reads ", Message::ReadRepair),
        ("Timed out; received ", Message::TimedOut),
        ("Failed; received ", Message::Failed),
        ("Request complete", Message::Complete),
        ("Read-repair ", Message::ReadRepair),
    ];
    WORDS
        .iter()
        .find(|(words, _)| text.starts_with(words))
        .map_or(Message::Other, |(_, message)| message.clone())
}

fn word(text: &str) -> Option<String> {
    text.split_whitespace().next().map(|word| word.trim_end_matches(['.', ',']).to_owned())
}

#[cfg(test)]
mod tests;
