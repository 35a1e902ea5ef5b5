//! The commands that `cqlsh` users know: their verbs, and helpers that read their arguments.
//!
//! Nothing is executed here.

use crate::consistency::Consistency;
use crate::cql::lexer::is_blank;
use crate::diagnostic::{Code, Diagnostic};
use crate::settings::Settings;
use crate::text::Span;

pub mod copy;

/// A shell command's first word or words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ShellVerb {
    /// `CONSISTENCY [LEVEL]`.
    Consistency,
    /// `SERIAL CONSISTENCY [LEVEL]`.
    SerialConsistency,
    /// `TRACING [ON|OFF]`.
    Tracing,
    /// `PAGING [ON|OFF|ROWS]`.
    Paging,
    /// `EXPAND [ON|OFF]`.
    Expand,
    /// `DESCRIBE` or `DESC`.
    Describe,
    /// `SHOW VERSION|HOST|SESSION|REPLICAS`.
    Show,
    /// `SOURCE 'file'`.
    Source,
    /// `CAPTURE ['file'|OFF]`.
    Capture,
    /// `COPY table TO|FROM file`.
    Copy,
    /// `LOGIN user`.
    Login,
    /// `HELP [topic]` or `?`.
    Help,
    /// `CLEAR` or `CLS`.
    Clear,
    /// `EXIT` or `QUIT`.
    Exit,
}

impl ShellVerb {
    /// All of them, in the order of help.
    pub const ALL: &'static [Self] = &[
        Self::Describe,
        Self::Consistency,
        Self::SerialConsistency,
        Self::Tracing,
        Self::Paging,
        Self::Expand,
        Self::Show,
        Self::Source,
        Self::Capture,
        Self::Copy,
        Self::Login,
        Self::Help,
        Self::Clear,
        Self::Exit,
    ];

    /// The verb as `cqlsh` writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Consistency => "CONSISTENCY",
            Self::SerialConsistency => "SERIAL CONSISTENCY",
            Self::Tracing => "TRACING",
            Self::Paging => "PAGING",
            Self::Expand => "EXPAND",
            Self::Describe => "DESCRIBE",
            Self::Show => "SHOW",
            Self::Source => "SOURCE",
            Self::Capture => "CAPTURE",
            Self::Copy => "COPY",
            Self::Login => "LOGIN",
            Self::Help => "HELP",
            Self::Clear => "CLEAR",
            Self::Exit => "EXIT",
        }
    }

    /// How it is written, for help and `USAGE`.
    pub const fn usage(self) -> &'static str {
        match self {
            Self::Consistency => "CONSISTENCY [LEVEL]",
            Self::SerialConsistency => "SERIAL CONSISTENCY [SERIAL|LOCAL_SERIAL]",
            Self::Tracing => "TRACING [ON|OFF]",
            Self::Paging => "PAGING [ON|OFF|ROWS]",
            Self::Expand => "EXPAND [ON|OFF]",
            Self::Describe => {
                "DESCRIBE [CLUSTER|SCHEMA|KEYSPACES|TABLES|TYPES|FUNCTIONS|AGGREGATES|KIND NAME|NAME]"
            }
            Self::Show => "SHOW VERSION|HOST|SESSION ID|REPLICAS TOKEN [KEYSPACE]",
            Self::Source => "SOURCE 'FILE'",
            Self::Capture => "CAPTURE ['FILE'|OFF]",
            Self::Copy => "COPY TABLE [(COLUMNS)] TO|FROM 'FILE' [WITH OPTION = VALUE [AND …]]",
            Self::Login => "LOGIN USER",
            Self::Help => "HELP [TOPIC]",
            Self::Clear => "CLEAR",
            Self::Exit => "EXIT",
        }
    }

    /// What it does, in one sentence.
    pub const fn summary(self) -> &'static str {
        match self {
            Self::Consistency => "Shows or sets how many replicas must answer.",
            Self::SerialConsistency => {
                "Shows or sets the consistency of the condition of a conditional write."
            }
            Self::Tracing => "Turns tracing of every statement on or off.",
            Self::Paging => {
                "Shows paging, turns it on or off, or sets the rows asked of the server at a time."
            }
            Self::Expand => "Draws rows one column a line, or as a table again.",
            Self::Describe => {
                "Shows the CQL that makes a keyspace, table or other part of the schema, or lists them."
            }
            Self::Show => "Shows versions, the host, a trace, or the replicas of a token.",
            Self::Source => "Runs the statements of a file.",
            Self::Capture => "Appends the rows of what follows to a file as plain text, too.",
            Self::Copy => "Writes a table to a CSV file, or loads one.",
            Self::Login => "Connects again as another user.",
            Self::Help => "Shows help on a topic.",
            Self::Clear => "Says how a notebook's outputs are cleared.",
            Self::Exit => "Says how a notebook's kernel is shut down.",
        }
    }

    /// The verb with that name or short name (`DESC`, `CLS`, `QUIT`, `?`), in any case.
    pub fn find(name: &str) -> Option<Self> {
        verb(name).filter(|(_, length)| *length == name.len()).map(|(verb, _)| verb)
    }
}

