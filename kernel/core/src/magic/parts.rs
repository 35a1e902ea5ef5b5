//! What the table of magics is written with: forms, options and positionals that come more than once.

use super::{Form, Meaning, Opt, Positional};
use crate::file_format;

pub(super) const fn required(name: &'static str, what: Meaning) -> Positional {
    Positional { name, required: true, repeated: false, what }
}

pub(super) const fn optional(name: &'static str, what: Meaning) -> Positional {
    Positional { name, required: false, repeated: false, what }
}

pub(super) const fn value(name: &'static str, value: &'static str, what: Meaning, help: &'static str) -> Opt {
    Opt { name, value: Some(value), help, required: false, what }
}

pub(super) const fn flag(name: &'static str, help: &'static str) -> Opt {
    Opt { name, value: None, help, required: false, what: Meaning::Text }
}

/// A form with words and positionals and nothing else; `..PLAIN` fills in the rest of the others.
pub(super) const PLAIN: Form =
    Form { words: &[], summary: "", positionals: &[], options: &[], raw: false, implemented: true };

pub(super) const NAME: Opt = value("name", "N", Meaning::Text, "Saves the connection under this name.");
pub(super) const BUNDLE: Opt =
    value("bundle", "ZIP", Meaning::File, "The Secure Connect Bundle, as it was downloaded.");
pub(super) const CLIENT_ID: Opt =
    value("client-id", "ID", Meaning::Text, "The Client ID; `token` with an application token.");
pub(super) const TOKEN_FILE: Opt = value(
    "token-file",
    "JSON",
    Meaning::File,
    "The token file of the Astra console, with Client ID and secret.",
);
pub(super) const HOST: Opt = value("host", "H[,H…]", Meaning::List, "Hosts to start with.");
pub(super) const PORT: Opt =
    value("port", "PORT", Meaning::Count, "The port of the native protocol, 9042 if not given.");
pub(super) const USER: Opt = value("user", "U", Meaning::Text, "The user. The password is asked for.");
pub(super) const DC: Opt = value("dc", "DC", Meaning::Text, "The data centre to prefer.");
pub(super) const CA_CERT: Opt =
    value("ca-cert", "F", Meaning::File, "PEM file of the CA that the server's certificate ends at.");
pub(super) const CERT: Opt = value("cert", "F", Meaning::File, "PEM file of this client's certificate.");
pub(super) const KEY: Opt = value("key", "F", Meaning::File, "PEM file of this client's key.");
pub(super) const KEYSPACE: Opt =
    value("keyspace", "KS", Meaning::Keyspace, "The keyspace for unqualified names.");
pub(super) const READ_ONLY: Opt = flag("read-only", "Only reads are sent.");
pub(super) const NO_SAVE: Opt = flag("no-save", "Connects without saving; the name may be left out then.");
pub(super) const VAULT: Opt = flag(
    "vault",
    "Where there is no keychain, asks for a passphrase and keeps the secrets in a file sealed under it.",
);
pub(super) const NEW_SECRET: Opt = Opt {
    name: "client-secret",
    value: None,
    help: "Asks for a new Client Secret, hidden. It takes no value.",
    required: false,
    what: Meaning::Secret,
};

pub(super) const ASTRA: &[Opt] = &[NAME, BUNDLE, CLIENT_ID, TOKEN_FILE, KEYSPACE, READ_ONLY, NO_SAVE, VAULT];
pub(super) const ASTRA_TO_SAVE: &[Opt] = &[NAME, BUNDLE, CLIENT_ID, TOKEN_FILE, KEYSPACE, READ_ONLY, VAULT];
pub(super) const CASSANDRA: &[Opt] =
    &[NAME, HOST, PORT, USER, DC, CA_CERT, CERT, KEY, KEYSPACE, READ_ONLY, NO_SAVE, VAULT];

pub(super) const CASSANDRA_TO_SAVE: &[Opt] =
    &[NAME, HOST, PORT, USER, DC, CA_CERT, CERT, KEY, KEYSPACE, READ_ONLY, VAULT];

pub(super) const FORCE: Opt = flag("force", "Replaces a file that exists.");
pub(super) const EXPORT_OPTIONS: &[Opt] = &[
    value(
        "format",
        "F",
        Meaning::OneOf(file_format::WRITTEN),
        "The format; otherwise the file's ending tells.",
    ),
    FORCE,
    value("null", "TEXT", Meaning::Text, "What stands for null in a CSV file; an empty field if not given."),
    value(
        "table",
        "KS.TABLE",
        Meaning::Table,
        "The table that INSERTs write to, if not the one that was read.",
    ),
];
pub(super) const IMPORT_OPTIONS: &[Opt] = &[
    value(
        "format",
        "F",
        Meaning::OneOf(file_format::LOADED),
        "The format; otherwise the file's ending tells.",
    ),
    value("null", "TEXT", Meaning::Text, "The text that stands for null, beside the empty field."),
    flag("write-nulls", "Nulls are written, and so delete what is there; otherwise they are left out."),
    value(
        "delimiter",
        "C",
        Meaning::Text,
        "The character between fields of a csv file; a comma if not given.",
    ),
    flag(
        "no-header",
        "The first line of a csv file names no columns: fields stand in the order of the columns.",
    ),
    value(
        "escape",
        "C",
        Meaning::Text,
        "The character before a quote that is meant as it stands, such as a backslash.",
    ),
    value(
        "encoding",
        "E",
        Meaning::Text,
        "The letters of a text file: utf-8 if not given, latin1, windows-1252, utf-16.",
    ),
    value(
        "date-format",
        "F",
        Meaning::Text,
        "How dates are written, as in `%d.%m.%Y`; or `days` and other units since 1970.",
    ),
    value(
        "timestamp-format",
        "F",
        Meaning::Text,
        "How timestamps are written, as in `%d.%m.%Y %H:%M`; or `s`, `ms`, `us`, `ns` since 1970.",
    ),
    value(
        "blobs",
        "B",
        Meaning::OneOf(&["hex", "base64"]),
        "What a blob without `0x` is; base64 where it cannot be hexadecimal if not given.",
    ),
    flag("resume", "Goes on where an import of this file was stopped."),
];
pub(super) const RESULT: Positional = required("NAME", Meaning::Result);
pub(super) const FILE: Positional = required("FILE", Meaning::File);
pub(super) const SNAPSHOT: Positional = required("NAME", Meaning::Snapshot);
pub(super) const TRACE_ID: Positional = required("ID", Meaning::Trace);
pub(super) const ONE_KEYSPACE: Opt = value("keyspace", "KS", Meaning::Keyspace, "Only this keyspace.");
pub(super) const SNAPSHOTS: &[Positional] =
    &[required("A", Meaning::Snapshot), optional("B|live", Meaning::Snapshot)];
