//! Why a Secure Connect Bundle cannot be used, in the user's words.

use std::io::ErrorKind;
use std::time::SystemTime;

use cqlbook_cluster::bundle::{BundleError, Elsewhere, NOT_REGULAR};
use cqlbook_core::diagnostic::{Code, Diagnostic};
use cqlbook_core::render::count;

use super::file::{self, Doing};
use super::sentence;

/// Where a bundle comes from, as a next step.
pub(super) const DOWNLOAD: &str =
    "Download the bundle again: Astra console, your database, Connect, Secure Connect Bundle.";

pub(super) fn bundle(error: &BundleError) -> Diagnostic {
    match error {
        BundleError::NotFound { path, error } if error.kind() == ErrorKind::NotFound => {
            Diagnostic::new(Code::BundleNotFound, format!("There is no bundle at {}.", path.display()))
                .with_cause("A relative path starts at the notebook's folder, and `~` is your home folder.")
                .with_hint("Check the path after `--bundle`, or the one in ASTRA_DB_SECURE_BUNDLE_PATH.")
        }
        BundleError::NotFound { path, error } => {
            let message = format!("The bundle at {} cannot be read.", path.display());
            file::with_trouble(Diagnostic::new(Code::BundleNotFound, message), error, path, Doing::Reading)
        }
        BundleError::OtherPlace { path, how, was, now } => {
            let path = path.display();
            let (what, cause) = match how {
                Elsewhere::Host => (
                    format!("{path} is the bundle of another database now."),
                    format!("It leads to {now}, and the connection is to {was}."),
                ),
                Elsewhere::Port => (
                    format!("{path} is the bundle of another service now."),
                    format!("It leads to {now}, and the connection is to {was}."),
                ),
                Elsewhere::Authority => (
                    format!("{path} is the bundle of another certificate authority now."),
                    format!("Whoever has its certificates could answer for {now}, and the connection was made to those of the former one."),
                ),
            };
            // What is sent elsewhere is asked for: an open connection does not decide it.
            Diagnostic::new(Code::BundleUnsafe, what)
                .with_cause(format!("{cause} Nothing was sent by it."))
                .with_hint("If the new one is meant, connect anew: `%connect NAME`, or `%connect astra --bundle ZIP`. What is sent there is asked for.")
                .with_hint(format!("Else put the bundle of {was} back: the kernel goes on with it by itself."))
        }
        BundleError::Extracted { path, is_folder } => {
            let path = path.display();
            Diagnostic::new(
                Code::BundleExtracted,
                if *is_folder {
                    format!("{path} is a folder, not the bundle's .zip.")
                } else {
                    format!("{path} is a file from inside a bundle, not the bundle's .zip.")
                },
            )
            .with_cause("The bundle is used as the one .zip that was downloaded. Some browsers and systems unpack it by themselves.")
            .with_hint("Give the path of the .zip after `--bundle`. If it is gone, download it again and leave it zipped.")
        }
        BundleError::NotZip { path, reason, size, looks_like_html } => Diagnostic::new(
            Code::BundleNotZip,
            format!("{} is not a whole zip archive.", path.display()),
        )
        .with_cause(if reason == NOT_REGULAR {
            "It is a pipe, a device or another thing that is no regular file.".to_owned()
        } else if *looks_like_html {
            format!(
                "It is a web page or an error message of {} bytes, saved under that name. The download link lives 5 minutes.",
                count(*size)
            )
        } else if *size == 0 {
            "It is empty. A healthy bundle has about 12 to 13 KB.".to_owned()
        } else {
            format!("It has {} bytes, and {reason}. A healthy bundle has about 12 to 13 KB.", count(*size))
        })
        .with_hint(DOWNLOAD),
        BundleError::Incomplete { member, reason } if reason == "it is missing" => {
            Diagnostic::new(Code::BundleIncomplete, format!("The bundle has no `{member}`."))
                .with_cause("The zip is something else than a bundle, or was packed anew, or is damaged.")
                .with_hint(DOWNLOAD)
        }
        BundleError::Incomplete { member, reason } => {
            Diagnostic::new(Code::BundleIncomplete, format!("The bundle's `{member}` cannot be used."))
                .with_cause(sentence(reason))
                .with_hint(DOWNLOAD)
        }
        BundleError::Unsafe { reason } => {
            Diagnostic::new(Code::BundleUnsafe, "The archive is refused: no bundle of Astra's looks like this.")
                .with_cause(format!("What was found: {reason}. Nothing was unpacked."))
                .with_hint(DOWNLOAD)
        }
        BundleError::Expired { not_before, not_after, now } => Diagnostic::new(
            Code::BundleExpired,
            if now < not_before {
                "The bundle's certificate is not valid yet."
            } else {
                "The bundle's certificate has expired."
            },
        )
        .with_cause(format!(
            "It is valid from {} to {}. This machine's clock says {}.",
            moment(*not_before),
            moment(*not_after),
            moment(*now)
        ))
        .with_hint("Set the clock if it is wrong.")
        .with_hint(DOWNLOAD),
        other => Diagnostic::new(Code::BundleIncomplete, "The bundle cannot be used.")
            .with_cause(sentence(&other.to_string()))
            .with_hint(DOWNLOAD),
    }
}

/// A moment as a person reads it, in UTC and to the minute.
pub(crate) fn moment(time: SystemTime) -> String {
    jiff::Timestamp::try_from(time).map_or_else(
        |_| "a time out of range".to_owned(),
        |time| time.strftime("%Y-%m-%d %H:%M UTC").to_string(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_readable() {
        assert_eq!(moment(SystemTime::UNIX_EPOCH), "1970-01-01 00:00 UTC");
    }
}
