//! The kernelspecs named `cql` wherever Jupyter looks: which one wins, and whether it starts this program.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::finding::Finding;
use super::jupyter;

const ABOUT: &str = "Kernelspec";
/// What mends most of what can be wrong with a kernelspec.
const AGAIN: &str = "Run `cqlbook install --user`, or `--sys-prefix` in the environment that has Jupyter.";

/// A kernelspec, read.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Spec {
    /// The folder that holds `kernel.json`.
    folder: PathBuf,
    argv: Vec<String>,
    interrupt_mode: Option<String>,
}

/// What is known of the program that a kernelspec starts.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Starts {
    /// There is no file at the path, or none of that name on PATH.
    Nothing,
    /// It cannot be run, or does not answer `--version`.
    Mute,
    /// It is another program than cqlbook, by the first line of its answer.
    Other(String),
    /// cqlbook of this version.
    Cqlbook(String),
}

/// Looks at each kernelspec among `folders`, where Jupyter would look for the kernel, first one first.
pub(super) async fn examine(folders: &[PathBuf]) -> Vec<Finding> {
    let mut places: Vec<&PathBuf> = Vec::new();
    for folder in folders {
        if folder.join("kernel.json").is_file() && !places.contains(&folder) {
            places.push(folder);
        }
    }
    let Some((winner, others)) = places.split_first() else {
        return vec![Finding::wrong(ABOUT, "Jupyter knows no kernel `cql`.", AGAIN)];
    };
    let first = match read(winner) {
        Ok(spec) => judge(&spec, &ask(&spec).await),
        Err(reason) => {
            Finding::wrong(ABOUT, format!("{} cannot be used: {reason}.", winner.display()), AGAIN)
        }
    };
    std::iter::once(first).chain(others.iter().map(|place| hidden(place, winner))).collect()
}

fn read(folder: &Path) -> Result<Spec, String> {
    let text = std::fs::read_to_string(folder.join("kernel.json"))
        .map_err(|error| format!("its kernel.json cannot be read ({error})"))?;
    let json: Value = serde_json::from_str(&text).map_err(|_| "its kernel.json is not JSON".to_owned())?;
    let argv: Vec<String> = json
        .get("argv")
        .and_then(Value::as_array)
        .map(|words| words.iter().filter_map(|word| word.as_str().map(str::to_owned)).collect())
        .unwrap_or_default();
    if argv.is_empty() {
        return Err("its kernel.json has no argv".to_owned());
    }
    let interrupt_mode = json.get("interrupt_mode").and_then(Value::as_str).map(str::to_owned);
    Ok(Spec { folder: folder.to_owned(), argv, interrupt_mode })
}

/// The program, as Jupyter would find it: `{resource_dir}` is the kernelspec's folder, a bare name is looked up on PATH.
fn program(spec: &Spec) -> Option<PathBuf> {
    let named = spec.argv.first()?.replace("{resource_dir}", &spec.folder.to_string_lossy());
    let path = PathBuf::from(&named);
    if path.components().count() > 1 {
        Some(path).filter(|path| path.is_file())
    } else {
        jupyter::find(&named)
    }
}

async fn ask(spec: &Spec) -> Starts {
    let Some(program) = program(spec) else { return Starts::Nothing };
    match jupyter::said(&program, &["--version"]).await {
        None => Starts::Mute,
        Some(said) => {
            let line = said.lines().next().unwrap_or_default().trim();
            match line.strip_prefix("cqlbook ") {
                Some(version) => Starts::Cqlbook(version.to_owned()),
                None => Starts::Other(line.to_owned()),
            }
        }
    }
}

fn judge(spec: &Spec, starts: &Starts) -> Finding {
    let folder = spec.folder.display();
    let program = spec.argv.first().map_or("", String::as_str);
    let wrong = |found: String| Finding::wrong(ABOUT, found, AGAIN);
    match starts {
        Starts::Nothing => return wrong(format!("{folder} starts {program}, which is not there.")),
        Starts::Mute => return wrong(format!("{folder} starts {program}, which cannot be run.")),
        Starts::Other(said) => {
            return wrong(format!("{folder} starts {program}, which is not cqlbook. It says: {said}."));
        }
        Starts::Cqlbook(_) => {}
    }
    if !as_written(&spec.argv) {
        return wrong(format!("{folder} starts cqlbook with other arguments than it takes."));
    }
    if spec.interrupt_mode.as_deref() != Some("message") {
        return wrong(format!(
            "{folder} lacks \"interrupt_mode\": \"message\", so that Stop would end the kernel."
        ));
    }
    match starts {
        Starts::Cqlbook(version) if version != env!("CARGO_PKG_VERSION") => Finding::warning(
            ABOUT,
            format!("Jupyter starts cqlbook {version} by {folder}; this is {}.", env!("CARGO_PKG_VERSION")),
            AGAIN,
        ),
        _ => Finding::good(ABOUT, format!("Jupyter starts this version by {folder}.")),
    }
}

