//! `%connect`, `%connection`, `%connections`, `%disconnect`.

use std::sync::Arc;

use cqlbook_cluster::{QueryError, TlsFiles};
use cqlbook_core::diagnostic::{Code, Diagnostic};
use cqlbook_core::magic::Arguments;
use cqlbook_core::render::{self, Item, List};
use cqlbook_core::secret::Secret;
use cqlbook_core::text::Span;

use crate::connect::fields::{Draft, Field};
use crate::connect::opening;
use crate::connect::recipe::{Login, Place, Recipe};
use crate::explain;
use crate::notebook::Open;
use crate::run::scene::Scene;

/// `%connect astra …`, `%connect cassandra …`, `%connect NAME`.
pub(crate) async fn connect(scene: &Scene, words: &[&str], arguments: &Arguments) -> Result<(), Diagnostic> {
    let recipe = match words {
        ["astra"] => Arc::new(astra(scene, arguments, !arguments.flag("no-save")).await?),
        ["cassandra"] => Arc::new(cassandra(scene, arguments).await?),
        _ => saved(scene, arguments.positional(0).unwrap_or_default())?,
    };
    opening::open(scene, recipe).await
}

/// `%connection test …`; the other forms come with saved connections.
pub(crate) async fn connection(
    scene: &Scene,
    words: &[&str],
    arguments: &Arguments,
) -> Result<(), Diagnostic> {
    match words {
        ["test", "astra"] => opening::test(scene, &astra(scene, arguments, false).await?).await,
        ["test", "cassandra"] => opening::test(scene, &cassandra(scene, arguments).await?).await,
        ["test"] => opening::test(scene, &*saved(scene, arguments.positional(0).unwrap_or_default())?).await,
        words => Err(super::not_in_this_release(&format!("%connection {}", words.join(" ")))),
    }
}

/// Lists the connections of this session. Astra's rows have no host and port; no row has a secret.
pub(crate) async fn list(scene: &Scene) -> Result<(), Diagnostic> {
    let rows: Vec<_> = {
        let state = scene.notebook.state();
        let current = state.open.as_ref().map(|open| Arc::clone(&open.recipe));
        let row = |(name, recipe): (&String, &Arc<Recipe>)| {
            let (kind, place) = match &recipe.place {
                Place::Astra { bundle, .. } => ("astra", bundle.display().to_string()),
                Place::Cassandra { hosts, port, .. } => {
                    ("cassandra", format!("{}, port {port}", hosts.join(", ")))
                }
            };
            let open = current.as_ref().is_some_and(|current| Arc::ptr_eq(current, recipe));
            vec![
                Item::code(name.as_str()),
                Item::text(kind),
                Item::text(recipe.keyspace.clone().unwrap_or_default()),
                Item::code(place),
                Item::text(if open { "connected" } else { "" }),
            ]
        };
        state.recipes.iter().map(row).collect()
    };
    let headers = ["Name", "Kind", "Keyspace", "Bundle or hosts", ""].map(str::to_owned).to_vec();
    let note = if rows.is_empty() {
        "There are none yet. `%connect astra --name NAME` or `%connect cassandra --name NAME --host HOST` makes one."
    } else {
        "They are kept for this session. Keeping them longer is not in this release."
    };
    scene.show(render::list(&List { title: None, headers, rows, note: Some(note.to_owned()) })).await;
    Ok(())
}

/// Closes the connection.
pub(crate) async fn disconnect(scene: &Scene) -> Result<(), Diagnostic> {
    let closed = scene.notebook.state().open.take();
    match closed {
        Some(open) => scene.say(format!("Disconnected from {}.", open.recipe.label())).await,
        None => scene.say("There was no connection.").await,
    }
    Ok(())
}

/// Why the keyspace of a `--keyspace` option or a `USE` cannot be used.
pub(crate) fn keyspace_failed(error: &QueryError, open: &Open, span: Span) -> Diagnostic {
    explain::query::query_of_no_statement(error, open.is_astra()).with_span(span)
}

