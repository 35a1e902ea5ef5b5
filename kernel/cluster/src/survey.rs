//! What can be known of an Astra database without a secret: whether its metadata service and its nodes can be reached.
//!
//! Nothing is logged in to and nothing is sent to a node but the beginning of TLS.

use std::path::Path;
use std::time::SystemTime;

use tokio::time::timeout;

use crate::bundle::Bundle;
use crate::error::ConnectError;
use crate::link::Endpoint;
use crate::metadata::{self, MetadataError};
use crate::stage::Stage;
use crate::target::Timeouts;
use crate::tls;

/// Reads the bundle at `path` (blocking on the file), asks its metadata service once, and opens TLS to the first node
/// that takes it; `progress` is told each stage as it is reached, up to [`Stage::Tls`].
///
/// # Errors
/// [`ConnectError`], at the stage where it ended. A paused database is not waited for.
pub async fn survey(
    path: &Path,
    timeouts: Timeouts,
    progress: impl Fn(Stage) + Send + Sync,
) -> Result<(), ConnectError> {
    let after = timeouts.connect;
    timeout(after, stages(path, &timeouts, &progress)).await.unwrap_or(Err(ConnectError::TimedOut {
        after,
        asked: None,
        last: None,
    }))
}

async fn stages(
    path: &Path,
    timeouts: &Timeouts,
    progress: &(impl Fn(Stage) + Send + Sync),
) -> Result<(), ConnectError> {
    let bundle = Bundle::read(path, SystemTime::now())?;
    let tls = tls::astra(&bundle).map_err(|reason| ConnectError::Driver { reason })?;
    progress(Stage::BundleRead { host: bundle.host.clone() });
    let metadata = metadata::fetch(&bundle, &tls, timeouts).await.map_err(|error| match error {
        MetadataError::Link(error) => ConnectError::Link(error),
        error => ConnectError::Metadata(error),
    })?;
    progress(Stage::Metadata {
        contact_points: metadata.contact_points.len(),
        local_dc: metadata.local_dc.clone(),
    });
    let mut outcome = Ok(());
    for id in &metadata.contact_points {
        let node = Endpoint::new(&metadata.proxy_host, metadata.proxy_port).with_sni(id.to_string());
        let tcp = node.connect(timeouts).await?;
        progress(Stage::Reached { host: node.host.clone(), port: node.port });
        outcome = node.secure(tcp, &tls, timeouts).await.map(drop);
        if outcome.is_ok() {
            progress(Stage::Tls);
            break;
        }
    }
    outcome.map_err(ConnectError::Link)
}
