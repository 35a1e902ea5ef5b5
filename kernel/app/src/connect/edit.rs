//! `%connection edit NAME`: the stored values, changed by the line's options or, without any, by prompts that begin with
//! them. What comes out is tested and saved by the caller; until then all stays as it was.

use std::sync::Arc;

use cqlbook_core::diagnostic::{Code, Diagnostic};
use cqlbook_core::magic::{self, Arguments};
use cqlbook_core::secret::Secret;
use cqlbook_vault::{Place, Profile, TlsPaths};

use super::desk::Desk;
use super::fields::{self, Draft, Field};
use super::gather;
use super::recipe::{Login, Recipe};
use super::shelf::Shelf;
use super::verbs;

/// Options that only one kind of connection has.
const OF_ASTRA: [&str; 4] = ["bundle", "client-id", "client-secret", "token-file"];
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
    let given = OF_ASTRA.iter().chain(&OF_CASSANDRA).chain(&["name", "keyspace", "read-only", "vault"]);
    let any = given.into_iter().any(|option| arguments.flag(option));
    let mut edited = Edited { before, profile, user: None, password: None };
    if any {
        edited.by_options(desk, arguments).await?;
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
    /// As it was, with its secrets.
    before: Arc<Recipe>,
    profile: Profile,
    /// The new Client ID, or user.
    user: Option<String>,
    /// The new Client Secret, token or password.
    password: Option<Secret>,
}

impl Edited {
    async fn by_options(&mut self, desk: &dyn Desk, arguments: &Arguments) -> Result<(), Diagnostic> {
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
                if let Some(file) = path("token-file") {
                    let mut draft = Draft { client_id: self.user.take(), ..Draft::default() };
                    gather::token_file(&mut draft, &file).await?;
                    (self.user, self.password) = (draft.client_id, draft.secret);
                }
                if arguments.flag("client-secret") {
                    self.password = Some(new_secret(desk).await?);
                }
            }
            Place::Cassandra { hosts, port, user, dc, tls } => {
                let new = arguments.values("host");
                if !new.is_empty() {
                    *hosts = new.into_iter().map(str::to_owned).collect();
                }
                if let Some(text) = arguments.value("port") {
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
                    self.password = Some(gather::password(desk, new).await?);
                    *user = Some(new.clone());
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
                let user = hidden(desk, "Client ID").await?;
                self.user = user.map(|user| user.expose().to_owned());
                self.password = hidden(desk, "Client Secret or AstraCS: token").await?;
            }
            Place::Cassandra { hosts, port, user, dc, .. } => {
                if let Some(new) = asked(desk, "Hosts", &hosts.join(",")).await? {
                    *hosts = new
                        .split(',')
                        .map(|host| host.trim().to_owned())
                        .filter(|host| !host.is_empty())
                        .collect();
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
                if user.is_some() {
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

    /// The recipe: with the stored secrets where none is new, else with the new ones, sealed.
    async fn finish(mut self, desk: &dyn Desk, shelf: &Shelf, vault: bool) -> Result<Recipe, Diagnostic> {
        self.profile.name = self.profile.name.trim().to_owned();
        let recipe = Recipe::of(&self.profile);
        let held = match self.before.login() {
            Some(Login::Held { user, password }) => {
                Some(Login::Held { user: user.clone(), password: password.duplicate() })
            }
            _ => None,
        };
        if self.user.is_none() && self.password.is_none() && !vault {
            return Ok(match held {
                Some(held) => recipe.with_login(held),
                None => recipe,
            });
        }
        // What is not new stays as it was, and is sealed anew together with what is.
        let (user, password) = match (self.user, self.password) {
            (Some(user), Some(password)) => (user, password),
            (None, Some(password)) if fields::is_token(&password) => {
                (fields::TOKEN_USER.to_owned(), password)
            }
            (user, password) => {
                let login = self.before.login().unwrap_or(&Login::Kept);
                let old = shelf.credentials(desk, &self.before, login).await?;
                (user.unwrap_or(old.username), password.unwrap_or(old.password))
            }
        };
        if recipe.is_astra() {
            fields::check_shape(&user, &password)?;
        }
        shelf.seal(desk, recipe.with_login(Login::Held { user, password }), vault).await
    }
}

/// The answer to a question that shows the present value; `None` for an empty one, which keeps it.
async fn asked(desk: &dyn Desk, label: &str, now: &str) -> Result<Option<String>, Diagnostic> {
    let answer = desk.ask(&format!("{label} [{now}]: "), false).await?;
    Ok(answer.map(|answer| answer.expose().trim().to_owned()).filter(|answer| !answer.is_empty()))
}

/// The answer to a hidden question; `None` for an empty one, which keeps the secret.
async fn hidden(desk: &dyn Desk, label: &str) -> Result<Option<Secret>, Diagnostic> {
    let answer = desk.ask(&format!("{label} [••••••••]: "), true).await?;
    Ok(answer
        .map(|answer| Secret::new(answer.expose().trim().to_owned()))
        .filter(|answer| !answer.is_empty()))
}

/// `--client-secret`: from a hidden prompt, or, where nobody can be asked, from the environment.
async fn new_secret(desk: &dyn Desk) -> Result<Secret, Diagnostic> {
    let mut draft = Draft { client_id: Some(String::new()), ..Draft::default() };
    match desk.ask(Field::ClientSecret.prompt(), true).await? {
        Some(answer) => draft.answer(Field::ClientSecret, answer),
        None => draft.fill_from_env(|name| std::env::var(name).ok()),
    }
    draft.secret.ok_or_else(|| fields::fields_required(&[Field::ClientSecret]))
}