fn saved(scene: &Scene, name: &str) -> Result<Arc<Recipe>, Diagnostic> {
    let state = scene.notebook.state();
    if let Some(recipe) = state.recipes.get(name) {
        return Ok(Arc::clone(recipe));
    }
    let names: Vec<_> = state.recipes.keys().map(|name| format!("`{name}`")).collect();
    let diagnostic = Diagnostic::new(Code::NotConnected, format!("There is no connection called `{name}`."));
    let diagnostic = if names.is_empty() {
        diagnostic.with_cause("No connection has a name in this session.")
    } else {
        diagnostic.with_cause(format!("This session has: {}.", names.join(", ")))
    };
    Err(diagnostic.with_hint(format!(
        "`%connect astra --name {name}` or `%connect cassandra --name {name} --host HOST` makes it."
    )))
}

async fn astra(scene: &Scene, arguments: &Arguments, needs_name: bool) -> Result<Recipe, Diagnostic> {
    let text = |name: &str| arguments.value(name).map(str::to_owned);
    let mut draft = Draft {
        name: text("name"),
        client_id: text("client-id"),
        secret: None,
        bundle: text("bundle"),
        needs_name,
    };
    if let Some(typed) = arguments.value("token-file") {
        let path = scene.notebook.path(typed);
        let json = tokio::fs::read_to_string(&path).await.map_err(|error| {
            Diagnostic::new(Code::Usage, format!("The token file {} cannot be read.", path.display()))
                .with_cause(format!("The system says: {error}."))
                .with_hint("Check the path. Relative paths start at the notebook's folder.")
        })?;
        draft.fill_from_token_json(&path, &json)?;
    }
    draft.fill_from_env(|name| std::env::var(name).ok());
    if scene.allow_stdin {
        for field in draft.missing() {
            // A token given at an earlier prompt brings its user along, and an empty Client ID waits for the token.
            if !draft.missing().contains(&field) {
                continue;
            }
            let hidden = field == Field::ClientSecret;
            match scene.ask(field.prompt(), hidden).await? {
                Some(answer) => draft.answer(field, answer),
                None => break,
            }
        }
    }
    let fields = draft.finish(&scene.notebook.folder, scene.notebook.home.as_deref())?;
    Ok(Recipe {
        name: fields.name,
        place: Place::Astra {
            bundle: fields.bundle,
            login: Login { user: fields.client_id, password: fields.secret },
        },
        keyspace: text("keyspace"),
        read_only: arguments.flag("read-only"),
    })
}

async fn cassandra(scene: &Scene, arguments: &Arguments) -> Result<Recipe, Diagnostic> {
    let hosts: Vec<String> = arguments.values("host").into_iter().map(str::to_owned).collect();
    if hosts.is_empty() {
        return Err(Diagnostic::new(Code::FieldsRequired, "All fields are required. Missing: host.")
            .with_hint("Add `--host HOST`, or several with commas between them."));
    }
    let port = match arguments.value("port") {
        None => 9042,
        Some(text) => text.parse().ok().filter(|port| *port > 0).ok_or_else(|| {
            Diagnostic::new(Code::Usage, format!("`{text}` is not a port."))
                .with_hint("A port is a whole number from 1 to 65535; Cassandra's is 9042.")
        })?,
    };
    let login = match arguments.value("user") {
        None => None,
        Some(user) => {
            let password = match std::env::var("CASSANDRA_PASSWORD").ok().filter(|text| !text.is_empty()) {
                Some(password) => Some(Secret::new(password)),
                None => scene.ask(&format!("Password of {user}: "), true).await?,
            };
            let password = password.filter(|password| !password.is_empty()).ok_or_else(|| {
                Diagnostic::new(Code::FieldsRequired, "All fields are required. Missing: password.")
                    .with_cause("Neither the environment nor a prompt gave it. Nothing was tried.")
                    .with_hint("Set CASSANDRA_PASSWORD, or run the cell where the frontend can ask.")
            })?;
            Some(Login { user: user.to_owned(), password })
        }
    };
    let file = |name: &str| arguments.value(name).map(|typed| scene.notebook.path(typed));
    let tls = TlsFiles { ca_cert: file("ca-cert"), cert: file("cert"), key: file("key") };
    let any = tls.ca_cert.is_some() || tls.cert.is_some() || tls.key.is_some();
    Ok(Recipe {
        name: arguments.value("name").map(str::to_owned),
        place: Place::Cassandra {
            hosts,
            port,
            login,
            dc: arguments.value("dc").map(str::to_owned),
            tls: any.then_some(tls),
        },
        keyspace: arguments.value("keyspace").map(str::to_owned),
        read_only: arguments.flag("read-only"),
    })
}
