//! What `%connection …` and `cqlbook connection …` do: one code path for the notebook's cell and the terminal.

use std::sync::Arc;

use cqlbook_core::diagnostic::{Code, Diagnostic};
use cqlbook_core::magic::{self, Arguments};
use cqlbook_core::redact::DOTS;
use cqlbook_core::render::{self, Facts, Item, List};
use cqlbook_vault::keychain::Status;
use cqlbook_vault::{Deleted, Place, Profile, VaultError};

use super::desk::Desk;
use super::edit;
use super::gather::{self, Purpose};
use super::opening;
use super::recipe::Recipe;
use super::shelf::{Kept, Shelf};
use crate::explain::vault as explain;
use crate::explain::vault::PASSPHRASE;

/// Does what the line asks for.
///
/// # Errors
/// Those of each verb; a failed test saves nothing.
pub(crate) async fn run(desk: &dyn Desk, shelf: &Shelf, arguments: &Arguments) -> Result<(), Diagnostic> {
    let name = || arguments.positional(0).unwrap_or_default();
    match arguments.words() {
        ["add", kind] => {
            let recipe = gathered(desk, shelf, kind, arguments, Purpose::Save).await?;
            test_and_keep(desk, shelf, recipe).await
        }
        ["test"] => opening::test(desk, shelf, &*shelf.find(name())?).await,
        ["test", kind] => {
            let recipe = gathered(desk, shelf, kind, arguments, Purpose::Use).await?;
            opening::test(desk, shelf, &recipe).await
        }
        ["edit"] => {
            let recipe = edit::edit(desk, shelf, arguments).await?;
            test_and_keep(desk, shelf, recipe).await
        }
        ["show"] => show(desk, &shelf.profile(name())?).await,
        ["rename"] => {
            let renamed = shelf.rename(name(), arguments.positional(1).unwrap_or_default()).await?;
            desk.say(&format!("`{}` is called `{}` now.", name(), renamed.name)).await;
            Ok(())
        }
        ["delete"] => delete(desk, shelf, name()).await,
        ["rotate-keys"] => rotate(desk, shelf).await,
        _ => list(desk, shelf, None).await,
    }
}

async fn gathered(
    desk: &dyn Desk,
    shelf: &Shelf,
    kind: &str,
    arguments: &Arguments,
    purpose: Purpose,
) -> Result<Recipe, Diagnostic> {
    match kind {
        "astra" => gather::astra(desk, shelf, arguments, purpose).await,
        _ => gather::cassandra(desk, shelf, arguments, purpose).await,
    }
}

async fn test_and_keep(desk: &dyn Desk, shelf: &Shelf, recipe: Recipe) -> Result<(), Diagnostic> {
    let recipe = Arc::new(recipe);
    opening::test(desk, shelf, &recipe).await?;
    let kept = shelf.keep(&recipe).await?;
    let notes = told(desk, shelf, &recipe, &kept).await;
    let (first, rest) =
        notes.split_first().map_or((String::new(), &[][..]), |(first, rest)| (first.clone(), rest));
    let facts = Facts { notes: rest.to_vec(), ..Facts::default() };
    desk.show(render::outcome(&first, &facts)).await;
    Ok(())
}

/// What is said of a connection that was saved: first that it was, then where its secrets are.
pub(crate) async fn told(desk: &dyn Desk, shelf: &Shelf, recipe: &Recipe, kept: &Kept) -> Vec<String> {
    let Some(name) = &recipe.name else { return Vec::new() };
    let mut notes = vec![format!(
        "Saved: `%connect {}` opens it{}.",
        magic::quoted(name),
        if desk.has_session() { "" } else { " in a notebook" }
    )];
    match kept {
        Kept::Nothing => {}
        Kept::Keychain => notes.push("Its secrets are in the system's keychain, sealed.".to_owned()),
        Kept::File => notes.push(format!("Its secrets are sealed in {}.", shelf.vault_file())),
        Kept::Session => {
            let why = shelf.no_keychain().await.map(|status| explain::no_keychain(&status));
            let why = why.map(|why| format!("{} {}", why.message, why.cause.unwrap_or_default()));
            let instead = if desk.has_session() {
                "Its secrets are held for this session only, and written nowhere."
            } else {
                "Its secrets were written nowhere: a notebook that opens it asks for them."
            };
            notes.push(format!(
                "{}: {} {instead}",
                Code::KeychainUnavailable,
                why.as_deref().unwrap_or("The keychain cannot be used.").trim()
            ));
            let how = if desk.has_session() {
                "before Jupyter starts, or run `%connection"
            } else {
                "or run `cqlbook connection"
            };
            notes.push(format!(
                "To keep them in a file sealed under a passphrase, set {PASSPHRASE} {how} edit {} --vault`.",
                magic::quoted(name)
            ));
        }
    }
    notes
}

