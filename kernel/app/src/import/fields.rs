//! From a field of text to a cell, after a file's habits: what stands for null, how numbers, booleans and times are written.

use cqlbook_analysis::encoding::Encoding;
use cqlbook_analysis::separated::Field;
use cqlbook_cluster::Cell;
use cqlbook_core::column::{Column, CqlType, KeyRole};
use cqlbook_core::value::{Forms, Notes};

/// How a file writes its values.
#[derive(Debug, Clone, Default)]
pub(crate) struct Habits {
    /// How its letters are written, where it is text.
    pub(crate) encoding: Encoding,
    /// What stands for null, beside an empty field.
    pub(crate) null: String,
    /// cqlsh's way: only `null` stands for null, in quotes or not, and a null that is read is written. Otherwise a field in
    /// quotes is a text even if it is empty, and a null leaves its column unset.
    pub(crate) cqlsh: bool,
    /// Nulls of the file are written, and so delete what is there.
    pub(crate) write_nulls: bool,
    /// How single values are written: numbers, booleans, dates, timestamps, blobs.
    pub(crate) forms: Forms,
}

impl Habits {
    /// A field as a cell of `column`; `None` is a field that the line does not have.
    pub(super) fn cell(
        &self,
        column: &Column,
        field: Option<Field<'_>>,
        notes: &mut Notes,
    ) -> Result<Cell, String> {
        let Some(field) = field else { return self.missing(column) };
        let text =
            std::str::from_utf8(field.bytes).map_err(|_| format!("{}: {}", column.name, self.wrong()))?;
        if self.is_null(text, field, &column.cql_type) {
            let is_text = matches!(plain(&column.cql_type), CqlType::Text | CqlType::Ascii);
            notes.quoted_nulls += u64::from(field.quoted && is_text && !text.is_empty());
            return self.missing(column);
        }
        let ty = plain(&column.cql_type);
        match self.forms.text(ty, text, notes) {
            Ok(bytes) => Ok(Cell::Bytes(bytes.into())),
            // Some writers put all fields in quotes.
            Err(_) if text == self.null => self.missing(column),
            Err(error) => Err(format!("{}: {error}", column.name)),
        }
    }

    /// Why bytes are no text, and what reads them. `COPY` has no option for it.
    fn wrong(&self) -> &'static str {
        if self.cqlsh {
            return "its bytes are no UTF-8, and `COPY` reads nothing else; `%import FILE INTO TABLE --encoding latin1` reads others";
        }
        self.encoding.wrong()
    }

    /// What a column gets for which the file has no value. (A counter is left as it is: it cannot be set to null.)
    pub(super) fn missing(&self, column: &Column) -> Result<Cell, String> {
        if is_key(column) {
            return Err(format!("{}: a part of the key is missing", column.name));
        }
        let write = self.write_nulls && column.cql_type != CqlType::Counter;
        Ok(if write { Cell::Null } else { Cell::Unset })
    }

    fn is_null(&self, text: &str, field: Field<'_>, ty: &CqlType) -> bool {
        // `\N`, whose backslash was taken for an escape: where it stands for null it was none. In quotes it is null to `COPY` only.
        if field.escaped && (self.cqlsh || !field.quoted) && self.null.strip_prefix('\\') == Some(text) {
            return true;
        }
        if self.cqlsh {
            // Our own `COPY TO` writes an empty text as a pair of quotes, and null as nothing.
            let is_empty_text = text.is_empty() && field.quoted;
            return text == self.null
                && !(is_empty_text && matches!(plain(ty), CqlType::Text | CqlType::Ascii));
        }
        // In quotes it is what it says, where the type has such a value: `"0"` is a number where 0 stands for null.
        let has_empty = matches!(plain(ty), CqlType::Text | CqlType::Ascii);
        if text.is_empty() { !(field.quoted && has_empty) } else { text == self.null && !field.quoted }
    }
}

fn plain(ty: &CqlType) -> &CqlType {
    match ty {
        CqlType::Frozen(inner) => plain(inner),
        ty => ty,
    }
}

/// Whether a column is part of the primary key.
pub(super) fn is_key(column: &Column) -> bool {
    matches!(column.role, Some(KeyRole::Partition | KeyRole::Clustering))
}

