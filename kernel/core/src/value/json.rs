//! JSON as values of other formats. Numbers keep their digits: they are never turned into floating point.
//!
//! Depth and number of values are bounded, so that a line of brackets costs neither the stack nor the memory. `NaN` and
//! `Infinity`, which Python writes and JSON has not, are taken as the numbers they name. A name that comes twice in one object is
//! refused: nobody knows which of the two was meant.

use std::borrow::Cow;
use std::collections::HashSet;

use super::given::Given;

/// Levels of arrays and objects in each other at most. Types of CQL do not come near.
pub const DEPTH: usize = 64;
/// Values in one text at most, those in arrays and objects among them.
pub const VALUES: usize = 1_000_000;

/// A member of an object: its name and its value.
pub type Member<'a> = (Cow<'a, str>, Given<'a>);

/// The members of a text that is one object. Those whose names are not `wanted` are checked and come as null.
///
/// # Errors
/// What is wrong, and at which byte of the text.
pub fn members<'a>(text: &'a str, wanted: &dyn Fn(&str) -> bool) -> Result<Vec<Member<'a>>, String> {
    let mut reader = Reader { text, at: 0, values: 0 };
    reader.skip_space();
    if !reader.rest().starts_with('{') {
        return Err("the line is no JSON object".to_owned());
    }
    let told = |wrong: String| format!("the line is no JSON object: {wrong}");
    let members = reader.object(1, Some(wanted)).map_err(told)?;
    reader.end().map_err(told)?;
    Ok(members)
}

/// A text that is one JSON value.
///
/// # Errors
/// What is wrong, and at which byte of the text.
pub fn value(text: &str) -> Result<Given<'_>, String> {
    let mut reader = Reader { text, at: 0, values: 0 };
    let value = reader.value(0, true)?;
    reader.end()?;
    Ok(value)
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    values: usize,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn skip_space(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start_matches([' ', '\t', '\n', '\r']).len();
    }

    fn take(&mut self, mark: char) -> bool {
        self.skip_space();
        let found = self.rest().starts_with(mark);
        self.at += usize::from(found);
        found
    }

    fn wrong(&self, what: &str) -> String {
        format!("{what} at byte {}", self.at + 1)
    }

    fn end(&mut self) -> Result<(), String> {
        self.skip_space();
        if self.rest().is_empty() { Ok(()) } else { Err(self.wrong("there is more behind it")) }
    }

    /// Reads a value; one that is not kept is checked and comes as null.
    fn value(&mut self, depth: usize, keep: bool) -> Result<Given<'a>, String> {
        self.skip_space();
        self.values += 1;
        if self.values > VALUES {
            return Err(format!("it has more than {VALUES} values"));
        }
        match self.rest().bytes().next() {
            Some(b'"') if keep => Ok(Given::Text(self.string()?)),
            Some(b'"') => self.string().map(|_| Given::Null),
            Some(b'[' | b'{') if depth >= DEPTH => {
                Err(self.wrong(&format!("it is nested more than {DEPTH} levels deep")))
            }
            Some(b'[') => self.array(depth + 1, keep),
            Some(b'{') => {
                let skip: &dyn Fn(&str) -> bool = &|_| false;
                let members = self.object(depth + 1, (!keep).then_some(skip))?;
                if !keep {
                    return Ok(Given::Null);
                }
                Ok(Given::Map(members.into_iter().map(|(name, value)| (Given::Text(name), value)).collect()))
            }
            Some(_) => self.word(),
            None => Err("it ends early".to_owned()),
        }
    }

    fn array(&mut self, depth: usize, keep: bool) -> Result<Given<'a>, String> {
        self.at += 1;
        let mut items = Vec::new();
        if !self.take(']') {
            loop {
                let item = self.value(depth, keep)?;
                if keep {
                    items.push(item);
                }
                if self.take(',') {
                    continue;
                }
                if self.take(']') {
                    break;
                }
                return Err(self.wrong("expected `,` or `]`"));
            }
        }
        Ok(if keep { Given::List(items) } else { Given::Null })
    }

    /// An object's members. With `wanted`, only those are kept; the others are null, and only the wanted may not come twice.
    fn object(
        &mut self,
        depth: usize,
        wanted: Option<&dyn Fn(&str) -> bool>,
    ) -> Result<Vec<Member<'a>>, String> {
        self.at += 1;
        let mut members: Vec<Member<'a>> = Vec::new();
        let mut seen = HashSet::new();
        if self.take('}') {
            return Ok(members);
        }
        loop {
            self.skip_space();
            if !self.rest().starts_with('"') {
                return Err(self.wrong("expected a name in double quotes"));
            }
            let name = self.string()?;
            if !self.take(':') {
                return Err(self.wrong("expected `:`"));
            }
            let keep = wanted.is_none_or(|wanted| wanted(&name));
            let value = self.value(depth, keep)?;
            if keep && !seen.insert(name.clone()) {
                return Err(self.wrong(&format!("the name `{}` comes twice", short(&name))));
            }
            members.push((name, value));
            if self.take(',') {
                continue;
            }
            if self.take('}') {
                return Ok(members);
            }
            return Err(self.wrong("expected `,` or `}`"));
        }
    }

    fn string(&mut self) -> Result<Cow<'a, str>, String> {
        let body = &self.rest()[1..];
        let mut escaped = false;
        let mut bytes = body.bytes().enumerate();
        while let Some((at, byte)) = bytes.next() {
            match byte {
                b'"' => {
                    let start = self.at;
                    self.at += at + 2;
                    if !escaped {
                        return Ok(Cow::Borrowed(&body[..at]));
                    }
                    let text = serde_json::from_str::<String>(&self.text[start..self.at]);
                    return text.map(Cow::Owned).map_err(|_| self.wrong("a text has a wrong escape"));
                }
                b'\\' => {
                    escaped = true;
                    bytes.next();
                }
                0..0x20 => return Err(self.wrong("a text has a control character that is not escaped")),
                _ => {}
            }
        }
        Err(self.wrong("a text does not end"))
    }

    fn word(&mut self) -> Result<Given<'a>, String> {
        let rest = self.rest();
        let length = rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '+' | '.')))
            .unwrap_or(rest.len());
        let word = &rest[..length];
        let value = match word {
            "null" => Given::Null,
            "true" => Given::Boolean(true),
            "false" => Given::Boolean(false),
            "NaN" | "Infinity" | "-Infinity" => Given::Number(word.into()),
            _ if is_number(word) => Given::Number(word.into()),
            _ => return Err(self.wrong("expected a JSON value")),
        };
        self.at += length;
        Ok(value)
    }
}

