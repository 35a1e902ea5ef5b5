//! The schema read from the server's own tables, for when the driver cannot parse it: it gives up on the whole schema
//! for one type with a quoted name or of a server-side class. Slower than the driver's, and not told of others' changes.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use cqlbook_core::column::{Column, CqlType, KeyRole, UdtType};
use cqlbook_core::page::Page;

use crate::schema::{Keyspace, SchemaSnapshot, Table};

/// What is asked for, all pages of it; the answers are handed to [`Reader`] in this order.
pub(crate) const QUERIES: [&str; 3] = [
    "SELECT keyspace_name, type_name, field_names, field_types FROM system_schema.types",
    "SELECT keyspace_name, table_name, column_name, kind, position, type FROM system_schema.columns",
    "SELECT keyspace_name, view_name, base_table_name FROM system_schema.views",
];

/// How deep types are followed into each other.
const MAX_DEPTH: usize = 32;

/// The definition of a user-defined type: names of fields with their types as texts.
type Fields = Vec<(String, String)>;

/// A column's place in its table: its role's order, its position in the key, its name.
type Place = (u8, i32, String);

/// Collects the answers to [`QUERIES`].
#[derive(Debug, Default)]
pub(crate) struct Reader {
    types: BTreeMap<(String, String), Fields>,
    tables: BTreeMap<(String, String), BTreeMap<Place, Column>>,
    views: BTreeMap<(String, String), String>,
}

impl Reader {
    /// Takes one page of the answer to the query of that number. What does not parse is left out.
    pub(crate) fn take(&mut self, query: usize, page: &dyn Page) {
        let mut take = |cells: &[Option<&[u8]>]| {
            let taken = match query {
                0 => self.take_type(cells),
                1 => self.take_column(cells),
                _ => self.take_view(cells),
            };
            if taken.is_none() {
                tracing::debug!(query, "a row of the schema was left out");
            }
            ControlFlow::Continue(())
        };
        let _ = page.visit(0, &mut take);
    }

    fn take_type(&mut self, cells: &[Option<&[u8]>]) -> Option<()> {
        let &[keyspace, name, names, types] = cells else { return None };
        let fields = texts(names?)?.into_iter().zip(texts(types?)?).collect();
        self.types.insert((text(keyspace)?, text(name)?), fields);
        Some(())
    }

    fn take_column(&mut self, cells: &[Option<&[u8]>]) -> Option<()> {
        let &[keyspace, table, name, kind, position, column_type] = cells else { return None };
        let (keyspace, name) = (text(keyspace)?, text(name)?);
        let (order, role) = match text(kind)?.as_str() {
            "partition_key" => (0, Some(KeyRole::Partition)),
            "clustering" => (1, Some(KeyRole::Clustering)),
            "static" => (2, Some(KeyRole::Static)),
            _ => (3, None),
        };
        let position = i32::from_be_bytes(position?.try_into().ok()?);
        let cql_type = self.parse(&text(column_type)?, &keyspace);
        let column = Column { name: name.clone(), cql_type, role };
        self.tables.entry((keyspace, text(table)?)).or_default().insert((order, position, name), column);
        Some(())
    }

    fn take_view(&mut self, cells: &[Option<&[u8]>]) -> Option<()> {
        let &[keyspace, view, base] = cells else { return None };
        self.views.insert((text(keyspace)?, text(view)?), text(base)?);
        Some(())
    }

    /// A type as the server writes it, e.g. `frozen<map<text, "Address">>`.
    fn parse(&self, text: &str, keyspace: &str) -> CqlType {
        let mut parser = Parser { rest: text, reader: self, keyspace, depth: 0 };
        match parser.cql_type() {
            Some(parsed) if parser.rest.trim().is_empty() => parsed,
            _ => CqlType::Custom(text.to_owned()),
        }
    }

    /// The schema that was read.
    pub(crate) fn finish(self) -> SchemaSnapshot {
        let mut keyspaces: BTreeMap<String, Keyspace> = BTreeMap::new();
        for ((keyspace, name), columns) in &self.tables {
            let key = (keyspace.clone(), name.clone());
            let base = self.views.get(&key).cloned();
            let is_view = base.is_some();
            let table = Table { columns: columns.values().cloned().collect(), base };
            let keyspace = keyspaces.entry(keyspace.clone()).or_default();
            let tables = if is_view { &mut keyspace.views } else { &mut keyspace.tables };
            tables.insert(name.clone(), table);
        }
        for (keyspace, name) in self.types.keys() {
            let mut parser = Parser { rest: "", reader: &self, keyspace, depth: 0 };
            let udt = parser.user_type(name.clone());
            keyspaces.entry(keyspace.clone()).or_default().types.insert(name.clone(), udt);
        }
        SchemaSnapshot {
            keyspaces: keyspaces.into_iter().map(|(name, keyspace)| (name, Arc::new(keyspace))).collect(),
        }
    }
}

/// Reads one type; `None` where the text is none.
struct Parser<'a> {
    rest: &'a str,
    reader: &'a Reader,
    keyspace: &'a str,
    depth: usize,
}

