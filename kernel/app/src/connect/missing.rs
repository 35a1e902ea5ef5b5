//! The secrets of a saved connection that are kept nowhere: in a file of connections that was copied, or without a keychain.
//! They come from the environment, then from prompts, and are held for the session.

use cqlbook_cluster::Credentials;
use cqlbook_core::diagnostic::{Code, Diagnostic};
use cqlbook_vault::{Place, Profile};

use super::desk::Desk;
use super::fields::{Draft, Field};
use super::gather;

/// Gathers them. `why` says why they could not be read, where they may be kept after all.
///
/// # Errors
/// `why`, or `FIELDS_REQUIRED`, where neither gave them.
pub(super) async fn gather(
    desk: &dyn Desk,
    profile: &Profile,
    why: Option<Diagnostic>,
) -> Result<Credentials, Diagnostic> {
    let gathered = match &profile.place {
        Place::Cassandra { user, .. } => {
            let user = user.clone().unwrap_or_default();
            let password = gather::password(desk, &user).await;
            password.map(|password| Credentials { username: user, password })
        }
        Place::Astra { bundle } => astra(desk, profile, &bundle.to_string_lossy()).await,
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

async fn astra(desk: &dyn Desk, profile: &Profile, bundle: &str) -> Result<Credentials, Diagnostic> {
    let mut draft =
        Draft { name: Some(profile.name.clone()), bundle: Some(bundle.to_owned()), ..Draft::default() };
    draft.fill_from_env(|name| std::env::var(name).ok());
    gather::ask_for(&[Field::ClientId, Field::ClientSecret], &mut draft, desk).await?;
    let fields = draft.finish(desk.folder(), desk.home())?;
    Ok(Credentials { username: fields.client_id, password: fields.secret })
}
