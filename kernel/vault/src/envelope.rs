//! The envelope in which a credential leaves the form: sealed with a public key, opened with the private one.
//!
//! RSA-OAEP-SHA256 (3072 bits) wraps a random 32-byte data key; AES-256-GCM under that key seals the text. The associated data
//! bind the envelope to its version, the connection it belongs to, the field, the key pair and the service that the secret is
//! for, so that it opens nowhere else.
//!
//! Version 2, in bytes; written as base64 where text is needed:
//!
//! | bytes | what |
//! | --- | --- |
//! | 1 | version, 2 |
//! | 16 | id of the key pair: the beginning of SHA-256 over the public key's SubjectPublicKeyInfo (DER) |
//! | 33 and more | the [`Destination`]: two hashes of 16 bytes, the length of its words, its words |
//! | 2 | length of the wrapped data key, big-endian |
//! | that many (384) | the data key, wrapped by RSA-OAEP-SHA256 with an empty label |
//! | 12 | nonce |
//! | the rest | AES-256-GCM ciphertext and its 16-byte tag |
//!
//! Associated data: each of `cqlbook envelope`, the version byte, the connection's id, the field's name, the key pair's
//! id and the destination's bytes, with its length as 8 big-endian bytes before it.
//!
//! Version 1, of releases before this one, has no destination. It is still opened, once, to be sealed anew with one.

use std::fmt;

use base64ct::{Base64, Encoding};
use cqlbook_core::secret::Secret;
use getrandom::SysRng;
use rsa::pkcs8::{DecodePrivateKey, DecodePublicKey, EncodePrivateKey, EncodePublicKey};
use rsa::traits::PublicKeyParts;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::destination::Destination;
use crate::seal::{self, KEY, NONCE, NoRandomness, TAG};

/// The format that is written.
const VERSION: u8 = 2;
/// The format without a destination.
const UNBOUND: u8 = 1;
/// The format of a sealed private key.
const KEY_VERSION: u8 = 1;
/// The bits of a new key pair.
pub const KEY_BITS: usize = 3072;
/// The longest text that is sealed, in bytes: two envelopes, in base64, fit the 2,560 bytes of Windows' keychain.
pub const MAX_TEXT: usize = 400;
/// Bytes of a key pair's id.
const ID: usize = 16;
/// What the private key is sealed for.
const PRIVATE_KEY: &[u8] = b"cqlbook private key";

/// Which key pair an envelope was sealed with.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId([u8; ID]);

impl KeyId {
    fn of(public: &rsa::PublicKey) -> Result<Self, KeyError> {
        let der = public.to_public_key_der().map_err(|_| KeyError::Damaged)?;
        let hash = Sha256::digest(der.as_bytes());
        let mut id = [0; ID];
        id.copy_from_slice(&hash[..ID]);
        Ok(Self(id))
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}

/// Why a key cannot be made or used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// It does not parse, is too short, or is sealed under another key.
    #[error("the key pair was changed, or belongs to another installation")]
    Damaged,
    /// The system gave no randomness.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
}

/// Why nothing was sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SealError {
    /// The text is longer than [`MAX_TEXT`].
    #[error("a text of {bytes} bytes is too long; at most {MAX_TEXT} are kept")]
    TooLong {
        /// Its length in bytes.
        bytes: usize,
    },
    /// The system gave no randomness.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
}

/// Why an envelope does not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// It was written by a later release.
    #[error("it was sealed by a later version of this program (format {0})")]
    Version(u8),
    /// It was sealed with another key pair.
    #[error("it was sealed with another key pair ({0})")]
    OtherKey(KeyId),
    /// It was changed, cut short, or belongs to another connection or field.
    #[error("it was changed, or belongs to another connection")]
    Tampered,
}

/// The half of a key pair that seals. It may lie about.
#[derive(Clone)]
pub struct PublicKey {
    key: rsa::PublicKey,
    id: KeyId,
}

/// The half of a key pair that opens. It is wiped when dropped, and shows nothing.
pub struct PrivateKey {
    key: rsa::PrivateKey,
    id: KeyId,
}

