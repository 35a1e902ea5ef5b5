//! `cqlbook doctor`: looks at everything a notebook needs before its first cell, and says what to do about what is wrong.
//!
//! It changes nothing that stays, prints no secret, and names environment variables without their values.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use crate::cli::{complain, say};

mod astra;
mod engine;
mod finding;
mod jupyter;
mod machine;
mod spec;

use finding::{Finding, Mark};

/// What can be asked of the doctor.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Also look whether this Secure Connect Bundle is whole and its database can be reached.
    #[arg(long, value_name = "ZIP", env = "ASTRA_DB_SECURE_BUNDLE_PATH", hide_env_values = true)]
    bundle: Option<PathBuf>,
    /// Print the findings as JSON, for programs.
    #[arg(long)]
    json: bool,
}

/// Looks at everything and prints one line for each thing. Fails when something is wrong; what is merely noted is not.
pub(crate) fn run(options: &Options) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            complain(&format!("The doctor cannot start its threads: {error}."));
            return ExitCode::FAILURE;
        }
    };
    let findings = runtime.block_on(examine(options));
    // A keychain that hangs must not hold the process.
    runtime.shutdown_background();
    say(&if options.json { finding::json(&findings) } else { finding::text(&findings) });
    if findings.iter().any(|finding| finding.mark == Mark::Wrong) {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}

async fn examine(options: &Options) -> Vec<Finding> {
    let mut findings = vec![machine::program(), engine::examine().await];
    let jupyter = jupyter::ask().await;
    findings.extend(jupyter::versions(&jupyter));
    findings.extend(spec::examine(&jupyter::spec_folders(&jupyter)).await);
    findings.extend(machine::folders());
    findings.push(machine::keychain().await);
    findings.extend(machine::stores().await);
    findings.push(machine::loopback());
    findings.extend(machine::environment());
    if let Some(bundle) = options.bundle.as_deref().filter(|path| !path.as_os_str().is_empty()) {
        findings.extend(astra::examine(bundle).await);
    }
    findings
}
