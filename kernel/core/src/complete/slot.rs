//! What the grammar leaves to the lexer and to lists of names: the slots, and which tokens fill them.

use crate::cql::keywords::{TYPES, is_reserved};
use crate::cql::lexer::{Token, TokenKind};

/// Something that a lexer or a list of names knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Slot {
    /// Nothing; a value for a column follows, which is offered by the column's type.
    Value,
    /// A bind marker with a name.
    Bind,
    /// A constant.
    Literal,
    /// A constant; none is offered.
    PlainLiteral,
    /// A string; none is offered.
    String,
    /// A whole number.
    Integer,
    /// A word that is a value of an option.
    BareWord,
    /// A path in quotes.
    File,
    /// A name that is new.
    NewName,
    /// A column or field that is new.
    NewColumn,
    /// An option that this grammar does not know.
    OtherOption,
    /// A keyspace.
    Keyspace,
    /// A keyspace before a dot.
    KeyspaceOf,
    /// A keyspace that users may change.
    OwnKeyspace,
    /// A keyspace before a function's name; none is offered.
    FunctionKeyspace,
    /// A table or view.
    Table,
    /// A materialized view.
    View,
    /// An index.
    Index,
    /// A user-defined type.
    Udt,
    /// A field of the type that is altered.
    UdtField,
    /// A type of CQL without parameters.
    NativeType,
    /// A function that makes a selected value.
    Function,
    /// A function that makes a value for a column.
    ValueFunction,
    /// A function that masks a column.
    MaskFunction,
    /// A function that a user made.
    UserFunction,
    /// An aggregate that a user made.
    Aggregate,
    /// A trigger.
    Trigger,
    /// A role.
    Role,
    /// A data centre, as a string.
    DataCenter,
    /// A language of functions.
    Language,
    /// Any column.
    Column,
    /// A column that is selected.
    SelectColumn,
    /// A column of a restriction.
    WhereColumn,
    /// A column of the partition key.
    TokenColumn,
    /// A column of the primary key.
    KeyColumn,
    /// A clustering or vector column.
    OrderColumn,
    /// A column outside the primary key.
    RegularColumn,
    /// A column of an insert that is not named yet.
    InsertColumn,
    /// A column that is set.
    SetColumn,
    /// The column that is set, once more.
    SameColumn,
    /// A column of a condition.
    ConditionColumn,
    /// A column that is deleted.
    DeleteColumn,
    /// A column that is dropped.
    DropColumn,
    /// A column that an index is made on.
    IndexColumn,
    /// A column of a view's query.
    ViewColumn,
    /// A column of the table that is being written down.
    OwnColumn,
    /// A column of its primary key.
    OwnClustering,
    /// A field of the column before the dot.
    Field,
    /// A field in a literal of a user-defined type.
    ValueField,
    /// A consistency level.
    Consistency,
    /// A serial consistency level.
    SerialConsistency,
    /// A topic of help.
    Topic,
}

