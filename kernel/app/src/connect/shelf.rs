//! The connections that have names: those of the user, which the vault keeps, and what only this session holds of them.
//!
//! It does not decide what is tested, and shows nothing but what it has to ask.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use cqlbook_cluster::Credentials;
use cqlbook_core::diagnostic::{Code, Diagnostic};
use cqlbook_core::nearest::nearest;
use cqlbook_core::secret::Secret;
use cqlbook_vault::keychain::Status;
use cqlbook_vault::{
    Credentials as Opened, Deleted, Destination, NameError, Place as SavedPlace, Profile, ProfileError,
    Profiles, Rotated, SealedCredentials, Sealer, Vault, VaultError, check_name,
};

use super::desk::Desk;
use super::destination;
use super::missing;
use super::recipe::{Login, Recipe};
use super::safe::Safe;
use crate::explain::vault as explain;

mod places;

pub(crate) use places::Begun;
pub(super) use places::{asks_anew, is_agreed};
use places::{confirm, losses};

/// Where a connection's secrets ended up.
pub(crate) enum Kept {
    /// In the system's keychain, or there are none.
    Keychain,
    /// In the vault file.
    File,
    /// Only in this session: there is no keychain.
    Session,
    /// There are none.
    Nothing,
}

/// The named connections.
pub(crate) struct Shelf {
    safe: Safe,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// What this session holds, by name in lower case: connections that are not saved, or whose secrets are not.
    held: BTreeMap<String, Arc<Recipe>>,
    /// A recipe with secrets that were asked for, until it is known whether they are right.
    asked: Option<Arc<Recipe>>,
    /// Secrets that are sealed for another destination than before, until it is known whether they are right there.
    moved: Option<(Profile, SealedCredentials)>,
    /// Where secrets of the environment may be sent, though the environment does not say so.
    allowed: Vec<Destination>,
    /// Passwords and tokens that this session has used, for whoever must keep them out of what is kept.
    used: Vec<Arc<Secret>>,
}

impl Shelf {
    /// The shelf of this user.
    pub(crate) fn of_user() -> Self {
        Self { safe: Safe::of_user(), state: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Passwords and tokens that this session has used.
    pub(crate) fn secrets(&self) -> Vec<Arc<Secret>> {
        self.state().used.clone()
    }

    fn remember(&self, secret: &Secret) {
        let used = &mut self.state().used;
        if !used.iter().any(|known| known.expose() == secret.expose()) {
            used.push(Arc::new(secret.duplicate()));
        }
    }

    /// All names: the saved ones, then those of this session. A file that cannot be read has none.
    pub(crate) fn names(&self) -> Vec<String> {
        let mut names = self.profiles().and_then(|profiles| profiles.names().ok()).unwrap_or_default();
        // A line feed in one would make a line of its own where the names are said or offered; `%connections` lists it as one that
        // cannot be used.
        names.retain(|name| !matches!(check_name(name), Err(NameError::Invisible)));
        let held: Vec<_> = self.state().held.values().filter_map(|held| held.name.clone()).collect();
        names.extend(
            held.into_iter().filter(|name| !names.iter().any(|saved| same(saved, name))).collect::<Vec<_>>(),
        );
        names
    }

    /// The saved connections, and those that only this session has.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub(crate) fn list(&self) -> Result<Vec<Profile>, Diagnostic> {
        let saved = self.profiles().map(|profiles| profiles.list()).transpose();
        Ok(saved.map_err(|error| explain::profile(&error))?.unwrap_or_default())
    }

    /// The saved connections that cannot be used: their names, and why.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub(crate) fn broken(&self) -> Result<Vec<(Option<String>, String)>, Diagnostic> {
        let broken = self.profiles().map(|profiles| profiles.broken()).transpose();
        Ok(broken.map_err(|error| explain::profile(&error))?.unwrap_or_default())
    }

    /// What this session holds of a name.
    pub(crate) fn held(&self, name: &str) -> Option<Arc<Recipe>> {
        self.state().held.get(&name.trim().to_lowercase()).map(Arc::clone)
    }

