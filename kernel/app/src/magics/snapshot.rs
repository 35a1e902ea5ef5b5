//! `%snapshot`: the schema saved, shown, compared and scripted.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cqlbook_core::cql::keywords::unquote_name;
use cqlbook_core::diagnostic::{Code, Diagnostic};
use cqlbook_core::magic::{self, Arguments};
use cqlbook_core::render::{self, Facts, Item, List, MimeBundle};
use cqlbook_core::schema::describe::{self, Request, What};
use cqlbook_core::schema::diff::{self, Sides, script};
use cqlbook_core::schema::file::Snapshot;
use cqlbook_core::schema::{Keyspace, KeyspaceKind, Schema};

use crate::connect::opening;
use crate::connect::recipe::{Place, Recipe};
use crate::explain::{self, file::Doing};
use crate::notebook::{Notebook, Open};
use crate::run::aside;
use crate::run::scene::Scene;
use crate::run::wait::Wait;
use crate::snapshots::{self, Folder, is_path};

/// The schema as it is now.
const LIVE: &str = "live";
/// The longest CQL that `show` holds, in bytes.
const SHOWN: usize = 150_000;

/// The head of CQL with characters that cannot be seen.
const HIDDEN: &str = "-- Names or texts below have characters that cannot be seen, or that turn the direction of writing. Escapes such as \\u202e\n\
    -- stand for them here, so this is to be read: copied, it would make other names.\n";

/// Runs one form.
pub(crate) async fn run(scene: &Scene, arguments: &Arguments) -> Result<(), Diagnostic> {
    match arguments.words() {
        ["save"] => save(scene, arguments).await,
        ["list"] => list(scene).await,
        ["show"] => show(scene, arguments.positional(0).unwrap_or_default()).await,
        ["delete"] => delete(scene, arguments.positional(0).unwrap_or_default()).await,
        ["diff"] => compare(scene, arguments).await,
        _ => migrate(scene, arguments).await,
    }
}

/// What may stand where a snapshot is named: those of the connection in use, and the schema as it is now.
pub(crate) fn names(notebook: &Notebook) -> Vec<String> {
    let folder = notebook.open().and_then(|open| Folder::of(&shelf_name(&open.recipe)).ok());
    let mut names = folder.map(|folder| folder.names()).unwrap_or_default();
    names.push(LIVE.to_owned());
    names
}

/// What snapshots of a connection are kept under: its name, or where it leads.
fn shelf_name(recipe: &Recipe) -> String {
    match (&recipe.name, &recipe.place) {
        (Some(name), _) => name.clone(),
        (None, Place::Astra { bundle, .. }) => {
            let stem = bundle.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            stem.strip_prefix("secure-connect-").map(str::to_owned).unwrap_or(stem)
        }
        (None, Place::Cassandra { hosts, .. }) => hosts.join(","),
    }
}

/// The live schema of a connection, read anew where it has changed.
async fn live(scene: &Scene, open: &Open) -> Result<Arc<Schema>, Diagnostic> {
    let mut wait = Wait::new();
    let attended = wait.attend(open, scene.settings().settings.timeout);
    let reading = async {
        let read = attended.connection.fresh_model().await;
        read.map_err(|error| explain::query::query_of_no_statement(&error, open.is_astra()))
    };
    let schema = wait.through(scene, reading).await?;
    wait.leave(scene).await;
    Ok(schema)
}

/// The keyspaces that users made, or the one.
fn part(schema: &Schema, keyspace: Option<&str>) -> Result<Schema, Diagnostic> {
    let wanted = |known: &Keyspace| match keyspace {
        Some(name) => known.name == name,
        None => known.kind == KeyspaceKind::User,
    };
    let keyspaces: BTreeMap<_, _> = schema
        .keyspaces
        .iter()
        .filter(|(_, known)| wanted(known))
        .map(|(name, known)| (name.clone(), Arc::clone(known)))
        .collect();
    match keyspace.filter(|_| keyspaces.is_empty()) {
        Some(name) => Err(Diagnostic::new(Code::InvalidQuery, format!("There is no keyspace `{name}`."))
            .with_hint("`DESCRIBE KEYSPACES` names those there are.")),
        None => {
            let (roles, grants) = Default::default();
            Ok(Schema { keyspaces, roles, grants, ..schema.clone() })
        }
    }
}

