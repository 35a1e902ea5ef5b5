//! `%connection edit NAME`: the stored values, changed by the line's options or, without any, by prompts that begin with
//! them. What comes out is tested and saved by the caller; until then all stays as it was.

use std::sync::Arc;

use cqlbook_core::diagnostic::{Code, Diagnostic};
use cqlbook_core::host::Hosts;
use cqlbook_core::magic::{self, Arguments};
use cqlbook_core::redact::DOTS;
use cqlbook_core::secret::Secret;
use cqlbook_vault::{Destination, Place, Profile, TlsPaths};

use super::desk::Desk;
use super::destination;
use super::environment;
use super::fields::{self, Draft, Field};
use super::gather;
use super::missing;
use super::recipe::{Login, Recipe};
use super::shelf::{Shelf, asks_anew, is_agreed};
use super::verbs;
use crate::explain::host::host;

/// Options that only one kind of connection has. `--client-secret` asks for a cluster's password too: it is what every error about a
/// stored secret says.
const OF_ASTRA: [&str; 3] = ["bundle", "client-id", "token-file"];
const OF_CASSANDRA: [&str; 7] = ["host", "port", "user", "dc", "ca-cert", "cert", "key"];

/// The connection as it is to be.
///
/// # Errors
/// `NOT_CONNECTED` where there is none, `USAGE` for options that do not fit, `AUTH_TOKEN_SHAPE`, and what reading the
/// stored secrets says.
pub(crate) async fn edit(
    desk: &dyn Desk,
    shelf: &Shelf,
    arguments: &Arguments,
) -> Result<Recipe, Diagnostic> {
    let name = arguments.positional(0).unwrap_or_default();
    let (profile, before) = (shelf.profile(name)?, shelf.find(name)?);
    let is_astra = matches!(profile.place, Place::Astra { .. });
    let foreign = if is_astra { &OF_CASSANDRA[..] } else { &OF_ASTRA[..] };
    if let Some(option) = foreign.iter().find(|option| arguments.flag(option)) {
        let kind = if is_astra { "Astra DB" } else { "Apache Cassandra" };
        return Err(Diagnostic::new(
            Code::Usage,
            format!("`--{option}` is not for `{}`, which leads to {kind}.", profile.name),
        )
        .with_hint("`%help connection` shows the options."));
    }
    verbs::show(desk, &profile).await?;
    let given = OF_ASTRA.iter().chain(&OF_CASSANDRA).chain(&[
        "client-secret",
        "name",
        "keyspace",
        "read-only",
        "vault",
    ]);
    let any = given.into_iter().any(|option| arguments.flag(option));
    let before = Before { recipe: before, destination: destination::of(&profile.place).ok() };
    let to = destination::of(&profile.place);
    let mut edited = Edited { before, profile, user: None, password: None, to };
    if any {
        edited.by_options(desk, shelf, arguments).await?;
    } else if desk.can_ask() {
        edited.by_prompts(desk).await?;
    } else {
        let name = magic::quoted(&edited.profile.name);
        return Err(Diagnostic::new(Code::Usage, "Nothing says what to change.")
            .with_cause("The frontend cannot ask, and the line has no option.")
            .with_hint(format!("For example: `%connection edit {name} --bundle ZIP`.")));
    }
    edited.finish(desk, shelf, arguments.flag("vault")).await
}

/// A connection in change.
struct Edited {
    before: Before,
    profile: Profile,
    /// The new Client ID, or user.
    user: Option<String>,
    /// The new Client Secret, token or password.
    password: Option<Secret>,
    /// Where it leads from now on, as it was looked at before a secret was asked for.
    to: Result<Destination, Diagnostic>,
}

