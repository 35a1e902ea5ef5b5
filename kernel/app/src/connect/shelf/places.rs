//! Secrets and the places that they are for: what this session holds is of use for the place that it was entered for, and what is
//! stored elsewhere is asked for anew, or after a yes sealed for another way to the same database.

use std::sync::Arc;

use cqlbook_cluster::Credentials;
use cqlbook_core::diagnostic::{Code, Diagnostic};
use cqlbook_vault::{Destination, Place as SavedPlace, Profile, SealedCredentials, Vault, VaultError};

use super::{Shelf, held_by, login_of, sealed};
use crate::connect::desk::Desk;
use crate::connect::destination;
use crate::connect::recipe::{Login, Recipe};
use crate::explain::vault as explain;

impl Shelf {
    /// The service that the secrets which this session holds of a name are for.
    pub(super) fn held_for(&self, name: &str) -> Option<Destination> {
        match self.held(name)?.login()? {
            Login::Held { to, .. } => to.clone(),
            _ => None,
        }
    }

    /// Whether there is a vault file.
    pub(in super::super) fn has_vault_file(&self) -> bool {
        self.safe.has_file()
    }

    /// Whether secrets of the environment may be sent there, by what the person said before.
    pub(in super::super) fn is_allowed(&self, destination: &Destination) -> bool {
        self.state().allowed.iter().any(|allowed| allowed.is(destination))
    }

    /// Notes that they may.
    pub(in super::super) fn allow(&self, destination: &Destination) {
        self.state().allowed.push(destination.clone());
    }

    /// A saved connection with the secrets that this session holds of it.
    pub(super) fn renewed(&self, profile: &Profile, held: &Arc<Recipe>) -> Arc<Recipe> {
        if held.profile.as_ref() == Some(profile) && held.saved_place() == profile.place {
            // Nothing was edited; what its paths lead to is looked at when it is opened.
            return Arc::clone(held);
        }
        let Some(login) = held.login().and_then(Login::duplicate_held) else {
            return Arc::new(Recipe::of(profile));
        };
        let now = destination::of(&profile.place).ok();
        match (now, self.held_for(&profile.name)) {
            (Some(now), Some(held_for)) if now.is(&held_for) => {
                let user = match (&profile.place, login) {
                    (SavedPlace::Cassandra { user: Some(new), .. }, Login::Held { user, .. })
                        if *new != user =>
                    {
                        return Arc::new(Recipe::of(profile));
                    }
                    (_, login) => login,
                };
                let recipe = Arc::new(Recipe::of(profile).with_login(user));
                self.hold(&recipe);
                recipe
            }
            _ => Arc::new(Recipe::of(profile)),
        }
    }

    /// The service that the stored secrets of a connection are for. `None` where none are stored or they do not open; `was` is where it
    /// led before, for those of an older release, which were sealed for none.
    pub(in super::super) async fn sealed_for(
        &self,
        desk: &dyn Desk,
        profile: &Profile,
        was: Option<Destination>,
    ) -> Result<Option<Destination>, Diagnostic> {
        if let Some(held_for) = self.held_for(&profile.name) {
            return Ok(Some(held_for));
        }
        let look = || {
            let (profile, was) = (profile.clone(), was.clone());
            self.safe.with(move |vault| vault.sealed_for(&profile, was.as_ref()))
        };
        let mut found = look().await;
        if matches!(found, Err(VaultError::NoKeychain(_))) && self.safe.has_file() && desk.can_ask() {
            self.unlock(desk).await?;
            found = look().await;
            if matches!(found, Err(VaultError::WrongPassphrase)) {
                self.safe.forget_passphrase();
            }
        }
        Ok(found.unwrap_or_default())
    }

    /// The stored secrets, sealed for another way to the same database, after the person agreed.
    pub(in super::super) async fn resealed(
        &self,
        profile: &Profile,
        to: &Destination,
    ) -> Result<Option<SealedCredentials>, Diagnostic> {
        let (profile, to) = (profile.clone(), to.clone());
        let sealed = self.safe.with(move |vault| vault.reseal(&profile, &to)).await;
        sealed.map_err(|error| explain::vault(&error))
    }

    /// The connection leads elsewhere than where its secret was entered for: a yes is enough where it is another way to the same
    /// database, else the secret is asked for anew. Both places are named.
    pub(super) async fn elsewhere(
        &self,
        desk: &dyn Desk,
        profile: &Profile,
        old: &Destination,
        new: &Destination,
    ) -> Result<Credentials, Diagnostic> {
        let why = destination::elsewhere(&profile.name, old, new);
        if !desk.can_ask() {
            return Err(why);
        }
        if old.is_same_database(new)
            && is_agreed(desk, profile, old, new).await?
            && let Some(sealed) = self.resealed(profile, new).await?
        {
            let (of, to, again) = (profile.clone(), new.clone(), sealed.clone());
            let opened = self.safe.with(move |vault| vault.reveal(&of, &to, &again)).await;
            let opened = login_of(profile, opened.map_err(|error| explain::vault(&error))?);
            self.state().moved = Some((profile.clone(), sealed));
            return Ok(opened);
        }
        desk.say(&asks_anew(profile, old, new)).await;
        let given = self.asked(desk, profile, Some(why), new).await?;
        // Kept like the old one, where anything can be kept; else it is held for the session.
        if let Ok(sealer) = self.safe.with(Vault::sealer).await {
            let login = held_by(&given, new);
            let recipe = sealed(Recipe::of(profile).with_login(login), &sealer, new)?;
            if let Some(Login::Sealed(sealed)) = recipe.login() {
                self.state().moved = Some((profile.clone(), sealed.clone()));
            }
        }
        Ok(given)
    }
}

