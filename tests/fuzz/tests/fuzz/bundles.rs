//! Secure Connect Bundles: archives that are spoilt, and whole ones of spoilt members; and what the metadata service answers.

use std::io::{Cursor, Write};
use std::path::Path;
use std::time::SystemTime;

use cqlbook_cluster::bundle::Bundle;
use cqlbook_fuzz::{Campaign, Random};
use zip::write::SimpleFileOptions;

const CONFIG: &str = r#"{"host":"127.0.0.1","port":1,"cql_port":2,"keyspace":"shop","localDC":"dc1",
"caCertLocation":"./ca.crt","keyLocation":"./key","certLocation":"./cert"}"#;
const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----\nMIIBszCCAVmgAwIBAgIUQ==\n-----END CERTIFICATE-----\n";
const KEY: &str = "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49AgEG\n-----END PRIVATE KEY-----\n";

fn bundle(random: &mut Random) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let names = ["config.json", "ca.crt", "cert", "key", "../up", "/absolute", "a/b/c", "config.json.bak"];
    for name in names.into_iter().take(4 + random.below(5)) {
        let mut member = match name {
            "config.json" => CONFIG.as_bytes().to_vec(),
            "key" => KEY.as_bytes().to_vec(),
            _ => CERTIFICATE.as_bytes().to_vec(),
        };
        if random.once_in(3) {
            random.spoil(&mut member);
        }
        if random.once_in(30) {
            member = vec![b'0'; random.below(8 << 20)];
        }
        writer.start_file(name, SimpleFileOptions::default()).unwrap();
        writer.write_all(&member).unwrap();
    }
    let mut archive = writer.finish().unwrap().into_inner();
    if random.once_in(2) {
        random.spoil(&mut archive);
    }
    archive
}

#[test]
fn secure_connect_bundles() {
    Campaign::new("bundle", 4, "bundle").run(bundle, |bytes| {
        if let Err(error) = Bundle::from_bytes(bytes, Path::new("b.zip"), SystemTime::UNIX_EPOCH) {
            assert!(error.to_string().len() < 4_000, "{} bytes of error", error.to_string().len());
        }
    });
}

const METADATA: &str = r#"{"version":1,"region":"r","contact_info":{"type":"sni_proxy","local_dc":"dc1",
"contact_points":["a8a0b9ae-6b7e-4b6c-8a9e-0d2e6a2b8a11"],"sni_proxy_address":"127.0.0.1:29042"}}"#;

#[test]
fn answers_of_the_metadata_service() {
    let body = |random: &mut Random| {
        let nested = [r#"{"contact_info":"#, "[", r#"{"a":"#].map(|open| open.repeat(random.below(20_000)));
        let pieces = [
            r#""contact_points":"#,
            "\"\\u0000\"",
            "1e999",
            "[::1]:",
            ":65536",
            "\u{1b}[2J",
            "<b>",
            "null",
            ",",
        ];
        let mut body = match random.below(4) {
            0 => random.pick(&nested).cloned().unwrap_or_default().into_bytes(),
            1 => METADATA.replace("127.0.0.1:29042", &random.text(&pieces, 6).replace('"', "")).into_bytes(),
            2 => METADATA.replace("\"dc1\"", &random.text(&pieces, 6)).into_bytes(),
            _ => METADATA.as_bytes().to_vec(),
        };
        random.spoil(&mut body);
        body
    };
    Campaign::new("metadata", 1, "metadata").run(body, |bytes| {
        if let Err(error) = cqlbook_cluster::testing::metadata(bytes) {
            assert!(error.len() < 4_000, "{} bytes of error", error.len());
        }
    });
}
