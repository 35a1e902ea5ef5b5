//! `%%cql --trace --repeat N`: runs a read many times, to see how its durations spread and what the usual and the slowest
//! run did.

use std::sync::Arc;
use std::time::Duration;

use cqlbook_core::cell::{Statement, StatementKind, Step, StepKind};
use cqlbook_core::diagnostic::{Code, Diagnostic};
use cqlbook_core::render;
use cqlbook_core::settings::CellSettings;
use cqlbook_core::trace::{Runs, Trace, TraceId};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::kept::Entry;
use super::{explain, follow};
use crate::notebook::Open;
use crate::results::Incoming;
use crate::run::fetch::{self, Traced};
use crate::run::scene::Scene;
use crate::run::statement::{self, Values, explain_failure};
use crate::run::wait::Wait;

/// The fewest runs that have a distribution, and the most that one cell makes.
const TIMES: std::ops::RangeInclusive<usize> = 2..=500;
/// Traces that are read at a time.
const READERS: usize = 8;

/// Refuses what cannot be repeated, before anything is sent.
///
/// # Errors
/// `USAGE`.
pub(crate) fn check(times: usize, is_traced: bool, steps: &[Step]) -> Result<(), Diagnostic> {
    if !TIMES.contains(&times) {
        let message = format!("`--repeat` takes a number from {} to {}.", TIMES.start(), TIMES.end());
        return Err(Diagnostic::new(Code::Usage, message));
    }
    if !is_traced {
        return Err(Diagnostic::new(Code::Usage, "`--repeat` shows traces, and nothing is traced.")
            .with_hint("`%%cql --trace --repeat 20`"));
    }
    let write = steps.iter().find_map(|step| match &step.kind {
        StepKind::Cql(statement) if !statement.is_read() => Some(statement),
        _ => None,
    });
    match write {
        Some(statement) => Err(a_write(statement)),
        None => Ok(()),
    }
}

/// Whether a statement is run many times: of a file that `SOURCE` runs, too, only reads are. A `USE` changes what comes
/// behind it, and is done once.
///
/// # Errors
/// `USAGE` for a statement that writes.
pub(crate) fn is_repeated(statement: &Statement) -> Result<bool, Diagnostic> {
    if !statement.is_read() {
        return Err(a_write(statement));
    }
    Ok(!matches!(statement.kind, StatementKind::Use(_)))
}

fn a_write(statement: &Statement) -> Diagnostic {
    Diagnostic::new(
        Code::Usage,
        "`--repeat` repeats reads, and this statement writes. Nothing of it was sent.",
    )
    .with_cause("What is repeated must change nothing, wherever it comes from.")
    .with_hint("`%%cql --trace` traces it once.")
    .with_span(statement.span)
}

/// Runs a read so many times. The rows of the first run are shown at once, then how the durations spread, with the
/// timelines of the median and of the slowest run.
pub(crate) async fn run(
    scene: &Scene,
    open: &Open,
    settings: &CellSettings,
    statement: &Statement,
    values: &Values,
    times: usize,
) -> Result<(), Diagnostic> {
    let sent = statement::sending(open, settings, statement, values).await?;
    let failed = |error: &cqlbook_cluster::QueryError| explain_failure(error, open, statement);
    let name = statement.into.as_deref().or(settings.into.as_deref());
    let mut elapsed = Vec::with_capacity(times);
    let mut traced = Vec::with_capacity(times);
    for turn in 1..=times {
        let mut wait = Wait::new();
        let attended = wait.attend(open, settings.settings.timeout);
        let reading = async {
            let incoming = match turn {
                1 => Incoming::new(&scene.notebook, name),
                _ => Incoming::passing(&scene.notebook),
            };
            let (sent, limit) = (sent.clone(), statement::limit(settings));
            let read = fetch::fetch(&attended.connection, sent, None, limit, incoming).await;
            read.map_err(|error| error.told(failed))
        };
        let fetched = wait.through(scene, reading).await?;
        elapsed.push(micros(fetched.elapsed));
        traced.extend(fetched.traced.first().copied());
        if turn == 1 {
            let mut untraced = settings.clone();
            untraced.settings.trace = false;
            statement::show(scene, open, &untraced, statement, fetched, &wait, None).await;
        }
        scene.progress(&format!("Reading {times} times"), Some(turn as u64), "runs").await;
    }
    show(scene, open, statement, name, elapsed, &traced).await;
    Ok(())
}

