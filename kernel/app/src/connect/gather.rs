//! What a connection is made of, gathered: the line first, then the environment, then prompts. Nothing is tried here.

use std::io;
use std::path::Path;

use cqlbook_cluster::TlsFiles;
use cqlbook_cluster::small_file::{self, MAX_PEM_BYTES};
use cqlbook_core::diagnostic::{Code, Diagnostic};
use cqlbook_core::host::{Hosts, NATIVE_PORT};
use cqlbook_core::magic::Arguments;
use cqlbook_core::secret::Secret;
use cqlbook_vault::{Destination, Place as SavedPlace};
use zeroize::Zeroizing;

use super::desk::Desk;
use super::destination;
use super::environment;
use super::fields::{self, Draft, Field};
use super::recipe::{Login, Place, Recipe};
use super::shelf::{Begun, Shelf};
use crate::explain::connect::no_port;
use crate::explain::file::{self, Doing};
use crate::explain::host::host;
use crate::notebook::Open;

/// What a connection is gathered for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To be used once, or tested.
    Use,
    /// To be saved after it was tested: a name is needed, and the secrets are sealed at once.
    Save,
}

/// The four fields of a connection to Astra: from the line, then from the environment, then from prompts.
///
/// # Errors
/// `FIELDS_REQUIRED`, `AUTH_TOKEN_SHAPE`, or `USAGE` for a token file that cannot be used. Nothing was tried then.
pub(crate) async fn astra(
    desk: &dyn Desk,
    shelf: &Shelf,
    arguments: &Arguments,
    purpose: Purpose,
) -> Result<Recipe, Diagnostic> {
    let text = |name: &str| arguments.value(name).map(str::to_owned);
    let mut draft = Draft {
        name: text("name"),
        client_id: text("client-id"),
        secret: None,
        bundle: text("bundle"),
        needs_name: purpose == Purpose::Save,
    };
    if let Some(typed) = arguments.value("token-file") {
        token_file(&mut draft, &desk.path(typed)).await?;
    }
    if draft.secret.is_none() && draft.bundle.is_none() && environment::is_astra_unbound() {
        // Where the environment's secrets would go is known first.
        ask_for(&[Field::Bundle], &mut draft, desk).await?;
    }
    // Where it leads is looked at as soon as a bundle is named, before any question: what lies at the path later is not the place
    // that the answers are for.
    let named = draft.bundle.clone().or_else(environment::bundle);
    let mut to = match named.as_deref() {
        Some(typed) => match destination::of(&SavedPlace::Astra { bundle: desk.path(typed) }) {
            Ok(to) => Some(to),
            // It would fail in the end whatever is answered: nobody types a secret for it.
            Err(told) if desk.can_ask() => return Err(told),
            Err(_) => None,
        },
        None => None,
    };
    fill_from_env(desk, shelf, &mut draft, to.as_ref()).await?;
    let known = purpose == Purpose::Save && draft.bundle.is_some();
    let mut begun = None;
    if known {
        // Whether the name is free is known before a secret is typed for it.
        ask_for(&[Field::Name], &mut draft, desk).await?;
        let name = draft.name.as_deref().filter(|name| !name.trim().is_empty());
        if let (Some(name), Some(bundle)) = (name, &draft.bundle) {
            let place = SavedPlace::Astra { bundle: desk.path(bundle) };
            begun = Some(shelf.begin(desk, name, place, arguments.flag("read-only")).await?);
        }
    }
    let mut missing = draft.missing();
    missing.retain(|field| !(known && *field == Field::Name));
    ask_for(&missing, &mut draft, desk).await?;
    let has_no_secret = draft.missing().contains(&Field::ClientSecret);
    let fields = draft.finish(desk.folder(), desk.home()).map_err(|missing| match missing.code {
        Code::FieldsRequired if has_no_secret && named.is_some() => environment::kept_back(missing, true),
        _ => missing,
    })?;
    if named.is_none() {
        to = astra_destination(&fields.bundle);
    }
    let recipe = Recipe {
        name: fields.name,
        profile: None,
        place: Place::Astra {
            bundle: fields.bundle,
            login: Login::Held { user: fields.client_id, password: fields.secret, to },
        },
        keyspace: text("keyspace"),
        read_only: arguments.flag("read-only"),
    };
    finish(desk, shelf, recipe, begun, arguments, purpose).await
}

/// Where a bundle leads; `None` where it cannot be read.
pub(super) fn astra_destination(bundle: &Path) -> Option<Destination> {
    destination::of(&SavedPlace::Astra { bundle: bundle.to_owned() }).ok()
}