/// A shell command of a cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShellCommand {
    /// Which one.
    pub verb: ShellVerb,
    /// The words after the verb as written, without a final comment and blanks.
    pub arguments: String,
    /// Where `arguments` stands in the cell.
    pub arguments_span: Span,
    /// From the verb to the end of the arguments.
    pub span: Span,
}

/// The verb that a text starts with, and its length in bytes.
pub(crate) fn verb(text: &str) -> Option<(ShellVerb, usize)> {
    if text.starts_with('?') {
        return Some((ShellVerb::Help, 1));
    }
    let word_length = |text: &str| {
        text.find(|character: char| !character.is_ascii_alphanumeric() && character != '_')
            .unwrap_or(text.len())
    };
    let length = word_length(text);
    // The longest verb; keeps a huge word from being copied.
    if length == 0 || length > "CONSISTENCY".len() {
        return None;
    }
    let verb = match text[..length].to_ascii_uppercase().as_str() {
        "CONSISTENCY" => ShellVerb::Consistency,
        "TRACING" => ShellVerb::Tracing,
        "PAGING" => ShellVerb::Paging,
        "EXPAND" => ShellVerb::Expand,
        "DESCRIBE" | "DESC" => ShellVerb::Describe,
        "SHOW" => ShellVerb::Show,
        "SOURCE" => ShellVerb::Source,
        "CAPTURE" => ShellVerb::Capture,
        "COPY" => ShellVerb::Copy,
        "LOGIN" => ShellVerb::Login,
        "HELP" => ShellVerb::Help,
        "CLEAR" | "CLS" => ShellVerb::Clear,
        "EXIT" | "QUIT" => ShellVerb::Exit,
        "SERIAL" => {
            let rest = text[length..].trim_start_matches([' ', '\t']);
            let second = word_length(rest);
            let end = text.len() - rest.len() + second;
            return rest[..second]
                .eq_ignore_ascii_case("CONSISTENCY")
                .then_some((ShellVerb::SerialConsistency, end));
        }
        _ => return None,
    };
    Some((verb, length))
}

/// A shell command's line as the splitter needs it.
pub(crate) struct Line {
    /// The command, or the byte of a quote that its line does not close.
    pub(crate) command: Result<ShellCommand, usize>,
    /// Where the splitter goes on: at the `;`, the line end, or a comment that ends the command.
    pub(crate) end: usize,
}