    /// All that this session holds.
    pub(crate) fn all_held(&self) -> Vec<Arc<Recipe>> {
        self.state().held.values().map(Arc::clone).collect()
    }

    /// Holds a connection under its name until the session ends.
    pub(crate) fn hold(&self, recipe: &Arc<Recipe>) {
        if let Some(name) = &recipe.name {
            self.state().held.insert(name.to_lowercase(), Arc::clone(recipe));
        }
    }

    /// Whether this session holds this very recipe.
    pub(crate) fn is_held(&self, recipe: &Arc<Recipe>) -> bool {
        recipe.name.as_deref().and_then(|name| self.held(name)).is_some_and(|held| Arc::ptr_eq(&held, recipe))
    }

    /// Holds the secrets that were asked for to open this recipe, now that they are known to be right, and keeps those that were
    /// sealed for where it leads now.
    pub(crate) async fn settle(&self, recipe: &Recipe) {
        let (asked, moved) = {
            let mut state = self.state();
            (state.asked.take(), state.moved.take())
        };
        if let Some(asked) = asked.filter(|asked| asked.name == recipe.name) {
            self.hold(&asked);
        }
        let id = recipe.profile.as_ref().map(Profile::id);
        if let Some((profile, sealed)) = moved.filter(|(profile, _)| Some(profile.id()) == id) {
            // What cannot be kept is asked for again the next time.
            let _ = self.safe.with(move |vault| vault.save(&profile, Some(&sealed))).await;
        }
    }

    /// The connection of that name.
    ///
    /// # Errors
    /// `NOT_CONNECTED` with the names there are; a file that cannot be read.
    pub(crate) fn find(&self, name: &str) -> Result<Arc<Recipe>, Diagnostic> {
        let saved = self.profiles().map(|profiles| profiles.get(name));
        match (saved, self.held(name)) {
            // All but the secrets is read anew: it may have been edited meanwhile. The secrets that are held are of use for as
            // long as it leads to the service that they were entered for.
            (Some(Ok(profile)), Some(held)) => Ok(self.renewed(&profile, &held)),
            (Some(Ok(profile)), None) => Ok(Arc::new(Recipe::of(&profile))),
            (_, Some(held)) => Ok(held),
            (Some(Err(ProfileError::NotFound { .. })) | None, None) => Err(self.unknown(name)),
            (Some(Err(error)), None) => Err(explain::profile(&error)),
        }
    }

    /// The saved connection of that name.
    ///
    /// # Errors
    /// As [`Self::find`].
    pub(crate) fn profile(&self, name: &str) -> Result<Profile, Diagnostic> {
        match self.profiles().map(|profiles| profiles.get(name)) {
            Some(Ok(profile)) => Ok(profile),
            Some(Err(ProfileError::NotFound { .. })) | None => Err(self.unknown(name)),
            Some(Err(error)) => Err(explain::profile(&error)),
        }
    }

    fn unknown(&self, name: &str) -> Diagnostic {
        let known = self.names();
        let near = nearest(name, known.iter().map(String::as_str));
        let names: Vec<_> = known.iter().map(|name| format!("`{name}`")).collect();
        let diagnostic =
            Diagnostic::new(Code::NotConnected, format!("There is no connection called `{name}`."));
        let diagnostic = match names.as_slice() {
            [] if self.broken().is_ok_and(|broken| !broken.is_empty()) => diagnostic
                .with_cause("Connections are saved, and none of them can be read.")
                .with_hint("`%connections` says what is wrong with each, and which file has them."),
            [] => diagnostic.with_cause("No connection is saved yet."),
            names => diagnostic.with_cause(format!("There are: {}.", names.join(", "))),
        };
        if let Some(near) = near {
            return diagnostic.with_hint(format!("Did you mean `{}`?", cqlbook_core::magic::quoted(near)));
        }
        diagnostic.with_hint(format!(
            "`%connect astra --name {0}` or `%connect cassandra --name {0} --host HOST` makes it.",
            cqlbook_core::magic::quoted(name)
        ))
    }

