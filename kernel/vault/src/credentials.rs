//! Credentials, as they are used and as they are kept: what seals them, and the bytes of a sealed pair.

use std::sync::Arc;

use cqlbook_core::secret::Secret;

use crate::destination::Destination;
use crate::envelope::{PrivateKey, PublicKey, SealError, Sealed};
use crate::profile::{Profile, ProfileId};
use crate::profiles::Slot;
use crate::vault::VaultError;

/// The first byte of what is kept for a connection.
const RECORD: u8 = 1;
/// The fields that envelopes are bound to.
pub(crate) const USER: &str = "user";
pub(crate) const PASSWORD: &str = "password";

/// Credentials as they are used. Wiped when dropped.
pub struct Credentials {
    /// Astra's Client ID; `None` for a cluster, whose user is no secret and stands in the profile.
    pub user: Option<Secret>,
    /// The Client Secret, the application token or the password.
    pub password: Secret,
}

/// Credentials that only this installation can open, and only for their own connection.
#[derive(Debug, Clone)]
pub struct SealedCredentials {
    pub(crate) user: Option<Sealed>,
    pub(crate) password: Sealed,
    /// What opens them until they are saved, though the key pair may be replaced meanwhile. It is not kept with them.
    pub(crate) opener: Option<Arc<PrivateKey>>,
}

/// Seals credentials where they are typed.
#[derive(Debug, Clone)]
pub struct Sealer {
    pub(crate) key: PublicKey,
    opener: Arc<PrivateKey>,
}

impl Sealer {
    pub(crate) fn of(pair: PrivateKey) -> Self {
        Self { key: pair.public(), opener: Arc::new(pair) }
    }

    /// Seals credentials for a connection and the service it leads to; they open for no other one.
    ///
    /// # Errors
    /// [`SealError`].
    pub fn seal(
        &self,
        profile: &Profile,
        destination: &Destination,
        credentials: &Credentials,
    ) -> Result<SealedCredentials, SealError> {
        self.seal_for(profile.id(), Some(destination), credentials)
    }

    /// Without a destination only what had none before.
    pub(crate) fn seal_for(
        &self,
        id: &ProfileId,
        destination: Option<&Destination>,
        credentials: &Credentials,
    ) -> Result<SealedCredentials, SealError> {
        let seal = |field: &str, text: &Secret| match destination {
            Some(destination) => self.key.seal(id.as_str(), field, destination, text),
            None => self.key.seal_unbound(id.as_str(), field, text),
        };
        Ok(SealedCredentials {
            user: credentials.user.as_ref().map(|user| seal(USER, user)).transpose()?,
            password: seal(PASSWORD, &credentials.password)?,
            opener: Some(Arc::clone(&self.opener)),
        })
    }
}

impl SealedCredentials {
    /// Whether they may be sent to that destination, once they were opened. Those of an older release may be sent to any.
    pub(crate) fn only_for(&self, destination: &Destination, profile: &Profile) -> Result<(), VaultError> {
        let parts = [Some(&self.password), self.user.as_ref()];
        for (sealed_for, _) in parts.into_iter().flatten().filter_map(Sealed::destination) {
            if !sealed_for.is(destination) {
                return Err(VaultError::Elsewhere { name: profile.name.clone(), sealed_for });
            }
        }
        Ok(())
    }

    /// A version byte, then user and password, each with its length as two big-endian bytes before it; no user has length 0.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut out = vec![RECORD];
        for part in [self.user.as_ref(), Some(&self.password)] {
            let part = part.map_or(&[][..], Sealed::as_bytes);
            // An envelope has less than 1 KiB.
            out.extend(u16::try_from(part.len()).unwrap_or_default().to_be_bytes());
            out.extend(part);
        }
        out
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        fn part(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
            let (length, rest) = bytes.split_first_chunk::<2>()?;
            rest.split_at_checked(u16::from_be_bytes(*length).into())
        }
        let (user, rest) = part(bytes.strip_prefix(&[RECORD])?)?;
        let (password, rest) = part(rest)?;
        let is_whole = rest.is_empty() && !password.is_empty();
        is_whole.then(|| Self {
            user: (!user.is_empty()).then(|| Sealed::from_bytes(user)),
            password: Sealed::from_bytes(password),
            opener: None,
        })
    }
}

/// Under which a connection's sealed credentials lie in the keychain.
pub(crate) fn account(id: &ProfileId, slot: Slot) -> String {
    match slot {
        Slot::First => format!("credentials-{}", id.as_str()),
        Slot::Second => format!("credentials-{}-2", id.as_str()),
    }
}
