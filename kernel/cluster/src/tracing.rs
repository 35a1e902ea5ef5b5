//! Traces as the server keeps them: reads the rows of `system_traces` for one request, and waits for those that are still to
//! come. What they mean is `cqlbook_core::trace`'s matter.
//!
//! Nothing here runs unless a trace is asked for, and what runs is not traced itself.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::ops::ControlFlow;
use std::time::Duration;

use cqlbook_core::consistency::Consistency;
use cqlbook_core::trace::{Event, Recording, Session, TraceId};
use tokio::time::{Instant, sleep};

use crate::connection::Connection;
use crate::error::{QueryError, ServerErrorKind};
use crate::request::{Request, RequestOptions};

/// How long one of the reads may take. A service that keeps no traces may leave them without an answer.
const READ_TIMEOUT: Duration = Duration::from_secs(5);
/// The pauses between reads: each twice as long as the one before.
const PAUSES: (Duration, Duration) = (Duration::from_millis(10), Duration::from_millis(320));
/// How long the number of events must stay the same behind the end. With three nodes the last came 97 ms after the answer.
const QUIET: Duration = Duration::from_millis(100);
/// How often `system.peers` is asked at most until every node is known: the one that answers does not list itself.
const CENSUS_ROUNDS: usize = 6;

/// How long a trace is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TracePatience {
    /// Until any row of it is there.
    pub first: Duration,
    /// Until it is whole.
    pub whole: Duration,
}

impl Connection {
    /// Waits for a trace: for its duration, which the coordinator writes last, and then until no more events come.
    ///
    /// One that is not whole in time comes as far as it is, and says so ([`Recording::complete`]). Reads that fail meanwhile
    /// are repeated.
    ///
    /// # Errors
    /// [`QueryError`]: the server does not let its traces be read, or no read succeeded in time.
    pub async fn trace(&self, id: TraceId, patience: TracePatience) -> Result<Recording, QueryError> {
        let started = Instant::now();
        let mut pause = PAUSES.0;
        let mut last: Result<Recording, QueryError> = Ok(nothing(id));
        // How many events there were when the end was seen, and since when there are no more.
        let mut steady: Option<(usize, Instant)> = None;
        loop {
            match self.read_trace(id).await {
                Ok(recording) => {
                    if recording.session.duration_us.is_some() {
                        let events = recording.events.len();
                        match steady {
                            Some((known, since)) if known == events => {
                                if since.elapsed() >= QUIET {
                                    return Ok(self.whole(recording).await);
                                }
                            }
                            _ => steady = Some((events, Instant::now())),
                        }
                    }
                    last = Ok(recording);
                }
                Err(error) if is_refusal(&error) => return Err(error),
                // What has been read is more than why a later read failed.
                Err(error) => {
                    if !last.as_ref().is_ok_and(is_there) {
                        last = Err(error);
                    }
                }
            }
            let there = last.as_ref().is_ok_and(is_there);
            let bound = if there { patience.whole } else { patience.first.min(patience.whole) };
            let Some(left) = bound.checked_sub(started.elapsed()) else { break };
            // Once the end is there, its events are a matter of moments.
            let next = if steady.is_some() { QUIET.max(Duration::from_millis(1)) } else { pause };
            sleep(next.min(left.max(Duration::from_millis(1)))).await;
            pause = (pause * 2).min(PAUSES.1);
        }
        let mut recording = last?;
        recording.complete = false;
        recording.data_centres = self.data_centres(&recording).await;
        Ok(recording)
    }

    /// What there is of a trace now, not yet known to be whole.
    ///
    /// # Errors
    /// [`QueryError`].
    pub async fn read_trace(&self, id: TraceId) -> Result<Recording, QueryError> {
        let mut recording = nothing(id);
        recording.session = self.read_session(id).await?;
        let query = format!("SELECT * FROM system_traces.events WHERE session_id = {id}");
        self.read_rows(&query, |row| recording.events.extend(event(row))).await?;
        Ok(recording)
    }

    /// How long a traced request took in µs by the coordinator's clock, once that is written.
    ///
    /// # Errors
    /// [`QueryError`].
    pub async fn trace_duration(&self, id: TraceId) -> Result<Option<i64>, QueryError> {
        Ok(self.read_session(id).await?.duration_us)
    }

