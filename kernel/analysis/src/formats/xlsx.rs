//! Excel workbooks. Numbers, dates and booleans are Excel's own where Excel holds them exactly, and text where not.
//!
//! Rows are written on as they come and do not stay in memory. What does not fit one sheet goes on in the next; what does not
//! fit one cell is cut, and the user is told.

use std::borrow::Cow;
use std::fs::File;
use std::ops::ControlFlow;
use std::sync::Arc;

use cqlbook_core::column::{Column, CqlType};
use cqlbook_core::page::Page;
use cqlbook_core::value::Kind;
use rust_xlsxwriter::{Format, Workbook, XlsxError};

use super::text;
use super::writer::{WriteError, values};
use crate::convert::{exact, thawed};

/// Rows of a sheet, the header's among them, and characters (UTF-16 units) of a cell: Excel's own limits.
const SHEET_ROWS: u32 = 1_048_576;
const CELL_UNITS: usize = 32_767;
const SHEET_COLUMNS: usize = 16_384;
/// Excel shows and keeps this many digits.
const DIGITS: usize = 15;
/// The first day that Excel counts without its leap year of 1900, and its last, as days since 1970.
const FIRST_DAY: i64 = -25_508;
const LAST_DAY: i64 = 2_932_896;
/// Excel's number of 1970-01-01.
const EPOCH: f64 = 25_569.0;

/// Writes rows to sheets.
pub(crate) struct Xlsx {
    file: File,
    columns: Arc<[Column]>,
    book: Workbook,
    /// The rows of a full sheet.
    sheet_rows: u32,
    /// The sheet's next row, and how many sheets there are.
    row: u32,
    sheets: usize,
    cut: u64,
    /// Values with characters that XML has no form for.
    replaced: u64,
    formats: Formats,
}

struct Formats {
    bold: Format,
    text: Format,
    date: Format,
    time: Format,
}

impl Xlsx {
    pub(crate) fn new(file: File, columns: &Arc<[Column]>) -> Result<Self, WriteError> {
        if columns.len() > SHEET_COLUMNS {
            return Err(WriteError::Refused(format!(
                "An Excel sheet has {SHEET_COLUMNS} columns at most, and the result has {}. Export it to CSV or Parquet.",
                columns.len()
            )));
        }
        let formats = Formats {
            bold: Format::new().set_bold(),
            text: Format::new().set_num_format("@"),
            date: Format::new().set_num_format("yyyy-mm-dd"),
            time: Format::new().set_num_format("yyyy-mm-dd hh:mm:ss.000"),
        };
        let mut xlsx = Self {
            file,
            columns: Arc::clone(columns),
            book: Workbook::new(),
            sheet_rows: SHEET_ROWS,
            row: 0,
            sheets: 0,
            cut: 0,
            replaced: 0,
            formats,
        };
        xlsx.next_sheet().map_err(failed)?;
        Ok(xlsx)
    }

    fn next_sheet(&mut self) -> Result<(), XlsxError> {
        self.sheets += 1;
        let name = if self.sheets == 1 { "rows".to_owned() } else { format!("rows {}", self.sheets) };
        let sheet = self.book.add_worksheet_with_constant_memory();
        sheet.set_name(name)?;
        sheet.set_freeze_panes(1, 0)?;
        for (place, column) in (0_u16..).zip(self.columns.iter()) {
            sheet.write_string_with_format(0, place, xml(&column.name), &self.formats.bold)?;
        }
        self.row = 1;
        Ok(())
    }