/// Shows what the runs took.
async fn show(
    scene: &Scene,
    open: &Open,
    statement: &Statement,
    name: Option<&str>,
    elapsed_us: Vec<u64>,
    traced: &[Traced],
) {
    let times = elapsed_us.len();
    scene.progress_beside("Waiting for the traces.", "The runs were made, and not looked at.").await;
    let (traces, failure) = read_all(open, traced).await;
    let is_traced = !traces.is_empty();
    let runs = Runs { elapsed_us, traces };
    scene.conclude(render::trace_distribution(&runs)).await;
    if !is_traced {
        let notice = failure.unwrap_or_else(|| explain::no_id(open.is_astra()));
        scene.show(render::notice(&notice)).await;
    }
    let (Some(median), Some(slowest)) = (runs.median(), runs.worst()) else { return };
    let mut state = scene.notebook.state();
    let mut keep = |trace: &Trace, note: String, name: Option<&str>| {
        let entry = Entry::new(trace.id(), &statement.text, open.number);
        let (name, rows) = (name.map(str::to_owned), trace.recording().rows_returned);
        state.traces.keep(Entry { note, name, rows, trace: Some(Arc::new(trace.clone())), ..entry });
    };
    if slowest.id() != median.id() {
        keep(slowest, format!("slowest of {times} runs"), None);
    }
    keep(median, format!("median of {times} runs"), name);
    // The usual run is the one to compare others with.
    state.traces.is_last(median.id());
}

/// The traces that came, in the order of the runs, and why one did not.
async fn read_all(open: &Open, traced: &[Traced]) -> (Vec<Trace>, Option<Diagnostic>) {
    let turns = Arc::new(Semaphore::new(READERS));
    let mut readers = JoinSet::new();
    for (run, traced) in traced.iter().enumerate() {
        let Some(id) = traced.id.map(|id| TraceId(id.into_bytes())) else { continue };
        let (connection, turns, rows) = (open.connection.clone(), Arc::clone(&turns), traced.rows);
        readers.spawn(async move {
            let _turn = turns.acquire().await;
            let read = connection.trace(id, follow::BEHIND).await;
            (run, read.map_err(|error| explain::unreadable(&error, id)).map(|read| (read, rows)))
        });
    }
    let (mut read, mut failure) = (Vec::new(), None);
    while let Some(outcome) = readers.join_next().await {
        match outcome {
            Ok((run, Ok((mut recording, rows)))) => {
                // One without its row of `sessions` tells no duration to be compared.
                if recording.session.started_at_ms.is_some() {
                    recording.rows_returned = rows;
                    read.push((run, Trace::of(recording)));
                } else {
                    failure = Some(explain::never_came(recording.session.id));
                }
            }
            Ok((_, Err(diagnostic))) => {
                // What keeps one from being read keeps all.
                readers.abort_all();
                failure = Some(diagnostic);
            }
            Err(_) => {}
        }
    }
    read.sort_by_key(|(run, _)| *run);
    (read.into_iter().map(|(_, trace)| trace).collect(), failure)
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use cqlbook_core::cell;
    use cqlbook_core::text::Span;

    use super::*;

    fn refusal(times: usize, is_traced: bool, cell: &str) -> Option<Diagnostic> {
        check(times, is_traced, &cell::steps(cell, Span::new(0, cell.len()))).err()
    }

    #[test]
    fn only_reads_are_repeated() {
        assert_eq!(refusal(20, true, "SELECT * FROM t; USE ks; SELECT * FROM u"), None);
        for cell in ["INSERT INTO t (a) VALUES (1)", "SELECT * FROM t; TRUNCATE t", "BEGIN BATCH APPLY BATCH"]
        {
            assert_eq!(refusal(20, true, cell).unwrap().code, Code::Usage, "{cell}");
        }
        assert!(refusal(1, true, "SELECT * FROM t").is_some());
        assert!(refusal(501, true, "SELECT * FROM t").is_some());
        assert!(refusal(20, false, "SELECT * FROM t").is_some(), "without --trace");
    }
}
