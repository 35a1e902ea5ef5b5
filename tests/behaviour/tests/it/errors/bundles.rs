//! Every way a Secure Connect Bundle can be bad, told apart, and each with what to do.

use insta::assert_snapshot;
use time::{Duration, OffsetDateTime};

use super::kept::Case;
use super::packing::Packing;
use super::staged::Authority;

/// What is told of the bundle that the option names.
async fn told_of(case: &mut Case, bundle: &str) -> String {
    case.told(&format!("%connect astra --no-save --bundle {bundle}")).await
}

/// What is told of a bundle of these bytes.
async fn told_of_bytes(case: &mut Case, bytes: impl AsRef<[u8]>) -> String {
    std::fs::write(case.notebook.folder.path().join("scb.zip"), bytes).unwrap();
    told_of(case, "scb.zip").await
}

/// What is told of each of these bundles.
async fn told_of_each(case: &mut Case, bundles: impl IntoIterator<Item = Packing>) -> String {
    let mut told = Vec::new();
    for bundle in bundles {
        told.push(told_of_bytes(case, bundle.bytes()).await);
    }
    told.join("\n\n")
}

#[tokio::test]
async fn a_path_that_leads_nowhere() {
    let mut case = Case::open().await;
    assert_snapshot!(told_of(&mut case, "none.zip").await, @"
    BUNDLE_NOT_FOUND: There is no bundle at FOLDER/none.zip.
    A relative path starts at the notebook's folder, and `~` is your home folder.

    → Check the path after `--bundle`, or the one in ASTRA_DB_SECURE_BUNDLE_PATH.
    ");
    assert_snapshot!(told_of(&mut case, "~/Downloads/none.zip").await, @"
    BUNDLE_NOT_FOUND: There is no bundle at FOLDER/Downloads/none.zip.
    A relative path starts at the notebook's folder, and `~` is your home folder.

    → Check the path after `--bundle`, or the one in ASTRA_DB_SECURE_BUNDLE_PATH.
    ");
    assert_snapshot!(told_of(&mut case, "/nowhere/none.zip").await, @"
    BUNDLE_NOT_FOUND: There is no bundle at /nowhere/none.zip.
    A relative path starts at the notebook's folder, and `~` is your home folder.

    → Check the path after `--bundle`, or the one in ASTRA_DB_SECURE_BUNDLE_PATH.
    ");
}

#[tokio::test]
async fn a_path_that_cannot_be_read_is_told_with_its_true_cause() {
    let mut case = Case::open().await;
    let folder = case.notebook.folder.path().to_owned();
    std::fs::write(folder.join("a.zip"), "PK").unwrap();
    std::os::unix::fs::symlink("loop.zip", folder.join("loop.zip")).unwrap();
    let made = std::process::Command::new("mkfifo").arg(folder.join("pipe.zip")).status().unwrap();
    assert!(made.success());
    let long = format!("{}.zip", "x".repeat(300));
    let mut told = Vec::new();
    for path in ["a.zip/scb.zip", "loop.zip", "pipe.zip", "/dev/zero", &long] {
        told.push(told_of(&mut case, path).await.replace(&long, "LONG.zip"));
    }
    assert_snapshot!(told.join("\n\n"), @"
    BUNDLE_NOT_FOUND: The bundle at FOLDER/a.zip/scb.zip cannot be read.
    A part of the path is a file, and no folder.

    → Check the folders in the path.

    BUNDLE_NOT_FOUND: The bundle at FOLDER/loop.zip cannot be read.
    A link in the path leads to itself.

    → Name the file by a path without that link, or mend the link.

    BUNDLE_NOT_ZIP: FOLDER/pipe.zip is not a whole zip archive.
    It is a pipe, a device or another thing that is no regular file.

    → Download the bundle again: Astra console, your database, Connect, Secure Connect Bundle.

    BUNDLE_NOT_ZIP: /dev/zero is not a whole zip archive.
    It is a pipe, a device or another thing that is no regular file.

    → Download the bundle again: Astra console, your database, Connect, Secure Connect Bundle.

    BUNDLE_NOT_FOUND: The bundle at FOLDER/LONG.zip cannot be read.
    No file can have that name: it is too long, or has a character that is not allowed there.

    → Choose a shorter and plainer name.
    ");
}

#[tokio::test]
async fn a_bundle_that_was_unpacked() {
    let mut case = Case::open().await;
    let members = Packing::of(case.astra.bundle());
    let folder = case.notebook.folder.path().join("scb");
    std::fs::create_dir(&folder).unwrap();
    for name in ["config.json", "ca.crt", "cert", "key", "identity.jks"] {
        std::fs::write(folder.join(name), members.member(name)).unwrap();
    }
    assert_snapshot!(told_of(&mut case, "scb").await, @"
    BUNDLE_EXTRACTED: FOLDER/scb is a folder, not the bundle's .zip.
    The bundle is used as the one .zip that was downloaded. Some browsers and systems unpack it by themselves.

    → Give the path of the .zip after `--bundle`. If it is gone, download it again and leave it zipped.
    ");
    // The zip is gone, and the folder of its name is there.
    assert_snapshot!(told_of(&mut case, "scb.zip").await, @"
    BUNDLE_EXTRACTED: FOLDER/scb is a folder, not the bundle's .zip.
    The bundle is used as the one .zip that was downloaded. Some browsers and systems unpack it by themselves.

    → Give the path of the .zip after `--bundle`. If it is gone, download it again and leave it zipped.
    ");
    let mut told = Vec::new();
    for member in ["config.json", "ca.crt", "cert", "key", "identity.jks"] {
        told.push(told_of(&mut case, &format!("scb/{member}")).await);
    }
    assert_snapshot!(told.join("\n\n"), @"
    BUNDLE_EXTRACTED: FOLDER/scb/config.json is a file from inside a bundle, not the bundle's .zip.
    The bundle is used as the one .zip that was downloaded. Some browsers and systems unpack it by themselves.

    → Give the path of the .zip after `--bundle`. If it is gone, download it again and leave it zipped.

    BUNDLE_EXTRACTED: FOLDER/scb/ca.crt is a file from inside a bundle, not the bundle's .zip.
    The bundle is used as the one .zip that was downloaded. Some browsers and systems unpack it by themselves.

    → Give the path of the .zip after `--bundle`. If it is gone, download it again and leave it zipped.

    BUNDLE_EXTRACTED: FOLDER/scb/cert is a file from inside a bundle, not the bundle's .zip.
    The bundle is used as the one .zip that was downloaded. Some browsers and systems unpack it by themselves.

    → Give the path of the .zip after `--bundle`. If it is gone, download it again and leave it zipped.

    BUNDLE_EXTRACTED: FOLDER/scb/key is a file from inside a bundle, not the bundle's .zip.
    The bundle is used as the one .zip that was downloaded. Some browsers and systems unpack it by themselves.

    → Give the path of the .zip after `--bundle`. If it is gone, download it again and leave it zipped.

    BUNDLE_EXTRACTED: FOLDER/scb/identity.jks is a file from inside a bundle, not the bundle's .zip.
    The bundle is used as the one .zip that was downloaded. Some browsers and systems unpack it by themselves.

    → Give the path of the .zip after `--bundle`. If it is gone, download it again and leave it zipped.
    ");
}

#[tokio::test]
async fn a_file_that_is_no_whole_zip() {
    let mut case = Case::open().await;
    let whole = std::fs::read(case.astra.bundle()).unwrap();
    let page = "<!DOCTYPE html>\n<html><body>The link has expired.</body></html>";
    let refusal = "<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>";
    assert_snapshot!(told_of_bytes(&mut case, page).await, @"
    BUNDLE_NOT_ZIP: FOLDER/scb.zip is not a whole zip archive.
    It is a web page or an error message of 63 bytes, saved under that name. The download link lives 5 minutes.

    → Download the bundle again: Astra console, your database, Connect, Secure Connect Bundle.
    ");
    assert_snapshot!(told_of_bytes(&mut case, refusal).await, @"
    BUNDLE_NOT_ZIP: FOLDER/scb.zip is not a whole zip archive.
    It is a web page or an error message of 99 bytes, saved under that name. The download link lives 5 minutes.

    → Download the bundle again: Astra console, your database, Connect, Secure Connect Bundle.
    ");
    assert_snapshot!(told_of_bytes(&mut case, "").await, @"
    BUNDLE_NOT_ZIP: FOLDER/scb.zip is not a whole zip archive.
    It is empty. A healthy bundle has about 12 to 13 KB.

    → Download the bundle again: Astra console, your database, Connect, Secure Connect Bundle.
    ");
    assert_snapshot!(told_of_bytes(&mut case, &whole[..6000]).await, @"
    BUNDLE_NOT_ZIP: FOLDER/scb.zip is not a whole zip archive.
    It has 6,000 bytes, and it is cut short or damaged. A healthy bundle has about 12 to 13 KB.

    → Download the bundle again: Astra console, your database, Connect, Secure Connect Bundle.
    ");
    assert_snapshot!(told_of_bytes(&mut case, b"\x1f\x8b\x08\0not a zip").await, @"
    BUNDLE_NOT_ZIP: FOLDER/scb.zip is not a whole zip archive.
    It has 13 bytes, and it does not start like one. A healthy bundle has about 12 to 13 KB.

    → Download the bundle again: Astra console, your database, Connect, Secure Connect Bundle.
    ");
}

#[tokio::test]
async fn a_member_that_is_missing() {
    let mut case = Case::open().await;
    let whole = Packing::of(case.astra.bundle());
    let without = ["config.json", "ca.crt", "cert", "key"].map(|name| whole.clone().without(name));
    assert_snapshot!(told_of_each(&mut case, without).await, @"
    BUNDLE_INCOMPLETE: The bundle has no `config.json`.
    The zip is something else than a bundle, or was packed anew, or is damaged.

    → Download the bundle again: Astra console, your database, Connect, Secure Connect Bundle.

    BUNDLE_INCOMPLETE: The bundle has no `ca.crt`.
    The zip is something else than a bundle, or was packed anew, or is damaged.

    → Download the bundle again: Astra console, your database, Connect, Secure Connect Bundle.

    BUNDLE_INCOMPLETE: The bundle has no `cert`.
    The zip is something else than a bundle, or was packed anew, or is damaged.

    → Download the bundle again: Astra console, your database, Connect, Secure Connect Bundle.

    BUNDLE_INCOMPLETE: The bundle has no `key`.
    The zip is something else than a bundle, or was packed anew, or is damaged.

    → Download the bundle again: Astra console, your database, Connect, Secure Connect Bundle.
    ");
    assert_snapshot!(told_of_each(&mut case, [whole.in_a_folder()]).await, @"
    BUNDLE_INCOMPLETE: The bundle's `config.json` cannot be used.
    It lies in a folder of the archive, which was packed anew.

    → Download the bundle again: Astra console, your database, Connect, Secure Connect Bundle.
    ");
}

#[tokio::test]
async fn a_member_that_is_not_what_it_should_be() {
    let mut case = Case::open().await;
    let whole = Packing::of(case.astra.bundle());
    let other = rcgen::KeyPair::generate().unwrap().serialize_pem();
    let spoilt = [
        whole.clone().with("config.json", "host: localhost"),
        whole.clone().with_config("host", ()),
        whole.clone().with_config("host", "not a host"),
        whole.clone().with_config("port", ()),
        whole.clone().with_config("port", 70_000),
        whole.clone().with("ca.crt", "no certificate"),
        whole.clone().with("cert", "no certificate"),
        whole.clone().with("key", "no key"),
        whole.with("key", other),
    ];
    assert_snapshot!(told_of_each(&mut case, spoilt).await, @"
    BUNDLE_INCOMPLETE: The bundle's `config.json` cannot be used.
    It is not JSON.

    → Download the bundle again: Astra console, your database, Connect, Secure Connect Bundle.

    BUNDLE_INCOMPLETE: The bundle's `config.json` cannot be used.
    It names no host.

    → Download the bundle again: Astra console, your database, Connect, Secure Connect Bundle.

    BUNDLE_INCOMPLETE: The bundle's `config.json` cannot be used.
    Its host is not a host's name.

    → Download the bundle again: Astra console, your database, Connect, Secure Connect Bundle.

    BUNDLE_INCOMPLETE: The bundle's `config.json` cannot be used.
    It names no port.

    → Download the bundle again: Astra console, your database, Connect, Secure Connect Bundle.

    BUNDLE_INCOMPLETE: The bundle's `config.json` cannot be used.
    It names no port.

    → Download the bundle again: Astra console, your database, Connect, Secure Connect Bundle.

    BUNDLE_INCOMPLETE: The bundle's `ca.crt` cannot be used.
    It holds no certificate.

    → Download the bundle again: Astra console, your database, Connect, Secure Connect Bundle.

    BUNDLE_INCOMPLETE: The bundle's `cert` cannot be used.
    It holds no certificate.

    → Download the bundle again: Astra console, your database, Connect, Secure Connect Bundle.

    BUNDLE_INCOMPLETE: The bundle's `key` cannot be used.
    It holds no unencrypted private key in PEM form.

    → Download the bundle again: Astra console, your database, Connect, Secure Connect Bundle.

    BUNDLE_INCOMPLETE: The bundle's `key` cannot be used.
    It does not belong to the certificate.

    → Download the bundle again: Astra console, your database, Connect, Secure Connect Bundle.
    ");
}

#[tokio::test]
async fn an_archive_that_no_bundle_is() {
    let mut case = Case::open().await;
    let whole = Packing::of(case.astra.bundle());
    let many = (whole.clone(), 0..57);
    let many = many.1.fold(many.0, |packing, number| packing.with(&format!("more-{number}"), ""));
    let unsafe_ones = [
        whole.clone().with("../../.bashrc", "x"),
        whole.clone().with("/etc/cron.d/x", "x"),
        whole.clone().with("\u{1b}[2J/../x", "x"),
        many,
        whole.clone().with("big", vec![0; 4 * 1024 * 1024]),
    ];
    assert_snapshot!(told_of_each(&mut case, unsafe_ones).await, @r#"
    BUNDLE_UNSAFE: The archive is refused: no bundle of Astra's looks like this.
    What was found: the name "../../.bashrc" leads out of the archive. Nothing was unpacked.

    → Download the bundle again: Astra console, your database, Connect, Secure Connect Bundle.

    BUNDLE_UNSAFE: The archive is refused: no bundle of Astra's looks like this.
    What was found: the name "/etc/cron.d/x" leads out of the archive. Nothing was unpacked.

    → Download the bundle again: Astra console, your database, Connect, Secure Connect Bundle.

    BUNDLE_UNSAFE: The archive is refused: no bundle of Astra's looks like this.
    What was found: the name "\u{1b}[2J/../x" leads out of the archive. Nothing was unpacked.

    → Download the bundle again: Astra console, your database, Connect, Secure Connect Bundle.

    BUNDLE_UNSAFE: The archive is refused: no bundle of Astra's looks like this.
    What was found: it has 65 members; at most 64 are allowed. Nothing was unpacked.

    → Download the bundle again: Astra console, your database, Connect, Secure Connect Bundle.

    BUNDLE_UNSAFE: The archive is refused: no bundle of Astra's looks like this.
    What was found: it would unpack to more than 4 MiB. Nothing was unpacked.

    → Download the bundle again: Astra console, your database, Connect, Secure Connect Bundle.
    "#);
    let link = whole.clone().without("key").bytes_with_link("key", "/etc/ssl/private/key.pem");
    assert_snapshot!(told_of_bytes(&mut case, link).await, @r#"
    BUNDLE_UNSAFE: The archive is refused: no bundle of Astra's looks like this.
    What was found: "key" is a link. Nothing was unpacked.

    → Download the bundle again: Astra console, your database, Connect, Secure Connect Bundle.
    "#);
    assert_snapshot!(told_of_bytes(&mut case, whole.bytes_with_twice("key")).await, @"
    BUNDLE_UNSAFE: The archive is refused: no bundle of Astra's looks like this.
    What was found: two members have the same name. Nothing was unpacked.

    → Download the bundle again: Astra console, your database, Connect, Secure Connect Bundle.
    ");
    let mut large = whole.bytes();
    large.resize(2_000_000, 0);
    assert_snapshot!(told_of_bytes(&mut case, large).await, @"
    BUNDLE_UNSAFE: The archive is refused: no bundle of Astra's looks like this.
    What was found: the file has 2000 KB, and a bundle has about 13. Nothing was unpacked.

    → Download the bundle again: Astra console, your database, Connect, Secure Connect Bundle.
    ");
}

#[tokio::test]
async fn a_certificate_whose_time_is_over_or_has_not_come() {
    let mut case = Case::open().await;
    let authority = Authority::new();
    let (now, day) = (OffsetDateTime::now_utc(), Duration::days(1));
    let over = authority.bundle_of_time(29080, now - 30 * day, now - day);
    let to_come = authority.bundle_of_time(29080, now + day, now + 30 * day);
    let date =
        |time: OffsetDateTime| format!("{}-{:02}-{:02} ", time.year(), u8::from(time.month()), time.day());
    for (bundle, dates) in
        [(&over, [now - 30 * day, now - day, now]), (&to_come, [now + day, now + 30 * day, now])]
    {
        std::fs::write(case.notebook.folder.path().join("scb.zip"), bundle.bytes()).unwrap();
        let (_, text) = case.notebook.error("%connect astra --no-save --bundle scb.zip").await;
        let [from, to, clock] = dates.map(date);
        assert!(text.contains(&format!("from {from}")) && text.contains(&format!("to {to}")), "{text}");
        assert!(text.contains(&format!("clock says {clock}")), "{text}");
    }
    assert_snapshot!(told_of_each(&mut case, [over]).await, @"
    BUNDLE_EXPIRED: The bundle's certificate has expired.
    It is valid from TIME to TIME. This machine's clock says TIME.

    → Set the clock if it is wrong.
    → Download the bundle again: Astra console, your database, Connect, Secure Connect Bundle.
    ");
    assert_snapshot!(told_of_each(&mut case, [to_come]).await, @"
    BUNDLE_EXPIRED: The bundle's certificate is not valid yet.
    It is valid from TIME to TIME. This machine's clock says TIME.

    → Set the clock if it is wrong.
    → Download the bundle again: Astra console, your database, Connect, Secure Connect Bundle.
    ");
}

#[tokio::test]
async fn a_test_of_the_connection_says_the_same() {
    let mut case = Case::open().await;
    assert_snapshot!(case.told("%connection test astra --bundle none.zip").await, @"
    BUNDLE_NOT_FOUND: There is no bundle at FOLDER/none.zip.
    A relative path starts at the notebook's folder, and `~` is your home folder.

    → Check the path after `--bundle`, or the one in ASTRA_DB_SECURE_BUNDLE_PATH.
    ");
}
