//! The secrets of a saved connection that are kept nowhere: in a file of connections that was copied, or without a keychain.
//! They come from the environment, then from prompts, and are held for the session.

use cqlbook_cluster::Credentials;
use cqlbook_core::diagnostic::{Code, Diagnostic};
use cqlbook_core::secret::Secret;
use cqlbook_vault::{Destination, Place, Profile};

use super::desk::Desk;
use super::fields::{Draft, Field};
use super::gather;
use super::shelf::Shelf;

/// Gathers them, for `to`. `why` says why they could not be read, where they may be kept after all.
///
/// # Errors
/// `why`, or `FIELDS_REQUIRED`, where neither gave them.
pub(super) async fn gather(
    desk: &dyn Desk,
    shelf: &Shelf,
    profile: &Profile,
    why: Option<Diagnostic>,
    to: &Destination,
) -> Result<Credentials, Diagnostic> {
    let gathered = match &profile.place {
        Place::Cassandra { user, .. } => {
            let user = user.clone().unwrap_or_default();
            let password = gather::password(desk, shelf, &profile.place, &user, Some(to)).await;
            password.map(|password| Credentials { username: user, password })
        }
        Place::Astra { bundle } => astra(desk, shelf, profile, &bundle.to_string_lossy(), to).await,
    };
    gathered.map_err(|error| match (error.code, why) {
        (Code::FieldsRequired, Some(why)) => why,
        (Code::FieldsRequired, None) => error.with_hint(format!(
            "No secret is kept for `{0}`. `%connection edit {1} --client-secret` asks for it and keeps it.",
            profile.name,
            cqlbook_core::magic::quoted(&profile.name)
        )),
        _ => error,
    })
}

async fn astra(
    desk: &dyn Desk,
    shelf: &Shelf,
    profile: &Profile,
    bundle: &str,
    to: &Destination,
) -> Result<Credentials, Diagnostic> {
    let mut draft =
        Draft { name: Some(profile.name.clone()), bundle: Some(bundle.to_owned()), ..Draft::default() };
    gather::fill_from_env(desk, shelf, &mut draft, Some(to)).await?;
    gather::ask_for(&[Field::ClientId, Field::ClientSecret], &mut draft, desk).await?;
    let fields = draft.finish(desk.folder(), desk.home())?;
    Ok(Credentials { username: fields.client_id, password: fields.secret })
}

/// What a person who edits a connection has not given of its new credentials, for `to`.
///
/// # Errors
/// `FIELDS_REQUIRED`, `CONFIRMATION_REQUIRED`, `INTERRUPTED`.
pub(super) async fn rest(
    desk: &dyn Desk,
    shelf: &Shelf,
    profile: &Profile,
    user: Option<String>,
    password: Option<Secret>,
    to: Option<&Destination>,
) -> Result<Credentials, Diagnostic> {
    match &profile.place {
        Place::Cassandra { .. } => {
            let username = user.unwrap_or_default();
            let password = match password {
                Some(password) => password,
                None => gather::password(desk, shelf, &profile.place, &username, to).await?,
            };
            Ok(Credentials { username, password })
        }
        Place::Astra { bundle } => {
            let mut draft = Draft {
                name: Some(profile.name.clone()),
                client_id: user,
                secret: password,
                bundle: Some(bundle.to_string_lossy().into_owned()),
                ..Draft::default()
            };
            gather::fill_from_env(desk, shelf, &mut draft, to).await?;
            gather::ask_for(&[Field::ClientId, Field::ClientSecret], &mut draft, desk).await?;
            let fields = draft.finish(desk.folder(), desk.home())?;
            Ok(Credentials { username: fields.client_id, password: fields.secret })
        }
    }
}
