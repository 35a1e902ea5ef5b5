//! Tables of JSON objects, one a line. A first pass finds the names and each column's type, a second reads the values.
//!
//! The rule: a line says here what it says to a load. Numbers keep their digits, and a name that comes twice is an error that names
//! the line.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io::{BufRead, Read as _};

use cqlbook_core::column::Column;
use cqlbook_core::value::{Given, from_text, json};

use super::Reader;
use super::guess::Guess;
use super::pages::{Pages, column};
use crate::sql::Input;
use crate::sql::SqlError;

/// The longest line of JSON, in bytes.
const MAX_LINE_BYTES: u64 = 64 << 20;

impl Reader<'_> {
    pub(super) fn json_lines(&self) -> Result<Input, SqlError> {
        let mut names: Vec<String> = Vec::new();
        let mut places: HashMap<String, usize> = HashMap::new();
        let mut guesses: Vec<Guess> = Vec::new();
        self.objects(&|_| true, |object| {
            for (name, value) in object {
                let place = match places.get(name.as_ref()) {
                    Some(place) => *place,
                    None => {
                        names.push(name.clone().into_owned());
                        places.insert(name.into_owned(), names.len() - 1);
                        guesses.push(Guess::ANY);
                        self.check_columns(names.len())?;
                        names.len() - 1
                    }
                };
                match &value {
                    Given::Null => {}
                    Given::Number(digits) => guesses[place].look_number(digits),
                    Given::Boolean(_) => guesses[place].look(&plain(&value)),
                    other => guesses[place].look_text(&plain(other)),
                }
            }
            Ok(())
        })?;
        self.check_columns(names.len())?;
        let wanted = self.wanted(names.iter().map(String::as_str));
        let columns = |places: &[usize]| -> Vec<Column> {
            places
                .iter()
                .filter(|&&place| place < names.len())
                .map(|&place| column(&names[place], guesses[place].cql_type()))
                .collect()
        };
        let mut table = Pages::new(columns(&wanted));
        let read: HashMap<&str, usize> = wanted
            .iter()
            .filter_map(|&place| names.get(place))
            .enumerate()
            .map(|(at, name)| (name.as_str(), at))
            .collect();
        self.objects(&|name| read.contains_key(name), |object| {
            let mut row = vec![None; read.len()];
            for (name, value) in object {
                let Some(&at) = read.get(name.as_ref()).filter(|_| value != Given::Null) else { continue };
                let cell = from_text(&table.columns()[at].cql_type, &plain(&value));
                row[at] = Some(cell.map_err(|_| self.changed())?);
            }
            table.push(row);
            self.watch(table.bytes())
        })?;
        let all: Vec<usize> = (0..names.len()).collect();
        table.input(columns(&all))
    }

    fn objects(
        &self,
        wanted: &dyn Fn(&str) -> bool,
        mut take: impl FnMut(Vec<json::Member<'_>>) -> Result<(), SqlError>,
    ) -> Result<(), SqlError> {
        let mut text = self.text()?;
        let mut line = String::new();
        for number in 0_usize.. {
            line.clear();
            let mut bounded = (&mut text).take(MAX_LINE_BYTES + 1);
            if bounded.read_line(&mut line).map_err(|error| self.failed(error))? == 0 {
                break;
            }
            if line.len() as u64 > MAX_LINE_BYTES {
                let most = cqlbook_core::render::bytes(MAX_LINE_BYTES as usize);
                return Err(self.failed(format!("line {} is longer than {most}", number + 1)));
            }
            if line.trim().is_empty() {
                continue;
            }
            let members = json::members(&line, wanted).map_err(|wrong| {
                let wrong = wrong.strip_prefix("the line").unwrap_or(&wrong);
                self.failed(format!("line {}{wrong}", number + 1))
            })?;
            take(members)?;
        }
        Ok(())
    }
}

/// A value as the text that stands for it: a text as it is, what is nested as JSON without blanks.
fn plain<'a>(value: &'a Given<'_>) -> Cow<'a, str> {
    match value {
        Given::Text(text) => Cow::Borrowed(text),
        other => {
            let mut out = String::new();
            write(other, &mut out);
            Cow::Owned(out)
        }
    }
}

/// Appends a value as JSON. What was read as JSON has bounded depth.
fn write(value: &Given<'_>, out: &mut String) {
    match value {
        Given::Boolean(value) => out.push_str(if *value { "true" } else { "false" }),
        Given::Number(digits) => out.push_str(digits),
        Given::Text(text) => out.push_str(&serde_json::Value::from(text.as_ref()).to_string()),
        Given::List(items) => {
            out.push('[');
            for (place, item) in items.iter().enumerate() {
                out.push_str(if place > 0 { "," } else { "" });
                write(item, out);
            }
            out.push(']');
        }
        Given::Map(members) => {
            out.push('{');
            for (place, (name, value)) in members.iter().enumerate() {
                out.push_str(if place > 0 { "," } else { "" });
                write(name, out);
                out.push(':');
                write(value, out);
            }
            out.push('}');
        }
        // JSON has no others.
        Given::Null | Given::Bytes(_) | Given::Serialised(_) => out.push_str("null"),
    }
}
