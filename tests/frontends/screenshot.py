"""Takes a picture of an executed notebook as JupyterLab shows it, in its full length.

    python screenshot.py NOTEBOOK OUT.png [--theme dark] [--width 1280] [--trusted] [--section HEADING --height 700]

No kernel is started: the picture shows the outputs that the file holds.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from pathlib import Path

from lab import Lab


def main() -> None:
    """Reads the command line and takes the picture."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("notebook", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--theme", choices=["light", "dark"], default="light")
    parser.add_argument("--width", type=int, default=1280, help="of the window, in pixels")
    parser.add_argument("--trusted", action="store_true", help="sign the notebook first; else it is shown untrusted")
    parser.add_argument("--section", help="show what follows this heading only")
    parser.add_argument("--height", type=int, default=700, help="of the section's picture, in pixels")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(arguments.notebook, folder)
        with Lab(Path(folder), theme=arguments.theme) as lab:
            if arguments.trusted:
                lab.trust(arguments.notebook.name)
            with lab.window(width=arguments.width) as window:
                window.open(arguments.notebook.name, kernel=False)
                window.page.wait_for_timeout(500)
                window.picture(arguments.out, arguments.section, arguments.height)


if __name__ == "__main__":
    main()
