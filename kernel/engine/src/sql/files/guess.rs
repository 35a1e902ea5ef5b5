//! The type of a column of text, guessed from all that stands in it.
//!
//! The rule: a type is taken where it holds each text as it is. Codes stay text (`007`, `+4915…`), whole numbers keep all their
//! digits, and a column is one of doubles only where each of its numbers comes back from one.

use cqlbook_core::column::CqlType;
use cqlbook_core::value::{Forms, Key, Notes, from_text};

/// Decimal digits that every double keeps.
const CERTAIN: usize = 15;

/// What a column's texts can all be read as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Guess {
    seen: bool,
    /// Of 64 bits.
    long: bool,
    whole: bool,
    double: bool,
    number: bool,
    truth: bool,
    date: bool,
    moment: bool,
}

impl Guess {
    pub(super) const ANY: Self = Self {
        seen: false,
        long: true,
        whole: true,
        double: true,
        number: true,
        truth: true,
        date: true,
        moment: true,
    };

    /// Takes a text into account.
    pub(super) fn look(&mut self, text: &str) {
        self.seen = true;
        self.numeral(text);
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

    /// Takes a number into account that cannot be anything else, such as one of JSON; its words for what is no number besides.
    pub(super) fn look_number(&mut self, text: &str) {
        let is_word = matches!(text, "NaN" | "Infinity" | "-Infinity");
        self.seen = true;
        if is_word {
            (self.long, self.whole, self.number) = (false, false, false);
        } else {
            self.numeral(text);
        }
        (self.truth, self.date, self.moment) = (false, false, false);
    }

    /// Takes a text into account that is one whatever it looks like.
    pub(super) fn look_text(&mut self, text: &str) {
        self.look(text);
        (self.long, self.whole, self.double, self.number, self.truth) = (false, false, false, false, false);
    }

    fn numeral(&mut self, text: &str) {
        if !self.double && !self.number && !self.whole {
            return;
        }
        let unsigned = text.strip_prefix('-').unwrap_or(text);
        // A number with a leading zero is a code, such as a postcode, and one with a plus is dialled.
        let code = unsigned.len() > 1 && unsigned.starts_with('0') && !unsigned.starts_with("0.");
        let marks = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-');
        let is_plain = !code
            && unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.')
            && unsigned.bytes().all(marks);
        let is_whole = is_plain && unsigned.bytes().all(|byte| byte.is_ascii_digit());
        self.whole &= is_whole && (text.len() <= CERTAIN || from_text(&CqlType::Varint, text).is_ok());
        self.long &= is_whole && text.parse::<i64>().is_ok();
        self.number &= is_plain && from_text(&CqlType::Decimal, text).is_ok();
        self.double &= is_plain && comes_back(text);
    }

    /// The narrowest type that holds them all.
    pub(super) fn cql_type(self) -> CqlType {
        match self {
            Self { seen: false, .. } => CqlType::Text,
            Self { long: true, .. } => CqlType::Bigint,
            Self { whole: true, .. } => CqlType::Varint,
            Self { double: true, .. } => CqlType::Double,
            Self { number: true, .. } => CqlType::Decimal,
            Self { truth: true, .. } => CqlType::Boolean,
            Self { date: true, .. } => CqlType::Date,
            Self { moment: true, .. } => CqlType::Timestamp,
            _ => CqlType::Text,
        }
    }
}

/// Whether the number that a text says is the one that its double says.
fn comes_back(text: &str) -> bool {
    let Ok(double) = text.parse::<f64>() else { return false };
    if text.len() <= CERTAIN && !text.contains(['e', 'E']) {
        return true;
    }
    let exact = |text: &str| from_text(&CqlType::Decimal, text).ok();
    let (Some(said), Some(kept)) = (exact(text), exact(&format!("{double:e}"))) else { return false };
    Key::of(&CqlType::Decimal, Some(&said)) == Key::of(&CqlType::Decimal, Some(&kept))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn guessed(texts: &[&str]) -> CqlType {
        let mut guess = Guess::ANY;
        texts.iter().for_each(|text| guess.look(text));
        guess.cql_type()
    }

    #[test]
    fn whole_numbers_keep_all_their_digits() {
        assert_eq!(guessed(&["1", "-2", "9223372036854775807"]), CqlType::Bigint);
        assert_eq!(guessed(&["12345678901234567890", "1"]), CqlType::Varint);
        assert_eq!(guessed(&["-9223372036854775809"]), CqlType::Varint);
        assert_eq!(guessed(&["12345678901234567890", "1.5"]), CqlType::Decimal);
        assert_eq!(guessed(&["9007199254740993", "1.5"]), CqlType::Decimal);
        assert_eq!(guessed(&[&"9".repeat(200_000)]), CqlType::Text, "more digits than any number may have");
    }

    #[test]
    fn a_column_is_of_doubles_where_each_number_comes_back_from_one() {
        for kept in
            ["1.5", "0.1", "0.30000000000000004", "1e5", "-2.50", ".5", "1e300", "12345678901234568.0"]
        {
            assert_eq!(guessed(&[kept, "0.5"]), CqlType::Double, "{kept}");
        }
        for lost in
            ["12345678901234567.89", "0.1000000000000000000000001", "1e400", "1e-400", "0.123456789012345678"]
        {
            assert_eq!(guessed(&[lost, "0.5"]), CqlType::Decimal, "{lost}");
        }
    }

    #[test]
    fn codes_stay_text() {
        for code in [
            "007",
            "-007",
            "+4915112345678",
            "+1.5",
            "00.5",
            "1.2.3",
            "1-2",
            "1e",
            "NaN",
            "inf",
            "0x10",
            "-",
            ".",
            "1 000",
            "",
        ] {
            assert_eq!(guessed(&[code]), CqlType::Text, "{code}");
            assert_eq!(guessed(&["1", code]), CqlType::Text, "{code}");
        }
        assert_eq!(guessed(&["0", "-0.5"]), CqlType::Double);
    }

    #[test]
    fn other_types_and_what_is_mixed() {
        assert_eq!(guessed(&["true", "False"]), CqlType::Boolean);
        assert_eq!(guessed(&["2013-01-01", "2013-12-31"]), CqlType::Date);
        assert_eq!(guessed(&["2013-01-01T05:00:00Z"]), CqlType::Timestamp);
        assert_eq!(guessed(&["2013-01-01T05:00:00.1234Z"]), CqlType::Text);
        assert_eq!(guessed(&["2013-01-01", "1"]), CqlType::Text);
        assert_eq!(guessed(&[]), CqlType::Text);
        let mut guess = Guess::ANY;
        guess.look_number("1");
        guess.look_number("NaN");
        assert_eq!(guess.cql_type(), CqlType::Double);
        guess.look_number("12345678901234567.89");
        assert_eq!(guess.cql_type(), CqlType::Text, "no number holds both");
        let mut guess = Guess::ANY;
        guess.look_text("7");
        assert_eq!(guess.cql_type(), CqlType::Text);
    }

    proptest! {
        #[test]
        fn what_a_double_prints_comes_back(bits: u64) {
            let double = f64::from_bits(bits);
            prop_assume!(double.is_finite());
            let (plain, scientific) = (double.to_string(), format!("{double:e}"));
            prop_assert!(comes_back(&plain), "{}", plain);
            prop_assert!(comes_back(&scientific), "{}", scientific);
        }

        #[test]
        fn any_text_is_looked_at_without_panic(text: String, shaped in "[-+0-9eE.]{0,24}") {
            for text in [text, shaped] {
                let ty = guessed(&[&text]);
                prop_assert!(from_text(&ty, &text).is_ok() || text.is_empty(), "{} {}", ty, text);
            }
        }
    }
}