/// Whether the words after the program are those that `cqlbook install` writes.
fn as_written(argv: &[String]) -> bool {
    let words: Vec<&str> = argv.iter().skip(1).map(String::as_str).collect();
    matches!(words[..], ["kernel", "--connection-file" | "-f", "{connection_file}"])
}

/// A kernelspec that Jupyter does not use.
fn hidden(place: &Path, winner: &Path) -> Finding {
    Finding::note(ABOUT, format!("{} is not used: {} comes before it.", place.display(), winner.display()))
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::super::finding::text;
    use super::*;

    fn spec(argv: &[&str], interrupt_mode: Option<&str>) -> Spec {
        Spec {
            folder: PathBuf::from("/j/kernels/cql"),
            argv: argv.iter().map(|word| (*word).to_owned()).collect(),
            interrupt_mode: interrupt_mode.map(str::to_owned),
        }
    }

    #[test]
    fn each_way_to_be_wrong_has_its_sentence() {
        let version = env!("CARGO_PKG_VERSION").to_owned();
        let whole =
            spec(&["/b/cqlbook", "kernel", "--connection-file", "{connection_file}"], Some("message"));
        let findings = [
            judge(&whole, &Starts::Cqlbook(version.clone())),
            judge(&whole, &Starts::Nothing),
            judge(&whole, &Starts::Mute),
            judge(&whole, &Starts::Other("Python 3.11.2".to_owned())),
            judge(&whole, &Starts::Cqlbook("0.0.9".to_owned())),
            judge(&spec(&["/b/cqlbook", "-f", "x"], Some("message")), &Starts::Cqlbook(version.clone())),
            judge(&Spec { interrupt_mode: None, ..whole }, &Starts::Cqlbook(version)),
            hidden(Path::new("/u/kernels/cql"), Path::new("/j/kernels/cql")),
        ];
        assert_snapshot!(text(&findings), @r#"
        ✓ ok       Kernelspec  Jupyter starts this version by /j/kernels/cql.
        ✗ wrong    Kernelspec  /j/kernels/cql starts /b/cqlbook, which is not there.
                               → Run `cqlbook install --user`, or `--sys-prefix` in the environment that has Jupyter.
        ✗ wrong    Kernelspec  /j/kernels/cql starts /b/cqlbook, which cannot be run.
                               → Run `cqlbook install --user`, or `--sys-prefix` in the environment that has Jupyter.
        ✗ wrong    Kernelspec  /j/kernels/cql starts /b/cqlbook, which is not cqlbook. It says: Python 3.11.2.
                               → Run `cqlbook install --user`, or `--sys-prefix` in the environment that has Jupyter.
        ! warning  Kernelspec  Jupyter starts cqlbook 0.0.9 by /j/kernels/cql; this is 0.1.0.
                               → Run `cqlbook install --user`, or `--sys-prefix` in the environment that has Jupyter.
        ✗ wrong    Kernelspec  /j/kernels/cql starts cqlbook with other arguments than it takes.
                               → Run `cqlbook install --user`, or `--sys-prefix` in the environment that has Jupyter.
        ✗ wrong    Kernelspec  /j/kernels/cql lacks "interrupt_mode": "message", so that Stop would end the kernel.
                               → Run `cqlbook install --user`, or `--sys-prefix` in the environment that has Jupyter.
        – note     Kernelspec  /u/kernels/cql is not used: /j/kernels/cql comes before it.

        5 things are wrong, 1 thing could be better.
        "#);
    }

    #[test]
    fn a_spec_that_moves_with_its_folder_is_resolved() {
        let prefix = tempfile::tempdir().unwrap();
        let folder = prefix.path().join("share/jupyter/kernels/cql");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::create_dir_all(prefix.path().join("bin")).unwrap();
        std::fs::write(prefix.path().join("bin/cqlbook"), "").unwrap();
        let spec = Spec { folder, ..spec(&["{resource_dir}/../../../../bin/cqlbook"], None) };
        assert!(program(&spec).is_some());
    }
}
