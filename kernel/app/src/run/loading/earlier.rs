//! What another load of the same file means for this one: one that runs, one that stopped, and one that nobody can tell of.

use cqlbook_core::diagnostic::{Code, Diagnostic};
use cqlbook_core::render;

use super::Request;
use crate::import::lock::{self, Lock, NotAlone};
use crate::import::{Bond, NoPlace, Place};

/// The file for this load alone. Where a file system cannot tell, counters are not loaded; other rows do no harm twice.
pub(super) fn alone(request: &Request, counters: bool) -> Result<Option<Lock>, Diagnostic> {
    match lock::take(&request.spec.path) {
        Ok(lock) => Ok(Some(lock)),
        Err(NotAlone::Busy) => Err(running(&request.shown)),
        Err(NotAlone::Unknown(_)) if !counters => Ok(None),
        Err(NotAlone::Unknown(error)) => Err(Diagnostic::new(
            Code::ImportFailed,
            format!(
                "{} cannot be locked, so that another import of it could count its rows twice.",
                request.shown
            ),
        )
        .with_cause(format!("Its file system says: {error}."))
        .with_hint("Copy the file to a folder of this machine's own, and import it from there.")),
    }
}

fn running(shown: &str) -> Diagnostic {
    Diagnostic::new(
        Code::ImportFailed,
        format!(
            "{shown} is being imported now, by this kernel or another one. Nothing was loaded by this cell."
        ),
    )
    .with_hint("Wait for it to end, or stop it there. An import that was stopped goes on with `--resume`.")
}

/// The place to go on from, and whether an earlier load stopped that is not gone on with. Of counters any trace of an earlier
/// load stops another one, and so does what nobody can read.
pub(super) async fn earlier(
    request: &Request,
    bond: &Bond,
    counters: bool,
) -> Result<(Option<Place>, bool), Diagnostic> {
    let shown = &request.shown;
    let failed = |message: String| Diagnostic::new(Code::ImportFailed, message);
    let (path, own) = (request.spec.path.clone(), bond.clone());
    let read = tokio::task::spawn_blocking(move || Place::read(&path, &own)).await;
    let place = match read
        .unwrap_or_else(|_| Err(NoPlace::Unreadable("reading it was broken off".to_owned())))
    {
        Ok(place) if request.resume => return Ok((Some(place), false)),
        Ok(place) => place,
        Err(NoPlace::None) if request.resume => {
            return Err(failed(format!("There is no import of {shown} to resume."))
                .with_cause("An import that is stopped leaves `FILE.resume` beside its file. There is none.")
                .with_hint("Run the line without `--resume`."));
        }
        Err(NoPlace::None) => return Ok((None, false)),
        Err(NoPlace::Running) => return Err(running(shown)),
        Err(error) => {
            let counted = counters || matches!(error, NoPlace::Another { counters: true, .. });
            let is_unreadable = matches!(error, NoPlace::Unreadable(_));
            if !request.resume && !counted && !is_unreadable {
                return Ok((None, true));
            }
            let message = if request.resume {
                format!("The import cannot be resumed. {error}.")
            } else {
                format!(
                    "An earlier import of {shown} did not end, and this one is not its continuation. {error}."
                )
            };
            let mut told = failed(message);
            if let Some(remedy) = error.remedy(shown) {
                told = told.with_hint(remedy);
            }
            if !counted && !is_unreadable {
                return Err(told.with_hint("Run the line without `--resume` to begin anew."));
            }
            if counted {
                told = told.with_cause(
                    "What was counted cannot be told from what was not. Beginning anew may count rows twice.",
                );
            }
            if request.keeps_place && !is_unreadable {
                told = told.with_hint("Say the line as it was, on the file as it was, and `--resume`.");
            }
            return Err(told.with_hint(format!("To begin anew all the same, delete {shown}.resume first.")));
        }
    };
    if !place.counters {
        return Ok((None, true));
    }
    let told = failed(format!(
        "An earlier import of this file stopped after {} rows. Beginning anew would count them twice.",
        render::count(place.written())
    ));
    let told = if request.keeps_place {
        told.with_hint("`--resume` at the end of the line goes on where it stopped.")
    } else {
        told
    };
    Err(told.with_hint(format!("To begin anew all the same, delete {shown}.resume first.")))
}
