//! Tables of text: csv and json lines. A first pass finds each column's type, a second reads its values.

use std::collections::HashMap;
use std::io::{BufRead, Read as _};
use std::ops::ControlFlow;
use std::sync::Arc;

use cqlbook_core::column::{Column, CqlType};
use cqlbook_core::page::{MalformedPage, Page};
use cqlbook_core::value::{Forms, Notes, from_text};
use serde_json::Value;

use super::Reader;
use crate::sql::SqlError;
use crate::sql::job::{Input, of_pages};

/// The most rows of a page.
const ROWS: usize = 10_000;
/// The longest line of JSON, in bytes.
const MAX_LINE_BYTES: u64 = 64 << 20;

/// What a column's texts can all be read as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Guess {
    seen: bool,
    whole: bool,
    number: bool,
    truth: bool,
    date: bool,
    moment: bool,
}

impl Guess {
    const ANY: Self = Self { seen: false, whole: true, number: true, truth: true, date: true, moment: true };

    fn look(&mut self, text: &str) {
        self.seen = true;
        // A number with a leading zero is a code, such as a postcode.
        let code = text.len() > 1 && text.starts_with('0') && !text.starts_with("0.");
        self.whole &= !code && text.parse::<i64>().is_ok();
        self.number &= !code && text.parse::<f64>().is_ok_and(f64::is_finite);
        self.truth &= matches!(text, "true" | "false" | "True" | "False");
        let dashed = text.len() >= 10 && text.as_bytes()[4] == b'-';
        self.date &= dashed && text.len() == 10 && from_text(&CqlType::Date, text).is_ok();
        // What is finer than milliseconds stays the text that it is: nothing is cut here.
        let mut notes = Notes::default();
        self.moment &= dashed
            && text.len() > 10
            && Forms::default().text(&CqlType::Timestamp, text, &mut notes).is_ok()
            && notes == Notes::default();
    }

    fn cql_type(self) -> CqlType {
        match self {
            Self { seen: false, .. } => CqlType::Text,
            Self { whole: true, .. } => CqlType::Bigint,
            Self { number: true, .. } => CqlType::Double,
            Self { truth: true, .. } => CqlType::Boolean,
            Self { date: true, .. } => CqlType::Date,
            Self { moment: true, .. } => CqlType::Timestamp,
            _ => CqlType::Text,
        }
    }
}

