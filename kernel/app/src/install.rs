//! Puts the kernelspec where Jupyter looks for it, and takes it away again.
//!
//! It writes one folder, `kernels/cql`, and nothing else; the folder of another program's kernel is left alone.

pub(crate) mod places;
mod program;

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use places::Environment;

/// The folder's name under `kernels/`, by which notebooks name the kernel.
pub(crate) const SPEC_NAME: &str = "cql";

/// The kernelspec as the wheel carries it. Its first argument leads from its folder to the program of the same wheel.
const SPEC: &str = include_str!("../../../kernelspec/data/share/jupyter/kernels/cql/kernel.json");

const LOGOS: [(&str, &[u8]); 3] = [
    ("logo-32x32.png", include_bytes!("../../../kernelspec/data/share/jupyter/kernels/cql/logo-32x32.png")),
    ("logo-64x64.png", include_bytes!("../../../kernelspec/data/share/jupyter/kernels/cql/logo-64x64.png")),
    ("logo-svg.svg", include_bytes!("../../../kernelspec/data/share/jupyter/kernels/cql/logo-svg.svg")),
];

/// Whose Jupyter the kernel is installed for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// The user's own data folder.
    User,
    /// The Python environment that is active, as `sys.prefix` names it.
    SysPrefix,
    /// Under `PREFIX/share/jupyter`.
    Prefix(PathBuf),
}

/// What can go wrong while installing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InstallError {
    #[error("The user's home folder is unknown. Set HOME, or use --prefix.")]
    NoHome,
    #[error(
        "There is no active Python environment. Activate one, or use --user or --prefix. (python3 did not say its sys.prefix.)"
    )]
    NoPython,
    #[error("The program cannot find its own path: {0}.")]
    NoProgram(#[source] io::Error),
    #[error("The kernelspec inside the program is no JSON: {0}.")]
    NoSpec(#[source] serde_json::Error),
    #[error(
        "{path} holds a kernel `{SPEC_NAME}` of another program, which starts {starts}. Nothing was changed. Take it away first: jupyter kernelspec remove {SPEC_NAME}."
    )]
    Foreign { path: PathBuf, starts: String },
    #[error("{path} could not be written: {source}.")]
    Write { path: PathBuf, source: io::Error },
    #[error("{path} could not be removed: {source}.")]
    Remove { path: PathBuf, source: io::Error },
}

/// What `install` did, and what the user should know of it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Installed {
    /// The folder of the kernelspec.
    pub(crate) folder: PathBuf,
    /// The program that it starts.
    pub(crate) program: PathBuf,
    /// A kernelspec of the same name in a place where Jupyter looks before, and what that one starts.
    pub(crate) shadowed_by: Option<(PathBuf, String)>,
}

/// Writes the kernelspec. An older one of ours is replaced, file by file: a kernel can be started from it at any time.
pub(crate) fn install(place: &Place) -> Result<Installed, InstallError> {
    let environment = Environment::of_this_process();
    let program =
        program::of_this_process(&environment.program_folders()).map_err(InstallError::NoProgram)?;
    install_as(place, &environment, &program)
}

fn install_as(place: &Place, environment: &Environment, program: &Path) -> Result<Installed, InstallError> {
    let folder = environment.spec_folder(place)?;
    refuse_foreign(&folder)?;
    let spec = format!("{:#}\n", kernel_json(program).map_err(InstallError::NoSpec)?);
    fs::create_dir_all(&folder).map_err(|source| InstallError::Write { path: folder.clone(), source })?;
    // kernel.json comes last: without it the folder is no kernel.
    for (name, bytes) in LOGOS.into_iter().chain([("kernel.json", spec.as_bytes())]) {
        let path = folder.join(name);
        write_whole(&path, bytes).map_err(|source| InstallError::Write { path, source })?;
    }
    let same = |other: &Path| other == folder || other.canonicalize().ok() == folder.canonicalize().ok();
    let shadowed_by = environment
        .spec_folders(place)
        .into_iter()
        .take_while(|other| !same(other))
        .find_map(|other| Some((other.clone(), read(&other)?.starts())));
    Ok(Installed { folder, program: program.to_owned(), shadowed_by })
}

/// What `uninstall` did.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Uninstalled {
    /// The folder that was removed; `None` when there was no kernelspec in it.
    pub(crate) folder: Option<PathBuf>,
    /// A kernelspec of the same name that Jupyter still finds in another place.
    pub(crate) left: Option<PathBuf>,
}

/// Removes the kernelspec.
pub(crate) fn uninstall(place: &Place) -> Result<Uninstalled, InstallError> {
    uninstall_as(place, &Environment::of_this_process())
}

fn uninstall_as(place: &Place, environment: &Environment) -> Result<Uninstalled, InstallError> {
    let folder = environment.spec_folder(place)?;
    let there = folder.join("kernel.json").exists();
    if there {
        refuse_foreign(&folder)?;
        if let Err(source) = fs::remove_dir_all(&folder) {
            return Err(InstallError::Remove { path: folder, source });
        }
    }
    let left = environment.spec_folders(place).into_iter().find(|other| read(other).is_some());
    Ok(Uninstalled { folder: there.then_some(folder), left })
}

/// The kernelspec that starts `program`.
///
/// Format: jupyter_client's documentation, "Kernel specs".
fn kernel_json(program: &Path) -> serde_json::Result<Value> {
    let mut spec: Value = serde_json::from_str(SPEC)?;
    spec["argv"][0] = json!(program.to_string_lossy());
    Ok(spec)
}

/// A kernelspec that was found on the disk.
pub(crate) struct Spec(Value);

/// The kernelspec in a folder, if there is one that can be read.
pub(crate) fn read(folder: &Path) -> Option<Spec> {
    let text = fs::read(folder.join("kernel.json")).ok()?;
    serde_json::from_slice(&text).ok().map(Spec)
}

