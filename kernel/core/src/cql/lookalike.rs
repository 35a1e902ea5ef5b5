//! Characters that look like CQL's own and are none: typographic quotes, dashes, blanks, full-width marks. Pure.
//!
//! Documents and chats put them in place of what was typed. Outside strings, quoted names and comments no CQL has them, and Cassandra's
//! words for them name neither the character nor the plain one. Names after Unicode's own.

use super::lexer::{Open, Token, TokenKind, is_blank, lex};
use crate::diagnostic::{Code, Diagnostic};
use crate::text::Span;

/// What a character is and what is typed in its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LookAlike {
    pub(crate) character: char,
    pub(crate) name: &'static str,
    /// What is typed; nothing where the character is to be deleted.
    pub(crate) plain: Plain,
}

/// What is typed in a character's place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Plain {
    /// This text.
    Text(&'static str),
    /// This character.
    Char(char),
    /// A plain blank.
    Blank,
    /// `'` around a text, `"` around a name.
    Quote,
    /// Nothing.
    Nothing,
}

const SINGLE: Plain = Plain::Text("'");

/// The characters, with what closes a quotation that each of them opens.
const KNOWN: &[(char, &str, Plain, &str)] = &[
    ('\u{2018}', "left single quotation mark", SINGLE, "’‘"),
    ('\u{2019}', "right single quotation mark", SINGLE, "’‘"),
    ('\u{201a}', "low single quotation mark", SINGLE, "‘’"),
    ('\u{201b}', "single high-reversed quotation mark", SINGLE, "’"),
    ('\u{2032}', "prime", SINGLE, "′"),
    ('\u{00b4}', "acute accent", SINGLE, "´"),
    ('\u{2039}', "single left-pointing angle quotation mark", SINGLE, "›"),
    ('\u{203a}', "single right-pointing angle quotation mark", SINGLE, "‹›"),
    ('`', "backtick", Plain::Text("\""), "`"),
    ('\u{201c}', "left double quotation mark", Plain::Quote, "”“"),
    ('\u{201d}', "right double quotation mark", Plain::Quote, "”"),
    ('\u{201e}', "low double quotation mark", Plain::Quote, "“”"),
    ('\u{201f}', "double high-reversed quotation mark", Plain::Quote, "”"),
    ('\u{2033}', "double prime", Plain::Quote, "″"),
    ('\u{00ab}', "left-pointing double angle quotation mark", Plain::Quote, "»"),
    ('\u{00bb}', "right-pointing double angle quotation mark", Plain::Quote, "«»"),
    ('\u{ff02}', "full-width quotation mark", Plain::Quote, "＂"),
    ('\u{ff07}', "full-width apostrophe", SINGLE, "＇"),
    ('\u{2010}', "hyphen", Plain::Text("-"), ""),
    ('\u{2011}', "no-break hyphen", Plain::Text("-"), ""),
    ('\u{2012}', "figure dash", Plain::Text("-"), ""),
    ('\u{2013}', "en dash", Plain::Text("-"), ""),
    ('\u{2014}', "em dash", Plain::Text("-"), ""),
    ('\u{2015}', "horizontal bar", Plain::Text("-"), ""),
    ('\u{2212}', "minus sign", Plain::Text("-"), ""),
    ('\u{fe58}', "small em dash", Plain::Text("-"), ""),
    ('\u{fe63}', "small hyphen-minus", Plain::Text("-"), ""),
    ('\u{037e}', "Greek question mark", Plain::Text(";"), ""),
    ('\u{061b}', "Arabic semicolon", Plain::Text(";"), ""),
    ('\u{060c}', "Arabic comma", Plain::Text(","), ""),
    ('\u{3001}', "ideographic comma", Plain::Text(","), ""),
    ('\u{3002}', "ideographic full stop", Plain::Text("."), ""),
    ('\u{2026}', "ellipsis", Plain::Nothing, ""),
    ('\u{2236}', "ratio", Plain::Text(":"), ""),
    ('\u{00d7}', "multiplication sign", Plain::Text("*"), ""),
    ('\u{2217}', "asterisk operator", Plain::Text("*"), ""),
    ('\u{2044}', "fraction slash", Plain::Text("/"), ""),
    ('\u{2215}', "division slash", Plain::Text("/"), ""),
    ('\u{2260}', "not equal to", Plain::Text("!="), ""),
    ('\u{2264}', "less-than or equal to", Plain::Text("<="), ""),
    ('\u{2265}', "greater-than or equal to", Plain::Text(">="), ""),
    ('\u{03bc}', "Greek letter mu", Plain::Text("us"), ""),
    ('\u{3010}', "left black bracket", Plain::Text("["), ""),
    ('\u{3011}', "right black bracket", Plain::Text("]"), ""),
    ('\u{00a0}', "no-break space", Plain::Blank, ""),
    ('\u{202f}', "narrow no-break space", Plain::Blank, ""),
    ('\u{3000}', "ideographic space", Plain::Blank, ""),
    ('\u{2028}', "line separator", Plain::Blank, ""),
    ('\u{2029}', "paragraph separator", Plain::Blank, ""),
    ('\u{0085}', "next line", Plain::Blank, ""),
    ('\u{000b}', "vertical tab", Plain::Blank, ""),
    ('\u{000c}', "form feed", Plain::Blank, ""),
    ('\u{200b}', "zero-width space", Plain::Nothing, ""),
    ('\u{200c}', "zero-width non-joiner", Plain::Nothing, ""),
    ('\u{200d}', "zero-width joiner", Plain::Nothing, ""),
    ('\u{2060}', "word joiner", Plain::Nothing, ""),
    ('\u{feff}', "byte order mark", Plain::Nothing, ""),
    ('\u{00ad}', "soft hyphen", Plain::Nothing, ""),
    ('\u{200e}', "left-to-right mark", Plain::Nothing, ""),
    ('\u{200f}', "right-to-left mark", Plain::Nothing, ""),
];

