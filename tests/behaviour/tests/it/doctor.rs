//! `cqlbook doctor`, the real program in homes of its own: what it finds, what it advises, how it ends.

use std::path::{Path, PathBuf};

use cqlbook_sandbox::Switch;
use serde_json::Value;
use tempfile::TempDir;
use tokio::process::Command;

use crate::notebook::{database, program};

/// A home with nothing in it, and no Jupyter on PATH.
struct Home {
    folder: TempDir,
}

/// How the doctor ended.
struct Seen {
    code: Option<i32>,
    text: String,
}

impl Home {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn prefix(&self) -> PathBuf {
        self.folder.path().join("prefix")
    }

    fn kernel_json(&self, prefix: &Path) -> PathBuf {
        prefix.join("share/jupyter/kernels/cql/kernel.json")
    }

    fn command(&self) -> Command {
        let mut command = Command::new(program());
        command
            .env_clear()
            .env("HOME", self.folder.path())
            .env("PATH", self.folder.path().join("no-programs"));
        command.env("JUPYTER_PATH", self.prefix().join("share/jupyter"));
        command
    }

    /// Installs the kernel under a prefix, by the program itself.
    async fn install(&self, prefix: &Path) {
        let done = self.command().args(["install", "--prefix"]).arg(prefix).output().await.unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }

    async fn doctor(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Seen {
        let mut command = self.command();
        command.arg("doctor").args(arguments).envs(environment.iter().copied());
        let output = command.output().await.unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stderr), "");
        Seen { code: output.status.code(), text: String::from_utf8(output.stdout).unwrap() }
    }
}

impl Seen {
    /// The one line that has these words, and the line after it.
    fn line(&self, words: &[&str]) -> (&str, &str) {
        let lines: Vec<_> = self.text.lines().collect();
        let is_it = |line: &&str| words.iter().all(|word| line.contains(word));
        let found: Vec<_> = (0..lines.len()).filter(|index| is_it(&lines[*index])).collect();
        assert_eq!(found.len(), 1, "{words:?} in\n{}", self.text);
        (lines[found[0]], lines.get(found[0] + 1).copied().unwrap_or_default())
    }
}

#[tokio::test]
async fn where_nothing_is_installed_it_says_what_to_run_and_leaves_nothing() {
    let home = Home::new();
    let seen = home.doctor(&[], &[]).await;
    assert_eq!(seen.code, Some(1), "{}", seen.text);
    let (_, advice) = seen.line(&["✗ wrong", "Kernelspec", "Jupyter knows no kernel `cql`."]);
    assert!(advice.contains("→ Run `cqlbook install --user`"), "{advice}");
    seen.line(&["✓ ok", "Program", "cqlbook 0."]);
    seen.line(&["✓ ok", "Loopback", "127.0.0.1"]);
    let (_, advice) = seen.line(&["! warning", "Keychain", "There is no D-Bus session"]);
    assert!(advice.contains("CQLBOOK_VAULT_PASSPHRASE"), "{advice}");
    assert!(seen.text.ends_with("1 thing is wrong, 2 things could be better.\n"), "{}", seen.text);
    assert_eq!(std::fs::read_dir(home.folder.path()).unwrap().count(), 0, "nothing is left in the home");
}

#[tokio::test]
async fn after_install_all_is_well() {
    let home = Home::new();
    home.install(&home.prefix()).await;
    let seen = home.doctor(&[], &[]).await;
    assert_eq!(seen.code, Some(0), "warnings are no failure: {}", seen.text);
    let (line, _) = seen.line(&["✓ ok", "Kernelspec", "Jupyter starts this version"]);
    assert!(line.contains(home.prefix().to_str().unwrap()), "{line}");
}

