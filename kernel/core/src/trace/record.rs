//! A trace as the server wrote it: the row of `system_traces.sessions`, the rows of `system_traces.events`.
//!
//! Nothing is interpreted, and everything may be missing: the rows are written after the answer, in any order, and some never
//! come. The JSON form is that of the recorded traces the tests use.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// From the start of the Gregorian calendar, where timeuuids begin, to that of Unix, in units of 100 ns.
const UNIX_IN_TIMEUUID: i64 = 0x01b2_1dd2_1381_4000;

/// One traced request, as far as it has been read.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Recording {
    /// The row of `sessions`; its id is known even where the row never came.
    pub session: Session,
    /// The rows of `events`, in any order.
    #[serde(default)]
    pub events: Vec<Event>,
    /// Whether the end was seen: a duration, and no further events while waiting.
    pub complete: bool,
    /// The data centre of each node by its address, as far as the connection knows them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub data_centres: BTreeMap<String, String>,
    /// How many rows the request returned, where that is known; all pages and requests of one statement have traces of their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows_returned: Option<u64>,
}

/// The row of `system_traces.sessions`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Session {
    /// `session_id`.
    pub id: TraceId,
    /// `command`, e.g. `QUERY`.
    #[serde(default)]
    pub command: Option<String>,
    /// `client`, an address.
    #[serde(default)]
    pub client: Option<String>,
    /// `coordinator`, an address.
    #[serde(default)]
    pub coordinator: Option<String>,
    /// `coordinator_port`, since Cassandra 4.
    #[serde(default)]
    pub coordinator_port: Option<i32>,
    /// `duration` in µs; null until the request has ended.
    #[serde(default)]
    pub duration_us: Option<i64>,
    /// `parameters`, in the order of their names: `query`, `consistency_level`, `bound_var_0_id`, …
    #[serde(default)]
    pub parameters: BTreeMap<String, String>,
    /// `request`, e.g. `Execute CQL3 query`.
    #[serde(default)]
    pub request: Option<String>,
    /// `started_at` in ms since 1970.
    #[serde(default)]
    pub started_at_ms: Option<i64>,
}

/// A row of `system_traces.events`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// `event_id`, a timeuuid: its time is the node's clock when the event was written down.
    pub event_id: TraceId,
    /// `activity`, in the server's words.
    pub activity: String,
    /// `source`, the address of the node.
    pub source: String,
    /// `source_port`, since Cassandra 4.
    #[serde(default)]
    pub source_port: Option<i32>,
    /// `source_elapsed` in µs, counted from when this node first heard of the request.
    #[serde(default)]
    pub source_elapsed_us: Option<i64>,
    /// `thread`.
    #[serde(default)]
    pub thread: Option<String>,
}

impl Event {
    /// The node's clock when the event was written down, in µs since 1970; nothing where the id is no timeuuid.
    pub fn timestamp_us(&self) -> Option<i64> {
        self.event_id.unix_us()
    }
}

impl Recording {
    /// Reads the JSON form.
    pub fn from_json(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }

    /// The JSON form, with line breaks, as a recorded trace is kept.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string_pretty(self)
    }
}

/// The id of a session or of an event: a uuid, written as one.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct TraceId(pub [u8; 16]);

/// The text is no uuid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("A trace's id is a uuid, as in 2f1d4a60-9c3e-11ef-8b5a-6d8f3a1c0e52.")]
pub struct NotATraceId;

impl TraceId {
    /// The time of a timeuuid in µs since 1970; nothing for a uuid of another version.
    pub fn unix_us(&self) -> Option<i64> {
        let bytes = &self.0;
        if bytes[6] >> 4 != 1 {
            return None;
        }
        let low = u64::from(u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]));
        let middle = u64::from(u16::from_be_bytes([bytes[4], bytes[5]]));
        let high = u64::from(u16::from_be_bytes([bytes[6], bytes[7]]) & 0x0fff);
        // 60 bits: it fits.
        let ticks = (high << 48 | middle << 32 | low) as i64;
        Some((ticks - UNIX_IN_TIMEUUID).div_euclid(10))
    }

    /// A timeuuid of this time, in µs since 1970, told from others of the same time by `node`; for tests and for ids of our own.
    pub fn of_unix_us(unix_us: i64, node: u64) -> Self {
        let ticks = unix_us.saturating_mul(10).saturating_add(UNIX_IN_TIMEUUID) as u64;
        let mut bytes = [0; 16];
        bytes[..4].copy_from_slice(&(ticks as u32).to_be_bytes());
        bytes[4..6].copy_from_slice(&((ticks >> 32) as u16).to_be_bytes());
        bytes[6..8].copy_from_slice(&((ticks >> 48) as u16 & 0x0fff | 0x1000).to_be_bytes());
        bytes[8..].copy_from_slice(&(node & 0x3fff_ffff_ffff_ffff | 1 << 63).to_be_bytes());
        Self(bytes)
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, byte) in self.0.iter().enumerate() {
            if matches!(index, 4 | 6 | 8 | 10) {
                f.write_str("-")?;
            }
            write!(f, "{byte:02x}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for TraceId {
    type Err = NotATraceId;

    /// Reads a uuid with its four hyphens, in any case.
    fn from_str(text: &str) -> Result<Self, NotATraceId> {
        let mut bytes = [0; 16];
        let mut digits = 0;
        for (index, c) in text.chars().enumerate() {
            if matches!(index, 8 | 13 | 18 | 23) {
                if c != '-' {
                    return Err(NotATraceId);
                }
                continue;
            }
            let digit = c.to_digit(16).ok_or(NotATraceId)? as u8;
            let byte: &mut u8 = bytes.get_mut(digits / 2).ok_or(NotATraceId)?;
            *byte = *byte << 4 | digit;
            digits += 1;
        }
        if digits == 32 { Ok(Self(bytes)) } else { Err(NotATraceId) }
    }
}

impl Serialize for TraceId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for TraceId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_timeuuid_tells_the_time() {
        // A session of the local Astra, begun in that millisecond.
        let id: TraceId = "3178fd00-e8ea-11f1-aa1c-1d42133cbce5".parse().unwrap();
        assert_eq!(id.unix_us(), Some(1_795_622_797_520_000));
        assert_eq!("d2177dd0-eaa2-41de-a572-e3a4e9a1c6f6".parse::<TraceId>().unwrap().unix_us(), None);
    }

    #[test]
    fn what_is_no_uuid_is_refused() {
        for text in ["", "_", "50554d6e29bb11e5b345feff819cdc9f", "50554d6e-29bb-11e5-b345-feff819cdc9g", "ü"]
        {
            assert_eq!(text.parse::<TraceId>(), Err(NotATraceId), "{text}");
        }
    }

    proptest! {
        #[test]
        fn ids_read_back(bytes: [u8; 16]) {
            let id = TraceId(bytes);
            prop_assert_eq!(id.to_string().parse::<TraceId>(), Ok(id));
            prop_assert_eq!(id.to_string().to_uppercase().parse::<TraceId>(), Ok(id));
        }

        #[test]
        fn times_read_back(unix_us in 0..4_000_000_000_000_000_i64, node: u64) {
            prop_assert_eq!(TraceId::of_unix_us(unix_us, node).unix_us(), Some(unix_us));
        }

        #[test]
        fn no_text_is_too_strange(text: String) {
            let _ = text.parse::<TraceId>();
        }
    }
}
