//! What is offered where something is expected: names of the schema, functions, keywords, marks.

use std::collections::HashSet;

use super::context::Context;
use super::grammar::Offer;
use super::names::KnownColumn;
use super::slot::Slot;
use super::walk::Expected;
use super::{Finder, Item, ItemKind, starts_with};
use crate::cql::functions::{self, FUNCTIONS, Function, Place};
use crate::cql::keywords::{PARAMETRIC, TYPES, quote_name, quote_type_name};
use crate::settings;
use crate::shell::ShellVerb;

/// Where candidates of a kind stand in the list: what is likeliest comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Column,
    Star,
    Value,
    Name,
    Comparison,
    Keyspace,
    Keyword,
    Function,
    Type,
    Mark,
}

/// What is offered, in the order it was found, each with its rank.
pub(super) struct Offers<'a, 'b> {
    context: &'a Context<'b>,
    typed: &'a str,
    lower: bool,
    /// Whether the mark that closes what is typed stands behind the cursor already.
    closed: bool,
    shell: bool,
    /// Whether a type may stand here, and whether a value may.
    type_here: bool,
    value_here: bool,
    items: Vec<(Rank, Item)>,
}

impl Finder<'_> {
    /// Adds what is offered where this is expected.
    pub(super) fn offer(
        &mut self,
        expected: &[Expected],
        context: &Context<'_>,
        typed: &str,
        lower: bool,
        closed: bool,
    ) {
        let shell = ShellVerb::find(context.first()).is_some() || context.starts_with("SERIAL");
        let wants = |slot| expected.contains(&Expected::Slot(slot));
        let type_here = wants(Slot::NativeType);
        let value_here = wants(Slot::Value) || wants(Slot::Integer) || wants(Slot::Literal);
        let mut offers =
            Offers { context, typed, lower, closed, shell, type_here, value_here, items: Vec::new() };
        let for_column = if wants(Slot::Value) { context.target() } else { None };
        for one in expected {
            match one {
                Expected::Words(words, how) => offers.words(words, *how, for_column.is_some()),
                Expected::Mark(mark) => offers.mark(mark),
                Expected::Slot(Slot::Topic) => self.topics(typed),
                Expected::Slot(Slot::File) => {
                    if let Some(inner) = typed.strip_prefix('\'') {
                        self.start += 1;
                        self.path = Some(inner.to_owned());
                        return;
                    }
                }
                Expected::Slot(slot) => offers.slot(*slot, for_column.as_ref()),
            }
        }
        let mut items = offers.items;
        items.sort_by_key(|(rank, _)| *rank);
        let mut known: HashSet<String> = self.items.iter().map(|item| item.text.clone()).collect();
        self.items
            .extend(items.into_iter().map(|(_, item)| item).filter(|item| known.insert(item.text.clone())));
    }
}

impl Offers<'_, '_> {
    fn push(&mut self, rank: Rank, text: String, kind: ItemKind, detail: &str) {
        if starts_with(&text, self.typed) {
            self.items.push((rank, Item { text, kind, detail: detail.to_owned() }));
        }
    }

    /// A name of the schema, quoted where it must be or where a quote was typed.
    fn name(&mut self, rank: Rank, name: &str, kind: ItemKind, detail: &str) {
        let (typed, text) = match self.typed.strip_prefix('"') {
            Some(inner) => {
                let closing = if self.closed { "" } else { "\"" };
                (inner, format!("\"{}{closing}", name.replace('"', "\"\"")))
            }
            None if kind == ItemKind::Udt => (self.typed, quote_type_name(name)),
            None => (self.typed, quote_name(name)),
        };
        if starts_with(name, typed) {
            self.items.push((rank, Item { text, kind, detail: detail.to_owned() }));
        }
    }

    fn words(&mut self, words: &str, how: Offer, for_column: bool) {
        match how {
            Offer::No => {}
            Offer::Call if for_column => {}
            Offer::Call => {
                if let Some(function) = functions::find(words) {
                    self.function(function);
                }
            }
            Offer::Literal => self.literal(words),
            Offer::Keyword if matches!(words, "NULL" | "TRUE" | "FALSE") => self.constant(words, for_column),
            Offer::Keyword => {
                if !self.fits(words) {
                    return;
                }
                let text = if self.lower { words.to_lowercase() } else { words.to_owned() };
                match ShellVerb::find(words) {
                    Some(verb) if self.context.before.is_empty() => {
                        self.push(Rank::Keyword, text, ItemKind::Shell, verb.summary());
                    }
                    _ if self.shell => self.push(Rank::Value, text, ItemKind::Shell, ""),
                    _ => self.push(Rank::Keyword, text, ItemKind::Keyword, ""),
                }
            }
        }
    }

