//! Secrets of the environment, and where they may be sent.
//!
//! The rule: they go to the place that the environment names beside them (`ASTRA_DB_SECURE_BUNDLE_PATH`, `CASSANDRA_HOST`). Where
//! it names none, they go to the place that a cell names after the person said yes, once for each place and kernel. To
//! any other place they do not go.

use cqlbook_core::diagnostic::{Code, Diagnostic};
use cqlbook_core::host::Hosts;
use cqlbook_vault::{Destination, Place};

use super::desk::Desk;
use super::destination;
use super::shelf::Shelf;
use crate::explain::host::host;

const BUNDLE: &str = "ASTRA_DB_SECURE_BUNDLE_PATH";
const HOST: &str = "CASSANDRA_HOST";
/// What of the environment is sent to an Astra database.
const OF_ASTRA: [&str; 3] = ["ASTRA_DB_CLIENT_ID", "ASTRA_DB_CLIENT_SECRET", "ASTRA_DB_APPLICATION_TOKEN"];

/// A variable that is set to something.
pub(super) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.trim().is_empty())
}

/// Whether the environment has a secret for Astra and names no bundle.
pub(super) fn is_astra_unbound() -> bool {
    variable(BUNDLE).is_none() && OF_ASTRA.iter().any(|name| variable(name).is_some())
}

/// Whether Astra's secrets of the environment may be sent where `bundle` leads, which a cell, a prompt or a saved connection
/// names. `None` stands for the environment's own.
///
/// # Errors
/// `CONFIRMATION_REQUIRED` where they may not and nobody can be asked for others; `INTERRUPTED`.
pub(super) async fn may_go_by_bundle(
    desk: &dyn Desk,
    shelf: &Shelf,
    bundle: Option<&str>,
) -> Result<bool, Diagnostic> {
    let Some(bundle) = bundle.filter(|typed| !typed.trim().is_empty()) else { return Ok(true) };
    if !OF_ASTRA.iter().any(|name| variable(name).is_some()) {
        return Ok(true);
    }
    let place = |typed: &str| Place::Astra { bundle: desk.path(typed) };
    let named = place(bundle);
    // A bundle that cannot be read fails before anything is sent.
    let Ok(to) = destination::of(&named) else { return Ok(true) };
    let what = "Client ID and secret";
    match variable(BUNDLE) {
        Some(own) if place(&own) == named => Ok(true),
        Some(own) => {
            let of = destination::of(&place(&own)).ok();
            if of.as_ref().is_some_and(|of| of.is(&to)) {
                return Ok(true);
            }
            let of = of.map_or_else(|| format!("the bundle {own}"), |of| of.words().to_owned());
            other_place(desk, what, &of, BUNDLE, &to).await
        }
        None => first_time(desk, shelf, what, BUNDLE, &to).await,
    }
}

/// The password of the environment, where it may be sent to `place`.
///
/// # Errors
/// As [`may_go_by_bundle`].
pub(super) async fn password(
    desk: &dyn Desk,
    shelf: &Shelf,
    place: &Place,
) -> Result<Option<String>, Diagnostic> {
    let Some(password) = variable("CASSANDRA_PASSWORD") else { return Ok(None) };
    let (Place::Cassandra { hosts, port, .. }, Ok(to)) = (place, destination::of(place)) else {
        return Ok(None);
    };
    let may = match variable(HOST) {
        Some(text) => {
            let own = Hosts::parse([text.as_str()]).map_err(|error| {
                let told = host(&error, HOST);
                Diagnostic { message: format!("{HOST} names no hosts. {}", told.message), ..told }
            })?;
            if is_within(hosts, *port, &own) {
                true
            } else {
                other_place(desk, "password", &text, HOST, &to).await?
            }
        }
        None => first_time(desk, shelf, "password", HOST, &to).await?,
    };
    Ok(may.then_some(password))
}

/// Whether each host is one of those that the variable names, at the port that it names, if it names one.
fn is_within(hosts: &[String], port: u16, own: &Hosts) -> bool {
    let is_own = |host: &String| own.names.iter().any(|own| own.eq_ignore_ascii_case(host.trim()));
    !hosts.is_empty() && own.port.is_none_or(|own| own == port) && hosts.iter().all(is_own)
}

async fn other_place(
    desk: &dyn Desk,
    what: &str,
    of: &str,
    variable: &str,
    to: &Destination,
) -> Result<bool, Diagnostic> {
    let kept_back =
        format!("The environment's {what} belong to {of}, by {variable}, and the cell names {}.", to.words());
    if desk.can_ask() {
        desk.say(&format!("{kept_back} They are not sent there. Enter those for {}.", to.words())).await;
        return Ok(false);
    }
    Err(Diagnostic::new(Code::ConfirmationRequired, kept_back)
        .with_cause("A secret is sent only to the place that it belongs to. Nothing was sent.")
        .with_hint(format!("Set {variable} to the place that the cell names, and the secret with it, before the kernel starts."))
        .with_hint("Or run the cell where the frontend can ask."))
}

async fn first_time(
    desk: &dyn Desk,
    shelf: &Shelf,
    what: &str,
    variable: &str,
    to: &Destination,
) -> Result<bool, Diagnostic> {
    if shelf.is_allowed(to) {
        return Ok(true);
    }
    if desk.can_ask() {
        let question = format!("Send the environment's {what} to {}? [y/N] ", to.words());
        let answer = desk.ask(&question, false).await?;
        let yes = answer
            .as_ref()
            .is_some_and(|answer| matches!(answer.expose().trim().to_lowercase().as_str(), "y" | "yes"));
        if yes {
            shelf.allow(to);
        }
        if answer.is_some() {
            return Ok(yes);
        }
    }
    Err(Diagnostic::new(
        Code::ConfirmationRequired,
        format!("The environment's {what} would be sent to {}, which only the cell names.", to.words()),
    )
    .with_cause(
        "The environment does not say where they belong, and the frontend cannot ask. Nothing was sent.",
    )
    .with_hint(format!("Set {variable} too, before the kernel starts."))
    .with_hint("Or run the cell where the frontend can ask."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_for_the_hosts_that_the_variable_names() {
        let is_within = |named: &str, variable: &str| {
            let (named, own) = (Hosts::parse([named]).unwrap(), Hosts::parse([variable]).unwrap());
            is_within(&named.names, named.port.unwrap_or(9042), &own)
        };
        for (named, variable) in [
            ("db", "db"),
            ("DB,a", "a, db"),
            ("db:9043", "db"),
            ("db:9043", "cql://db:9043"),
            ("[::1]:9042", "0:0:0:0:0:0:0:1"),
            ("db.", "db"),
        ] {
            assert!(is_within(named, variable), "{named} {variable}");
        }
        for (named, variable) in
            [("other", "db"), ("db,other", "db"), ("db.evil", "db"), ("d", "db"), ("db:9043", "db:9042")]
        {
            assert!(!is_within(named, variable), "{named} {variable}");
        }
    }
}
