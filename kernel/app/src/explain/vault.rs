//! Why a connection could not be kept, or its secrets not be opened, in a user's words. No secret gets in here.

use cqlbook_core::diagnostic::{Code, Diagnostic};
use cqlbook_vault::envelope::SealError;
use cqlbook_vault::keychain::{Status, StoreError};
use cqlbook_vault::{FileError, NewError, Paths, ProfileError, VaultError};

use super::file::{Doing, trouble};
use super::sentence;

/// Where the passphrase of the vault file may be.
pub(crate) const PASSPHRASE: &str = "CQLBOOK_VAULT_PASSPHRASE";

/// What the vault could not do.
pub(crate) fn vault(error: &VaultError) -> Diagnostic {
    match error {
        VaultError::NoKeychain(status) => no_keychain(status),
        VaultError::Unreadable { name, reason } => {
            Diagnostic::new(Code::SecretUnreadable, format!("The secrets of `{name}` cannot be opened."))
                .with_cause(format!("{} Nothing was guessed, and nothing was sent.", sentence(reason)))
                .with_hint(format!(
                    "Enter them again: `%connection edit {} --client-secret`.",
                    cqlbook_core::magic::quoted(name)
                ))
        }
        VaultError::Elsewhere { name, sealed_for } => Diagnostic::new(
            Code::SecretUnreadable,
            format!(
                "The secret of `{name}` was entered for {}, and the connection leads elsewhere now.",
                sealed_for.words()
            ),
        )
        .with_cause("A secret is sent only where it was entered for. Nothing was sent.")
        .with_hint(format!(
            "Enter the secret for the new place: `%connection edit {} --client-secret`.",
            cqlbook_core::magic::quoted(name)
        )),
        VaultError::Store(StoreError::File { reason }) => Diagnostic::new(Code::SaveFailed, sentence(reason))
            .with_cause("The vault file stands in for a keychain. What it held before is still there.")
            .with_hint(
                "Look at the folder's permissions and at the space on the disk, and run the cell again.",
            )
            .with_hint("`--no-save` connects without saving."),
        VaultError::Store(StoreError::FileDamaged { path, .. }) => damaged_store(error, path),
        VaultError::WrongPassphrase => {
            let told = Diagnostic::new(Code::SecretUnreadable, "The passphrase does not open the vault file.")
                .with_cause("It is another one, or the file was changed.")
                .with_hint(if has_passphrase() {
                    "CQLBOOK_VAULT_PASSPHRASE is set here. Set it to the passphrase that the file was made with, or unset it to be asked, and start the kernel again."
                } else {
                    "Run the cell again with the passphrase that the file was made with."
                });
            match Paths::of_user() {
                Some(paths) => told.with_hint(format!(
                    "If it is lost, move {} aside. The connections stay; enter each secret again: `%connection edit NAME --client-secret`.",
                    paths.vault_file().display()
                )),
                None => told,
            }
        }
        VaultError::Profile(error) => profile(error),
        VaultError::File(error) => file(error),
        VaultError::Seal(error) => seal(error),
        VaultError::KeysDamaged { path } | VaultError::Newer { path } => damaged_store(error, path),
        other => Diagnostic::new(Code::KeychainUnavailable, sentence(&other.to_string()))
            .with_hint("`cqlbook doctor`, in a terminal, looks at the keychain."),
    }
}

/// A file of secrets or keys that cannot be understood, with the way out.
fn damaged_store(error: &VaultError, path: &std::path::Path) -> Diagnostic {
    Diagnostic::new(Code::SecretUnreadable, sentence(&error.to_string()))
        .with_cause("Saved secrets need this file. It is left as it is, and nothing was sent.")
        .with_hint("If there is a copy of the file from before, put it back.")
        .with_hint(format!(
            "Else move {} aside. The secrets that it is needed for are lost then; the connections stay. Enter each secret again: `%connection edit NAME --client-secret`.",
            path.display()
        ))
}

/// Why there is no keychain, and what can be done.
pub(crate) fn no_keychain(status: &Status) -> Diagnostic {
    let diagnostic = match status {
        Status::Absent { cause } => {
            Diagnostic::new(Code::KeychainUnavailable, "There is no keychain here.").with_cause(cause.clone())
        }
        // The variable stands in for a keychain that is not there; one that is locked is asked all the same.
        Status::Locked | Status::Available => {
            return Diagnostic::new(Code::KeychainUnavailable, "The keychain is locked.")
                .with_hint("Unlock it, and run the cell again.")
                .with_hint("Or keep the secrets in a file sealed under a passphrase: `--vault` asks for it, as in `%connection edit NAME --client-secret --vault`.")
                .with_hint("`cqlbook doctor`, in a terminal, looks at the keychain.");
        }
    };
    let diagnostic = if has_passphrase() {
        diagnostic
    } else {
        diagnostic.with_hint("Set CQLBOOK_VAULT_PASSPHRASE before Jupyter starts: the secrets then lie in a file sealed under it.")
    };
    diagnostic.with_hint("`cqlbook doctor`, in a terminal, looks at the keychain.")
}