#[tokio::test]
async fn a_kernelspec_whose_program_is_gone_is_wrong() {
    let home = Home::new();
    home.install(&home.prefix()).await;
    let path = home.kernel_json(&home.prefix());
    let mut spec: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    spec["argv"][0] = "/nowhere/cqlbook".into();
    std::fs::write(&path, spec.to_string()).unwrap();
    let seen = home.doctor(&[], &[]).await;
    assert_eq!(seen.code, Some(1), "{}", seen.text);
    seen.line(&["✗ wrong", "Kernelspec", "starts /nowhere/cqlbook, which is not there."]);

    spec["argv"][0] = "/bin/echo".into();
    std::fs::write(&path, spec.to_string()).unwrap();
    let seen = home.doctor(&[], &[]).await;
    seen.line(&["✗ wrong", "Kernelspec", "starts /bin/echo, which is not cqlbook."]);

    std::fs::write(&path, "{").unwrap();
    let seen = home.doctor(&[], &[]).await;
    seen.line(&["✗ wrong", "Kernelspec", "its kernel.json is not JSON"]);
}

#[tokio::test]
async fn of_two_kernelspecs_it_says_which_one_wins() {
    let home = Home::new();
    home.install(&home.prefix()).await;
    home.install(&home.folder.path().join(".local")).await;
    let seen = home.doctor(&[], &[]).await;
    assert_eq!(seen.code, Some(0), "{}", seen.text);
    let (line, _) = seen.line(&["✓ ok", "Kernelspec"]);
    assert!(line.contains("/prefix/share"), "JUPYTER_PATH comes first: {line}");
    let (line, _) = seen.line(&["– note", "Kernelspec", "is not used"]);
    assert!(line.contains("/.local/share/jupyter/kernels/cql is not used"), "{line}");
}

#[tokio::test]
async fn a_bundle_is_followed_as_far_as_that_goes_without_a_secret() {
    let astra = database().await;
    let home = Home::new();
    home.install(&home.prefix()).await;
    let secret =
        [("ASTRA_DB_CLIENT_SECRET", "s3cr3tv4lue"), ("HTTPS_PROXY", "http://ada:pr0xypass@proxy:3128")];
    let bundle = astra.bundle().to_str().unwrap();
    let seen = home.doctor(&["--bundle", bundle], &secret).await;
    assert_eq!(seen.code, Some(0), "{}", seen.text);
    seen.line(&["✓ ok", "Bundle", "is whole", "valid until"]);
    seen.line(&["✓ ok", "Metadata", "named 3 nodes over verified TLS"]);
    seen.line(&["✓ ok", "Nodes", "the server proved who it is"]);
    seen.line(&["– note", "HTTPS_PROXY is set, and not used"]);
    seen.line(&["– note", "ASTRA_DB_CLIENT_SECRET is set"]);
    for value in ["s3cr3tv4lue", "pr0xypass"] {
        assert!(!seen.text.contains(value), "values of variables are not shown: {}", seen.text);
    }
    let logins: u64 = astra.facts().await.unwrap().nodes.values().map(|node| node.connections).sum();
    assert!(logins <= 1, "one TLS connection to one node, no more: {logins}");

    astra.switch(Switch::Paused { seconds: None }).await.unwrap();
    let seen = home.doctor(&[], &[("ASTRA_DB_SECURE_BUNDLE_PATH", bundle)]).await;
    assert_eq!(seen.code, Some(1), "{}", seen.text);
    let (_, advice) = seen.line(&["✗ wrong", "Metadata", "DATABASE_PAUSED"]);
    assert!(advice.contains("Resume it in the Astra console"), "{advice}");
    astra.reset().await.unwrap();
}

#[tokio::test]
async fn a_bundle_that_is_none_is_told_by_its_code() {
    let home = Home::new();
    home.install(&home.prefix()).await;
    let seen = home.doctor(&["--bundle", "/nowhere/secure-connect.zip"], &[]).await;
    assert_eq!(seen.code, Some(1), "{}", seen.text);
    seen.line(&["✗ wrong", "Bundle", "BUNDLE_NOT_FOUND"]);
}

