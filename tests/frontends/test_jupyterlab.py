"""A person with JupyterLab: the launcher, cells, prompts, a saved notebook."""

import nbformat
import pytest

pytestmark = pytest.mark.browser

QUERY = "SELECT keyspace_name, durable_writes, replication FROM system_schema.keyspaces;"


def test_the_launcher_shows_our_mark(open_lab):
    with open_lab(1) as lab, lab.window() as window:
        card = window.page.locator(".jp-LauncherCard[data-category=Notebook][title=CQL]")
        card.wait_for()
        icon = card.locator("img")
        assert "/kernelspecs/cql/" in icon.get_attribute("src")
        assert icon.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0
        assert window.strays == []


def test_a_query_is_drawn_as_a_table(open_lab, astra, pictures):
    with open_lab(2, environment=astra) as lab, lab.window() as window:
        window.open("cells.ipynb")
        connected = window.run(0, "%connect astra --no-save")
        assert connected.locator(".jp-OutputArea-output").count() >= 1
        cell = window.run(1, QUERY)
        table = cell.locator("table.cqlbook-rows")
        table.wait_for()
        assert table.locator("tbody tr").count() >= 5
        assert table.get_by_text("system_auth", exact=True).is_visible()
        assert cell.locator(".jp-RenderedText[data-mime-type='application/vnd.jupyter.error']").count() == 0
        window.picture(pictures / "query.png")
        assert window.strays == []


def test_a_secret_is_typed_unseen_and_not_kept(open_lab, sandbox, tmp_path, pictures):
    secret = sandbox["secret"]
    with open_lab(2) as lab, lab.window() as window:
        window.open("cells.ipynb")
        line = f"%connect astra --no-save --bundle '{sandbox['bundle']}' --client-id '{sandbox['clientId']}'"
        cell = window.run(0, line, wait=False)
        field = cell.locator("input.jp-Stdin-input")
        field.wait_for()
        assert field.get_attribute("type") == "password"
        field.fill(secret)
        window.picture(pictures / "prompt.png")
        field.press("Enter")
        window.wait_for_count(cell)
        assert window.run(1, QUERY).locator("table.cqlbook-rows").is_visible()
        assert secret not in window.page.content()
        window.command("docmanager:save")
    saved = (tmp_path / "cells.ipynb").read_text()
    assert "cqlbook-rows" in saved
    assert secret not in saved


def test_an_error_names_its_code_and_a_next_step(open_lab, tmp_path, pictures):
    with open_lab(1) as lab, lab.window() as window:
        window.open("cells.ipynb")
        window.run(0, "SELECT * FROM flights;")
        window.picture(pictures / "error.png")
        window.command("docmanager:save")
    (output,) = nbformat.read(tmp_path / "cells.ipynb", as_version=4).cells[0].outputs
    assert (output.output_type, output.ename) == ("error", "NOT_CONNECTED")
    assert "%connect" in "\n".join(output.traceback)


def test_a_saved_notebook_reads_the_same_when_it_is_opened_untrusted(open_lab, astra, tmp_path):
    with open_lab(2, environment=astra) as lab, lab.window() as window:
        window.open("cells.ipynb")
        window.run(0, "%connect astra --no-save")
        window.run(1, QUERY)
        live = window.drawn_outputs()
        window.command("docmanager:save")
    # Another lab, with another key: nothing that the first one signed is trusted.
    with open_lab() as lab, lab.window() as window:
        window.open("cells.ipynb", kernel=False)
        assert not window.is_trusted()
        assert window.drawn_outputs() == live
