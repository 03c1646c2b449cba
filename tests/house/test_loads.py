"""What a part loads when it is imported, however it came by it: seen at run time, where no trick with names can hide it."""

import importlib.util
import json
import subprocess
import sys

import pytest

LIST = "import json, sys, {module}; print(json.dumps(sorted(sys.modules)))"

ALONE = [
    (
        "kwartier.home.command",
        {"kwartier.home", "kwartier.model", "kwartier.wire.p1"},
        {"psycopg", "deltalake", "pyarrow", "numpy", "cryptography", "typer", "rich", "babel", "structlog", "uvloop"},
    ),
    ("kwartier.simulator", {"kwartier.simulator", "kwartier.model", "kwartier.wire"}, {"psycopg", "deltalake", "starlette"}),
    (
        "kwartier.audit.verify",
        {"kwartier.audit.verify", "kwartier.model"},
        {"psycopg", "deltalake", "pyarrow", "numpy", "pydantic"},
    ),
    (
        "kwartier.grounds.decide",
        {"kwartier.grounds", "kwartier.model"},
        {"psycopg", "deltalake", "pyarrow", "numpy", "cryptography"},
    ),
    (
        "kwartier.wire.p1.decoder",
        {"kwartier.wire.p1", "kwartier.model.period", "kwartier.model.errors"},
        {"numpy", "cryptography", "psycopg", "pyarrow"},
    ),
    ("kwartier.wire.p1.write", {"kwartier.wire.p1", "kwartier.model"}, {"numpy", "cryptography"}),
    ("kwartier.model.task", {"kwartier.model"}, {"numpy", "cryptography"}),
]


def loaded(module: str) -> set[str]:
    """Import a module in a fresh interpreter and return the names of all that is loaded then."""
    run = subprocess.run([sys.executable, "-c", LIST.format(module=module)], capture_output=True, text=True, check=True)
    return set(json.loads(run.stdout))


def beyond(names: set[str], own: set[str]) -> set[str]:
    """Return the modules of ours that are neither in, nor the parent package of, what a part may load."""
    within = tuple(f"{room}." for room in own)
    parents = {name.rsplit(".", cut)[0] for name in own for cut in range(1, name.count(".") + 1)}
    return {name for name in names if name.startswith("kwartier.") and not f"{name}.".startswith(within) and name not in parents}


@pytest.mark.parametrize(("module", "own", "foreign"), ALONE, ids=[module for module, _, _ in ALONE])
def test_a_part_loads_only_its_own(module: str, own: set[str], foreign: set[str]) -> None:
    if importlib.util.find_spec(module) is None:
        pytest.skip(f"{module} is not there yet")
    names = loaded(module)
    assert beyond(names, own) == set()
    assert foreign & names == set()


def test_a_part_that_loads_more_is_seen() -> None:
    names = loaded("kwartier.planning.plan")
    assert beyond(names, {"kwartier.model"}) >= {"kwartier.planning", "kwartier.planning.plan"}