async fn save(scene: &Scene, arguments: &Arguments) -> Result<(), Diagnostic> {
    let open = scene.open()?;
    let keyspace = arguments.value("keyspace").map(unquote_name);
    let schema = part(&*live(scene, &open).await?, keyspace.as_deref())?;
    let zone = scene.settings().settings.timezone;
    let now = jiff::Timestamp::now();
    let connection = shelf_name(&open.recipe);
    let mut snapshot = Snapshot {
        name: String::new(),
        saved: now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        connection: connection.clone(),
        keyspace,
        schema,
    };
    let replace = arguments.flag("force");
    let path = match arguments.positional(0) {
        Some(name) => {
            let path = place(scene, &Folder::of(&connection)?, name)?;
            snapshot.name = name_of(name, &path);
            if !snapshots::write(&path, &snapshot, replace)? {
                return Err(Diagnostic::new(
                    Code::FileExists,
                    format!("There is a snapshot `{name}` already."),
                )
                .with_hint("`--force` replaces it."));
            }
            path
        }
        None => {
            // The day's date, and a number from the second one on.
            let folder = Folder::of(&connection)?;
            let day = now.to_zoned(zone).strftime("%Y-%m-%d").to_string();
            let names =
                std::iter::once(day.clone()).chain((2..10_000).map(|number| format!("{day}-{number}")));
            let mut written = None;
            for name in names {
                let path = folder.path(&name)?;
                snapshot.name = name;
                if !path.exists() && snapshots::write(&path, &snapshot, false)? {
                    written = Some(path);
                    break;
                }
            }
            written.ok_or_else(|| {
                Diagnostic::new(Code::FileExists, "This day has ten thousand snapshots already.")
                    .with_hint("`%snapshot save NAME`")
            })?
        }
    };
    let tables: usize = snapshot.schema.keyspaces.values().map(|keyspace| keyspace.tables.len()).sum();
    let summary = format!(
        "Saved {} with {} as {}.",
        plural(snapshot.schema.keyspaces.len(), "keyspace"),
        plural(tables, "table"),
        snapshot.name
    );
    let mut notes = vec![
        format!("The file is {}.", path.display()),
        format!(
            "`%snapshot diff {}` shows what has changed since.",
            magic::quoted(&written(&snapshot.name, arguments))
        ),
    ];
    notes.extend(snapshot.schema.notes.clone());
    scene.conclude(render::outcome(&summary, &Facts { notes, ..Facts::default() })).await;
    Ok(())
}

/// The name as the user wrote it: a path stays one.
fn written(name: &str, arguments: &Arguments) -> String {
    arguments.positional(0).unwrap_or(name).to_owned()
}

/// Where a name's file is.
fn place(scene: &Scene, folder: &Folder, name: &str) -> Result<PathBuf, Diagnostic> {
    if is_path(name) { Ok(scene.notebook.path(name)) } else { folder.path(name) }
}

/// A snapshot's own name: of a path the file's.
fn name_of(name: &str, path: &Path) -> String {
    if is_path(name) {
        path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
    } else {
        name.to_owned()
    }
}

fn plural(count: usize, thing: &str) -> String {
    if count == 1 { format!("1 {thing}") } else { format!("{count} {thing}s") }
}

async fn list(scene: &Scene) -> Result<(), Diagnostic> {
    let mut rows = Vec::new();
    let mut troubles = Vec::new();
    for (connection, folder) in snapshots::folders()? {
        let names = folder.try_names().unwrap_or_else(|error| {
            let (cause, _) = explain::file::trouble(&error, folder.location(), Doing::Reading);
            troubles.push(format!("The folder of {connection} cannot be read. {cause}"));
            Vec::new()
        });
        for name in names {
            let row = match folder.path(&name).and_then(|path| snapshots::read(&path)) {
                Ok(Some(snapshot)) => {
                    let tables: usize =
                        snapshot.schema.keyspaces.values().map(|keyspace| keyspace.tables.len()).sum();
                    vec![
                        Item::code(&name),
                        Item::text(&connection),
                        Item::text(snapshot.keyspace.unwrap_or_else(|| "all".to_owned())),
                        Item::number(tables),
                        Item::text(snapshot.saved),
                    ]
                }
                Ok(None) => continue,
                Err(error) => {
                    troubles.push(format!("{name} of {connection}: {}", error.cause.unwrap_or_default()));
                    vec![
                        Item::code(&name),
                        Item::text(&connection),
                        Item::text("cannot be read"),
                        Item::text(""),
                        Item::text(""),
                    ]
                }
            };
            rows.push(row);
        }
    }
    let headers = ["Snapshot", "Connection", "Keyspace", "Tables", "Saved"].map(str::to_owned).to_vec();
    let note = if rows.is_empty() && troubles.is_empty() {
        "There are no snapshots. `%snapshot save` saves the schema as it is now."
    } else {
        "`%snapshot diff NAME` compares one with the schema as it is now. One of another connection is `NAME@CONNECTION`."
    };
    troubles.insert(0, note.to_owned());
    scene.show(render::list(&List { title: None, headers, rows, note: Some(troubles.join(" ")) })).await;
    Ok(())
}

