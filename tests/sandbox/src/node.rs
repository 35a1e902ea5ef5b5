//! One Cassandra process: its configuration, its start and its end. It knows nothing of clients, roles and fronts.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::process::Child;
use tokio::time::Instant;

use crate::block::Block;
use crate::certs;
use crate::cluster::ClusterOptions;
use crate::error::{Context, Error, Result};
use crate::java::{Installation, last_lines};

const YAML: &str = include_str!("../cassandra/cassandra.yaml");
const LOGBACK: &str = include_str!("../cassandra/logback.xml");

/// How long a node may take to open its CQL port; four take about 12 s on two cores.
const START_LIMIT: Duration = Duration::from_secs(120);

/// Where a node stands in its cluster.
#[derive(Debug, Clone)]
pub(crate) struct Seat {
    /// The node's index in the sandbox, from 0.
    pub(crate) index: usize,
    /// Its data centre's name.
    pub(crate) data_center: String,
    /// Its one token.
    pub(crate) token: i64,
    /// Whether `system.peers` shows an address where nothing listens.
    pub(crate) private: bool,
}

/// The files by which nodes offer TLS to clients of theirs.
#[derive(Debug)]
pub(crate) struct NodeTls {
    /// The authority's certificate, for clients.
    pub(crate) authority: PathBuf,
    /// Key and certificate of all nodes.
    identity: PathBuf,
}

impl NodeTls {
    /// Makes them in the run folder, for the addresses of `nodes` nodes.
    pub(crate) fn make(run: &Path, block: &Block, nodes: usize) -> Result<Self> {
        let addresses: Vec<String> = (0..nodes).map(|index| block.listen(index).to_string()).collect();
        let made = certs::for_addresses(&addresses)?;
        let tls = Self { authority: run.join("nodes-ca.crt"), identity: run.join("nodes.pem") };
        for (path, text) in [(&tls.authority, &made.authority), (&tls.identity, &made.identity)] {
            fs::write(path, text).at("Writing", path)?;
            crate::place::protect(path)?;
        }
        Ok(tls)
    }

    /// The section of cassandra.yaml. Plain connections stay possible: the sandbox's own are.
    fn section(&self) -> String {
        format!(
            "client_encryption_options:\n  enabled: true\n  optional: true\n  keystore: \"{identity}\"\n  \
             truststore: \"{authority}\"\n  ssl_context_factory:\n    \
             class_name: org.apache.cassandra.security.PEMBasedSslContextFactory\n",
            identity = self.identity.display(),
            authority = self.authority.display(),
        )
    }
}

/// A Cassandra node, running or stopped.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) seat: Seat,
    pub(crate) address: SocketAddr,
    folder: PathBuf,
    process: Option<Child>,
    /// Whether its schema survives its process.
    stoppable: bool,
    /// All nodes' addresses among themselves, as Cassandra lists them.
    members: String,
}

impl Node {
    /// Writes the node's configuration below the run folder.
    pub(crate) fn configure(
        run: &Path,
        block: &Block,
        seat: Seat,
        nodes: usize,
        tls: Option<&NodeTls>,
        options: &ClusterOptions,
    ) -> Result<Self> {
        let folder = run.join(format!("node{}", seat.index));
        fs::create_dir_all(&folder).at("Creating", &folder)?;
        let listen = block.listen(seat.index);
        let told = if seat.private { block.private(seat.index) } else { listen };
        // Every node is a seed: any of them can then start alone while others are down.
        let seeds: Vec<String> =
            (0..nodes).map(|index| format!("{}:{}", block.listen(index), block.storage_port)).collect();
        let yaml = YAML
            .replace("@TOKEN@", &seat.token.to_string())
            .replace("@SEEDS@", &seeds.join(","))
            .replace("@LISTEN@", &listen.to_string())
            .replace("@PRIVATE@", &told.to_string())
            .replace("@STORAGE_PORT@", &block.storage_port.to_string())
            .replace("@CQL_PORT@", &block.cql_port.to_string())
            .replace("@FOLDER@", &folder.to_string_lossy());
        let mut yaml = yaml + &tls.map(NodeTls::section).unwrap_or_default();
        if options.everything {
            yaml = yaml.replace("materialized_views_enabled: false", "materialized_views_enabled: true");
            yaml =
                yaml.replace("user_defined_functions_enabled: false", "user_defined_functions_enabled: true");
            yaml.push_str(
                "sasi_indexes_enabled: true\ndynamic_data_masking_enabled: true\ndrop_compact_storage_enabled: true\n",
            );
        }
        let rack = format!("dc={}\nrack=rack1\n", seat.data_center);
        for (name, text) in
            [("cassandra.yaml", yaml.as_str()), ("rackdc.properties", &rack), ("logback.xml", LOGBACK)]
        {
            let path = folder.join(name);
            fs::write(&path, text).at("Writing", &path)?;
        }
        Ok(Self {
            address: block.cql(seat.index),
            seat,
            folder,
            process: None,
            stoppable: options.stoppable,
            members: seeds.join(","),
        })
    }

