//! Splits the text of a cell into statements, shell commands and magic lines, in one linear pass.
//!
//! A statement ends at a `;` outside quotes, comments, batches and transactions. What is not closed makes a broken
//! step that names the place where it was opened.

use super::classify;
use super::lexer::{Lexer, Open, Token, TokenKind, is_blank, lex, line_length};
use super::lookalike::{self, Quotations};
use crate::cell::{MagicLine, StatementKind, Step, StepKind};
use crate::diagnostic::{Code, Diagnostic};
use crate::shell;
use crate::text::Span;

/// The steps of a text, and how it ends.
#[derive(Debug)]
pub(crate) struct Split {
    pub(crate) steps: Vec<Step>,
    pub(crate) tail: Tail,
}

/// How a text ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tail {
    /// Nothing is open.
    Closed,
    /// The last statement has no `;`.
    Statement,
    /// `name <<` has nothing behind it yet.
    Name,
    /// A batch or a transaction is open.
    Block,
    /// A quote or a comment is open.
    Quote,
}

/// Splits a part of a cell's source. Spans are of the whole source.
pub(crate) fn split(source: &str, region: Span) -> Split {
    let mut splitter = Splitter::new(source, region, usize::MAX);
    splitter.run();
    Split { steps: splitter.steps, tail: splitter.tail }
}

/// The step that byte `cursor` of the source is in or at the end of; what comes behind it is not read.
pub(crate) fn step_at(source: &str, region: Span, cursor: usize) -> Option<Step> {
    let mut splitter = Splitter::new(source, region, cursor);
    splitter.run();
    splitter.steps.into_iter().find(|step| step.span.start <= cursor && cursor <= step.span.end)
}

struct Splitter<'a> {
    source: &'a str,
    lexer: Lexer<'a>,
    steps: Vec<Step>,
    tail: Tail,
    /// It stops behind the step that has this byte.
    until: usize,
    quotations: Quotations,
}

impl<'a> Splitter<'a> {
    fn new(source: &'a str, region: Span, until: usize) -> Self {
        Self {
            source,
            lexer: Lexer::within(source, region),
            steps: Vec::new(),
            tail: Tail::Closed,
            until,
            quotations: Quotations::default(),
        }
    }

    fn run(&mut self) {
        let mut at_line_start = true;
        while self.steps.last().is_none_or(|step| step.span.end < self.until)
            && let Some(token) = self.lexer.next()
        {
            let text = token.span.of(self.source);
            match token.kind {
                TokenKind::Whitespace | TokenKind::Comment => at_line_start |= text.contains('\n'),
                TokenKind::Semicolon => at_line_start = false,
                TokenKind::Unterminated { what, .. } => self.unterminated(token.span.start, token, what),
                TokenKind::Operator if text == "%" => self.magic(token.span.start, at_line_start),
                // Between steps what is not seen means nothing.
                TokenKind::Unknown if lookalike::is_invisible(text) => {}
                _ => {
                    at_line_start = false;
                    match self.shell_verb(token) {
                        Some((verb, end)) => self.shell(verb, Span::new(token.span.start, end)),
                        None => self.statement(token),
                    }
                }
            }
        }
    }

    fn push(&mut self, span: Span, kind: StepKind) {
        self.steps.push(Step { span, kind });
    }

    fn broken(&mut self, span: Span, diagnostic: Diagnostic) {
        self.push(span, StepKind::Broken(diagnostic));
    }

    fn unterminated(&mut self, from: usize, token: Token, what: Open) {
        self.tail = Tail::Quote;
        let mut told = unterminated(what, token.span.start);
        if let Some(close) = lookalike::closing(token.span.of(self.source), what) {
            told = told.with_cause(format!("It holds {}, which closes nothing in CQL.", close.described()));
        }
        self.broken(Span::new(from, token.span.end), told);
    }

    /// A `%` that opens a step.
    fn magic(&mut self, start: usize, at_line_start: bool) {
        self.lexer.seek(start);
        let line = self.lexer.rest();
        let line = line[..line_length(line)].trim_end_matches(is_blank);
        let span = Span::new(start, start + line.len());
        if line.starts_with("%%") {
            let rest = Span::new(start, start + self.lexer.rest().trim_end_matches(is_blank).len());
            self.lexer.seek(start + self.lexer.rest().len());
            let message = "A cell magic must be the first line of its cell.";
            let diagnostic = Diagnostic::new(Code::Usage, message)
                .with_hint("Move the line and what follows it to a cell of its own.")
                .with_span(span);
            return self.broken(rest, diagnostic);
        }
        self.lexer.seek(span.end);
        if !at_line_start {
            let diagnostic = Diagnostic::new(Code::Usage, "A magic must start its line.")
                .with_hint("Put the magic on a line of its own.")
                .with_span(span);
            return self.broken(span, diagnostic);
        }
        let (name, rest) = line[1..].split_at(line[1..].find(is_blank).unwrap_or(line.len() - 1));
        let rest = rest.trim_start_matches(is_blank);
        let magic = MagicLine {
            span,
            name: name.to_owned(),
            name_span: Span::new(start, start + 1 + name.len()),
            rest: rest.to_owned(),
            rest_span: Span::new(span.end - rest.len(), span.end),
        };
        self.push(span, StepKind::Magic(magic));
    }