/// Names for a message: the first of them, none too long, and how many more there are.
pub(crate) fn listed(names: &[impl AsRef<str>]) -> String {
    const SHOWN: usize = 12;
    const LONG: usize = 60;
    let short = |name: &str| match name.char_indices().nth(LONG) {
        _ if name.trim().is_empty() => "a column without a name".to_owned(),
        Some((at, _)) => format!("{}…", &name[..at]),
        None => name.to_owned(),
    };
    let shown: Vec<_> = names.iter().take(SHOWN).map(|name| short(name.as_ref())).collect();
    match names.len().checked_sub(SHOWN) {
        None | Some(0) => shown.join(", "),
        Some(more) => format!("{} and {more} more", shown.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use cqlbook_core::value::TimeForm;

    use super::*;

    fn cell(habits: &Habits, ty: CqlType, text: &str, quoted: bool) -> Result<Cell, String> {
        let column = Column { name: "c".to_owned(), cql_type: ty, role: None };
        let field = Field { bytes: text.as_bytes(), quoted, escaped: false };
        habits.cell(&column, Some(field), &mut Notes::default())
    }

    fn bytes(value: &[u8]) -> Result<Cell, String> {
        Ok(Cell::Bytes(value.to_vec().into()))
    }

    #[test]
    fn an_empty_field_is_null_and_an_empty_text_is_in_quotes() {
        let habits = Habits { null: "NA".to_owned(), ..Habits::default() };
        for text in ["", "NA"] {
            assert_eq!(cell(&habits, CqlType::Text, text, false), Ok(Cell::Unset));
            assert_eq!(cell(&habits, CqlType::Text, text, true), bytes(text.as_bytes()));
            assert_eq!(cell(&habits, CqlType::Int, text, true), Ok(Cell::Unset), "no int says so");
        }
        for (null, ty, value) in [
            ("0", CqlType::Int, bytes(&[0; 4])),
            ("NaN", CqlType::Double, bytes(&f64::NAN.to_be_bytes())),
            ("False", CqlType::Boolean, bytes(&[0])),
            ("1970-01-01", CqlType::Date, bytes(&(1_u32 << 31).to_be_bytes())),
            ("[]", CqlType::List(Box::new(CqlType::Int)), bytes(&[0; 4])),
        ] {
            let habits = Habits { null: null.to_owned(), ..Habits::default() };
            assert_eq!(cell(&habits, ty.clone(), null, false), Ok(Cell::Unset), "{null}");
            assert_eq!(cell(&habits, ty, null, true), value, "{null} in quotes is what it says");
        }
        let habits = Habits { null: "NA".to_owned(), cqlsh: true, write_nulls: true, ..Habits::default() };
        assert_eq!(cell(&habits, CqlType::Text, "NA", true), Ok(Cell::Null));
        let told = |ty: CqlType, text: &str, quoted| {
            let column = Column { name: "c".to_owned(), cql_type: ty, role: None };
            let mut notes = Notes::default();
            let field = Field { bytes: text.as_bytes(), quoted, escaped: false };
            habits.cell(&column, Some(field), &mut notes).unwrap();
            notes.quoted_nulls
        };
        assert_eq!(told(CqlType::Text, "NA", true), 1, "it may have been a text");
        assert_eq!(told(CqlType::Text, "NA", false), 0);
        assert_eq!(told(CqlType::Int, "NA", true), 0, "no int says so");
        assert_eq!(told(CqlType::Text, "", true), 0);
        assert_eq!(cell(&habits, CqlType::Text, "", false), bytes(b""));
        let key = Column { name: "k".to_owned(), cql_type: CqlType::Int, role: Some(KeyRole::Partition) };
        assert_eq!(habits.missing(&key), Err("k: a part of the key is missing".to_owned()));
    }

    #[test]
    fn numbers_booleans_and_times_as_the_file_writes_them() {
        let habits = Habits {
            forms: Forms {
                booleans: Some(("ja".to_owned(), "nein".to_owned())),
                timestamps: TimeForm::named("%d.%m.%Y %H:%M"),
                decimal_separator: Some(','),
                thousands_separator: Some('.'),
                ..Forms::default()
            },
            ..Habits::default()
        };
        assert_eq!(cell(&habits, CqlType::Int, "1.234", false), bytes(&1234_i32.to_be_bytes()));
        assert_eq!(cell(&habits, CqlType::Double, "1.234,5", false), bytes(&1234.5_f64.to_be_bytes()));
        assert_eq!(cell(&habits, CqlType::Boolean, "Ja", false), bytes(&[1]));
        assert_eq!(cell(&habits, CqlType::Boolean, "false", false), bytes(&[0]));
        let minute = bytes(&60_000_i64.to_be_bytes());
        assert_eq!(cell(&habits, CqlType::Timestamp, "01.01.1970 00:01", false), minute);
        assert_eq!(cell(&habits, CqlType::Timestamp, "1970-01-01T00:01:00Z", false), minute);
    }

    #[test]
    fn an_escaped_character_may_stand_for_null() {
        let of = |null: &str, escaped, quoted, cqlsh| {
            let habits = Habits { null: null.to_owned(), cqlsh, write_nulls: true, ..Habits::default() };
            let column = Column { name: "c".to_owned(), cql_type: CqlType::Text, role: None };
            habits.cell(&column, Some(Field { bytes: b"N", quoted, escaped }), &mut Notes::default())
        };
        let read = |null: &str, escaped| of(null, escaped, false, true);
        assert_eq!(read("\\N", true), Ok(Cell::Null));
        assert_eq!(
            of("\\N", true, true, true),
            Ok(Cell::Null),
            "in quotes too, as any text that stands for null"
        );
        assert_eq!(of("\\N", true, true, false), bytes(b"N"), "in quotes it is what it says to `%import`");
        assert_eq!(read("\\N", false), bytes(b"N"));
        assert_eq!(read("", true), bytes(b"N"));
        assert_eq!(read("N", true), Ok(Cell::Null));
    }

    #[test]
    fn names_are_listed_in_bounds() {
        assert_eq!(listed(&["a", "b"]), "a, b");
        let many: Vec<_> = (0..3_000).map(|number| format!("{number}{}", "x".repeat(10_000))).collect();
        let told = listed(&many);
        assert!(told.len() < 1_000 && told.ends_with("and 2988 more"), "{told}");
    }

    #[test]
    fn whole_numbers_may_have_a_point_and_nothing_behind_it() {
        let habits = Habits::default();
        assert_eq!(cell(&habits, CqlType::Bigint, " 7.0 ", false), bytes(&7_i64.to_be_bytes()));
        assert!(cell(&habits, CqlType::Bigint, "7.5", false).is_err());
    }
}
