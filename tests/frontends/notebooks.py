"""The repository's notebooks, as the `notebook` part of the tests executed them."""

import os
from pathlib import Path

import pytest

# Their names, in the order of the alphabet.
NAMES = sorted(path.name for path in (Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))


def executed(name: str) -> Path:
    """Where an executed notebook is."""
    folder = os.environ.get("CQLBOOK_TEST_NOTEBOOKS")
    if not folder:
        pytest.fail("CQLBOOK_TEST_NOTEBOOKS is not set. Run these tests by: cargo xtask test")
    path = Path(folder) / name
    if not path.is_file():
        pytest.fail(f"{path} is not there: the `notebook` part makes it.")
    return path
