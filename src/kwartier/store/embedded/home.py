"""The files of HOME through which supervisor and users find each other: locks of the kernel, and one line of JSON."""

import fcntl
import json
import os
import time
from pathlib import Path
from typing import Final

USERS: Final = "users"
GATE: Final = "gate"
SUPERVISOR_LOCK: Final = "supervisor.lock"
SERVER_LOCK: Final = "server.lock"
STATE: Final = "server.json"
PASSWORD: Final = "admin.password"  # noqa: S105 - the name of a file
ELSEWHERE: Final = "elsewhere"
CLUSTER: Final = "cluster"
LOG: Final = "server.log"

ADMIN: Final = "kw_admin"
PORT: Final = 5432  # names the socket file; nothing listens on a network

_POLL_S: Final = 0.01


class StartError(Exception):
    """The server cannot run; the text is one line for an engineer."""


def opened(path: Path) -> int:
    """Open a file of HOME for reading, writing and locking, making it if need be (0600). A lock goes when it is closed."""
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def taken(lock: int, how: int, wait_s: float = 0.0) -> bool:
    """Take a lock (LOCK_SH or LOCK_EX) within a time; False if somebody else kept it."""
    until = time.monotonic() + wait_s
    while True:
        try:
            fcntl.flock(lock, how | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= until:
                return False
            time.sleep(_POLL_S)
        else:
            return True


def free(path: Path) -> bool:
    """True if nobody holds this lock."""
    lock = opened(path)
    try:
        return taken(lock, fcntl.LOCK_SH)
    finally:
        os.close(lock)


def write_state(handle: int, state: dict[str, object]) -> None:
    """Write server.json in place: who runs the server need not be allowed to write its folder."""
    os.ftruncate(handle, 0)
    os.pwrite(handle, json.dumps(state).encode() + b"\n", 0)


def read_state(handle: int) -> dict[str, object]:
    """Read server.json; what is not whole is as good as nothing."""
    try:
        state = json.loads(os.pread(handle, 4096, 0))
    except ValueError:
        return {}
    return state if isinstance(state, dict) else {}