async fn delete(scene: &Scene, name: &str) -> Result<(), Diagnostic> {
    let (path, folder) = locate(scene, name)?;
    match snapshots::read(&path) {
        Ok(None) => return Err(missing(name, &path, &folder)),
        // A file of one's own is no matter of this magic, unless it is a snapshot.
        Err(error) if is_path(name) => return Err(error),
        Ok(Some(_)) | Err(_) => {}
    }
    std::fs::remove_file(&path).map_err(|error| {
        let told = Diagnostic::new(Code::ExportFailed, format!("{} cannot be deleted.", path.display()));
        explain::file::with_trouble(told, &error, &path, Doing::Writing)
    })?;
    scene.say(format!("Deleted the snapshot {name}.")).await;
    Ok(())
}

/// The snapshot that a name leads to.
fn opened(scene: &Scene, name: &str) -> Result<Snapshot, Diagnostic> {
    let (path, folder) = locate(scene, name)?;
    snapshots::read(&path)?.ok_or_else(|| missing(name, &path, &folder))
}

/// What is said of a name that leads to nothing.
fn missing(name: &str, path: &Path, folder: &Folder) -> Diagnostic {
    if is_path(name) { snapshots::missing(path) } else { folder.unknown(name) }
}

/// The file that a name leads to, and the folder in which its neighbours are.
fn locate(scene: &Scene, name: &str) -> Result<(PathBuf, Folder), Diagnostic> {
    if is_path(name) {
        let own = scene.connection().map_or_else(String::new, |open| shelf_name(&open.recipe));
        return Ok((scene.notebook.path(name), Folder::of(&own)?));
    }
    let (name, connection) = match name.rsplit_once('@') {
        Some((name, connection)) => (name, connection.to_owned()),
        None => match scene.connection() {
            Some(open) => (name, shelf_name(&open.recipe)),
            // Without a connection a name is enough where only one has it.
            None => {
                let having = snapshots::folders()?
                    .into_iter()
                    .filter(|(_, folder)| folder.names().iter().any(|known| known == name));
                let mut having = having.map(|(connection, _)| connection);
                match (having.next(), having.next()) {
                    (Some(one), None) => (name, one),
                    (Some(one), Some(_)) => {
                        return Err(Diagnostic::new(
                            Code::Usage,
                            format!("Several connections have a snapshot `{name}`."),
                        )
                        .with_hint(format!("Say which: `{name}@{one}`.")));
                    }
                    (None, _) => {
                        return Err(scene.open().err().unwrap_or_else(|| {
                            Folder::of("").map_or_else(|error| error, |folder| folder.unknown(name))
                        }));
                    }
                }
            }
        },
    };
    let folder = Folder::of(&connection)?;
    Ok((folder.path(name)?, folder))
}

/// One side of a comparison.
struct Side {
    /// What it is called in a title.
    label: String,
    keyspace: Option<String>,
    schema: Schema,
}

/// The side that a word names: a snapshot, a file, or a live schema, here or of a saved connection.
async fn side(scene: &Scene, word: &str) -> Result<Side, Diagnostic> {
    if word == LIVE {
        let open = scene.open()?;
        let schema = Schema::clone(&*live(scene, &open).await?);
        return Ok(Side { label: format!("live ({})", open.recipe.label()), keyspace: None, schema });
    }
    if let Some(connection) = word.strip_prefix("live@") {
        let shelf = &scene.notebook.shelf;
        let recipe = shelf.find(connection)?;
        let (connection, led_to) = opening::beside(scene, shelf, &recipe).await?;
        let open = Open { connection, recipe, led_to, number: 0 };
        let schema = Schema::clone(&*live(scene, &open).await?);
        scene.stop_progress().await;
        return Ok(Side { label: word.to_owned(), keyspace: None, schema });
    }
    let snapshot = opened(scene, word)?;
    let label = format!("{word} (saved {})", snapshot.saved);
    Ok(Side { label, keyspace: snapshot.keyspace, schema: snapshot.schema })
}