/// Lists the connections; `open` is the notebook's own. Astra's rows have no host and port; no row has a secret.
///
/// # Errors
/// A file of connections that cannot be read.
pub(crate) async fn list(desk: &dyn Desk, shelf: &Shelf, open: Option<&Recipe>) -> Result<(), Diagnostic> {
    let mut rows = Vec::new();
    let (saved, broken) = (shelf.list()?, shelf.broken()?);
    let is_open = |name: &str| open.and_then(|open| open.name.as_deref()) == Some(name);
    for profile in &saved {
        let state = if is_open(&profile.name) { "connected" } else { "" };
        rows.push(row(&profile.name, &profile.place, profile.keyspace.as_deref(), &used(profile), state));
    }
    for held in shelf.all_held() {
        let Some(name) = held.name.as_deref().filter(|name| !saved.iter().any(|saved| saved.name == *name))
        else {
            continue;
        };
        let state = if is_open(name) { "connected, this session only" } else { "this session only" };
        rows.push(row(name, &held.saved_place(), held.keyspace.as_deref(), "", state));
    }
    rows.extend(broken.into_iter().map(|(name, reason)| {
        let mut row = vec![Item::code(name.unwrap_or_default())];
        row.extend((0..4).map(|_| Item::text("")));
        row.push(Item::text(format!("cannot be used: {reason}")));
        row
    }));
    let headers =
        ["Name", "Kind", "Keyspace", "Bundle or hosts", "Last used", ""].map(str::to_owned).to_vec();
    let note = rows.is_empty().then(|| {
        "There are none yet. `%connect astra --name NAME` or `%connect cassandra --name NAME --host HOST` makes one."
            .to_owned()
    });
    desk.show(render::list(&List { title: None, headers, rows, note })).await;
    Ok(())
}

fn row(name: &str, place: &Place, keyspace: Option<&str>, used: &str, state: &str) -> Vec<Item> {
    let (kind, leads_to) = match place {
        Place::Astra { bundle } => ("astra", bundle.display().to_string()),
        Place::Cassandra { hosts, port, .. } => ("cassandra", format!("{}, port {port}", hosts.join(", "))),
    };
    vec![
        Item::code(name),
        Item::text(kind),
        Item::text(keyspace.unwrap_or_default()),
        Item::code(leads_to),
        Item::text(used),
        Item::text(state),
    ]
}

/// When a connection was last used, to the minute.
fn used(profile: &Profile) -> String {
    let at = profile.last_used.and_then(|at| jiff::Timestamp::try_from(at).ok());
    at.map(|at| at.strftime("%Y-%m-%d %H:%M UTC").to_string()).unwrap_or_default()
}

/// Shows what is saved of a connection, its secrets as dots.
///
/// # Errors
/// None yet; it is one with the other verbs.
pub(crate) async fn show(desk: &dyn Desk, profile: &Profile) -> Result<(), Diagnostic> {
    let mut rows: Vec<(&str, String)> = vec![("Connection Name", profile.name.clone())];
    match &profile.place {
        Place::Astra { bundle } => {
            rows.push(("Kind", "Astra DB".to_owned()));
            rows.push(("Client ID", DOTS.to_owned()));
            rows.push(("Client Secret", DOTS.to_owned()));
            rows.push(("Secure Connect Bundle", bundle.display().to_string()));
        }
        Place::Cassandra { hosts, port, user, dc, tls } => {
            rows.push(("Kind", "Apache Cassandra".to_owned()));
            rows.push(("Hosts", hosts.join(", ")));
            rows.push(("Port", port.to_string()));
            if let Some(user) = user {
                rows.push(("User", user.clone()));
                rows.push(("Password", DOTS.to_owned()));
            }
            rows.extend(dc.iter().map(|dc| ("Data centre", dc.clone())));
            let files = tls.iter().flat_map(|tls| {
                [("CA certificate", &tls.ca_cert), ("Certificate", &tls.cert), ("Key", &tls.key)]
            });
            rows.extend(
                files.filter_map(|(label, file)| Some((label, file.as_ref()?.display().to_string()))),
            );
        }
    }
    rows.extend(profile.keyspace.iter().map(|keyspace| ("Keyspace", keyspace.clone())));
    rows.push(("Only reads are sent", if profile.read_only { "yes" } else { "no" }.to_owned()));
    if profile.last_used.is_some() {
        rows.push(("Last used", used(profile)));
    }
    let rows = rows.into_iter().map(|(label, value)| vec![Item::text(label), Item::code(value)]).collect();
    let headers = ["Field", "Value"].map(str::to_owned).to_vec();
    desk.show(render::list(&List { title: None, headers, rows, note: None })).await;
    Ok(())
}

async fn delete(desk: &dyn Desk, shelf: &Shelf, name: &str) -> Result<(), Diagnostic> {
    let said = match shelf.delete(name).await? {
        Deleted::Whole => format!("Deleted `{name}`, and its secrets."),
        // Where nothing can be kept nothing was.
        Deleted::SecretsLeft(VaultError::NoKeychain(Status::Absent { .. })) if !shelf.has_vault_file() => {
            format!("Deleted `{name}`. No secret of it is kept here: there is no keychain.")
        }
        Deleted::SecretsLeft(VaultError::NoKeychain(Status::Absent { .. }) | VaultError::WrongPassphrase) => {
            format!(
                "Deleted `{name}`. Its secrets may still lie in {}, sealed under its passphrase, which was not given.",
                shelf.vault_file()
            )
        }
        Deleted::SecretsLeft(error) => format!(
            "Deleted `{name}`. Its secrets could not be looked for and may still lie, sealed, in the keychain. {}",
            explain::vault(&error).message
        ),
    };
    desk.say(&said).await;
    Ok(())
}

async fn rotate(desk: &dyn Desk, shelf: &Shelf) -> Result<(), Diagnostic> {
    let rotated = shelf.rotate().await?;
    let count = match rotated.resealed {
        1 => "The secrets of 1 connection are".to_owned(),
        count => format!("The secrets of {count} connections are"),
    };
    let mut said = format!("{count} sealed with a new key pair. The old one is gone.");
    if !rotated.unreadable.is_empty() {
        let names: Vec<_> = rotated.unreadable.iter().map(|name| format!("`{name}`")).collect();
        said += &format!(
            " Those of {} could not be opened: enter them again with `%connection edit NAME --client-secret`.",
            names.join(", ")
        );
    }
    desk.say(&said).await;
    Ok(())
}