/// Takes what the environment has, and of its secrets what may go to `to`, where the draft leads.
///
/// # Errors
/// `CONFIRMATION_REQUIRED`, `INTERRUPTED`.
pub(super) async fn fill_from_env(
    desk: &dyn Desk,
    shelf: &Shelf,
    draft: &mut Draft,
    to: Option<&Destination>,
) -> Result<(), Diagnostic> {
    let is_given = draft.secret.is_some() && draft.client_id.is_some();
    let may = is_given || environment::may_go_by_bundle(desk, shelf, draft.bundle.as_deref(), to).await?;
    draft.fill_from_env(|name| {
        if may || name == "ASTRA_DB_SECURE_BUNDLE_PATH" { environment::variable(name) } else { None }
    });
    Ok(())
}

/// Takes the credentials of a token file where the draft has none.
///
/// # Errors
/// `USAGE` for a file that cannot be read or is none.
pub(crate) async fn token_file(draft: &mut Draft, path: &Path) -> Result<(), Diagnostic> {
    let file = path.to_owned();
    let read = tokio::task::spawn_blocking(move || small_file::read(&file, MAX_PEM_BYTES)).await;
    let read = read.unwrap_or_else(|error| Err(io::Error::other(error.to_string())));
    let text = read.map(Zeroizing::new).and_then(|bytes| {
        std::str::from_utf8(&bytes)
            .map(|text| Zeroizing::new(text.to_owned()))
            .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is no text in UTF-8"))
    });
    let json = text.map_err(|error| {
        let message = format!("The token file {} cannot be read.", path.display());
        file::with_trouble(Diagnostic::new(Code::Usage, message), &error, path, Doing::Reading)
    })?;
    draft.fill_from_token_json(path, &json)
}

/// What leads to a self-hosted cluster: from the line; the password from the environment, then from a prompt.
///
/// # Errors
/// `FIELDS_REQUIRED`, or `USAGE` for a port that is none.
pub(crate) async fn cassandra(
    desk: &dyn Desk,
    shelf: &Shelf,
    arguments: &Arguments,
    purpose: Purpose,
) -> Result<Recipe, Diagnostic> {
    // What leads nowhere is told before anything is asked for.
    let (hosts, port) = hosts(arguments)?;
    let port = port.unwrap_or(NATIVE_PORT);
    let mut name = arguments.value("name").map(str::to_owned).filter(|name| !name.trim().is_empty());
    if name.is_none() && purpose == Purpose::Save {
        let answer = desk.ask(Field::Name.prompt(), false).await?;
        answer.iter().try_for_each(|answer| fields::no_secret(Field::Name.label(), answer))?;
        name = answer.map(|answer| answer.expose().trim().to_owned());
        if name.as_deref().is_none_or(str::is_empty) {
            return Err(fields::fields_required(&[Field::Name]));
        }
    }
    let user = arguments.value("user").map(str::to_owned);
    let file = |name: &str| arguments.value(name).map(|typed| desk.path(typed));
    let tls = TlsFiles { ca_cert: file("ca-cert"), cert: file("cert"), key: file("key") };
    let any = tls.ca_cert.is_some() || tls.cert.is_some() || tls.key.is_some();
    let mut recipe = Recipe {
        name,
        profile: None,
        place: Place::Cassandra {
            hosts,
            port,
            user: user.clone(),
            login: None,
            dc: arguments.value("dc").map(str::to_owned),
            tls: any.then_some(tls),
        },
        keyspace: arguments.value("keyspace").map(str::to_owned),
        read_only: arguments.flag("read-only"),
    };
    let mut begun = None;
    if let Some(user) = user {
        let place = recipe.saved_place();
        let to = match destination::of(&place) {
            Err(told) if desk.can_ask() => return Err(told),
            to => to.ok(),
        };
        if let (Purpose::Save, Some(name)) = (purpose, &recipe.name) {
            // Whether the name is free is known before a password is typed for it.
            begun = Some(shelf.begin(desk, name, place.clone(), recipe.read_only).await?);
        }
        let password = password(desk, shelf, &place, &user, to.as_ref()).await?;
        recipe = recipe.with_login(Login::Held { user, password, to });
    }
    finish(desk, shelf, recipe, begun, arguments, purpose).await
}

