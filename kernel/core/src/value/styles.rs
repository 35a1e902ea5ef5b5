//! How `COPY` writes single values where it is told to, at every depth of a value: cqlsh's options. Nothing here reads bytes.
//!
//! What is not asked for is written exactly. A separator that could be taken for one of a collection's own marks is refused before
//! anything is written or read ([`Styles::confused`]): cqlsh writes it, and reads other values back.

use jiff::Timestamp;
use jiff::fmt::strtime;
use jiff::tz::TimeZone;

use crate::column::CqlType;

/// The forms of single values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Styles {
    /// What stands for null inside of a tuple or a user-defined type.
    pub null: String,
    /// How true and false are written.
    pub booleans: (String, String),
    /// The decimal separator.
    pub decimal_separator: char,
    /// The separator of thousands.
    pub thousands_separator: Option<char>,
    /// How timestamps are written, in the letters of strftime; `None` for the usual form.
    pub datetime_format: Option<String>,
    /// The digits of a `float` that are written; `None` for all that it has.
    pub float_precision: Option<u8>,
    /// The same of a `double`.
    pub double_precision: Option<u8>,
}

impl Default for Styles {
    fn default() -> Self {
        Self {
            null: String::new(),
            booleans: ("True".to_owned(), "False".to_owned()),
            decimal_separator: '.',
            thousands_separator: None,
            datetime_format: None,
            float_precision: None,
            double_precision: None,
        }
    }
}

/// A separator of numbers that a collection's marks cannot be told from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Confused {
    /// The option's name.
    pub option: &'static str,
    /// The separator.
    pub mark: char,
}

impl Styles {
    /// Whether a value of the type, or one inside of it, is written in another way than without styles.
    pub fn changes(&self, ty: &CqlType) -> bool {
        let any = |types: &[&CqlType]| types.iter().any(|ty| self.changes(ty));
        match ty {
            CqlType::Frozen(inner)
            | CqlType::List(inner)
            | CqlType::Set(inner)
            | CqlType::Vector(inner, _) => any(&[inner]),
            CqlType::Map(key, value) => any(&[key, value]),
            // Their nulls, and the names of fields.
            CqlType::Tuple(_) | CqlType::Udt(_) => true,
            CqlType::Boolean => self.booleans != Self::default().booleans,
            CqlType::Timestamp => self.datetime_format.is_some(),
            CqlType::Float => self.float_precision.is_some() || self.separates(),
            CqlType::Double => self.double_precision.is_some() || self.separates(),
            ty => is_number(ty) && self.separates(),
        }
    }

    fn separates(&self) -> bool {
        self.decimal_separator != '.' || self.thousands_separator.is_some()
    }

