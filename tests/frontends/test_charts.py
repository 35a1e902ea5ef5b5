"""Charts in JupyterLab: drawn by it, in both themes, with a picture and words for places that draw none."""

import base64
import struct

import nbformat
import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

CHARTS = [
    "%plot delays --x carrier --y delay",
    "%plot delays --x at --y delay --color carrier",
    "%plot delays --x at --y count --color carrier --kind area",
    "%plot delays --x delay --kind histogram",
    "%plot delays --x delay --y hour --color carrier --kind point",
    "%plot delays --x hour --y carrier --color delay --kind heatmap",
    "%plot delays --x carrier --y delay --kind box",
]


@pytest.fixture(scope="module")
def executed(tmp_path_factory):
    """A notebook with a chart of each kind and a profile, executed, and its folder."""
    folder = tmp_path_factory.mktemp("charts")
    rows = ["carrier,delay,hour,at"]
    for row in range(300):
        carrier = ("AA", "B6", "UA")[row % 3]
        rows.append(f"{carrier},{row * 37 % 91 - 10},{row % 24},2013-02-{row // 24 + 1:02}T{row % 24:02}:00:00Z")
    (folder / "delays.csv").write_text("\n".join(rows) + "\n")
    notebook = nbformat.v4.new_notebook(
        metadata={"kernelspec": {"name": "cql", "display_name": "CQL", "language": "cql"}}
    )
    sources = ["%%sql --into delays\nSELECT * FROM 'delays.csv'", *CHARTS, "%profile delays"]
    notebook.cells = [nbformat.v4.new_code_cell(source) for source in sources]
    from nbclient import NotebookClient

    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(folder)}}).execute()
    nbformat.write(notebook, folder / "charts.ipynb")
    return notebook, folder


def test_each_chart_has_a_picture_and_words(executed):
    notebook, _ = executed
    for cell in notebook.cells[1:-1]:
        (output,) = cell.outputs
        assert "text/html" not in output.data, "JupyterLab would draw it instead of the chart"
        assert output.data["application/vnd.vegalite.v5+json"]["data"]["values"]
        picture = base64.b64decode(output.data["image/png"])
        width, height = struct.unpack(">II", picture[16:24])
        said = output.metadata["image/png"]
        assert (width, height) == (2 * said["width"], 2 * said["height"]), "sharp on sharp screens"
        assert said["alt"].endswith(".") and len(said["alt"]) > 60
        assert len(output.data["text/plain"].splitlines()) >= 4


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_jupyterlab_draws_each_chart(executed, open_lab, pictures, tmp_path, theme):
    notebook, _ = executed
    nbformat.write(notebook, tmp_path / "charts.ipynb")
    with open_lab(theme=theme) as lab, lab.window() as window:
        window.open("charts.ipynb", kernel=False)
        charts = window.page.locator(".jp-RenderedVegaCommon5")
        expect(charts).to_have_count(len(CHARTS))
        for index in range(len(CHARTS)):
            drawn = charts.nth(index).locator("canvas, svg.marks").first
            expect(drawn).to_be_visible()
            box = drawn.bounding_box()
            assert box["width"] > 560 and box["height"] > 300, CHARTS[index]
        assert window.page.locator(".jp-RenderedVegaCommon5 .error").count() == 0
        window.page.wait_for_timeout(500)  # until the last one is painted
        window.picture(pictures / f"charts-{theme}.png")
        assert window.strays == []


def test_a_profile_survives_the_sanitizer(executed, open_lab, tmp_path):
    notebook, _ = executed
    nbformat.write(notebook, tmp_path / "charts.ipynb")
    with open_lab() as lab, lab.window() as window:
        window.open("charts.ipynb", kernel=False)
        assert not window.is_trusted()
        table = window.page.locator(".cqlbook-profile")
        expect(table).to_be_visible()
        bars = table.locator("tr", has_text="delay").locator("td").last.locator("div div")
        heights = bars.evaluate_all("bars => bars.map(bar => bar.getBoundingClientRect().height)")
        assert len(heights) == 24 and max(heights) > 20, "the bars have their heights"
        colour = bars.first.evaluate("bar => getComputedStyle(bar).backgroundColor")
        assert colour not in ("rgba(0, 0, 0, 0)", "transparent")
