//! Several processes over one folder, as two kernels are. The test starts itself as its own children.

use std::path::PathBuf;
use std::process::Command;

use cqlbook_vault::{Paths, Place, Profile, Profiles};

const FOLDER: &str = "CQLBOOK_TEST_FOLDER";
const WRITER: &str = "CQLBOOK_TEST_WRITER";

#[test]
fn two_processes_lose_none_of_each_others_connections() {
    let folder = tempfile::tempdir().unwrap();
    let writer = |number: &str| {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "processes::a_writer", "--include-ignored"]);
        command.env(FOLDER, folder.path()).env(WRITER, number).spawn().unwrap()
    };
    let writers = [writer("1"), writer("2"), writer("3")];
    for mut writer in writers {
        assert!(writer.wait().unwrap().success());
    }
    let profiles = Profiles::at(Paths::within(folder.path()).connections());
    assert_eq!(profiles.list().unwrap().len(), 3 * 20);
}

#[test]
#[ignore = "a child of the test above"]
fn a_writer() {
    let folder = PathBuf::from(std::env::var_os(FOLDER).expect("started by the test above"));
    let writer = std::env::var(WRITER).unwrap();
    let profiles = Profiles::at(Paths::within(&folder).connections());
    for number in 0..20 {
        let place = Place::Astra { bundle: "scb.zip".into() };
        profiles.save(&Profile::new(&format!("{writer}-{number}"), place).unwrap()).unwrap();
    }
}
