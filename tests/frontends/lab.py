"""A JupyterLab of its own in a real Chromium, for tests and pictures.

`Lab` starts a server with empty settings, data and run-time folders (nothing of the user's own Jupyter
is read or changed), and `Lab.window()` opens it in a headless Chromium. What a person does in that window
is in `window.py`.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import psutil
from playwright.sync_api import Browser, sync_playwright
from window import Window

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
    # No page reaches anything but this machine.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
]

# What would call home, or move between two pictures of the same notebook.
SETTINGS = {
    "@jupyterlab/apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "@jupyterlab/docmanager-extension/plugin": {"renameUntitledFileOnSave": False},
    "@jupyterlab/notebook-extension/tracker": {"windowingMode": "none", "scrollPastEnd": False, "recordTiming": False},
}
DISABLED_EXTENSIONS = {
    "@jupyterlab/apputils-extension:announcements": True,
    "@jupyterlab/extensionmanager-extension": True,
}


def chromium() -> str:
    """The path of the system's Chromium: CQLBOOK_CHROMIUM, or what PATH has under its usual names."""
    names = [os.environ.get("CQLBOOK_CHROMIUM"), "chromium", "chromium-browser", "google-chrome"]
    for name in filter(None, names):
        if path := shutil.which(name):
            return path
    raise RuntimeError("There is no Chromium. Install it with: apt-get install chromium")


@functools.cache
def browser() -> Browser:
    """The one Chromium of this process. Its windows share nothing: each is opened as if the browser were new."""
    playwright = sync_playwright().start()
    launched = playwright.chromium.launch(executable_path=chromium(), args=CHROMIUM_FLAGS)
    atexit.register(playwright.stop)
    atexit.register(launched.close)
    return launched


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
            # What the kernel itself keeps for its user.
            **{f"XDG_{name}_HOME": str(self.home / "xdg" / name.lower()) for name in ("CONFIG", "DATA", "STATE", "CACHE")},
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

    def kernels(self) -> list[dict]:
        """The kernels that the server knows, each with its `execution_state` and its number of `connections`."""
        return self._ask("GET", "kernels")

    def end_kernels(self) -> None:
        """Shuts every kernel down, as the list of what runs does."""
        for kernel in self.kernels():
            self._ask("DELETE", f"kernels/{kernel['id']}")

    def _ask(self, method: str, what: str) -> list | None:
        """Calls the server's API."""
        headers = {"Authorization": f"token {self.token}"}
        request = urllib.request.Request(f"{self.url}api/{what}", headers=headers, method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read() or "null")

    def kernel_processes(self) -> list[psutil.Process]:
        """The processes of our kernels that the server has started and that still run."""
        family = psutil.Process(self.server.pid).children(recursive=True)
        return [process for process in family if process.name().startswith("cqlbook")]

    def trust(self, notebook: str) -> None:
        """Signs a notebook of the folder, as `jupyter trust` does for a user."""
        command = [sys.executable, "-m", "nbformat.sign", str(self.folder / notebook)]
        subprocess.run(command, env=self.environment, check=True, capture_output=True)

    @contextlib.contextmanager
    def window(self, width: int = 1280, height: int = 900):
        """Opens JupyterLab in a fresh browser window and waits until it has settled."""
        context = browser().new_context(viewport={"width": width, "height": height}, reduced_motion="reduce")
        try:
            yield Window(context.new_page(), self)
        finally:
            context.close()
