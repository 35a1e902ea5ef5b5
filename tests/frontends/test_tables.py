"""Tables as a person sees them in JupyterLab: every kind of value, wide and long ones, in light and dark, and untrusted."""

import nbformat
import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

CELLS = [
    # Values of every kind, nested ones folded.
    """CREATE TABLE IF NOT EXISTS readings (station text, day date, at timestamp, name text static, temperature double,
    rain decimal, samples list<int>, tags map<text, text>, raw blob, note text, ok boolean, PRIMARY KEY ((station, day), at))""",
    """BEGIN UNLOGGED BATCH
INSERT INTO readings (station, day, at, name, temperature, rain, samples, tags, ok, note) VALUES
  ('KEWR', '2013-01-01', '2013-01-01T05:00Z', 'Newark', -3.9, 0.00, [3, 1, 4], {'source': 'metar'}, true, 'clear');
INSERT INTO readings (station, day, at, temperature, rain, samples, ok, note, raw) VALUES
  ('KEWR', '2013-01-01', '2013-01-01T06:00Z', 12.25, 10.50, [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3, 2, 3, 8, 4, 6, 2, 6, 4, 3, 3, 8, 3, 2, 7, 9, 5, 0], false,
   'Light snow in the morning, turning to rain before noon; visibility went from two miles to less than half a mile, and the wind from the north-west to calm. The instrument was cleaned twice, at seven and at nine, by the same observer, who signed for both.', 0xcafe);
INSERT INTO readings (station, day, at, note) VALUES ('KEWR', '2013-01-01', '2013-01-01T07:00Z', '');
INSERT INTO readings (station, day, at, note, temperature) VALUES ('KEWR', '2013-01-01', '2013-01-01T08:00Z', 'null', blobAsDouble(0x));
INSERT INTO readings (station, day, at, note, temperature) VALUES ('KEWR', '2013-01-01', '2013-01-01T09:00Z', 'two
lines	and a tab', NaN);
APPLY BATCH""",
    "readings << SELECT station, day, at, name, temperature, rain, ok, note FROM readings WHERE station = 'KEWR' AND day = '2013-01-01'",
    "SELECT at, samples, tags, raw FROM readings WHERE station = 'KEWR' AND day = '2013-01-01'",
    "%show readings --rows 2 --vertical",
    "INSERT INTO readings (station, day, at, note) VALUES ('KEWR', '2013-01-01', '2013-01-01T05:00Z', 'taken?') IF NOT EXISTS",
    "SELECT * FROM system.local",
]


def test_tables_of_every_kind(open_lab, front, tmp_path, pictures):
    sources = [front.connect, *CELLS]
    with open_lab(len(sources), environment=front.environment) as lab, lab.window() as window:
        window.open("cells.ipynb")
        for index, source in enumerate(sources):
            cell = window.run(index, source)
        expect(cell.locator("table.cqlbook-rows")).to_be_visible()
        # The wide table scrolls inside its cell, and the page does not.
        box = cell.locator("div.cqlbook").last
        assert box.evaluate("box => box.scrollWidth > box.clientWidth")
        assert window.page.evaluate("() => document.documentElement.scrollWidth <= window.innerWidth")
        # Long values are folded, and one click opens them.
        folded = window.cells().nth(3).locator("details").first
        assert "same observer" not in folded.inner_text()
        folded.locator("summary").click()
        expect(folded).to_contain_text("same observer")
        folded.locator("summary").click()
        # A click scrolls there; the picture is of the table as it comes.
        window.page.locator("div.cqlbook").evaluate_all("boxes => boxes.forEach(box => box.scrollLeft = 0)")
        window.both_themes(pictures / "tables")
        live = window.drawn_outputs()
        window.command("docmanager:save")
    saved = nbformat.read(tmp_path / "cells.ipynb", as_version=4)
    texts = [output["data"]["text/plain"] for cell in saved.cells for output in cell.outputs if "data" in output]
    assert any("not applied" in text for text in texts)
    with open_lab() as lab, lab.window() as window:
        window.open("cells.ipynb", kernel=False)
        assert not window.is_trusted()
        assert window.drawn_outputs() == live