/// What a character is taken for; `None` where it is no such character.
pub(crate) fn of(character: char) -> Option<LookAlike> {
    let known = |name, plain| Some(LookAlike { character, name, plain });
    if let Some((_, name, plain, _)) = KNOWN.iter().find(|(one, ..)| *one == character) {
        return known(name, *plain);
    }
    match character {
        // The full-width forms stand in the order of ASCII.
        '\u{ff01}'..='\u{ff5e}' => {
            let plain = char::from_u32(u32::from(character) - 0xfee0)?;
            known("full-width form", Plain::Char(plain))
        }
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
            known("mark of the direction of writing", Plain::Nothing)
        }
        _ if character.is_whitespace() && !matches!(character, ' ' | '\t' | '\n' | '\r') => {
            known("odd blank", Plain::Blank)
        }
        _ => None,
    }
}

/// The first such character of a token that is neither string, quoted name nor comment.
pub(crate) fn first_in(source: &str, token: Token) -> Option<Span> {
    if !matches!(token.kind, TokenKind::Unknown | TokenKind::Whitespace) {
        return None;
    }
    let text = token.span.of(source);
    let (at, character) = text.char_indices().find(|(_, character)| of(*character).is_some())?;
    Some(Span::new(token.span.start + at, token.span.start + at + character.len_utf8()))
}

/// What is said of the first such character of a CQL text outside strings, quoted names and comments. The span is of `text`.
pub fn refusal(text: &str, code: Code) -> Option<Diagnostic> {
    let mut tokens = lex(text).into_iter();
    let first = tokens.find_map(|token| first_in(text, token))?;
    let more: Vec<char> =
        tokens.filter_map(|token| first_in(text, token)?.of(text).chars().next()).take(64).collect();
    told(text, first, &more, code)
}

/// Whether a character opens a quotation, as a typographic quote does.
fn opens(character: char) -> bool {
    character != '`' && of(character).is_some_and(|known| matches!(known.plain, SINGLE | Plain::Quote))
}

fn is_dash(character: char) -> bool {
    of(character).is_some_and(|known| known.plain == Plain::Text("-"))
}

/// What is said of such a character in a word of a magic's line, where it stands for a plain one: as the dash of an option, a quote
/// around a value, or a blank before an option. Elsewhere a word may hold it, as the name of a file may.
pub(crate) fn in_a_word(line: &str, word: Span) -> Option<Diagnostic> {
    let text = word.of(line);
    let named = if text.starts_with("--") { text.split_once('=').map_or(text, |(name, _)| name) } else { "" };
    let first = text.chars().next()?;
    let value =
        text.find(['=', '＝']).map_or(0, |at| at + text[at..].chars().next().map_or(1, char::len_utf8));
    let is_option = |rest: &str| {
        rest.trim_start_matches(|c| c == '-' || is_dash(c)).starts_with(|c: char| c.is_ascii_alphabetic())
    };
    let before_option = || {
        text.char_indices().find(|(at, c)| {
            of(*c).is_some_and(|known| known.plain == Plain::Blank)
                && text[at + c.len_utf8()..].starts_with("--")
        })
    };
    let at = if opens(first) || (is_dash(first) && is_option(text)) {
        Some(0)
    } else if let Some((at, _)) = named.char_indices().find(|(_, c)| of(*c).is_some()) {
        Some(at)
    } else if (text.starts_with('-') || is_dash(first)) && text[value..].starts_with(opens) {
        Some(value)
    } else {
        before_option().map(|(at, _)| at)
    }?;
    let known = of(text[at..].chars().next()?)?;
    let remedy = match known.plain {
        SINGLE | Plain::Quote => "type `'` or `\"`".to_owned(),
        Plain::Text("-") => "type `-`: an option begins with `--`".to_owned(),
        _ => known.remedy(),
    };
    let start = word.start + at;
    let told = Diagnostic::new(Code::Usage, format!("{} is not taken here.", known.as_subject()))
        .with_cause("It looks like a plain one, or like nothing, and was probably put there by the program that the line was copied from.")
        .with_hint(format!("At the marked place {remedy}."))
        .with_hint("A file may be called so: write its name within plain quotes.")
        .with_span(Span::new(start, start + known.character.len_utf8()));
    Some(told)
}

