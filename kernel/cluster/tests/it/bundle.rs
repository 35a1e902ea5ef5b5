//! Bundles, good and bad: each way to be bad has its own error, and no file makes the reader fall over.

use std::path::Path;
use std::time::SystemTime;

use cqlbook_cluster::bundle::{Bundle, BundleError, MAX_ENTRIES, MAX_INFLATED_BYTES};
use proptest::prelude::*;

use crate::support::{Authority, Parts, Valid, zip};

fn parts() -> Parts {
    let authority = Authority::new("a");
    let client = authority.sign(&["client"], Valid::Now);
    Parts::new(&authority, &client, "db.example.org", 29080)
}

fn read(bytes: &[u8]) -> Result<Bundle, BundleError> {
    Bundle::from_bytes(bytes, Path::new("b.zip"), SystemTime::now())
}

#[test]
fn a_whole_bundle_is_read_and_shows_no_secret() {
    let bundle = read(&parts().zip()).unwrap();
    assert_eq!((bundle.host.as_str(), bundle.port, bundle.cql_port), ("db.example.org", 29080, Some(29042)));
    assert_eq!((bundle.keyspace.as_deref(), bundle.local_dc.as_deref()), (Some("shop"), Some("dc1")));
    insta::assert_snapshot!(
        format!("{bundle:?}"),
        @r#"Bundle { host: "db.example.org", port: 29080, keyspace: Some("shop"), local_dc: Some("dc1"), .. }"#
    );
}

#[test]
fn several_authorities_and_other_forms_of_key_are_read() {
    let mut parts = parts();
    parts.ca = format!("{}{}", parts.ca, Authority::new("b").pem);
    read(&parts.zip()).unwrap();

    for form in ["rsa.pkcs1", "rsa.pkcs8", "ec.sec1"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/keys");
        let file = |ending: &str| std::fs::read_to_string(folder.join(format!("{form}.{ending}"))).unwrap();
        parts.cert = file("crt");
        parts.key = file("key");
        read(&parts.zip()).unwrap_or_else(|error| panic!("{form}: {error}"));
    }
}

#[test]
fn ports_may_be_texts_and_optional_fields_may_lack() {
    let mut parts = parts();
    parts.config = r#"{"host": "10.1.2.3", "port": "29080"}"#.to_owned();
    let bundle = read(&parts.zip()).unwrap();
    assert_eq!((bundle.port, bundle.cql_port, bundle.keyspace, bundle.local_dc), (29080, None, None, None));
}

