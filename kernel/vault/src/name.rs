//! What a connection may be called.

/// The longest name, in characters.
pub const MAX_NAME: usize = 80;

/// The words after `%connect` that mean a form, not a name.
const RESERVED: [&str; 2] = ["astra", "cassandra"];

/// Why a name is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NameError {
    /// It is empty or has only spaces.
    #[error("a connection's name is empty")]
    Empty,
    /// It has more than [`MAX_NAME`] characters.
    #[error("a connection's name has more than {MAX_NAME} characters")]
    TooLong,
    /// It has a character that cannot be seen, or that changes how others are seen.
    #[error("a connection's name has a character that cannot be seen")]
    Invisible,
    /// It begins like an option.
    #[error("a connection's name begins with `-`, as options do")]
    LikeAnOption,
    /// `%connect astra` and `%connect cassandra` mean new connections.
    #[error("`{word}` is the word for a new connection, and no name")]
    Reserved {
        /// The word.
        word: &'static str,
    },
}

/// The name without the spaces around it, if connections may be called so.
///
/// # Errors
/// [`NameError`].
pub fn check_name(name: &str) -> Result<&str, NameError> {
    let name = name.trim();
    if name.is_empty() {
        return Err(NameError::Empty);
    }
    if name.chars().count() > MAX_NAME {
        return Err(NameError::TooLong);
    }
    if name.chars().any(is_invisible) {
        return Err(NameError::Invisible);
    }
    if name.starts_with('-') {
        return Err(NameError::LikeAnOption);
    }
    match RESERVED.iter().find(|word| key(name) == **word) {
        Some(word) => Err(NameError::Reserved { word }),
        None => Ok(name),
    }
}

/// What two names that count as the same have in common: capitals do not matter.
pub(crate) fn key(name: &str) -> String {
    name.trim().to_lowercase()
}

/// Control characters, and the spaces and marks without width that make one name look like another.
fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_names_are_taken_without_the_spaces_around_them() {
        for name in
            ["Production", " Production - Astra DB ", "prod/eu-west-1 (blue)", "Größe 日本 🚀", "astra2"]
        {
            assert_eq!(check_name(name), Ok(name.trim()));
        }
        assert_eq!(check_name(&"é".repeat(MAX_NAME)).map(str::len), Ok(2 * MAX_NAME));
    }

    #[test]
    fn others_are_refused_with_the_reason() {
        assert_eq!(check_name(" \t"), Err(NameError::Empty));
        assert_eq!(check_name(&"x".repeat(MAX_NAME + 1)), Err(NameError::TooLong));
        for name in ["a\nb", "a\u{1b}[31m", "abc\u{202e}cba", "pay\u{200b}pal"] {
            assert_eq!(check_name(name), Err(NameError::Invisible), "{name:?}");
        }
        assert_eq!(check_name("--name"), Err(NameError::LikeAnOption));
        assert_eq!(check_name("Astra"), Err(NameError::Reserved { word: "astra" }));
        assert_eq!(check_name("cassandra"), Err(NameError::Reserved { word: "cassandra" }));
    }
}