/// Whether a character is seen as nothing at all.
pub(crate) fn is_invisible(text: &str) -> bool {
    text.chars().all(|character| {
        is_blank(character)
            || of(character).is_some_and(|known| known.plain == Plain::Nothing && character != '…')
    })
}

/// Where quotations end that such characters open; reads a text once, however many of them are never closed.
#[derive(Debug, Default)]
pub(crate) struct Quotations {
    /// By the marks that close a quotation: before which byte one that starts is not closed.
    unclosed: Vec<(&'static str, usize)>,
}

impl Quotations {
    /// Where the quotation ends that the character at byte `start` opens: behind the mark that closes it. It does not reach
    /// over the end of a line that a `;` ends.
    pub(crate) fn end(&mut self, source: &str, start: usize) -> Option<usize> {
        let rest = source.get(start..)?;
        let open = rest.chars().next()?;
        let (.., closing) = KNOWN.iter().find(|(one, ..)| *one == open)?;
        let known = self.unclosed.iter_mut().find(|(marks, _)| marks == closing);
        if closing.is_empty() || known.as_ref().is_some_and(|(_, before)| start < *before) {
            return None;
        }
        // Whatever starts before the last `;` that was met goes the same way to the same end.
        let mut last = start;
        let mut ended = false;
        let mut before = source.len();
        for (at, character) in rest.char_indices().skip(1) {
            match character {
                _ if closing.contains(character) => return Some(start + at + character.len_utf8()),
                '\n' if ended => {
                    before = last;
                    break;
                }
                ';' => {
                    ended = true;
                    last = start + at;
                }
                blank if is_blank(blank) => {}
                _ => ended = false,
            }
        }
        match known {
            Some(known) => known.1 = before,
            None => self.unclosed.push((closing, before)),
        }
        None
    }
}

/// The first character of what is left open that was probably meant to close it.
pub(crate) fn closing(open: &str, what: Open) -> Option<LookAlike> {
    if !matches!(what, Open::String | Open::QuotedName) {
        return None;
    }
    let wanted = [SINGLE, Plain::Quote];
    open.chars()
        .filter(|character| !character.is_ascii())
        .filter_map(of)
        .find(|known| wanted.contains(&known.plain))
}

impl LookAlike {
    /// The character and its number: "`’` (U+2019, right single quotation mark)", or "a zero-width space (U+200B)" where nothing is seen.
    pub(crate) fn described(self) -> String {
        let number = u32::from(self.character);
        if self.character == '`' || is_invisible(&self.character.to_string()) {
            let article = if self.name.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
            return format!("{article} {} (U+{number:04X})", self.name);
        }
        format!("`{}` (U+{number:04X}, {})", self.character, self.name)
    }

    /// The same at the start of a sentence.
    fn as_subject(self) -> String {
        let what = self.described();
        what.strip_prefix('a').map_or_else(|| what.clone(), |rest| format!("A{rest}"))
    }

    /// What is to be done with it, as a clause without its subject.
    fn remedy(self) -> String {
        match self.plain {
            Plain::Text("-") if matches!(self.character, '—' | '–') => {
                "type `-`, or `--` where a comment starts".to_owned()
            }
            Plain::Text(plain) => format!("type `{plain}`"),
            Plain::Char(plain) => format!("type `{plain}`"),
            Plain::Blank => "type a blank".to_owned(),
            Plain::Quote => "type `'` around a text, or `\"` around a name".to_owned(),
            Plain::Nothing if self.character == '…' => "write what it stands for".to_owned(),
            Plain::Nothing => "delete it".to_owned(),
        }
    }
}

/// Says that the character at `place` of the source is none of CQL, and what is typed in its place. `others` are further
/// ones of the same statement.
pub(crate) fn told(source: &str, place: Span, others: &[char], code: Code) -> Option<Diagnostic> {
    let first = of(place.of(source).chars().next()?)?;
    let what = first.as_subject();
    let said = if code == Code::SyntaxError {
        format!("{what} is no character of CQL.")
    } else {
        format!("{what} is not taken here.")
    };
    let mut told = Diagnostic::new(code, said)
        .with_cause("It looks like a plain one, or like nothing, and was probably put there by the program that the text was copied from. In a string, a quoted name or a comment it may stand.")
        .with_hint(format!("At the marked place {}.", first.remedy()))
        .with_span(place);
    let mut seen = vec![first.character];
    let mut more = Vec::new();
    for other in others.iter().copied().filter_map(of) {
        if !seen.contains(&other.character) && more.len() < MOST {
            seen.push(other.character);
            more.push(format!("for {} {}", other.described(), other.remedy()));
        }
    }
    if !more.is_empty() {
        told = told.with_hint(format!("There are more behind it: {}.", more.join("; ")));
    }
    Some(told)
}

/// Further characters that are named.
const MOST: usize = 6;

#[cfg(test)]
mod tests {
    use super::*;

