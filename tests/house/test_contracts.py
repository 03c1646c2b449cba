"""The import contracts of pyproject.toml hold, and each of them catches what it is there to catch."""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import NamedTuple

import pytest

HERE = Path(__file__).resolve().parents[2]
CONFIGURATION = tomllib.loads((HERE / "pyproject.toml").read_text())["tool"]["importlinter"]
CONTRACTS = {each["id"]: each["name"] for each in CONFIGURATION["contracts"]}


class Fault(NamedTuple):
    """A line that somebody might write, in which module, and the contract that must break."""

    contract: str
    sentence: str
    module: str
    line: str


FAULTS = [
    Fault("floors", "the audit log asks the store", "audit/planted", "from kwartier import store"),
    Fault("floors", "grounds fetch the permissions themselves", "grounds/planted", "from kwartier.store import registry"),
    Fault("floors", "planning calls the head-end to know what failed", "planning/planted", "from kwartier import headend"),
    Fault("floors", "validation borrows from delivery", "validation/planted", "from kwartier import delivery"),
    Fault("floors", "a workflow renders a page", "workflows/night/planted", "from kwartier import web"),
    Fault("floors", "the model reads the settings", "model/planted", "from kwartier import settings"),
    Fault("floors", "a late import inside a function", "planning/planted", "def f() -> None:\n    from kwartier import headend"),
    Fault("floors", "a room that nobody gave a floor", "utils/__init__", "x = 1"),
    Fault(
        "floors",
        "an import for types only",
        "planning/planted",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from kwartier import headend",
    ),
    Fault("treasury", "a page reads the store", "web/planted", "from kwartier.store import registry"),
    Fault("treasury", "the head-end opens the keys", "headend/planted", "from kwartier import keys"),
    Fault("treasury", "delivery starts an executor", "delivery/planted", "from kwartier import engine"),
    Fault("treasury", "the command line writes the log", "cli/planted", "from kwartier.audit import events"),
    Fault("home-apart", "home asks the operator's store", "home/planted", "from kwartier import store"),
    Fault("home-apart", "home drags in the P3 codec", "home/planted", "from kwartier.wire import dlms"),
    Fault("operator-apart", "a page shows the home panel", "web/planted", "from kwartier.home import panel"),
    Fault("simulator-apart", "a simulated meter uses the operator's keys", "simulator/planted", "from kwartier import keys"),
    Fault("simulator-optional", "the head-end makes an exception for it", "headend/planted", "from kwartier import simulator"),
    Fault("simulator-optional", "a night starts the town", "workflows/night/planted", "from kwartier import simulator"),
    Fault("dry-rooms", "a codec reads the clock", "wire/dlms/planted", "import time"),
    Fault("dry-rooms", "grounds open a socket", "grounds/planted", "import socket"),
    Fault("dry-rooms", "validation writes a log line", "validation/planted", "import logging"),
    Fault("dry-rooms", "planning throws dice", "planning/planted", "from random import shuffle"),
    Fault("dry-rooms", "grid opens a table file", "grid/planted", "import pyarrow.parquet"),
    Fault("dry-rooms", "delivery makes random ids", "delivery/planted", "import uuid"),
    Fault("sql-below", "the command line speaks SQL", "cli/planted", "import psycopg"),
    Fault("sql-below", "a page reads the lake", "web/planted", "import deltalake"),
    Fault("async-inside", "a workflow runs an event loop", "workflows/night/planted", "import asyncio"),
    Fault("tongues-apart", "the P1 codec borrows from DLMS", "wire/p1/planted", "from kwartier.wire import dlms"),
    Fault("sides-apart", "the meter decodes as a client", "wire/dlms/server/planted", "from kwartier.wire.dlms import client"),
    Fault("sides-apart", "the client encodes as a meter", "wire/dlms/client/planted", "from kwartier.wire.dlms import server"),
    Fault(
        "workflows-apart",
        "the night calls a delivery round",
        "workflows/night/planted",
        "from kwartier.workflows import delivery_round",
    ),
    Fault("workflows-apart", "the installation knows a workflow", "workflows/installation", "from kwartier.workflows import night"),
    Fault("workflows-apart", "a workflow that nobody listed", "workflows/sundries", "x = 1"),
    Fault("no-circles", "a circle within a room", "model/period", "from kwartier.model import ground"),
]


def broken(folder: Path) -> set[str]:
    """Run the contracts over `folder/src` and return the ids of those that broke."""
    run = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache", "--config", HERE / "pyproject.toml"],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(folder / "src"), "COLUMNS": "300", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    verdicts = {
        name: line.removeprefix(name).split()[0]
        for name in CONTRACTS.values()
        for line in run.stdout.splitlines()
        if line.startswith(f"{name} ")
    }
    assert verdicts.keys() == set(CONTRACTS.values()), run.stdout + run.stderr
    found = {key for key, name in CONTRACTS.items() if verdicts[name] == "BROKEN"}
    assert bool(found) == bool(run.returncode)
    return found


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a copy of the product's source, to plant faults in."""
    folder = tmp_path_factory.mktemp("planted")
    shutil.copytree(HERE / "src", folder / "src", ignore=shutil.ignore_patterns("__pycache__"))
    home = folder / "src" / "kwartier" / "home"
    home.mkdir(exist_ok=True)  # the home product may not be there yet; its contracts are
    (home / "__init__.py").touch()
    (home / "panel.py").touch()
    return folder


def test_contracts_are_kept() -> None:
    assert broken(HERE) == set()


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault.contract}: {fault.sentence}")
def test_planted_fault_is_caught(fault: Fault, copy: Path) -> None:
    path = copy / "src" / "kwartier" / f"{fault.module}.py"
    before = path.read_text() if path.exists() else None
    missing_folder = None if path.parent.exists() else path.parent
    path.parent.mkdir(exist_ok=True)
    if missing_folder and path.name != "__init__.py":
        (path.parent / "__init__.py").touch()
    path.write_text(f"{before or ''}\n{fault.line}\n")
    try:
        assert fault.contract in broken(copy)
    finally:
        path.unlink() if before is None else path.write_text(before)
        if missing_folder:
            shutil.rmtree(missing_folder)


def test_the_copy_itself_is_without_fault(copy: Path) -> None:
    assert broken(copy) == set()


def test_every_contract_has_a_planted_fault() -> None:
    assert {fault.contract for fault in FAULTS} == CONTRACTS.keys()
