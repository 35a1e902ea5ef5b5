//! `%set` and `%param`: the notebook's settings and the values of its bind variables.

use cqlbook_core::cql::keywords::unquote_name;
use cqlbook_core::cql::lexer::{TokenKind, lex};
use cqlbook_core::cql::lookalike;
use cqlbook_core::diagnostic::{Code, Diagnostic};
use cqlbook_core::magic::Arguments;
use cqlbook_core::redact::shown_param;
use cqlbook_core::render::{self, Item, List};
use cqlbook_core::settings::{SETTINGS, Settings};

use crate::run::scene::Scene;

/// `%set` lists, `%set NAME` shows one, `%set NAME VALUE` sets it.
pub(crate) async fn set(scene: &mut Scene, arguments: &Arguments) -> Result<(), Diagnostic> {
    let (name, value) = (arguments.positional(0), arguments.positional(1));
    match (name, value) {
        (None, _) => {
            let settings = scene.settings().settings;
            let defaults = Settings::default();
            let rows = SETTINGS
                .iter()
                .map(|setting| {
                    vec![
                        Item::code(setting.name),
                        Item::code(settings.get(setting.name).unwrap_or_default()),
                        Item::code(defaults.get(setting.name).unwrap_or_default()),
                        Item::text(setting.meaning),
                    ]
                })
                .collect();
            let headers = ["Setting", "Value", "Default", "Meaning"].map(str::to_owned).to_vec();
            let note = Some(
                "`%set NAME VALUE` sets one for the notebook; a `%%cql` line sets them for one cell."
                    .to_owned(),
            );
            scene.show(render::list(&List { title: None, headers, rows, note })).await;
        }
        (Some(name), None) => {
            let value = scene.settings().settings.get(name);
            match value {
                Some(value) => scene.say(format!("{name} = {value}")).await,
                // Setting it to nothing gives the complaint with the nearest name.
                None => Settings::default().set(name, "")?,
            }
        }
        (Some(name), Some(value)) => {
            scene.change(|settings| settings.set(name, value))?;
            let value = scene.settings().settings.get(name).unwrap_or_default();
            scene.say(format!("{name} = {value}")).await;
        }
    }
    Ok(())
}

/// `%param` lists, `%param name` shows one, `%param name = LITERAL` sets a bind value.
pub(crate) async fn param(scene: &Scene, arguments: &Arguments) -> Result<(), Diagnostic> {
    let text = arguments.positional(0).unwrap_or_default().trim();
    if text.is_empty() {
        let params = scene.notebook.state().params.clone();
        let rows = params
            .iter()
            .map(|(name, value)| {
                vec![Item::code(format!(":{name}")), Item::code(shortened(&shown_param(name, value)))]
            })
            .collect();
        let headers = ["Variable", "Value"].map(str::to_owned).to_vec();
        let note = Some("`%param name = VALUE` sets one; the value is a CQL literal.".to_owned());
        scene.show(render::list(&List { title: None, headers, rows, note })).await;
        return Ok(());
    }
    let (name, literal) = assignment(text)?;
    let Some(literal) = literal else {
        let value = scene.notebook.state().params.get(&name).cloned();
        let value = value.ok_or_else(|| usage(&format!("`:{name}` has no value.")))?;
        scene.say(format!(":{name} = {}", shown_param(&name, &value))).await;
        return Ok(());
    };
    scene.notebook.state().params.insert(name.clone(), literal.clone());
    scene.say(format!(":{name} = {}", shown_param(&name, &literal))).await;
    Ok(())
}

/// A value as the list shows it: long ones are cut, and `%param name` shows the whole.
fn shortened(value: &str) -> String {
    const SHOWN: usize = 200;
    match value.char_indices().nth(SHOWN) {
        Some((at, _)) => format!("{}… ({} characters)", &value[..at], value.chars().count()),
        None => value.to_owned(),
    }
}

/// Reads `name = LITERAL`, or a name alone. A quoted name keeps its case and may hold anything.
fn assignment(text: &str) -> Result<(String, Option<String>), Diagnostic> {
    let text = text.trim_start_matches(':');
    let name = lex(text)
        .into_iter()
        .next()
        .filter(|token| matches!(token.kind, TokenKind::Word | TokenKind::QuotedName));
    let name = name.ok_or_else(|| usage("`%param` takes a name, `=` and a value."))?;
    let rest = text[name.span.end..].trim_start();
    let name = unquote_name(name.span.of(text));
    if rest.is_empty() {
        return Ok((name, None));
    }
    let literal = rest.strip_prefix('=').ok_or_else(|| {
        usage("The name of a bind variable has letters, digits and underscores, and `=` follows it.")
    })?;
    let literal = literal.trim().trim_end_matches(';').trim_end();
    if literal.is_empty() {
        return Err(usage("The value is missing."));
    }
    if let Some(told) = lookalike::refusal(literal, Code::Usage) {
        // The value has no place of its own: the message names the character.
        let hints = told.hints.iter().map(|hint| hint.replace("At the marked place t", "T")).collect();
        return Err(Diagnostic { span: None, hints, ..told });
    }
    Ok((name, Some(literal.to_owned())))
}

fn usage(message: &str) -> Diagnostic {
    Diagnostic::new(Code::Usage, message)
        .with_hint("`%param day = '2013-01-01'`, with the value as a CQL literal.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_cuts_a_long_value() {
        assert_eq!(shortened("'a'"), "'a'");
        let told = shortened(&"é".repeat(40_000));
        assert!(told.ends_with("… (40000 characters)") && told.chars().count() < 230, "{told}");
    }

    #[test]
    fn a_value_belongs_to_a_name() {
        let read = |text: &str| assignment(text).map_err(|diagnostic| diagnostic.message);
        let pair = |name: &str, value: Option<&str>| Ok((name.to_owned(), value.map(str::to_owned)));
        assert_eq!(read("Day = '2013-01-01';"), pair("day", Some("'2013-01-01'")));
        assert_eq!(read(":\"My = day\"={1, 2}"), pair("My = day", Some("{1, 2}")));
        assert_eq!(read("day"), pair("day", None));
        for text in ["= 5", "a b = 5", "day =", "5 = 5", "day = ‘2013-01-01’", "n = −5"] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
