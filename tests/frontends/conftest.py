"""What the tests of frontends share. `cargo xtask test` sets the variables that they read:

CQLBOOK_SANDBOX         the local Astra's admin address and token
CQLBOOK_TEST_BUNDLE     the path of the local Astra's Secure Connect Bundle
CQLBOOK_TEST_TOKEN      the path of its token JSON
CQLBOOK_TEST_NOTEBOOKS  the folder with the notebooks as the `notebook` part executed them
CQLBOOK_PICTURES        where pictures are kept
JUPYTER_PATH            where the kernel under test is installed
"""

import json
import os
from pathlib import Path

import nbformat
import pytest

from fronts import Front
from lab import Lab
from notebooks import executed


def pytest_configure(config):
    """Names our mark."""
    config.addinivalue_line("markers", "browser: drives a real Chromium")


def _variable(name: str) -> str:
    value = os.environ.get(name)
    if not value:
        pytest.fail(f"{name} is not set. Run these tests by: cargo xtask test")
    return value


@pytest.fixture(scope="session")
def sandbox() -> dict[str, str]:
    """The local Astra: its bundle's path, and its token's `clientId` and `secret`."""
    token = json.loads(Path(_variable("CQLBOOK_TEST_TOKEN")).read_text())
    return {"bundle": _variable("CQLBOOK_TEST_BUNDLE"), **token}


@pytest.fixture(scope="session")
def astra(sandbox) -> dict[str, str]:
    """The environment that makes the local Astra the kernel's."""
    return {
        "ASTRA_DB_SECURE_BUNDLE_PATH": sandbox["bundle"],
        "ASTRA_DB_CLIENT_ID": sandbox["clientId"],
        "ASTRA_DB_CLIENT_SECRET": sandbox["secret"],
    }


@pytest.fixture(scope="session")
def _front():
    front = Front()
    yield front
    front.close()


@pytest.fixture
def front(_front):
    """A front door of our own, in good order; what a test slows down is put right after it."""
    _front.reset()
    yield _front
    _front.reset()


@pytest.fixture(scope="session")
def flights() -> Path:
    """The executed flights notebook."""
    return executed("flights.ipynb")


@pytest.fixture(scope="session")
def pictures() -> Path:
    """The folder for pictures."""
    return Path(_variable("CQLBOOK_PICTURES"))


def write_notebook(path: Path, cells: int) -> None:
    """Writes a notebook of so many empty cells for the kernel `cql`."""
    notebook = nbformat.v4.new_notebook(
        metadata={"kernelspec": {"name": "cql", "display_name": "CQL", "language": "cql"}}
    )
    notebook.cells = [nbformat.v4.new_code_cell() for _ in range(cells)]
    nbformat.write(notebook, path)


@pytest.fixture
def open_lab(tmp_path):
    """Makes a `Lab` on a folder with one notebook, `cells.ipynb`, of so many empty cells for the kernel `cql`.

    Without a number of cells the notebook is left as it is.
    """

    def make(cells: int | None = None, **options) -> Lab:
        if cells is not None:
            write_notebook(tmp_path / "cells.ipynb", cells)
        return Lab(tmp_path, **options)

    return make


@pytest.fixture(scope="module")
def lab(_front, tmp_path_factory):
    """A JupyterLab for all tests of a module, whose environment is the front's."""
    with Lab(tmp_path_factory.mktemp("lab"), environment=_front.environment) as lab:
        yield lab


@pytest.fixture
def window(lab, front):
    """A window of `lab` with a notebook of four cells, which its first cell has connected. No kernel outlives it."""
    write_notebook(lab.folder / "cells.ipynb", 4)
    with lab.window() as window:
        window.open("cells.ipynb")
        window.run(0, front.connect)
        yield window
    lab.end_kernels()