    fn profiles(&self) -> Option<Profiles> {
        self.safe.profiles()
    }

    /// The saved connection that a new one is to become: a new one, or in place of the one that has the name.
    ///
    /// One that leads elsewhere, is for another user or only reads is replaced only if the person says so.
    ///
    /// # Errors
    /// `USAGE` for a name that cannot be, `CONFIRMATION_REQUIRED`, a file that cannot be read.
    pub(crate) async fn begin(
        &self,
        desk: &dyn Desk,
        name: &str,
        place: SavedPlace,
        read_only: bool,
    ) -> Result<Begun, Diagnostic> {
        let fresh = Profile::new(name, place).map_err(|error| explain::new(&error))?;
        let known = match self.profiles().map(|profiles| profiles.get(name)) {
            Some(Ok(known)) => Some(known),
            Some(Err(ProfileError::NotFound { .. })) | None => None,
            Some(Err(error)) => return Err(explain::profile(&error)),
        };
        let seen = known.clone();
        let mut profile = match known {
            None => fresh,
            Some(mut known) => {
                let losses = losses(&known, &fresh.place, read_only);
                if !losses.is_empty() {
                    confirm(desk, &known, &losses).await?;
                }
                known.place = fresh.place;
                known
            }
        };
        profile.read_only = read_only;
        Ok(Begun { profile, seen })
    }

    /// Whether what was found under a name is there still, but for when it was last used.
    pub(crate) fn is_as_it_was(&self, name: &str, begun: &Begun) -> bool {
        begun.saw(self.profiles().and_then(|profiles| profiles.get(name).ok()))
    }

    /// Seals a recipe's login for its profile. Where there is no keychain it stays as it is, in this session, unless a
    /// passphrase opens the vault file: one from the environment, or, with `ask`, one that is typed.
    ///
    /// # Errors
    /// A keychain or file that fails otherwise.
    pub(crate) async fn seal(
        &self,
        desk: &dyn Desk,
        recipe: Recipe,
        ask: bool,
    ) -> Result<Recipe, Diagnostic> {
        let Some(Login::Held { to, .. }) = recipe.login() else { return Ok(recipe) };
        // Where it could not be told where it leads, it fails when it is tested.
        let Some(destination) = to.clone() else { return Ok(recipe) };
        let sealer = match self.safe.with(Vault::sealer).await {
            Err(VaultError::NoKeychain(_)) if ask => {
                self.unlock(desk).await?;
                self.safe.with(Vault::sealer).await
            }
            sealer => sealer,
        };
        match sealer {
            Ok(sealer) => sealed(recipe, &sealer, &destination),
            Err(VaultError::NoKeychain(_)) => Ok(recipe),
            Err(error) => Err(explain::vault(&error)),
        }
    }

    /// Keeps a recipe that was tested, and says where its secrets are.
    ///
    /// # Errors
    /// A name that was taken meanwhile; a keychain or file that fails.
    pub(crate) async fn keep(&self, recipe: &Arc<Recipe>) -> Result<Kept, Diagnostic> {
        let Some(mut profile) = recipe.profile.clone() else { return Ok(Kept::Nothing) };
        profile.last_used = Some(SystemTime::now());
        let sealed = match recipe.login() {
            Some(Login::Sealed(sealed)) => Some(sealed.clone()),
            _ => None,
        };
        let has_sealed = sealed.is_some();
        self.safe
            .with(move |vault| vault.save(&profile, sealed.as_ref()))
            .await
            .map_err(|error| explain::vault(&error))?;
        Ok(match recipe.login() {
            // What was there before is where it was.
            None | Some(Login::Kept) => Kept::Nothing,
            Some(Login::Held { .. }) => {
                self.hold(recipe);
                Kept::Session
            }
            Some(_) => {
                if has_sealed && let Some(name) = &recipe.name {
                    self.state().held.remove(&name.to_lowercase());
                }
                if self.safe.is_file() { Kept::File } else { Kept::Keychain }
            }
        })
    }