    async fn read_session(&self, id: TraceId) -> Result<Session, QueryError> {
        let mut read = Session { id, ..Session::default() };
        let query = format!("SELECT * FROM system_traces.sessions WHERE session_id = {id}");
        self.read_rows(&query, |row| read = session(id, row)).await?;
        Ok(read)
    }

    async fn whole(&self, mut recording: Recording) -> Recording {
        recording.complete = true;
        recording.data_centres = self.data_centres(&recording).await;
        recording
    }

    /// The data centres of a trace's nodes by their addresses. Where they cannot be read the trace does without.
    async fn data_centres(&self, recording: &Recording) -> BTreeMap<String, String> {
        let mut sources: Vec<_> = recording.events.iter().map(|event| event.source.as_str()).collect();
        sources.sort_unstable();
        sources.dedup();
        let known = self.known_data_centres();
        if sources.iter().all(|source| known.contains_key(*source)) {
            return of_these(&known, &sources);
        }
        let mut read = BTreeMap::new();
        for _ in 0..CENSUS_ROUNDS {
            let queries = [
                "SELECT broadcast_address AS address, data_center FROM system.local",
                "SELECT peer AS address, data_center FROM system.peers",
            ];
            for query in queries {
                let taken = self.read_rows(query, |row| {
                    if let (Some(address), Some(dc)) = (row.inet("address"), row.text("data_center")) {
                        read.insert(address, dc);
                    }
                });
                if taken.await.is_err() {
                    return of_these(&read, &sources);
                }
            }
            if sources.iter().all(|source| read.contains_key(*source)) {
                break;
            }
        }
        let centres = of_these(&read, &sources);
        self.learn_data_centres(read);
        centres
    }

    /// Reads all rows of a query. At LOCAL_ONE, as traces are written by nobody's quorum; where no node of the data centre
    /// has them, from any.
    async fn read_rows(&self, query: &str, mut take: impl FnMut(&Row<'_>)) -> Result<(), QueryError> {
        let options = RequestOptions {
            consistency: Consistency::LocalOne,
            timeout: READ_TIMEOUT,
            trace: false,
            ..RequestOptions::of_a_read()
        };
        let mut request = Request::with_options(query, options);
        let mut paging = None;
        loop {
            let answer = match self.run_anywhere(&request, paging.as_ref()).await {
                Err(error)
                    if is_unavailable(&error) && request.options.consistency == Consistency::LocalOne =>
                {
                    request.options.consistency = Consistency::One;
                    continue;
                }
                answer => answer?,
            };
            if let Some(page) = &answer.page {
                let names: Vec<&str> = page.columns().iter().map(|column| column.name.as_str()).collect();
                let visited = page.visit(0, &mut |cells| {
                    take(&Row { names: &names, cells });
                    ControlFlow::Continue(())
                });
                visited.map_err(|error| QueryError::Driver { reason: error.to_string() })?;
            }
            paging = answer.next;
            if paging.is_none() {
                return Ok(());
            }
        }
    }
}

fn nothing(id: TraceId) -> Recording {
    Recording { session: Session { id, ..Session::default() }, ..Recording::default() }
}

/// Whether any row of it was read.
fn is_there(recording: &Recording) -> bool {
    !recording.events.is_empty() || recording.session.started_at_ms.is_some()
}

/// Whether waiting will not help: the role may not read traces, or there are none.
fn is_refusal(error: &QueryError) -> bool {
    let QueryError::Server(server) = error else { return false };
    matches!(server.kind, ServerErrorKind::Unauthorized | ServerErrorKind::Invalid | ServerErrorKind::Syntax)
}

fn is_unavailable(error: &QueryError) -> bool {
    matches!(error, QueryError::Server(server) if matches!(server.kind, ServerErrorKind::Unavailable { .. }))
}

fn of_these(known: &BTreeMap<String, String>, sources: &[&str]) -> BTreeMap<String, String> {
    let known = sources.iter().filter_map(|source| known.get_key_value(*source));
    known.map(|(address, dc)| (address.clone(), dc.clone())).collect()
}

/// A row whose columns are found by name: older servers have fewer of them.
struct Row<'a> {
    names: &'a [&'a str],
    cells: &'a [Option<&'a [u8]>],
}