impl Reader<'_> {
    pub(super) fn delimited(&self, delimiter: u8, null: &str) -> Result<Input, SqlError> {
        let open = || -> Result<csv::Reader<Box<dyn BufRead + Send>>, SqlError> {
            Ok(csv::ReaderBuilder::new().delimiter(delimiter).from_reader(self.text()?))
        };
        let mut reader = open()?;
        let header: Vec<String> = reader
            .headers()
            .map_err(|error| self.failed(error))?
            .iter()
            .map(|name| name.trim_start_matches('\u{feff}').to_owned())
            .collect();
        self.check_columns(header.len())?;
        let wanted = self.wanted(header.iter().map(String::as_str));
        let mut guesses = vec![Guess::ANY; header.len()];
        let mut record = csv::StringRecord::new();
        while reader.read_record(&mut record).map_err(|error| self.failed(error))? {
            for &place in &wanted {
                if let Some(text) = record.get(place).filter(|text| !is_null(text, null)) {
                    guesses[place].look(text);
                }
            }
        }
        let columns = |places: &[usize]| -> Vec<Column> {
            places.iter().map(|&place| column(&header[place], guesses[place].cql_type())).collect()
        };
        let mut table = Pages::new(columns(&wanted));
        let mut reader = open()?;
        while reader.read_record(&mut record).map_err(|error| self.failed(error))? {
            let row = wanted.iter().zip(table.columns.iter()).map(|(&place, column)| {
                let text = record.get(place).filter(|text| !is_null(text, null))?;
                from_text(&column.cql_type, &truth(text, &column.cql_type)).ok()
            });
            let row = row.collect();
            table.push(row);
            self.watch(table.bytes)?;
        }
        let all: Vec<usize> = (0..header.len()).collect();
        table.input(columns(&all))
    }

    pub(super) fn json_lines(&self) -> Result<Input, SqlError> {
        let mut names: Vec<String> = Vec::new();
        let mut places: HashMap<String, usize> = HashMap::new();
        let mut guesses: Vec<Guess> = Vec::new();
        self.objects(|object| {
            for (name, value) in object {
                let place = match places.get(name) {
                    Some(place) => *place,
                    None => {
                        names.push(name.clone());
                        places.insert(name.clone(), names.len() - 1);
                        guesses.push(Guess::ANY);
                        self.check_columns(names.len())?;
                        names.len() - 1
                    }
                };
                match value {
                    Value::Null => {}
                    // A text that looks like a number is still a text.
                    Value::String(text) => {
                        guesses[place].look(text);
                        let guess = &mut guesses[place];
                        (guess.whole, guess.number, guess.truth) = (false, false, false);
                    }
                    other => guesses[place].look(&other.to_string()),
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
        self.objects(|object| {
            let row = table.columns.iter().map(|column| {
                let text = match object.get(&column.name)? {
                    Value::Null => return None,
                    Value::String(text) => text.clone(),
                    other => other.to_string(),
                };
                from_text(&column.cql_type, &text).ok()
            });
            let row = row.collect();
            table.push(row);
            self.watch(table.bytes)
        })?;
        let all: Vec<usize> = (0..names.len()).collect();
        table.input(columns(&all))
    }

    fn objects(
        &self,
        mut take: impl FnMut(&serde_json::Map<String, Value>) -> Result<(), SqlError>,
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
            match serde_json::from_str::<Value>(&line) {
                Ok(Value::Object(object)) => take(&object)?,
                Ok(_) => return Err(self.failed(format!("line {} is no JSON object", number + 1))),
                Err(error) => return Err(self.failed(format!("line {} is no JSON: {error}", number + 1))),
            }
        }
        Ok(())
    }
}

fn is_null(text: &str, null: &str) -> bool {
    text.is_empty() || text == null
}

/// Truth values as CQL reads them.
fn truth(text: &str, ty: &CqlType) -> String {
    if *ty == CqlType::Boolean { text.to_lowercase() } else { text.to_owned() }
}

fn column(name: &str, cql_type: CqlType) -> Column {
    Column { name: name.to_owned(), cql_type, role: None }
}

/// Rows of cells, a page after the other.
struct Pages {
    columns: Arc<[Column]>,
    pages: Vec<Arc<dyn Page>>,
    rows: Vec<Vec<Option<Vec<u8>>>>,
    bytes: usize,
}

impl Pages {
    fn new(columns: Vec<Column>) -> Self {
        Self { columns: columns.into(), pages: Vec::new(), rows: Vec::new(), bytes: 0 }
    }

    fn push(&mut self, row: Vec<Option<Vec<u8>>>) {
        self.bytes += row.iter().map(|cell| 4 + cell.as_ref().map_or(0, Vec::len)).sum::<usize>();
        self.rows.push(row);
        if self.rows.len() == ROWS {
            self.turn();
        }
    }

    fn turn(&mut self) {
        let mut cells = Vec::new();
        let mut ends = Vec::new();
        for cell in self.rows.iter().flatten() {
            if let Some(cell) = cell {
                cells.extend_from_slice(cell);
            }
            ends.push(cell.as_ref().map(|_| cells.len()));
        }
        let page = TextPage { columns: Arc::clone(&self.columns), rows: self.rows.len(), cells, ends };
        self.rows.clear();
        self.pages.push(Arc::new(page));
    }

    fn input(mut self, all: Vec<Column>) -> Result<Input, SqlError> {
        self.turn();
        of_pages(self.columns.to_vec(), all, &self.pages)
    }
}

/// Cells one behind the other, and where each ends; `None` for null.
#[derive(Debug)]
struct TextPage {
    columns: Arc<[Column]>,
    rows: usize,
    cells: Vec<u8>,
    ends: Vec<Option<usize>>,
}

impl Page for TextPage {
    fn columns(&self) -> &Arc<[Column]> {
        &self.columns
    }

    fn rows(&self) -> usize {
        self.rows
    }

    fn size_bytes(&self) -> usize {
        self.cells.len() + 4 * self.ends.len()
    }

    fn visit(
        &self,
        start: usize,
        visit: &mut dyn FnMut(&[Option<&[u8]>]) -> ControlFlow<()>,
    ) -> Result<(), MalformedPage> {
        let wide = self.columns.len();
        let mut at = self.ends.iter().take(start * wide).flatten().next_back().copied().unwrap_or(0);
        let mut cells: Vec<Option<&[u8]>> = Vec::with_capacity(wide);
        for row in start..self.rows {
            cells.clear();
            for end in self.ends.iter().skip(row * wide).take(wide) {
                cells.push(end.and_then(|end| self.cells.get(at..end)));
                at = end.unwrap_or(at);
            }
            if visit(&cells).is_break() {
                break;
            }
        }
        Ok(())
    }
}
