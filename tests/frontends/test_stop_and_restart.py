"""A person who stops, restarts, reloads and closes: nothing hangs, nothing is lost, nothing is left running."""

import os
import signal
import time

import psutil
import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

QUERY = "SELECT day, origin, number, carrier, delay FROM flights;"


def wait_until(true, what: str, seconds: float = 15) -> None:
    """Asks again and again, for so long at most."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"after {seconds} s it is still not so: {what}"
        time.sleep(0.05)


def test_stop_ends_a_query_and_keeps_the_session(window, front, pictures):
    window.run(1, "%param day = '2013-01-01'")
    front.silent()
    cell = window.run(2, QUERY, wait=False)
    expect(window.status()).to_have_text("CQL | Busy")
    window.press_button("interrupt")
    window.wait_for_count(cell, timeout=5)
    expect(cell).to_contain_text("INTERRUPTED")
    window.picture(pictures / "stopped.png")
    front.reset()
    # The connection is still there, and so is what the notebook was told before.
    rows = window.run(3, "SELECT number FROM flights WHERE day = :day;").locator("table.cqlbook-rows tbody tr")
    expect(rows).to_have_count(3)
    expect(window.status()).to_have_text("CQL | Idle")


def test_stop_when_nothing_runs_changes_nothing(window):
    window.press_button("interrupt")
    window.press_button("interrupt")
    expect(window.run(1, QUERY).locator("table.cqlbook-rows")).to_be_visible()


def test_stop_while_a_prompt_waits_takes_the_prompt_away(window, front):
    cell = window.run(1, "DROP TABLE flights;", wait=False)
    field = cell.locator("input.jp-Stdin-input")
    field.wait_for()
    window.press_button("interrupt")
    window.wait_for_count(cell, timeout=5)
    expect(cell).to_contain_text("INTERRUPTED")
    expect(window.run(2, QUERY).locator("table.cqlbook-rows")).to_be_visible()  # the table is still there


def test_restart_begins_anew(window, lab):
    window.run(1, QUERY)
    (before,) = lab.kernel_processes()
    window.press_button("restart")
    window.confirm()
    wait_until(lambda: not before.is_running(), "the old kernel has ended")
    window.wait_for_idle(15)
    cell = window.run(2, QUERY)
    assert cell.locator(".jp-InputPrompt").inner_text() == "[1]:"
    expect(cell).to_contain_text("NOT_CONNECTED")
    expect(cell).to_contain_text("%connect")  # it says what to do
    (after,) = lab.kernel_processes()
    assert after.pid != before.pid


def test_restart_in_the_middle_of_a_query(window, lab, front):
    front.silent()
    window.run(1, QUERY, wait=False)
    window.press_button("restart")
    window.confirm()
    front.reset()
    window.wait_for_idle(15)
    window.run(0, front.connect)
    expect(window.run(1, QUERY).locator("table.cqlbook-rows")).to_be_visible()


def test_restart_and_run_all(window):
    window.type(1, QUERY)
    window.type(2, "%set display_rows")
    window.type(3, "SELECT number FROM flights LIMIT 1;")
    window.press_button("restart-and-run")
    window.confirm()
    window.wait_for_count(window.cells().nth(3))
    prompts = [cell.locator(".jp-InputPrompt").inner_text() for cell in window.cells().all()]
    assert prompts[:4] == ["[1]:", "[2]:", "[3]:", "[4]:"]
    expect(window.cells().nth(1).locator("table.cqlbook-rows")).to_be_visible()
    expect(window.status()).to_have_text("CQL | Idle")


def test_a_page_that_is_reloaded_while_a_query_runs_finds_its_kernel(window, lab, front):
    window.run(1, QUERY)
    window.command("docmanager:save")
    front.slow(3)
    window.run(2, QUERY, wait=False)
    wait_until(lambda: lab.kernels()[0]["execution_state"] == "busy", "the query runs")
    window.reload()
    window.wait_for_notebook()
    expect(window.status()).to_have_text("CQL | Idle")
    front.reset()
    cell = window.run(3, QUERY)
    expect(cell.locator("table.cqlbook-rows")).to_be_visible()  # the session is the same: it is connected
    assert cell.locator(".jp-InputPrompt").inner_text() == "[4]:"


def test_outputs_arrive_after_a_lost_connection(window, lab, front):
    """A laptop that slept: the browser's sockets are gone, and the cell goes on meanwhile."""
    front.slow(1)
    cell = window.run(1, "\n".join([QUERY] * 4), wait=False)
    cell.locator("table.cqlbook-rows").first.wait_for()
    window.lose_network()
    wait_until(lambda: lab.kernels()[0]["execution_state"] == "idle", "the cell has run")
    assert "*" in cell.locator(".jp-InputPrompt").inner_text(), "the page does not know yet"
    window.find_network()
    window.wait_for_count(cell)
    expect(cell.locator("table.cqlbook-rows")).to_have_count(4)
    window.wait_for_idle()
    expect(window.status()).to_have_text("CQL | Idle")


def test_nothing_is_left_after_closing_and_shutting_down(window, lab, front):
    (process,) = lab.kernel_processes()
    window.command("docmanager:save")
    window.command("application:close")
    assert process.is_running(), "closing a tab keeps the session"
    window.open("cells.ipynb")
    expect(window.run(1, QUERY).locator("table.cqlbook-rows")).to_be_visible()
    window.command("kernelmenu:shutdown")
    wait_until(lambda: not lab.kernels(), "the server has let go of the kernel")
    wait_until(lambda: not process.is_running(), "its process has ended")


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_no_kernel_outlives_its_server(open_lab, how):
    with open_lab(1) as lab, lab.window() as window:
        window.open("cells.ipynb")
        (process,) = lab.kernel_processes()
        os.kill(lab.server.pid, how)
        _, alive = psutil.wait_procs([process], timeout=15)
        assert alive == []
