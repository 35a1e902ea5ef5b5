//! What `SHOW` is asked to show.

use crate::cql::keywords::unquote_name;
use crate::cql::lexer::{TokenKind, lex};

/// What `SHOW` shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Show {
    /// Versions of program, server, language and protocol.
    Version,
    /// The host that is connected to.
    Host,
    /// A trace, by its id in lower case.
    Session(String),
    /// The nodes that have the partitions of a token.
    Replicas {
        /// The token, of the Murmur3 partitioner.
        token: i64,
        /// The keyspace, unquoted; the one in use if none is named.
        keyspace: Option<String>,
    },
}

/// Reads the words behind `SHOW`.
pub(super) fn read(arguments: &str) -> Result<Show, String> {
    // A token may be negative, and its sign is a piece of its own.
    let mut words: Vec<String> = Vec::new();
    let mut sign = "";
    for token in lex(arguments).into_iter().filter(|token| !token.kind.is_trivia()) {
        let text = token.span.of(arguments);
        match token.kind {
            TokenKind::Operator if matches!(text, "-" | "+") => sign = if text == "-" { "-" } else { "" },
            _ => words.push(format!("{}{text}", std::mem::take(&mut sign))),
        }
    }
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let what = words.first().copied().unwrap_or_default().to_ascii_uppercase();
    match (what.as_str(), &words[..]) {
        ("VERSION", [_]) => Ok(Show::Version),
        ("HOST", [_]) => Ok(Show::Host),
        ("SESSION", [_, id]) if matches!(lex(id)[..], [one] if one.kind == TokenKind::Uuid) => {
            Ok(Show::Session(id.to_ascii_lowercase()))
        }
        ("SESSION", _) => Err("`SHOW SESSION` takes the id of a trace, a UUID.".to_owned()),
        ("REPLICAS", [_, token, keyspace @ ..]) if keyspace.len() < 2 => {
            let token = token
                .parse()
                .map_err(|_| "`SHOW REPLICAS` takes a token: a whole number of 64 bits.".to_owned())?;
            Ok(Show::Replicas { token, keyspace: keyspace.first().map(|name| unquote_name(name)) })
        }
        ("REPLICAS", _) => Err("`SHOW REPLICAS` takes a token and, if you like, a keyspace.".to_owned()),
        ("VERSION" | "HOST", _) => Err(format!("Nothing follows `SHOW {what}`.")),
        ("", _) => Err("`SHOW` needs to know what.".to_owned()),
        (
            "TABLES" | "KEYSPACES" | "DATABASES" | "TYPES" | "FUNCTIONS" | "SCHEMA" | "INDEXES" | "COLUMNS"
            | "CREATE",
            _,
        ) => {
            let described = match what.as_str() {
                "DATABASES" => "KEYSPACES",
                "TABLES" | "KEYSPACES" | "TYPES" | "FUNCTIONS" | "SCHEMA" => what.as_str(),
                _ => "TABLE name",
            };
            Err(format!(
                "`SHOW` takes VERSION, HOST, SESSION or REPLICAS. `DESCRIBE {described}` shows those."
            ))
        }
        _ => Err("`SHOW` takes VERSION, HOST, SESSION or REPLICAS.".to_owned()),
    }
}
