"""What a person does in a window of JupyterLab, and what that person sees.

A window reaches loopback addresses only (`lab.CHROMIUM_FLAGS`); what a page asked of any other address is kept in `Window.strays`.
"""

from __future__ import annotations

import time
import urllib.parse
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import Locator, Page, Request, expect

if TYPE_CHECKING:
    from lab import Lab

expect.set_options(timeout=30_000)  # a busy machine is slow, not wrong

# Chromium draws no page taller than this many pixels in one piece.
TALLEST_PICTURE = 16_000

# The notebook in front.
PANEL = ".jp-NotebookPanel:not(.lm-mod-hidden)"

# Remembers the page's web sockets, and while `noNetwork` is set sends new ones to a port where nobody listens.
WEB_SOCKETS = """
    window.webSockets = new Set();
    window.noNetwork = false;
    window.WebSocket = class extends window.WebSocket {
        constructor(url, protocols) {
            super(window.noNetwork ? 'ws://127.0.0.1:9/' : url, protocols ?? []);
            window.webSockets.add(this);
            this.addEventListener('close', () => window.webSockets.delete(this));
        }
    };
"""


class Window:
    """A browser window that shows a `Lab`."""

    def __init__(self, page: Page, lab: Lab):
        self.page = page
        self.strays: list[str] = []
        page.set_default_timeout(60_000)  # a busy machine is slow, not wrong
        page.on("request", self._remember_strays)
        page.add_init_script(WEB_SOCKETS)
        page.goto(f"{lab.url}lab?token={lab.token}&reset")
        self._wait_for_lab()
        self.page.locator(".jp-Launcher").wait_for()
        self.hide_side_bar()

    def _wait_for_lab(self) -> None:
        self.page.wait_for_function("() => window.jupyterapp && window.jupyterapp.started")
        self.page.evaluate("() => window.jupyterapp.restored")
        self.page.wait_for_selector("#jupyterlab-splash", state="detached", timeout=60_000)

    def reload(self) -> None:
        """Loads the page anew, as F5 does."""
        self.page.reload()
        self._wait_for_lab()

    def lose_network(self) -> None:
        """Cuts every web socket of the page, and lets none be opened until `find_network`."""
        self.page.evaluate(
            "() => { window.noNetwork = true; for (const socket of window.webSockets) socket.close(); }"
        )

    def find_network(self) -> None:
        """Lets web sockets be opened again."""
        self.page.evaluate("() => { window.noNetwork = false; }")

    def hide_side_bar(self) -> None:
        """Folds the file browser away, which a picture of a notebook has no use for."""
        if self.page.locator("#jp-left-stack").is_visible():
            self.command("application:toggle-left-area")

    def _remember_strays(self, request: Request) -> None:
        host = urllib.parse.urlsplit(request.url).hostname or ""
        if host not in ("127.0.0.1", "localhost", "") and not request.url.startswith(("data:", "blob:")):
            self.strays.append(request.url)

    def command(self, name: str, **arguments: object) -> None:
        """Runs one of JupyterLab's own commands and waits until it is done, a minute at most: a dialog may hold it."""
        self.page.evaluate(
            """async ([name, args]) => {
                const late = new Promise((_, reject) => setTimeout(reject, 60_000, new Error(`${name} is not done`)));
                await Promise.race([window.jupyterapp.commands.execute(name, args), late]);
            }""",
            [name, arguments],
        )

    def open(self, notebook: str, kernel: bool = True, idle: bool = True) -> Locator:
        """Opens a notebook of the lab's folder; without `kernel` none is started, without `idle` it may be busy."""
        preference = {} if kernel else {"kernelPreference": {"shouldStart": False, "canStart": False}}
        self.command("docmanager:open", path=notebook, factory="Notebook", **preference)
        self.page.evaluate(
            """() => [...window.jupyterapp.shell.widgets('main')]
                .filter(widget => widget.node.querySelector('.jp-Launcher')).forEach(launcher => launcher.close())"""
        )
        return self.wait_for_notebook(idle=kernel and idle)

    def wait_for_notebook(self, idle: bool = True) -> Locator:
        """Waits until the notebook in front is drawn, and with `idle` until its kernel is ready."""
        panel = self.page.locator(PANEL)
        panel.wait_for()
        self.page.wait_for_function(
            """() => {
                const panel = window.jupyterapp.shell.currentWidget;
                return panel?.context?.isReady && panel.isRevealed;
            }"""
        )
        self._wait_for_outputs()
        if idle:
            self.wait_for_idle()
        return panel

    def _wait_for_outputs(self) -> None:
        """Waits until each output that the open notebook holds has been drawn; JupyterLab does it bit by bit."""
        self.page.wait_for_function(
            """() => {
                const notebook = window.jupyterapp.shell.currentWidget?.content;
                const cells = notebook?.widgets ?? [];
                const wanted = cells.reduce((sum, cell) => sum + (cell.model.outputs?.length ?? 0), 0);
                const drawn = [...(notebook?.node.querySelectorAll('.jp-OutputArea-output') ?? [])];
                return cells.length > 0 && cells.every(cell => cell.isAttached)
                    && drawn.length >= wanted && drawn.every(output => output.hasChildNodes()
                        && (!output.matches('.jp-RenderedVegaCommon5') || output.querySelector('canvas, svg.marks')));
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
        return self.page.locator(f"{PANEL} .jp-CodeCell")

    def type(self, index: int, text: str) -> Locator:
        """Puts a text into a cell in place of what it holds; `|` in it is where the cursor stays. Gives the cell."""
        before, _, after = text.partition("|")
        cell = self.cells().nth(index)
        cell.locator(".cm-content").click()
        self.page.keyboard.press("Control+A")
        self.page.keyboard.insert_text(before + after)
        for _ in after:
            self.page.keyboard.press("ArrowLeft")
        return cell

    def source(self, index: int) -> str:
        """What a cell holds."""
        return self.page.evaluate(
            "index => window.jupyterapp.shell.currentWidget.content.widgets[index].model.sharedModel.getSource()", index
        )

    def complete(self) -> dict[str, str]:
        """Presses Tab and gives what is offered: texts with their kinds, as the pop-up shows them."""
        self.page.keyboard.press("Tab")
        popup = self.page.locator(".jp-Completer:not(.lm-mod-hidden)")
        popup.wait_for()
        rows = popup.locator(".jp-Completer-item").evaluate_all(
            """items => items.map(item => ['match', 'typeExtended'].map(
                part => item.querySelector(`.jp-Completer-${part}`)?.textContent ?? ''))"""
        )
        return dict(rows)

    def tooltip(self) -> Locator:
        """Presses Shift-Tab and gives the tooltip."""
        self.page.keyboard.press("Shift+Tab")
        tooltip = self.page.locator(".jp-Tooltip")
        tooltip.wait_for()
        expect(tooltip).not_to_be_empty()
        return tooltip

    def press_button(self, item: str) -> None:
        """Presses a button of the notebook's toolbar: `interrupt`, `restart`, `restart-and-run`."""
        self.page.locator(f"{PANEL} .jp-Toolbar-item[data-jp-item-name={item}]").locator("jp-button").click()

    def confirm(self) -> None:
        """Accepts the dialog that is open."""
        self.page.locator(".jp-Dialog .jp-mod-accept").click()
        self.page.locator(".jp-Dialog").wait_for(state="detached")

    def status(self) -> Locator:
        """What the bar at the bottom says of the kernel: `CQL | Idle`."""
        return self.page.locator("#jp-main-statusbar").get_by_text("CQL |")

    def run(self, index: int, source: str | None = None, wait: bool = True, timeout: float = 60) -> Locator:
        """Runs a code cell by Shift-Enter as a user does, after typing `source` into it where that is given.

        Gives the cell back, once its execution count is there (or at once, without `wait`).
        """
        cell = self.cells().nth(index)
        cell.locator(".cm-content").click()
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
        self._wait_for_outputs()
        return self.page.locator(f"{PANEL} .jp-OutputArea-output").evaluate_all(
            "outputs => outputs.map(output => output.innerHTML)"
        )

    def set_theme(self, theme: str) -> None:
        """Changes the colours: "light" or "dark"."""
        self.command("apputils:change-theme", theme=f"JupyterLab {theme.capitalize()}")
        self.page.locator(f"body[data-jp-theme-light={'true' if theme == 'light' else 'false'}]").wait_for(state="attached")
        self.page.wait_for_timeout(300)  # until the style sheet is applied

    def both_themes(self, path: Path, take=None) -> None:
        """Writes `NAME-light.png` and `NAME-dark.png` by `take`, which is `picture` where nothing else is said."""
        for theme in ("dark", "light"):
            self.set_theme(theme)
            (take or self.picture)(path.with_name(f"{path.name}-{theme}.png"))

    def screen(self, path: Path) -> None:
        """Writes a picture of the window as it is, pop-ups and all."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=str(path))

    def picture(self, path: Path, section: str | None = None, height: int = 700) -> None:
        """Writes a picture of the open notebook in its full length, or of `height` pixels from a heading on."""
        page = self.page
        page.evaluate("() => document.activeElement?.blur()")
        page.evaluate("() => document.querySelectorAll('.jp-toast-button, .Toastify__toast').forEach(t => t.remove())")
        scroller = page.locator(f"{PANEL} .jp-WindowedPanel-outer").first
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
