"""What may not stand in the project: unfinished work, places of one machine, hosts of one registry."""

import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parents[2]
NOT_OURS = [".git", *(HERE / ".gitignore").read_text("utf-8").split()]

# A letter in brackets keeps a pattern from finding itself.
UNWANTED = {
    "unfinished work": r"\b([T]ODO|[F]IXME|[X]XX|[N]otImplementedError)\b",
    "a place of one machine": r"/([w]ork|[h]ome|[U]sers)/[a-z]+/|/[o]pt/(pypi|wheels)",
    "a registry host": r"[p]ypi\.org|[p]ythonhosted\.org|[r]egistry\.npmjs|[d]eb\.debian|--(extra-)?[i]ndex-url",
    "an uncut merge": r"^([<]{7}|[>]{7}) ",
}


def is_ours(path: Path) -> bool:
    """Tell whether a file belongs to the project, by our .gitignore: names anywhere, or at the top where a slash leads."""
    parts = path.relative_to(HERE).parts
    return not any(
        fnmatch(part, pattern.strip("/")) for pattern in NOT_OURS for part in (parts[:1] if pattern.startswith("/") else parts)
    )


def files() -> Iterator[Path]:
    """Yield the files of the project: what git tracks, or on a machine without git all that is not ignored."""
    if shutil.which("git") and (HERE / ".git").exists():
        run = subprocess.run(
            ["git", "-c", f"safe.directory={HERE}", "ls-files", "-z"],  # noqa: S607 - whichever git the machine has
            cwd=HERE,
            capture_output=True,
            text=True,
            check=True,
        )
        yield from (HERE / name for name in run.stdout.split("\0") if name and (HERE / name).is_file())
        return
    yield from (path for path in HERE.rglob("*") if path.is_file() and is_ours(path))


@pytest.mark.parametrize(
    "name", [".git/config", ".venv/bin/python", "src/__pycache__/a.py", "src/a.pyc", ".hypothesis/a", "data/pg/a"]
)
def test_what_tools_leave_is_not_ours(name: str) -> None:
    assert not is_ours(HERE / name)


@pytest.mark.parametrize("name", [".gitignore", ".ci/run", "src/kwartier/data/a.py", "tests/unit/test_build.py"])
def test_what_looks_alike_is_ours(name: str) -> None:
    assert is_ours(HERE / name)


def faults(name: str, text: str) -> list[str]:
    """Return what is unwanted in a text, by line."""
    return [
        f"{name}:{number} {what}: {line.strip()[:80]}"
        for number, line in enumerate(text.splitlines(), 1)
        for what, pattern in UNWANTED.items()
        if re.search(pattern, line)
    ]


def test_nothing_unwanted_in_the_tree() -> None:
    found: list[str] = []
    seen = 0
    for path in files():
        try:
            text = path.read_text("utf-8")
        except UnicodeDecodeError:
            continue  # a picture or a recorded frame
        seen += 1
        found += faults(path.relative_to(HERE).as_posix(), text)
    assert seen > 50
    assert found == []


PLANTED = [
    "# T.ODO: later",
    "raise N.otImplementedError",
    "see /w.ork/main/x",
    "/h.ome/somebody/x",
    "pip --i.ndex-url x",
    "<.<<<<<< HEAD",
]


@pytest.mark.parametrize("line", PLANTED)
def test_planted_fault_is_caught(line: str) -> None:
    assert faults("planted", f"first\n{line.replace('.', '', 1)}\n")
    assert faults("planted", f"first\n{line}\n") == []


@pytest.mark.parametrize("name", ["demo", "test", "kw", ".ci/run", "scripts/lock", "scripts/fresh_debian"])
def test_commands_can_be_executed(name: str) -> None:
    path = HERE / name
    assert path.stat().st_mode & 0o111
    assert path.read_text().startswith("#!/bin/sh\n")
    subprocess.run(["/bin/sh", "-n", path], check=True)


def test_types_are_checked_wherever_there_is_python() -> None:
    checked = set(tomllib.loads((HERE / "pyproject.toml").read_text())["tool"]["mypy"]["files"])
    programs = {path.relative_to(HERE).parts[0] for path in files() if path.suffix == ".py"}
    assert programs <= checked