#[tokio::test]
async fn a_real_jupyter_is_asked_for_its_versions_and_folders() {
    let given = std::env::var_os("CQLBOOK_DRIVERS_PYTHON").map(PathBuf::from);
    let python = given.unwrap_or_else(|| cqlbook_sandbox::work_folder().join("venv/bin/python"));
    let jupyter = python.with_file_name("jupyter");
    assert!(jupyter.is_file(), "no Jupyter beside {}: `cargo xtask test` installs one", python.display());
    let home = Home::new();
    home.install(&home.prefix()).await;
    let environment = python.ancestors().nth(2).unwrap();
    let seen = home.doctor(&[], &[("VIRTUAL_ENV", environment.to_str().unwrap())]).await;
    assert_eq!(seen.code, Some(0), "{}", seen.text);
    seen.line(&["✓ ok", "Jupyter", "bin/jupyter has JupyterLab 4."]);
    seen.line(&["✓ ok", "Jupyter", "jupyter_client is 8."]);
    let (line, _) = seen.line(&["✓ ok", "Kernelspec"]);
    assert!(line.contains("/prefix/share"), "it names JUPYTER_PATH's folder first: {line}");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn an_open_keychain_is_tried_and_left_as_it_was() {
    let home = Home::new();
    let runtime = home.folder.path().join("runtime");
    std::fs::create_dir(&runtime).unwrap();
    std::fs::set_permissions(&runtime, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    let mut session = Command::new("dbus-run-session");
    session.args(["--", "sh", "-c"]).arg(
        "printf 'pw\\n' | gnome-keyring-daemon --unlock --components=secrets --daemonize >/dev/null; exec \"$0\" doctor",
    );
    session.arg(program()).env_clear().env("PATH", std::env::var_os("PATH").unwrap());
    session.env("HOME", home.folder.path()).env("XDG_RUNTIME_DIR", &runtime);
    let output = session.output().await.expect("dbus-run-session (Debian: dbus-daemon and gnome-keyring)");
    let seen = Seen { code: output.status.code(), text: String::from_utf8(output.stdout).unwrap() };
    seen.line(&["✓ ok", "Keychain", "It is open and keeps secrets."]);
}

#[tokio::test]
async fn files_of_secrets_and_connections_are_looked_at_each_with_its_way_out() {
    let home = Home::new();
    let (config, data) =
        (home.folder.path().join(".config/cqlbook"), home.folder.path().join(".local/share/cqlbook"));
    for folder in [&config, &data] {
        std::fs::create_dir_all(folder).unwrap();
    }
    std::fs::write(config.join("connections.toml"), "[[connection]]\nname = \"Old\"\nkind = \"astra\"\n")
        .unwrap();
    for file in ["keys.toml", "vault.toml"] {
        std::fs::write(data.join(file), "not TOML [").unwrap();
    }
    let seen = home.doctor(&[], &[("CQLBOOK_VAULT_PASSPHRASE", "correct horse")]).await;
    seen.line(&["! warning", "Connections", "`Old` cannot be used: `bundle` is missing"]);
    for file in ["keys.toml", "vault.toml"] {
        let path = data.join(file).display().to_string();
        let (_, advice) = seen.line(&["✗ wrong", "Secrets", &path, "cannot be understood"]);
        assert!(advice.contains(&format!("move {path} aside")), "{advice}");
    }
    let (_, next) = seen.line(&["– note", "Keychain", "CQLBOOK_VAULT_PASSPHRASE is set"]);
    assert!(!next.contains("Set CQLBOOK_VAULT_PASSPHRASE"), "it is set: {}", seen.text);
    std::fs::write(config.join("connections.toml"), "[[connection]\n").unwrap();
    let seen = home.doctor(&[], &[]).await;
    let (_, advice) = seen.line(&["✗ wrong", "Connections", "line 1"]);
    assert!(advice.contains("aside"), "{advice}");
}

#[tokio::test]
async fn programs_get_json() {
    let home = Home::new();
    let seen = home.doctor(&["--json"], &[]).await;
    let told: Value = serde_json::from_str(&seen.text).unwrap();
    assert_eq!(told["well"], false);
    let specs: Vec<_> =
        told["findings"].as_array().unwrap().iter().filter(|row| row["about"] == "Kernelspec").collect();
    assert_eq!((specs.len(), &specs[0]["state"]), (1, &Value::from("wrong")));
}
