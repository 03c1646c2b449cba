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

import kwartier
from kwartier.settings import Settings
from kwartier.store.embedded import home, supervisor
from kwartier.store.postgres import binaries, inspection, roles, secret
from kwartier.store.postgres.dsns import Dsns
from kwartier.store.postgres.errors import ServerUnavailable

_LOG: Final = logging.getLogger(__name__)
_POLL_S: Final = 0.005
_START_S: Final = 600.0  # a start may recover from a crash
_LEAVE_S: Final = 150.0  # a stop ends with a checkpoint


@contextmanager
def running(data: Path, settings: Settings | None = None) -> Iterator[Dsns]:
    """Give the DSNs of a server that runs at least until the block ends: the settings' own, else the embedded one of `data`.

    Any number of processes may be inside at once. The last one that leaves waits until the embedded server has stopped. Workers
    of a process need not enter: its DSNs serve them as long as it lives. A server of somebody else's is checked first. Raises
    ServerUnavailable, RolesTaken, NotPrepared.
    """
    if settings is None or settings.embedded:
        with embedded(data / "pg") as admin_dsn:
            yield roles.provide(data / "pg", admin_dsn)
        return
    if settings.admin_dsn:
        dsns = roles.provide(data / "pg", settings.admin_dsn)
    else:
        dsns = Dsns(settings.owner_dsn, settings.operator_dsn, settings.portal_dsn, settings.audit_dsn)
    inspection.check(dsns)
    yield dsns


@contextmanager
def embedded(folder: Path, *, programs: Path | None = None, options: Sequence[str] = ()) -> Iterator[str]:
    """Hold the embedded server of HOME, give its superuser's DSN; `options` are PostgreSQL settings. Raises ServerUnavailable."""
    folder = folder.absolute()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    users = home.opened(folder / home.USERS)
    try:
        socket_folder = _joined(folder, users, programs, options)
        password = (folder / home.PASSWORD).read_text(encoding="ascii")
        yield make_conninfo(host=socket_folder, port=home.PORT, user=home.ADMIN, password=password, dbname="postgres")
    finally:
        os.close(users)
        _leave(folder)


def admin_dsn(data: Path, dsns: Dsns) -> str:
    """Return the superuser's way into the database of an embedded server that runs, as whoever gave these DSNs holds it."""
    password = (data / "pg" / home.PASSWORD).read_text(encoding="ascii")
    return make_conninfo(dsns.owner, user=home.ADMIN, password=password)


def _joined(folder: Path, users: int, programs: Path | None, options: Sequence[str]) -> str:
    """Become a user and return the folder of the socket, starting a supervisor if none lives. Raises ServerUnavailable."""
    gate = home.opened(folder / home.GATE)
    try:
        fcntl.flock(gate, fcntl.LOCK_EX)
        # a supervisor that stops holds this until the server has ended
        fcntl.flock(users, fcntl.LOCK_SH)
        until = time.monotonic() + _START_S
        while time.monotonic() < until:
            if home.free(folder / home.SUPERVISOR_LOCK):
                _start(folder, programs or binaries.find(), options)
            socket_folder = _listening(folder)
            if socket_folder is not None:
                return socket_folder
            time.sleep(_POLL_S)
    finally:
        os.close(gate)
    msg = f"the server does not answer; see {folder / home.LOG}"
    raise ServerUnavailable(msg)


def _start(folder: Path, programs: Path, options: Sequence[str]) -> None:
    """Start a supervisor and wait until its server is ready. Raises ServerUnavailable."""
    if not (folder / home.PASSWORD).exists():
        secret.write(folder / home.PASSWORD, secret.password())
    _forget_readiness(folder / home.STATE)
    command = [sys.executable, "-S", "-P", "-m", supervisor.__name__, str(folder), str(programs), *options]
    environment = {**os.environ, "PYTHONPATH": str(Path(kwartier.__file__).parent.parent)}
    log = os.open(folder / home.LOG, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        # it goes on in a child of its own; the process started here ends at once
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, env=environment) as started:  # noqa: S603 - our own
            said = started.stdout.readline() if started.stdout else b""
    finally:
        os.close(log)
    answer = json.loads(said or b'{"error": "its supervisor ended"}')
    if "error" in answer:
        msg = f"PostgreSQL does not start: {answer['error']}; see {folder / home.LOG}"
        raise ServerUnavailable(msg)
    if answer["notice"]:
        _LOG.warning(answer["notice"])


def _forget_readiness(path: Path) -> None:
    """Say that no server is ready, keeping where the socket was: connection strings given out stay good."""
    handle = home.opened(path)
    try:
        home.write_state(handle, {**home.read_state(handle), "ready": False})
    finally:
        os.close(handle)


def _listening(folder: Path) -> str | None:
    """Return the folder of the socket if the server accepts connections."""
    state = _state(folder)
    if not state.get("ready"):
        return None
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(f"{state['socket']}/.s.PGSQL.{home.PORT}")
        except OSError:
            return None
    return str(state["socket"])


def server_pid(data: Path) -> int | None:
    """Return the process id of the embedded server of `data`, None if none runs: who measures an installation counts it in."""
    state = _state(data / "pg")
    server = state.get("server")
    return server if state.get("ready") and isinstance(server, int) else None


def _state(folder: Path) -> dict[str, object]:
    handle = home.opened(folder / home.STATE)
    try:
        return home.read_state(handle)
    finally:
        os.close(handle)


def _leave(folder: Path) -> None:
    """If we were the last user, wait until the server has stopped, so that nothing is left when a command has ended."""
    until = time.monotonic() + _LEAVE_S
    while time.monotonic() < until:
        if home.free(folder / home.SUPERVISOR_LOCK):
            if home.free(folder / home.SERVER_LOCK):
                return
        elif _others_use(folder / home.USERS):
            return
        time.sleep(_POLL_S)


def _others_use(users: Path) -> bool:
    """True if some user holds the lock; False if none does, or a stopping supervisor."""
    lock = home.opened(users)
    try:
        return not home.taken(lock, fcntl.LOCK_EX) and home.taken(lock, fcntl.LOCK_SH)
    finally:
        os.close(lock)