/// The slots by the names that the grammar gives them.
const NAMES: &[(&str, Slot)] = &[
    ("value", Slot::Value),
    ("bind", Slot::Bind),
    ("literal", Slot::Literal),
    ("plain_literal", Slot::PlainLiteral),
    ("string", Slot::String),
    ("integer", Slot::Integer),
    ("bare_word", Slot::BareWord),
    ("file", Slot::File),
    ("new_name", Slot::NewName),
    ("new_column", Slot::NewColumn),
    ("other_option", Slot::OtherOption),
    ("keyspace", Slot::Keyspace),
    ("keyspace_of", Slot::KeyspaceOf),
    ("own_keyspace", Slot::OwnKeyspace),
    ("function_keyspace", Slot::FunctionKeyspace),
    ("table", Slot::Table),
    ("view", Slot::View),
    ("index", Slot::Index),
    ("udt", Slot::Udt),
    ("udt_field", Slot::UdtField),
    ("native_type", Slot::NativeType),
    ("function", Slot::Function),
    ("value_function", Slot::ValueFunction),
    ("mask_function", Slot::MaskFunction),
    ("user_function", Slot::UserFunction),
    ("aggregate", Slot::Aggregate),
    ("trigger", Slot::Trigger),
    ("role", Slot::Role),
    ("data_center", Slot::DataCenter),
    ("language", Slot::Language),
    ("column", Slot::Column),
    ("select_column", Slot::SelectColumn),
    ("where_column", Slot::WhereColumn),
    ("token_column", Slot::TokenColumn),
    ("key_column", Slot::KeyColumn),
    ("order_column", Slot::OrderColumn),
    ("regular_column", Slot::RegularColumn),
    ("insert_column", Slot::InsertColumn),
    ("set_column", Slot::SetColumn),
    ("same_column", Slot::SameColumn),
    ("condition_column", Slot::ConditionColumn),
    ("delete_column", Slot::DeleteColumn),
    ("drop_column", Slot::DropColumn),
    ("index_column", Slot::IndexColumn),
    ("view_column", Slot::ViewColumn),
    ("own_column", Slot::OwnColumn),
    ("own_clustering", Slot::OwnClustering),
    ("field", Slot::Field),
    ("value_field", Slot::ValueField),
    ("consistency", Slot::Consistency),
    ("serial_consistency", Slot::SerialConsistency),
    ("topic", Slot::Topic),
];

impl Slot {
    /// The slot of that name.
    pub(super) fn named(name: &str) -> Option<Self> {
        NAMES.iter().find(|(known, _)| *known == name).map(|(_, slot)| *slot)
    }

    /// How many tokens at the front of `tokens` fill it, if they do.
    pub(super) fn filled_by(self, text: &str, tokens: &[Token]) -> Option<usize> {
        let first = tokens.first()?;
        let word = first.span.of(text);
        let filled = match self {
            Self::Value => return Some(0),
            Self::Bind => {
                let name = tokens.get(1).filter(|name| name.span.start == first.span.end)?;
                let named = matches!(name.kind, TokenKind::Word | TokenKind::QuotedName);
                return (word == ":" && named).then_some(2);
            }
            Self::Literal | Self::PlainLiteral => is_literal(first.kind),
            Self::String | Self::DataCenter | Self::File => first.kind == TokenKind::String,
            Self::Integer => first.kind == TokenKind::Number,
            Self::BareWord | Self::Topic | Self::Consistency | Self::SerialConsistency => {
                first.kind == TokenKind::Word
            }
            Self::NativeType => {
                first.kind == TokenKind::Word && TYPES.iter().any(|name| name.eq_ignore_ascii_case(word))
            }
            // What the grammar knows by name is read by its own rule only: it may want more than any map.
            Self::OtherOption => is_name(first.kind, word) && !is_map(word),
            Self::SelectColumn if is_modifier(word) => {
                is_name(first.kind, word) && names_a_column(text, tokens)
            }
            _ => is_name(first.kind, word),
        };
        filled.then_some(1)
    }
}

fn is_literal(kind: TokenKind) -> bool {
    use TokenKind::{Blob, Duration, Number, String, Uuid};
    matches!(kind, String | Number | Duration | Blob | Uuid)
}

/// Whether a token may be a name.
pub(super) fn is_name(kind: TokenKind, word: &str) -> bool {
    kind == TokenKind::QuotedName || (kind == TokenKind::Word && !is_reserved(word))
}

/// Whether it is an option whose value is a map with entries of its own.
fn is_map(option: &str) -> bool {
    ["replication", "compaction", "compression", "caching"].iter().any(|map| map.eq_ignore_ascii_case(option))
}

/// The words behind `SELECT` that are no column's name, most likely.
fn is_modifier(word: &str) -> bool {
    word.eq_ignore_ascii_case("JSON") || word.eq_ignore_ascii_case("DISTINCT")
}

/// Whether what follows shows that the first token is a column after all.
fn names_a_column(text: &str, tokens: &[Token]) -> bool {
    let next = tokens.get(1).map_or("", |token| token.span.of(text));
    matches!(next, "," | ".") || next.eq_ignore_ascii_case("FROM") || next.eq_ignore_ascii_case("AS")
}
