//! The file of saved connections: what is written, what a person's editing leaves, what is refused.

use std::time::{Duration, SystemTime};

use insta::assert_snapshot;
use proptest::prelude::*;

use super::*;
use crate::profile::{Place, TlsPaths};

struct Folder {
    folder: tempfile::TempDir,
    profiles: Profiles,
}

impl Folder {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let profiles = Profiles::at(folder.path().join("cqlbook/connections.toml"));
        Self { folder, profiles }
    }

    fn with(text: &str) -> Self {
        let new = Self::new();
        std::fs::create_dir_all(new.folder.path().join("cqlbook")).unwrap();
        std::fs::write(new.profiles.path(), text).unwrap();
        new
    }

    fn text(&self) -> String {
        std::fs::read_to_string(self.profiles.path()).unwrap()
    }

    /// The file with ids that do not change from run to run.
    fn shown(&self) -> String {
        let is_id = |line: &&str| !line.starts_with("id = ");
        self.text().lines().filter(is_id).collect::<Vec<_>>().join("\n")
    }
}

fn astra(name: &str) -> Profile {
    Profile::new(name, Place::Astra { bundle: "/home/ada/scb.zip".into() }).unwrap()
}

fn cluster(name: &str) -> Profile {
    let place = Place::Cassandra {
        hosts: vec!["10.0.0.1".to_owned(), "db.example".to_owned()],
        port: 9142,
        user: Some("ada".to_owned()),
        dc: Some("dc1".to_owned()),
        tls: Some(TlsPaths { ca_cert: Some("/etc/ca.pem".into()), ..TlsPaths::default() }),
    };
    let last_used = SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_000_000);
    Profile {
        keyspace: Some("shop".to_owned()),
        read_only: true,
        last_used: Some(last_used),
        ..Profile::new(name, place).unwrap()
    }
}

