//! A sandbox from within: the run folder, the cluster, the fronts and the admin API, on a runtime of their own, so that it
//! outlives the test that happened to start it.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::RwLock;
use tokio_util::sync::CancellationToken;

use crate::admin;
use crate::cluster::{Cluster, ClusterOptions};
use crate::error::{Context, Error, Result};
use crate::front::{AstraOptions, Front, FrontInfo};
use crate::java::Installation;
use crate::place::RunFolder;
use crate::words;

/// What the admin API works on.
pub(crate) struct Sandbox {
    pub(crate) cluster: Cluster,
    fronts: RwLock<BTreeMap<String, Arc<Front>>>,
    /// Declared last, hence dropped last: it takes the files and whatever processes are left.
    run: RunFolder,
}

impl Sandbox {
    async fn start(options: &ClusterOptions, progress: &(dyn Fn(&str) + Sync)) -> Result<Self> {
        let java = Installation::prepare(progress)?;
        let run = RunFolder::create()?;
        let cluster = Cluster::start(java, run.path(), options, progress).await?;
        Ok(Self { cluster, fronts: RwLock::default(), run })
    }

    /// Opens a front.
    pub(crate) async fn open_front(&self, options: AstraOptions) -> Result<FrontInfo> {
        if self.fronts.read().await.contains_key(&options.name) {
            return Err(Error::Invalid(format!("There is a front {} already.", options.name)));
        }
        let front = Front::open(options, &self.cluster, self.run.path()).await?;
        let info = front.info();
        self.fronts.write().await.insert(info.name.clone(), Arc::new(front));
        Ok(info)
    }

    /// The front of that name.
    pub(crate) async fn front(&self, name: &str) -> Result<Arc<Front>> {
        self.fronts.read().await.get(name).cloned().ok_or_else(|| Error::Unknown(format!("front {name}")))
    }

    /// All fronts.
    pub(crate) async fn fronts(&self) -> Vec<FrontInfo> {
        self.fronts.read().await.values().map(|front| front.info()).collect()
    }

    /// Closes a front and takes away what it made.
    pub(crate) async fn close_front(&self, name: &str) -> Result<()> {
        let front = self.fronts.write().await.remove(name);
        front.ok_or_else(|| Error::Unknown(format!("front {name}")))?.close(&self.cluster).await
    }
}

/// A sandbox of this process, with its runtime. Dropping it ends everything.
pub(crate) struct Owned {
    address: String,
    stop: CancellationToken,
    /// An option only so that it can be moved out when dropped.
    runtime: Option<Runtime>,
    sandbox: Option<Arc<Sandbox>>,
}

impl std::fmt::Debug for Owned {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Owned").finish_non_exhaustive()
    }
}

impl Owned {
    /// Starts a sandbox; `progress` is told, in a sentence, what it is about.
    pub(crate) async fn start(
        options: ClusterOptions,
        progress: impl Fn(&str) + Send + Sync + 'static,
    ) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("sandbox")
            .enable_all()
            .build()
            .during("Starting a runtime")?;
        let stop = CancellationToken::new();
        let serving = stop.clone();
        let token = words::password();
        let started = runtime.spawn(async move {
            let sandbox = Arc::new(Sandbox::start(&options, &progress).await?);
            let listener =
                TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.during("Opening the admin port")?;
            let port = listener.local_addr().during("Opening the admin port")?.port();
            let address = format!("http://127.0.0.1:{port}/#{token}");
            tokio::spawn(admin::serve(listener, token, Arc::downgrade(&sandbox), serving));
            Ok((sandbox, address))
        });
        // From here on a failure, and a caller that no longer waits, drops what was made.
        let mut owned = Self { address: String::new(), stop, runtime: Some(runtime), sandbox: None };
        let (sandbox, address) = match started.await {
            Ok(outcome) => outcome?,
            Err(error) => return Err(Error::Invalid(format!("The start was broken off: {error}."))),
        };
        owned.sandbox = Some(sandbox);
        owned.address = address;
        Ok(owned)
    }

    /// Where the admin API is, with its token: the value for `CQLBOOK_SANDBOX`.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        self.stop.cancel();
        let (sandbox, runtime) = (self.sandbox.take(), self.runtime.take());
        // Cassandra's processes are killed and the run folder goes, which takes a moment: not on a caller's runtime.
        let ending = std::thread::spawn(move || {
            if let Some(runtime) = runtime {
                let _guard = runtime.enter();
                drop(sandbox);
                runtime.shutdown_timeout(std::time::Duration::from_secs(5));
            }
        });
        let _ = ending.join();
    }
}
