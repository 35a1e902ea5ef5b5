//! Code spans in a sentence of ours: how a name is put between backticks, and how it is found there again. As in CommonMark, a
//! name with backticks stands between more of them. It knows no markup: how a span looks says whoever shows it.

/// Text from outside as a code span of a sentence: between as many backticks as end it nowhere within.
#[must_use]
pub fn code_span(text: &str) -> String {
    let longest = longest_run(text);
    let fence = "`".repeat(longest + 1);
    // Where a mark would run into one of the text, or a space of the text be taken for the one that parts them.
    let is_parted = longest > 0 && (text.starts_with('`') || text.ends_with('`') || unpadded(text) != text);
    let pad = if is_parted { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// A sentence in its parts, each with whether it is code. Backticks without as many others behind them are text.
pub(crate) fn spans(text: &str) -> Vec<(bool, &str)> {
    let runs = runs(text);
    let mut parts = Vec::new();
    // `at` is where the text begins that is not told of yet; a run opens a span where a later one is as long.
    let (mut at, mut next) = (0, 0);
    let mut later = Later::of(&runs);
    while let Some(&(start, length)) = runs.get(next) {
        match later.after(next, length) {
            Some(closing) => {
                let (end, _) = runs[closing];
                parts.push((false, &text[at..start]));
                let code = &text[start + length..end];
                // Between single backticks a space is the text's own.
                parts.push((true, if length > 1 { unpadded(code) } else { code }));
                at = end + length;
                next = closing + 1;
            }
            None => next += 1,
        }
    }
    parts.push((false, &text[at..]));
    parts.retain(|(code, part)| *code || !part.is_empty());
    parts
}

/// The sentence without its backticks, for a place that shows no code.
pub(crate) fn without_marks(text: &str) -> String {
    spans(text).into_iter().map(|(_, part)| part).collect()
}

/// How many backticks stand side by side at most.
pub(crate) fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or_default()
}

/// Where runs of backticks are, and how long.
fn runs(text: &str) -> Vec<(usize, usize)> {
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for (at, _) in text.match_indices('`') {
        match runs.last_mut() {
            Some((start, length)) if *start + *length == at => *length += 1,
            _ => runs.push((at, 1)),
        }
    }
    runs
}

/// For each length the runs of that length, so that a text of nothing but backticks is read once.
struct Later(std::collections::HashMap<usize, std::collections::VecDeque<usize>>);

impl Later {
    fn of(runs: &[(usize, usize)]) -> Self {
        let mut later = Self(std::collections::HashMap::new());
        for (index, (_, length)) in runs.iter().enumerate() {
            later.0.entry(*length).or_default().push_back(index);
        }
        later
    }

    /// The first run of that length behind the run `index`.
    fn after(&mut self, index: usize, length: usize) -> Option<usize> {
        let known = self.0.get_mut(&length)?;
        while known.front().is_some_and(|first| *first <= index) {
            known.pop_front();
        }
        known.front().copied()
    }
}

/// The code without the space that parts it from its marks: where it begins and ends with one, and has something else.
fn unpadded(code: &str) -> &str {
    let inner = code.strip_prefix(' ').and_then(|code| code.strip_suffix(' '));
    inner.filter(|inner| inner.contains(|c| c != ' ')).unwrap_or(code)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_name_with_backticks_is_one_span() {
        let name = "\"k`<b>`\"";
        assert_eq!(code_span(name), "``\"k`<b>`\"``");
        let text = format!("By {}, and by `day`.", code_span(name));
        let expected = [(false, "By "), (true, name), (false, ", and by "), (true, "day"), (false, ".")];
        assert_eq!(spans(&text), expected);
        assert_eq!(without_marks(&text), "By \"k`<b>`\", and by day.");
    }

    #[test]
    fn a_backtick_alone_is_text() {
        assert_eq!(spans("an ` alone"), [(false, "an ` alone")]);
        assert_eq!(spans("`` and `"), [(false, "`` and `")]);
        assert_eq!(spans("a `b` c ` d"), [(false, "a "), (true, "b"), (false, " c ` d")]);
    }

    #[test]
    fn many_backticks_are_read_once() {
        let text: String = (1..1_500).map(|length| "`".repeat(length) + " ").collect();
        assert_eq!(spans(&text).len(), 1);
    }

    proptest! {
        #[test]
        fn what_is_put_between_backticks_is_found_again(
            before in "[a-z ]{0,4}", code in "[a` \"é]{1,8}", after in "[a-z ]{0,4}",
        ) {
            let text = format!("{before}{}{after}", code_span(&code));
            let found: Vec<&str> = spans(&text).into_iter().filter(|(code, _)| *code).map(|(_, part)| part).collect();
            prop_assert_eq!(found, [code.as_str()]);
        }
    }
}