/// The place of an open connection for another user, whose password is asked for. It has no name and is not to be saved.
///
/// # Errors
/// `SECRET_UNREADABLE` where the connection's files lead elsewhere by now, `FIELDS_REQUIRED` where the password was not given, `AUTH_TOKEN_SHAPE` where it does not fit the user.
pub(crate) async fn other_user(
    desk: &dyn Desk,
    open: &Open,
    user: &str,
    keyspace: Option<String>,
) -> Result<Recipe, Diagnostic> {
    let recipe = &open.recipe;
    let now = destination::of(&recipe.saved_place())?;
    if !now.is(&open.led_to) {
        return Err(destination::moved(Some(&open.led_to), &now));
    }
    let asked = desk.ask(&format!("Password of {user}: "), true).await?;
    let password = asked.filter(|password| !password.is_empty()).ok_or_else(|| {
        Diagnostic::new(Code::FieldsRequired, "All fields are required. Missing: password.")
            .with_cause("The prompt did not give it. Nothing was tried.")
            .with_hint("Run the cell where the frontend can ask, or connect with `%connect`.")
    })?;
    if recipe.is_astra() {
        fields::check_shape(user, &password)?;
    }
    let login = Login::Held { user: user.to_owned(), password, to: Some(open.led_to.clone()) };
    let place = match &recipe.place {
        Place::Astra { bundle, .. } => Place::Astra { bundle: bundle.clone(), login },
        Place::Cassandra { hosts, port, dc, tls, .. } => Place::Cassandra {
            hosts: hosts.clone(),
            port: *port,
            user: Some(user.to_owned()),
            login: Some(login),
            dc: dc.clone(),
            tls: tls.clone(),
        },
    };
    Ok(Recipe { name: None, profile: None, place, keyspace, read_only: recipe.read_only })
}

/// The hosts that the line names, and their port, behind them or as an option of its own.
///
/// # Errors
/// `FIELDS_REQUIRED` where it names none, `USAGE`.
pub(super) fn hosts(arguments: &Arguments) -> Result<(Vec<String>, Option<u16>), Diagnostic> {
    let given = arguments.value("port").map(port).transpose()?;
    let hosts = Hosts::parse(arguments.values("host")).map_err(|error| host(&error, "--host"))?;
    let port = hosts.port_with(given).map_err(|error| host(&error, "--host"))?;
    Ok((hosts.names, port))
}

/// The port that was typed.
///
/// # Errors
/// `USAGE`.
pub(crate) fn port(text: &str) -> Result<u16, Diagnostic> {
    cqlbook_core::host::port(text).ok_or_else(|| no_port(text))
}

/// A cluster's password: from the environment, where it may go to `to`, to which `place` leads, then from a hidden prompt.
///
/// # Errors
/// `FIELDS_REQUIRED` where neither gave it, `CONFIRMATION_REQUIRED`.
pub(super) async fn password(
    desk: &dyn Desk,
    shelf: &Shelf,
    place: &SavedPlace,
    user: &str,
    to: Option<&Destination>,
) -> Result<Secret, Diagnostic> {
    let of_environment = match to {
        Some(to) => environment::password(desk, shelf, place, to).await?,
        // What cannot be looked at fails before anything is sent.
        None => None,
    };
    let password = match of_environment {
        Some(password) => Some(Secret::new(password)),
        None => desk.ask(&format!("Password of {user}: "), true).await?,
    };
    password
        .filter(|password| !password.is_empty())
        .ok_or_else(|| {
            Diagnostic::new(Code::FieldsRequired, "All fields are required. Missing: password.")
                .with_cause("Neither the environment nor a prompt gave it. Nothing was tried.")
                .with_hint("Set CASSANDRA_PASSWORD, or run the cell where the frontend can ask.")
        })
        .map_err(|missing| environment::kept_back(missing, false))
}

/// Seals what is to be saved, before it leaves the form. `begun` is the saved connection that it is to become, where that is known.
async fn finish(
    desk: &dyn Desk,
    shelf: &Shelf,
    mut recipe: Recipe,
    begun: Option<Begun>,
    arguments: &Arguments,
    purpose: Purpose,
) -> Result<Recipe, Diagnostic> {
    if let (Purpose::Save, Some(name)) = (purpose, recipe.name.clone()) {
        // While somebody typed, another kernel may have changed it: what was not seen is asked about.
        let mut profile = match begun.filter(|begun| shelf.is_as_it_was(&name, begun)) {
            Some(begun) => begun.profile,
            None => shelf.begin(desk, &name, recipe.saved_place(), recipe.read_only).await?.profile,
        };
        profile.keyspace.clone_from(&recipe.keyspace);
        recipe.name = Some(profile.name.clone());
        recipe.profile = Some(profile);
        return shelf.seal(desk, recipe, arguments.flag("vault")).await;
    }
    Ok(recipe)
}

/// Asks for those of `fields` that are missing, where somebody can be asked.
pub(super) async fn ask_for(fields: &[Field], draft: &mut Draft, desk: &dyn Desk) -> Result<(), Diagnostic> {
    if !desk.can_ask() {
        return Ok(());
    }
    for &field in fields {
        // A token given at an earlier prompt brings its user along, and an empty Client ID waits for the token.
        if !draft.missing().contains(&field) {
            continue;
        }
        match desk.ask(field.prompt(), field.is_hidden()).await? {
            Some(answer) if !field.is_hidden() => {
                fields::no_secret(field.label(), &answer)?;
                draft.answer(field, answer);
            }
            Some(answer) => draft.answer(field, answer),
            None => break,
        }
    }
    Ok(())
}
