"""What the tests of the wheel share. `cargo xtask test wheel` makes an empty environment, runs pytest by it and sets:

CQLBOOK_TEST_WHEEL      the wheel
CQLBOOK_TEST_BUNDLE     the path of the local Astra's Secure Connect Bundle
CQLBOOK_TEST_TOKEN      the path of its token JSON
"""

import json
import os
import subprocess
import sys
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
import pytest

#: The environment whose Python runs these tests; the wheel is installed into it and into nothing else.
PREFIX = Path(sys.prefix)


def _variable(name: str) -> str:
    value = os.environ.get(name)
    if not value:
        pytest.fail(f"{name} is not set. Run these tests by: cargo xtask test wheel")
    return value


@dataclass
class Shell:
    """A terminal of somebody who has this environment, an empty home and no setting of Jupyter's."""

    home: Path
    #: Not shown when a test fails: a token is in it.
    environment: dict[str, str] = field(repr=False)

    def run(self, *command, code: int | None = 0, **options) -> subprocess.CompletedProcess:
        """Runs a command to its end; an exit code other than `code` is a failure, with all that was said."""
        options.setdefault("timeout", 300)
        options.setdefault("stdin", None if "input" in options else subprocess.DEVNULL)
        if options["stdin"] is None:
            del options["stdin"]
        done = subprocess.run(
            [str(word) for word in command], env=self.environment, text=True, capture_output=True, **options
        )
        if code is not None and done.returncode != code:
            words = " ".join(map(str, command))
            pytest.fail(f"{words}: exit code {done.returncode}, not {code}\n{done.stdout}\n{done.stderr}")
        return done

    def pip(self, *arguments, prefix: Path = PREFIX) -> str:
        """Runs this environment's pip for the environment at `prefix`; no registry is asked."""
        python = prefix / "bin" / "python"
        options = ["--disable-pip-version-check", "--no-input"]
        return self.run(sys.executable, "-m", "pip", "--python", python, *options, *arguments).stdout

    def specs(self, **more: str) -> dict[str, dict]:
        """The kernels that Jupyter finds, by name, with more variables if need be."""
        richer = Shell(self.home, {**self.environment, **more})
        return json.loads(richer.run("jupyter", "kernelspec", "list", "--json").stdout)["kernelspecs"]


@pytest.fixture(scope="session")
def wheel() -> Path:
    """The wheel under test."""
    return Path(_variable("CQLBOOK_TEST_WHEEL"))


@pytest.fixture(scope="session")
def fresh_shell(tmp_path_factory) -> Shell:
    """The terminal; its environment's variables name the local Astra as theirs."""
    home = tmp_path_factory.mktemp("home")
    token = json.loads(Path(_variable("CQLBOOK_TEST_TOKEN")).read_text())
    environment = {
        "PATH": os.pathsep.join([str(PREFIX / "bin"), "/usr/local/bin", "/usr/bin", "/bin"]),
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "ASTRA_DB_SECURE_BUNDLE_PATH": _variable("CQLBOOK_TEST_BUNDLE"),
        "ASTRA_DB_CLIENT_ID": token["clientId"],
        "ASTRA_DB_CLIENT_SECRET": token["secret"],
    }
    return Shell(home, environment)


@pytest.fixture(scope="session")
def found_before(fresh_shell) -> dict[str, dict]:
    """The kernels that Jupyter found before the wheel was installed."""
    fresh_shell.pip("uninstall", "--yes", "cqlbook")
    return fresh_shell.specs()


@pytest.fixture(scope="session")
def shell(fresh_shell, found_before, wheel) -> Shell:
    """The terminal, after `pip install` of the wheel and nothing more."""
    fresh_shell.pip("install", "--no-index", wheel)
    return fresh_shell


@pytest.fixture(scope="session")
def keyspace() -> str:
    """The keyspace that the bundle names."""
    with zipfile.ZipFile(_variable("CQLBOOK_TEST_BUNDLE")) as bundle:
        return json.loads(bundle.read("config.json"))["keyspace"]


def write_notebook(path: Path, *cells) -> Path:
    """Writes a notebook for the kernel `cql` of these cells; a pair is a cell with a tag."""
    book = nbformat.v4.new_notebook(
        metadata={"kernelspec": {"name": "cql", "display_name": "CQL", "language": "cql"}}
    )
    for number, cell in enumerate(cells):
        source, tags = (cell, []) if isinstance(cell, str) else (cell[0], [cell[1]])
        # An id of chance would differ from run to run.
        book.cells.append(nbformat.v4.new_code_cell(source, id=f"cell-{number}", metadata={"tags": tags}))
    nbformat.write(book, path)
    return path


@pytest.fixture
def notebook(tmp_path):
    """Writes a notebook of a name and these cells into the test's folder."""
    return lambda name, *cells: write_notebook(tmp_path / name, *cells)


def texts(path: Path) -> list[str]:
    """What each code cell of an executed notebook answered, as plain text."""

    def text(output) -> str:
        if output.output_type == "error":
            return f"{output.ename}: {output.evalue}"
        return output.get("text") or output.get("data", {}).get("text/plain", "")

    cells = nbformat.read(path, as_version=4).cells
    return ["\n".join(map(text, cell.outputs)) for cell in cells if cell.cell_type == "code"]
