//! CQL types as texts: read from what the server's tables and a snapshot's file hold, and given their fields.

use std::collections::{BTreeMap, BTreeSet};

use crate::column::{CqlType, UdtType};
use crate::cql::keywords;

/// How deep types are followed into each other.
const MAX_DEPTH: usize = 32;
/// How many types one text may name.
const MAX_NAMED: usize = 10_000;
/// How many types one type may be made of, once all fields stand in it.
const MAX_PARTS: usize = 20_000;
/// How many all texts of a schema may name.
pub(super) const ALL_NAMED: usize = 1_000_000;
/// How many all types of a schema may be made of so; what is beyond keeps its name and has no fields.
pub(super) const ALL_PARTS: usize = 400_000;

/// The type that a text is, e.g. `frozen<map<text, "Address">>`. A name is a user-defined type of `keyspace`, without its
/// fields as yet ([`resolve`]). A text that is no type is a class of the server's, and so is one that names too many.
pub fn parse(text: &str, keyspace: &str) -> CqlType {
    parse_within(text, keyspace, &mut { MAX_NAMED }).unwrap_or_else(|| CqlType::Custom(text.to_owned()))
}

/// The same for as long as `left` of the parts that all texts may name lasts; `None` where the text names more than that, or
/// more than one text may.
pub(super) fn parse_within(text: &str, keyspace: &str, left: &mut usize) -> Option<CqlType> {
    let most = MAX_NAMED.min(*left);
    let mut parser = Parser { rest: text, keyspace, depth: 0, parts: most };
    let parsed = parser.cql_type();
    *left -= most - parser.parts;
    match parsed {
        _ if parser.parts == 0 => None,
        Some(parsed) if parser.rest.trim().is_empty() => Some(parsed),
        _ => Some(CqlType::Custom(text.to_owned())),
    }
}

/// Gives the user-defined types inside `cql_type` the fields that `types` has for them, for as long as `left` of the
/// schema's parts lasts. One that is called like a type of the
/// language's own is found where it is frozen: the server's tables have it without quotes (`frozen<date>`), and nothing of the
/// language's own that has no parts can be frozen.
pub fn resolve(cql_type: &mut CqlType, types: &BTreeMap<String, UdtType>, left: &mut usize) {
    if cql_type.is_native() {
        return;
    }
    let most = MAX_PARTS.min(*left);
    let mut parts = most;
    fill(cql_type, types, MAX_DEPTH, &mut parts);
    *left -= most - parts;
}

/// Gives the types of one keyspace their fields' fields.
pub fn resolve_all(types: &mut BTreeMap<String, UdtType>, left: &mut usize) {
    let known = types.clone();
    for definition in types.values_mut() {
        for (_, field) in &mut definition.fields {
            resolve(field, &known, left);
        }
    }
}

fn fill(cql_type: &mut CqlType, types: &BTreeMap<String, UdtType>, depth: usize, parts: &mut usize) {
    if depth == 0 || *parts == 0 {
        return;
    }
    *parts -= 1;
    match cql_type {
        CqlType::Frozen(item) => {
            if let Some(known) = called_like(item, types) {
                **item = CqlType::Udt(Box::new(known.clone()));
            }
            fill(item, types, depth - 1, parts);
        }
        CqlType::List(item) | CqlType::Set(item) | CqlType::Vector(item, _) => {
            fill(item, types, depth - 1, parts);
        }
        CqlType::Map(key, value) => {
            fill(key, types, depth - 1, parts);
            fill(value, types, depth - 1, parts);
        }
        CqlType::Tuple(items) => items.iter_mut().for_each(|item| fill(item, types, depth - 1, parts)),
        CqlType::Udt(udt) => {
            // Fields that there is no room for are not even copied.
            if let Some(known) = types.get(&udt.name).filter(|known| known.fields.len() <= *parts) {
                udt.fields.clone_from(&known.fields);
            }
            udt.fields.iter_mut().for_each(|(_, field)| fill(field, types, depth - 1, parts));
        }
        _ => {}
    }
}

