//! A bundle and the way to its database, as far as it can be gone without a secret.

use std::path::Path;
use std::sync::Mutex;
use std::time::{Duration, SystemTime};

use cqlbook_cluster::bundle::Bundle;
use cqlbook_cluster::{ConnectError, Stage, Timeouts};
use cqlbook_core::diagnostic::{Code, Diagnostic};

use super::finding::Finding;
use crate::explain::connect::{self, Kind};

/// A certificate that ends sooner than this is worth a word.
const SOON: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Reads the bundle, asks its metadata service and opens TLS to a node.
pub(super) async fn examine(path: &Path) -> Vec<Finding> {
    let now = SystemTime::now();
    let bundle = match Bundle::read(path, now) {
        Ok(bundle) => bundle,
        Err(error) => return vec![wrong("Bundle", &ConnectError::Bundle(error))],
    };
    let mut findings = vec![judge_validity(path, &bundle.host, bundle.valid_until, now)];
    let passed = Mutex::new(Vec::new());
    let outcome = cqlbook_cluster::survey(path, Timeouts::default(), |stage| {
        if let Ok(mut passed) = passed.lock() {
            passed.push(stage);
        }
    })
    .await;
    let passed = passed.into_inner().unwrap_or_default();
    let has = |wanted: fn(&Stage) -> bool| passed.iter().any(wanted);
    for stage in &passed {
        match stage {
            Stage::Metadata { contact_points, .. } => findings.push(Finding::good(
                "Metadata",
                format!("{}:{} named {contact_points} nodes over verified TLS.", bundle.host, bundle.port),
            )),
            Stage::Tls => findings.push(Finding::good(
                "Nodes",
                "A node's port is open, and the server proved who it is. Client ID and Client Secret were not tried.",
            )),
            _ => {}
        }
    }
    if let Err(error) = outcome {
        let about = if has(|stage| matches!(stage, Stage::Metadata { .. })) { "Nodes" } else { "Metadata" };
        findings.push(wrong(about, &error));
    }
    findings
}

fn judge_validity(path: &Path, host: &str, valid_until: SystemTime, now: SystemTime) -> Finding {
    let until = connect::moment(valid_until);
    let found = format!("{} is whole, for {host}; its certificate is valid until {until}.", path.display());
    match valid_until.duration_since(now) {
        Ok(left) if left >= SOON => Finding::good("Bundle", found),
        _ => Finding::warning(
            "Bundle",
            found,
            "Download the bundle again soon: Astra console, your database, Connect, Secure Connect Bundle.",
        ),
    }
}

/// What the error says in a cell, on the doctor's lines.
fn wrong(about: &'static str, error: &ConnectError) -> Finding {
    let Diagnostic { code, message, cause, hints, .. } = connect::connect(error, Kind::Astra);
    let found = match cause {
        Some(cause) => format!("{code}: {message} {cause}"),
        None => format!("{code}: {message}"),
    };
    let advice = match code {
        Code::DatabasePaused => "Resume it in the Astra console, and run the doctor again.".to_owned(),
        Code::MetadataRefused => {
            "Look at the database in the Astra console. If it is active, download its Secure Connect Bundle again."
                .to_owned()
        }
        _ => hints.into_iter().next().unwrap_or_default().replace("run the cell again", "run the doctor again"),
    };
    Finding::wrong(about, found, format!("{advice} See docs/errors.md, {code}."))
}

#[cfg(test)]
mod tests {
    use cqlbook_cluster::link::LinkError;
    use cqlbook_cluster::metadata::MetadataError;
    use insta::assert_snapshot;

    use super::super::finding::{Mark, text};
    use super::*;

    #[test]
    fn failures_are_told_as_in_a_cell_with_what_to_do_at_a_terminal() {
        let paused = ConnectError::Metadata(MetadataError::Paused { text: "Resuming".to_owned() });
        let refused = ConnectError::Metadata(MetadataError::Refused { status: 401, text: String::new() });
        let name = ConnectError::Link(LinkError::NotResolved {
            host: "db.example".to_owned(),
            reason: "no such host".to_owned(),
        });
        let findings = [wrong("Metadata", &paused), wrong("Metadata", &refused), wrong("Nodes", &name)];
        assert_snapshot!(text(&findings), @r"
        ✗ wrong    Metadata  DATABASE_PAUSED: The database is paused. A serverless database sleeps after a time without use. It takes some minutes to wake.
                             → Resume it in the Astra console, and run the doctor again. See docs/errors.md, DATABASE_PAUSED.
        ✗ wrong    Metadata  METADATA_REFUSED: Astra's metadata service refused the bundle (HTTP 401). The database is hibernated, or the bundle was revoked or belongs to a deleted database. A sleeping database can answer so too.
                             → Look at the database in the Astra console. If it is active, download its Secure Connect Bundle again. See docs/errors.md, METADATA_REFUSED.
        ✗ wrong    Nodes     NETWORK_UNREACHABLE: The name db.example has no address. There is no network, or the name does not exist any more. The system says: no such host.
                             → Check the network and the VPN, and run the doctor again. See docs/errors.md, NETWORK_UNREACHABLE.

        3 things are wrong.
        ");
    }

    #[test]
    fn a_certificate_that_ends_soon_is_worth_a_word() {
        let now = SystemTime::UNIX_EPOCH;
        let judged = |days: u64| {
            judge_validity(Path::new("b.zip"), "db", now + Duration::from_secs(days * 86_400), now).mark
        };
        assert_eq!((judged(31), judged(29)), (Mark::Good, Mark::Warning));
    }
}