impl Edited {
    async fn by_options(
        &mut self,
        desk: &dyn Desk,
        shelf: &Shelf,
        arguments: &Arguments,
    ) -> Result<(), Diagnostic> {
        let text = |name: &str| arguments.value(name).map(str::to_owned);
        let path = |name: &str| arguments.value(name).map(|typed| desk.path(typed));
        if let Some(name) = text("name") {
            self.profile.name = name;
        }
        if let Some(keyspace) = text("keyspace") {
            self.profile.keyspace = Some(keyspace).filter(|keyspace| !keyspace.is_empty());
        }
        self.profile.read_only |= arguments.flag("read-only");
        self.user = text("client-id").or_else(|| text("user"));
        match &mut self.profile.place {
            Place::Astra { bundle } => {
                if let Some(new) = path("bundle") {
                    *bundle = new;
                }
                let place = Place::Astra { bundle: bundle.clone() };
                self.to = destination::of(&place);
                if let Some(file) = path("token-file") {
                    let mut draft = Draft { client_id: self.user.take(), ..Draft::default() };
                    gather::token_file(&mut draft, &file).await?;
                    (self.user, self.password) = (draft.client_id, draft.secret);
                }
                if arguments.flag("client-secret") {
                    let mut draft = Draft {
                        client_id: Some(String::new()),
                        bundle: Some(bundle.to_string_lossy().into_owned()),
                        ..Draft::default()
                    };
                    self.password = Some(new_secret(desk, shelf, &mut draft, self.to.as_ref().ok()).await?);
                }
            }
            Place::Cassandra { hosts, port, user, dc, tls } => {
                if arguments.flag("host") {
                    let (new, of_new) = gather::hosts(arguments)?;
                    *hosts = new;
                    *port = of_new.unwrap_or(*port);
                } else if let Some(text) = arguments.value("port") {
                    *port = gather::port(text)?;
                }
                if let Some(new) = text("dc") {
                    *dc = Some(new);
                }
                for (new, option) in [(path("ca-cert"), 0), (path("cert"), 1), (path("key"), 2)] {
                    if let Some(file) = new {
                        let tls = tls.get_or_insert_with(TlsPaths::default);
                        *[&mut tls.ca_cert, &mut tls.cert, &mut tls.key][option] = Some(file);
                    }
                }
                if let Some(new) = &self.user {
                    *user = Some(new.clone());
                }
                if self.user.is_some() || arguments.flag("client-secret") {
                    let Some(of) = user.clone() else {
                        return Err(Diagnostic::new(
                            Code::Usage,
                            "The connection has no user, and so no password.",
                        )
                        .with_hint("`--user USER` gives it one, and asks for the password."));
                    };
                    let place = &self.profile.place;
                    self.to = destination::of(place);
                    let to = self.to.as_ref().ok();
                    self.password = Some(gather::password(desk, shelf, place, &of, to).await?);
                } else {
                    self.to = destination::of(&self.profile.place);
                }
            }
        }
        Ok(())
    }

    /// Asks for each field; an empty answer keeps what stands in brackets.
    async fn by_prompts(&mut self, desk: &dyn Desk) -> Result<(), Diagnostic> {
        if let Some(name) = asked(desk, "Connection Name", &self.profile.name).await? {
            self.profile.name = name;
        }
        match &mut self.profile.place {
            Place::Astra { bundle } => {
                if let Some(new) = asked(desk, "Secure Connect Bundle", &bundle.to_string_lossy()).await? {
                    *bundle = desk.path(&new);
                }
                self.to = destination::of(&Place::Astra { bundle: bundle.clone() });
                let user = hidden(desk, "Client ID").await?;
                self.user = user.map(|user| user.expose().to_owned());
                self.password = hidden(desk, "Client Secret or AstraCS: token").await?;
            }
            Place::Cassandra { hosts, port, user, dc, .. } => {
                if let Some(new) = asked(desk, "Hosts", &hosts.join(",")).await? {
                    let new = Hosts::parse([new.as_str()]).map_err(|error| host(&error, "--host"))?;
                    *hosts = new.names;
                    *port = new.port.unwrap_or(*port);
                }
                if let Some(new) = asked(desk, "Port", &port.to_string()).await? {
                    *port = gather::port(&new)?;
                }
                if let Some(new) = asked(desk, "Data centre", dc.as_deref().unwrap_or("any")).await? {
                    *dc = Some(new);
                }
                self.user = asked(desk, "User", user.as_deref().unwrap_or("none")).await?;
                if let Some(new) = &self.user {
                    *user = Some(new.clone());
                }
                let has_user = user.is_some();
                self.to = destination::of(&self.profile.place);
                if has_user {
                    self.password = hidden(desk, "Password").await?;
                }
            }
        }
        let keyspace = self.profile.keyspace.clone();
        if let Some(new) = asked(desk, "Keyspace", keyspace.as_deref().unwrap_or("none")).await? {
            self.profile.keyspace = Some(new);
        }
        let now = if self.profile.read_only { "yes" } else { "no" };
        if let Some(new) = asked(desk, "Send only reads, yes or no", now).await? {
            self.profile.read_only = matches!(new.to_lowercase().as_str(), "y" | "yes" | "on" | "true");
        }
        Ok(())
    }