impl<'a> Parser<'a> {
    fn cql_type(&mut self) -> Option<CqlType> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return None;
        }
        self.rest = self.rest.trim_start();
        let parsed = if self.rest.starts_with('"') {
            let name = self.quoted('"')?;
            CqlType::Udt(Box::new(self.user_type(name)))
        } else if self.rest.starts_with('\'') {
            CqlType::Custom(self.quoted('\'')?)
        } else {
            let length =
                self.rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(self.rest.len());
            let (word, rest) = self.rest.split_at(length);
            self.rest = rest;
            self.named(word)?
        };
        self.depth -= 1;
        Some(parsed)
    }

    fn named(&mut self, word: &str) -> Option<CqlType> {
        if self.accept('<').is_some() {
            let parsed = match word {
                "frozen" => CqlType::Frozen(Box::new(self.cql_type()?)),
                "list" => CqlType::List(Box::new(self.cql_type()?)),
                "set" => CqlType::Set(Box::new(self.cql_type()?)),
                "map" => {
                    let key = self.cql_type()?;
                    self.accept(',')?;
                    CqlType::Map(Box::new(key), Box::new(self.cql_type()?))
                }
                "vector" => {
                    let item = self.cql_type()?;
                    self.accept(',')?;
                    let (size, rest) = self.rest.trim_start().split_once('>')?;
                    self.rest = rest;
                    return Some(CqlType::Vector(Box::new(item), size.trim().parse().ok()?));
                }
                "tuple" => {
                    let mut items = vec![self.cql_type()?];
                    while self.accept(',').is_some() {
                        items.push(self.cql_type()?);
                    }
                    CqlType::Tuple(items)
                }
                _ => return None,
            };
            self.accept('>')?;
            return Some(parsed);
        }
        Some(match word {
            "" => return None,
            "ascii" => CqlType::Ascii,
            "bigint" => CqlType::Bigint,
            "blob" => CqlType::Blob,
            "boolean" => CqlType::Boolean,
            "counter" => CqlType::Counter,
            "date" => CqlType::Date,
            "decimal" => CqlType::Decimal,
            "double" => CqlType::Double,
            "duration" => CqlType::Duration,
            "float" => CqlType::Float,
            "inet" => CqlType::Inet,
            "int" => CqlType::Int,
            "smallint" => CqlType::Smallint,
            "text" | "varchar" => CqlType::Text,
            "time" => CqlType::Time,
            "timestamp" => CqlType::Timestamp,
            "timeuuid" => CqlType::Timeuuid,
            "tinyint" => CqlType::Tinyint,
            "uuid" => CqlType::Uuid,
            "varint" => CqlType::Varint,
            name => CqlType::Udt(Box::new(self.user_type(name.to_owned()))),
        })
    }

    /// The keyspace's type of that name, with its fields as far as they are known.
    fn user_type(&mut self, name: String) -> UdtType {
        let known = self.reader.types.get(&(self.keyspace.to_owned(), name.clone()));
        let field = |(field, text): &(String, String)| {
            let mut parser =
                Parser { rest: text, reader: self.reader, keyspace: self.keyspace, depth: self.depth };
            (field.clone(), parser.cql_type().unwrap_or_else(|| CqlType::Custom(text.clone())))
        };
        let fields = known.map(|fields| fields.iter().map(field).collect()).unwrap_or_default();
        UdtType { keyspace: self.keyspace.to_owned(), name, fields }
    }

    /// A text in quotes, doubled inside.
    fn quoted(&mut self, quote: char) -> Option<String> {
        let mut text = String::new();
        let mut characters = self.rest.char_indices().skip(1).peekable();
        while let Some((at, character)) = characters.next() {
            if character != quote {
                text.push(character);
            } else if characters.next_if(|(_, next)| *next == quote).is_some() {
                text.push(quote);
            } else {
                self.rest = &self.rest[at + 1..];
                return Some(text);
            }
        }
        None
    }

    fn accept(&mut self, expected: char) -> Option<()> {
        self.rest = self.rest.trim_start().strip_prefix(expected)?;
        Some(())
    }
}

fn text(cell: Option<&[u8]>) -> Option<String> {
    String::from_utf8(cell?.to_vec()).ok()
}

/// A serialised list of texts: their number, then each with its length (protocol v4, section 6.2).
fn texts(mut list: &[u8]) -> Option<Vec<String>> {
    let int = |list: &mut &[u8]| {
        let (head, tail) = list.split_first_chunk::<4>()?;
        *list = tail;
        usize::try_from(i32::from_be_bytes(*head)).ok()
    };
    let count = int(&mut list)?;
    let mut texts = Vec::new();
    for _ in 0..count {
        let length = int(&mut list)?;
        let (head, tail) = list.split_at_checked(length)?;
        list = tail;
        texts.push(text(Some(head))?);
    }
    Some(texts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_read_as_the_server_writes_them() {
        let mut reader = Reader::default();
        let fields = vec![
            ("street".to_owned(), "text".to_owned()),
            ("self".to_owned(), "frozen<\"A\"\"b\">".to_owned()),
        ];
        reader.types.insert(("ks".to_owned(), "A\"b".to_owned()), fields);
        let same = |text: &str| assert_eq!(reader.parse(text, "ks").to_string(), text);
        same("frozen<map<text, frozen<tuple<int, list<uuid>>>>>");
        same("vector<frozen<set<\"A\"\"b\">>, 12>");
        same("'org.apache.cassandra.db.marshal.X(a,b)'");
        same("address");
        let CqlType::Udt(udt) = reader.parse("\"A\"\"b\"", "ks") else {
            panic!("it is a type of the user's")
        };
        assert_eq!(udt.fields[0], ("street".to_owned(), CqlType::Text));
        for nonsense in
            ["", "map<int>", "list<int", "list<int>>", "\"open", "vector<int, x>", &"list<".repeat(10_000)]
        {
            assert_eq!(reader.parse(nonsense, "ks"), CqlType::Custom(nonsense.to_owned()));
        }
    }
}