    /// Why secrets cannot be kept: asked for again, since it may have changed.
    pub(crate) async fn no_keychain(&self) -> Option<Status> {
        match self.safe.with(Vault::sealer).await {
            Err(VaultError::NoKeychain(status)) => Some(status),
            _ => None,
        }
    }

    /// The user and password of a recipe's login, opened to be sent to `to` and nowhere else.
    ///
    /// What is not kept anywhere comes from the environment or from prompts, as for a new connection.
    ///
    /// # Errors
    /// `SECRET_UNREADABLE`, `KEYCHAIN_UNAVAILABLE`, `FIELDS_REQUIRED`.
    pub(crate) async fn credentials(
        &self,
        desk: &dyn Desk,
        recipe: &Recipe,
        login: &Login,
        to: &Destination,
    ) -> Result<Credentials, Diagnostic> {
        let opened = match (login, &recipe.profile) {
            (Login::Held { user, password, to: given_for }, _) => {
                if !given_for.as_ref().is_some_and(|given_for| given_for.is(to)) {
                    let saved = recipe.name.as_deref().filter(|name| self.profile(name).is_ok());
                    return Err(match (saved, given_for) {
                        (Some(name), Some(old)) => destination::elsewhere(name, old, to),
                        _ => destination::moved(given_for.as_ref(), to),
                    });
                }
                Credentials { username: user.clone(), password: password.duplicate() }
            }
            (Login::Sealed(sealed), Some(profile)) => {
                let (of, sealed, to) = (profile.clone(), sealed.clone(), to.clone());
                let opened = self.safe.with(move |vault| vault.reveal(&of, &to, &sealed)).await;
                login_of(profile, opened.map_err(|error| explain::vault(&error))?)
            }
            (Login::Kept, Some(profile)) => self.kept(desk, profile, to).await?,
            (Login::Sealed(_) | Login::Kept, None) => {
                return Err(Diagnostic::new(Code::InternalError, "The connection's secrets belong to none."));
            }
        };
        self.remember(&opened.password);
        Ok(opened)
    }

    /// Asks for the passphrase of the vault file.
    async fn unlock(&self, desk: &dyn Desk) -> Result<(), Diagnostic> {
        if let Some(passphrase) = self.safe.ask_passphrase(desk).await? {
            self.remember(&passphrase);
        }
        Ok(())
    }

    async fn kept(
        &self,
        desk: &dyn Desk,
        profile: &Profile,
        to: &Destination,
    ) -> Result<Credentials, Diagnostic> {
        if let Some(held_for) = self.held_for(&profile.name)
            && !held_for.is(to)
        {
            return self.elsewhere(desk, profile, &held_for, to).await;
        }
        let look = || {
            let (profile, to) = (profile.clone(), to.clone());
            self.safe.with(move |vault| vault.credentials(&profile, &to))
        };
        let mut found = look().await;
        let has_file = self.safe.has_file();
        if matches!(found, Err(VaultError::NoKeychain(_))) && has_file && desk.can_ask() {
            self.unlock(desk).await?;
            found = look().await;
            if matches!(found, Err(VaultError::WrongPassphrase)) {
                self.safe.forget_passphrase();
            }
        }
        match found {
            Ok(Some(opened)) => Ok(login_of(profile, opened)),
            Ok(None) => self.asked(desk, profile, None, to).await,
            Err(VaultError::Elsewhere { sealed_for, .. }) => {
                self.elsewhere(desk, profile, &sealed_for, to).await
            }
            Err(error @ VaultError::NoKeychain(_)) => {
                self.asked(desk, profile, Some(explain::vault(&error)), to).await
            }
            Err(error) => Err(explain::vault(&error)),
        }
    }

    async fn asked(
        &self,
        desk: &dyn Desk,
        profile: &Profile,
        why: Option<Diagnostic>,
        to: &Destination,
    ) -> Result<Credentials, Diagnostic> {
        let given = missing::gather(desk, self, profile, why, to).await?;
        self.state().asked = Some(Arc::new(Recipe::of(profile).with_login(held_by(&given, to))));
        Ok(given)
    }

