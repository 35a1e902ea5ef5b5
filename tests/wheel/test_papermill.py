"""papermill runs notebooks of ours with parameters: they arrive as typed values of prepared statements."""

import nbformat
import pytest
from conftest import texts

TABLE = """CREATE TABLE IF NOT EXISTS {keyspace}.wheel_kinds (
    day date, at timestamp, id uuid, address inet, note text, small int, big varint, ratio double, price decimal,
    ok boolean, nothing text, tags set<text>, scores list<int>, counts map<text, int>, raw blob,
    PRIMARY KEY (day, at, id)
);"""

INSERT = """INSERT INTO {keyspace}.wheel_kinds
    (day, at, id, address, note, small, big, ratio, price, ok, nothing, tags, scores, counts, raw)
VALUES (:day, :at, :id, :address, :note, :small, :big, :ratio, :price, :ok, :nothing, :tags, :scores, :counts, :raw);"""

ID = "123e4567-e89b-12d3-a456-426614174000"

#: By papermill's own options: what `-p` makes of a word, `-r` for text that looks like a number, `-y` for the rest.
PARAMETERS = [
    *("-p", "day", "2013-01-01", "-p", "at", "2013-01-01T10:30:00Z", "-p", "id", ID, "-p", "address", "10.0.0.7"),
    *("-p", "note", "it's 'ü' 🦀; -- all of it", "-p", "small", "-12", "-p", "big", "1" + "0" * 30),
    *("-p", "ratio", "0.25", "-r", "price", "1.50", "-p", "ok", "True", "-p", "nothing", "None"),
    *("-y", "{tags: [b, a, a], scores: [3, 1], counts: {x: 1, y: 2}}", "-p", "raw", "0xcafe"),
]


@pytest.fixture
def report(notebook, keyspace):
    """A notebook that writes its parameters as a row and reads the row back by them."""
    return notebook(
        "in.ipynb",
        ("-- The day to look at.\n%param day = '2000-01-01'\n%param small = 1", "parameters"),
        "%connect astra --no-save",
        TABLE.format(keyspace=keyspace),
        INSERT.format(keyspace=keyspace),
        f"SELECT * FROM {keyspace}.wheel_kinds WHERE day = :day AND at = :at AND id = :id;",
        f"SELECT note FROM {keyspace}.wheel_kinds WHERE day = :day AND small = :small ALLOW FILTERING;",
    )


def test_every_kind_of_value_arrives(shell, report):
    out = report.with_name("out.ipynb")
    shell.run("papermill", report, out, "-k", "cql", *PARAMETERS, cwd=report.parent)
    book = nbformat.read(out, as_version=4)
    (injected,) = [cell for cell in book.cells if "injected-parameters" in cell.metadata.tags]
    assert "%param day = '2013-01-01'\n" in injected.source
    assert "%param note = 'it''s ''ü'' 🦀; -- all of it'\n" in injected.source
    *_, row, notes = texts(out)
    values = {"2013-01-01", ID, "10.0.0.7", "it's 'ü' 🦀; -- all of it", "-12", "1" + "0" * 30, "0.25", "1.50"}
    values |= {"True", "null", "{'a', 'b'}", "[3, 1]", "{'x': 1, 'y': 2}", "0xcafe"}
    values |= {"2013-01-01 10:30:00"}
    assert [value for value in values if value not in row] == [], row
    assert "it's 'ü' 🦀; -- all of it" in notes


def test_the_notebooks_own_value_stands_where_none_is_given(shell, notebook):
    book = notebook("in.ipynb", ("%param day = '2000-01-01'\n%param n = 1", "parameters"), "%param")
    out = book.with_name("out.ipynb")
    shell.run("papermill", book, out, "-p", "n", "2")
    listed = texts(out)[-1]
    assert "'2000-01-01'" in listed
    assert "2" in listed.split(":n", 1)[1]


def test_a_failing_cell_fails_the_run(shell, notebook, keyspace):
    book = notebook(
        "in.ipynb", "%connect astra --no-save", f"SELECT * FROM {keyspace}.no_such_table WHERE day = :day;", "%help"
    )
    out = book.with_name("out.ipynb")
    done = shell.run("papermill", book, out, "-k", "cql", "-p", "day", "2013-01-01", code=1)
    assert "INVALID_QUERY" in done.stderr
    assert "no_such_table" in done.stderr
    assert "\x1b" not in done.stderr.rsplit("PapermillExecutionError", 1)[-1].split("INVALID_QUERY")[0]
    last = nbformat.read(out, as_version=4).cells[-1]
    assert last.execution_count is None, "what comes after a failure is not run"


def test_a_line_break_is_refused_before_anything_runs(shell, report):
    out = report.with_name("out.ipynb")
    done = shell.run("papermill", report, out, "-k", "cql", "-r", "note", "two\nlines", code=1)
    assert "The parameter `note` cannot be passed: its text has a line break" in done.stderr


def test_help_notebook_lists_the_parameters(shell, report):
    said = shell.run("papermill", "--help-notebook", report).stdout
    assert "day: text (default '2000-01-01')" in said
    assert "The day to look at." in said
    assert "small: int (default 1)" in said
