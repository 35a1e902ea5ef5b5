"""A person who types into a cell of JupyterLab: colours, Tab, Shift-Tab."""

import re

import pytest

pytestmark = pytest.mark.browser

CELL = """-- a comment
SELECT carrier, "Delay", 'it''s', 42 FROM flights WHERE delay = -1.5e3; // two
/* three */ INSERT INTO flights (day, origin, number) VALUES ('2013-01-01', 'EWR', 7) IF NOT EXISTS;"""


def colours(cell) -> dict[str, str]:
    """Each stretch of a cell's text with the colour and slant that it is drawn in."""
    stretches = cell.locator(".cm-content").evaluate(
        """content => {
            const found = [];
            const walker = document.createTreeWalker(content, NodeFilter.SHOW_TEXT);
            for (let text; (text = walker.nextNode()); ) {
                const style = getComputedStyle(text.parentElement);
                found.push([text.data.trim(), style.color]);
            }
            return found;
        }"""
    )
    return {text: colour for text, colour in stretches if text}


def test_cql_is_drawn_in_colours(open_lab, pictures):
    with open_lab(3) as lab, lab.window() as window:
        window.open("cells.ipynb")
        for theme in ("dark", "light"):
            window.set_theme(theme)
            shown = colours(window.type(0, CELL))
            plain = shown["carrier"]
            samples = {"keyword": "SELECT", "string": "'it'", "number": "42", "comment": "-- a comment", "quoted": '"Delay"'}
            drawn = {kind: shown[text] for kind, text in samples.items()}
            assert plain not in drawn.values()
            assert len(set(drawn.values())) == len(drawn), drawn
            for keyword in ("FROM", "WHERE", "INSERT", "INTO", "VALUES", "IF", "NOT", "EXISTS"):
                assert shown[keyword] == drawn["keyword"], keyword
            for comment in ("// two", "/* three */"):
                assert shown[comment] == drawn["comment"], comment
            # What stands on a magic's line leaves the next lines alone.
            for index, line in ((1, "%connect astra --name it's"), (2, "%%cql --consistency QUORUM --timeout 30s")):
                shown = colours(window.type(index, f"{line}\nSELECT carrier FROM flights;"))
                assert shown["SELECT"] == shown["FROM"] == drawn["keyword"], line
                assert shown["carrier"] == plain, line
            window.picture(pictures / f"highlighting-{theme}.png")


def test_tab_completes_without_a_connection(open_lab, pictures):
    with open_lab(2) as lab, lab.window() as window:
        window.open("cells.ipynb")
        window.type(0, "%conn|")
        offered = window.complete()
        assert {"%connect", "%connection", "%connections"} <= offered.keys()
        assert set(offered.values()) == {"magic"}
        window.page.keyboard.press("Enter")
        assert window.source(0) == "%connect"
        window.type(0, "%connect astra --|")
        offered = window.complete()
        assert offered["--bundle"] == "option"
        window.screen(pictures / "completion-options.png")
        window.page.keyboard.press("Escape")
        window.type(0, "SEL|")
        assert window.complete() == {"SELECT": "keyword"}
        window.page.keyboard.press("Enter")
        assert window.source(0) == "SELECT"


def test_tab_completes_names_of_the_live_schema(window, front, pictures):
    # Code points and UTF-16 units differ after the sign, and the cursor is not at the end.
    window.type(1, "SELECT '🛩️🛫', carr| FROM flights;")
    offered = window.complete()
    assert offered["carrier"].startswith("column"), offered
    window.page.keyboard.press("Enter")
    assert window.source(1) == "SELECT '🛩️🛫', carrier FROM flights;"
    window.type(1, f"SELECT * FROM {front.keyspace[:-2]}|")
    assert window.complete()[front.keyspace] == "keyspace"
    window.page.keyboard.press("Escape")
    window.type(1, "SELECT * FROM |")
    assert window.complete()["flights"] == "table"
    window.screen(pictures / "completion-tables.png")
    window.page.keyboard.press("Enter")
    assert window.source(1) == "SELECT * FROM flights"
    # A table that this notebook makes is offered in the next cell.
    window.run(2, "CREATE TABLE airports (code text PRIMARY KEY, name text);")
    window.type(3, "SELECT * FROM air|")
    assert window.complete()["airports"] == "table"


def test_shift_tab_explains_a_magic_and_a_table(window, pictures):
    window.type(1, "%connect astra|")
    tooltip = window.tooltip()
    assert "Secure Connect Bundle" in tooltip.inner_text()
    assert tooltip.locator("table").count() >= 1, "Markdown is drawn, not shown"
    window.screen(pictures / "tooltip-magic.png")
    window.page.keyboard.press("Escape")
    tooltip.wait_for(state="detached")
    window.type(1, "SELECT * FROM flights|")
    text = window.tooltip().inner_text()
    assert re.search(r"origin\s+text, clustering", text), text
    assert re.search(r"day\s+date, partition key", text), text
    window.screen(pictures / "tooltip-table.png")
