//! `cargo xtask …`: what the README's commands run.
//!
//! It starts other programs and reads their answers; it knows nothing of Jupyter's or Cassandra's protocols.
//! Everything it installs or makes is in the project's own ignored folder `.work`.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "the terminal is this program's output")]

mod apt;
mod bench;
mod data;
mod demo;
mod deny;
mod failure;
mod kernel;
mod notebooks;
mod places;
mod prerequisites;
mod python;
mod sandbox;
mod shell;
mod stages;
mod test;
mod tidy;
mod wheel;

use std::process::ExitCode;

use crate::failure::{Failure, Outcome};
use crate::places::Places;

const USAGE: &str = "\
Usage: cargo xtask COMMAND

  demo             Build the kernel, start a local Astra, run the flights notebook through it.
  lab              Build the engine of `%%sql` too, and open JupyterLab with the kernel, a local Astra and the notebooks.
  test [PART…]     Run every check, or only the parts whose names contain one of the words given.
  sandbox          Run a local Astra until Ctrl-C, and print how to connect to it.
  bench kernel     Measure start, round trip, memory and size of the kernel beside ipykernel and deno.
                   With --write the figures go into docs/performance.md.
  bench data       Measure fetching, exporting and loading a million rows beside the floor, the Python driver, cqlsh and DSBulk.
                   With --write the figures go into docs/performance.md; --lean leaves local SQL out, which is quicker.
  bench split      Measure how long a cell of a megabyte takes to be split into its steps.
  bench tables     Measure what drawing and keeping a result costs beside fetching it.
                   With --write the figures go into docs/performance.md.
  wheel            Build the wheel that `pip install` takes, into .work/wheels; with --dist a smaller one, for publishing.
  tidy             Check the conventions of the repository.

With ASTRA_DB_SECURE_BUNDLE_PATH set, demo and lab use that database instead of a local one.
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments.iter().map(String::as_str).collect::<Vec<_>>()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("xtask: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[&str]) -> Outcome {
    let places = Places::of_this_checkout()?;
    match arguments {
        ["demo"] => demo::demo(&places),
        ["lab", options @ ..] => demo::lab(&places, options),
        ["test", parts @ ..] => test::test(&places, parts),
        ["sandbox", options @ ..] => sandbox::in_the_foreground(&places, options),
        ["bench", "kernel", options @ ..] => bench::kernel(&places, options),
        ["bench", "data", options @ ..] => bench::data(&places, options),
        ["bench", "split"] => bench::split(),
        ["bench", "tables", options @ ..] => bench::tables(&places, options),
        ["tidy"] => tidy::tidy(&places),
        ["wheel", options @ ..] => wheel::wheel(&places, options),
        [] | ["help" | "--help" | "-h"] => {
            print!("{USAGE}");
            Ok(())
        }
        _ => Err(Failure::new(format!("`{}` is not a command.\n\n{USAGE}", arguments.join(" ")))),
    }
}