    pub(crate) fn write(&mut self, page: &dyn Page) -> Result<(), WriteError> {
        let mut outcome = Ok(());
        page.visit(0, &mut |cells| {
            outcome = self.write_row(cells);
            if outcome.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        outcome.map_err(failed)
    }

    fn write_row(&mut self, cells: &[Option<&[u8]>]) -> Result<(), XlsxError> {
        if self.row == self.sheet_rows {
            self.next_sheet()?;
        }
        let Self { book, columns, formats, row, cut, replaced, .. } = self;
        let sheets = book.worksheets_mut();
        let Some(sheet) = sheets.last_mut() else { return Ok(()) };
        for (place, (cell, column)) in (0_u16..).zip(cells.iter().zip(columns.iter())) {
            let Some(bytes) = cell else { continue };
            match excel(bytes, thawed(&column.cql_type)) {
                Cell::Number(number) => sheet.write_number(*row, place, number)?,
                Cell::Boolean(value) => sheet.write_boolean(*row, place, value)?,
                Cell::Date(day) => sheet.write_number_with_format(*row, place, day, &formats.date)?,
                Cell::Time(day) => sheet.write_number_with_format(*row, place, day, &formats.time)?,
                Cell::Text(text) if text.is_empty() => sheet.write_blank(*row, place, &formats.text)?,
                Cell::Text(text) => {
                    let held = xml(&text);
                    *replaced += u64::from(matches!(held, Cow::Owned(_)));
                    let start = fitting(&held);
                    *cut += u64::from(start.is_some());
                    // Always a string: what begins like a formula is none.
                    sheet.write_string(*row, place, start.as_deref().unwrap_or(&held))?
                }
            };
        }
        *row += 1;
        Ok(())
    }

    pub(crate) fn finish(mut self) -> Result<Vec<String>, WriteError> {
        self.book.save_to_writer(&mut self.file).map_err(failed)?;
        let mut notes = Vec::new();
        if self.sheets > 1 {
            notes.push(format!(
                "The rows are on {} sheets: an Excel sheet has {SHEET_ROWS} rows at most.",
                self.sheets
            ));
        }
        if self.replaced > 0 {
            notes.push(format!(
                "In {} the characters U+FFFE and U+FFFF became U+FFFD: a workbook is XML, which has no form for them.",
                values(self.replaced)
            ));
        }
        if self.cut > 0 {
            notes.push(format!(
                "{} cut to {CELL_UNITS} characters, the most an Excel cell holds. CSV and Parquet keep them whole.",
                if self.cut == 1 { "1 value was".to_owned() } else { format!("{} were", values(self.cut)) }
            ));
        }
        Ok(notes)
    }
}

/// The text without the two characters that XML 1.0 has not and Excel no escape for. Control characters have one (`_x001B_`), which
/// the workbook's writer uses, and so have texts that look like such an escape.
fn xml(text: &str) -> Cow<'_, str> {
    if text.contains(['\u{fffe}', '\u{ffff}']) {
        Cow::Owned(text.replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// The part of a text that fits a cell, with a mark that it goes on; `None` for a text that fits.
fn fitting(text: &str) -> Option<String> {
    if text.len() <= CELL_UNITS || text.encode_utf16().count() <= CELL_UNITS {
        return None;
    }
    let mut units = 0;
    let fits = |c: &char| {
        units += c.len_utf16();
        units < CELL_UNITS
    };
    Some(text.chars().take_while(fits).chain(['…']).collect())
}

enum Cell {
    Number(f64),
    Boolean(bool),
    Date(f64),
    Time(f64),
    Text(String),
}

fn excel(bytes: &[u8], ty: &CqlType) -> Cell {
    if let (CqlType::Boolean, Ok([value])) = (ty, exact::<1>(bytes)) {
        return Cell::Boolean(value != 0);
    }
    if let (CqlType::Date, Ok(date)) = (ty, exact::<4>(bytes)) {
        let days = i64::from(u32::from_be_bytes(date)) - (1 << 31);
        if (FIRST_DAY..=LAST_DAY).contains(&days) {
            return Cell::Date(days as f64 + EPOCH);
        }
    }
    if let (CqlType::Timestamp, Ok(millis)) = (ty, exact::<8>(bytes)) {
        let millis = i64::from_be_bytes(millis);
        if (FIRST_DAY..=LAST_DAY).contains(&millis.div_euclid(86_400_000)) {
            return Cell::Time(millis as f64 / 86_400_000.0 + EPOCH);
        }
    }
    let mut out = Vec::new();
    let kind = text::append(bytes, ty, &mut out);
    let text = String::from_utf8_lossy(&out).into_owned();
    // By its shortest text: a `float` of 0.1 is 0.1 and not the double next to it.
    let digits =
        text.bytes().take_while(|byte| !matches!(byte, b'e' | b'E')).filter(u8::is_ascii_digit).count();
    let is_double = matches!(ty, CqlType::Float | CqlType::Double);
    if kind == Kind::Number
        && (is_double || digits <= DIGITS)
        && *ty != CqlType::Decimal
        && let Some(number) = text.parse::<f64>().ok().filter(|number| number.is_finite())
    {
        return Cell::Number(number);
    }
    // A decimal's zeros at its end are a part of it, and Excel's numbers have none.
    if *ty == CqlType::Decimal
        && digits <= DIGITS
        && !text.contains(['e', 'E'])
        && !(text.contains('.') && text.ends_with('0'))
        && let Ok(number) = text.parse()
    {
        return Cell::Number(number);
    }
    Cell::Text(text)
}

fn failed(error: XlsxError) -> WriteError {
    match error {
        XlsxError::IoError(error) => WriteError::Io(error),
        error => WriteError::Xlsx(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use cqlbook_core::page::testing::VecPage;

    use super::*;

    #[test]
    fn rows_that_do_not_fit_a_sheet_go_on_in_the_next_under_the_same_header() {
        let page = VecPage::of(&[("n", CqlType::Int)], &[&["1"], &["2"], &["3"], &["4"], &["5"]]);
        let file = tempfile::tempfile().unwrap();
        let mut xlsx = Xlsx::new(file.try_clone().unwrap(), page.columns()).unwrap();
        xlsx.sheet_rows = 3;
        xlsx.write(&page).unwrap();
        let notes = xlsx.finish().unwrap();
        assert_eq!(notes, ["The rows are on 3 sheets: an Excel sheet has 1048576 rows at most."]);

        let mut book = zip::ZipArchive::new(file).unwrap();
        let mut sheets = Vec::new();
        for sheet in 1..=3 {
            let mut text = String::new();
            let mut part = book.by_name(&format!("xl/worksheets/sheet{sheet}.xml")).unwrap();
            part.read_to_string(&mut text).unwrap();
            let numbers = text.split("<v>").skip(1).filter_map(|rest| rest.split("</v>").next());
            sheets.push((
                text.matches("<row ").count(),
                numbers.map(str::to_owned).collect::<Vec<_>>().join(" "),
            ));
        }
        let expected = [(3, "1 2"), (3, "3 4"), (2, "5")].map(|(rows, numbers)| (rows, numbers.to_owned()));
        // The header is the first of a sheet's rows; it holds an inline string and no number.
        assert_eq!(sheets, expected);
    }

    #[test]
    fn every_text_is_xml_and_a_string() {
        let texts = ["'=cmd()'", "'_x0041_'", "'\u{fffe}\u{ffff}\u{1}\u{1b}\r'", "'plain'"];
        let rows: Vec<&[&str]> = texts.iter().map(std::slice::from_ref).collect();
        let page = VecPage::of(&[("t\u{ffff}", CqlType::Text)], &rows);
        let file = tempfile::tempfile().unwrap();
        let mut xlsx = Xlsx::new(file.try_clone().unwrap(), page.columns()).unwrap();
        xlsx.write(&page).unwrap();
        assert_eq!(
            xlsx.finish().unwrap(),
            [
                "In 1 value the characters U+FFFE and U+FFFF became U+FFFD: a workbook is XML, which has no form for them."
            ]
        );
        let mut text = String::new();
        zip::ZipArchive::new(file)
            .unwrap()
            .by_name("xl/worksheets/sheet1.xml")
            .unwrap()
            .read_to_string(&mut text)
            .unwrap();
        assert!(!text.contains("<f>") && text.contains("=cmd()") && text.contains("_x005F_x0041_"), "{text}");
        assert!(!text.contains(['\u{fffe}', '\u{ffff}', '\u{1}', '\u{1b}', '\r']), "{text}");
    }
}