/// The user-defined type that has the name of one of the language's own.
pub fn called_like<'a>(native: &CqlType, types: &'a BTreeMap<String, UdtType>) -> Option<&'a UdtType> {
    // `varchar` is read as `text`.
    let other = (*native == CqlType::Text).then(|| types.get("varchar")).flatten();
    if native.is_native() { types.get(&native.to_string()).or(other) } else { None }
}

/// Whether a keyspace has types called like the language's own: what its server writes without quotes says something else.
pub fn confuse(types: &BTreeMap<String, UdtType>) -> bool {
    types.keys().any(|name| keywords::TYPES.contains(&name.as_str()))
}

/// The names of the user-defined types that a type is made of, itself included; the fields' types are not looked into.
pub fn names(cql_type: &CqlType) -> Vec<&str> {
    match cql_type {
        CqlType::List(item) | CqlType::Set(item) | CqlType::Frozen(item) | CqlType::Vector(item, _) => {
            names(item)
        }
        CqlType::Map(key, value) => [names(key), names(value)].concat(),
        CqlType::Tuple(items) => items.iter().flat_map(names).collect(),
        CqlType::Udt(udt) => vec![&udt.name],
        _ => Vec::new(),
    }
}

/// A keyspace's types, each behind those that it is made of. A chain of types may be as long as the keyspace: none is followed on
/// the stack.
pub fn in_order(types: &BTreeMap<String, UdtType>) -> Vec<&UdtType> {
    fn parts(definition: &UdtType) -> std::vec::IntoIter<&str> {
        definition.fields.iter().flat_map(|(_, field)| names(field)).collect::<Vec<_>>().into_iter()
    }
    let (mut seen, mut ordered) = (BTreeSet::new(), Vec::new());
    for (name, definition) in types {
        let mut open = Vec::new();
        if seen.insert(name.as_str()) {
            open.push((definition, parts(definition)));
        }
        while let Some((definition, rest)) = open.last_mut() {
            match rest.next() {
                Some(part) => {
                    if let Some(needed) = types.get(part).filter(|_| seen.insert(part)) {
                        open.push((needed, parts(needed)));
                    }
                }
                None => {
                    ordered.push(*definition);
                    open.pop();
                }
            }
        }
    }
    ordered
}

/// Reads one type; `None` where the text is none.
struct Parser<'a> {
    rest: &'a str,
    keyspace: &'a str,
    depth: usize,
    /// How many more types it may name.
    parts: usize,
}