/// Whether a word is a number as JSON writes it.
fn is_number(word: &str) -> bool {
    let unsigned = word.strip_prefix('-').unwrap_or(word);
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let whole = digits(unsigned);
    if whole == 0 || (whole > 1 && unsigned.starts_with('0')) {
        return false;
    }
    let mut rest = &unsigned[whole..];
    if let Some(fraction) = rest.strip_prefix('.') {
        let length = digits(fraction);
        if length == 0 {
            return false;
        }
        rest = &fraction[length..];
    }
    if let Some(exponent) = rest.strip_prefix(['e', 'E']) {
        let exponent = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
        let length = digits(exponent);
        if length == 0 {
            return false;
        }
        rest = &exponent[length..];
    }
    rest.is_empty()
}

fn short(name: &str) -> String {
    name.chars().take(60).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn all(text: &str) -> Result<Vec<Member<'_>>, String> {
        members(text, &|_| true)
    }

    #[test]
    fn values_keep_their_digits_and_their_order() {
        let line = r#"{"a\n": 1.50, "big": 100000000000000000000000000001, "n": null, "l": [true, {"x": "é\u0041"}]}"#;
        let (names, values): (Vec<_>, Vec<_>) = all(line).unwrap().into_iter().unzip();
        assert_eq!(names, ["a\n", "big", "n", "l"]);
        let nested = Given::Map(vec![(Given::Text("x".into()), Given::Text("éA".into()))]);
        assert_eq!(
            values,
            [
                Given::Number("1.50".into()),
                Given::Number("100000000000000000000000000001".into()),
                Given::Null,
                Given::List(vec![Given::Boolean(true), nested]),
            ]
        );
        assert_eq!(value(" [NaN, -Infinity] ").unwrap(), value("[NaN,-Infinity]").unwrap());
    }

    #[test]
    fn what_is_no_object() {
        for wrong in [
            "",
            "[1]",
            "{\"a\": 1",
            "{\"a\" 1}",
            "{a: 1}",
            "{\"a\": 01}",
            "{\"a\": .5}",
            "{\"a\": 1.}",
            "{\"a\": 1e}",
            "{\"a\": +1}",
            "{\"a\": 'b'}",
            "{\"a\": 1,}",
            "{\"a\": [1,]}",
            "{\"a\": \"\n\"}",
            "{\"a\": \"\\x\"}",
            "{\"a\": \"\\ud800\"}",
            "{\"a\": 1} x",
            "{\"a\": 1, \"a\": 2}",
            "{\"a\": {\"b\": 1, \"b\": 1}}",
        ] {
            assert!(all(wrong).is_err(), "{wrong}");
        }
        assert!(all("{\"a\": 1, \"a\": 2}").unwrap_err().contains("`a` comes twice"));
        assert!(members("{\"a\": 1, \"a\": 2}", &|_| false).is_ok(), "nobody asked for it");
    }

    #[test]
    fn depth_and_number_are_bounded() {
        let nested = |levels: usize| format!("{{\"a\": {}{}}}", "[".repeat(levels), "]".repeat(levels));
        assert!(all(&nested(DEPTH - 1)).is_ok());
        for levels in [DEPTH, DEPTH + 1, 3_000, 200_000] {
            let error = all(&nested(levels)).unwrap_err();
            assert!(error.contains("nested more than 64 levels"), "{error}");
            assert!(members(&nested(levels), &|_| false).is_err(), "nor where nobody wants it");
        }
        let objects = format!("{}1{}", "{\"a\":".repeat(3_000), "}".repeat(3_000));
        assert!(all(&objects).is_err());
        let many = format!("{{\"a\": [{}1]}}", "1,".repeat(VALUES));
        assert!(all(&many).unwrap_err().contains("more than 1000000 values"));
    }

    proptest! {
        #[test]
        fn what_serde_takes_is_taken(text in r#"[\[\]{}",:0-9eE.truefalsn\\ -]{0,30}"#) {
            let ours = value(&text);
            match serde_json::from_str::<serde_json::Value>(&text) {
                Ok(_) => prop_assert!(ours.is_ok() || ours.unwrap_err().contains("twice"), "{}", text),
                // Python's words and numbers too large for a double are taken besides.
                Err(error) => prop_assert!(ours.is_err() || error.to_string().contains("range"), "{}", text),
            }
        }

        #[test]
        fn any_text_is_read_without_panic(text: String) {
            let _ = (value(&text), all(&text));
        }
    }
}
