//! `%set` and `%param`: the notebook's settings and the values of its bind variables.

use cqlbook_core::cql::keywords::unquote_name;
use cqlbook_core::diagnostic::{Code, Diagnostic};
use cqlbook_core::magic::Arguments;
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

/// `%param` lists, `%param name = LITERAL` sets a bind value.
pub(crate) async fn param(scene: &Scene, arguments: &Arguments) -> Result<(), Diagnostic> {
    let text = arguments.positional(0).unwrap_or_default().trim();
    if text.is_empty() {
        let params = scene.notebook.state().params.clone();
        let rows = params
            .iter()
            .map(|(name, value)| vec![Item::code(format!(":{name}")), Item::code(value.as_str())])
            .collect();
        let headers = ["Variable", "Value"].map(str::to_owned).to_vec();
        let note = Some("`%param name = VALUE` sets one; the value is a CQL literal.".to_owned());
        scene.show(render::list(&List { title: None, headers, rows, note })).await;
        return Ok(());
    }
    let usage = |message: &str| {
        Diagnostic::new(Code::Usage, message)
            .with_hint("`%param day = '2013-01-01'`, with the value as a CQL literal.")
    };
    let (name, literal) =
        text.split_once('=').ok_or_else(|| usage("`%param` takes a name, `=` and a value."))?;
    let (name, literal) =
        (name.trim().trim_start_matches(':'), literal.trim().trim_end_matches(';').trim_end());
    let name = unquote_name(name);
    if name.is_empty() || !name.chars().all(|c| c.is_alphanumeric() || c == '_') {
        return Err(usage("The name of a bind variable has letters, digits and underscores."));
    }
    if literal.is_empty() {
        return Err(usage("The value is missing."));
    }
    scene.notebook.state().params.insert(name.clone(), literal.to_owned());
    scene.say(format!(":{name} = {literal}")).await;
    Ok(())
}
