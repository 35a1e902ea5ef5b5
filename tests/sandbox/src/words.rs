//! Made-up identifiers in the shapes that Astra gives them. Random, and worth nothing outside a sandbox.

use uuid::Uuid;

const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const SECRET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,._-";
const HEX: &[u8] = b"0123456789abcdef";

/// Sixteen bytes, of which four bits and two bits are fixed by the UUID format they come from (bytes 6 and 8).
pub(crate) fn random_bytes() -> [u8; 16] {
    Uuid::new_v4().into_bytes()
}

/// `length` characters drawn from `alphabet` (of at most 256).
fn draw(alphabet: &[u8], length: usize) -> String {
    std::iter::repeat_with(random_bytes)
        .flat_map(|bytes| bytes.into_iter().take(6))
        .map(|byte| char::from(alphabet[usize::from(byte) % alphabet.len()]))
        .take(length)
        .collect()
}

/// A Client ID: 24 letters.
pub(crate) fn client_id() -> String {
    draw(LETTERS, 24)
}

/// A Client Secret: 128 characters.
pub(crate) fn client_secret() -> String {
    draw(SECRET, 128)
}

/// A token: `AstraCS:`, 24 letters, a colon, 64 hexadecimal digits; 97 characters in all.
pub(crate) fn token() -> String {
    format!("AstraCS:{}:{}", draw(LETTERS, 24), draw(HEX, 64))
}

/// A password for what nobody reads: 32 letters and digits.
pub(crate) fn password() -> String {
    Uuid::new_v4().simple().to_string()
}

/// A short ending that makes a name unique among the fronts of a sandbox.
pub(crate) fn suffix() -> String {
    draw(HEX, 8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_have_the_shapes_of_astras() {
        assert_eq!(client_id().len(), 24);
        assert_eq!(token().len(), 97);
        assert_ne!(token(), token());
        assert!(client_secret().bytes().all(|byte| SECRET.contains(&byte)));
    }
}