/// A sealed text.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed(Vec<u8>);

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PublicKey").field("id", &self.id).finish_non_exhaustive()
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrivateKey").field("id", &self.id).finish_non_exhaustive()
    }
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealed({} bytes)", self.0.len())
    }
}

impl PublicKey {
    /// Which key pair it is of.
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// Seals a text for one field of the connection with the id `profile`, to be sent to one destination.
    ///
    /// # Errors
    /// [`SealError`].
    pub fn seal(
        &self,
        profile: &str,
        field: &str,
        destination: &Destination,
        text: &Secret,
    ) -> Result<Sealed, SealError> {
        let destination = destination.to_bytes();
        self.seal_as(VERSION, &destination, &context(profile, field, self.id, &destination), text)
    }

    /// As releases before this one sealed it: what has no destination yet stays so when the key pair changes.
    pub(crate) fn seal_unbound(
        &self,
        profile: &str,
        field: &str,
        text: &Secret,
    ) -> Result<Sealed, SealError> {
        self.seal_as(UNBOUND, &[], &unbound(profile, field, self.id), text)
    }

    fn seal_as(
        &self,
        version: u8,
        destination: &[u8],
        context: &[u8],
        text: &Secret,
    ) -> Result<Sealed, SealError> {
        let text = text.expose().as_bytes();
        if text.len() > MAX_TEXT {
            return Err(SealError::TooLong { bytes: text.len() });
        }
        let data_key = seal::random::<KEY>()?;
        // It fails for want of randomness only: 32 bytes fit every key that is taken.
        let wrapped = self
            .key
            .oaep_encrypt_with_rng::<Sha256, _>(&mut SysRng, data_key.as_slice())
            .map_err(|_| NoRandomness)?;
        let sealed = seal::seal(&data_key, context, text)?;
        let length = u16::try_from(wrapped.len()).unwrap_or_default().to_be_bytes();
        Ok(Sealed([&[version], &self.id.0[..], destination, &length, &wrapped, &sealed].concat()))
    }

    /// As SubjectPublicKeyInfo, in base64.
    pub(crate) fn to_text(&self) -> Result<String, KeyError> {
        let der = self.key.to_public_key_der().map_err(|_| KeyError::Damaged)?;
        Ok(Base64::encode_string(der.as_bytes()))
    }

    pub(crate) fn from_text(text: &str) -> Result<Self, KeyError> {
        let der = Base64::decode_vec(text).map_err(|_| KeyError::Damaged)?;
        let key = rsa::PublicKey::from_public_key_der(&der).map_err(|_| KeyError::Damaged)?;
        // Somebody who can write to the file must not get credentials sealed with a key he can break.
        if key.size() * 8 < KEY_BITS {
            return Err(KeyError::Damaged);
        }
        let id = KeyId::of(&key)?;
        Ok(Self { key, id })
    }
}

