"""A JupyterLab of its own in a real Chromium, for tests and pictures.

`Lab` starts a server with empty settings, data and run-time folders (nothing of the user's own Jupyter
is read or changed), and `Lab.window()` opens it in a headless Chromium that may reach loopback addresses
only. What a page asked of any other address is kept in `Window.strays`.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.parse
from pathlib import Path

from playwright.sync_api import Locator, Page, Route, sync_playwright

CHROMIUM_FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--force-color-profile=srgb",
    "--font-render-hinting=none",
]

# What would call home, or move between two pictures of the same notebook.
SETTINGS = {
    "@jupyterlab/apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "@jupyterlab/notebook-extension/tracker": {"windowingMode": "none", "scrollPastEnd": False, "recordTiming": False},
}
DISABLED_EXTENSIONS = {
    "@jupyterlab/apputils-extension:announcements": True,
    "@jupyterlab/extensionmanager-extension": True,
}

# Chromium draws no page taller than this many pixels in one piece.
TALLEST_PICTURE = 16_000


def chromium() -> str:
    """The path of the system's Chromium: CQLBOOK_CHROMIUM, or what PATH has under its usual names."""
    names = [os.environ.get("CQLBOOK_CHROMIUM"), "chromium", "chromium-browser", "google-chrome"]
    for name in filter(None, names):
        if path := shutil.which(name):
            return path
    raise RuntimeError("There is no Chromium. Install it with: apt-get install chromium")


