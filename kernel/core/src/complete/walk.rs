//! Walks the grammar over the tokens before the cursor, and collects what may stand there.
//!
//! Every way through the grammar is tried; a rule is walked once for each place where it may start, so the work grows
//! with the tokens and not with the number of ways. Nesting is bounded, so that no text can exhaust the stack.

use std::collections::HashSet;
use std::rc::Rc;

use super::grammar::{Grammar, Node, NodeId, Offer};
use super::slot::Slot;
use crate::cql::lexer::{Token, TokenKind};

/// How deep rules may nest.
const DEEPEST: usize = 250;

/// As many tokens are walked; behind more nothing is offered. Long lists are shortened before: see [`super::shorten`].
const MOST: usize = 20_000;

/// Something that may stand at the cursor.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Expected {
    /// Words, or what is left of them: `NOT EXISTS` behind `IF`.
    Words(String, Offer),
    /// A mark.
    Mark(String),
    /// What a list of names knows.
    Slot(Slot),
}

/// What may stand behind the tokens, in the order of the grammar.
pub(super) fn expected(
    grammar: &Grammar,
    rule: &str,
    text: &str,
    tokens: &[Token],
    strings: &str,
) -> Vec<Expected> {
    if tokens.len() > MOST {
        return Vec::new();
    }
    let ends = vec![Vec::new(); tokens.len() + 1];
    let mut walk = Walk { grammar, text, tokens, strings, ends, found: Vec::new(), depth: 0 };
    if let Some(number) = grammar.number(rule) {
        walk.rule(number, 0);
    }
    walk.found
}

/// The rules that match all the tokens from the start.
struct Walk<'a> {
    grammar: &'a Grammar,
    text: &'a str,
    tokens: &'a [Token],
    /// The strings of the whole statement in lower case, for guards.
    strings: &'a str,
    /// For each place, the rules that were walked from there and where each may end. They are few, so that looking through
    /// them is quicker than a hash.
    ends: Vec<Vec<(usize, Rc<[usize]>)>>,
    found: Vec<Expected>,
    depth: usize,
}

impl Walk<'_> {
    fn rule(&mut self, number: usize, at: usize) -> Rc<[usize]> {
        let Some(walked) = self.ends.get_mut(at) else { return Rc::default() };
        if let Some((_, ends)) = walked.iter().find(|(rule, _)| *rule == number) {
            return Rc::clone(ends);
        }
        // A rule that starts with itself ends here.
        walked.push((number, Rc::default()));
        if self.depth >= DEEPEST {
            return Rc::default();
        }
        self.depth += 1;
        let ends: Rc<[usize]> = self.node(self.grammar.rule(number), at).into();
        self.depth -= 1;
        let own = self.ends[at].iter_mut().find(|(rule, _)| *rule == number);
        if let Some((_, known)) = own {
            *known = Rc::clone(&ends);
        }
        ends
    }

    /// Where the node may end if it starts at a token; what it wants at the cursor is noted.
    fn node(&mut self, id: NodeId, at: usize) -> Vec<usize> {
        let grammar = self.grammar;
        match grammar.node(id) {
            None => Vec::new(),
            Some(Node::Rule(number)) => self.rule(*number, at).to_vec(),
            Some(Node::Words { words, offer }) => self.words(words, *offer, at).into_iter().collect(),
            Some(Node::Mark { text, offered }) => self.mark(text, *offered, at).into_iter().collect(),
            Some(Node::Slot(slot)) => self.slot(*slot, at).into_iter().collect(),
            Some(Node::Guard(parts)) => {
                if parts.iter().any(|part| self.strings.contains(part.as_str())) {
                    vec![at]
                } else {
                    Vec::new()
                }
            }
            Some(Node::Maybe(inner)) => {
                let mut places = Places::from(at);
                places.extend(self.node(*inner, at));
                places.list
            }
            Some(Node::Any(choices)) => {
                let mut places = Places::default();
                for choice in choices {
                    places.extend(self.node(*choice, at));
                }
                places.list
            }
            Some(Node::All(parts)) => {
                let mut places = vec![at];
                for part in parts {
                    let mut ends = Places::default();
                    for place in places {
                        ends.extend(self.node(*part, place));
                    }
                    places = ends.list;
                    if places.is_empty() {
                        break;
                    }
                }
                places
            }
            Some(Node::Many(inner)) => {
                let mut places = Places::from(at);
                let mut done = 0;
                while let Some(place) = places.list.get(done).copied() {
                    done += 1;
                    places.extend(self.node(*inner, place).into_iter().filter(|end| *end > place));
                }
                places.list
            }
        }
    }

    /// Notes what may stand at the cursor.
    fn note(&mut self, expected: Expected) {
        if !self.found.contains(&expected) {
            self.found.push(expected);
        }
    }

    fn words(&mut self, words: &[String], offer: Offer, at: usize) -> Option<usize> {
        for (count, word) in words.iter().enumerate() {
            let Some(token) = self.tokens.get(at + count) else {
                if offer != Offer::No {
                    self.note(Expected::Words(words[count..].join(" "), offer));
                }
                return None;
            };
            let kind = if word.starts_with('\'') { TokenKind::String } else { TokenKind::Word };
            if token.kind != kind || !token.span.of(self.text).eq_ignore_ascii_case(word) {
                return None;
            }
        }
        Some(at + words.len())
    }

    fn mark(&mut self, mark: &str, offered: bool, at: usize) -> Option<usize> {
        match self.tokens.get(at) {
            Some(token) => {
                let kind = matches!(token.kind, TokenKind::Operator | TokenKind::Semicolon);
                (kind && token.span.of(self.text) == mark).then_some(at + 1)
            }
            None => {
                if offered {
                    self.note(Expected::Mark(mark.to_owned()));
                }
                None
            }
        }
    }

    fn slot(&mut self, slot: Slot, at: usize) -> Option<usize> {
        let rest = self.tokens.get(at..).unwrap_or_default();
        // What takes no token may stand at the cursor and still match.
        if rest.is_empty() {
            self.note(Expected::Slot(slot));
            return (slot == Slot::Value).then_some(at);
        }
        if slot == Slot::Bind && rest.len() == 1 && rest[0].span.of(self.text) == ":" {
            self.note(Expected::Slot(slot));
        }
        slot.filled_by(self.text, rest).map(|count| at + count)
    }
}

/// Places among the tokens in the order they were found, each once.
#[derive(Default)]
struct Places {
    list: Vec<usize>,
    /// The same, once there are many: a list of values may end behind each of them.
    set: HashSet<usize>,
}

/// As many places are compared one by one.
const FEW: usize = 16;

impl Places {
    fn from(place: usize) -> Self {
        Self { list: vec![place], set: HashSet::new() }
    }

    fn extend(&mut self, places: impl IntoIterator<Item = usize>) {
        for place in places {
            if self.is_new(place) {
                self.list.push(place);
            }
        }
    }

    fn is_new(&mut self, place: usize) -> bool {
        if self.list.len() < FEW {
            return !self.list.contains(&place);
        }
        if self.set.is_empty() {
            self.set.extend(&self.list);
        }
        self.set.insert(place)
    }
}
