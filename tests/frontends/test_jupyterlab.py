"""A person with JupyterLab: the launcher, cells, prompts, errors, a saved notebook, two notebooks."""

import nbformat
import pytest
from conftest import write_notebook
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

QUERY = "SELECT day, origin, number, carrier, delay FROM flights;"


def test_a_notebook_begins_at_our_card_in_the_launcher(open_lab, tmp_path, pictures):
    with open_lab() as lab, lab.window() as window:
        card = window.page.locator(".jp-LauncherCard[data-category=Notebook][title=CQL]")
        logo = card.locator("img")
        assert "/kernelspecs/cql/" in logo.get_attribute("src")
        assert logo.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0
        window.both_themes(pictures / "launcher", window.screen)
        card.click()
        window.wait_for_notebook()
        expect(window.status()).to_have_text("CQL | Idle")
        assert window.page.locator(".jp-KernelName").inner_text() == "CQL"
        # Where JupyterLab lists what runs, it is by our mark that a person finds the kernel.
        window.command("running:show-panel")
        running = window.page.locator("#jp-running-sessions img[src*='/kernelspecs/cql/']")
        running.first.wait_for()
        window.hide_side_bar()
        window.run(0, "%help")
        expect(window.cells().nth(0).locator(".jp-OutputArea-output code").first).to_be_visible()
        window.both_themes(pictures / "help")
        window.command("docmanager:save")
        assert window.strays == []
    (file,) = tmp_path.glob("Untitled*.ipynb")
    metadata = nbformat.read(file, as_version=4).metadata
    assert metadata.kernelspec.name == "cql"
    assert metadata.language_info.name == "cql"
    assert metadata.language_info.file_extension == ".cql"


def test_a_query_is_drawn_as_a_table(window, pictures):
    assert window.cells().nth(0).locator(".jp-OutputArea-output").count() >= 1, "it says what it is connected to"
    cell = window.run(1, QUERY)
    table = cell.locator("table.cqlbook-rows")
    expect(table.locator("tbody tr")).to_have_count(4)
    expect(table.get_by_text("EWR", exact=True).first).to_be_visible()
    expect(cell.locator(".jp-RenderedText[data-mime-type='application/vnd.jupyter.error']")).to_have_count(0)
    window.both_themes(pictures / "query")
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
        expect(window.run(1, "SELECT * FROM system.local;").locator("table.cqlbook-rows")).to_be_visible()
        assert secret not in window.page.content()
        window.command("docmanager:save")
    saved = (tmp_path / "cells.ipynb").read_text()
    assert "cqlbook-rows" in saved
    assert secret not in saved


def test_an_error_names_its_code_and_a_next_step(open_lab, tmp_path, pictures):
    with open_lab(2) as lab, lab.window() as window:
        window.open("cells.ipynb")
        window.run(0, "SELECT * FROM flights;")
        window.run(1, "%conect astra")
        window.both_themes(pictures / "error")
        window.command("docmanager:save")
    not_connected, misspelt = nbformat.read(tmp_path / "cells.ipynb", as_version=4).cells[:2]
    (output,) = not_connected.outputs
    assert (output.output_type, output.ename) == ("error", "NOT_CONNECTED")
    assert "%connect" in "\n".join(output.traceback)
    (output,) = misspelt.outputs
    assert "%connect" in "\n".join(output.traceback), "what was probably meant"


def test_a_saved_notebook_reads_the_same_when_it_is_opened_untrusted(open_lab, front, tmp_path, pictures):
    """Rows, an outcome in words, help, the schema, an import's progress, and errors: none loses anything to the sanitizer."""
    (tmp_path / "more.csv").write_text("day,origin,number,carrier,delay\n2013-01-03,EWR,1,UA,7\nno day,EWR,2,UA,8\n")
    sources = [
        front.connect,
        QUERY,
        "%help connect",
        "%schema",
        "%schema flights",
        "%import more.csv INTO flights",
        "INSERT INTO flights (day, origin, number) VALUES ('2013-01-04', 'EWR', 3);",
        "SELECT nothing FROM flights;",
        "%set page_size many",
    ]
    with open_lab(len(sources), environment=front.environment) as lab, lab.window() as window:
        window.open("cells.ipynb")
        for index, source in enumerate(sources):
            window.run(index, source)
        live = window.drawn_outputs()
        window.command("docmanager:save")
    saved = nbformat.read(tmp_path / "cells.ipynb", as_version=4)
    kinds = [{output.output_type for output in cell.outputs} for cell in saved.cells[: len(sources)]]
    assert kinds[1] == {"execute_result"} and kinds[-1] == kinds[-2] == {"error"}, kinds
    assert len(live) == sum(len(cell.outputs) for cell in saved.cells) >= len(sources)
    # Another lab, with another key: nothing that the first one signed is trusted.
    with open_lab() as lab, lab.window() as window:
        window.open("cells.ipynb", kernel=False)
        assert not window.is_trusted()
        assert window.drawn_outputs() == live
        window.picture(pictures / "untrusted.png")


def test_two_notebooks_at_the_same_time_are_two_sessions(window, lab, front):
    write_notebook(lab.folder / "other.ipynb", 2)
    window.open("other.ipynb")
    expect(window.run(0, QUERY)).to_contain_text("NOT_CONNECTED")
    assert len(lab.kernel_processes()) == 2
    # While one is busy, the other answers.
    window.open("cells.ipynb")
    front.silent()
    stuck = window.run(1, QUERY, wait=False)
    window.open("other.ipynb")
    window.run(1, "%lsmagic")
    window.open("cells.ipynb", idle=False)
    assert "*" in stuck.locator(".jp-InputPrompt").inner_text(), "it still runs"
    window.press_button("interrupt")
    window.wait_for_count(stuck)