    /// The separator that makes numbers inside of a value of this type unreadable: `[1,5, 2,5]` has four elements.
    pub fn confused(&self, ty: &CqlType) -> Option<Confused> {
        fn inside<'a>(ty: &'a CqlType, nested: bool, out: &mut Vec<&'a CqlType>) {
            match ty {
                CqlType::Frozen(inner) => inside(inner, nested, out),
                CqlType::List(item) | CqlType::Set(item) | CqlType::Vector(item, _) => {
                    inside(item, true, out)
                }
                CqlType::Map(key, value) => {
                    inside(key, true, out);
                    inside(value, true, out);
                }
                CqlType::Tuple(types) => types.iter().for_each(|ty| inside(ty, true, out)),
                CqlType::Udt(udt) => udt.fields.iter().for_each(|(_, ty)| inside(ty, true, out)),
                ty if nested && is_number(ty) => out.push(ty),
                _ => {}
            }
        }
        let mut numbers = Vec::new();
        inside(ty, false, &mut numbers);
        let has_parts = |ty: &&CqlType| matches!(ty, CqlType::Float | CqlType::Double | CqlType::Decimal);
        let confused = |option, mark: Option<char>| {
            let mark = mark.filter(|mark| is_mark(*mark))?;
            Some(Confused { option, mark })
        };
        confused("THOUSANDSSEP", self.thousands_separator.filter(|_| !numbers.is_empty())).or_else(|| {
            let decimal = Some(self.decimal_separator).filter(|_| numbers.iter().any(has_parts));
            confused("DECIMALSEP", decimal)
        })
    }

    pub(super) fn boolean(&self, value: bool) -> &str {
        if value { &self.booleans.0 } else { &self.booleans.1 }
    }

    /// What stands for null inside of a value: the word, where the marker would be taken for something else there.
    pub(super) fn null_inside(&self) -> &str {
        if self.null.contains(is_mark) { "null" } else { &self.null }
    }

    /// A field's name as cqlsh writes it, which knows no quotes there; `None` where it needs them.
    pub(super) fn plain_name(name: &str) -> Option<&str> {
        (!name.is_empty() && !name.contains(is_mark)).then_some(name)
    }

    /// A timestamp in its form; `None` where it has none, or the calendar not the moment.
    pub(super) fn moment(&self, millis: i64) -> Option<String> {
        let instant = Timestamp::from_millisecond(millis).ok()?;
        // Python's letter for microseconds has six digits; of a fraction cqlsh leaves the three that CQL has.
        let form = self.datetime_format.as_ref()?.replace(".%f", ".%3f").replace("%f", "%6f");
        strtime::format(&form, &instant.to_zoned(TimeZone::UTC)).ok()
    }

    /// A number with the digits and the separators that were asked for. `exact` is its text with all digits.
    pub(super) fn number(&self, ty: &CqlType, exact: String) -> String {
        let precision = match ty {
            CqlType::Float => self.float_precision,
            CqlType::Double => self.double_precision,
            _ => None,
        };
        let value = precision.and_then(|precision| Some((precision, exact.parse::<f64>().ok()?)));
        let text = match value {
            Some((precision, value)) if value.is_finite() => match self.thousands_separator {
                Some(_) => without_zeros(&format!("{value:.*}", usize::from(precision))),
                None => significant(value, precision),
            },
            _ => exact,
        };
        self.separated(text)
    }

    /// Puts other separators into a number's digits.
    fn separated(&self, text: String) -> String {
        let is_plain = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E');
        if !self.separates() || !text.bytes().all(is_plain) {
            return text;
        }
        let (digits, exponent) = text.split_at(text.find(['e', 'E']).unwrap_or(text.len()));
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let (sign, whole) = whole.strip_prefix('-').map_or(("", whole), |whole| ("-", whole));
        let mut out = sign.to_owned();
        for (place, digit) in whole.chars().enumerate() {
            if let Some(separator) = self.thousands_separator
                && place > 0
                && (whole.len() - place).is_multiple_of(3)
            {
                out.push(separator);
            }
            out.push(digit);
        }
        if !fraction.is_empty() {
            out.push(self.decimal_separator);
            out.push_str(fraction);
        }
        out.push_str(exponent);
        out
    }
}

/// Whether a character ends a word inside of a collection's text.
fn is_mark(c: char) -> bool {
    c.is_whitespace() || matches!(c, ',' | ':' | '[' | ']' | '{' | '}' | '(' | ')' | '\'' | '"')
}

/// The types that separators are for.
pub(super) fn is_number(ty: &CqlType) -> bool {
    matches!(
        ty,
        CqlType::Tinyint
            | CqlType::Smallint
            | CqlType::Int
            | CqlType::Bigint
            | CqlType::Counter
            | CqlType::Varint
            | CqlType::Float
            | CqlType::Double
            | CqlType::Decimal
    )
}

/// cqlsh's form of a floating-point number: so many digits behind the point where it is near one, so many at all where not.
fn significant(value: f64, precision: u8) -> String {
    let mut digits = i32::from(precision);
    if value.abs() > f64::EPSILON {
        let magnitude = value.abs().log10().trunc() as i32;
        if (-4..digits).contains(&magnitude) {
            digits += magnitude + 1;
        }
    }
    general(value, digits.max(1))
}

