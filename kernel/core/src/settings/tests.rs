//! Settings as they are typed and shown.

use super::*;
use crate::magic::{MagicKind, lookup, parse_line};

#[test]
fn the_table_and_the_fields_are_the_same_settings() {
    let defaults = Settings::default();
    for setting in SETTINGS {
        let value = defaults.get(setting.name).unwrap();
        let mut settings = defaults.clone();
        settings.set(setting.name, &value).unwrap();
        assert_eq!(settings, defaults, "{} reads what it shows", setting.name);
        for value in values(setting.name) {
            settings.set(setting.name, value).unwrap();
            assert_eq!(settings.get(setting.name).as_deref(), Some(value));
        }
    }
    assert_eq!(defaults.get("nothing"), None);
}

#[test]
fn defaults_are_those_of_the_contract() {
    let defaults = Settings::default();
    let shown: Vec<_> =
        SETTINGS.iter().map(|one| format!("{}={}", one.name, defaults.get(one.name).unwrap())).collect();
    insta::assert_snapshot!(shown.join(" "), @"consistency=LOCAL_QUORUM serial_consistency=LOCAL_SERIAL fetch_rows=10000 display_rows=50 page_size=5000 timeout=30s timezone=UTC trace=off read_only=off confirm=on stop_on_error=on");
}

#[test]
fn values_are_read_as_people_write_them() {
    let read = |name: &str, value: &str| {
        let mut settings = Settings::default();
        settings
            .set(name, value)
            .map(|()| settings.get(name).unwrap())
            .map_err(|diagnostic| diagnostic.message)
    };
    let good = [
        ("consistency", "each_quorum", "EACH_QUORUM"),
        ("timeout", "500ms", "500ms"),
        ("timeout", "90s", "90s"),
        ("timeout", "1.5m", "90s"),
        ("timeout", "120 s", "2m"),
        ("timeout", "2h", "2h"),
        ("timezone", "europe/berlin", "Europe/Berlin"),
        ("timezone", "+05:30", "+05:30"),
        ("timezone", "-7", "-07:00"),
        ("timezone", "utc", "UTC"),
        ("trace", "TRUE", "on"),
        ("fetch_rows", "1_000_000", "1000000"),
        ("display_rows", "0", "0"),
    ];
    for (name, value, shown) in good {
        assert_eq!(read(name, value).as_deref(), Ok(shown), "{name} {value}");
    }
    let bad = [
        ("timeout", "30"),
        ("timeout", "0s"),
        ("timeout", "-1s"),
        ("timeout", "1e9s"),
        ("timeout", "999999999h"),
        ("timeout", "1.2.3s"),
        ("timezone", "Mars/Olympus"),
        ("timezone", "+25"),
        ("timezone", "+1:99"),
        ("timezone", "+é"),
        ("page_size", "0"),
        ("page_size", "3000000000"),
        ("fetch_rows", "-1"),
        ("serial_consistency", "QUORUM"),
        ("confirm", "maybe"),
        ("consistency", ""),
    ];
    for (name, value) in bad {
        assert!(read(name, value).is_err(), "{name} {value}");
    }
    assert_eq!(read("confirm", "maybe"), Err("`confirm` takes `on` or `off`.".to_owned()));
}

#[test]
fn an_unknown_setting_names_the_nearest() {
    let diagnostic = Settings::default().set("time_zone", "UTC").unwrap_err();
    assert_eq!(diagnostic.message, "There is no setting `time_zone`.");
    assert_eq!(diagnostic.hints[0], "Did you mean `%set timezone`?");
}

#[test]
fn a_cell_s_options_go_over_the_notebook_s_settings() {
    let cql = lookup(MagicKind::Cell, "cql").unwrap();
    let line = "--consistency QUORUM --keyspace shop --page-size=1000 --timeout 2m --trace --into orders --all --yes --repeat 20";
    let notebook = Settings { display_rows: 7, ..Settings::default() };
    let cell = CellSettings::with_options(&notebook, &parse_line(cql, line).unwrap()).unwrap();
    let expected = CellSettings {
        settings: Settings {
            consistency: Consistency::Quorum,
            page_size: 1000,
            timeout: Duration::from_secs(120),
            trace: true,
            display_rows: 7,
            ..Settings::default()
        },
        keyspace: Some("shop".to_owned()),
        into: Some("orders".to_owned()),
        all: true,
        yes: true,
        repeat: Some(20),
    };
    assert_eq!(cell, expected);
    let nothing = CellSettings::with_options(&notebook, &parse_line(cql, "").unwrap()).unwrap();
    assert_eq!(nothing, CellSettings::of(&notebook));
}