/// What is wrong with the saved connections.
pub(crate) fn profile(error: &ProfileError) -> Diagnostic {
    let message = sentence(&error.to_string());
    match error {
        ProfileError::NotFound { .. } => {
            Diagnostic::new(Code::NotConnected, message).with_hint("`%connections` lists the saved ones.")
        }
        ProfileError::Taken { .. } => Diagnostic::new(Code::Usage, message)
            .with_hint("Give this one another name, or delete the other: `%connection delete NAME`."),
        ProfileError::Name(_) => {
            Diagnostic::new(Code::Usage, message).with_hint("A name is up to 80 characters that can be seen.")
        }
        ProfileError::Damaged { path, .. } => Diagnostic::new(Code::Usage, message)
            .with_cause("It was edited by hand, or by another program. It is left as it is.")
            .with_hint(format!(
                "Correct the file. Or move {} aside: the connections in it are then unknown, and have to be made again.",
                path.display()
            )),
        ProfileError::Newer { path } => Diagnostic::new(Code::Usage, message)
            .with_cause("It is left as it is.")
            .with_hint(format!("Update cqlbook. Or move {} aside, and make the connections again.", path.display())),
        ProfileError::Unusable { name, .. } => Diagnostic::new(Code::Usage, message)
            .with_cause("It was edited by hand, or by another program. It is left as it is.")
            .with_hint(format!(
                "Correct the file, or delete the connection: `%connection delete {}`.",
                cqlbook_core::magic::quoted(name)
            )),
        ProfileError::Full { .. } => Diagnostic::new(Code::SaveFailed, message)
            .with_cause("Nothing was saved.")
            .with_hint("Delete what is not used any more: `%connection delete NAME`."),
        ProfileError::File(error) => file(error),
        ProfileError::TooMuch { .. } => Diagnostic::new(Code::Usage, message)
            .with_cause("A file with more than that would not be read again. It stays as it was.")
            .with_hint("Give the connection less of it, or connect with `--no-save`.")
            .with_hint("`%connection delete NAME` takes one that is not needed away."),
        _ => Diagnostic::new(Code::Usage, message),
    }
}

/// Why a connection cannot be begun.
pub(crate) fn new(error: &NewError) -> Diagnostic {
    Diagnostic::new(Code::Usage, sentence(&error.to_string()))
        .with_hint("A name is up to 80 characters that can be seen, and not `astra` or `cassandra`.")
}

/// Why a credential cannot be sealed.
pub(crate) fn seal(error: &SealError) -> Diagnostic {
    Diagnostic::new(Code::Usage, format!("The secret cannot be kept: {error}."))
        .with_hint("`--no-save` connects without keeping it.")
}

fn file(error: &FileError) -> Diagnostic {
    let (path, told) = match error {
        FileError::Read { path, source } => (path, Some((source, Doing::Reading))),
        FileError::Write { path, source } => (path, Some((source, Doing::Writing))),
        FileError::Busy { path } | FileError::TooLarge { path } | FileError::Full { path } => (path, None),
        _ => return Diagnostic::new(Code::SaveFailed, sentence(&error.to_string())),
    };
    let verb = match told {
        Some((_, Doing::Reading)) => "read",
        _ => "written",
    };
    let aside = format!("Or move {} aside: what is in it has to be made again then.", path.display());
    match (told, error) {
        (Some((source, doing)), _) => {
            let (cause, hint) = trouble(source, path, doing);
            let told = Diagnostic::new(Code::SaveFailed, format!("{} cannot be {verb}.", path.display()))
                .with_cause(format!("{cause} What it held before is still there."))
                .with_hint(hint);
            if doing == Doing::Reading { told.with_hint(aside) } else { told }
        }
        (None, FileError::Busy { .. }) => Diagnostic::new(Code::SaveFailed, sentence(&error.to_string()))
            .with_cause("Saved connections have one writer at a time. Nothing was saved.")
            .with_hint("Run the cell again. If it stays, end the program that hangs."),
        (None, FileError::Full { .. }) => Diagnostic::new(Code::SaveFailed, sentence(&error.to_string()))
            .with_cause("Nothing was saved. What it held before is still there.")
            .with_hint("Delete connections that are not used any more: `%connection delete NAME`."),
        (None, _) => Diagnostic::new(Code::SaveFailed, sentence(&error.to_string()))
            .with_cause("Another program has written it. It is left as it is.")
            .with_hint("Put a copy from before back.")
            .with_hint(aside),
    }
    .with_hint("`--no-save` connects without saving.")
}

fn has_passphrase() -> bool {
    std::env::var_os(PASSPHRASE).is_some_and(|value| !value.is_empty())
}