    /// Whether the process was started and has not ended.
    pub(crate) fn is_running(&mut self) -> bool {
        self.process.as_mut().is_some_and(|process| matches!(process.try_wait(), Ok(None)))
    }

    /// Starts the process; [`Node::wait_until_open`] tells when it serves. `nodes` is the size of the whole cluster.
    pub(crate) fn spawn(
        &mut self,
        java: &Installation,
        run: &Path,
        nodes: usize,
        archive: Archive,
    ) -> Result<()> {
        let ring_delay = if nodes == 1 { 100 } else { 2000 };
        let mut extra = vec![
            format!("-Dcassandra.ring_delay_ms={ring_delay}"),
            // A copy of the roles on every node: losing some never locks anyone out.
            format!("-Dcassandra.system_auth.default_rf={nodes}"),
        ];
        if !self.stoppable {
            extra.push("-Dcassandra.unsafesystem=true".to_owned());
            // Every node hears of every change from the one that makes it. Without this a node asks for the whole schema again,
            // a minute later, for each version that it heard of by gossip first: a minute of tests' DDL is then as long a standstill.
            extra.push(format!("-Dcassandra.skip_schema_check_for_endpoints={}", self.members));
        }
        extra.extend(match archive {
            Archive::Use => {
                ["-Xshare:auto".to_owned(), format!("-XX:SharedArchiveFile={}", java.archive().display())]
                    .to_vec()
            }
            Archive::Make(ref path) => [format!("-XX:ArchiveClassesAtExit={}", path.display())].to_vec(),
        });
        let output = self.folder.join("output.log");
        let log = File::create(&output).at("Creating", &output)?;
        let errors = log.try_clone().at("Opening", &output)?;
        let mut command = java.command(run, &self.folder, &extra);
        command.stdout(Stdio::from(log)).stderr(Stdio::from(errors));
        let mut command = tokio::process::Command::from(command);
        // Out of the terminal's process group: an interrupt there is the sandbox's to handle.
        command.process_group(0).kill_on_drop(true);
        self.process = Some(command.spawn().during("Starting Java")?);
        Ok(())
    }

    /// Waits until the CQL port accepts connections.
    pub(crate) async fn wait_until_open(&mut self) -> Result<()> {
        let limit = Instant::now() + START_LIMIT;
        loop {
            if TcpStream::connect(self.address).await.is_ok() {
                return Ok(());
            }
            if !self.is_running() {
                return Err(self.failure("it ended."));
            }
            if Instant::now() > limit {
                return Err(self.failure("it did not open its CQL port in time."));
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Kills the process, as a crash would, and waits until it is gone.
    pub(crate) async fn kill(&mut self) -> Result<()> {
        match self.process.take() {
            Some(mut process) => process.kill().await.during("Stopping a node"),
            None => Ok(()),
        }
    }

    /// Asks the process to end and waits for it: only so does Java write an archive of classes.
    pub(crate) async fn terminate(&mut self) -> Result<()> {
        let Some(mut process) = self.process.take() else { return Ok(()) };
        if let Some(id) = process.id() {
            let mut kill = tokio::process::Command::new("kill");
            kill.args(["-TERM", &id.to_string()]).status().await.during("Running kill")?;
        }
        process.wait().await.during("Waiting for a node")?;
        Ok(())
    }

    fn failure(&self, reason: &'static str) -> Error {
        let read = |name: &str| fs::read_to_string(self.folder.join(name)).unwrap_or_default();
        let log = format!("{} | {}", last_lines(&read("output.log"), 3), last_lines(&read("system.log"), 3));
        Error::Node { node: self.seat.index, reason, log }
    }
}

/// What a start does with the archive of loaded classes.
#[derive(Debug, Clone)]
pub(crate) enum Archive {
    /// Starts with it, if it fits.
    Use,
    /// Writes one to this path when the process ends.
    Make(PathBuf),
}