/// That the secret has to be entered anew, with the old place and the new one.
pub(in super::super) fn asks_anew(profile: &Profile, old: &Destination, new: &Destination) -> String {
    format!(
        "The secret of `{}` was entered for {}. It leads to {} now, and the secret for that has to be entered.",
        profile.name,
        old.words(),
        new.words()
    )
}

/// Whether the person lets the secret be sent another way to the same database.
pub(in super::super) async fn is_agreed(
    desk: &dyn Desk,
    profile: &Profile,
    old: &Destination,
    new: &Destination,
) -> Result<bool, Diagnostic> {
    let question = format!(
        "The secret of `{}` was entered for {}. It leads to {} now, which is the same database. Send it there? [y/N] ",
        profile.name,
        old.words(),
        new.words()
    );
    Ok(desk.agrees(&question).await? == Some(true))
}

/// A saved connection that a new one is to become, and what was found under its name when the person agreed.
pub(crate) struct Begun {
    pub(crate) profile: Profile,
    pub(super) seen: Option<Profile>,
}

impl Begun {
    /// Whether that is what is there now, but for when it was last used.
    pub(super) fn saw(&self, now: Option<Profile>) -> bool {
        let bare = |mut profile: Profile| {
            profile.last_used = None;
            profile
        };
        self.seen.clone().map(bare) == now.map(bare)
    }
}

/// What a saved connection would lose if a new one took its place, each as the end of "it": nothing where it leads to the same place, as
/// the same user, and sends no more than before, so that saving it again surprises nobody.
pub(super) fn losses(known: &Profile, fresh: &SavedPlace, read_only: bool) -> Vec<String> {
    let mut losses = Vec::new();
    let same = match (destination::of(&known.place), destination::of(fresh)) {
        (Ok(known), Ok(fresh)) => known.is(&fresh),
        _ => known.place == *fresh,
    };
    if !same {
        losses.push(format!("leads to {}", place_of(known)));
    }
    if let SavedPlace::Cassandra { user: Some(user), .. } = &known.place
        && !matches!(fresh, SavedPlace::Cassandra { user: Some(new), .. } if new == user)
    {
        losses.push(format!("logs in as {user}"));
    }
    if known.read_only && !read_only {
        losses.push("only reads".to_owned());
    }
    losses
}

fn place_of(known: &Profile) -> String {
    match &known.place {
        SavedPlace::Astra { bundle } => format!("the bundle {}", bundle.display()),
        place @ SavedPlace::Cassandra { hosts, .. } => {
            destination::of(place).map_or_else(|_| hosts.join(", "), |known| known.words().to_owned())
        }
    }
}

/// Asks whether a new connection may take the place of a saved one, which loses what is named.
///
/// # Errors
/// `CONFIRMATION_REQUIRED` where the person does not say yes; `INTERRUPTED`.
pub(super) async fn confirm(desk: &dyn Desk, known: &Profile, losses: &[String]) -> Result<(), Diagnostic> {
    let it = losses.join(", and ");
    let question = format!("`{}` is saved and {it}. Replace it? [y/N] ", known.name);
    if desk.agrees(&question).await? == Some(true) {
        return Ok(());
    }
    let name = cqlbook_core::magic::quoted(&known.name);
    Err(Diagnostic::new(
        Code::ConfirmationRequired,
        format!("There is a connection called `{}` already, and it is another one.", known.name),
    )
    .with_cause(format!("It {it}. Nothing was tried, and it stays as it is."))
    .with_hint(format!("`%connect {name}` opens it, and `%connection edit {name}` changes it."))
    .with_hint("Or give this one another name."))
}

#[cfg(test)]
mod tests {
    use cqlbook_vault::TlsPaths;

    use super::*;

    fn cluster(host: &str, port: u16, user: Option<&str>, tls: Option<TlsPaths>) -> SavedPlace {
        let user = user.map(str::to_owned);
        SavedPlace::Cassandra { hosts: vec![host.to_owned()], port, user, dc: None, tls }
    }

    #[test]
    fn what_would_be_lost_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let ca = folder.path().join("ca.pem");
        std::fs::write(&ca, "an authority").unwrap();
        let secure = || Some(TlsPaths { ca_cert: Some(ca.clone()), ..TlsPaths::default() });
        let mut known = Profile::new("Prod", cluster("db", 9042, Some("ann"), secure())).unwrap();
        known.read_only = true;
        let losses = |fresh: SavedPlace, read_only| losses(&known, &fresh, read_only);
        assert_eq!(losses(cluster("DB", 9042, Some("ann"), secure()), true), Vec::<String>::new());
        let lost = losses(cluster("db", 9042, None, None), false);
        assert!(
            lost[0].starts_with("leads to port 9042, authority ") && lost[0].ends_with(", db"),
            "{lost:?}"
        );
        assert_eq!(lost[1..], ["logs in as ann", "only reads"]);
        for (fresh, read_only) in [
            (cluster("db", 9043, Some("ann"), secure()), true),
            (cluster("db", 9042, Some("ann"), None), true),
            (cluster("db", 9042, Some("ann"), Some(TlsPaths::default())), true),
            (cluster("db", 9042, Some("bob"), secure()), true),
            (cluster("db", 9042, Some("ann"), secure()), false),
            (SavedPlace::Astra { bundle: "b.zip".into() }, true),
        ] {
            assert!(!losses(fresh.clone(), read_only).is_empty(), "{fresh:?}");
        }
    }
}
