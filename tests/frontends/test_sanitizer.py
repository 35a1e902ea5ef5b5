"""JupyterLab's own sanitizer leaves every HTML that the renderer's tests keep as it is.

The snapshots of `kernel/core` are collected as they stand in its sources, so that what is drawn there tomorrow is looked at
too. Each is an output of a notebook that JupyterLab does not trust; what it makes of them must be what the browser makes of
the HTML alone.
"""

import re
from pathlib import Path

import nbformat
import pytest

pytestmark = pytest.mark.browser

SOURCES = Path(__file__).parents[2] / "kernel"
# Snapshots beside the code, and those that have a file of their own.
RAW = re.compile(r'r(#*)"(.*?)"\1', re.DOTALL)
HEADER = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)


def is_ours(text: str) -> bool:
    """Whether a text is a whole output of ours, not a part of one."""
    text = text.strip()
    return text.startswith("<") and text.endswith(">") and 'class="cqlbook' in text


def renderings() -> dict[str, str]:
    """Every HTML that a test of the kernel keeps, by where it stands."""
    found = {}
    for path in sorted(SOURCES.rglob("*.rs")):
        for match in RAW.finditer(path.read_text()):
            if is_ours(match[2]):
                found[f"{path.name} at {match.start()}"] = match[2].strip()
    for path in sorted([*SOURCES.rglob("*.snap"), *SOURCES.rglob("*.html")]):
        text = HEADER.sub("", path.read_text())
        if is_ours(text):
            found[path.name] = text.strip()
    return found


def test_every_rendering_comes_back_as_it_was(open_lab, tmp_path):
    kept = renderings()
    assert len(kept) >= 9, "the renderer's snapshots are found"
    notebook = nbformat.v4.new_notebook()
    for name, html in kept.items():
        output = nbformat.v4.new_output("display_data", {"text/html": html, "text/plain": name})
        notebook.cells.append(nbformat.v4.new_code_cell(outputs=[output]))
    nbformat.write(notebook, tmp_path / "renderings.ipynb")
    with open_lab() as lab, lab.window() as window:
        window.open("renderings.ipynb", kernel=False)
        assert not window.is_trusted()
        drawn = window.drawn_outputs()
        meant = window.page.evaluate(
            """texts => texts.map(text => {
                const template = document.createElement('template');
                template.innerHTML = text;
                return template.innerHTML;
            })""",
            list(kept.values()),
        )
    assert len(drawn) == len(meant)
    for name, left, right in zip(kept, drawn, meant, strict=True):
        assert left == right, name
