//! Cassandra's jars, a Java that can run them and the archive of loaded classes that speeds starts up: found or made
//! once and kept in the work folder. It starts no node that serves anybody.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::error::{Context, Error, Result};
use crate::place;

const POM: &str = include_str!("../cassandra/pom.xml");
const JVM_OPTIONS: &str = include_str!("../cassandra/jvm.options");
const JAVA_NEEDED: &str =
    "Cassandra 5.0 runs on Java 17: install it (Debian: openjdk-17-jre-headless) or set JAVA_HOME.";

/// All that starting a Cassandra process needs but the node's own settings.
#[derive(Debug, Clone)]
pub(crate) struct Installation {
    java: PathBuf,
    setpriv: Option<PathBuf>,
    class_path: String,
    archive: PathBuf,
}

impl Installation {
    /// Finds Java and brings the jars, if they are not there yet. Blocks; callers in other processes wait for the first.
    pub(crate) fn prepare(progress: &dyn Fn(&str)) -> Result<Self> {
        let (java, java_version) = find_java()?;
        let folder = place::make_work_folder()?.join(format!("cassandra-{}", version()));
        fs::create_dir_all(&folder).at("Creating", &folder)?;
        let lock_path = folder.join("lock");
        let lock = File::create(&lock_path).at("Creating", &lock_path)?;
        lock.lock().at("Locking", &lock_path)?;
        let jars = folder.join("jars");
        if !jars.is_dir() {
            progress("Fetching Cassandra's jars with Maven.");
            fetch_jars(&folder, &jars)?;
        }
        Ok(Self {
            java,
            setpriv: find_program("setpriv").filter(|_| may_drop_capabilities()),
            class_path: class_path(&jars)?,
            archive: folder.join(format!("classes-{java_version}.jsa")),
        })
    }

    /// Where the archive of loaded classes is, or will be.
    pub(crate) fn archive(&self) -> &Path {
        &self.archive
    }

    /// The command that runs a node whose configuration is in `conf`, with everything it writes below `folder`.
    /// `extra` are further arguments of Java; `run` is the run folder whose janitor looks after the process.
    pub(crate) fn command(&self, run: &Path, folder: &Path, extra: &[String]) -> Command {
        let mut command = match &self.setpriv {
            // As root, JNA would lock the whole heap in memory.
            Some(setpriv) => {
                let mut command = Command::new(setpriv);
                command
                    .args(["--bounding-set", "-ipc_lock", "--inh-caps", "-ipc_lock", "--"])
                    .arg(&self.java);
                command
            }
            None => Command::new(&self.java),
        };
        command
            .arg(place::mark(run))
            .args(JVM_OPTIONS.lines().filter(|line| !line.is_empty() && !line.starts_with('#')))
            .args(extra)
            .arg(format!("-Dcassandra.storagedir={}", folder.display()))
            .arg(format!("-Dcassandra.config=file://{}", folder.join("cassandra.yaml").display()))
            .arg(format!(
                "-Dcassandra-rackdc.properties=file://{}",
                folder.join("rackdc.properties").display()
            ))
            .arg(format!("-Dlogback.configurationFile=file://{}", folder.join("logback.xml").display()))
            .args(["-cp", &self.class_path, "org.apache.cassandra.service.CassandraDaemon"])
            .current_dir(folder)
            .stdin(Stdio::null());
        command
    }
}

/// Cassandra's version, as the pom has it.
fn version() -> &'static str {
    POM.split_once("<cassandra.version>")
        .and_then(|(_, rest)| rest.split_once('<'))
        .map_or("unknown", |(version, _)| version)
}

/// Copies the jars into a folder beside and moves it into place, so that `jars` is whole whenever it is there.
fn fetch_jars(folder: &Path, jars: &Path) -> Result<()> {
    let maven = find_program("mvn").ok_or(Error::Missing {
        program: "Maven (mvn)",
        remedy: "Install it (Debian: apt install maven).",
    })?;
    remove_leftovers(folder)?;
    let fresh =
        tempfile::Builder::new().prefix("jars-").tempdir_in(folder).at("Creating a folder in", folder)?;
    let pom = fresh.path().join("pom.xml");
    fs::write(&pom, POM).at("Writing", &pom)?;
    let output = Command::new(maven)
        .args(["--quiet", "--batch-mode", "--file"])
        .arg(&pom)
        .args(["dependency:copy-dependencies", "-DincludeScope=runtime", "-DoutputDirectory=jars"])
        .stdin(Stdio::null())
        .output()
        .during("Running Maven")?;
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stdout);
        return Err(Error::Maven { output: last_lines(&text, 5) });
    }
    fs::rename(fresh.path().join("jars"), jars).at("Moving the jars to", jars)
}

/// Removes what a start that was broken off has left, and archives of classes from other jars.
fn remove_leftovers(folder: &Path) -> Result<()> {
    for entry in fs::read_dir(folder).at("Listing", folder)?.flatten() {
        let (name, path) = (entry.file_name(), entry.path());
        let name = name.to_string_lossy();
        if name.starts_with("jars-") {
            fs::remove_dir_all(&path).at("Removing", &path)?;
        } else if name.ends_with(".jsa") {
            fs::remove_file(&path).at("Removing", &path)?;
        }
    }
    Ok(())
}

/// The jars in a fixed order: the archive of classes is only good for the very same class path.
fn class_path(jars: &Path) -> Result<String> {
    let mut names: Vec<PathBuf> = fs::read_dir(jars)
        .at("Listing", jars)?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .collect();
    names.sort();
    Ok(names.iter().map(|path| path.to_string_lossy()).collect::<Vec<_>>().join(":"))
}

/// The first Java 17 among `JAVA_HOME`, the path and the usual places, with its full version.
fn find_java() -> Result<(PathBuf, String)> {
    let home = std::env::var_os("JAVA_HOME").map(|home| Path::new(&home).join("bin/java"));
    let installed = fs::read_dir("/usr/lib/jvm")
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path().join("bin/java"));
    home.into_iter()
        .chain(find_program("java"))
        .chain(installed)
        .find_map(|java| {
            java_version(&java).filter(|version| version.starts_with("17")).map(|version| (java, version))
        })
        .ok_or(Error::Missing { program: "Java 17", remedy: JAVA_NEEDED })
}

/// What `java -version` calls itself: the quoted part of `openjdk version "17.0.15" 2025-04-15`.
fn java_version(java: &Path) -> Option<String> {
    let output = Command::new(java).arg("-version").stdin(Stdio::null()).output().ok()?;
    let text = String::from_utf8_lossy(&output.stderr);
    text.split('"').nth(1).map(str::to_owned)
}

/// Whether this process may take capabilities from its children: CAP_SETPCAP (bit 8) is among its effective ones.
fn may_drop_capabilities() -> bool {
    fs::read_to_string("/proc/self/status")
        .ok()
        .and_then(|status| {
            status.lines().find_map(|line| line.strip_prefix("CapEff:").map(|hex| hex.trim().to_owned()))
        })
        .and_then(|hex| u64::from_str_radix(&hex, 16).ok())
        .is_some_and(|capabilities| capabilities & (1 << 8) != 0)
}

/// The program of that name on the path.
pub(crate) fn find_program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file())
}

/// The last `count` lines that say something, in one line.
pub(crate) fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    lines[lines.len().saturating_sub(count)..].join(" | ")
}