    /// The recipe: with the stored secrets where none is new and they are for where it leads, else with new ones, sealed.
    ///
    /// What is stored is opened only where a part of it is still needed: one that cannot be opened must not keep a new one out.
    async fn finish(mut self, desk: &dyn Desk, shelf: &Shelf, vault: bool) -> Result<Recipe, Diagnostic> {
        self.profile.name = self.profile.name.trim().to_owned();
        let recipe = Recipe::of(&self.profile);
        if recipe.login().is_none() {
            return Ok(recipe);
        }
        let of_cluster = match &self.profile.place {
            Place::Cassandra { user, .. } => user.clone(),
            Place::Astra { .. } => None,
        };
        let (user, password) = match (self.user.or(of_cluster), self.password) {
            (Some(user), Some(password)) => (user, password),
            (None, Some(password)) if fields::is_token(&password) => {
                (fields::TOKEN_USER.to_owned(), password)
            }
            (user, password) => {
                let is_new = password.is_some() || (recipe.is_astra() && user.is_some());
                match self.before.stored(desk, shelf, &self.profile, self.to.clone()).await? {
                    Stored::Same if !is_new && !vault => {
                        return Ok(match self.before.recipe.login().and_then(Login::duplicate_held) {
                            Some(held) => recipe.with_login(held),
                            None => recipe,
                        });
                    }
                    Stored::Same => {
                        let login = self.before.recipe.login().unwrap_or(&Login::Kept);
                        let old =
                            shelf.credentials(desk, &self.before.recipe, login, &self.to.clone()?).await?;
                        (user.unwrap_or(old.username), password.unwrap_or(old.password))
                    }
                    Stored::Agreed(to) if !is_new => {
                        return Ok(match self.before.recipe.login() {
                            Some(Login::Held { user, password, .. }) => {
                                let (user, password) = (user.clone(), password.duplicate());
                                recipe.with_login(Login::Held { user, password, to: Some(to) })
                            }
                            _ => match shelf.resealed(&self.profile, &to).await? {
                                Some(sealed) => recipe.with_login(Login::Sealed(sealed)),
                                None => recipe,
                            },
                        });
                    }
                    Stored::Agreed(_) | Stored::Elsewhere | Stored::Unknown => {
                        let given =
                            missing::rest(desk, shelf, &self.profile, user, password, self.to.as_ref().ok())
                                .await?;
                        (given.username, given.password)
                    }
                    Stored::Nothing if is_new => {
                        let given =
                            missing::rest(desk, shelf, &self.profile, user, password, self.to.as_ref().ok())
                                .await?;
                        (given.username, given.password)
                    }
                    Stored::Nothing => return Ok(recipe),
                }
            }
        };
        if recipe.is_astra() {
            fields::check_shape(&user, &password)?;
        }
        let login = Login::Held { user, password, to: self.to.ok() };
        shelf.seal(desk, recipe.with_login(login), vault).await
    }
}

/// A connection as it was.
struct Before {
    recipe: Arc<Recipe>,
    /// Where it led, where that can be told.
    destination: Option<Destination>,
}

/// What is stored of a connection's secrets, as far as the place is concerned that it is to lead to.
enum Stored {
    /// They are for it.
    Same,
    /// It is another way to the same database, and the person said yes.
    Agreed(Destination),
    /// They are for another one, and the person was told.
    Elsewhere,
    /// They cannot be opened, and it leads elsewhere.
    Unknown,
    /// They cannot be opened or there are none, and it leads where it led.
    Nothing,
}

impl Before {
    async fn stored(
        &self,
        desk: &dyn Desk,
        shelf: &Shelf,
        after: &Profile,
        to: Result<Destination, Diagnostic>,
    ) -> Result<Stored, Diagnostic> {
        let to = to?;
        let Some(before) = &self.recipe.profile else { return Ok(Stored::Unknown) };
        let sealed_for = shelf.sealed_for(desk, before, self.destination.clone()).await?;
        match sealed_for {
            Some(old) if old.is(&to) => Ok(Stored::Same),
            Some(old) => {
                if desk.can_ask() && old.is_same_database(&to) && is_agreed(desk, after, &old, &to).await? {
                    return Ok(Stored::Agreed(to));
                }
                let any_secret = environment::variable("ASTRA_DB_CLIENT_SECRET")
                    .or_else(|| environment::variable("ASTRA_DB_APPLICATION_TOKEN"))
                    .or_else(|| environment::variable("CASSANDRA_PASSWORD"));
                if !desk.can_ask() && any_secret.is_none() {
                    return Err(destination::elsewhere(&after.name, &old, &to));
                }
                desk.say(&asks_anew(after, &old, &to)).await;
                Ok(Stored::Elsewhere)
            }
            None if self.destination.as_ref().is_some_and(|was| was.is(&to)) => Ok(Stored::Nothing),
            None => Ok(Stored::Unknown),
        }
    }
}

/// The answer to a question that shows the present value; `None` for an empty one, which keeps it.
async fn asked(desk: &dyn Desk, label: &str, now: &str) -> Result<Option<String>, Diagnostic> {
    let answer = desk.ask(&format!("{label} [{now}]: "), false).await?;
    answer.iter().try_for_each(|answer| fields::no_secret(label, answer))?;
    Ok(answer.map(|answer| answer.expose().trim().to_owned()).filter(|answer| !answer.is_empty()))
}

/// The answer to a hidden question; `None` for an empty one, which keeps the secret.
async fn hidden(desk: &dyn Desk, label: &str) -> Result<Option<Secret>, Diagnostic> {
    let answer = desk.ask(&format!("{label} [{DOTS}]: "), true).await?;
    Ok(answer
        .map(|answer| Secret::new(answer.expose().trim().to_owned()))
        .filter(|answer| !answer.is_empty()))
}

/// `--client-secret`: from a hidden prompt, or, where nobody can be asked, from the environment.
async fn new_secret(
    desk: &dyn Desk,
    shelf: &Shelf,
    draft: &mut Draft,
    to: Option<&Destination>,
) -> Result<Secret, Diagnostic> {
    match desk.ask(Field::ClientSecret.prompt(), true).await? {
        Some(answer) => draft.answer(Field::ClientSecret, answer),
        None => gather::fill_from_env(desk, shelf, draft, to).await?,
    }
    draft.secret.take().ok_or_else(|| fields::fields_required(&[Field::ClientSecret]))
}
