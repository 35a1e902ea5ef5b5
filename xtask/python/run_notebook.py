"""Runs a notebook through its kernel with progress in the terminal, and writes it executed.

    python run_notebook.py NOTEBOOK --out FOLDER [--cwd FOLDER] [--timeout SECONDS]

Writes FOLDER/NAME.ipynb and FOLDER/NAME.html. When a cell fails, both are written as far as they came, and
the exit code is 1.
"""

import argparse
import sys
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbconvert import HTMLExporter


class Progress:
    """Prints one line for each code cell: its number, its first line, its time."""

    def __init__(self, notebook):
        self.numbers = {}
        for index, cell in enumerate(notebook.cells):
            if cell.cell_type == "code":
                self.numbers[index] = len(self.numbers) + 1
        self.started = time.monotonic()

    def start(self, cell, cell_index):
        """A cell begins."""
        self.started = time.monotonic()
        lines = cell.source.strip().splitlines() or [""]
        title = next((line for line in lines if not line.startswith(("--", "//"))), lines[0])
        title = title if len(title) <= 60 else title[:59] + "…"
        print(f"  cell {self.numbers[cell_index]:>2} of {len(self.numbers)}  {title:<60} ", end="", flush=True)

    def end(self, cell, cell_index, **_):
        """A cell has run, well or not."""
        failed = any(output.output_type == "error" for output in cell.outputs)
        print(f"{time.monotonic() - self.started:6.1f} s{'  failed' if failed else ''}", flush=True)


def main() -> int:
    """Reads the command line, runs, writes; gives the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("notebook", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--cwd", type=Path, help="where the kernel runs; the notebook's own folder by default")
    parser.add_argument("--timeout", type=float, default=600, help="for one cell, in seconds")
    arguments = parser.parse_args()

    notebook = nbformat.read(arguments.notebook, as_version=4)
    progress = Progress(notebook)
    client = NotebookClient(
        notebook,
        timeout=arguments.timeout,
        resources={"metadata": {"path": str(arguments.cwd or arguments.notebook.parent)}},
        on_cell_execute=progress.start,
        on_cell_executed=progress.end,
    )
    began = time.monotonic()
    code = 0
    try:
        client.execute()
    except CellExecutionError as error:
        print(f"\n{error}", file=sys.stderr)
        code = 1
    except (CellTimeoutError, DeadKernelError) as error:
        print(f"\n\n{error}", file=sys.stderr)
        code = 1
    print(f"  {len(progress.numbers)} cells in {time.monotonic() - began:.1f} s")

    arguments.out.mkdir(parents=True, exist_ok=True)
    target = arguments.out / arguments.notebook.name
    nbformat.write(notebook, target)
    page, _ = HTMLExporter().from_notebook_node(notebook, {"metadata": {"name": arguments.notebook.stem}})
    target.with_suffix(".html").write_text(page, encoding="utf-8")
    return code


if __name__ == "__main__":
    sys.exit(main())
