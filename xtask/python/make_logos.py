"""Draws logo-32x32.png and logo-64x64.png from logo-svg.svg. Run it after changing the mark:

    .work/venv/bin/python xtask/python/make_logos.py
"""

import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parents[2]
LOGOS = ROOT / "kernelspec/data/share/jupyter/kernels/cql"
sys.path.append(str(ROOT / "tests/frontends"))

from lab import CHROMIUM_FLAGS, chromium  # noqa: E402  (needs the path above)


def main() -> None:
    """Draws each size in a page of exactly that size."""
    svg = (LOGOS / "logo-svg.svg").read_text()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=CHROMIUM_FLAGS)
        for size in (32, 64):
            page = browser.new_page(viewport={"width": size, "height": size})
            page.set_content(
                f"<style>body {{ margin: 0 }} svg {{ display: block; width: {size}px; height: {size}px }}</style>{svg}"
            )
            page.screenshot(path=str(LOGOS / f"logo-{size}x{size}.png"), omit_background=True)
        browser.close()


if __name__ == "__main__":
    main()