/// Reads the arguments of a command whose verb stands at `head`, from `rest`, the text behind it.
///
/// The command ends at `;` or at the line end, outside quotes. `COPY` goes on where a parenthesis is open or the next
/// line starts with `(`, `TO`, `FROM`, `WITH` or `AND`.
pub(crate) fn scan(verb: ShellVerb, rest: &str, head: Span) -> Line {
    let bytes = rest.as_bytes();
    let line_end = |from: usize| rest[from..].find(['\n', '\r']).map_or(rest.len(), |length| from + length);
    let mut arguments = String::new();
    let mut copied = 0;
    let mut line = line_end(0);
    let mut depth = 0_usize;
    let mut at = 0;
    while at < bytes.len() {
        let starts_word = at == 0 || bytes[at - 1].is_ascii_whitespace();
        match bytes[at] {
            b';' => break,
            b'\n' | b'\r' => {
                if verb != ShellVerb::Copy || !(depth > 0 || continues_copy(&rest[at..])) {
                    break;
                }
                at = rest.len() - rest[at..].trim_start_matches(is_blank).len();
                line = line_end(at);
            }
            quote @ (b'\'' | b'"') if verb != ShellVerb::Help => {
                match rest[at + 1..line].find(char::from(quote)) {
                    Some(inner) => at += inner + 2,
                    None => return Line { command: Err(head.end + at), end: head.end + line },
                }
            }
            b'-' if starts_word && bytes.get(at + 1) == Some(&b'-') => break,
            b'/' if starts_word && bytes.get(at + 1) == Some(&b'/') => break,
            b'/' if bytes.get(at + 1) == Some(&b'*') => match rest[at + 2..line].find("*/") {
                Some(inner) => {
                    arguments.push_str(&rest[copied..at]);
                    arguments.push(' ');
                    at += inner + 4;
                    copied = at;
                }
                None => break,
            },
            byte => {
                match byte {
                    b'(' => depth += 1,
                    b')' => depth = depth.saturating_sub(1),
                    _ => {}
                }
                at += 1;
            }
        }
    }
    arguments.push_str(&rest[copied..at]);
    let written = rest[..at].trim_end_matches(is_blank);
    let inner = written.trim_start_matches(is_blank);
    let arguments_span = Span::new(head.end + written.len() - inner.len(), head.end + written.len());
    let command = ShellCommand {
        verb,
        arguments: arguments.trim_matches(is_blank).to_owned(),
        arguments_span,
        span: Span::new(head.start, head.end + written.len()),
    };
    Line { command: Ok(command), end: head.end + at }
}

/// Whether the line after a line end belongs to a `COPY` before it.
fn continues_copy(rest: &str) -> bool {
    let rest = rest.trim_start_matches(is_blank);
    let word = &rest[..rest.find(|character: char| !character.is_ascii_alphabetic()).unwrap_or(rest.len())];
    rest.starts_with('(') || ["TO", "FROM", "WITH", "AND"].iter().any(|next| word.eq_ignore_ascii_case(next))
}

/// What a command that shows or sets one thing asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request<T> {
    /// No argument: show it.
    Show,
    /// Set it.
    Set(T),
}

/// What `PAGING` sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paging {
    /// `ON`, as it was.
    On,
    /// `OFF`.
    Off,
    /// On, with so many rows a page.
    Rows(i32),
}

impl ShellCommand {
    /// Reads the level of `CONSISTENCY` or `SERIAL CONSISTENCY`.
    ///
    /// # Errors
    /// `USAGE` for what is no such level.
    pub fn consistency(&self) -> Result<Request<Consistency>, Diagnostic> {
        self.request(|level| match level.parse::<Consistency>() {
            Ok(level) if self.verb == ShellVerb::SerialConsistency && !level.is_serial() => {
                Err(self.usage(format!("`{level}` is not a serial consistency level.")))
            }
            Ok(level) => Ok(level),
            Err(diagnostic) => Err(diagnostic.with_span(self.arguments_span)),
        })
    }

    /// Reads `ON` or `OFF` of `TRACING` and `EXPAND`.
    ///
    /// # Errors
    /// `USAGE` for anything else.
    pub fn switch(&self) -> Result<Request<bool>, Diagnostic> {
        self.request(|word| match word.to_ascii_uppercase().as_str() {
            "ON" => Ok(true),
            "OFF" => Ok(false),
            _ => Err(self.usage(format!("`{}` takes `ON` or `OFF`.", self.verb.name()))),
        })
    }

    /// Reads `ON`, `OFF` or a number of rows of `PAGING`.
    ///
    /// # Errors
    /// `USAGE` for anything else.
    pub fn paging(&self) -> Result<Request<Paging>, Diagnostic> {
        self.request(|word| match (word.to_ascii_uppercase().as_str(), word.parse::<i32>()) {
            ("ON", _) => Ok(Paging::On),
            ("OFF", _) => Ok(Paging::Off),
            (_, Ok(rows @ 1..)) => Ok(Paging::Rows(rows)),
            _ => Err(self.usage("`PAGING` takes `ON`, `OFF` or a number of rows from 1 on.")),
        })
    }

