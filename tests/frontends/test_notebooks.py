"""The executed notebooks: what the files hold, and what a person with JupyterLab sees."""

import contextlib
import html.parser
import shutil
from pathlib import Path

import nbformat
import pytest
from lab import Lab
from notebooks import NAMES, executed


@pytest.fixture(scope="module", params=NAMES)
def notebook(request) -> Path:
    """Each executed notebook in turn."""
    return executed(request.param)


@pytest.fixture(scope="module")
def labs(tmp_path_factory):
    """A JupyterLab for each theme, started when it is first asked for: they show notebooks and run none."""
    with contextlib.ExitStack() as opened:
        known: dict[str, Lab] = {}

        def lab(theme: str) -> Lab:
            if theme not in known:
                known[theme] = opened.enter_context(Lab(tmp_path_factory.mktemp(theme), theme=theme))
            return known[theme]

        yield lab


class Tables(html.parser.HTMLParser):
    """Counts the rows of each `cqlbook-rows` table of an output."""

    def __init__(self, text: str):
        super().__init__()
        self.rows: list[int] = []
        self.depth = 0
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        """A table of ours begins, or one of its rows."""
        classes = (dict(attrs).get("class") or "").split()
        if tag == "table":
            self.depth += 1
            if "cqlbook-rows" in classes:
                self.rows.append(0)
        elif tag == "tr" and self.rows and self.depth:
            self.rows[-1] += 1

    def handle_endtag(self, tag):
        """A table ends."""
        if tag == "table":
            self.depth -= 1


def outputs_of(notebook: Path) -> list[dict]:
    """All outputs of a notebook, in order."""
    read = nbformat.read(notebook, as_version=4)
    nbformat.validate(read)
    return [output for cell in read.cells if cell.cell_type == "code" for output in cell.outputs]


def test_every_code_cell_ran(notebook):
    cells = [cell for cell in nbformat.read(notebook, as_version=4).cells if cell.cell_type == "code"]
    assert len(cells) >= 5
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))


def test_nothing_failed(notebook):
    assert [output for output in outputs_of(notebook) if output.output_type == "error"] == []


def test_rows_come_as_html_and_as_text(notebook):
    drawn = [out for out in outputs_of(notebook) if "cqlbook-rows" in out.get("data", {}).get("text/html", "")]
    assert drawn, "a notebook shows rows"
    for output in drawn:
        assert all(rows >= 2 for rows in Tables(output.data["text/html"]).rows), "a header and at least one row"
        assert output.data["text/plain"].strip(), "a text twin"
        assert "application/json" not in output.data


@pytest.mark.browser
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_can_be_looked_at(notebook, pictures, labs, theme):
    """No assertion tells a beautiful table from an ugly one; the pictures are for people."""
    lab = labs(theme)
    shutil.copy(notebook, lab.folder / notebook.name)
    picture = pictures / f"{notebook.stem}-{theme}.png"
    with lab.window() as window:
        window.open(notebook.name, kernel=False)
        window.picture(picture)
        assert window.strays == []
    assert picture.stat().st_size > 20_000


@pytest.mark.browser
def test_an_untrusted_notebook_looks_as_a_trusted_one(notebook, labs):
    """JupyterLab sanitizes the HTML of untrusted notebooks only: what it draws must be the same either way."""
    lab = labs("light")
    for name in ("trusted.ipynb", "untrusted.ipynb"):
        shutil.copy(notebook, lab.folder / name)
    # A signature is of the content, so the copies must differ in it.
    other = nbformat.read(lab.folder / "untrusted.ipynb", as_version=4)
    other.metadata["copy"] = "untrusted"
    nbformat.write(other, lab.folder / "untrusted.ipynb")
    lab.trust("trusted.ipynb")
    drawn = {}
    for name in ("trusted.ipynb", "untrusted.ipynb"):
        with lab.window() as window:
            window.open(name, kernel=False)
            assert window.is_trusted() == (name == "trusted.ipynb")
            drawn[name] = window.drawn_outputs()
    assert len(drawn["trusted.ipynb"]) >= 5
    assert drawn["untrusted.ipynb"] == drawn["trusted.ipynb"]
