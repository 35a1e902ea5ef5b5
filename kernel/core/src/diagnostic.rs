//! What a user is told of a failure: a stable code, what happened, why probably, what to do next.
//!
//! Libraries return typed errors; the application maps each of them once to a [`Diagnostic`], and
//! `render` draws it once. No secret may be put into one.

use std::fmt;

use crate::text::Span;

macro_rules! codes {
    ($($variant:ident = $name:literal, $doc:literal;)*) => {
        /// The stable name of a kind of failure: the `ename` of the Jupyter error, documented in `docs/errors.md`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Code {
            $(#[doc = $doc] $variant,)*
        }

        impl Code {
            /// Every code, in the order of `docs/errors.md`.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The code as users see it, e.g. `AUTH_FAILED`.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }
    };
}

codes! {
    FieldsRequired = "FIELDS_REQUIRED", "A field that a connection needs is missing.";
    BundleNotFound = "BUNDLE_NOT_FOUND", "No file at the bundle's path.";
    BundleExtracted = "BUNDLE_EXTRACTED", "The path is a folder or a member of an unpacked bundle.";
    BundleNotZip = "BUNDLE_NOT_ZIP", "The file is not a whole zip archive.";
    BundleIncomplete = "BUNDLE_INCOMPLETE", "A member of the bundle is missing or does not parse.";
    BundleUnsafe = "BUNDLE_UNSAFE", "The archive has members that no bundle has.";
    BundleExpired = "BUNDLE_EXPIRED", "The bundle's certificate is not valid now.";
    NetworkUnreachable = "NETWORK_UNREACHABLE", "A host could not be reached.";
    TlsUntrusted = "TLS_UNTRUSTED", "The server did not prove that it is the one the bundle names.";
    DatabasePaused = "DATABASE_PAUSED", "The database sleeps or is waking.";
    MetadataRefused = "METADATA_REFUSED", "The metadata service refused the bundle.";
    MetadataInvalid = "METADATA_INVALID", "The metadata service's answer is not one.";
    AuthFailed = "AUTH_FAILED", "The server refused the credentials.";
    AuthTokenShape = "AUTH_TOKEN_SHAPE", "User and secret are of different kinds of credentials.";
    PermissionDenied = "PERMISSION_DENIED", "The role may not do this.";
    AstraKeyspaceDdl = "ASTRA_KEYSPACE_DDL", "Keyspaces are not made by CQL on Astra.";
    AstraUnsupported = "ASTRA_UNSUPPORTED", "Astra has no such feature.";
    ConsistencyRefused = "CONSISTENCY_REFUSED", "The service does not allow this consistency level.";
    RateLimited = "RATE_LIMITED", "The server is overloaded or limits the rate.";
    Unavailable = "UNAVAILABLE", "Too few replicas are alive.";
    ReadTimeout = "READ_TIMEOUT", "Replicas did not answer a read in time.";
    WriteTimeout = "WRITE_TIMEOUT", "Replicas did not acknowledge a write in time.";
    ReadFailure = "READ_FAILURE", "Replicas failed a read.";
    WriteFailure = "WRITE_FAILURE", "Replicas failed a write.";
    SyntaxError = "SYNTAX_ERROR", "The server could not parse a statement.";
    InvalidQuery = "INVALID_QUERY", "The statement does not fit the schema or the rules.";
    AlreadyExists = "ALREADY_EXISTS", "The keyspace, table or other object exists.";
    ConfigError = "CONFIG_ERROR", "The server refused a configuration.";
    FunctionFailure = "FUNCTION_FAILURE", "A user-defined function failed.";
    TruncateError = "TRUNCATE_ERROR", "A TRUNCATE failed.";
    SchemaChanged = "SCHEMA_CHANGED", "The columns of a result changed while its rows were read.";
    ServerError = "SERVER_ERROR", "The server failed.";
    Unterminated = "UNTERMINATED", "A quote, comment or batch is not closed.";
    ConnectionLost = "CONNECTION_LOST", "All connections are gone.";
    NotConnected = "NOT_CONNECTED", "There is no connection yet.";
    KeychainUnavailable = "KEYCHAIN_UNAVAILABLE", "There is no keychain, or it is locked.";
    SecretUnreadable = "SECRET_UNREADABLE", "A stored secret cannot be opened.";
    SaveFailed = "SAVE_FAILED", "A connection could not be saved.";
    ConfirmationRequired = "CONFIRMATION_REQUIRED", "A destructive statement was not confirmed.";
    ReadOnly = "READ_ONLY", "The connection only reads.";
    UnknownMagic = "UNKNOWN_MAGIC", "There is no such magic.";
    Usage = "USAGE", "A magic or command line does not parse.";
    FileExists = "FILE_EXISTS", "The file is there already.";
    ExportFailed = "EXPORT_FAILED", "An export failed.";
    ImportFailed = "IMPORT_FAILED", "An import failed.";
    TraceUnavailable = "TRACE_UNAVAILABLE", "The server gave no trace.";
    TraceIncomplete = "TRACE_INCOMPLETE", "A trace did not end in time.";
    Timeout = "TIMEOUT", "No answer came within the `timeout` setting.";
    Unsupported = "UNSUPPORTED", "This release cannot do that yet.";
    EngineUnavailable = "ENGINE_UNAVAILABLE", "The program that computes local SQL is missing, or is another build's.";
    InternalError = "INTERNAL_ERROR", "A defect of cqlbook.";
    Interrupted = "INTERRUPTED", "The user stopped it.";
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A failure as a user is told it.
///
/// Each text is plain prose of whole sentences. None may hold a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// The kind of failure.
    pub code: Code,
    /// What happened, in one line.
    pub message: String,
    /// Why it probably happened.
    pub cause: Option<String>,
    /// What can be typed or clicked next; the first is the best.
    pub hints: Vec<String>,
    /// Where in the cell.
    pub span: Option<Span>,
    /// Which statement of the cell, as (n, m) of "statement n of m".
    pub statement: Option<(usize, usize)>,
    /// The server's own words, shown last.
    pub server_text: Option<String>,
    /// The source line holds a secret and must not be shown again.
    pub hide_source: bool,
    /// The text that `span` points into, where it is not the cell's.
    pub origin: Option<Box<Origin>>,
}

/// A part of a file that a failure's place is in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// What the user called the file.
    pub name: String,
    /// The part of its text that the diagnostic's span points into.
    pub text: String,
    /// Lines of the file before `text`.
    pub lines_before: usize,
    /// Characters of `text`'s first line that come before it.
    pub columns_before: usize,
    /// The files that ran this one, the nearest first, each with the line where it did.
    pub run_by: Vec<(String, usize)>,
}

