//! A secret as a type: it cannot be displayed, debugged, cloned by accident or serialised, and is zeroed when dropped.

use std::borrow::Cow;

use zeroize::Zeroizing;

use crate::redact::{MASK, is_quote};

/// A password, token or passphrase. The only way to its text is [`Secret::expose`], which is easy to search for.
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes the text over; the caller keeps no copy.
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The text itself, for the one place that sends or seals it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A second holder of the same secret, made on purpose.
    #[must_use]
    pub fn duplicate(&self) -> Self {
        Self::new(String::clone(&self.0))
    }

    /// The text with every place masked where the secret stands in it, as it is or as CQL quotes it (`it''s`).
    ///
    /// A secret of fewer than four characters is not looked for: it would be found in ordinary words, and where it was found
    /// would tell what it is.
    pub fn mask_in<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let own = self.0.trim();
        if own.chars().nth(SHORTEST - 1).is_none() || !(text.contains(own) || own.contains('\'')) {
            return Cow::Borrowed(text);
        }
        let quoted = Zeroizing::new(own.replace('\'', "''"));
        if text.contains(own) || text.contains(quoted.as_str()) {
            Cow::Owned(text.replace(own, MASK).replace(quoted.as_str(), MASK))
        } else {
            Cow::Borrowed(text)
        }
    }

    /// The text with what begins like the secret and is cut off masked: where a quote or bracket opens it and a mark of the cut, or the
    /// end of the text, ends it; or half of it behind or before one of these.
    pub fn mask_beginnings_in<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let own = self.0.trim();
        let Some(first) = own.chars().next() else { return Cow::Borrowed(text) };
        let half = own.chars().count().div_ceil(2).max(SHORTEST);
        let mut masked = String::new();
        let mut done = 0;
        for (at, _) in text.match_indices(first) {
            if at < done {
                continue;
            }
            let same = text[at..].chars().zip(own.chars()).take_while(|(left, right)| left == right);
            let (count, length) =
                same.fold((0, 0), |(count, length), (c, _)| (count + 1, length + c.len_utf8()));
            let rest = &text[at + length..];
            let is_quoted = text[..at].ends_with(is_quote);
            let is_opened = is_quoted || text[..at].ends_with(['[', '`']);
            let is_cut = rest.is_empty() || ["]", "...", "…"].iter().any(|mark| rest.starts_with(mark));
            if length == own.len() || !((is_quoted && is_cut) || (count >= half && (is_opened || is_cut))) {
                continue;
            }
            masked.push_str(&text[done..at]);
            masked.push_str(MASK);
            done = at + length;
        }
        if done == 0 {
            return Cow::Borrowed(text);
        }
        masked.push_str(&text[done..]);
        Cow::Owned(masked)
    }
}

/// The fewest characters of a secret that is looked for in a text.
const SHORTEST: usize = 4;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn masked(secret: &str, text: &str) -> String {
        Secret::new(secret.to_owned()).mask_in(text).into_owned()
    }

    #[test]
    fn a_secret_is_masked_wherever_it_stands() {
        assert_eq!(
            masked("hunter2", "-- hunter2, 'hunter2' and hunter22"),
            "-- <secret>, '<secret>' and <secret>2"
        );
        assert_eq!(masked("it's", "SELECT 'it''s', $$it's$$"), "SELECT '<secret>', $$<secret>$$");
        assert_eq!(masked(" hunter2\n", "hunter2"), "<secret>", "blanks around it came with a prompt");
        assert_eq!(masked("hunter2", "Hunter2"), "Hunter2");
    }

    #[test]
    fn a_short_secret_is_not_looked_for() {
        assert_eq!(masked("abc", "abc"), "abc");
        assert_eq!(masked("", "abc"), "abc");
        assert_eq!(masked("éééé", "éééé"), "<secret>");
    }

    proptest! {
        #[test]
        fn it_survives_nowhere(secret in "[a-z0-9'é]{3}[0-9]", before in "\\PC{0,40}", after in "\\PC{0,40}") {
            let quoted = secret.replace('\'', "''");
            let text = masked(&secret, &format!("{before}{secret}{after}{quoted}{before}"));
            prop_assert!(!text.contains(&secret), "{text:?}");
        }
    }
}
