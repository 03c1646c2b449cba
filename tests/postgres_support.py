"""Users of an embedded server in processes of their own, and a count of what they leave."""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import psycopg

USER = """
import sys, time
from pathlib import Path
from kwartier.store.postgres.server import embedded
with embedded(Path(sys.argv[1]), programs=Path(sys.argv[2]), options=sys.argv[3:]) as dsn:
    print(dsn, flush=True)
    sys.stdin.read()
"""
FAST = ("fsync=off",)


def processes(home: Path) -> list[psutil.Process]:
    """Return the supervisor, the server and every process of the server, as they are now."""
    state = json.loads((home / "server.json").read_text(encoding="utf-8"))
    server = psutil.Process(state["server"])
    return [psutil.Process(state["supervisor"]), server, *server.children(recursive=True)]


def runs(process: psutil.Process) -> bool:
    """True if it has not ended; one that only waits to be reaped has."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:  # it ended between the two questions
        return False


def left(before: list[psutil.Process], within_s: float = 20.0) -> list[psutil.Process]:
    """Return which of these still run after at most `within_s`; one that only waits to be reaped has ended."""
    until = time.monotonic() + within_s
    while running := [each for each in before if runs(each)]:
        if time.monotonic() > until:
            return running
        time.sleep(0.01)
    return []


def answer(dsn: str) -> object:
    """Ask the server something; a function of a module that workers can import."""
    with psycopg.connect(dsn) as connection:
        return connection.execute("select 6 * 7").fetchone()


class User:
    """A process that uses the server of HOME until it is told to leave, or killed."""

    def __init__(self, home: Path, programs: Path, *, become: Callable[[], None] | None = None) -> None:
        """Start it; `become` runs in it before anything else."""
        self.home = home
        self.process = subprocess.Popen(
            [sys.executable, "-c", USER, str(home), str(programs), *FAST],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            preexec_fn=become,  # noqa: PLW1509 - the tests have no threads here
        )

    def dsn(self) -> str:
        """Wait until the user is in, and return the superuser's DSN."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def leave(self) -> int:
        """Leave in the ordinary way and return the exit status."""
        self.process.communicate(timeout=60)
        return self.process.returncode

    def kill(self) -> None:
        """End it without a chance to do anything."""
        self.process.kill()
        self.process.communicate(timeout=60)
