//! Tables as markdown and as a page of HTML: for reading, row by row, of any length.

use std::sync::Arc;

use cqlbook_core::column::Column;
use cqlbook_core::render::escape;
use cqlbook_core::value::Kind;

use super::text;
use super::writer::{RowFormat, WriteError};

/// A cell's text and what it is; `None` for null.
fn shown(cell: Option<&[u8]>, column: &Column) -> Option<(String, Kind)> {
    let mut out = Vec::new();
    let kind = text::append(cell?, &column.cql_type, &mut out);
    Some((String::from_utf8_lossy(&out).into_owned(), kind))
}

/// A markdown table.
pub(crate) struct Markdown {
    columns: Arc<[Column]>,
}

impl Markdown {
    pub(crate) fn new(columns: &Arc<[Column]>) -> Self {
        Self { columns: Arc::clone(columns) }
    }
}

impl RowFormat for Markdown {
    fn begin(&mut self, out: &mut Vec<u8>) {
        for column in self.columns.iter() {
            out.extend_from_slice(format!("| {} ", markdown(&column.name)).as_bytes());
        }
        out.extend_from_slice(b"|\n");
        for column in self.columns.iter() {
            out.extend_from_slice(if is_number(column) { b"| ---: " } else { b"| :--- " });
        }
        out.extend_from_slice(b"|\n");
    }

    fn row(&mut self, cells: &[Option<&[u8]>], out: &mut Vec<u8>) -> Result<(), WriteError> {
        for (cell, column) in cells.iter().zip(self.columns.iter()) {
            let text = match shown(*cell, column) {
                None => "*null*".to_owned(),
                Some((text, _)) if text.is_empty() => "''".to_owned(),
                Some((text, Kind::Empty)) => format!("*{}*", escape(&text)),
                Some((text, _)) => markdown(&text),
            };
            out.extend_from_slice(format!("| {text} ").as_bytes());
        }
        out.extend_from_slice(b"|\n");
        Ok(())
    }

    fn end(&mut self, _out: &mut Vec<u8>) -> Vec<String> {
        Vec::new()
    }
}

fn is_number(column: &Column) -> bool {
    use cqlbook_core::column::CqlType as T;
    matches!(
        column.cql_type,
        T::Tinyint
            | T::Smallint
            | T::Int
            | T::Bigint
            | T::Counter
            | T::Varint
            | T::Decimal
            | T::Float
            | T::Double
    )
}

/// Text that markdown takes for nothing but text: it may hold HTML too.
fn markdown(text: &str) -> String {
    let mut marked = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '$' | '~' | '#') {
            marked.push('\\');
        }
        marked.push(c);
    }
    // A lone carriage return ends a line too, and with it the table.
    escape(&marked.replace("\r\n", "\n").replace('\r', "\n")).replace('\n', "<br>")
}

/// A page with one table.
pub(crate) struct Html {
    columns: Arc<[Column]>,
    title: String,
}

impl Html {
    pub(crate) fn new(columns: &Arc<[Column]>, title: &str) -> Self {
        Self { columns: Arc::clone(columns), title: title.to_owned() }
    }
}

impl RowFormat for Html {
    fn begin(&mut self, out: &mut Vec<u8>) {
        let title = escape(&self.title);
        out.extend_from_slice(
            format!(
                "<!DOCTYPE html>\n<html>\n<head><meta charset=\"utf-8\"><title>{title}</title></head>\n<body>\n\
                 <table class=\"dataframe cqlbook-rows\" border=\"1\">\n<thead><tr>"
            )
            .as_bytes(),
        );
        for column in self.columns.iter() {
            let ty = escape(&column.cql_type.to_string());
            let name = escape(&column.name);
            out.extend_from_slice(format!("<th scope=\"col\" title=\"{ty}\">{name}</th>").as_bytes());
        }
        out.extend_from_slice(b"</tr></thead>\n<tbody>\n");
    }

    fn row(&mut self, cells: &[Option<&[u8]>], out: &mut Vec<u8>) -> Result<(), WriteError> {
        out.extend_from_slice(b"<tr>");
        for (cell, column) in cells.iter().zip(self.columns.iter()) {
            match shown(*cell, column) {
                None => out.extend_from_slice(b"<td><em>null</em></td>"),
                Some((text, Kind::Empty)) => {
                    out.extend_from_slice(format!("<td><em>{}</em></td>", escape(&text)).as_bytes());
                }
                Some((text, Kind::Number)) => {
                    out.extend_from_slice(
                        format!("<td style=\"text-align:right\">{}</td>", escape(&text)).as_bytes(),
                    );
                }
                Some((text, _)) => out.extend_from_slice(format!("<td>{}</td>", escape(&text)).as_bytes()),
            }
        }
        out.extend_from_slice(b"</tr>\n");
        Ok(())
    }

    fn end(&mut self, out: &mut Vec<u8>) -> Vec<String> {
        out.extend_from_slice(b"</tbody>\n</table>\n</body>\n</html>\n");
        Vec::new()
    }
}