    /// Notes that a saved connection was used. A failure is no reason to trouble anybody.
    pub(crate) async fn note_use(&self, profile: &Profile) {
        let profile = profile.clone();
        let _ = self.safe.with(move |vault| Ok(vault.profiles().used(&profile, SystemTime::now())?)).await;
    }

    /// Gives a saved connection another name.
    ///
    /// # Errors
    /// `NOT_CONNECTED` where there is none, `USAGE` for a name that cannot be or is taken.
    pub(crate) async fn rename(&self, old: &str, new: &str) -> Result<Profile, Diagnostic> {
        let before = self.profile(old)?;
        let new = new.to_owned();
        let from = before.name.clone();
        let renamed = self.safe.with(move |vault| Ok(vault.profiles().rename(&from, &new)?)).await;
        let renamed = renamed.map_err(|error| explain::vault(&error))?;
        let held = self.state().held.remove(&before.name.to_lowercase());
        // An open connection may hold it too, so that it is copied rather than taken over.
        if let Some(login) = held.as_ref().and_then(|held| held.login()).and_then(Login::duplicate_held) {
            self.hold(&Arc::new(Recipe::of(&renamed).with_login(login)));
        }
        Ok(renamed)
    }

    /// Deletes a connection and its secrets.
    ///
    /// # Errors
    /// `NOT_CONNECTED` where there is none; a file that cannot be written.
    pub(crate) async fn delete(&self, name: &str) -> Result<Deleted, Diagnostic> {
        let held = self.state().held.remove(&name.trim().to_lowercase());
        // A file that cannot be read is not one without connections.
        let saved = self.profiles().map(|profiles| profiles.names()).transpose();
        let saved = saved.map_err(|error| explain::profile(&error))?.unwrap_or_default();
        if !saved.iter().any(|saved| same(saved, name)) {
            return held.map_or_else(|| Err(self.unknown(name)), |_| Ok(Deleted::Whole));
        }
        let name = name.to_owned();
        self.safe.with(move |vault| vault.delete(&name)).await.map_err(|error| explain::vault(&error))
    }

    /// Where the vault file is, for telling.
    pub(crate) fn vault_file(&self) -> String {
        self.safe.vault_file()
    }

    /// Seals every saved secret with a new key pair.
    ///
    /// # Errors
    /// `KEYCHAIN_UNAVAILABLE` and others; nothing is lost then.
    pub(crate) async fn rotate(&self) -> Result<Rotated, Diagnostic> {
        self.safe.with(Vault::rotate_keys).await.map_err(|error| explain::vault(&error))
    }
}

/// The recipe with its login sealed for its profile.
fn sealed(recipe: Recipe, sealer: &Sealer, to: &Destination) -> Result<Recipe, Diagnostic> {
    let (Some(profile), Some(Login::Held { user, password, .. })) = (&recipe.profile, recipe.login()) else {
        return Ok(recipe);
    };
    // A cluster's user stands in the profile, where it can be read.
    let user = recipe.is_astra().then(|| Secret::new(user.clone()));
    let opened = Opened { user, password: password.duplicate() };
    let sealed = sealer.seal(profile, to, &opened).map_err(|error| explain::seal(&error))?;
    Ok(recipe.with_login(Login::Sealed(sealed)))
}

/// Credentials that were given for `to`, as this session holds them.
fn held_by(given: &Credentials, to: &Destination) -> Login {
    Login::Held { user: given.username.clone(), password: given.password.duplicate(), to: Some(to.clone()) }
}

/// Credentials as the cluster room takes them.
fn login_of(profile: &Profile, opened: Opened) -> Credentials {
    let of_profile = match &profile.place {
        SavedPlace::Cassandra { user, .. } => user.clone(),
        SavedPlace::Astra { .. } => None,
    };
    let user = opened.user.map(|user| user.expose().to_owned());
    Credentials { username: user.or(of_profile).unwrap_or_default(), password: opened.password }
}

fn same(one: &str, other: &str) -> bool {
    one.trim().to_lowercase() == other.trim().to_lowercase()
}
