//! The one place where positions are converted: Unicode code points in messages, bytes everywhere else.

/// The offset in bytes of a position in code points; a position past the end is the end.
pub(crate) fn to_bytes(code: &str, code_points: usize) -> usize {
    code.char_indices().nth(code_points).map_or(code.len(), |(offset, _)| offset)
}

/// The position in code points of an offset in bytes; an offset inside a character counts as its start, one past
/// the end as the end.
pub(crate) fn to_code_points(code: &str, bytes: usize) -> usize {
    code.char_indices().take_while(|(offset, c)| offset + c.len_utf8() <= bytes).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_after_an_emoji_a_combining_mark_and_past_the_end() {
        // 😀 is 4 bytes, one code point (two UTF-16 units); é here is e and a combining mark: two code points.
        let code = "😀e\u{301}x";
        assert_eq!([0, 1, 2, 3, 4, 9].map(|n| to_bytes(code, n)), [0, 4, 5, 7, 8, 8]);
        assert_eq!([0, 4, 5, 7, 8, 99].map(|n| to_code_points(code, n)), [0, 1, 2, 3, 4, 4]);
        assert_eq!(to_code_points(code, 2), 0);
    }
}
