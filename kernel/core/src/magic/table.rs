//! The magics: names, forms, options. Contract: `notebook-language.md`.
//!
//! `implemented: false` makes a form answer that it is not in this release; its line is read and checked all the same.

use super::parts::{
    ASTRA, ASTRA_TO_SAVE, BUNDLE, CA_CERT, CASSANDRA, CASSANDRA_TO_SAVE, CERT, CLIENT_ID, DC, EXPORT_OPTIONS,
    FILE, FORCE, HOST, IMPORT_OPTIONS, KEY, KEYSPACE, NAME, NEW_SECRET, ONE_KEYSPACE, PLAIN, PORT, READ_ONLY,
    RESULT, SNAPSHOT, SNAPSHOTS, TOKEN_FILE, TRACE_ID, USER, VAULT, flag, optional, required, value,
};
use super::{Form, Magic, MagicKind, Meaning, Opt, Positional};

/// Every magic, in the order of help.
pub static MAGICS: &[Magic] = &[
    Magic {
        name: "connect",
        kind: MagicKind::Line,
        summary: "Connects to a database.",
        forms: &[
            Form {
                words: &["astra"],
                summary: "Connects to Astra DB. What is not given comes from the environment, then from prompts.",
                options: ASTRA,
                ..PLAIN
            },
            Form {
                words: &["cassandra"],
                summary: "Connects to a self-hosted cluster.",
                options: CASSANDRA,
                ..PLAIN
            },
            Form {
                summary: "Opens a saved connection.",
                positionals: &[required("NAME", Meaning::Connection)],
                ..PLAIN
            },
        ],
    },
    Magic {
        name: "connections",
        kind: MagicKind::Line,
        summary: "Lists the saved connections.",
        forms: &[Form { summary: "Lists the saved connections. Never a secret.", ..PLAIN }],
    },
    Magic {
        name: "connection",
        kind: MagicKind::Line,
        summary: "Saves, tests, edits, shows, renames or deletes a connection.",
        forms: &[
            Form {
                words: &["test"],
                summary: "Tests a saved connection, stage by stage. The notebook's own stays as it is.",
                positionals: &[required("NAME", Meaning::Connection)],
                ..PLAIN
            },
            Form {
                words: &["test", "astra"],
                summary: "Tests a connection to Astra DB without saving it.",
                options: ASTRA,
                ..PLAIN
            },
            Form {
                words: &["test", "cassandra"],
                summary: "Tests a connection to a self-hosted cluster without saving it.",
                options: CASSANDRA,
                ..PLAIN
            },
            Form {
                words: &["add", "astra"],
                summary: "Tests a connection to Astra DB and saves it. The notebook's own stays as it is.",
                options: ASTRA_TO_SAVE,
                ..PLAIN
            },
            Form {
                words: &["add", "cassandra"],
                summary: "Tests a connection to a self-hosted cluster and saves it.",
                options: CASSANDRA_TO_SAVE,
                ..PLAIN
            },
            Form {
                words: &["list"],
                summary: "Lists the saved connections, as `%connections` does.",
                ..PLAIN
            },
            Form {
                words: &["edit"],
                summary: "Changes a saved connection. It is saved only after a test passed.",
                positionals: &[required("NAME", Meaning::Connection)],
                options: &[
                    NAME, BUNDLE, CLIENT_ID, NEW_SECRET, TOKEN_FILE, HOST, PORT, USER, DC, CA_CERT, CERT,
                    KEY, KEYSPACE, READ_ONLY, VAULT,
                ],
                ..PLAIN
            },
            Form {
                words: &["show"],
                summary: "Shows what is saved. Never a secret.",
                positionals: &[required("NAME", Meaning::Connection)],
                ..PLAIN
            },
            Form {
                words: &["rename"],
                summary: "Gives a saved connection another name.",
                positionals: &[required("OLD", Meaning::Connection), required("NEW", Meaning::Text)],
                ..PLAIN
            },
            Form {
                words: &["delete"],
                summary: "Deletes a saved connection, and its secrets from the keychain.",
                positionals: &[required("NAME", Meaning::Connection)],
                ..PLAIN
            },
            Form {
                words: &["rotate-keys"],
                summary: "Makes a new key pair and seals every saved secret anew.",
                ..PLAIN
            },
        ],
    },
    Magic {
        name: "disconnect",
        kind: MagicKind::Line,
        summary: "Closes the connection.",
        forms: &[Form { summary: "Closes the connection.", ..PLAIN }],
    },
    Magic {
        name: "set",
        kind: MagicKind::Line,
        summary: "Lists the settings, or sets one for the notebook.",
        forms: &[Form {
            summary: "Lists the settings, shows one, or sets one.",
            positionals: &[optional("NAME", Meaning::SettingName), optional("VALUE", Meaning::Text)],
            ..PLAIN
        }],
    },
    Magic {
        name: "param",
        kind: MagicKind::Line,
        summary: "Sets the value of a bind variable.",
        forms: &[Form {
            summary: "`%param day = '2013-01-01'` gives `:day` a value, written as a CQL literal. Alone it lists them.",
            positionals: &[optional("NAME = LITERAL", Meaning::Text)],
            raw: true,
            ..PLAIN
        }],
    },
    Magic {
        name: "cql",
        kind: MagicKind::Cell,
        summary: "Runs the cell with settings of its own.",
        forms: &[Form {
            summary: "Runs the cell with settings of its own.",
            options: &[
                value(
                    "consistency",
                    "LEVEL",
                    Meaning::Setting("consistency"),
                    "How many replicas must answer.",
                ),
                value(
                    "serial-consistency",
                    "LEVEL",
                    Meaning::Setting("serial_consistency"),
                    "Consistency of the condition of a conditional write.",
                ),
                KEYSPACE,
                value(
                    "page-size",
                    "ROWS",
                    Meaning::Setting("page_size"),
                    "Rows asked of the server at a time.",
                ),
                value(
                    "timeout",
                    "DURATION",
                    Meaning::Setting("timeout"),
                    "For one page or statement, e.g. `30s`.",
                ),
                value(
                    "fetch-rows",
                    "ROWS",
                    Meaning::Setting("fetch_rows"),
                    "Rows a `SELECT` brings at most.",
                ),
                value("display-rows", "ROWS", Meaning::Setting("display_rows"), "Rows drawn."),
                value("timezone", "ZONE", Meaning::Setting("timezone"), "For showing timestamps."),
                flag("trace", "Traces each statement."),
                value(
                    "repeat",
                    "N",
                    Meaning::Count,
                    "With `--trace`: runs a read so many times, and shows how its durations spread.",
                ),
                flag("read-only", "Only reads are sent."),
                value("into", "NAME", Meaning::Result, "Keeps the result under this name."),
                flag("all", "Brings all rows: `fetch_rows` does not count."),
                flag("yes", "Asks nothing before `DROP`, `TRUNCATE` and a `DELETE` of a whole partition."),
            ],
            ..PLAIN
        }],
    },
    Magic {
        name: "show",
        kind: MagicKind::Line,
        summary: "Draws a kept result again.",
        forms: &[Form {
            summary: "Draws a kept result again; `_` is the last one.",
            positionals: &[RESULT],
            options: &[
                value("rows", "N", Meaning::Count, "Rows drawn."),
                value("offset", "N", Meaning::Count, "Rows left out before the first."),
                value("columns", "a,b", Meaning::List, "The columns drawn, in this order."),
                value("sort", "col[:desc]", Meaning::Column, "Sorts the fetched rows by a column."),
                flag("vertical", "Draws one column a line."),
            ],
            ..PLAIN
        }],
    },
    Magic {
        name: "more",
        kind: MagicKind::Line,
        summary: "Draws the next rows of a result.",
        forms: &[Form {
            summary: "Draws the next rows of a result, or of the one drawn last, fetching if need be.",
            positionals: &[optional("NAME", Meaning::Result)],
            ..PLAIN
        }],
    },
    Magic {
        name: "results",
        kind: MagicKind::Line,
        summary: "Lists the kept results.",
        forms: &[Form { summary: "Lists the kept results with rows, columns and memory.", ..PLAIN }],
    },
    Magic {
        name: "forget",
        kind: MagicKind::Line,
        summary: "Frees a kept result.",
        forms: &[Form { summary: "Frees a kept result.", positionals: &[RESULT], ..PLAIN }],
    },
    Magic {
        name: "sql",
        kind: MagicKind::Cell,
        summary: "SQL over kept results, on this machine.",
        forms: &[Form {
            summary: "SQL over kept results, on this machine: joins, groups, windows.",
            options: &[value("into", "NAME", Meaning::Result, "Keeps the result under this name.")],
            ..PLAIN
        }],
    },
    Magic {
        name: "plot",
        kind: MagicKind::Line,
        summary: "Draws a chart of a kept result.",
        forms: &[Form {
            summary: "Draws a chart of a kept result.",
            positionals: &[RESULT],
            options: &[
                Opt { required: true, ..value("x", "COL", Meaning::Column, "The horizontal axis.") },
                value(
                    "y",
                    "COL",
                    Meaning::Column,
                    "The vertical axis: a column, or what its values come to, such as `mean(COL)` or `count`.",
                ),
                value("color", "COL", Meaning::Column, "One colour for each of its values."),
                value(
                    "kind",
                    "bar|line|area|point|histogram|heatmap|box",
                    Meaning::OneOf(&["bar", "line", "area", "point", "histogram", "heatmap", "box"]),
                    "The kind of chart.",
                ),
                value("title", "T", Meaning::Text, "The chart's title."),
            ],
            ..PLAIN
        }],
    },
    Magic {
        name: "profile",
        kind: MagicKind::Line,
        summary: "Describes each column of a kept result.",
        forms: &[Form {
            summary: "Per column: type, nulls, distinct values, least, greatest, quantiles, a histogram.",
            positionals: &[RESULT],
            ..PLAIN
        }],
    },
    Magic {
        name: "export",
        kind: MagicKind::Line,
        summary: "Writes a kept result to a file.",
        forms: &[Form {
            summary: "Writes the fetched rows of a kept result to a file.",
            positionals: &[RESULT, FILE],
            options: EXPORT_OPTIONS,
            ..PLAIN
        }],
    },
    Magic {
        name: "export",
        kind: MagicKind::Cell,
        summary: "Streams all rows of a `SELECT` to a file.",
        forms: &[Form {
            summary: "Streams all rows of the `SELECT` below to a file, whatever their number.",
            positionals: &[FILE],
            options: EXPORT_OPTIONS,
            ..PLAIN
        }],
    },
    Magic {
        name: "import",
        kind: MagicKind::Line,
        summary: "Loads a file into a table.",
        forms: &[Form {
            summary: "Loads a file into a table. Rows that cannot be loaded go to `FILE.rejected`.",
            positionals: &[
                FILE,
                required("INTO", Meaning::OneOf(&["INTO"])),
                required("KS.TABLE", Meaning::Table),
                Positional {
                    name: "(COLUMNS)",
                    required: false,
                    repeated: true,
                    what: Meaning::TableColumns,
                },
            ],
            options: IMPORT_OPTIONS,
            ..PLAIN
        }],
    },
    Magic {
        name: "trace",
        kind: MagicKind::Line,
        summary: "Traces statements, and shows, compares and writes their traces.",
        forms: &[
            Form { words: &["on"], summary: "Traces every statement.", ..PLAIN },
            Form { words: &["off"], summary: "Ends that.", ..PLAIN },
            Form { words: &["list"], summary: "Lists the traces.", ..PLAIN },
            Form {
                words: &["show"],
                summary: "Shows a trace, the last one if none is named; also one of somebody else, by its whole id.",
                positionals: &[optional("ID", Meaning::Trace)],
                ..PLAIN
            },
            Form {
                words: &["compare"],
                summary: "Lines up the same steps of two traces; `_` is the last one, `__` the one before it.",
                positionals: &[TRACE_ID, TRACE_ID],
                ..PLAIN
            },
            Form {
                words: &["export"],
                summary: "Writes a trace for Perfetto (`.json`), OpenTelemetry (`.otlp.json`) or as a table (`.csv`).",
                positionals: &[TRACE_ID, FILE],
                options: &[FORCE],
                ..PLAIN
            },
        ],
    },
    Magic {
        name: "schema",
        kind: MagicKind::Line,
        summary: "Shows the schema as a tree.",
        forms: &[Form {
            summary: "Shows the schema, a keyspace, or a table with the queries that its key allows.",
            positionals: &[optional("KS[.TABLE]", Meaning::Table), optional("N", Meaning::Count)],
            options: &[flag("peek", "Shows rows of the table too: `N` of them, 5 if no number is given.")],
            ..PLAIN
        }],
    },
    Magic {
        name: "snapshot",
        kind: MagicKind::Line,
        summary: "Saves the schema, and compares saved ones.",
        forms: &[
            Form {
                words: &["save"],
                summary: "Saves the schema as it is now.",
                positionals: &[optional("NAME", Meaning::Text)],
                options: &[ONE_KEYSPACE, flag("force", "Replaces a snapshot of this name.")],
                ..PLAIN
            },
            Form { words: &["list"], summary: "Lists the snapshots.", ..PLAIN },
            Form { words: &["show"], summary: "Shows a snapshot.", positionals: &[SNAPSHOT], ..PLAIN },
            Form { words: &["delete"], summary: "Deletes a snapshot.", positionals: &[SNAPSHOT], ..PLAIN },
            Form {
                words: &["diff"],
                summary: "Shows what changed from one snapshot to another or to the live schema.",
                positionals: SNAPSHOTS,
                options: &[ONE_KEYSPACE],
                ..PLAIN
            },
            Form {
                words: &["script"],
                summary: "Writes the CQL that turns one into the other.",
                positionals: SNAPSHOTS,
                options: &[
                    ONE_KEYSPACE,
                    flag("allow-lossy", "Includes the statements by which something is lost."),
                ],
                ..PLAIN
            },
        ],
    },
    Magic {
        name: "help",
        kind: MagicKind::Line,
        summary: "Shows help on a topic.",
        forms: &[Form {
            summary: "Shows help on a magic, a setting, a shell command, a statement or an error's code; alone, an overview.",
            positionals: &[optional("TOPIC", Meaning::Topic)],
            raw: true,
            ..PLAIN
        }],
    },
    Magic {
        name: "echo",
        kind: MagicKind::Line,
        summary: "Prints the rest of its line.",
        forms: &[Form {
            summary: "Prints the rest of its line to standard output, as it is written.",
            positionals: &[optional("TEXT", Meaning::Text)],
            raw: true,
            ..PLAIN
        }],
    },
    Magic {
        name: "warn",
        kind: MagicKind::Line,
        summary: "Prints the rest of its line as a warning.",
        forms: &[Form {
            summary: "Prints the rest of its line to standard error, as it is written.",
            positionals: &[optional("TEXT", Meaning::Text)],
            raw: true,
            ..PLAIN
        }],
    },
    Magic {
        name: "lsmagic",
        kind: MagicKind::Line,
        summary: "Lists the magics.",
        forms: &[Form { summary: "Lists the magics.", ..PLAIN }],
    },
];
