//! `cargo xtask bench …`: measurements beside the programs that users would otherwise run.

use crate::failure::Outcome;
use crate::places::Places;
use crate::prerequisites::{self, Need};
use crate::{kernel, python, shell};

/// `cargo xtask bench kernel`: start, round trip and memory, beside ipykernel in the same run.
pub(crate) fn kernel(places: &Places, options: &[&str]) -> Outcome {
    prerequisites::check(&[Need::Compiler, Need::Python])?;
    let program = kernel::build(places)?;
    python::ensure(places)?;
    kernel::install(&program, &places.venv())?;
    shell::run(python::python(places).arg(places.root.join("xtask/python/bench_kernel.py")).args(options))
}
