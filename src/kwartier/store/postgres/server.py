"""Gives a running PostgreSQL: the embedded one of an installation, started if nobody did, or a server by DSN."""

import fcntl
import json
import logging
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from psycopg.conninfo import make_conninfo

from kwartier.settings import Settings
from kwartier.store.postgres import binaries, roles, secret, supervisor
from kwartier.store.postgres.dsns import Dsns
from kwartier.store.postgres.errors import ServerUnavailable

_LOG: Final = logging.getLogger(__name__)
_POLL_S: Final = 0.005
_LEAVE_S: Final = 30.0


@contextmanager
def running(data: Path, settings: Settings | None = None) -> Iterator[Dsns]:
    """Give the DSNs of a server that runs at least until the block ends: by the settings' DSNs, else the embedded one of `data`.

    Any number of processes may be inside at once. The last one that leaves waits until the embedded server has stopped. Workers
    of a process need not enter: its DSNs serve them as long as it lives. Raises ServerUnavailable, RolesTaken.
    """
    if settings is not None and not settings.embedded:
        yield Dsns(settings.owner_dsn, settings.operator_dsn, settings.portal_dsn, settings.audit_dsn)
        return
    with embedded(data / "pg") as admin_dsn:
        yield roles.provide(data / "pg", admin_dsn)


@contextmanager
def embedded(home: Path, *, programs: Path | None = None, options: Sequence[str] = ()) -> Iterator[str]:
    """Hold the embedded server of folder `home` and give the DSN of its superuser; `options` are PostgreSQL settings `name=value`."""
    home = home.absolute()
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    users = supervisor.open_lock(home / "users")
    try:
        folder = _joined(home, users, programs, options)
        password = (home / "admin.password").read_text(encoding="ascii")
        yield make_conninfo(host=folder, port=supervisor.PORT, user=supervisor.ADMIN, password=password, dbname="postgres")
    finally:
        os.close(users)
        _leave(home)


def _joined(home: Path, users: int, programs: Path | None, options: Sequence[str]) -> str:
    """Become a user and return the folder of the socket, starting a supervisor if none lives. Raises ServerUnavailable."""
    gate = supervisor.open_lock(home / "gate")
    try:
        fcntl.flock(gate, fcntl.LOCK_EX)
        # a supervisor that stops holds this until the server has ended
        fcntl.flock(users, fcntl.LOCK_SH)
        until = time.monotonic() + supervisor.START_S
        while time.monotonic() < until:
            if _free(home / "supervisor.lock"):
                _start(home, programs or binaries.find(), options)
            folder = _listening(home)
            if folder is not None:
                return folder
            time.sleep(_POLL_S)
    finally:
        os.close(gate)
    msg = f"the server does not answer; see {home / 'server.log'}"
    raise ServerUnavailable(msg)


def _free(path: Path) -> bool:
    """True if nobody holds this lock."""
    lock = supervisor.open_lock(path)
    try:
        return supervisor.taken(lock, fcntl.LOCK_SH)
    finally:
        os.close(lock)


def _start(home: Path, programs: Path, options: Sequence[str]) -> None:
    """Start a supervisor and wait until its server is ready. Raises ServerUnavailable."""
    if not (home / "admin.password").exists():
        secret.write(home / "admin.password", secret.password())
    _forget_readiness(home / "server.json")
    command = [sys.executable, "-I", "-S", supervisor.__file__, str(home), str(programs), *options]
    with (home / "server.log").open("ab") as log:
        started = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log)  # noqa: S603 - our own program
    with started:
        said = started.stdout.readline() if started.stdout else b""
    answer = json.loads(said or b'{"error": "the supervisor ended"}')
    if "error" in answer:
        msg = f"PostgreSQL does not start: {answer['error']}; see {home / 'server.log'}"
        raise ServerUnavailable(msg)
    if answer["notice"]:
        _LOG.warning(answer["notice"])


def _forget_readiness(path: Path) -> None:
    """Say that no server is ready, keeping where the socket was: connection strings given out stay good."""
    handle = supervisor.open_lock(path)
    try:
        supervisor.write_state(handle, {**supervisor.read_state(handle), "ready": False})
    finally:
        os.close(handle)


def _listening(home: Path) -> str | None:
    """Return the folder of the socket if the server accepts connections."""
    handle = supervisor.open_lock(home / "server.json")
    try:
        state = supervisor.read_state(handle)
    finally:
        os.close(handle)
    if not state.get("ready"):
        return None
    folder = str(state["socket"])
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(f"{folder}/.s.PGSQL.{supervisor.PORT}")
        except OSError:
            return None
    return folder


def _leave(home: Path) -> None:
    """If we were the last user, wait until the server has stopped, so that nothing is left when a command has ended."""
    until = time.monotonic() + _LEAVE_S
    while time.monotonic() < until:
        if _free(home / "supervisor.lock"):
            if _free(home / "server.lock"):
                return
        elif _others_use(home / "users"):
            return
        time.sleep(_POLL_S)


def _others_use(users: Path) -> bool:
    """True if some user holds the lock; False if none does, or a stopping supervisor."""
    lock = supervisor.open_lock(users)
    try:
        return not supervisor.taken(lock, fcntl.LOCK_EX) and supervisor.taken(lock, fcntl.LOCK_SH)
    finally:
        os.close(lock)