impl Spec {
    /// The program that it starts, as it is written there.
    pub(crate) fn starts(&self) -> String {
        self.0["argv"][0].as_str().unwrap_or("nothing").to_owned()
    }

    /// Whether it starts a kernel as ours does: by a program named `cqlbook`, or with our arguments.
    pub(crate) fn is_ours(&self) -> bool {
        let arguments = self.0["argv"].as_array().map(Vec::as_slice).unwrap_or_default();
        let named = Path::new(&self.starts()).file_stem().is_some_and(|name| name == "cqlbook");
        named || arguments.get(1).is_some_and(|verb| verb == "kernel")
    }
}

/// A kernel of the same name that is not ours is its owner's. What cannot be read is nobody's.
fn refuse_foreign(folder: &Path) -> Result<(), InstallError> {
    match read(folder) {
        Some(spec) if !spec.is_ours() => {
            Err(InstallError::Foreign { path: folder.to_owned(), starts: spec.starts() })
        }
        _ => Ok(()),
    }
}

/// Writes a file so that whoever reads it finds the old one or the new one, whole.
fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    let new = path.with_file_name(name);
    let written = fs::File::create(&new)
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&new, path));
    if written.is_err() {
        let _ = fs::remove_file(&new);
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROGRAM: &str = "/opt/bin/cqlbook";

    fn put(prefix: &Path) -> Result<Installed, InstallError> {
        install_as(&Place::Prefix(prefix.to_owned()), &Environment::default(), Path::new(PROGRAM))
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn install_writes_one_folder_and_uninstall_takes_it_away() {
        let prefix = tempfile::tempdir().unwrap();
        let place = Place::Prefix(prefix.path().to_owned());
        let gone = || uninstall_as(&place, &Environment::default()).unwrap().folder;
        let done = install(&place).unwrap();
        let folder = prefix.path().join("share/jupyter/kernels/cql");
        assert_eq!(done.folder, folder);
        assert_eq!(names(&folder), ["kernel.json", "logo-32x32.png", "logo-64x64.png", "logo-svg.svg"]);
        assert_eq!(read(&folder).unwrap().starts(), done.program.to_string_lossy());
        assert_eq!(install(&place).unwrap(), done, "a second install replaces the first");
        assert_eq!(names(&folder).len(), 4, "and leaves nothing beside it");
        assert_eq!(gone(), Some(folder.clone()));
        assert!(!folder.exists());
        assert_eq!(gone(), None);
    }

    #[test]
    fn the_kernelspec_is_the_wheels_but_for_the_program() {
        let (wheel, ours): (Value, Value) =
            (serde_json::from_str(SPEC).unwrap(), kernel_json(Path::new(PROGRAM)).unwrap());
        assert_eq!(wheel["argv"][0], "{resource_dir}/../../../../bin/cqlbook");
        assert_eq!(ours["argv"], json!([PROGRAM, "kernel", "--connection-file", "{connection_file}"]));
        assert_eq!(ours["interrupt_mode"], "message");
        let rest = |mut spec: Value| {
            spec["argv"][0].take();
            spec
        };
        assert_eq!(rest(wheel), rest(ours));
    }

    #[test]
    fn what_jupyter_finds_first_is_said() {
        let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let first_folder = put(first.path()).unwrap().folder;
        let place = Place::Prefix(second.path().to_owned());
        let environment = Environment::of(&[("JUPYTER_PATH", &first.path().join("share/jupyter"))]);
        let done = install_as(&place, &environment, Path::new("/new/cqlbook")).unwrap();
        assert_eq!(done.shadowed_by, Some((first_folder.clone(), PROGRAM.to_owned())));
        // The first one is shadowed by nothing.
        let place = Place::Prefix(first.path().to_owned());
        assert_eq!(install_as(&place, &environment, Path::new(PROGRAM)).unwrap().shadowed_by, None);
        // Without the second, Jupyter still finds the first.
        let place = Place::Prefix(second.path().to_owned());
        let gone = uninstall_as(&place, &environment).unwrap();
        assert_eq!(gone, Uninstalled { folder: Some(done.folder), left: Some(first_folder) });
    }

    #[test]
    fn a_kernel_of_another_program_is_left_alone() {
        let prefix = tempfile::tempdir().unwrap();
        let folder = put(prefix.path()).unwrap().folder;
        let other = r#"{"argv": ["python", "-m", "other", "{connection_file}"], "language": "cql"}"#;
        fs::write(folder.join("kernel.json"), other).unwrap();
        let refused = put(prefix.path()).unwrap_err().to_string();
        assert!(refused.contains("another program, which starts python"), "{refused}");
        assert!(matches!(
            uninstall(&Place::Prefix(prefix.path().to_owned())),
            Err(InstallError::Foreign { .. })
        ));
        assert_eq!(fs::read_to_string(folder.join("kernel.json")).unwrap(), other);
        // A file that is cut short is nobody's.
        fs::write(folder.join("kernel.json"), &other[..20]).unwrap();
        assert!(put(prefix.path()).is_ok());
    }

    #[test]
    fn a_file_that_cannot_be_replaced_is_named_and_nothing_stays_beside_it() {
        let prefix = tempfile::tempdir().unwrap();
        let folder = prefix.path().join("share/jupyter/kernels/cql");
        fs::create_dir_all(folder.join("kernel.json/in the way")).unwrap();
        let failure = put(prefix.path()).unwrap_err().to_string();
        assert!(failure.contains("kernel.json could not be written"), "{failure}");
        assert!(names(&folder).iter().all(|name| !name.ends_with(".new")), "{:?}", names(&folder));
    }
}
