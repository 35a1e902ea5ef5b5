//! An activity without what differs from one time to the next.

/// An activity without its numbers and ids, so that the same step of two runs, or of one, is told alike. Names stay as they are.
pub(crate) fn normal(activity: &str) -> String {
    let mut out = String::with_capacity(activity.len().min(200));
    for word in activity
        .split_inclusive(|c: char| c.is_whitespace() || matches!(c, ',' | '(' | ')' | '[' | ']' | '=' | '/'))
    {
        let digits = word.bytes().filter(u8::is_ascii_digit).count();
        // A number, an address or an id, not a name with a number in it.
        let amount = digits > 0
            && (word.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '.'))
                || (digits * 2 >= word.len() && word.len() > 8)
                || is_hex(word.trim_end()));
        if amount {
            out.push('#');
            out.extend(word.chars().last().filter(|c| !c.is_alphanumeric() && *c != '.'));
        } else {
            out.push_str(word);
        }
        if out.len() > 200 {
            break;
        }
    }
    out
}

fn is_hex(word: &str) -> bool {
    word.len() >= 12 && word.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-' || byte == b':')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_step_is_told_alike() {
        let alike = |one: &str, other: &str| assert_eq!(normal(one), normal(other));
        alike("Read 20 live rows and 480 tombstone cells", "Read 1 live rows and 0 tombstone cells");
        alike(
            "Sending READ_REQ message to /127.0.0.2:7000 message size 113 bytes",
            "Sending READ_REQ message to /127.0.0.3:7000 message size 96 bytes",
        );
        alike(
            "Promising ballot 32541ac2-e8ea-11f1-35c3-c6083cd1d02b",
            "Promising ballot d2541ac2-e8ea-11f1-35c3-c6083cd1d02b",
        );
        assert_ne!(
            normal("Executing single-partition query on t1"),
            normal("Executing single-partition query on t2")
        );
        assert_eq!(
            normal("Skipped 0/1 non-slice-intersecting sstables"),
            "Skipped #/# non-slice-intersecting sstables"
        );
    }
}