    /// Reads what `SHOW` is to show.
    ///
    /// # Errors
    /// `USAGE` for anything else.
    pub fn show(&self) -> Result<Show, Diagnostic> {
        show::read(&self.arguments).map_err(|message| {
            self.usage(message).with_hint("`SHOW VERSION` and `SHOW HOST` take nothing more.")
        })
    }

    /// Reads the user of `LOGIN`. `cqlsh` takes a password behind it; a notebook would keep it, so it is refused.
    ///
    /// # Errors
    /// `USAGE`, without the password.
    pub fn login_user(&self) -> Result<String, Diagnostic> {
        let refused = || {
            self.usage("A password is not accepted on this line, because it would be saved in the notebook.")
                .with_hint("Write `LOGIN USER` without a password. It is asked for, hidden.")
                .without_source()
        };
        let tokens: Vec<_> = crate::cql::lexer::lex(&self.arguments)
            .into_iter()
            .filter(|token| !token.kind.is_trivia())
            .map(|token| token.span.of(&self.arguments))
            .collect();
        match tokens[..] {
            [] => Err(self.usage("`LOGIN` takes a user.")),
            [user] => Ok(unquote(user)),
            _ => Err(refused()),
        }
    }

    /// Reads the file of `SOURCE` or `CAPTURE`, quoted or not; `None` where nothing is given.
    pub fn file(&self) -> Option<String> {
        (!self.arguments.is_empty()).then(|| unquote(&self.arguments))
    }

    /// Applies `CONSISTENCY`, `SERIAL CONSISTENCY`, `TRACING`, `PAGING` and `EXPAND` to the settings. False for any other
    /// command, and where the command only shows what is set.
    ///
    /// # Errors
    /// `USAGE` for an argument that does not fit.
    pub fn apply(&self, settings: &mut Settings) -> Result<bool, Diagnostic> {
        fn put<T>(request: Request<T>, place: &mut T) -> bool {
            match request {
                Request::Show => false,
                Request::Set(value) => {
                    *place = value;
                    true
                }
            }
        }
        Ok(match self.verb {
            ShellVerb::Consistency => put(self.consistency()?, &mut settings.consistency),
            ShellVerb::SerialConsistency => put(self.consistency()?, &mut settings.serial_consistency),
            ShellVerb::Tracing => put(self.switch()?, &mut settings.trace),
            ShellVerb::Expand => put(self.switch()?, &mut settings.expand),
            ShellVerb::Paging => match self.paging()? {
                Request::Show => false,
                Request::Set(paging) => {
                    settings.paging = paging != Paging::Off;
                    match paging {
                        Paging::Rows(rows) => settings.page_size = rows,
                        Paging::Off => settings.page_size = Settings::default().page_size,
                        Paging::On => {}
                    }
                    true
                }
            },
            _ => false,
        })
    }

    /// Reads the one argument there may be.
    fn request<T>(&self, read: impl FnOnce(&str) -> Result<T, Diagnostic>) -> Result<Request<T>, Diagnostic> {
        match self.arguments.as_str() {
            "" => Ok(Request::Show),
            word => read(word).map(Request::Set),
        }
    }

    /// A `USAGE` diagnostic with the usage line.
    fn usage(&self, message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(Code::Usage, message)
            .with_hint(format!("Usage: `{}`.", self.verb.usage()))
            .with_span(self.span)
    }
}

/// The text in single or double quotes, doubled ones undone; text without quotes as it is.
fn unquote(text: &str) -> String {
    for quote in ['\'', '"'] {
        if let Some(inner) = text.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote)) {
            return inner.replace(&format!("{quote}{quote}"), &quote.to_string());
        }
    }
    text.to_owned()
}

/// A file's name as the argument of a shell command: as it is where nothing in it means anything in CQL, in single quotes otherwise,
/// with those in it doubled. (A backslash means nothing here, so the quoting of a magic's words would not hold.)
pub fn quoted(text: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '/' | '~' | '-');
    if !text.is_empty() && !text.starts_with('-') && text.chars().all(is_plain) && !text.contains("//") {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "''"))
}

mod show;

pub use show::Show;

#[cfg(test)]
mod tests;