class Lab:
    """A JupyterLab server that serves `folder`; use it in a `with` statement.

    `theme` is "light" or "dark". `environment` is added to that of the server, and so of its kernels.
    """

    def __init__(self, folder: Path, theme: str = "light", environment: dict[str, str] | None = None):
        self.folder = Path(folder)
        self.theme = theme
        self.home = Path(tempfile.mkdtemp(prefix="cqlbook-lab-"))
        self.environment = {
            **os.environ,
            **(environment or {}),
            "JUPYTER_CONFIG_DIR": str(self.home / "config"),
            "JUPYTER_DATA_DIR": str(self.home / "data"),
            "JUPYTER_RUNTIME_DIR": str(self.home / "runtime"),
            "JUPYTERLAB_SETTINGS_DIR": str(self.home / "settings"),
            "JUPYTERLAB_WORKSPACES_DIR": str(self.home / "workspaces"),
            "JUPYTER_PREFER_ENV_PATH": "1",
        }

    def __enter__(self) -> Lab:
        theme = {"theme": f"JupyterLab {self.theme.capitalize()}", "adaptive-theme": False}
        for name, values in {**SETTINGS, "@jupyterlab/apputils-extension/themes": theme}.items():
            self._write(self.home / "settings" / f"{name}.jupyterlab-settings", values)
        self._write(self.home / "config/labconfig/page_config.json", {"disabledExtensions": DISABLED_EXTENSIONS})
        (self.home / "runtime").mkdir(parents=True, exist_ok=True)
        self.log = open(self.home / "server.log", "wb")
        self.server = subprocess.Popen(
            [
                sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root",
                "--ip=127.0.0.1", "--port=0", f"--notebook-dir={self.folder}",
                "--LabApp.expose_app_in_browser=True", "--LabApp.extension_manager=readonly",
                "--LabApp.collaborative=False", "--ServerApp.terminals_enabled=False",
            ],  # fmt: skip
            env=self.environment, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
        )  # fmt: skip
        self.url, self.token = self._address()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.terminate()
        try:
            self.server.wait(20)
        except subprocess.TimeoutExpired:
            self.server.kill()
            self.server.wait()
        self.log.close()
        shutil.rmtree(self.home, ignore_errors=True)

    @staticmethod
    def _write(path: Path, content: dict) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content))

    def _address(self) -> tuple[str, str]:
        """Waits until the server has written down its address."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            for file in (self.home / "runtime").glob("jpserver-*.json"):
                with contextlib.suppress(ValueError, KeyError):
                    server = json.loads(file.read_text())
                    return server["url"], server["token"]
            if self.server.poll() is not None:
                break
            time.sleep(0.1)
        raise RuntimeError("JupyterLab did not start:\n" + (self.home / "server.log").read_text())

    def trust(self, notebook: str) -> None:
        """Signs a notebook of the folder, as `jupyter trust` does for a user."""
        command = [sys.executable, "-m", "nbformat.sign", str(self.folder / notebook)]
        subprocess.run(command, env=self.environment, check=True, capture_output=True)

    @contextlib.contextmanager
    def window(self, width: int = 1280, height: int = 900):
        """Opens JupyterLab in a fresh browser window and waits until it has settled."""
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium(), args=CHROMIUM_FLAGS)
            try:
                context = browser.new_context(viewport={"width": width, "height": height}, reduced_motion="reduce")
                yield Window(context.new_page(), self)
            finally:
                browser.close()


class Window:
    """A browser window that shows a `Lab`."""

    def __init__(self, page: Page, lab: Lab):
        self.page = page
        self.strays: list[str] = []
        page.set_default_timeout(60_000)  # a busy machine is slow, not wrong
        page.route("**/*", self._loopback_only)
        page.goto(f"{lab.url}lab?token={lab.token}&reset")
        page.wait_for_function("() => window.jupyterapp && window.jupyterapp.started")
        page.evaluate("() => window.jupyterapp.restored")
        page.wait_for_selector("#jupyterlab-splash", state="detached", timeout=60_000)
        self.hide_side_bar()

    def hide_side_bar(self) -> None:
        """Folds the file browser away, which a picture of a notebook has no use for."""
        if self.page.locator("#jp-left-stack").is_visible():
            self.command("application:toggle-left-area")

    def _loopback_only(self, route: Route) -> None:
        host = urllib.parse.urlsplit(route.request.url).hostname or ""
        if host in ("127.0.0.1", "localhost", "") or route.request.url.startswith(("data:", "blob:")):
            route.continue_()
        else:
            self.strays.append(route.request.url)
            route.abort()

    def command(self, name: str, **arguments: object) -> None:
        """Runs one of JupyterLab's own commands."""
        self.page.evaluate(
            "async ([name, args]) => { await window.jupyterapp.commands.execute(name, args); }", [name, arguments]
        )

    def open(self, notebook: str, kernel: bool = True) -> Locator:
        """Opens a notebook of the lab's folder; without `kernel` none is started for it."""
        preference = {} if kernel else {"kernelPreference": {"shouldStart": False, "canStart": False}}
        self.command("docmanager:open", path=notebook, factory="Notebook", **preference)
        panel = self.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)")
        panel.wait_for()
        self.page.evaluate(
            """async () => {
                const panel = window.jupyterapp.shell.currentWidget;
                await panel.context.ready;
                await panel.revealed;
            }"""
        )
        self._wait_for_outputs()
        if kernel:
            self.wait_for_idle()
        return panel

    def _wait_for_outputs(self) -> None:
        """Waits until each output that the open notebook holds has been drawn; JupyterLab does it bit by bit."""
        self.page.wait_for_function(
            """() => {
                const notebook = window.jupyterapp.shell.currentWidget?.content;
                const cells = notebook?.widgets ?? [];
                const wanted = cells.reduce((sum, cell) => sum + (cell.model.outputs?.length ?? 0), 0);
                const drawn = notebook?.node.querySelectorAll('.jp-OutputArea-output').length;
                return cells.length > 0 && cells.every(cell => cell.isAttached) && drawn >= wanted;
            }""",
            timeout=60_000,
        )

    def wait_for_idle(self, timeout: float = 60) -> None:
        """Waits until the open notebook's kernel is connected and idle; the indicator alone says so too early."""
        self.page.wait_for_function(
            """async () => {
                const context = window.jupyterapp.shell.currentWidget.sessionContext;
                await context.ready;
                const kernel = context.session?.kernel;
                await kernel?.info;
                return kernel?.connectionStatus === 'connected' && kernel.status === 'idle';
            }""",
            timeout=timeout * 1000,
        )

    def cells(self) -> Locator:
        """The code cells of the open notebook."""
        return self.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-CodeCell")

    def run(self, index: int, source: str | None = None, wait: bool = True, timeout: float = 60) -> Locator:
        """Runs a code cell by Shift-Enter as a user does, after typing `source` into it where that is given.

        Gives the cell back, once its execution count is there (or at once, without `wait`).
        """
        cell = self.cells().nth(index)
        editor = cell.locator(".cm-content")
        editor.click()
        if source is not None:
            self.page.keyboard.press("Control+A")
            self.page.keyboard.insert_text(source)
        self.page.keyboard.press("Shift+Enter")
        if wait:
            self.wait_for_count(cell, timeout)
        return cell

    def wait_for_count(self, cell: Locator, timeout: float = 60) -> None:
        """Waits until a cell has run: `[*]` has become a number."""
        prompt = cell.locator(".jp-InputPrompt")
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            if prompt.inner_text().strip("[]: \n").isdigit():
                return
            self.page.wait_for_timeout(50)
        raise AssertionError(f"The cell did not finish in {timeout:.0f} s; its prompt is {prompt.inner_text()!r}.")

    def is_trusted(self) -> bool:
        """Whether JupyterLab trusts every output of the open notebook."""
        return self.page.evaluate(
            """() => {
                const cells = [...window.jupyterapp.shell.currentWidget.content.widgets];
                const code = cells.filter(cell => cell.model.type === 'code');
                const trusted = code.filter(cell => cell.model.trusted).length;
                if (trusted !== 0 && trusted !== code.length) throw new Error(`${trusted} of ${code.length} trusted`);
                return trusted > 0;
            }"""
        )

    def drawn_outputs(self) -> list[str]:
        """The HTML that JupyterLab made of each output of the open notebook, in order."""
        return self.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-OutputArea-output").evaluate_all(
            "outputs => outputs.map(output => output.innerHTML)"
        )

    def picture(self, path: Path, section: str | None = None, height: int = 700) -> None:
        """Writes a picture of the open notebook in its full length, or of `height` pixels from a heading on."""
        page = self.page
        page.evaluate("() => document.activeElement?.blur()")
        page.evaluate("() => document.querySelectorAll('.jp-toast-button, .Toastify__toast').forEach(t => t.remove())")
        scroller = page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-WindowedPanel-outer").first
        for _ in range(3):  # taller windows reflow; three rounds settle
            missing = scroller.evaluate("box => box.scrollHeight - box.clientHeight")
            if missing <= 0:
                break
            size = page.viewport_size or {"width": 1280, "height": 900}
            page.set_viewport_size({"width": size["width"], "height": min(size["height"] + missing, TALLEST_PICTURE)})
            page.wait_for_timeout(300)
        scroller.evaluate("box => { box.scrollTop = 0; }")
        path.parent.mkdir(parents=True, exist_ok=True)
        if section is None:
            page.screenshot(path=str(path))
            return
        heading = page.get_by_role("heading", name=section).first.bounding_box()
        notebook = scroller.bounding_box()
        if heading is None or notebook is None:
            raise ValueError(f"The notebook has no heading {section!r}.")
        left, width = notebook["x"], notebook["width"]
        page.screenshot(path=str(path), clip={"x": left, "y": heading["y"] - 8, "width": width, "height": height})
