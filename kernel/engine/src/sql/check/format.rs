//! The letters of `STRFTIME` and `STRPTIME`: those that the engine has as other databases do.

use sqlparser::ast::{Expr, Value};

use super::refuse;
use crate::sql::SqlError;

/// Letters of text that is written of a time.
const WRITTEN: &str = "YmdHMSyjbBaApI%";
/// Letters of text that is read as a time.
const READ: &str = "YmdHMSbBpI%";

/// Checks the letters of a format, and writes `%f` as the engine has microseconds.
pub(super) fn written(format: &mut Expr) -> Result<(), SqlError> {
    let text = literal(format, "STRFTIME")?;
    *text = checked(text, "STRFTIME", WRITTEN)?;
    Ok(())
}

/// Checks the letters by which a text is read.
pub(super) fn read(format: &mut Expr) -> Result<(), SqlError> {
    let text = literal(format, "STRPTIME")?;
    checked(text, "STRPTIME", READ).map(drop)
}

fn literal<'a>(format: &'a mut Expr, call: &str) -> Result<&'a mut String, SqlError> {
    if let Expr::Value(value) = format
        && let Value::SingleQuotedString(text) = &mut value.value
    {
        return Ok(text);
    }
    Err(refuse(
        format!("`{call}` by a format that is no text in quotes"),
        "Write the format itself: `'%Y-%m-%d'`.",
    ))
}

fn checked(text: &str, call: &str, letters: &str) -> Result<String, SqlError> {
    let mut out = String::with_capacity(text.len());
    let mut marks = text.chars();
    while let Some(mark) = marks.next() {
        out.push(mark);
        if mark != '%' {
            continue;
        }
        match marks.next() {
            Some(letter) if letters.contains(letter) => out.push(letter),
            Some('f') if call == "STRFTIME" => out.push_str("6f"),
            other => {
                let part = other.map(String::from).unwrap_or_default();
                let list: Vec<String> = letters.chars().map(|letter| format!("`%{letter}`")).collect();
                let more = if call == "STRFTIME" { " and `%f`, the microseconds" } else { "" };
                return Err(refuse(
                    format!("`%{part}` in a format of `{call}`, which differs from database to database"),
                    &format!("It takes {}{more}.", list.join(" ")),
                ));
            }
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_letters_of_one_meaning_are_let_through() {
        assert_eq!(
            checked("%Y-%m-%d %H:%M:%S.%f %%", "STRFTIME", WRITTEN).unwrap(),
            "%Y-%m-%d %H:%M:%S.%6f %%"
        );
        for other in ["%g", "%n", "%s", "%e", "%v", "%3f", "%", "%-d", "%Z"] {
            assert!(checked(other, "STRFTIME", WRITTEN).is_err(), "{other}");
            assert!(checked(other, "STRPTIME", READ).is_err(), "{other}");
        }
        assert!(checked("%f", "STRPTIME", READ).is_err() && checked("%y", "STRPTIME", READ).is_err());
    }
}