    /// The shell verb that `first` starts, with its end; none if it is the name of `name << …`.
    fn shell_verb(&self, first: Token) -> Option<(shell::ShellVerb, usize)> {
        let region_end = self.lexer.offset() + self.lexer.rest().len();
        let text = Span::new(first.span.start, region_end).of(self.source);
        let (verb, length) = shell::verb(text)?;
        let names_result = text[length..].trim_start_matches(is_blank).starts_with("<<");
        (!names_result).then_some((verb, first.span.start + length))
    }

    fn shell(&mut self, verb: shell::ShellVerb, head: Span) {
        self.lexer.seek(head.end);
        let line = shell::scan(verb, self.lexer.rest(), head);
        self.lexer.seek(line.end);
        match line.command {
            Ok(command) => match odd_argument(self.source, &command) {
                Some(told) => self.broken(command.span, told),
                None => self.push(command.span, StepKind::Shell(command)),
            },
            Err(opened) => {
                let what = if self.source.as_bytes().get(opened) == Some(&b'\'') {
                    Open::String
                } else {
                    Open::QuotedName
                };
                let diagnostic = unterminated(what, opened).with_cause("A shell command ends with its line.");
                self.broken(Span::new(head.start, line.end), diagnostic);
            }
        }
    }

    fn statement(&mut self, first: Token) {
        let step_start = first.span.start;
        let mut tokens = vec![first];
        let mut into = None;
        let mut block = None;
        let mut ended = false;
        let mut odd = Odd::default();
        odd.look(self, first);
        while let Some(token) = self.lexer.next() {
            odd.look(self, token);
            match token.kind {
                TokenKind::Whitespace | TokenKind::Comment => continue,
                TokenKind::Unterminated { .. } if odd.is_there() => {
                    self.tail = Tail::Quote;
                    let span = Span::new(step_start, token.span.end);
                    return odd.told(self.source).map_or((), |told| self.broken(span, told));
                }
                TokenKind::Unterminated { what, .. } => return self.unterminated(step_start, token, what),
                TokenKind::Semicolon if block.is_none() => {
                    ended = true;
                    break;
                }
                _ => {}
            }
            tokens.push(token);
            match &tokens[..] {
                [name, arrows]
                    if into.is_none()
                        && name.kind == TokenKind::Word
                        && arrows.span.of(self.source) == "<<" =>
                {
                    into = Some(name.span.of(self.source).to_owned());
                    tokens.clear();
                }
                [.., last, this] if block.is_some() => {
                    let closing = block.map_or(["", ""], Block::closing);
                    if self.is(*last, closing[0]) && self.is(*this, closing[1]) {
                        block = None;
                    }
                }
                [begin, middle @ ..] if middle.len() <= 2 && self.is(*begin, "BEGIN") => {
                    block = self.opened(middle)
                }
                _ => {}
            }
        }
        let (Some(first), Some(last)) = (tokens.first(), tokens.last()) else {
            return self.nameless(step_start, into.unwrap_or_default(), ended);
        };
        let span = Span::new(first.span.start, last.span.end.max(odd.end));
        let step = Span::new(step_start, span.end);
        if let Some(told) = odd.told(self.source) {
            self.tail = if ended { Tail::Closed } else { Tail::Statement };
            return self.broken(step, told);
        }
        if let Some(block) = block {
            self.tail = Tail::Block;
            return self.broken(step, block.not_closed(first.span));
        }
        if !ended {
            self.tail = Tail::Statement;
        }
        let statement = classify::statement(self.source, &tokens, span, into);
        if let (StatementKind::Use(_), Some(more)) = (&statement.kind, tokens.get(2)) {
            return self.broken(step, self.behind_use(&tokens, *more));
        }
        self.push(step, StepKind::Cql(statement));
    }

    /// `USE` is never parsed by the server: what stands behind its name would be lost.
    fn behind_use(&self, tokens: &[Token], more: Token) -> Diagnostic {
        let word = more.span.of(self.source);
        let told = Diagnostic::new(Code::SyntaxError, format!("The statement does not parse at `{word}`."))
            .with_cause("`USE` takes the name of a keyspace and nothing more.")
            .with_span(more.span);
        if super::statement::starts_another(self.source, tokens, 2) {
            told.with_hint(format!("Write `;` before `{word}`: it ends the statement that stands before."))
        } else {
            told.with_hint("A name with other characters than letters, digits and `_` needs double quotes: `USE \"my-keyspace\";`.")
        }
    }