    /// `null`, or a truth value: of a boolean column it is offered by its type.
    fn constant(&mut self, word: &str, for_column: bool) {
        let compared = self.context.all().iter().any(|word| word.eq_ignore_ascii_case("WHERE"));
        let added = matches!(self.context.back(0), "+" | "-" | "+=" | "-=");
        if !for_column || (word == "NULL" && !compared && !added) {
            self.push(Rank::Type, word.to_lowercase(), ItemKind::Keyword, "");
        }
    }

    /// Whether a comparison suits what stands before it: the server compares no collection or type of fields in a `WHERE` that is
    /// not frozen.
    fn compares(&self) -> bool {
        let in_where = self.context.last_of(&["WHERE", "IF", "SET"]).eq_ignore_ascii_case("WHERE");
        let column = if in_where { self.context.restricted() } else { None };
        column.is_none_or(|column| {
            let in_parts = ["list<", "set<", "map<"].iter().any(|start| column.cql_type.starts_with(start));
            !(in_parts
                || !self.context.fields_of(&column.cql_type).is_empty() && !column.cql_type.contains('<'))
        })
    }

    /// Whether an operator suits the column before it.
    fn fits(&self, words: &str) -> bool {
        if words == "IN" {
            return self.compares();
        }
        let collection = match words {
            "CONTAINS" => ["list", "set", "map"].as_slice(),
            "CONTAINS KEY" => &["map"],
            "LIKE" => &["text", "varchar", "ascii"],
            _ => return true,
        };
        let Some(column) = self.context.restricted() else { return true };
        let cql_type = unfrozen(&column.cql_type);
        collection.iter().any(|name| cql_type == *name || cql_type.starts_with(&format!("{name}<")))
    }

    /// A word or string that is written as it stands in the grammar: an option, which is named once, or its value.
    fn literal(&mut self, text: &str) {
        let is_value = matches!(self.context.back(0), "=" | ":");
        if TYPES.contains(&text) {
            return self.push(Rank::Type, text.to_owned(), ItemKind::Type, "");
        }
        let kind = match (is_value, text.bytes().any(|byte| byte.is_ascii_lowercase())) {
            (true, _) => ItemKind::Value,
            (false, true) => ItemKind::Option,
            (false, false) => ItemKind::Keyword,
        };
        let same = |word: &&str| word.eq_ignore_ascii_case(text);
        let named = !is_value
            && if text.starts_with('\'') {
                self.context.in_bracket().iter().any(same)
            } else {
                let words = self
                    .context
                    .options()
                    .or_else(|| self.context.is_permission().then(|| self.context.all()));
                words.is_some_and(|words| words.iter().any(same))
            };
        if named {
            return;
        }
        let text = if self.closed { text.strip_suffix('\'').unwrap_or(text) } else { text };
        self.push(Rank::Value, text.to_owned(), kind, "");
    }

    fn mark(&mut self, mark: &str) {
        match mark {
            "+" | "-" | "+=" | "-=" if !self.context.may_grow() => return,
            "=" | "<" | "<=" | ">" | ">=" if !self.compares() => return,
            _ => {}
        }
        let rank = match mark {
            "*" => Rank::Star,
            "=" | "<" | "<=" | ">" | ">=" | "!=" | "+=" | "-=" => Rank::Comparison,
            _ => Rank::Mark,
        };
        if self.typed.is_empty() {
            self.push(rank, mark.to_owned(), ItemKind::Operator, "");
        }
    }

    fn function(&mut self, function: &Function) {
        self.push(
            Rank::Function,
            function.opening(),
            ItemKind::Function,
            &format!("{} → {}", function.call(), function.returns),
        );
    }

