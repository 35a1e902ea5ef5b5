"""The tools that people run notebooks with: nbconvert, the console, jupytext, nbdime."""

import shutil
from pathlib import Path

import nbformat
import pytest
from conftest import PREFIX, texts, write_notebook

CELLS = (
    "%connect astra --no-save",
    "CREATE TABLE IF NOT EXISTS {keyspace}.wheel_crabs (name text PRIMARY KEY, legs int);\n"
    "INSERT INTO {keyspace}.wheel_crabs (name, legs) VALUES ('<b>ferris</b> 🦀', 8);",
    "%%cql --consistency LOCAL_QUORUM\n-- a comment; with a semicolon\nSELECT name, legs FROM {keyspace}.wheel_crabs;",
    "%param legs = 8\n\n\nSELECT name FROM {keyspace}.wheel_crabs WHERE legs = :legs ALLOW FILTERING;",
)


#: Without the times of each cell's run, which nbconvert would keep in the cell's metadata.
EXECUTE = ("jupyter", "nbconvert", "--execute", "--to", "notebook", "--inplace", "--ExecutePreprocessor.record_timing=False")


@pytest.fixture(scope="session")
def executed_once(shell, keyspace, tmp_path_factory) -> Path:
    """A notebook of a few queries, executed by nbconvert."""
    path = tmp_path_factory.mktemp("crabs") / "crabs.ipynb"
    write_notebook(path, *(cell.format(keyspace=keyspace) for cell in CELLS))
    shell.run(*EXECUTE, path)
    return path


@pytest.fixture
def executed(executed_once, tmp_path):
    """Copies it, for a test to change."""
    return lambda name: Path(shutil.copy(executed_once, tmp_path / name))


def test_nbconvert_executes(executed):
    book = nbformat.read(executed("crabs.ipynb"), as_version=4)
    nbformat.validate(book)
    assert [cell.execution_count for cell in book.cells] == [1, 2, 3, 4]
    assert book.metadata.language_info.name == "cql"
    (table,) = [output for output in book.cells[2].outputs if "text/html" in output.get("data", {})]
    assert 'class="cqlbook-rows' in table.data["text/html"]
    assert "<b>ferris</b> 🦀" in table.data["text/plain"]


def test_nbconvert_makes_a_page(shell, executed):
    book = executed("crabs.ipynb")
    shell.run("jupyter", "nbconvert", "--execute", "--to", "html", book)
    page = book.with_suffix(".html").read_text()
    assert "cqlbook-rows" in page
    assert "&lt;b&gt;ferris&lt;/b&gt; 🦀" in page
    assert "<b>ferris</b>" not in page


def test_nbconvert_stops_at_an_error(shell, notebook):
    book = notebook("bad.ipynb", "SELECT * FROM nowhere;")
    done = shell.run(*EXECUTE, book, code=1)
    assert "NOT_CONNECTED" in done.stderr


def _kernels() -> list[str]:
    """The kernels of this environment that run."""
    program, running = str(PREFIX / "bin/cqlbook"), []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if str((process / "exe").readlink()) == program:
                running.append((process / "cmdline").read_text().replace("\0", " "))
        except OSError:
            continue  # it has ended meanwhile, or is another user's
    return running


def test_the_console_answers_and_leaves_nothing_behind(shell):
    done = shell.run(
        *("jupyter", "console", "--kernel", "cql", "--simple-prompt", "--JupyterConsoleApp.confirm_exit=False"),
        input="%help\n%param day = '2013-01-01'\nexit\n",
    )
    assert "%connect" in done.stdout
    assert ":day = '2013-01-01'" in done.stdout
    assert "Traceback" not in done.stderr
    assert _kernels() == []


def test_jupytext_keeps_cells_and_outputs(shell, executed):
    """In MyST, where a code cell is marked as one. jupytext's plain Markdown knows code cells by a list of languages of its
    own, which has no CQL."""
    book = executed("crabs.ipynb")
    before = nbformat.read(book, as_version=4)
    text = book.with_suffix(".md")
    shell.run("jupytext", "--to", "md:myst", book)
    assert "%%cql --consistency LOCAL_QUORUM" in text.read_text()
    # Back without the notebook: the sources are all in the text.
    alone = book.with_name("alone.ipynb")
    shell.run("jupytext", "--to", "ipynb", "--output", alone, text)
    sources = [cell.source for cell in before.cells]
    assert [cell.source for cell in nbformat.read(alone, as_version=4).cells] == sources
    assert nbformat.read(alone, as_version=4).metadata.kernelspec.name == "cql"
    # Back into the notebook: one source was edited, and the outputs of the others stay.
    text.write_text(text.read_text().replace("%param legs = 8", "%param legs = 10"))
    shell.run("jupytext", "--to", "ipynb", "--update", text)
    after = nbformat.read(book, as_version=4)
    assert after.cells[3].source == sources[3].replace("legs = 8", "legs = 10")
    assert [cell.source for cell in after.cells[:3]] == sources[:3]
    assert [cell.outputs for cell in after.cells[:3]] == [cell.outputs for cell in before.cells[:3]]
    # And what came back runs.
    shell.run(*EXECUTE, book)
    assert "0 rows" in texts(book)[3]


def test_nbdiff_shows_what_differs(shell, executed):
    one, other = executed("one.ipynb"), executed("other.ipynb")
    book = nbformat.read(other, as_version=4)
    book.cells.append(nbformat.v4.new_code_cell("%param added = 1"))
    nbformat.write(book, other)
    shell.run(*EXECUTE, other)
    assert "%param added = 1" in shell.run("nbdiff", "--no-color", one, other).stdout
    said = shell.run("nbdiff", "--no-color", "--sources", one, other).stdout
    assert "%param added = 1" in said
    assert "ferris" not in said, "only the new cell differs in its source"
    said = shell.run("nbdiff", "--no-color", one, one).stdout
    assert said.strip() == ""


def test_nbmerge_merges_both_sides(shell, executed):
    base = executed("base.ipynb")
    sides = {}
    for name, index, line in (("local", 2, "-- from local"), ("remote", 3, "-- from remote")):
        sides[name] = base.with_name(f"{name}.ipynb")
        shutil.copy(base, sides[name])
        book = nbformat.read(sides[name], as_version=4)
        book.cells[index].source += f"\n{line}"
        nbformat.write(book, sides[name])
        # Run again, so that its outputs have other times in them.
        shell.run(*EXECUTE, sides[name])
    merged = base.with_name("merged.ipynb")
    # Both sides have new outputs for every cell: whose to take is for the person who merges to say.
    options = ["--output-strategy", "use-local", "--out", merged]
    shell.run("nbmerge", base, sides["local"], sides["remote"], *options)
    book = nbformat.read(merged, as_version=4)
    nbformat.validate(book)
    assert book.cells[2].source.endswith("-- from local")
    assert book.cells[3].source.endswith("-- from remote")
    assert "ferris" in texts(merged)[2]
