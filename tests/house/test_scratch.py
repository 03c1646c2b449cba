"""Where the folders of the tests are."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from scratch_support import MEMORY, forget, has_room, settle


def test_a_place_without_room_or_that_is_not_there_is_not_taken(tmp_path: Path) -> None:
    assert has_room(tmp_path, room=1)
    assert not has_room(tmp_path, room=1 << 60)
    assert not has_room(tmp_path / "nowhere", room=1)


def test_what_a_killed_run_left_is_removed_and_nothing_of_one_that_runs(tmp_path: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    owners = {"0": str(ended.pid), "1": str(os.getpid()), "2": ""}
    for number, owner in owners.items():
        folder = tmp_path / "pytest-of-somebody" / f"pytest-{number}"
        folder.mkdir(parents=True)
        (folder / ".lock").write_text(owner, encoding="ascii")
    forget(tmp_path)
    assert sorted(each.name for each in (tmp_path / "pytest-of-somebody").iterdir()) == ["pytest-1", "pytest-2"]


def test_memory_is_taken_if_it_has_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTEST_DEBUG_TEMPROOT", raising=False)
    monkeypatch.delenv("TMPDIR", raising=False)
    settle()
    assert os.environ.pop("PYTEST_DEBUG_TEMPROOT", None) == (str(MEMORY) if has_room(MEMORY) else None)


@pytest.mark.parametrize("name", ["PYTEST_DEBUG_TEMPROOT", "TMPDIR"])
def test_who_has_chosen_a_place_keeps_it(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTEST_DEBUG_TEMPROOT", raising=False)
    monkeypatch.delenv("TMPDIR", raising=False)
    monkeypatch.setenv(name, str(tmp_path))
    settle()
    assert os.environ.get("PYTEST_DEBUG_TEMPROOT") != str(MEMORY)
    assert os.environ[name] == str(tmp_path)