#[test]
fn the_file_is_readable_and_holds_all_but_secrets() {
    let folder = Folder::new();
    assert_eq!(folder.profiles.list().unwrap(), []);
    let saved = [astra("Production"), cluster("Test cluster")];
    for profile in &saved {
        folder.profiles.save(profile).unwrap();
    }
    assert_snapshot!(folder.shown(), @r#"
    # Saved connections of cqlbook. No secret is here: they are sealed, in the system's keychain or in vault.toml.
    version = 1

    [[connection]]
    name = "Production"
    kind = "astra"
    bundle = "/home/ada/scb.zip"

    [[connection]]
    name = "Test cluster"
    kind = "cassandra"
    hosts = ["10.0.0.1", "db.example"]
    port = 9142
    user = "ada"
    dc = "dc1"
    tls = true
    ca_cert = "/etc/ca.pem"
    keyspace = "shop"
    read_only = true
    last_used = 2026-11-18T11:06:40Z
    "#);
    assert_eq!(folder.profiles.list().unwrap(), saved);
    assert_eq!(folder.profiles.get("production").unwrap(), saved[0], "capitals do not matter");
}

#[test]
fn what_a_person_wrote_stays() {
    let folder = Folder::with(
        "# my connections\n[[connection]]\nname = \"Mine\"   # the best\nkind = \"cassandra\"\nhosts = ['a']\ncolour = \"green\"\n\n[other]\nx = 1\n",
    );
    let mut mine = folder.profiles.get("Mine").unwrap();
    mine.name = "Yours".to_owned();
    mine.keyspace = Some("shop".to_owned());
    folder.profiles.save(&mine).unwrap();
    folder.profiles.save(&astra("Production")).unwrap();
    folder.profiles.used(&mine, SystemTime::UNIX_EPOCH).unwrap();
    assert_snapshot!(folder.shown(), @r#"
    # my connections
    [[connection]]
    name = "Yours"   # the best
    kind = "cassandra"
    hosts = ["a"]
    colour = "green"
    port = 9042
    keyspace = "shop"
    last_used = 1970-01-01T00:00:00Z

    [[connection]]
    name = "Production"
    kind = "astra"
    bundle = "/home/ada/scb.zip"

    [other]
    x = 1
    "#);
    assert_eq!(
        folder.profiles.get("yours").unwrap().id(),
        mine.id(),
        "its id is kept from its first change on"
    );
}

#[test]
fn a_connection_that_becomes_the_other_kind_keeps_nothing_of_the_first() {
    let folder = Folder::new();
    let mut profile = cluster("One");
    folder.profiles.save(&profile).unwrap();
    profile.place = Place::Astra { bundle: "scb.zip".into() };
    folder.profiles.save(&profile).unwrap();
    assert!(!folder.text().contains("hosts") && !folder.text().contains("ca_cert"), "{}", folder.text());
    assert_eq!(folder.profiles.list().unwrap(), [profile]);
}

#[test]
fn names_are_unique_and_changes_of_name_keep_the_id() {
    let folder = Folder::new();
    let (one, two) = (astra("One"), astra("Two"));
    folder.profiles.save(&one).unwrap();
    folder.profiles.save(&two).unwrap();
    assert!(
        matches!(folder.profiles.save(&astra("ONE")), Err(ProfileError::Taken { name }) if name == "One")
    );
    assert!(matches!(folder.profiles.rename("two", " one "), Err(ProfileError::Taken { .. })));
    assert!(matches!(folder.profiles.rename("two", "astra"), Err(ProfileError::Name(_))));
    assert_eq!(folder.profiles.rename("two", "TWO").unwrap().id(), two.id(), "only its capitals change");
    assert_eq!(folder.profiles.names().unwrap(), ["One", "TWO"]);
    folder.profiles.delete("one").unwrap();
    let Err(ProfileError::NotFound { name, known }) = folder.profiles.delete("One") else {
        panic!("it is gone");
    };
    assert_eq!((name.as_str(), known), ("One", vec!["TWO".to_owned()]));
}

#[test]
fn one_that_cannot_be_used_spoils_no_other_and_can_be_deleted() {
    let folder = Folder::with(
        "[[connection]]\nname = \"Future\"\nkind = \"quantum\"\n[[connection]]\nname = \"Half\"\nkind = \"astra\"\n\
         [[connection]]\nname = \"Fine\"\nkind = \"astra\"\nbundle = \"b.zip\"\n",
    );
    assert_eq!(folder.profiles.list().unwrap().len(), 1);
    assert_eq!(folder.profiles.names().unwrap(), ["Future", "Half", "Fine"]);
    let told = |name: &str| {
        let error = folder.profiles.get(name).unwrap_err().to_string();
        error.replace(folder.folder.path().to_str().unwrap(), "")
    };
    assert_snapshot!(told("future"), @"the connection `Future` in /cqlbook/connections.toml cannot be used: its kind is `quantum`, which this version does not know");
    assert_snapshot!(told("half"), @"the connection `Half` in /cqlbook/connections.toml cannot be used: `bundle` is missing");
    assert!(matches!(folder.profiles.save(&astra("future")), Err(ProfileError::Taken { .. })));
    folder.profiles.delete("future").unwrap();
    assert_eq!(folder.profiles.names().unwrap(), ["Half", "Fine"]);
}

#[test]
fn a_file_that_is_not_understood_is_left_as_it_is() {
    for text in ["name = ", "connection = 3\n", "version = \"one\"\n", "version = 2\n"] {
        let folder = Folder::with(text);
        let error = folder.profiles.list().unwrap_err();
        assert!(folder.profiles.save(&astra("One")).is_err(), "{text}");
        assert_eq!(folder.text(), text);
        match text {
            "version = 2\n" => assert!(matches!(error, ProfileError::Newer { .. })),
            "name = " => assert!(error.to_string().contains("line 1"), "{error}"),
            _ => assert!(matches!(error, ProfileError::Damaged { .. })),
        }
    }
}

#[test]
fn hosts_are_read_as_they_are_on_a_line() {
    let read = |hosts: &str, more: &str| {
        let folder = Folder::with(&format!(
            "[[connection]]\nname = \"A\"\nkind = \"cassandra\"\nhosts = {hosts}\n{more}\n"
        ));
        match folder.profiles.get("A") {
            Ok(Profile { place: Place::Cassandra { hosts, port, .. }, .. }) => {
                format!("{} at {port}", hosts.join(" and "))
            }
            Ok(other) => panic!("{other:?}"),
            Err(ProfileError::Unusable { reason, .. }) => reason,
            Err(other) => panic!("{other:?}"),
        }
    };
    let told: Vec<_> = [
        ("['h']", ""),
        ("['h:9043']", ""),
        ("['[::1]:9043', 'cql://h:9043/']", "port = 9043"),
        ("['h1', 'h2:9043']", ""),
        ("['h:9043']", "port = 9042"),
        ("['http://h']", ""),
        ("['ada:hunter2@h']", ""),
        ("[]", ""),
        ("['h']", "port = 0"),
    ]
    .into_iter()
    .map(|(hosts, more)| read(hosts, more))
    .collect();
    insta::assert_snapshot!(told.join("\n"), @r"
    h at 9042
    h at 9043
    ::1 and h at 9043
    `hosts` is not a list of hosts: the hosts are named with different ports: 9042, 9043
    `hosts` is not a list of hosts: two ports are named: 9043 behind the host, and 9042
    `hosts` is not a list of hosts: `http://h` is a web address
    `hosts` is not a list of hosts: a user stands before the host `h`
    `hosts` is not a list of hosts: no host is named
    `port` is not a number from 1 to 65535
    ");
}

#[test]
fn a_file_has_so_many_connections_and_no_more() {
    let of = |count: usize| {
        (0..count)
            .map(|n| format!("[[connection]]\nname = \"c{n}\"\nkind = \"astra\"\nbundle = \"b\"\n"))
            .collect::<String>()
    };
    let folder = Folder::with(&of(MAX_CONNECTIONS));
    assert_eq!(folder.profiles.list().unwrap().len(), MAX_CONNECTIONS);
    let before = folder.text();
    assert!(matches!(folder.profiles.save(&astra("one more")), Err(ProfileError::Full { .. })));
    assert_eq!(folder.text(), before, "one more would keep all others from being read");
    folder.profiles.delete("c0").unwrap();
    folder.profiles.save(&astra("one more")).unwrap();
    for count in [MAX_CONNECTIONS + 1, 10 * MAX_CONNECTIONS] {
        let folder = Folder::with(&of(count));
        assert!(matches!(folder.profiles.list(), Err(ProfileError::Damaged { .. })), "{count}");
    }
}

#[test]
fn many_writers_lose_nothing() {
    let folder = Folder::new();
    let path = folder.profiles.path();
    std::thread::scope(|scope| {
        for writer in 0..4 {
            scope.spawn(move || {
                for number in 0..10 {
                    Profiles::at(path.to_owned()).save(&astra(&format!("{writer}-{number}"))).unwrap();
                }
            });
        }
    });
    assert_eq!(folder.profiles.list().unwrap().len(), 40);
}

fn any_profile() -> impl Strategy<Value = Profile> {
    let text = || "[^\\p{C}]{1,12}";
    let path = || proptest::option::of("[^\\p{C}]{1,20}".prop_map(PathBuf::from));
    let tls = (path(), path(), path()).prop_map(|(ca_cert, cert, key)| TlsPaths { ca_cert, cert, key });
    let cassandra = (
        prop::collection::btree_set("[a-z][a-z0-9]{0,10}", 1..4).prop_map(Vec::from_iter),
        1..=u16::MAX,
        proptest::option::of(text()),
        proptest::option::of(text()),
        proptest::option::of(tls),
    );
    let place = prop_oneof![
        text().prop_map(|bundle| Place::Astra { bundle: bundle.into() }),
        cassandra.prop_map(|(hosts, port, user, dc, tls)| Place::Cassandra { hosts, port, user, dc, tls }),
    ];
    (text(), place, proptest::option::of(text()), any::<bool>(), proptest::option::of(0u64..4_000_000_000))
        .prop_filter_map("a name", |(name, place, keyspace, read_only, used)| {
            let last_used = used.map(|seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds));
            Some(Profile { keyspace, read_only, last_used, ..Profile::new(&name, place).ok()? })
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_connection_comes_back(profile in any_profile()) {
        let folder = Folder::new();
        folder.profiles.save(&profile).unwrap();
        prop_assert_eq!(folder.profiles.list().unwrap(), [profile.clone()]);
        prop_assert_eq!(folder.profiles.get(&profile.name).unwrap(), profile);
    }

    #[test]
    fn files_of_others_never_panic(text in "(\\PC|\n|\\[\\[connection\\]\\]\n|kind = \"astra\"\n|name = \"x\"\n){0,30}") {
        let folder = Folder::with(&text);
        let _ = folder.profiles.list();
        let _ = folder.profiles.save(&astra("One"));
        let _ = folder.profiles.delete("x");
    }
}

#[test]
fn what_would_not_be_read_again_is_not_written() {
    let folder = Folder::with(&format!(
        "version = 1\n{}",
        (0..2000)
            .map(|at| format!("[[connection]]\nname = \"c{at}\"\nkind = \"astra\"\nbundle = \"b.zip\"\n"))
            .collect::<String>()
    ));
    let before = folder.text();
    assert!(matches!(folder.profiles.save(&astra("extra")), Err(ProfileError::Full { .. })));
    assert_eq!(folder.text(), before);
    let mut known = folder.profiles.get("c7").unwrap();
    known.read_only = true;
    folder.profiles.save(&known).unwrap();
    assert!(folder.profiles.get("c7").unwrap().read_only, "one that is there can still be changed");

    let folder = Folder::new();
    folder.profiles.save(&astra("ok")).unwrap();
    let long = |hosts: Vec<String>, user: Option<String>| {
        Profile::new("big", Place::Cassandra { hosts, port: 9042, user, dc: None, tls: None }).unwrap()
    };
    let many: Vec<String> = (0..700_000).map(|at| format!("h{at}")).collect();
    for profile in [
        long(many, None),
        long(vec!["h".repeat(5000)], None),
        long(vec!["h".to_owned()], Some("u".repeat(5000))),
        Profile { keyspace: Some("k".repeat(5000)), ..astra("big") },
        Profile::new("big", Place::Astra { bundle: "b".repeat(5000).into() }).unwrap(),
    ] {
        assert!(matches!(folder.profiles.save(&profile), Err(ProfileError::TooMuch { .. })));
    }
    assert_eq!(folder.profiles.names().unwrap(), ["ok"]);
}

#[test]
fn a_copy_made_by_hand_is_changed_and_the_other_one_is_not() {
    let folder = Folder::new();
    folder.profiles.save(&cluster("P1")).unwrap();
    let text = folder.text();
    let table = text[text.find("[[").unwrap()..].replace("\"P1\"", "\"P2\"");
    std::fs::write(folder.profiles.path(), format!("{text}\n{table}")).unwrap();
    let first = folder.profiles.get("P1").unwrap();

    let mut second = folder.profiles.get("P2").unwrap();
    second.keyspace = Some("a".to_owned());
    folder.profiles.save(&second).unwrap();
    folder.profiles.used(&second, SystemTime::UNIX_EPOCH).unwrap();
    assert_eq!(folder.profiles.names().unwrap(), ["P1", "P2"]);
    assert_eq!(folder.profiles.get("P1").unwrap(), first);
    assert_eq!(folder.profiles.get("P2").unwrap().keyspace.as_deref(), Some("a"));

    second.name = "p1".to_owned();
    assert!(matches!(folder.profiles.save(&second), Err(ProfileError::Taken { .. })));
    second.name = "P3".to_owned();
    folder.profiles.save(&second).unwrap();
    assert_eq!(folder.profiles.names().unwrap(), ["P1", "P3"]);
    assert_eq!(folder.profiles.get("P1").unwrap(), first);
}

#[test]
fn two_of_one_name_by_hand_one_of_which_was_renamed() {
    let folder = Folder::with("[[connection]]\nname = \"A\"\nkind = \"astra\"\nbundle = \"one.zip\"\n");
    folder.profiles.rename("A", "B").unwrap();
    let text = folder.text();
    std::fs::write(
        folder.profiles.path(),
        format!("{text}\n[[connection]]\nname = \"A\"\nkind = \"astra\"\nbundle = \"two.zip\"\n"),
    )
    .unwrap();
    let mut new = folder.profiles.get("A").unwrap();
    new.read_only = true;
    folder.profiles.save(&new).unwrap();
    let old = folder.profiles.get("B").unwrap();
    assert!(!old.read_only && old.place == Place::Astra { bundle: "one.zip".into() });
    assert!(folder.profiles.get("A").unwrap().read_only);
}
