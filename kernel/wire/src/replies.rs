//! The contents of replies that jupyter-protocol's types do not fit (bundles in order, fields they lack).

use jupyter_protocol::{HelpLink, LanguageInfo};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::bundle::MimeBundle;
use crate::cursor;
use crate::handler::{Completeness, Completions, ErrorReport, HistoryEntry, KernelInfo, Payload};
use crate::session::PROTOCOL_VERSION;

/// Features of JEP 92 that this crate gives every kernel.
const FEATURES: [&str; 1] = ["kernel subshells"];

#[derive(Serialize)]
struct KernelInfoReply<'a> {
    status: &'a str,
    protocol_version: &'a str,
    implementation: &'a str,
    implementation_version: &'a str,
    language_info: &'a LanguageInfo,
    banner: &'a str,
    help_links: &'a [HelpLink],
    debugger: bool,
    supported_features: Vec<&'a str>,
}

pub(crate) fn kernel_info(info: &KernelInfo) -> Value {
    let own = info.supported_features.iter().map(String::as_str).filter(|name| !FEATURES.contains(name));
    let reply = KernelInfoReply {
        status: "ok",
        protocol_version: PROTOCOL_VERSION,
        implementation: &info.implementation,
        implementation_version: &info.implementation_version,
        language_info: &info.language_info,
        banner: &info.banner,
        help_links: &info.help_links,
        debugger: info.debugger,
        supported_features: FEATURES.into_iter().chain(own).collect(),
    };
    serde_json::to_value(reply).unwrap_or_default()
}

/// A bundle as `data` and `metadata`.
fn bundle(bundle: &MimeBundle) -> (Value, Value) {
    let data = serde_json::to_value(bundle.data()).unwrap_or_default();
    (data, Value::Object(bundle.metadata().clone()))
}

pub(crate) fn complete(code: &str, completions: &Completions) -> Value {
    let start = cursor::to_code_points(code, completions.start);
    let end = cursor::to_code_points(code, completions.end);
    let matches: Vec<_> = completions.matches.iter().map(|candidate| candidate.text.as_str()).collect();
    // What JupyterLab and VS Code read to show each candidate's kind beside it.
    let types: Vec<_> = completions.matches.iter().map(|candidate| {
        json!({"start": start, "end": end, "text": candidate.text, "type": candidate.kind, "signature": candidate.signature})
    }).collect();
    let metadata = json!({"_jupyter_types_experimental": types});
    json!({"status": "ok", "matches": matches, "cursor_start": start, "cursor_end": end, "metadata": metadata})
}

pub(crate) fn inspect(found: Option<&MimeBundle>) -> Value {
    let (data, metadata) = found.map_or_else(|| (json!({}), json!({})), bundle);
    json!({"status": "ok", "found": found.is_some(), "data": data, "metadata": metadata})
}

pub(crate) fn is_complete(completeness: &Completeness) -> Value {
    match completeness {
        Completeness::Complete => json!({"status": "complete"}),
        Completeness::Incomplete { indent } => json!({"status": "incomplete", "indent": indent}),
        Completeness::Invalid => json!({"status": "invalid"}),
        Completeness::Unknown => json!({"status": "unknown"}),
    }
}

pub(crate) fn history(entries: &[HistoryEntry], output: bool) -> Value {
    let entry = |entry: &HistoryEntry| match output {
        true => json!([entry.session, entry.line, [entry.input, entry.output]]),
        false => json!([entry.session, entry.line, entry.input]),
    };
    json!({"status": "ok", "history": entries.iter().map(entry).collect::<Vec<_>>()})
}

pub(crate) fn payload(payload: &Payload) -> Value {
    match payload {
        Payload::Page { data, start } => json!({"source": "page", "data": bundle(data).0, "start": start}),
        Payload::SetNextInput { text, replace } => {
            json!({"source": "set_next_input", "text": text, "replace": replace})
        }
    }
}

pub(crate) fn expression(value: &Result<MimeBundle, ErrorReport>) -> Value {
    match value {
        Ok(value) => {
            let (data, metadata) = bundle(value);
            json!({"status": "ok", "data": data, "metadata": metadata})
        }
        Err(report) => error(report),
    }
}

pub(crate) fn executed(execution_count: u32, payloads: &[Payload], expressions: Map<String, Value>) -> Value {
    let payloads: Vec<_> = payloads.iter().map(payload).collect();
    json!({
        "status": "ok", "execution_count": execution_count, "payload": payloads, "user_expressions": expressions,
    })
}

pub(crate) fn failed(execution_count: u32, report: &ErrorReport) -> Value {
    let mut reply = error(report);
    if let Value::Object(fields) = &mut reply {
        fields.insert("execution_count".to_owned(), execution_count.into());
        fields.insert("payload".to_owned(), json!([]));
        fields.insert("user_expressions".to_owned(), json!({}));
    }
    reply
}

pub(crate) fn aborted(execution_count: u32) -> Value {
    json!({"status": "aborted", "execution_count": execution_count})
}

pub(crate) fn error(report: &ErrorReport) -> Value {
    let ErrorReport { ename, evalue, traceback } = report;
    json!({"status": "error", "ename": ename, "evalue": evalue, "traceback": traceback})
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::handler::Completion;

    #[test]
    fn completions_are_in_code_points_and_the_types_parallel() {
        let code = "😀 SEL";
        let matches =
            vec![Completion { text: "SELECT".into(), kind: "keyword".into(), signature: String::new() }];
        let reply = complete(code, &Completions { start: 5, end: 8, matches });
        insta::assert_snapshot!(reply, @r#"{"status":"ok","matches":["SELECT"],"cursor_start":2,"cursor_end":5,"metadata":{"_jupyter_types_experimental":[{"start":2,"end":5,"text":"SELECT","type":"keyword","signature":""}]}}"#);
    }

    #[test]
    fn history_has_outputs_only_when_asked() {
        let entries = [HistoryEntry { session: 3, line: 1, input: "a".into(), output: None }];
        insta::assert_snapshot!(history(&entries, false), @r#"{"status":"ok","history":[[3,1,"a"]]}"#);
        insta::assert_snapshot!(history(&entries, true), @r#"{"status":"ok","history":[[3,1,["a",null]]]}"#);
    }
}
