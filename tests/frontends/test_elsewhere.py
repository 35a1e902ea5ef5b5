"""The executed notebooks where nobody runs them: on GitHub, in VS Code, as a page and as a PDF of nbconvert.

GitHub and VS Code cannot be had here. What they do to an output is imitated: GitHub takes every style and class away, and
draws tables with borders of its own; VS Code shows the output in its own colours and font. The pictures are kept, to be looked at.
"""

import html.parser
import subprocess
import sys

import bleach
import lab
import nbformat
import pytest
from notebooks import NAMES, executed

pytestmark = pytest.mark.browser

# The elements and attributes that GitHub lets through (its docs: "Basic writing and formatting", html-pipeline's allowlist).
GITHUB_TAGS = {
    "a", "b", "blockquote", "br", "caption", "code", "dd", "del", "details", "div", "dl", "dt", "em", "figcaption", "figure",
    "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "img", "ins", "kbd", "li", "ol", "p", "pre", "q", "s", "samp", "small",
    "span", "strike", "strong", "sub", "summary", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "tt", "ul", "var",
}
GITHUB_ATTRIBUTES = {"*": ["align", "alt", "colspan", "height", "open", "rowspan", "title", "valign", "width"], "a": ["href"]}

GITHUB_STYLE = """body { font: 14px/1.5 system-ui, sans-serif; color: #1f2328; margin: 24px; max-width: 980px }
table { border-collapse: collapse; display: block; overflow: auto; margin-bottom: 16px } pre { overflow: auto }
th, td { border: 1px solid #d1d9e0; padding: 6px 13px }"""

VSCODE_STYLE = """body { font: 13px/1.4 system-ui, sans-serif; color: #cccccc; background: #1f1f1f; margin: 24px }
table { border-collapse: collapse; border-spacing: 0; border: none } thead { border-bottom: 1px solid #555 }
th, td { text-align: right; padding: 4px 8px; border: none; vertical-align: middle } tbody tr:nth-child(odd) { background: #2a2a2a }
a { color: #4daafc } summary { cursor: pointer } pre { font: 13px monospace }"""


class Words(html.parser.HTMLParser):
    """The words of an output, in order."""

    def __init__(self, text: str):
        super().__init__()
        self.words: list[str] = []
        self.feed(text)

    def handle_data(self, data):
        """Some text."""
        self.words += data.split()


def html_outputs(name: str) -> list[str]:
    """Every HTML output of a notebook."""
    cells = nbformat.read(executed(name), as_version=4).cells
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    return [output["data"]["text/html"] for output in outputs if "text/html" in output.get("data", {})]


@pytest.fixture
def browser():
    """A Chromium without JupyterLab."""
    return lab.browser()


def picture(browser, body: str, style: str, path) -> None:
    """Draws a page of outputs. No script runs and nothing is loaded: neither place would."""
    page = browser.new_page(viewport={"width": 1100, "height": 800}, java_script_enabled=False)
    page.set_content(f"<style>{style}</style>{body}")
    page.screenshot(path=path, full_page=True)
    page.close()


@pytest.mark.parametrize("name", NAMES)
def test_github_takes_the_styles_and_leaves_every_word(name, browser, pictures):
    outputs = html_outputs(name)
    assert outputs
    cleaned = [bleach.clean(text, tags=GITHUB_TAGS, attributes=GITHUB_ATTRIBUTES, strip=True) for text in outputs]
    for before, after in zip(outputs, cleaned):
        assert Words(after).words == Words(before).words
        # A number without its place at the right is still a number; what a style alone would tell is lost.
        assert before.count("<td") == after.count("<td")
    picture(browser, "\n".join(cleaned), GITHUB_STYLE, pictures / f"github-{name.removesuffix('.ipynb')}.png")


@pytest.mark.parametrize("name", NAMES)
def test_vs_code_shows_it_in_its_own_colours(name, browser, pictures):
    body = "\n".join(f"<div>{text}</div>" for text in html_outputs(name))
    # Its own font and colours are the output's: a colour of ours would not fit every theme.
    assert "color:#" not in body.replace(" ", "").replace("background-color", "")
    picture(browser, body, VSCODE_STYLE, pictures / f"vscode-{name.removesuffix('.ipynb')}.png")


@pytest.mark.parametrize("name", NAMES)
def test_nbconvert_makes_a_page_and_a_pdf(name, browser, pictures, tmp_path):
    convert = [sys.executable, "-m", "nbconvert", "--to", "html", "--output-dir", str(tmp_path), str(executed(name))]
    subprocess.run(convert, check=True, capture_output=True)
    stem = name.removesuffix(".ipynb")
    page = browser.new_page(java_script_enabled=False)
    page.goto((tmp_path / f"{stem}.html").as_uri())
    tables = page.locator("table.cqlbook-rows")
    assert tables.count() == sum(text.count("cqlbook-rows ") for text in html_outputs(name))
    page.emulate_media(media="print")
    # As nbconvert's `webpdf` does it.
    pdf = page.pdf(path=pictures / f"{stem}.pdf", format="A4", margin={"top": "1cm", "bottom": "1cm", "left": "1cm", "right": "1cm"})
    assert pdf.startswith(b"%PDF") and len(pdf) > 20_000
    page.close()
