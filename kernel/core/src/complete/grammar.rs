//! The grammar of CQL as data: `grammar/cql.ebnf`, read once into nodes that [`super::walk`] walks.
//!
//! The notation is explained at the head of that file. Reading never fails; a test holds that nothing in the file was left
//! unread and that every rule and slot it names exists.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::slot::Slot;

/// The grammar that the program carries.
pub(super) static CQL: LazyLock<Grammar> = LazyLock::new(|| Grammar::read(include_str!("grammar/cql.ebnf")));

/// A place in [`Grammar::nodes`].
pub(super) type NodeId = usize;

/// What may stand at a place.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    /// Words that go together, matched in any case.
    Words {
        /// The words, e.g. `IF`, `NOT`, `EXISTS`.
        words: Vec<String>,
        /// How they are offered.
        offer: Offer,
    },
    /// A mark, e.g. `(`.
    Mark {
        /// The mark.
        text: String,
        /// Whether it is offered.
        offered: bool,
    },
    /// Something that a lexer or a list of names knows.
    Slot(Slot),
    /// Another rule, by its number.
    Rule(usize),
    /// One after the other.
    All(Vec<NodeId>),
    /// One of them.
    Any(Vec<NodeId>),
    /// Once or not.
    Maybe(NodeId),
    /// Any number of times.
    Many(NodeId),
    /// Nothing; only where a string of the statement holds one of these texts.
    Guard(Vec<String>),
}

/// How words are offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Offer {
    /// As keywords.
    Keyword,
    /// As a name or a string that is written as it stands here.
    Literal,
    /// As the start of a call.
    Call,
    /// Not at all.
    No,
}

/// Rules as nodes.
#[derive(Debug, Default)]
pub(super) struct Grammar {
    nodes: Vec<Node>,
    rules: Vec<NodeId>,
    numbers: HashMap<String, usize>,
    /// What could not be read; for the test.
    pub(super) problems: Vec<String>,
}

impl Grammar {
    /// Reads the notation.
    pub(super) fn read(text: &str) -> Self {
        let mut reader = Reader { words: split(text), at: 0, grammar: Self::default() };
        reader.rules();
        let mut grammar = reader.grammar;
        let missing = grammar.rules.iter().filter(|rule| **rule == UNREAD).count();
        if missing > 0 {
            grammar.problems.push(format!("{missing} rules are named and not there"));
        }
        grammar
    }

    /// The node at a place; nothing where a rule is missing.
    pub(super) fn node(&self, id: NodeId) -> Option<&Node> {
        self.nodes.get(id)
    }

    /// The node of a rule by its number.
    pub(super) fn rule(&self, number: usize) -> NodeId {
        self.rules.get(number).copied().unwrap_or(UNREAD)
    }

    /// The number of a rule by its name.
    pub(super) fn number(&self, name: &str) -> Option<usize> {
        self.numbers.get(name).copied()
    }
}

/// A rule that is named and not read.
const UNREAD: NodeId = NodeId::MAX;

