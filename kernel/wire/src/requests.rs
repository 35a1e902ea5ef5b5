//! Reads the contents of requests. Tolerant: what is missing or of the wrong kind gets the protocol's default.
//!
//! jupyter-protocol's own readers refuse a message that lacks an optional field, which real clients send.

use serde_json::{Map, Value};

use crate::handler::{HistoryAccess, HistoryRequest};
use crate::session::Incoming;

/// The fields of a request's content.
pub(crate) struct Fields(Map<String, Value>);

impl Fields {
    /// The content's fields; none when it is not a JSON object.
    pub(crate) fn of(message: &Incoming) -> Self {
        Self(serde_json::from_slice(&message.content).unwrap_or_default())
    }

    pub(crate) fn text(&self, name: &str) -> &str {
        self.0.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    pub(crate) fn flag(&self, name: &str, default: bool) -> bool {
        self.0.get(name).and_then(Value::as_bool).unwrap_or(default)
    }

    pub(crate) fn number(&self, name: &str) -> Option<i64> {
        self.0.get(name).and_then(Value::as_i64)
    }

    /// A position or count: never negative.
    pub(crate) fn count(&self, name: &str) -> Option<usize> {
        self.number(name).map(|n| usize::try_from(n).unwrap_or(0))
    }

    /// The entries of an object of strings.
    pub(crate) fn texts(&self, name: &str) -> impl Iterator<Item = (&str, &str)> {
        let entries = self.0.get(name).and_then(Value::as_object).into_iter().flatten();
        entries.filter_map(|(name, value)| Some((name.as_str(), value.as_str()?)))
    }

    /// What a `history_request` asks for; `None` when its kind is unknown.
    pub(crate) fn history(&self) -> Option<HistoryRequest> {
        let access = match self.text("hist_access_type") {
            "tail" | "" => HistoryAccess::Tail { n: self.count("n").unwrap_or(1000) },
            "range" => HistoryAccess::Range {
                session: self.number("session").unwrap_or(0),
                start: self.number("start").unwrap_or(0),
                stop: self.number("stop"),
            },
            "search" => HistoryAccess::Search {
                pattern: Some(self.text("pattern"))
                    .filter(|pattern| !pattern.is_empty())
                    .unwrap_or("*")
                    .to_owned(),
                n: self.count("n"),
                unique: self.flag("unique", false),
            },
            _ => return None,
        };
        Some(HistoryRequest { access, output: self.flag("output", false), raw: self.flag("raw", true) })
    }
}

/// The notebook's id of the cell that a request runs, from the request's metadata.
pub(crate) fn cell_id(message: &Incoming) -> Option<String> {
    let metadata: Map<String, Value> = serde_json::from_slice(&message.metadata).unwrap_or_default();
    metadata.get("cellId").and_then(Value::as_str).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn history(json: &str) -> Option<HistoryRequest> {
        Fields(serde_json::from_str(json).unwrap()).history()
    }

    #[test]
    fn history_without_the_optional_fields() {
        assert_eq!(
            history(r#"{"hist_access_type":"search","pattern":"SEL*"}"#).unwrap().access,
            HistoryAccess::Search { pattern: "SEL*".into(), n: None, unique: false }
        );
        assert_eq!(
            history(r#"{"hist_access_type":"range","session":-1,"start":2}"#).unwrap().access,
            HistoryAccess::Range { session: -1, start: 2, stop: None }
        );
        assert_eq!(
            history(r#"{"hist_access_type":"tail"}"#).unwrap().access,
            HistoryAccess::Tail { n: 1000 }
        );
        assert_eq!(history(r#"{"hist_access_type":"dream"}"#), None);
    }

    #[test]
    fn fields_of_the_wrong_kind_count_as_missing() {
        let fields = Fields(serde_json::from_str(r#"{"code":7,"silent":"yes","cursor_pos":-3}"#).unwrap());
        assert_eq!(
            (fields.text("code"), fields.flag("silent", true), fields.count("cursor_pos")),
            ("", true, Some(0))
        );
    }
}