impl Diagnostic {
    /// A failure with its first line; the rest is added with the `with_…` methods.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            cause: None,
            hints: Vec::new(),
            span: None,
            statement: None,
            server_text: None,
            hide_source: false,
            origin: None,
        }
    }

    /// Says why it probably happened.
    #[must_use]
    pub fn with_cause(mut self, cause: impl Into<String>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// Adds a next step.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Says where in the cell it happened.
    #[must_use]
    pub fn with_span(mut self, span: Span) -> Self {
        self.span = Some(span);
        self
    }

    /// Says where in the cell the text stands that it is about: its own place is moved there, and without one it is the whole text's.
    #[must_use]
    pub fn placed_in(mut self, text: Span) -> Self {
        self.span = Some(self.span.map_or(text, |span| span.shifted(text.start)));
        self
    }

    /// Says which file's text the span points into.
    #[must_use]
    pub fn with_origin(mut self, origin: Origin) -> Self {
        self.origin = Some(Box::new(origin));
        self
    }

    /// Keeps the source line out of what is shown: it holds a secret.
    #[must_use]
    pub fn without_source(mut self) -> Self {
        self.hide_source = true;
        self
    }

    /// Keeps the server's own words.
    #[must_use]
    pub fn with_server_text(mut self, text: impl Into<String>) -> Self {
        self.server_text = Some(text.into());
        self
    }
}
