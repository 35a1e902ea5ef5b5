"""How large kernels are: our wheel, and the files that each puts on the disk. Nothing is downloaded for it."""

import importlib.metadata
import re
import zipfile
from pathlib import Path

import bench_report
from packaging.requirements import Requirement

MEGABYTE = 1e6


def add(figures: dict[str, dict[str, float]], wheels: Path | None, peers: Path) -> None:
    """Adds the sizes in megabytes (10^6 bytes): what is known of each kernel."""
    if wheel := newest(wheels):
        figures["cqlbook"][bench_report.WHEEL] = wheel.stat().st_size / MEGABYTE
        with zipfile.ZipFile(wheel) as files:
            figures["cqlbook"][bench_report.INSTALLED] = sum(file.file_size for file in files.infolist()) / MEGABYTE
    figures["ipykernel"][bench_report.INSTALLED] = with_requirements("ipykernel") / MEGABYTE
    files = (file for file in peers.rglob("*") if file.is_file())
    figures["deno"][bench_report.INSTALLED] = sum(file.stat().st_size for file in files) / MEGABYTE


def newest(wheels: Path | None) -> Path | None:
    """The newest wheel of a folder."""
    found = wheels.glob("*.whl") if wheels else []
    return max(found, key=lambda wheel: wheel.stat().st_mtime, default=None)


def with_requirements(name: str) -> int:
    """The bytes of a distribution's files and of all that it requires here, compiled Python left out."""
    seen: set[str] = set()
    wanted = [name]
    size = 0
    while wanted:
        name = re.sub(r"[-_.]+", "-", wanted.pop()).lower()
        if name in seen:
            continue
        seen.add(name)
        distribution = importlib.metadata.distribution(name)
        for file in distribution.files or []:
            path = Path(file.locate())
            if path.suffix != ".pyc" and path.is_file():
                size += path.stat().st_size
        for line in distribution.requires or []:
            requirement = Requirement(line)
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                wanted.append(requirement.name)
    return size