/// C's `%.*g`.
fn general(value: f64, digits: i32) -> String {
    let scientific = format!("{value:.*e}", usize::try_from(digits - 1).unwrap_or_default());
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    if exponent < -4 || exponent >= digits {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{}e{sign}{:02}", without_zeros(mantissa), exponent.abs());
    }
    without_zeros(&format!("{value:.*}", usize::try_from(digits - 1 - exponent).unwrap_or_default()))
}

/// Without the zeros at the end of a fraction.
fn without_zeros(text: &str) -> String {
    if !text.contains('.') {
        return text.to_owned();
    }
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::super::decode::styled;
    use super::super::encode::from_literal;
    use super::super::forms::{Forms, Notes, TimeForm};
    use super::*;
    use crate::column::UdtType;

    fn boxed(ty: CqlType) -> Box<CqlType> {
        Box::new(ty)
    }

    fn point() -> CqlType {
        let fields = [("a", CqlType::Int), ("Mixed", CqlType::Text), ("ok", CqlType::Boolean)];
        let fields = fields.into_iter().map(|(name, ty)| (name.to_owned(), ty)).collect();
        CqlType::Udt(Box::new(UdtType { keyspace: "k".to_owned(), name: "p".to_owned(), fields }))
    }

    fn written(ty: &CqlType, literal: &str, styles: &Styles) -> String {
        styled(&from_literal(ty, literal).unwrap().unwrap(), ty, styles).text
    }

    fn swiss() -> Styles {
        Styles {
            null: "NA".to_owned(),
            booleans: ("yes".to_owned(), "no".to_owned()),
            decimal_separator: '~',
            thousands_separator: Some('.'),
            datetime_format: Some("%d/%m/%Y %H:%M:%S.%f".to_owned()),
            ..Styles::default()
        }
    }

    /// The same as the options of a load.
    fn forms(styles: &Styles) -> Forms {
        Forms {
            null: Some(styles.null.clone()),
            booleans: Some(styles.booleans.clone()),
            timestamps: styles.datetime_format.as_deref().and_then(TimeForm::named),
            decimal_separator: Some(styles.decimal_separator),
            thousands_separator: styles.thousands_separator,
            ..Forms::default()
        }
    }

    #[test]
    fn styles_hold_at_every_depth_and_come_back() {
        let double = || boxed(CqlType::Double);
        let cases = [
            (CqlType::Double, "-1234567.5", "-1.234.567~5"),
            (CqlType::Decimal, "1E-400", "1E-400"),
            (CqlType::Decimal, "12.5E+400", "1~25E+401"),
            (CqlType::List(double()), "[1234.5, -0.5, NaN, 1E300]", "[1.234~5, -0~5, NaN, 1e300]"),
            (CqlType::Set(boxed(CqlType::Bigint)), "{-1000, 999}", "{-1.000, 999}"),
            (CqlType::Map(boxed(CqlType::Boolean), double()), "{true: 1000}", "{yes: 1.000}"),
            (CqlType::Vector(boxed(CqlType::Float), 2), "[1000.5, 2]", "[1.000~5, 2]"),
            (
                CqlType::List(boxed(CqlType::Timestamp)),
                "['2024-03-01 05:06:07.089Z']",
                "['01/03/2024 05:06:07.089']",
            ),
            (CqlType::Tuple(vec![CqlType::Int, CqlType::Boolean]), "(null, false)", "(NA, no)"),
            (point(), "{a: 1000, \"Mixed\": 'NA', ok: null}", "{a: 1.000, Mixed: 'NA', ok: NA}"),
            (
                CqlType::List(boxed(CqlType::Frozen(boxed(point())))),
                "[{a: null, \"Mixed\": null, ok: true}]",
                "[{a: NA, Mixed: NA, ok: yes}]",
            ),
        ];
        for (ty, literal, expected) in cases {
            let text = written(&ty, literal, &swiss());
            assert_eq!(text, expected, "{ty}");
            let back = forms(&swiss()).text(&ty, &text, &mut Notes::default());
            assert_eq!(back.map(Some), from_literal(&ty, literal), "{ty}: {text}");
        }
    }

    #[test]
    fn nulls_inside_are_empty_as_cqlsh_writes_them_and_come_back() {
        let styles = Styles::default();
        let pair = CqlType::Tuple(vec![CqlType::Int, CqlType::Text]);
        for (ty, literal, expected) in [
            (point(), "{a: null, \"Mixed\": '', ok: null}", "{a: , Mixed: '', ok: }"),
            (pair.clone(), "(null, 'x')", "(, 'x')"),
            (pair, "(1, null)", "(1, )"),
        ] {
            let text = written(&ty, literal, &styles);
            assert_eq!(text, expected);
            let back = forms(&styles).text(&ty, &text, &mut Notes::default());
            assert_eq!(back.map(Some), from_literal(&ty, literal), "{text}");
        }
        let odd = Styles { null: "n/a, or none".to_owned(), ..Styles::default() };
        assert_eq!(written(&point(), "{a: 1}", &odd), "{a: 1, Mixed: null, ok: null}");
    }

    #[test]
    fn a_separator_that_is_a_mark_of_collections_is_refused_in_them_alone() {
        let comma = Styles { decimal_separator: ',', ..Styles::default() };
        let doubles = CqlType::List(boxed(CqlType::Double));
        assert_eq!(comma.confused(&CqlType::Double), None);
        assert_eq!(comma.confused(&doubles), Some(Confused { option: "DECIMALSEP", mark: ',' }));
        assert_eq!(comma.confused(&CqlType::List(boxed(CqlType::Int))), None, "it has no parts");
        assert_eq!(swiss().confused(&doubles), None);
        for mark in [',', ' ', '\''] {
            let styles = Styles { thousands_separator: Some(mark), ..Styles::default() };
            let confused = Some(Confused { option: "THOUSANDSSEP", mark });
            assert_eq!(styles.confused(&CqlType::Frozen(boxed(point()))), confused);
            assert_eq!(styles.confused(&CqlType::Set(boxed(CqlType::Text))), None);
        }
    }

    #[test]
    fn digits_are_cqlshs_where_they_are_asked_for() {
        let styles = |digits| Styles { double_precision: Some(digits), ..Styles::default() };
        for (value, digits, expected) in [
            ("0.1", 5, "0.1"),
            ("3.14159265358979", 5, "3.14159"),
            ("12345.678912", 5, "12345.67891"),
            ("123456.789", 5, "1.2346e+05"),
            ("0.05", 2, "0.05"),
            ("0.000012345678", 5, "1.2e-05"),
            ("0", 5, "0"),
            ("-1E300", 3, "-1e+300"),
            ("NaN", 5, "NaN"),
            ("-Infinity", 5, "-Infinity"),
        ] {
            assert_eq!(written(&CqlType::Double, value, &styles(digits)), expected, "{value}");
        }
        let list = CqlType::List(boxed(CqlType::Double));
        assert_eq!(written(&list, "[0.123456789]", &styles(3)), "[0.1235]");
        let grouped = Styles { thousands_separator: Some(','), ..styles(2) };
        assert_eq!(written(&CqlType::Double, "1234567.899", &grouped), "1,234,567.9");
        assert_eq!(written(&CqlType::Float, "0.123456789", &styles(3)), "0.12345679", "a float has its own");
    }

    #[test]
    fn what_styles_leave_alone_is_written_as_ever() {
        let usual = Styles::default();
        for ty in [CqlType::Double, CqlType::Boolean, CqlType::Timestamp, CqlType::List(boxed(CqlType::Int))]
        {
            assert!(!usual.changes(&ty), "{ty}");
        }
        assert!(
            usual.changes(&CqlType::List(boxed(point())))
                && swiss().changes(&CqlType::Set(boxed(CqlType::Int)))
        );
        assert!(!swiss().changes(&CqlType::Text));
    }
}