    /// `name <<` and nothing behind it.
    fn nameless(&mut self, start: usize, name: String, ended: bool) {
        if !ended {
            self.tail = Tail::Name;
        }
        let end = start
            + self.source[start..self.lexer.offset()].trim_end_matches(|c| is_blank(c) || c == ';').len();
        let diagnostic = Diagnostic::new(Code::Usage, format!("Nothing follows `{name} <<`."))
            .with_hint(format!("Write a statement behind it: `{name} << SELECT …;`."))
            .with_span(Span::new(start, end));
        self.broken(Span::new(start, end), diagnostic);
    }

    fn is(&self, token: Token, word: &str) -> bool {
        token.kind == TokenKind::Word && token.span.of(self.source).eq_ignore_ascii_case(word)
    }

    /// The block that `BEGIN` and the one or two tokens behind it open.
    fn opened(&self, middle: &[Token]) -> Option<Block> {
        let is = |place: usize, word: &str| middle.get(place).is_some_and(|token| self.is(*token, word));
        let qualified = ["UNLOGGED", "COUNTER", "LOGGED"].iter().any(|word| is(0, word));
        match middle.len() {
            1 if is(0, "TRANSACTION") => Some(Block::Transaction),
            1 if is(0, "BATCH") => Some(Block::Batch),
            2 if qualified && is(1, "BATCH") => Some(Block::Batch),
            _ => None,
        }
    }
}

/// Characters of a statement that look like CQL's and are none.
#[derive(Debug, Default)]
struct Odd {
    first: Option<Span>,
    all: Vec<char>,
    /// One of a blank, which counts where more of the statement follows.
    blank: Option<Span>,
    /// Where the last quotation ends that such a character opens.
    end: usize,
}

impl Odd {
    /// Looks at a token. What a typographic quote opens is skipped, so that a `;` in it ends nothing.
    fn look(&mut self, splitter: &mut Splitter<'_>, token: Token) {
        let found = lookalike::first_in(splitter.source, token);
        match token.kind {
            TokenKind::Whitespace => self.blank = self.blank.or(found),
            TokenKind::Comment | TokenKind::Semicolon => {}
            _ => {
                for place in self.blank.take().into_iter().chain(found) {
                    self.first.get_or_insert(place);
                    if self.all.len() < 64 {
                        self.all.extend(place.of(splitter.source).chars());
                    }
                }
                let source = splitter.source;
                if let Some(end) = found.and_then(|place| splitter.quotations.end(source, place.start)) {
                    self.end = end;
                    splitter.lexer.seek(self.end);
                }
            }
        }
    }

    const fn is_there(&self) -> bool {
        self.first.is_some()
    }

    fn told(&self, source: &str) -> Option<Diagnostic> {
        lookalike::told(source, self.first?, &self.all, Code::SyntaxError)
    }
}

/// What is wrong with a shell command's argument that has such a character. Of a path only the first one counts: a file may have
/// any name.
fn odd_argument(source: &str, command: &shell::ShellCommand) -> Option<Diagnostic> {
    use shell::ShellVerb::{Capture, Help, Source};
    let text = command.arguments_span.of(source);
    let mut tokens = lex(text).into_iter();
    let place = match command.verb {
        Help => return None,
        Source | Capture => tokens.next().and_then(|token| lookalike::first_in(text, token)),
        _ => tokens.find_map(|token| lookalike::first_in(text, token)),
    }?;
    let all: Vec<char> =
        text.chars().filter(|one| !one.is_ascii() && lookalike::of(*one).is_some()).take(64).collect();
    lookalike::told(source, place.shifted(command.arguments_span.start), &all, Code::Usage)
}

/// What spans several statements.
#[derive(Debug, Clone, Copy)]
enum Block {
    Batch,
    Transaction,
}

impl Block {
    const fn closing(self) -> [&'static str; 2] {
        match self {
            Self::Batch => ["APPLY", "BATCH"],
            Self::Transaction => ["COMMIT", "TRANSACTION"],
        }
    }

    fn not_closed(self, begin: Span) -> Diagnostic {
        let (what, end) = match self {
            Self::Batch => ("batch", "APPLY BATCH;"),
            Self::Transaction => ("transaction", "COMMIT TRANSACTION;"),
        };
        Diagnostic::new(Code::Unterminated, format!("The {what} that starts here is not closed."))
            .with_hint(format!("End it with `{end}`."))
            .with_span(begin)
    }
}

/// Says that what was opened at byte `opened_at` is not closed.
fn unterminated(what: Open, opened_at: usize) -> Diagnostic {
    let (name, hint) = match what {
        Open::String => ("string", "Close it with `'`. An apostrophe inside a string is written `''`."),
        Open::QuotedName => ("quoted name", "Close it with `\"`. A quote inside a name is written `\"\"`."),
        Open::DollarString => ("string", "Close it with `$$`."),
        Open::Comment => ("comment", "Close it with `*/`."),
    };
    Diagnostic::new(Code::Unterminated, format!("The {name} that starts here is not closed."))
        .with_hint(hint)
        .with_span(Span::new(opened_at, opened_at + what.mark().len()))
}
