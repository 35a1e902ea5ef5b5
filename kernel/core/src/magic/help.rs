//! Help texts, made from the tables of magics, settings and shell commands.

use std::fmt::Write as _;

use super::codes::of_code;
use super::{Form, MAGICS, Magic, MagicKind, Opt, find};
use crate::diagnostic::Code;
use crate::markdown::Markdown;
use crate::settings::{self, SETTINGS, Setting, Settings};
use crate::shell::ShellVerb;

/// Help on a topic as Markdown: a magic (with or without `%`), a setting, a shell command, the code of a failure, a CQL
/// keyword or type, or an overview for an empty topic.
///
/// `None` for a topic there is no help on.
pub fn help(topic: &str) -> Option<Markdown> {
    let topic = topic.trim();
    if topic.is_empty() {
        return Some(overview());
    }
    let magics: Vec<_> = match find(topic) {
        Some(magic) if topic.starts_with('%') => vec![magic],
        _ => MAGICS.iter().filter(|magic| magic.name.eq_ignore_ascii_case(topic)).collect(),
    };
    let parts: Vec<Markdown> = magics
        .into_iter()
        .map(of_magic)
        .chain(settings::find(&topic.to_ascii_lowercase().replace('-', "_")).map(of_setting))
        .chain(ShellVerb::find(topic).filter(|_| topic != "help").map(of_verb))
        .chain(of_code(topic))
        .collect();
    if parts.is_empty() { crate::inspect::word(topic) } else { Some(Markdown::joined(&parts)) }
}

/// The names that help is found under: magics, settings, shell commands and codes of failures.
pub fn topics() -> impl Iterator<Item = &'static str> {
    let magics = MAGICS.iter().map(|magic| magic.name);
    let settings = SETTINGS.iter().map(|setting| setting.name);
    let verbs = ShellVerb::ALL.iter().map(|verb| verb.name());
    let codes = Code::ALL.iter().map(|code| code.name());
    magics.chain(settings).chain(verbs).chain(codes)
}

/// What `%lsmagic` prints: the names by kind, as plain text.
pub fn list() -> String {
    let names = |kind: MagicKind, implemented: bool| {
        let of_kind = MAGICS.iter().filter(|magic| magic.kind == kind && magic.implemented() == implemented);
        of_kind.map(Magic::full_name).collect::<Vec<_>>().join(" ")
    };
    let mut list = format!(
        "Line magics:\n  {}\n\nCell magics:\n  {}\n",
        names(MagicKind::Line, true),
        names(MagicKind::Cell, true)
    );
    let later = [names(MagicKind::Line, false), names(MagicKind::Cell, false)].join(" ");
    if !later.trim().is_empty() {
        let _ = write!(list, "\nNot in this release:\n  {}\n", later.trim());
    }
    list.push_str("\n`%help NAME` explains one.\n");
    list
}

fn overview() -> Markdown {
    let mut text = Markdown::new().own(
        "A cell holds CQL statements, shell commands and magics, and runs them in order. A statement ends with `;`.\n\n\
         | Magic | What it does |\n| --- | --- |\n",
    );
    for magic in MAGICS {
        text = text.own("| ").cell(&magic.full_name()).own(" | ").own(magic.summary);
        text = text.own(later(magic.implemented())).own(" |\n");
    }
    text = text.own("\n| Shell command | What it does |\n| --- | --- |\n");
    for verb in ShellVerb::ALL {
        text = text.own("| ").cell(verb.name()).own(" | ").own(verb.summary()).own(" |\n");
    }
    text.own("\n`%help NAME` explains a magic, a setting, a shell command, a CQL statement or an error's code. `%set` lists the settings.\n")
}

/// What stands behind something that this release has not.
const fn later(implemented: bool) -> &'static str {
    if implemented { "" } else { " *(not in this release)*" }
}

/// Help on a magic.
pub(crate) fn of_magic(magic: &Magic) -> Markdown {
    let mut text = Markdown::new().own("**").code(&magic.full_name()).own("** ").own(magic.summary).own("\n");
    for form in magic.forms {
        text = text.own("\n").code(&magic.usage(form)).own("  \n").own(form.summary);
        text = text.own(later(form.implemented)).own("\n");
        let options: &[Opt] = form.options;
        if !options.is_empty() && !repeats(magic, form) {
            text = text.own("\n| Option | Meaning |\n| --- | --- |\n");
            for option in options {
                text = text.own("| ").cell(&option.usage()).own(" | ").own(option.help).own(" |\n");
            }
        }
    }
    text
}

/// Whether an earlier form of the magic has the same options, so that they were explained.
fn repeats(magic: &Magic, form: &Form) -> bool {
    magic
        .forms
        .iter()
        .take_while(|earlier| !std::ptr::eq(*earlier, form))
        .any(|earlier| earlier.options == form.options)
}

/// Help on a setting.
pub(crate) fn of_setting(setting: &Setting) -> Markdown {
    let default = Settings::default().get(setting.name).unwrap_or_default();
    let head = format!("%set {} {}", setting.name, setting.value);
    let text = Markdown::new().own("**").code(&head).own("** ").own(setting.meaning);
    let text = text.own("\n\nThe default is ").code(&default).own(". There are ").number(SETTINGS.len());
    text.own(" settings: `%set` lists them.\n")
}

/// Help on a shell command.
pub(crate) fn of_verb(verb: ShellVerb) -> Markdown {
    let text = Markdown::new().own("**").code(verb.name()).own("** ").own(verb.summary()).own("\n\n");
    text.code(verb.usage()).own("\n")
}
