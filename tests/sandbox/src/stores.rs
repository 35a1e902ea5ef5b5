//! The client's key, and the bundle's members for Java and Windows. Uses `openssl` and Java's `keytool` where they are
//! there; without them the key is an elliptic one and the other members are stand-ins that no cqlbook client reads.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Stdio;

use rcgen::KeyPair;
use tokio::sync::OnceCell;

use crate::bundle::Stores;
use crate::certs::Certificates;
use crate::error::{Context, Error, Result};
use crate::java::find_program;
use crate::words;

/// The client's private key in two PEM formats.
#[derive(Debug)]
pub(crate) struct ClientKey {
    /// PKCS#8, for making the certificate.
    pub(crate) pkcs8: String,
    /// As the bundle has it: PKCS#1 (`RSA PRIVATE KEY`) like Astra's, or PKCS#8 if there is no `openssl`.
    pub(crate) traditional: String,
}

/// A key of 2048 bits like those of Astra's bundles: one for all fronts of this process, because it takes a while to find.
pub(crate) async fn client_key(folder: &Path) -> Result<&'static ClientKey> {
    static KEY: OnceCell<ClientKey> = OnceCell::const_new();
    KEY.get_or_try_init(|| make_client_key(folder)).await
}

async fn make_client_key(folder: &Path) -> Result<ClientKey> {
    if find_program("openssl").is_none() {
        let key =
            KeyPair::generate().map_err(|error| Error::Certificates(error.to_string()))?.serialize_pem();
        return Ok(ClientKey { pkcs8: key.clone(), traditional: key });
    }
    run(
        folder,
        "openssl",
        ["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", "key.pkcs8"],
    )
    .await?;
    run(folder, "openssl", ["rsa", "-traditional", "-in", "key.pkcs8", "-out", "key"]).await?;
    let read = |name: &str| {
        let path = folder.join(name);
        let text = std::fs::read_to_string(&path).at("Reading", &path)?;
        std::fs::remove_file(&path).at("Removing", &path)?;
        Ok(text)
    };
    Ok(ClientKey { pkcs8: read("key.pkcs8")?, traditional: read("key")? })
}

/// Makes the stores, real ones if asked for.
pub(crate) async fn make(
    folder: &Path,
    certificates: &Certificates,
    key: &ClientKey,
    real: bool,
) -> Result<Stores> {
    let password = words::password();
    if !real {
        // Bytes that begin as the real formats do, and do not compress, so that the bundle has a real one's size.
        let filler = |magic: &[u8], length: usize| {
            let noise = std::iter::repeat_with(words::random_bytes).flatten();
            magic.iter().copied().chain(noise).take(length).collect()
        };
        let jks = [0xFE, 0xED, 0xFE, 0xED, 0, 0, 0, 2];
        return Ok(Stores {
            password,
            pfx: filler(&[0x30, 0x82], 2500),
            identity: filler(&jks, 2300),
            trust: filler(&jks, 900),
        });
    }
    for program in ["openssl", "keytool"] {
        if find_program(program).is_none() {
            return Err(Error::Missing {
                program,
                remedy: "It makes the bundle's stores for Java: install it or leave them out.",
            });
        }
    }
    let inputs = [("ca.crt", &certificates.ca_pem), ("cert", &certificates.client_pem), ("key", &key.pkcs8)];
    for (name, text) in inputs {
        let path = folder.join(name);
        std::fs::write(&path, text).at("Writing", &path)?;
        crate::place::protect(&path)?;
    }
    let pass = format!("pass:{password}");
    run(
        folder,
        "openssl",
        [
            "pkcs12", "-export", "-in", "cert", "-inkey", "key", "-name", "client", "-out", "cert.pfx",
            "-passout", &pass,
        ],
    )
    .await?;
    let identity = [
        "-importkeystore",
        "-noprompt",
        "-srckeystore",
        "cert.pfx",
        "-srcstoretype",
        "PKCS12",
        "-destkeystore",
        "identity.jks",
        "-deststoretype",
        "JKS",
        "-srcstorepass",
        &password,
        "-deststorepass",
        &password,
    ];
    let trust = [
        "-importcert",
        "-noprompt",
        "-alias",
        "ca",
        "-file",
        "ca.crt",
        "-keystore",
        "trustStore.jks",
        "-storetype",
        "JKS",
        "-storepass",
        &password,
    ];
    tokio::try_join!(run(folder, "keytool", identity), run(folder, "keytool", trust))?;
    let take = |name: &str| {
        let path = folder.join(name);
        let bytes = std::fs::read(&path).at("Reading", &path)?;
        std::fs::remove_file(&path).at("Removing", &path)?;
        Ok(bytes)
    };
    let stores = Stores {
        pfx: take("cert.pfx")?,
        identity: take("identity.jks")?,
        trust: take("trustStore.jks")?,
        password,
    };
    for (name, _) in inputs {
        take(name)?;
    }
    Ok(stores)
}

async fn run(
    folder: &Path,
    program: &str,
    arguments: impl IntoIterator<Item = impl AsRef<OsStr>>,
) -> Result<()> {
    let output = tokio::process::Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .await
        .during("Running openssl or keytool")?;
    if output.status.success() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(Error::Certificates(format!("{program}: {text}")))
}
