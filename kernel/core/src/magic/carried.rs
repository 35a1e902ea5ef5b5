//! Which options carry a secret: by their name, also one that is misspelt, or with the secret glued to it.
//!
//! No option of a magic takes a secret, so there is no name to compare with but those that other programs have. In doubt it is a secret.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use super::MAGICS;
use crate::nearest::nearest;

/// Names of options that would carry a secret.
const SECRETS: [&str; 9] = [
    "application-token",
    "client-secret",
    "pass",
    "passphrase",
    "passwd",
    "password",
    "pwd",
    "secret",
    "token",
];

/// The options that there are.
static OPTIONS: LazyLock<BTreeSet<&'static str>> = LazyLock::new(|| {
    let options = MAGICS.iter().flat_map(|magic| magic.forms).flat_map(|form| form.options);
    options.map(|option| option.name).collect()
});

/// Those of them that carry no secret.
static KNOWN: LazyLock<BTreeSet<&'static str>> =
    LazyLock::new(|| OPTIONS.iter().copied().filter(|name| !SECRETS.contains(name)).collect());

/// Whether some magic has an option of this very name.
pub(crate) fn is_option(name: &str) -> bool {
    OPTIONS.contains(name)
}

/// Whether the name of an option, as it was typed, means a secret that stands behind it: `--client_secret`, `--secert`, `-p`.
pub(crate) fn means_secret(name: &str, short: bool) -> bool {
    let name = spelt(name);
    if SECRETS.contains(&name.as_str()) || (short && name == "p") {
        return true;
    }
    // Most names are near to none of these, and a cell may have very many.
    if KNOWN.contains(name.as_str()) || near(&name, SECRETS).is_none() {
        return false;
    }
    near(&name, KNOWN.iter().copied().chain(SECRETS)).is_some_and(|near| SECRETS.contains(&near))
}

/// Where in the name of an option, as it was typed, a secret begins that is glued to it: `-phunter2`, `--passwordhunter2`.
pub(crate) fn glued(name: &str, short: bool) -> Option<usize> {
    let spelt = spelt(name);
    if KNOWN.contains(spelt.as_str()) || SECRETS.contains(&spelt.as_str()) {
        return None;
    }
    let words = SECRETS.iter().filter(|word| spelt.starts_with(**word)).map(|word| word.len());
    // What is near to a name that there is, is a slip in that name: `--token-fil`.
    let word = words.max().filter(|_| near(&spelt, KNOWN.iter().copied()).is_none());
    word.or_else(|| (short && spelt.starts_with('p') && spelt.len() > 1).then_some(1))
}

/// A name with the capitals and dashes that options have. It is as long as what was typed.
pub(super) fn spelt(name: &str) -> String {
    name.to_ascii_lowercase().replace('_', "-")
}

/// The candidate that was probably meant, of those that are about as long.
fn near(name: &str, candidates: impl IntoIterator<Item = &'static str>) -> Option<&'static str> {
    let about_as_long = |one: &&str| one.len().abs_diff(name.len()) <= (one.len().max(name.len()) / 3).max(1);
    nearest(name, candidates.into_iter().filter(about_as_long))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_misspelt_or_glued_is_seen_and_other_options_are_not() {
        for name in
            ["client_secret", "Token", "pasword", "passwrd", "secert", "client-secert", "tokn", "pasphrase"]
        {
            assert!(means_secret(name, false) && means_secret(name, true), "{name}");
        }
        assert!(means_secret("p", true) && !means_secret("p", false));
        for (name, short, at) in [
            ("phunter2", true, 1),
            ("prot", true, 1),
            ("passwordhunter2", false, 8),
            ("Passwordhunter2", true, 8),
            ("tokenhunter2", false, 5),
            ("client_secrethunter2", false, 13),
        ] {
            assert_eq!(glued(name, short), Some(at), "{name}");
        }
        for name in
            KNOWN.iter().copied().chain(["prot", "kespace", "token-fil", "u", "nosuch", "hsot", "yess"])
        {
            assert!(!means_secret(name, false) && glued(name, false).is_none(), "{name}");
        }
        assert_eq!(glued("port", true), None);
    }
}