/// Both sides, limited to what both hold, with a title.
async fn sides(scene: &Scene, arguments: &Arguments) -> Result<(Schema, Schema, Sides, String), Diagnostic> {
    let old = side(scene, arguments.positional(0).unwrap_or(LIVE)).await?;
    let new = side(scene, arguments.positional(1).unwrap_or(LIVE)).await?;
    let mut title = format!("{} → {}", old.label, new.label);
    let asked = arguments.value("keyspace").map(unquote_name);
    let mut new_schema = new.schema;
    let keyspace = match (asked, old.keyspace, new.keyspace) {
        (Some(asked), _, _) => Some(asked),
        // Two keyspaces by two names, each saved alone: the one is meant as the other.
        (None, Some(left), Some(right)) if left != right => {
            if let Some(keyspace) = new_schema.keyspaces.remove(&right) {
                new_schema.keyspaces.insert(left.clone(), Arc::new(keyspace.renamed(&left)));
            }
            title.push_str(&format!(", {right} taken as {left}"));
            Some(left)
        }
        (None, left, right) => left.or(right),
    };
    if let Some(name) = &keyspace
        && old.schema.keyspace(name).is_none()
        && new_schema.keyspace(name).is_none()
    {
        return Err(Diagnostic::new(
            Code::InvalidQuery,
            format!("There is no keyspace `{name}` on either side."),
        ));
    }
    Ok((old.schema, new_schema, Sides { keyspace }, title))
}

/// What was not read of either side, and so is not compared.
fn unread(old: &Schema, new: &Schema) -> Vec<String> {
    let of = |schema: &Schema, side: &str| {
        let tables = schema.unread.iter().map(|source| source.table());
        tables
            .map(|table| format!("{table} was not read whole on {side} side. What it has is not compared."))
            .collect::<Vec<_>>()
    };
    [of(old, "the first"), of(new, "the second")].concat()
}

async fn compare(scene: &Scene, arguments: &Arguments) -> Result<(), Diagnostic> {
    let (old, new, sides, title) = sides(scene, arguments).await?;
    let shown = aside::run(move || {
        let mut found = diff::diff(&old, &new, &sides);
        found.notes.splice(0..0, unread(&old, &new));
        render::diff(&found, &title)
    })
    .await?;
    scene.show(shown).await;
    Ok(())
}

async fn migrate(scene: &Scene, arguments: &Arguments) -> Result<(), Diagnostic> {
    let (old, new, sides, mut head) = sides(scene, arguments).await?;
    let allow_lossy = arguments.flag("allow-lossy");
    let script = aside::run(move || {
        for told in unread(&old, &new).into_iter().chain(script::left_out(&old, &new, &sides)) {
            head.push('\n');
            head.push_str(&told);
        }
        code(&script::text(&script::steps(&old, &new, &sides), &head, allow_lossy))
    });
    scene.show(script.await?).await;
    Ok(())
}

/// CQL to be read and copied. What is seen is what runs: where a name or a literal has a character that cannot be seen, its escape
/// stands there, and the head says so.
fn code(text: &str) -> MimeBundle {
    let seen = render::terminal(text);
    let text = if seen == text { seen } else { format!("{HIDDEN}{seen}").into() };
    let text = text.as_ref();
    let html = format!("<pre class=\"cqlbook cqlbook-cql\">{}</pre>", render::content(text));
    MimeBundle { html: Some(html), plain: text.trim_end().to_owned(), ..MimeBundle::default() }
}

async fn show(scene: &Scene, name: &str) -> Result<(), Diagnostic> {
    let snapshot = opened(scene, name)?;
    let rows = snapshot.schema.keyspaces.values().map(|keyspace| {
        let indexes: usize = keyspace.tables.values().map(|table| table.indexes.len()).sum();
        vec![
            Item::code(&keyspace.name),
            Item::number(keyspace.tables.len()),
            Item::number(keyspace.views.len()),
            Item::number(indexes),
            Item::number(keyspace.types.len()),
            Item::number(keyspace.functions.len() + keyspace.aggregates.len()),
        ]
    });
    let headers =
        ["Keyspace", "Tables", "Views", "Indexes", "Types", "Functions"].map(str::to_owned).to_vec();
    let origin = &snapshot.schema.origin;
    let title = format!(
        "{}: saved {} of {}, Cassandra {}",
        snapshot.name, snapshot.saved, snapshot.connection, origin.release
    );
    scene.show(render::list(&List { title: Some(title), headers, rows: rows.collect(), note: None })).await;
    let cql = aside::run(move || {
        let what = What::Schema { full: true };
        let entries = describe::answer(&snapshot.schema, &Request { what, internals: false }, None);
        let cql = describe::render(&entries.unwrap_or_default(), None, 80);
        (cql.len() <= SHOWN).then(|| code(&cql))
    });
    match cql.await? {
        Some(cql) => scene.show(cql).await,
        None => {
            scene
                .say("Its CQL is too long to be shown here. `%snapshot script` tells what it would take.")
                .await;
        }
    }
    Ok(())
}