impl Row<'_> {
    fn cell(&self, name: &str) -> Option<&[u8]> {
        let place = self.names.iter().position(|known| *known == name)?;
        self.cells.get(place).copied().flatten()
    }

    fn text(&self, name: &str) -> Option<String> {
        self.cell(name).map(|bytes| String::from_utf8_lossy(bytes).into_owned())
    }

    fn int(&self, name: &str) -> Option<i32> {
        self.cell(name)?.try_into().ok().map(i32::from_be_bytes)
    }

    fn timestamp(&self, name: &str) -> Option<i64> {
        self.cell(name)?.try_into().ok().map(i64::from_be_bytes)
    }

    fn id(&self, name: &str) -> Option<TraceId> {
        self.cell(name)?.try_into().ok().map(TraceId)
    }

    fn inet(&self, name: &str) -> Option<String> {
        let bytes = self.cell(name)?;
        let four = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
        let address = four.or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from)).ok()?;
        Some(address.to_string())
    }

    /// A `map<text, text>` (protocol v4, section 6): a count, then keys and values with their lengths.
    fn texts(&self, name: &str) -> BTreeMap<String, String> {
        let mut read = BTreeMap::new();
        let Some(mut rest) = self.cell(name) else { return read };
        let number = |rest: &mut &[u8]| {
            let (number, after) = rest.split_first_chunk()?;
            *rest = after;
            usize::try_from(i32::from_be_bytes(*number)).ok()
        };
        let Some(count) = number(&mut rest) else { return read };
        for _ in 0..count {
            let mut next = || {
                let length = number(&mut rest)?;
                let (text, after) = rest.split_at_checked(length)?;
                rest = after;
                Some(String::from_utf8_lossy(text).into_owned())
            };
            let (Some(key), Some(value)) = (next(), next()) else { break };
            read.insert(key, value);
        }
        read
    }
}

fn session(id: TraceId, row: &Row<'_>) -> Session {
    Session {
        id,
        command: row.text("command"),
        client: row.inet("client"),
        coordinator: row.inet("coordinator"),
        coordinator_port: row.int("coordinator_port"),
        duration_us: row.int("duration").map(i64::from),
        parameters: row.texts("parameters"),
        request: row.text("request"),
        started_at_ms: row.timestamp("started_at"),
    }
}

fn event(row: &Row<'_>) -> Option<Event> {
    Some(Event {
        event_id: row.id("event_id")?,
        activity: row.text("activity").unwrap_or_default(),
        source: row.inet("source").unwrap_or_default(),
        source_port: row.int("source_port"),
        source_elapsed_us: row.int("source_elapsed").map(i64::from),
        thread: row.text("thread"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_read_by_its_columns_names() {
        let parameters = [&[0, 0, 0, 1, 0, 0, 0, 5][..], b"query", &[0, 0, 0, 8], b"SELECT 1"].concat();
        let address = [127, 0, 0, 3];
        let names = ["session_id", "duration", "parameters", "client", "coordinator", "started_at"];
        let sixteen = IpAddr::from([0xfd00, 0, 0, 0, 0, 0, 0, 7]);
        let IpAddr::V6(six) = sixteen else { unreachable!() };
        let cells = [
            Some(&[7; 16][..]),
            Some(&[0, 0, 4, 0][..]),
            Some(&parameters[..]),
            Some(&six.octets()[..]),
            Some(&address[..]),
            None,
        ];
        let read = session(TraceId([7; 16]), &Row { names: &names, cells: &cells });
        assert_eq!(read.duration_us, Some(1024));
        assert_eq!(read.parameters["query"], "SELECT 1");
        assert_eq!(read.client.as_deref(), Some("fd00::7"));
        assert_eq!(read.coordinator.as_deref(), Some("127.0.0.3"));
        assert_eq!((read.started_at_ms, read.command), (None, None));
    }

    #[test]
    fn what_is_cut_short_is_left_out() {
        let cut = [0, 0, 0, 2, 0, 0, 0, 1, b'k', 0, 0, 0, 9, b'v'];
        let row = Row { names: &["parameters"], cells: &[Some(&cut[..])] };
        assert!(row.texts("parameters").is_empty());
        assert!(event(&row).is_none());
    }
}
