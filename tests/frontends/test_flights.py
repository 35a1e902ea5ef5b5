"""The executed flights notebook: what the file holds, and what a person with JupyterLab sees."""

import html.parser
import shutil

import nbformat
import pytest
from lab import Lab

FLIGHTS = 336_776  # in the csv file


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


@pytest.fixture(scope="module")
def outputs(flights) -> list[dict]:
    """All outputs of the notebook, in order."""
    notebook = nbformat.read(flights, as_version=4)
    nbformat.validate(notebook)
    return [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]


def text_of(output: dict) -> str:
    """An output as plain text."""
    if output.output_type == "stream":
        return output.text
    return output.get("data", {}).get("text/plain", "")


def test_every_code_cell_ran(flights):
    cells = [cell for cell in nbformat.read(flights, as_version=4).cells if cell.cell_type == "code"]
    assert len(cells) >= 10
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))


def test_nothing_failed(outputs):
    assert [output for output in outputs if output.output_type == "error"] == []


def test_rows_come_as_html_and_as_text(outputs):
    drawn = [output for output in outputs if "cqlbook-rows" in output.get("data", {}).get("text/html", "")]
    assert len(drawn) >= 5
    for output in drawn:
        assert all(rows >= 2 for rows in Tables(output.data["text/html"]).rows), "a header and at least one row"
        assert output.data["text/plain"].strip(), "a text twin"
        assert "application/json" not in output.data


def test_all_flights_were_loaded(outputs):
    texts = " ".join(text_of(output) for output in outputs).replace(",", "").replace("\u202f", "")
    assert str(FLIGHTS) in texts


@pytest.mark.browser
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_can_be_looked_at(flights, pictures, tmp_path, theme):
    """No assertion tells a beautiful table from an ugly one; the pictures are for people."""
    shutil.copy(flights, tmp_path / "flights.ipynb")
    with Lab(tmp_path, theme=theme) as lab, lab.window() as window:
        window.open("flights.ipynb", kernel=False)
        window.picture(pictures / f"flights-{theme}.png")
        assert window.strays == []
    assert (pictures / f"flights-{theme}.png").stat().st_size > 20_000


@pytest.mark.browser
def test_an_untrusted_notebook_looks_as_a_trusted_one(flights, tmp_path):
    """JupyterLab sanitizes the HTML of untrusted notebooks only: what it draws must be the same either way."""
    for name in ("trusted.ipynb", "untrusted.ipynb"):
        shutil.copy(flights, tmp_path / name)
    # A signature is of the content, so the copies must differ in it.
    other = nbformat.read(tmp_path / "untrusted.ipynb", as_version=4)
    other.metadata["copy"] = "untrusted"
    nbformat.write(other, tmp_path / "untrusted.ipynb")
    with Lab(tmp_path) as lab:
        lab.trust("trusted.ipynb")
        drawn = {}
        for name in ("trusted.ipynb", "untrusted.ipynb"):
            with lab.window() as window:
                window.open(name, kernel=False)
                assert window.is_trusted() == (name == "trusted.ipynb")
                drawn[name] = window.drawn_outputs()
    assert len(drawn["trusted.ipynb"]) >= 10
    assert drawn["untrusted.ipynb"] == drawn["trusted.ipynb"]
