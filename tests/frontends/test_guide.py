"""The guide that our users know, walked through in JupyterLab: connecting, editing, what is kept where, limits, trouble.

Each step is a sentence of the guide's, done with the notebook's own means.
"""

import nbformat
import pytest
from conftest import write_notebook
from lab import Lab
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

PASSPHRASE = "a passphrase of the test"


@pytest.fixture(scope="module")
def lab(_front, tmp_path_factory):
    """A JupyterLab whose environment names no database; a passphrase stands in for the keychain."""
    environment = {"CQLBOOK_VAULT_PASSPHRASE": PASSPHRASE, "DBUS_SESSION_BUS_ADDRESS": "unix:path=/nonexistent"}
    with Lab(tmp_path_factory.mktemp("guide"), environment=environment) as lab:
        yield lab


@pytest.fixture
def window(lab, front):
    """A window with a notebook of seven empty cells."""
    write_notebook(lab.folder / "guide.ipynb", 7)
    with lab.window() as window:
        window.open("guide.ipynb")
        yield window
    lab.end_kernels()


def answer(window, cell, *answers):
    """Answers prompts one after the other; gives their labels, and whether each was hidden."""
    asked = []
    for text in answers:
        prompt = cell.locator("input.jp-Stdin-input")
        prompt.wait_for()
        label = cell.locator(".jp-Stdin-prompt").last.inner_text().strip()
        asked.append((label, prompt.get_attribute("type") == "password"))
        handle = prompt.element_handle()
        prompt.fill(text)
        prompt.press("Enter")
        handle.wait_for_element_state("hidden")
    window.wait_for_count(cell)
    return asked


def test_the_guide_holds(window, lab, front, pictures):
    bundle = front.environment["ASTRA_DB_SECURE_BUNDLE_PATH"]
    client_id = front.environment["ASTRA_DB_CLIENT_ID"]
    secret = front.environment["ASTRA_DB_CLIENT_SECRET"]

    # Connecting. Four fields, all of them required: an empty one is named, and nothing is tried.
    cell = window.run(0, "%connect astra", wait=False)
    asked = answer(window, cell, "Production - Astra DB", client_id, "", bundle)
    assert [hidden for _, hidden in asked] == [False, True, True, False]
    expect(cell).to_contain_text("All fields are required. Missing: Client Secret.")

    # Test, then save: a wrong secret is refused at once, and nothing is saved.
    cell = window.run(0, "%connect astra", wait=False)
    answer(window, cell, "Production - Astra DB", client_id, "not the secret", bundle)
    expect(cell).to_contain_text("AUTH_FAILED")
    expect(window.run(1, "%connections")).to_contain_text("There are none yet.")
    cell = window.run(0, f"%connect astra --keyspace {front.keyspace}", wait=False)
    answer(window, cell, "Production - Astra DB", client_id, secret, bundle)
    expect(cell).to_contain_text("Saved: %connect 'Production - Astra DB' opens it.")

    # The list has no host and no port.
    listed = window.run(1, "%connections")
    expect(listed).to_contain_text("Production - Astra DB")
    expect(listed).to_contain_text(bundle)
    assert "localhost" not in listed.inner_text() and ", port" not in listed.inner_text()

    # Editing. The dialog begins with the stored values; a new bundle is tested, then saved.
    renewed = lab.folder / "renewed.zip"
    renewed.write_bytes(open(bundle, "rb").read())
    cell = window.run(2, "%connection edit 'Production - Astra DB'", wait=False)
    asked = answer(window, cell, "", "renewed.zip", "", "", "", "")
    assert asked[1][0] == f"Secure Connect Bundle [{bundle}]:"
    assert asked[3] == ("Client Secret or AstraCS: token [••••••••]:", True)
    expect(cell).to_contain_text("The connection to Production - Astra DB works.")
    expect(window.run(1, "%connections")).to_contain_text("renewed.zip")
    window.picture(pictures / "guide.png")

    # Working with Astra DB, after another session: the name is enough.
    window.press_button("restart")
    window.confirm()
    window.wait_for_idle()
    window.run(3, "%connect 'Production - Astra DB'")
    expect(window.run(4, "SELECT * FROM flights;").locator("table.cqlbook-rows")).to_be_visible()

    # Limitations. Keyspaces are not made by CQL, and a token may do only what its role may do.
    ddl = "CREATE KEYSPACE other WITH replication = {'class': 'NetworkTopologyStrategy', 'dc1': 3};"
    expect(window.run(5, ddl)).to_contain_text("ASTRA_KEYSPACE_DDL")
    expect(window.run(5, "CREATE ROLE someone;")).to_contain_text("PERMISSION_DENIED")

    # Troubleshooting. A test that takes long: the database is paused.
    window.run(6, "%set timeout 2s")
    front.pause()
    expect(window.run(6, "%connection test 'Production - Astra DB'")).to_contain_text("DATABASE_PAUSED")
    front.reset()

    # Credential security. Nothing in plain text: not in the notebook, not in any file of the user's.
    window.command("docmanager:save")
    saved = nbformat.read(lab.folder / "guide.ipynb", as_version=4)
    assert len(saved.cells) >= 7
    for folder in (lab.folder, lab.home):
        for file in folder.rglob("*"):
            if file.is_file():
                assert secret.encode() not in file.read_bytes(), file
                assert client_id.encode() not in file.read_bytes(), file
                assert PASSPHRASE.encode() not in file.read_bytes(), file