impl Parser<'_> {
    fn cql_type(&mut self) -> Option<CqlType> {
        self.depth += 1;
        if self.depth > MAX_DEPTH || self.parts == 0 {
            return None;
        }
        self.parts -= 1;
        self.rest = self.rest.trim_start();
        let parsed = if self.rest.starts_with('"') {
            let name = self.quoted('"')?;
            self.user_type(name)
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
            name => self.user_type(name.to_owned()),
        })
    }

    fn user_type(&self, name: String) -> CqlType {
        CqlType::Udt(Box::new(UdtType { keyspace: self.keyspace.to_owned(), name, fields: Vec::new() }))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_as_the_server_writes_them() {
        let same = |text: &str| assert_eq!(parse(text, "ks").to_string(), text);
        same("frozen<map<text, frozen<tuple<int, list<uuid>>>>>");
        same("vector<frozen<set<\"A\"\"b\">>, 12>");
        same("'org.apache.cassandra.db.marshal.X(a,b)'");
        same("address");
        for nonsense in
            ["", "map<int>", "list<int", "list<int>>", "\"open", "vector<int, x>", &"list<".repeat(10_000)]
        {
            assert_eq!(parse(nonsense, "ks"), CqlType::Custom(nonsense.to_owned()));
        }
    }

    #[test]
    fn fields_are_found_in_types_in_types() {
        let define = |name: &str, field: &str| {
            let fields = vec![("f".to_owned(), parse(field, "ks"))];
            (name.to_owned(), UdtType { keyspace: "ks".to_owned(), name: name.to_owned(), fields })
        };
        let mut types = BTreeMap::from([define("a", "list<frozen<\"B\">>"), define("B", "int")]);
        let order: Vec<_> = in_order(&types).iter().map(|udt| udt.name.clone()).collect();
        assert_eq!(order, ["B", "a"]);
        resolve_all(&mut types, &mut { ALL_PARTS });
        let mut found = parse("set<frozen<a>>", "ks");
        resolve(&mut found, &types, &mut { ALL_PARTS });
        assert!(format!("{found:?}").contains("Int"), "{found:?}");
        // The server's tables have a type called like one of the language's own without quotes.
        let mut types = BTreeMap::from([
            define("date", "int"),
            define("inet", "frozen<date>"),
            define("varchar", "date"),
        ]);
        resolve_all(&mut types, &mut { ALL_PARTS });
        assert_eq!(types["inet"].fields[0].1.to_string(), "frozen<\"date\">");
        assert_eq!(types["varchar"].fields[0].1, CqlType::Date, "what is not frozen is the language's own");
        for (text, shown) in [
            ("list<frozen<date>>", "list<frozen<\"date\">>"),
            ("frozen<map<date, frozen<date>>>", "frozen<map<date, frozen<\"date\">>>"),
            ("frozen<tuple<frozen<inet>, inet>>", "frozen<tuple<frozen<\"inet\">, inet>>"),
            ("set<frozen<varchar>>", "set<frozen<\"varchar\">>"),
            ("vector<frozen<date>, 2>", "vector<frozen<\"date\">, 2>"),
            ("frozen<time>", "frozen<time>"),
        ] {
            let mut found = parse(text, "ks");
            resolve(&mut found, &types, &mut { ALL_PARTS });
            assert_eq!(found.to_string(), shown);
            let mut again = parse(shown, "ks");
            resolve(&mut again, &types, &mut { ALL_PARTS });
            assert_eq!(again, found, "a snapshot's file has it in quotes");
        }
        assert!(confuse(&types) && !confuse(&BTreeMap::from([define("address", "int")])));
        // A file could say that types are made of each other: it ends.
        let mut endless = BTreeMap::from([define("a", "tuple<b, b>"), define("b", "tuple<a, a>")]);
        resolve_all(&mut endless, &mut { ALL_PARTS });
        assert_eq!(in_order(&endless).len(), 2);
    }

    /// `t0 {f frozen<t1>}`, `t1 {f frozen<t2>}` and so on; `t` as often as `each` says in every one.
    fn chain(length: usize, each: usize) -> BTreeMap<String, UdtType> {
        let types = (0..length).map(|at| {
            let field = |n| (format!("f{n}"), parse(&format!("frozen<t{}>", at + 1), "ks"));
            let definition = UdtType {
                keyspace: "ks".to_owned(),
                name: format!("t{at}"),
                fields: (0..each).map(field).collect(),
            };
            (definition.name.clone(), definition)
        });
        types.collect()
    }

    #[test]
    fn a_chain_of_types_as_long_as_a_file_is_put_in_order() {
        let types = chain(60_000, 1);
        let ordered = in_order(&types);
        assert_eq!(ordered.len(), types.len());
        assert_eq!(ordered[0].name, "t59999");
        assert_eq!(ordered.last().unwrap().name, "t0");
        let mut ring = chain(3, 2);
        ring.get_mut("t2").unwrap().fields.push(("back".to_owned(), parse("frozen<t0>", "ks")));
        assert_eq!(in_order(&ring).len(), 3, "a ring ends");
    }

    #[test]
    fn a_text_names_so_many_types_and_all_texts_of_a_schema_so_many() {
        let wide = |parts: usize| format!("tuple<{}int>", "a, ".repeat(parts));
        assert!(matches!(parse(&wide(5_000), "ks"), CqlType::Tuple(items) if items.len() == 5_001));
        assert!(matches!(parse(&wide(1_000_000), "ks"), CqlType::Custom(_)));
        let mut left = ALL_NAMED;
        assert_eq!(parse_within(&wide(1_000_000), "ks", &mut left), None);
        assert!(parse_within("map<int, text>", "ks", &mut left).is_some());
        assert_eq!(ALL_NAMED - left, MAX_NAMED + 3, "what is refused has cost no more than one type may");
        assert_eq!(parse_within("map<int, text>", "ks", &mut 2), None);
    }

    #[test]
    fn types_that_double_at_each_step_do_not_fill_memory() {
        let (mut types, mut left) = (chain(2_000, 2), ALL_PARTS);
        resolve_all(&mut types, &mut left);
        assert_eq!(left, 0);
    }
}
