//! Help texts, made from the tables of magics, settings and shell commands.

use std::fmt::Write as _;

use super::codes::of_code;
use super::{Form, MAGICS, Magic, MagicKind, Opt, find};
use crate::diagnostic::Code;
use crate::settings::{self, SETTINGS, Setting, Settings};
use crate::shell::ShellVerb;

/// Help on a topic as Markdown: a magic (with or without `%`), a setting, a shell command, the code of a failure, a CQL
/// keyword or type, or an overview for an empty topic.
///
/// `None` for a topic there is no help on.
pub fn help(topic: &str) -> Option<String> {
    let topic = topic.trim();
    if topic.is_empty() {
        return Some(overview());
    }
    let magics: Vec<_> = match find(topic) {
        Some(magic) if topic.starts_with('%') => vec![magic],
        _ => MAGICS.iter().filter(|magic| magic.name.eq_ignore_ascii_case(topic)).collect(),
    };
    let parts: Vec<String> = magics
        .into_iter()
        .map(of_magic)
        .chain(settings::find(&topic.to_ascii_lowercase().replace('-', "_")).map(of_setting))
        .chain(ShellVerb::find(topic).filter(|_| topic != "help").map(of_verb))
        .chain(of_code(topic))
        .collect();
    if parts.is_empty() { crate::inspect::word(topic) } else { Some(parts.join("\n\n")) }
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

fn overview() -> String {
    let mut text = String::from(
        "A cell holds CQL statements, shell commands and magics, and runs them in order. A statement ends with `;`.\n\n\
         | Magic | What it does |\n| --- | --- |\n",
    );
    for magic in MAGICS {
        let later = if magic.implemented() { "" } else { " *(not in this release)*" };
        let _ = writeln!(text, "| `{}` | {}{later} |", magic.full_name(), magic.summary);
    }
    text.push_str("\n| Shell command | What it does |\n| --- | --- |\n");
    for verb in ShellVerb::ALL {
        let _ = writeln!(text, "| `{}` | {} |", verb.name(), verb.summary());
    }
    text.push_str("\n`%help NAME` explains a magic, a setting, a shell command, a CQL statement or an error's code. `%set` lists the settings.\n");
    text
}

/// Help on a magic, as Markdown.
pub(crate) fn of_magic(magic: &Magic) -> String {
    let mut text = format!("**`{}`** {}\n", magic.full_name(), magic.summary);
    for form in magic.forms {
        let later = if form.implemented { "" } else { " *(not in this release)*" };
        let _ = write!(text, "\n`{}`  \n{}{later}\n", magic.usage(form), form.summary);
        let options: &[Opt] = form.options;
        if !options.is_empty() && !repeats(magic, form) {
            text.push_str("\n| Option | Meaning |\n| --- | --- |\n");
            for option in options {
                let _ = writeln!(text, "| {} | {} |", code_in_table(&option.usage()), option.help);
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

/// Help on a setting, as Markdown.
pub(crate) fn of_setting(setting: &Setting) -> String {
    let default = Settings::default().get(setting.name).unwrap_or_default();
    format!(
        "**`%set {} {}`** {}\n\nThe default is `{default}`. There are {} settings: `%set` lists them.\n",
        setting.name,
        setting.value,
        setting.meaning,
        SETTINGS.len()
    )
}

/// Help on a shell command, as Markdown.
pub(crate) fn of_verb(verb: ShellVerb) -> String {
    format!("**`{}`** {}\n\n`{}`\n", verb.name(), verb.summary(), verb.usage())
}

/// Code in a cell of a Markdown table, where `|` ends the cell even in code.
fn code_in_table(code: &str) -> String {
    format!("`{}`", code.replace('|', "\\|"))
}
