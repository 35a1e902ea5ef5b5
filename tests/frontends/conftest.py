"""What the tests of frontends share. `cargo xtask test` sets the variables that they read:

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

from lab import Lab


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
def flights() -> Path:
    """The executed flights notebook."""
    path = Path(_variable("CQLBOOK_TEST_NOTEBOOKS")) / "flights.ipynb"
    if not path.is_file():
        pytest.fail(f"{path} is not there: the `notebook` part makes it.")
    return path


@pytest.fixture(scope="session")
def pictures() -> Path:
    """The folder for pictures."""
    return Path(_variable("CQLBOOK_PICTURES"))


@pytest.fixture
def open_lab(tmp_path):
    """Makes a `Lab` on a folder with one notebook, `cells.ipynb`, of so many empty cells for the kernel `cql`.

    Without a number of cells the notebook is left as it is.
    """

    def make(cells: int | None = None, **options) -> Lab:
        if cells is None:
            return Lab(tmp_path, **options)
        notebook = nbformat.v4.new_notebook(
            metadata={"kernelspec": {"name": "cql", "display_name": "CQL", "language": "cql"}}
        )
        notebook.cells = [nbformat.v4.new_code_cell() for _ in range(cells)]
        nbformat.write(notebook, tmp_path / "cells.ipynb")
        return Lab(tmp_path, **options)

    return make