struct Reader<'a> {
    words: Vec<&'a str>,
    at: usize,
    grammar: Grammar,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<&'a str> {
        self.words.get(self.at).copied()
    }

    fn next(&mut self) -> Option<&'a str> {
        let word = self.peek();
        self.at += 1;
        word
    }

    fn expect(&mut self, wanted: &str) {
        match self.next() {
            Some(word) if word == wanted => {}
            other => self.problem(format!("{wanted} expected, not {other:?}")),
        }
    }

    fn problem(&mut self, text: String) {
        self.grammar.problems.push(text);
    }

    fn add(&mut self, node: Node) -> NodeId {
        self.grammar.nodes.push(node);
        self.grammar.nodes.len() - 1
    }

    fn number(&mut self, name: &str) -> usize {
        if let Some(number) = self.grammar.numbers.get(name) {
            return *number;
        }
        self.grammar.rules.push(UNREAD);
        let number = self.grammar.rules.len() - 1;
        self.grammar.numbers.insert(name.to_owned(), number);
        number
    }

    fn rules(&mut self) {
        while let Some(name) = self.next() {
            let number = self.number(name);
            self.expect("=");
            let node = self.any();
            self.expect(";");
            if let Some(rule) = self.grammar.rules.get_mut(number) {
                *rule = node;
            }
        }
    }

    fn any(&mut self) -> NodeId {
        let mut choices = vec![self.all()];
        while self.peek() == Some("|") {
            self.at += 1;
            choices.push(self.all());
        }
        if choices.len() == 1 { choices[0] } else { self.add(Node::Any(choices)) }
    }

    fn all(&mut self) -> NodeId {
        let mut parts = Vec::new();
        while let Some(word) = self.peek()
            && !matches!(word, "|" | ")" | "]" | "}" | ";")
        {
            parts.push(self.part());
        }
        if parts.len() == 1 { parts[0] } else { self.add(Node::All(parts)) }
    }

    fn part(&mut self) -> NodeId {
        let word = self.next().unwrap_or_default();
        let bracketed = |reader: &mut Self, closing: &str| {
            let inner = reader.any();
            reader.expect(closing);
            inner
        };
        match word {
            "(" => return bracketed(self, ")"),
            "[" => {
                let inner = bracketed(self, "]");
                return self.add(Node::Maybe(inner));
            }
            "{" => {
                let inner = bracketed(self, "}");
                return self.add(Node::Many(inner));
            }
            _ => {}
        }
        let node = self.leaf(word);
        self.add(node)
    }

    fn leaf(&mut self, word: &'a str) -> Node {
        let (quiet, word) = word.strip_prefix('~').map_or((false, word), |rest| (true, rest));
        let offer = |offer: Offer| if quiet { Offer::No } else { offer };
        if let Some(text) = word.strip_prefix('?') {
            return Node::Guard(text.split('|').map(str::to_ascii_lowercase).collect());
        }
        if let Some(name) = word.strip_prefix('@') {
            return Node::Words { words: vec![name.to_owned()], offer: offer(Offer::Call) };
        }
        if let Some(mark) = within(word, '\'', '\'') {
            return Node::Mark { text: mark.to_owned(), offered: !quiet };
        }
        if let Some(name) = within(word, '<', '>') {
            return match Slot::named(name) {
                Some(slot) => Node::Slot(slot),
                None => {
                    self.problem(format!("no slot {name}"));
                    Node::All(Vec::new())
                }
            };
        }
        if let Some(text) = within(word, '"', '"') {
            let words: Vec<_> = text.split(' ').map(str::to_owned).collect();
            let how = if words.len() > 1 { Offer::Keyword } else { Offer::Literal };
            return Node::Words { words, offer: offer(how) };
        }
        if word.chars().all(|c| c.is_ascii_uppercase() || c == '_') {
            return Node::Words { words: vec![word.to_owned()], offer: offer(Offer::Keyword) };
        }
        if !word.chars().all(|c| c.is_ascii_lowercase() || c == '_') {
            self.problem(format!("{word:?} is not understood"));
        }
        Node::Rule(self.number(word))
    }
}

/// What stands between the two marks that the word starts and ends with.
fn within(word: &str, open: char, close: char) -> Option<&str> {
    word.strip_prefix(open)?.strip_suffix(close)
}

/// The words of the notation, without its comments. Blanks separate them, but not inside double quotes.
fn split(text: &str) -> Vec<&str> {
    let mut words = Vec::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let mut rest = line.trim_start();
        while !rest.is_empty() {
            let quote = rest.find('"').filter(|quote| *quote <= 1);
            let end = match quote {
                Some(quote) => rest[quote + 1..].find('"').map_or(rest.len(), |inner| quote + inner + 2),
                None => rest.find(' ').unwrap_or(rest.len()),
            };
            words.push(&rest[..end]);
            rest = rest[end..].trim_start();
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grammar_is_read_whole() {
        assert_eq!(CQL.problems, [""; 0]);
        assert!(CQL.number("start").is_some() && CQL.number("batched").is_some());
        assert!(CQL.rules.len() > 80, "{}", CQL.rules.len());
    }

    #[test]
    fn what_is_wrong_in_a_grammar_is_found() {
        let grammar = Grammar::read("a = B [ c ;\nd = <nothing> e#");
        assert!(grammar.problems.len() >= 4, "{:?}", grammar.problems);
    }
}