    fn of_text(source: &str) -> String {
        let (at, character) = source.char_indices().find(|(_, one)| of(*one).is_some()).expect("one");
        let others: Vec<char> = source[at..].chars().filter(|one| of(*one).is_some()).collect();
        let place = Span::new(at, at + character.len_utf8());
        let told = told(source, place, &others, Code::SyntaxError).expect("told");
        format!("{} | {}", told.message, told.hints.join(" | "))
    }

    #[test]
    fn each_is_named_with_what_to_type() {
        insta::assert_snapshot!(["a = ‘x’", "a – 1", "a\u{a0}b", "a\u{200b}b", "a\u{37e}", "（a，b）", "“T”", "`t`", "5μs", "a ≥ 1", "SELECT …"]
            .map(of_text).join("\n"), @r#"
        `‘` (U+2018, left single quotation mark) is no character of CQL. | At the marked place type `'`. | There are more behind it: for `’` (U+2019, right single quotation mark) type `'`.
        `–` (U+2013, en dash) is no character of CQL. | At the marked place type `-`, or `--` where a comment starts.
        A no-break space (U+00A0) is no character of CQL. | At the marked place type a blank.
        A zero-width space (U+200B) is no character of CQL. | At the marked place delete it.
        `;` (U+037E, Greek question mark) is no character of CQL. | At the marked place type `;`.
        `（` (U+FF08, full-width form) is no character of CQL. | At the marked place type `(`. | There are more behind it: for `，` (U+FF0C, full-width form) type `,`; for `）` (U+FF09, full-width form) type `)`.
        `“` (U+201C, left double quotation mark) is no character of CQL. | At the marked place type `'` around a text, or `"` around a name. | There are more behind it: for `”` (U+201D, right double quotation mark) type `'` around a text, or `"` around a name.
        A backtick (U+0060) is no character of CQL. | At the marked place type `"`.
        `μ` (U+03BC, Greek letter mu) is no character of CQL. | At the marked place type `us`.
        `≥` (U+2265, greater-than or equal to) is no character of CQL. | At the marked place type `>=`.
        `…` (U+2026, ellipsis) is no character of CQL. | At the marked place write what it stands for.
        "#);
    }

    #[test]
    fn a_quotation_ends_at_the_mark_that_closes_it() {
        let of = |text: &str| Quotations::default().end(text, 0).map(|end| text[..end].to_owned());
        assert_eq!(of("‘a;b’ x").as_deref(), Some("‘a;b’"));
        assert_eq!(of("„a“ x").as_deref(), Some("„a“"));
        assert_eq!(of("«a;\nb» x").as_deref(), None, "a statement ended there");
        assert_eq!(of("«a\nb» x").as_deref(), Some("«a\nb»"));
        assert_eq!(of("’s x"), None);
        assert_eq!(of("– 1 –"), None);
    }

    #[test]
    fn what_is_known_of_one_quotation_holds_for_the_next_alone_where_it_must() {
        let ends = |text: &str| {
            let mut quotations = Quotations::default();
            let marks = text.char_indices().filter(|(_, one)| of(*one).is_some());
            marks.map(|(at, _)| quotations.end(text, at)).collect::<Vec<_>>()
        };
        let text = "« a; « b;\n«c»";
        assert_eq!(ends(text), [None, None, Some(text.len()), None]);
        assert_eq!(ends("« a; x\n« b; ‘c’")[2], Some("« a; x\n« b; ‘c’".len()));
        let again = "«;\n;«\n»";
        assert_eq!(ends(again)[1], Some(again.len()), "the `;` stands before it");
    }

    /// Each of these read the rest of the text for every mark, which took minutes.
    #[test]
    fn many_that_are_never_closed_are_read_once() {
        for piece in ["“ x ", "‘ ; “ ; « ", "\u{200d} 👩 ", "“ ;\n", "– ", "“ ; x\n"] {
            let text = piece.repeat(20_000);
            let region = Span::new(0, text.len());
            assert!(!super::super::split::split(&text, region).steps.is_empty());
        }
    }
}
