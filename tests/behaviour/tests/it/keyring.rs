//! A real GNOME keyring on a session bus of its own, for kernels of one user.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, Command};

/// The keyring, unlocked. It ends when dropped.
pub(crate) struct Keyring {
    /// The bus, as `DBUS_SESSION_BUS_ADDRESS` has it.
    pub(crate) address: String,
    daemons: Vec<Child>,
}

impl Keyring {
    /// Starts one whose collections lie in `home`.
    pub(crate) async fn start(home: &Path) -> Self {
        let runtime = home.join("run");
        std::fs::create_dir_all(&runtime).unwrap();
        std::fs::set_permissions(&runtime, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
        let of_user = |program: &str| {
            let mut command = Command::new(program);
            command.env_clear().env("PATH", std::env::var_os("PATH").unwrap()).env("HOME", home);
            command.env("XDG_RUNTIME_DIR", &runtime).kill_on_drop(true).stdout(Stdio::piped());
            command
        };
        let needed = "Debian's packages dbus-daemon and gnome-keyring are needed";
        let mut bus =
            of_user("dbus-daemon").args(["--session", "--nofork", "--print-address"]).spawn().expect(needed);
        let mut address = String::new();
        BufReader::new(bus.stdout.take().unwrap()).read_line(&mut address).await.unwrap();
        let address = address.trim().to_owned();
        let mut daemon = of_user("gnome-keyring-daemon")
            .args(["--foreground", "--unlock", "--components=secrets"])
            .env("DBUS_SESSION_BUS_ADDRESS", &address)
            .stdin(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect(needed);
        daemon.stdin.take().unwrap().write_all(b"login password\n").await.unwrap();
        let keyring = Self { address, daemons: vec![bus, daemon] };
        keyring.wait_until_open(home).await;
        keyring
    }

    async fn wait_until_open(&self, home: &Path) {
        let started = Instant::now();
        while started.elapsed() < Duration::from_secs(60) {
            if home.join(".local/share/keyrings/login.keyring").exists() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the keyring of {} processes did not open in a minute", self.daemons.len());
    }
}
