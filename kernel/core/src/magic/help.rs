//! Help texts, made from the table of magics.

/// Help on a topic as Markdown: a magic, a setting, a shell command, or an overview for an empty topic.
///
/// `None` for a topic there is no help on.
pub fn help(topic: &str) -> Option<String> {
    let _ = topic;
    None
}

/// What `%lsmagic` prints: the names by kind, as plain text.
pub fn list() -> String {
    String::new()
}
