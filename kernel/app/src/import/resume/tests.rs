//! Records of strangers: whatever one says, it is read soon, in little memory, or refused in words.

use std::time::{Duration, Instant};

use super::*;

fn bond(changed: &str) -> Bond {
    Bond(
        [("table", "x.t"), (TIME, changed)].map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(),
    )
}

/// What is made of a record with these lines behind its bond.
fn read(counters: bool, lines: &str) -> Result<Place, NoPlace> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("r.csv");
    let head = serde_json::to_string(&Entry::Bond { bond: bond("1.5"), counters }).unwrap();
    let text = format!("{MAGIC}{:0DIGITS$}\"}}\n{head}\n{lines}", 0);
    fs::write(path_for(&path), text).unwrap();
    let started = Instant::now();
    let place = Place::read(&path, &bond("1.5"));
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
    place
}

fn why(counters: bool, lines: &str) -> String {
    read(counters, lines).unwrap_err().to_string()
}

#[test]
fn ranges_of_any_size_and_number_take_no_longer_than_their_bytes() {
    const MOST: u64 = u64::MAX;
    let each: String = (0..40_u64)
        .map(|i| format!("{{\"sent\":[[{},{}]]}}\n", i * 50_000_000, i * 50_000_000 + 49_999_999))
        .collect();
    for lines in [
        each.as_str(),
        &format!("{{\"sent\":[[0,{MOST}],[0,1]]}}"),
        &format!("{{\"done\":[[0,{MOST}]]}}"),
        &format!("{{\"done\":[[1,{MOST}]]}}"),
        &format!("{{\"unsent\":[[{MOST},{MOST}]]}}"),
        &format!("{{\"reached\":{{\"before\":{MOST},\"stamp\":1}}}}"),
        &format!("{{\"rejected\":[{MOST},1,true,\"x\"]}}"),
        &format!("{{\"rejected\":[1,{MOST},true,\"x\"]}}"),
        "{\"sent\":[[0,5000000],[6000000,12000000]]}",
        "{\"done\":[[1,20000000]]}",
    ] {
        assert_eq!(
            why(true, lines),
            "Its `.resume` cannot be read: it names more rows than can be",
            "{lines}"
        );
    }
    // Rows that are done without a gap take none.
    assert_eq!(read(true, "{\"done\":[[0,4999999999]]}").unwrap().written(), 5_000_000_000);
    // The same rows again and again, by a hundred thousand lines.
    let again = read(true, &"{\"sent\":[[0,999999]]}\n{\"unsent\":[[1,999999]]}\n".repeat(50_000)).unwrap();
    assert_eq!(again.unsure, BTreeSet::from([0]));
    let apart: String = (0..100_000).map(|i| format!("{{\"done\":[[{0},{0}]]}}\n", 2 * i + 1)).collect();
    assert_eq!(read(true, &apart).unwrap().written(), 100_000);
}

#[test]
fn ranges_may_overlap_and_none_is_reversed() {
    let place = read(
        true,
        "{\"sent\":[[0,9],[5,12]]}\n{\"done\":[[2,5],[4,7],[0,1]]}\n{\"unsent\":[[9,20]]}\n{\"rejected\":[11,13,false,\"bad\"]}\n",
    )
    .unwrap();
    assert_eq!(place.done, Done { before: 8, beyond: BTreeSet::from([11]) });
    assert_eq!(place.unsure, BTreeSet::from([8]));
    assert_eq!(place.rejected.len(), 1);
    for lines in ["{\"sent\":[[5,4]]}", "{\"done\":[[0,1],[1,0]]}", "{\"unsent\":[[18446744073709551615,0]]}"]
    {
        assert!(why(true, lines).ends_with("a line of it is damaged"), "{lines}");
    }
}

#[test]
fn half_a_line_is_the_last_one() {
    let place = read(false, "{\"reached\":{\"before\":7,\"stamp\":3}}\n{\"reached\":{\"bef").unwrap();
    assert_eq!((place.done.before, place.stamp), (7, 3));
    for lines in ["\n{\"done\":[]}\n", "{\"done\n{\"done\":[]}\n"] {
        assert!(why(true, lines).ends_with("a line of it is damaged"), "{lines}");
    }
    let second = serde_json::to_string(&Entry::Bond { bond: bond("1.5"), counters: false }).unwrap();
    assert!(why(true, &second).ends_with("a line of it is damaged"));
}

#[test]
fn of_another_loads_record_nothing_is_read_but_whose_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("r.csv");
    let head = serde_json::to_string(&Entry::Bond { bond: bond("1.5"), counters: true }).unwrap();
    let text = format!("{MAGIC}{:0DIGITS$}\"}}\n{head}\n{{\"done\":[[0,18446744073709551615]]}}\n", 0);
    fs::write(path_for(&path), text).unwrap();
    let error = Place::read(&path, &bond("2.5")).unwrap_err();
    assert!(matches!(&error, NoPlace::Another { counters: true, was, .. } if was == "1.5"), "{error:?}");
}

#[test]
fn a_command_is_made_of_a_time_and_one_word() {
    let remedy = |was: &str, shown: &str| {
        let (name, was, is) = (TIME.to_owned(), was.to_owned(), "2.5".to_owned());
        NoPlace::Another { name, was, is, counters: false }.remedy(shown)
    };
    let command = |shown: &str| remedy("17.000000005", shown).unwrap().split('`').nth(3).unwrap().to_owned();
    assert_eq!(command("r.csv"), "touch -d @17.000000005 -- r.csv");
    for shown in ["two words.csv", "it's; rm -rf ~.csv", "$(id).csv", "-r.csv", "a\\b.csv", "a\"b'c.csv"] {
        // What a shell makes of it.
        let printed = command(shown).replacen("touch", "printf '%s|'", 1);
        let printed = std::process::Command::new("sh").args(["-c", &printed]).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&printed.stdout), format!("-d|@17.000000005|--|{shown}|"));
    }
    for was in ["", "1", "1.", ".5", "1.5; id", "1.5 x", "$(id).5", "-1.5", "1.5\n", "1.5.5"] {
        assert_eq!(remedy(was, "r.csv"), None, "{was}");
    }
    for shown in ["a\nb.csv", "a\u{1b}[2Jb.csv", "a\u{202e}b.csv"] {
        assert_eq!(remedy("1.5", shown), None, "{shown:?}");
    }
}