#[test]
fn each_member_that_lacks_or_does_not_parse_is_named() {
    let whole = parts();
    let spoilt = |spoil: fn(&mut Parts)| {
        let mut parts = parts();
        spoil(&mut parts);
        read(&parts.zip())
    };
    let without = |name: &str| {
        let members: Vec<_> = whole.members().into_iter().filter(|(member, _)| *member != name).collect();
        read(&zip(&members))
    };
    let nested: Vec<_> =
        whole.members().into_iter().map(|(name, content)| (format!("shop/{name}"), content)).collect();
    let nested: Vec<_> = nested.iter().map(|(name, content)| (name.as_str(), *content)).collect();
    let cases = [
        without("config.json"),
        without("ca.crt"),
        without("cert"),
        without("key"),
        read(&zip(&nested)),
        spoilt(|parts| parts.config = "{".to_owned()),
        spoilt(|parts| parts.config = r#"{"port": 1}"#.to_owned()),
        spoilt(|parts| parts.config = r#"{"host": "a b", "port": 1}"#.to_owned()),
        spoilt(|parts| parts.config = r#"{"host": "h", "port": 70000}"#.to_owned()),
        spoilt(|parts| parts.ca = "nothing".to_owned()),
        spoilt(|parts| {
            parts.cert = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".to_owned()
        }),
        spoilt(|parts| parts.key = parts.cert.clone()),
        spoilt(|parts| parts.key = rcgen::KeyPair::generate().unwrap().serialize_pem()),
    ];
    let told: Vec<_> = cases.into_iter().map(|case| case.unwrap_err().to_string()).collect();
    insta::assert_snapshot!(told.join("\n"), @r"
    config.json of the bundle: it is missing
    ca.crt of the bundle: it is missing
    cert of the bundle: it is missing
    key of the bundle: it is missing
    config.json of the bundle: it lies in a folder of the archive, which was packed anew
    config.json of the bundle: it is not JSON
    config.json of the bundle: it names no host
    config.json of the bundle: its host is not a host's name
    config.json of the bundle: it names no port
    ca.crt of the bundle: it holds no certificate
    cert of the bundle: it does not hold an X.509 certificate
    key of the bundle: it holds no unencrypted private key in PEM form
    key of the bundle: it does not belong to the certificate
    ");
}

#[test]
fn what_is_no_whole_zip_is_told_from_what_is() {
    let whole = parts().zip();
    let not_zip = |bytes: &[u8]| match read(bytes).unwrap_err() {
        BundleError::NotZip { size, looks_like_html, .. } => (size, looks_like_html),
        other => panic!("{other:?}"),
    };
    assert_eq!(not_zip(b""), (0, false));
    assert_eq!(not_zip(b"not a zip"), (9, false));
    assert_eq!(not_zip(b"\n <!DOCTYPE html><html>"), (23, true));
    assert_eq!(not_zip(b"<?xml version='1.0'?><Error><Code>AccessDenied</Code>"), (53, true));
    let half = &whole[..whole.len() / 2];
    assert_eq!(not_zip(half), (half.len() as u64, false));
}

#[test]
fn an_archive_that_is_no_bundle_is_refused() {
    let refusal = |bytes: &[u8]| match read(bytes).unwrap_err() {
        BundleError::Unsafe { reason } => reason,
        other => panic!("{other:?}"),
    };
    let with = |name: &str, content: &[u8]| {
        let parts = parts();
        let mut members = parts.members();
        members.push((name, content));
        zip(&members)
    };
    let many: Vec<_> = (0..=MAX_ENTRIES).map(|number| number.to_string()).collect();
    let many: Vec<_> = many.iter().map(|name| (name.as_str(), b"".as_slice())).collect();
    let bomb = vec![0; usize::try_from(MAX_INFLATED_BYTES).unwrap() + 1];
    let mut linked = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    linked.add_symlink("ca.crt", "/etc/passwd", zip::write::SimpleFileOptions::default()).unwrap();
    let linked = linked.finish().unwrap().into_inner();

    let mut twice = with("kez", b"another");
    // The writer refuses equal names: rename one in both of its places.
    while let Some(at) = twice.windows(3).position(|bytes| bytes == b"kez") {
        twice[at..at + 3].copy_from_slice(b"key");
    }

    let told: Vec<_> = [
        with("../../.bashrc", b"x"),
        with("/etc/cron.d/x", b"x"),
        with("a\\..\\b", b"x"),
        with("C:evil", b"x"),
        zip(&many),
        with("big", &bomb),
        linked,
        twice,
        vec![b'P'; 2_000_000],
    ]
    .iter()
    .map(|bytes| {
        if bytes.len() > 1_500_000 {
            let file = tempfile::NamedTempFile::new().unwrap();
            std::fs::write(file.path(), bytes).unwrap();
            return Bundle::read(file.path(), SystemTime::now()).unwrap_err().to_string();
        }
        refusal(bytes)
    })
    .collect();
    insta::assert_snapshot!(told.join("\n"), @r#"
    the name "../../.bashrc" leads out of the archive
    the name "/etc/cron.d/x" leads out of the archive
    the name "a\\..\\b" leads out of the archive
    the name "C:evil" leads out of the archive
    it has 65 members; at most 64 are allowed
    it would unpack to more than 4 MiB
    "ca.crt" is a link
    two members have the same name
    the bundle is refused: the file has 2000 KB, and a bundle has about 13
    "#);
}

#[test]
fn a_member_that_lies_about_its_size_does_not_unpack_further_than_allowed() {
    let parts = parts();
    let huge = format!("{{\"x\": \"{}\"}}", " ".repeat(usize::try_from(MAX_INFLATED_BYTES).unwrap()));
    let mut members = parts.members();
    members.retain(|(name, _)| *name != "config.json");
    members.push(("config.json", huge.as_bytes()));
    let mut bytes = zip(&members);
    // The directory's entry of the member: put a small uncompressed size (offset 24) in, in the local header (22), too.
    let small = 100_u32.to_le_bytes();
    let honest = u32::try_from(huge.len()).unwrap().to_le_bytes();
    let mut lies = 0;
    while let Some(at) = bytes.windows(4).position(|window| window == honest) {
        bytes[at..at + 4].copy_from_slice(&small);
        lies += 1;
    }
    assert!(lies >= 2, "the sizes are where they are expected");
    let error = read(&bytes).unwrap_err();
    assert!(matches!(error, BundleError::Unsafe { .. } | BundleError::Incomplete { .. }), "{error:?}");
}

#[test]
fn an_extracted_bundle_is_recognised() {
    let folder = tempfile::tempdir().unwrap();
    let unpacked = folder.path().join("secure-connect-shop");
    std::fs::create_dir(&unpacked).unwrap();
    std::fs::write(unpacked.join("config.json"), "{}").unwrap();
    let now = SystemTime::now();
    for path in
        [unpacked.clone(), unpacked.join("config.json"), folder.path().join("secure-connect-shop.zip")]
    {
        assert!(matches!(Bundle::read(&path, now), Err(BundleError::Extracted { .. })), "{path:?}");
    }
    let missing = folder.path().join("other.zip");
    assert!(
        matches!(Bundle::read(&missing, now), Err(BundleError::NotFound { path, .. }) if path == missing)
    );
}

#[test]
fn a_certificate_out_of_its_time_is_told_with_its_dates() {
    let authority = Authority::new("a");
    for valid in [Valid::Until2020, Valid::From2090] {
        let parts = Parts::new(&authority, &authority.sign(&["client"], valid), "h", 1);
        let BundleError::Expired { not_before, not_after, now } = read(&parts.zip()).unwrap_err() else {
            panic!("it is expired or not valid yet");
        };
        assert!(not_before < not_after && (now < not_before || now > not_after));
    }
}

proptest! {
    #[test]
    fn any_bytes_end_in_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
        prop_assert!(read(&bytes).is_err());
        let mut zip_like = b"PK\x03\x04".to_vec();
        zip_like.extend(bytes);
        prop_assert!(read(&zip_like).is_err());
    }

    #[test]
    fn a_damaged_bundle_never_panics(damage in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8)) {
        use std::sync::LazyLock;
        static WHOLE: LazyLock<Vec<u8>> = LazyLock::new(|| parts().zip());
        let mut bytes = WHOLE.clone();
        for (index, byte) in damage {
            let at = index.index(bytes.len());
            bytes[at] = byte;
        }
        let _ = read(&bytes);
    }
}
