//! `cargo xtask demo` and `cargo xtask lab`: from a fresh checkout to an executed notebook, and to JupyterLab.

use std::process::Command;
use std::time::Instant;

use crate::failure::{Explain, Outcome};
use crate::places::Places;
use crate::prerequisites::{self, Need};
use crate::sandbox::{self, Sandbox};
use crate::{data, kernel, notebooks, python, shell};

/// Runs the flights notebook and says where it is.
pub(crate) fn demo(places: &Places) -> Outcome {
    let began = Instant::now();
    let astra = prepare(places, false)?;
    println!("Running notebooks/{}.", notebooks::SHOWN);
    let folder = places.demo();
    data::place(places, &folder)?;
    data::place(places, &places.notebooks())?; // for those who open the repository's own notebooks
    notebooks::run(places, notebooks::SHOWN, &folder, |python| astra.set(python))?;
    let executed = folder.join(notebooks::SHOWN);
    println!("\nDone in {:.0} s. The notebook, executed:", began.elapsed().as_secs_f64());
    println!("  {}", executed.display());
    println!("  {}", executed.with_extension("html").display());
    println!("Open it in JupyterLab, with the kernel and its database, by:");
    println!("  cargo xtask lab");
    if !places.built("release", kernel::ENGINE).exists() {
        println!(
            "That builds the engine of `%%sql` too, SQL on this machine, which is not there yet and takes a while."
        );
    }
    Ok(())
}

/// Opens JupyterLab on a folder with the notebooks; `options` go to JupyterLab.
pub(crate) fn lab(places: &Places, options: &[&str]) -> Outcome {
    let astra = prepare(places, true)?;
    let folder = places.demo();
    data::place(places, &folder)?;
    notebooks::copy(places, &folder)?;
    if let Astra::Local(_) = astra {
        println!("The local Astra starts empty: run a notebook from its first cell.");
    }
    println!("Starting JupyterLab on {}. Ctrl-C ends it.", places.shown(&folder));
    let mut jupyter = Command::new(places.venv_program("jupyter"));
    jupyter.args(["lab", "-y"]).arg(format!("--notebook-dir={}", folder.display()));
    jupyter.arg(format!("--LabApp.default_url=/lab/tree/{}", notebooks::SHOWN));
    if is_root() {
        jupyter.arg("--allow-root");
    }
    astra.set(jupyter.args(options).current_dir(&folder))?;
    let mut child = jupyter.spawn().explain("Cannot start JupyterLab")?;
    child.wait().explain("Cannot wait for JupyterLab")?;
    Ok(())
}

/// Everything that demo and lab need, the slow things after the cheap checks; `with_engine` for `%%sql`, which the shown notebook
/// has no cell of.
fn prepare(places: &Places, with_engine: bool) -> Outcome<Astra> {
    let own = std::env::var_os("ASTRA_DB_SECURE_BUNDLE_PATH").is_some();
    let mut needs = vec![Need::Compiler, Need::Python];
    if !own {
        needs.extend(sandbox::NEEDS);
    }
    prerequisites::check(&needs)?;
    prerequisites::install(&needs)?;
    println!("Building the kernel (a few minutes the first time).");
    let program = kernel::build(places)?;
    if with_engine {
        println!("Building the engine of `%%sql` (many minutes the first time).");
        kernel::build_engine(places)?;
    }
    python::ensure(places)?;
    data::ensure(places)?;
    kernel::install(&program, &places.venv())?;
    if own {
        println!("Using the database of ASTRA_DB_SECURE_BUNDLE_PATH.");
        return Ok(Astra::Own);
    }
    Ok(Astra::Local(Sandbox::build_and_start(places, &[])?))
}

/// The database that the notebooks meet.
enum Astra {
    /// The one that the user's environment names.
    Own,
    Local(Sandbox),
}

impl Astra {
    fn set(&self, command: &mut Command) -> Outcome {
        if let Self::Local(sandbox) = self {
            for name in sandbox::VARIABLES {
                command.env_remove(name);
            }
            command.envs(sandbox.environment()?);
        }
        Ok(())
    }
}

fn is_root() -> bool {
    cfg!(unix) && shell::output(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0")
}
