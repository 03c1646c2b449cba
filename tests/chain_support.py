"""The whole chain as a user runs it: a town in its own process, the import, a night over encrypted DLMS, deliveries, proofs."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from kwartier.model.period import day_of

ASKED = os.environ.get("KW_TEST_DAY")
DAY = date.fromisoformat(ASKED) if ASKED else day_of(datetime.now(UTC)) - timedelta(days=1)
"""Which day the nights of the tests are about: yesterday, as for everybody, since the pages show yesterday and grounds expire."""
HOMES, SEED = 90, 11
PATIENCE = "connect_s = 3.0\nanswer_s = 5.0\nsession_s = 40.0\n"
"""How long an operator of tests waits: half as long as others, since meters that never answer take up most of each night."""
NAMED = {"KWARTIER_PERSON": "T. Ester", "KWARTIER_BECAUSE": "a test asks"}
"""Who of the operator's people runs the commands of tests."""


def kwartier(*arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run the command line in its own process."""
    command = [sys.executable, "-m", "kwartier.cli.main", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=280, env={**NAMED, **os.environ})
    assert not check or done.returncode == 0, done.stdout + done.stderr
    return done


def patient(data: Path) -> None:
    """Say how long an operator waits for a meter, before its installation is made."""
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    (data / "kwartier.toml").write_text(PATIENCE, "utf-8")


def demo(data: Path, *arguments: str) -> dict[str, Any]:
    """Run the demo once and return its JSON object."""
    patient(data)
    done = kwartier("demo", "--once", "--json", "--data", str(data), "--date", DAY.isoformat(), *arguments)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@dataclass(frozen=True)
class Night:
    """A night that was run: its folder and what the demo said about it."""

    data: Path
    said: dict[str, Any]


@contextmanager
def open_town(data: Path, *options: str, homes: int = HOMES) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """Let a town listen: a new one, or that of an earlier demo again. Gives its process and what it said when it was ready."""
    command = [sys.executable, "-m", "kwartier.simulator", "--homes", str(homes), "--seed", str(SEED), "--date", DAY.isoformat()]
    command += ["--dir", str(data / "town"), "--shipment-key", str(data / "keys" / "shipment.pub"), *options]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            said: dict[str, Any] = json.loads(process.stdout.readline())
            assert said["ready"]
            yield process, said
        finally:
            process.terminate()


@contextmanager
def town(data: Path, homes: int = HOMES) -> Iterator[subprocess.Popen[str]]:
    """Let a town listen, for who needs its process only."""
    with open_town(data, homes=homes) as (process, _):
        yield process


def processes_of(data: Path) -> list[int]:
    """Return the processes that have this folder in their command line or as their working directory."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdecimal() or int(entry.name) == os.getpid():
            continue
        try:
            command = (entry / "cmdline").read_bytes()
            cwd = str((entry / "cwd").readlink())
        except OSError:
            continue
        if os.fsencode(data) in command or cwd.startswith(str(data)):
            found.append(int(entry.name))
    return found
