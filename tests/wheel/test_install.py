"""`pip install` of the wheel makes the kernel known; an upgrade keeps it; `pip uninstall` takes it away."""

import json
import os
import subprocess
import sys
import zipfile
from email.parser import BytesParser
from pathlib import Path

import pytest
from conftest import PREFIX

SPEC = Path("share/jupyter/kernels/cql")


def test_nothing_knew_the_kernel_before(found_before):
    assert "cql" not in found_before


def test_jupyter_finds_it_in_this_environment(shell):
    spec = shell.specs()["cql"]
    assert Path(spec["resource_dir"]) == PREFIX / SPEC
    assert spec["spec"]["display_name"] == "CQL"
    assert spec["spec"]["interrupt_mode"] == "message"


def test_the_kernelspec_leads_to_the_program_beside_it(shell):
    spec = json.loads((PREFIX / SPEC / "kernel.json").read_text())
    program = Path(spec["argv"][0].replace("{resource_dir}", str(PREFIX / SPEC)))
    assert program.resolve() == (PREFIX / "bin/cqlbook").resolve()
    assert os.access(program, os.X_OK)
    assert shell.run(program, "--version").stdout.startswith("cqlbook ")


def test_the_engine_of_local_sql_lies_beside_it(shell):
    engine = PREFIX / "bin/cqlbook-engine"
    assert os.access(engine, os.X_OK)
    # It says who it is, and ends when nobody asks it anything.
    greeting = json.loads(shell.run(engine).stdout)
    assert greeting["program"] == "cqlbook-engine"
    assert shell.run(PREFIX / "bin/cqlbook", "--version").stdout.split() == ["cqlbook", greeting["version"]]
    found = json.loads(shell.run(PREFIX / "bin/cqlbook", "doctor", "--json", code=None).stdout)
    assert "Engine" in json.dumps(found)
    assert str(engine) in json.dumps(found)


def test_it_has_our_logos(shell):
    names = sorted(path.name for path in (PREFIX / SPEC).iterdir())
    assert names == ["kernel.json", "logo-32x32.png", "logo-64x64.png", "logo-svg.svg"]


def test_the_metadata_say_what_it_is(wheel):
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        metadata = BytesParser().parsebytes(archive.read(name))
    assert metadata["Name"] == "cqlbook"
    assert metadata["License-Expression"] == "Apache-2.0"
    assert metadata["Requires-Python"] == ">=3.9"
    assert "Framework :: Jupyter" in metadata.get_all("Classifier")
    assert metadata.get_all("Requires-Dist") is None, "it needs nothing but itself"
    assert "# cqlbook" in metadata.get_payload()


@pytest.fixture
def other(fresh_shell, tmp_path) -> Path:
    """A second environment, as empty as one can be."""
    prefix = tmp_path / "other"
    fresh_shell.run(sys.executable, "-m", "venv", "--without-pip", prefix)
    return prefix


def test_an_upgrade_keeps_it_and_uninstall_leaves_nothing(fresh_shell, wheel, other, notebook):
    seen = {"JUPYTER_PATH": str(other / "share/jupyter")}

    def runs() -> bool:
        book = notebook("help.ipynb", "%help")
        command = ["jupyter", "execute", "--kernel_name=cql", str(book)]
        done = subprocess.run(command, env={**fresh_shell.environment, **seen}, capture_output=True, text=True)
        return done.returncode == 0

    files = set(other.rglob("*"))
    fresh_shell.pip("install", "--no-index", wheel, prefix=other)
    assert Path(fresh_shell.specs(**seen)["cql"]["resource_dir"]) == other / SPEC
    assert runs()
    fresh_shell.pip("install", "--no-index", "--force-reinstall", wheel, prefix=other)
    assert runs()
    fresh_shell.pip("uninstall", "--yes", "cqlbook", prefix=other)
    left = {path for path in set(other.rglob("*")) - files if path.is_file()}
    assert left == set()
    found = fresh_shell.specs(**seen).get("cql")
    assert found is None or not Path(found["resource_dir"]).is_relative_to(other)


def test_install_by_hand_says_what_it_wrote(shell, tmp_path):
    """`cqlbook install` beside the wheel: the spec names the program of this environment, which pip replaces in place."""
    said = shell.run("cqlbook", "install", "--prefix", tmp_path).stdout
    spec = json.loads((tmp_path / SPEC / "kernel.json").read_text())
    assert spec["argv"][0] == str(PREFIX / "bin/cqlbook")
    assert str(tmp_path / SPEC) in said
    assert str(PREFIX / "bin/cqlbook") in said
    assert "Removed" in shell.run("cqlbook", "uninstall", "--prefix", tmp_path).stdout
    assert not (tmp_path / SPEC).exists()
