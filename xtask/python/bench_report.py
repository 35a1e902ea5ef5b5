"""The figures of `bench_kernel.py` as a table in Markdown, the targets they are held to, and the document they go into."""

import importlib.metadata
import os
import platform
import time
from pathlib import Path

START = "start to kernel_info_reply, median ms"
CELL = "trivial cell by jupyter_client, median ms"
BARE_CELL = "trivial cell at bare sockets, median ms"
MEMORY = "resident memory at rest, MB"
WHEEL = "wheel, MB"
INSTALLED = "installed files, MB"

# How many times the second kernel's figure must be ours, at least.
TARGETS = {START: 12, CELL: 5, BARE_CELL: 5, MEMORY: 3}

BEGIN = "<!-- begin: cargo xtask bench kernel --write -->"
END = "<!-- end -->"


def report(figures: dict[str, dict[str, float]], starts: int, trips: int, load: float, peers: Path) -> str:
    """What was measured, where, and the table."""
    ours, *others = figures
    (deno,) = importlib.metadata.distributions(name="deno", path=[str(peers)])
    ipykernel = importlib.metadata.version("ipykernel")
    lines = [
        f"{time.strftime('%B %Y')}, {os.cpu_count()} cores, {system()}, Python {platform.python_version()}, load {load:.1f} before "
        f"the run. {starts} starts and {trips} cells of each; ipykernel {ipykernel}, deno {deno.version}, cqlbook of the "
        "release profile.",
        "",
        f"| | {ours} | " + " | ".join(f"{other} | ratio" for other in others) + " | target |",
        "| --- |" + " ---: |" * (2 + 2 * len(others)),
    ]
    for what in rows(figures):
        cells = [number(figures[ours].get(what))]
        for other in others:
            cells += [number(figures[other].get(what)), ratio(figures[ours].get(what), figures[other].get(what))]
        cells.append(f"1 : {TARGETS[what]}" if what in TARGETS else "")
        lines.append(f"| {what} | " + " | ".join(cells) + " |")
    if WHEEL not in figures[ours]:
        lines += ["", "The wheel was not measured: there was none in `.work/wheels`. `cargo xtask wheel` makes it."]
    return "\n".join(lines)


def rows(figures: dict[str, dict[str, float]]) -> list[str]:
    """What was measured of any kernel, in order."""
    return list(dict.fromkeys(what for one in figures.values() for what in one))


def number(value: float | None) -> str:
    """A figure, with as many decimals as it deserves."""
    if value is None:
        return "–"
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def ratio(ours: float | None, theirs: float | None) -> str:
    """How many times ours goes into theirs."""
    return f"1 : {theirs / ours:.1f}" if ours and theirs else "–"


def missed(figures: dict[str, dict[str, float]]) -> list[str]:
    """A sentence for each target that was missed."""
    ours, theirs, *_ = figures.values()
    return [
        f"Missed: {what} is 1 : {theirs[what] / ours[what]:.1f}, the target is 1 : {times}."
        for what, times in TARGETS.items()
        if theirs[what] < ours[what] * times
    ]


def write(document: Path, text: str) -> None:
    """Puts the text between the markers of a document."""
    before, begin, rest = document.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise SystemExit(f"{document} lacks the lines {BEGIN} and {END}.")
    document.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}")


def system() -> str:
    """The system's name, as people know it."""
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        return platform.platform(terse=True)