    fn slot(&mut self, slot: Slot, target: Option<&KnownColumn>) {
        let names = self.context.names;
        let qualifier = self.context.qualifier();
        let keyspace = qualifier.as_deref();
        match slot {
            Slot::Keyspace | Slot::KeyspaceOf | Slot::OwnKeyspace => {
                self.keyspaces(slot == Slot::OwnKeyspace)
            }
            Slot::Table => {
                for table in names.tables(keyspace) {
                    self.name(Rank::Name, &table, ItemKind::Table, "table");
                }
            }
            Slot::View => {
                for view in names.views(keyspace) {
                    self.name(Rank::Name, &view, ItemKind::Table, "materialized view");
                }
            }
            Slot::Index => {
                for (index, on) in names.indexes(keyspace) {
                    self.name(Rank::Name, &index, ItemKind::Index, &on);
                }
            }
            Slot::Udt => {
                let rank = if self.type_here { Rank::Mark } else { Rank::Name };
                for udt in names.types(keyspace) {
                    self.name(rank, &udt, ItemKind::Udt, "type");
                }
            }
            Slot::UserFunction | Slot::Aggregate => {
                let (known, kind) = match slot {
                    Slot::Aggregate => (names.aggregates(keyspace), ItemKind::Aggregate),
                    _ => (names.functions(keyspace), ItemKind::Function),
                };
                for (name, signature) in known {
                    self.name(Rank::Name, &name, kind, &signature);
                }
            }
            Slot::Role => {
                for role in names.roles() {
                    self.name(Rank::Name, &role, ItemKind::Role, "role");
                }
            }
            Slot::DataCenter => self.data_centers(),
            Slot::NativeType => {
                for name in TYPES.iter().filter(|name| !PARAMETRIC.contains(name)) {
                    self.push(Rank::Type, (*name).to_owned(), ItemKind::Type, "");
                }
            }
            Slot::Language => self.push(Rank::Keyword, "java".to_owned(), ItemKind::Keyword, ""),
            Slot::Function | Slot::ValueFunction | Slot::MaskFunction => self.functions(slot, target),
            Slot::Bind => self.binds(),
            Slot::Value => self.values(target),
            Slot::Consistency => self.levels("consistency"),
            Slot::SerialConsistency => self.levels("serial_consistency"),
            Slot::Field => self.fields(self.context.fields()),
            Slot::ValueField => self.value_fields(),
            Slot::UdtField => self.fields(self.context.altered_fields()),
            Slot::OwnColumn | Slot::OwnClustering => self.own(slot),
            _ if keyspace.is_none() => self.columns(slot),
            _ => {}
        }
    }

    /// The keyspaces, those of the system last; `own` leaves out what nobody may change.
    fn keyspaces(&mut self, own: bool) {
        const FIXED: &[&str] = &["system", "system_schema", "system_views", "system_virtual_schema"];
        let is_system = |name: &String| name == "system" || name.starts_with("system_");
        let (system, others): (Vec<_>, Vec<_>) =
            self.context.names.keyspaces().into_iter().partition(is_system);
        let dropped = self.context.starts_with("DROP");
        for name in others.into_iter().chain(system.into_iter().filter(|_| !(own && dropped))) {
            if !(own && FIXED.contains(&name.as_str())) {
                let rank = if self.type_here { Rank::Mark } else { Rank::Keyspace };
                self.name(rank, &name, ItemKind::Keyspace, "keyspace");
            }
        }
    }

    fn data_centers(&mut self) {
        let named = self.context.in_bracket();
        let closing = if self.closed { "" } else { "'" };
        for name in self.context.names.data_centers() {
            let whole = format!("'{}'", name.replace('\'', "''"));
            if !named.contains(&whole.as_str()) {
                let text = format!("{}{closing}", whole.trim_end_matches('\''));
                self.push(Rank::Value, text, ItemKind::DataCenter, "data centre");
            }
        }
    }

    fn functions(&mut self, slot: Slot, target: Option<&KnownColumn>) {
        let names = self.context.names;
        let qualifier = self.context.qualifier();
        if qualifier.is_none() {
            let target = target.map(|column| unfrozen(&column.cql_type));
            for function in FUNCTIONS {
                let belongs = match slot {
                    Slot::MaskFunction => function.place == Place::Mask,
                    Slot::Function => function.name != "token" && function.name != "cast",
                    _ => function.place == Place::Value && !matches!(function.name, "token" | "cast"),
                };
                let fits = target.is_none_or(|cql_type| {
                    !matches!(function.returns, "any" | "number") && function.fits(cql_type)
                });
                if belongs && fits {
                    self.function(function);
                }
            }
        }
        if slot != Slot::MaskFunction {
            let aggregates =
                if slot == Slot::Function { names.aggregates(qualifier.as_deref()) } else { Vec::new() };
            let fits = |signature: &str| match (target, signature.rsplit_once("→ ")) {
                (Some(column), Some((_, returns))) => unfrozen(&column.cql_type) == returns,
                _ => true,
            };
            let mine =
                names.functions(qualifier.as_deref()).into_iter().filter(|(_, signature)| fits(signature));
            let mine = mine.map(|one| (one, ItemKind::Function));
            let aggregates = aggregates.into_iter().map(|one| (one, ItemKind::Aggregate));
            for ((name, signature), kind) in mine.chain(aggregates) {
                self.push(Rank::Function, format!("{}(", quote_name(&name)), kind, &signature);
            }
        }
    }

