//! A trace as text for other tools: Chrome's trace format, CSV, and OpenTelemetry's.

mod chrome;
mod csv;
mod otlp;

pub use self::chrome::chrome;
pub use self::csv::csv;
pub use self::otlp::otlp;

use super::model::{Lane, Trace};

/// When the request began, in µs since 1970: by the session's row, else by the coordinator's first event.
fn began_us(trace: &Trace) -> i64 {
    let started = trace.recording().session.started_at_ms.map(|ms| ms.saturating_mul(1000));
    let counted =
        || trace.moments.iter().find_map(|moment| Some(moment.clock_us?.saturating_sub(moment.at_us)));
    started.or_else(counted).unwrap_or(0)
}

/// A node as a tool shows it: its name, what it did, where it stands.
fn title(lane: &Lane) -> String {
    match &lane.data_centre {
        Some(dc) => format!("{} ({}, {dc})", lane.name, lane.role.name()),
        None => format!("{} ({})", lane.name, lane.role.name()),
    }
}

#[cfg(test)]
mod tests;