impl PrivateKey {
    /// Makes a key pair. Takes a fraction of a second.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn generate() -> Result<Self, KeyError> {
        let key = rsa::PrivateKey::new(&mut SysRng, KEY_BITS).map_err(|_| NoRandomness)?;
        let id = KeyId::of(key.as_ref())?;
        Ok(Self { key, id })
    }

    /// The half that seals.
    pub fn public(&self) -> PublicKey {
        PublicKey { key: self.key.to_public_key(), id: self.id }
    }

    /// Which key pair it is of.
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// Opens what was sealed with this key pair for that field of that connection. For which destination it was sealed is
    /// [`Sealed::destination`]'s to say, and is true where it opens.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open(&self, profile: &str, field: &str, sealed: &Sealed) -> Result<Secret, OpenError> {
        let tampered = OpenError::Tampered;
        let id = sealed.key_id()?;
        if id != self.id {
            return Err(OpenError::OtherKey(id));
        }
        let (head, rest) = match sealed.destination() {
            Some((_, head)) => (context(profile, field, self.id, head), sealed.0.get(1 + ID + head.len()..)),
            None => (unbound(profile, field, self.id), sealed.0.get(1 + ID..)),
        };
        let rest = rest.ok_or(tampered)?;
        let (length, rest) = rest.split_first_chunk::<2>().ok_or(tampered)?;
        let (wrapped, sealed) = rest.split_at_checked(u16::from_be_bytes(*length).into()).ok_or(tampered)?;
        if sealed.len() > NONCE + MAX_TEXT + TAG {
            return Err(tampered);
        }
        // The random numbers blind the exponentiation, so that its time tells nothing.
        let data_key = self
            .key
            .oaep_decrypt_with_rng::<Sha256, _>(&mut SysRng, wrapped)
            .map(Zeroizing::new)
            .map_err(|_| tampered)?;
        let data_key: &[u8; KEY] = data_key.as_slice().try_into().map_err(|_| tampered)?;
        let text = seal::open(data_key, &head, sealed).ok_or(tampered)?;
        str::from_utf8(&text).map(|text| Secret::new(text.to_owned())).map_err(|_| tampered)
    }

    /// As PKCS#8, sealed under `key`, in base64.
    pub(crate) fn to_sealed_text(&self, key: &[u8; KEY]) -> Result<String, KeyError> {
        let der = self.key.to_pkcs8_der().map_err(|_| KeyError::Damaged)?;
        let sealed =
            seal::seal(key, &seal::context(&[PRIVATE_KEY, &[KEY_VERSION], &self.id.0]), der.as_bytes())?;
        Ok(Base64::encode_string(&sealed))
    }

    /// Opens the private half of `public`.
    pub(crate) fn from_sealed_text(
        text: &str,
        key: &[u8; KEY],
        public: &PublicKey,
    ) -> Result<Self, KeyError> {
        let sealed = Base64::decode_vec(text).map_err(|_| KeyError::Damaged)?;
        let der = seal::open(key, &seal::context(&[PRIVATE_KEY, &[KEY_VERSION], &public.id.0]), &sealed)
            .ok_or(KeyError::Damaged)?;
        let key = rsa::PrivateKey::from_pkcs8_der(&der).map_err(|_| KeyError::Damaged)?;
        let id = KeyId::of(key.as_ref())?;
        if id == public.id { Ok(Self { key, id }) } else { Err(KeyError::Damaged) }
    }
}

impl Sealed {
    /// The key pair it was sealed with.
    ///
    /// # Errors
    /// [`OpenError::Version`], [`OpenError::Tampered`].
    pub fn key_id(&self) -> Result<KeyId, OpenError> {
        match self.0.split_first() {
            Some((&(VERSION | UNBOUND), rest)) => {
                rest.first_chunk::<ID>().map(|id| KeyId(*id)).ok_or(OpenError::Tampered)
            }
            Some((&version, _)) => Err(OpenError::Version(version)),
            None => Err(OpenError::Tampered),
        }
    }

    /// The destination that it says it was sealed for, and the bytes of that; `None` for an envelope of an older release.
    pub(crate) fn destination(&self) -> Option<(Destination, &[u8])> {
        let rest = self.0.strip_prefix(&[VERSION])?.get(ID..)?;
        let (destination, length) = Destination::from_bytes(rest)?;
        Some((destination, rest.get(..length)?))
    }

    /// The envelope's bytes.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Takes bytes for an envelope. Whether they are one is known when it is opened.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Self {
        Self(bytes.to_vec())
    }

    /// As base64.
    pub fn to_text(&self) -> String {
        Base64::encode_string(&self.0)
    }

    /// From base64. Whether it is an envelope is known when it is opened.
    ///
    /// # Errors
    /// [`OpenError::Tampered`] where it is no base64.
    pub fn from_text(text: &str) -> Result<Self, OpenError> {
        Base64::decode_vec(text).map(Self).map_err(|_| OpenError::Tampered)
    }
}

fn context(profile: &str, field: &str, id: KeyId, destination: &[u8]) -> Vec<u8> {
    seal::context(&[
        b"cqlbook envelope",
        &[VERSION],
        profile.as_bytes(),
        field.as_bytes(),
        &id.0,
        destination,
    ])
}

/// The associated data of an envelope without a destination.
fn unbound(profile: &str, field: &str, id: KeyId) -> Vec<u8> {
    seal::context(&[b"cqlbook envelope", &[UNBOUND], profile.as_bytes(), field.as_bytes(), &id.0])
}

#[cfg(test)]
pub(crate) mod tests;
