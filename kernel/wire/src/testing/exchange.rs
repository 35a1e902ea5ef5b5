//! What came back for one request, and how it reads.

use std::fmt::Write;
use std::time::Instant;

use bytes::Bytes;
use serde_json::Value;

use crate::connection::Channel;

/// A message that the frontend received.
#[derive(Clone, Debug)]
pub struct Received {
    /// The socket it came by.
    pub channel: Channel,
    /// Its type.
    pub msg_type: String,
    /// Its content.
    pub content: Value,
    /// Its own header.
    pub header: Value,
    /// The header of the request it belongs to, as the bytes that came.
    pub parent_header: Bytes,
    /// When it came.
    pub at: Instant,
}

impl Received {
    /// The id of the request it belongs to; empty when to none.
    pub fn parent_id(&self) -> String {
        let parent: Value = serde_json::from_slice(&self.parent_header).unwrap_or_default();
        parent["msg_id"].as_str().unwrap_or_default().to_owned()
    }

    /// A text of the content, by JSON pointer (`/data/text~1plain`); empty when it is not there.
    pub fn text(&self, pointer: &str) -> &str {
        self.content.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
    }

    /// Whether it says that the kernel is in this state.
    pub fn is_status(&self, state: &str) -> bool {
        self.msg_type == "status" && self.text("/execution_state") == state
    }

    /// The message in one line.
    pub fn line(&self) -> String {
        let count = || self.content["execution_count"].as_u64().map_or(String::new(), |n| format!(" [{n}]"));
        let what = match self.msg_type.as_str() {
            "status" => self.text("/execution_state").to_owned(),
            "execute_input" => format!("{:?}{}", self.text("/code"), count()),
            "stream" => format!("{} {:?}", self.text("/name"), self.text("/text")),
            "error" => format!("{}: {}", self.text("/ename"), self.text("/evalue")),
            "display_data" | "update_display_data" | "execute_result" => {
                format!("{}{}", self.content["data"], count())
            }
            "execute_reply" => {
                let payload = &self.content["payload"];
                let payload =
                    payload.as_array().filter(|list| !list.is_empty()).map(|_| format!(" {payload}"));
                let name = self.content["ename"].as_str().map(|name| format!(" {name}"));
                let status = self.text("/status");
                format!("{status}{}{}{}", name.unwrap_or_default(), count(), payload.unwrap_or_default())
            }
            _ => self.content.to_string(),
        };
        format!("{}: {} {what}", self.channel, self.msg_type)
    }
}

/// What came back for one request.
#[derive(Clone, Debug, Default)]
pub struct Exchange {
    /// The reply, on shell or control; `None` for a message that has none.
    pub reply: Option<Received>,
    /// What was published, from busy to idle, in order.
    pub iopub: Vec<Received>,
    /// The prompts.
    pub prompts: Vec<Received>,
}

impl Exchange {
    /// The reply's content.
    ///
    /// # Panics
    /// When there was no reply.
    pub fn content(&self) -> &Value {
        &self.reply.as_ref().expect("a reply").content
    }

    /// The reply's `status`: `ok`, `error` or `aborted`.
    pub fn status(&self) -> &str {
        self.content()["status"].as_str().unwrap_or_default()
    }

    /// All text written to stdout.
    pub fn stdout(&self) -> String {
        self.stream("stdout")
    }

    /// All text written to stderr.
    pub fn stderr(&self) -> String {
        self.stream("stderr")
    }

    fn stream(&self, name: &str) -> String {
        let texts = self.published("stream").filter(|message| message.text("/name") == name);
        texts.map(|message| message.text("/text")).collect()
    }

    /// What was published with a type, in order.
    pub fn published<'a>(&'a self, msg_type: &'a str) -> impl Iterator<Item = &'a Received> {
        self.iopub.iter().filter(move |message| message.msg_type == msg_type)
    }

    /// The values that outputs have in one format, in order (`display_data`, updates and results).
    pub fn outputs(&self, mime: &str) -> Vec<&str> {
        let shown = self.iopub.iter().filter_map(|message| message.content.get("data"));
        shown.filter_map(|data| data.get(mime)?.as_str()).collect()
    }

    /// The HTML outputs, in order.
    pub fn html(&self) -> Vec<&str> {
        self.outputs("text/html")
    }

    /// The plain text outputs, in order.
    pub fn plain(&self) -> Vec<&str> {
        self.outputs("text/plain")
    }

    /// Name and text of the error that was published.
    pub fn error(&self) -> Option<(&str, &str)> {
        let error = self.published("error").next()?;
        Some((error.text("/ename"), error.text("/evalue")))
    }

    /// Everything in lines: what was published in order, then prompts, then the reply.
    pub fn transcript(&self) -> String {
        let mut lines = String::new();
        for message in self.iopub.iter().chain(&self.prompts).chain(&self.reply) {
            let _ = writeln!(lines, "{}", message.line());
        }
        lines
    }
}