    fn binds(&mut self) {
        for (name, literal) in self.context.names.params() {
            let rank = if self.value_here { Rank::Value } else { Rank::Type };
            self.push(rank, format!(":{}", quote_name(&name)), ItemKind::Bind, &literal);
        }
    }

    /// How a value of the column's type starts.
    fn values(&mut self, target: Option<&KnownColumn>) {
        let Some(column) = target else { return };
        let cql_type = unfrozen(&column.cql_type);
        let openings: &[&str] = match cql_type.split('<').next().unwrap_or_default() {
            "boolean" => &["true", "false"],
            "list" | "vector" => &["["],
            "set" | "map" => &["{"],
            "tuple" => &["("],
            _ if !self.context.fields_of(cql_type).is_empty() => &["{"],
            _ => &[],
        };
        for opening in openings {
            self.push(Rank::Value, (*opening).to_owned(), ItemKind::Value, &column.label());
        }
    }

    fn levels(&mut self, setting: &str) {
        for level in settings::values(setting) {
            let text = if self.lower { level.to_lowercase() } else { level.to_owned() };
            self.push(Rank::Value, text, ItemKind::Value, "");
        }
    }

    fn fields(&mut self, fields: Vec<(String, String)>) {
        for (name, cql_type) in fields {
            self.name(Rank::Column, &name, ItemKind::Field, &cql_type);
        }
    }

    /// The fields of a literal that are not there yet.
    fn value_fields(&mut self) {
        let Some(column) = self.context.literal_target() else { return };
        let named = self.context.in_bracket();
        let fields = self.context.fields_of(&column.cql_type);
        self.fields(
            fields.into_iter().filter(|(name, _)| !named.contains(&quote_name(name).as_str())).collect(),
        );
    }

    /// Columns of the table that is being written down.
    fn own(&mut self, slot: Slot) {
        let (columns, key) = self.context.own_columns();
        let named: Vec<String> = if slot == Slot::OwnColumn {
            self.context.named_since(&["KEY"])
        } else {
            self.context.named_since(&["BY"])
        };
        let known = if slot == Slot::OwnColumn { columns } else { key };
        for name in known.into_iter().filter(|name| !named.contains(name)) {
            self.name(Rank::Column, &name, ItemKind::Column, "column");
        }
    }

    fn columns(&mut self, slot: Slot) {
        let partition = |column: &KnownColumn| column.role == Some(crate::column::KeyRole::Partition);
        let named = match slot {
            Slot::InsertColumn => self.context.named_since(&["INTO", "("]),
            Slot::SetColumn => self.context.set_already(),
            Slot::WhereColumn => self.context.fixed(),
            Slot::KeyColumn => self.context.named_since(&["BY", "RENAME"]),
            Slot::TokenColumn | Slot::Column => self.context.named_since(&["("]),
            Slot::DeleteColumn => self.context.named_since(&["DELETE"]),
            Slot::DropColumn => self.context.named_since(&["DROP"]),
            Slot::OrderColumn => self.context.named_since(&["BY"]),
            _ => Vec::new(),
        };
        let columns = self.context.columns();
        let one_partition = columns.iter().filter(|column| partition(column)).count() == 1;
        for column in columns {
            let belongs = match slot {
                // A write finds its rows by their key alone.
                Slot::WhereColumn => self.context.starts_with("SELECT") || column.is_key(),
                Slot::Column | Slot::SelectColumn | Slot::InsertColumn | Slot::ViewColumn => true,
                Slot::TokenColumn => partition(&column),
                Slot::KeyColumn => column.is_key(),
                Slot::OrderColumn => {
                    column.role == Some(crate::column::KeyRole::Clustering)
                        || column.cql_type.starts_with("vector<")
                }
                Slot::IndexColumn => !(one_partition && partition(&column)),
                Slot::SameColumn => self.context.back(1) == quote_name(&column.name) && column.grows(),
                Slot::RegularColumn
                | Slot::SetColumn
                | Slot::ConditionColumn
                | Slot::DeleteColumn
                | Slot::DropColumn => !column.is_key(),
                _ => false,
            };
            if belongs && !named.contains(&column.name) {
                self.name(Rank::Column, &column.name, ItemKind::Column, &column.label());
            }
        }
    }
}

/// A type without `frozen`.
fn unfrozen(cql_type: &str) -> &str {
    cql_type.strip_prefix("frozen<").and_then(|inner| inner.strip_suffix('>')).unwrap_or(cql_type)
}
