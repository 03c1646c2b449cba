"""The process that owns the server, from its first user to its last.

    python -m kwartier.store.embedded.supervisor HOME PROGRAMS [NAME=VALUE ...]

PROGRAMS is the folder with `initdb` and `postgres`, the rest are settings of PostgreSQL. Every user process holds a shared lock on
HOME/users; the kernel frees it when the process ends, kill -9 included. The supervisor waits for the exclusive lock, which it gets
when no user is left, and then stops the server. The server is its child and asks the kernel for a fast shutdown at the supervisor's
own death. On standard output one line of JSON says how the start ended: {"ready": true, "notice": ...} or {"error": ...}.
"""

import contextlib
import fcntl
import json
import os
import select
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from kwartier.store.embedded import cluster, home, identity
from kwartier.store.embedded.home import StartError
from kwartier.store.embedded.process import STOP_S, Server, drop_socket_folder, socket_folder

_LOG_LIMIT: Final = 8 << 20


class Supervisor:
    """Owns the server of one HOME."""

    def __init__(self, folder: Path, programs: Path, settings: Sequence[str]) -> None:
        """Open all of HOME that is needed, then become whoever may run the server. Raises StartError."""
        self._alive = home.opened(folder / home.SUPERVISOR_LOCK)
        if not home.taken(self._alive, fcntl.LOCK_EX, 5.0):
            msg = "another supervisor lives"
            raise StartError(msg)
        self._settings = settings
        self._users = home.opened(folder / home.USERS)
        self._state = home.opened(folder / home.STATE)
        self._server_lock = home.opened(folder / home.SERVER_LOCK)
        self._log = _log(folder / home.LOG)
        self._password = (folder / home.PASSWORD).read_bytes()
        self.identity = identity.assume(folder, programs)
        self._socket = socket_folder(str(home.read_state(self._state).get("socket", "")))
        self._wake, self._waker = os.pipe()

    def start(self) -> Server:
        """Start the server once every process of an earlier one is gone, and write where it is. Raises StartError."""
        if not home.taken(self._server_lock, fcntl.LOCK_EX, STOP_S):
            msg = "an earlier server does not end"
            raise StartError(msg)
        self._write(ready=False)
        data = cluster.ensure(self.identity, self._password, durable="fsync=off" not in self._settings)
        server = Server(self.identity, data, self._socket, lock=self._server_lock, log=self._log, settings=self._settings)
        os.close(self._server_lock)  # from here on only the server's own processes hold it
        try:
            server.wait_ready()
        except StartError:
            server.stop()
            raise
        for how in (signal.SIGTERM, signal.SIGINT):  # before anybody can know that we run: from here on we leave nothing behind
            signal.signal(how, lambda *_: os.write(self._waker, b"s"))
        self._write(ready=True, server=server.process.pid)
        return server

    def serve(self, server: Server) -> None:
        """Return when no user is left, when told to stop, or when the server ended by itself; it does not run then."""
        threading.Thread(target=self._wait_for_no_users, daemon=True).start()
        ended = os.pidfd_open(server.process.pid)
        select.select([self._wake, ended], [], [])
        self._write(ready=False)
        server.stop()

    def close(self) -> None:
        """Leave nothing behind but the data."""
        drop_socket_folder(self._socket)
        os.ftruncate(self._state, 0)

    def _wait_for_no_users(self) -> None:
        fcntl.flock(self._users, fcntl.LOCK_EX)
        os.write(self._waker, b"u")

    def _write(self, *, ready: bool, server: int | None = None) -> None:
        state = {"ready": ready, "socket": str(self._socket), "supervisor": os.getpid(), "server": server}
        home.write_state(self._state, state)


def _log(path: Path) -> int:
    """Open the server's log, an overgrown one put aside."""
    with contextlib.suppress(FileNotFoundError):
        if path.stat().st_size > _LOG_LIMIT:
            path.rename(path.with_name(path.name + ".1"))
    return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _say(what: dict[str, object]) -> None:
    """Tell the process that started us, which may be gone, and let go of its pipe."""
    with contextlib.suppress(OSError):
        os.write(1, json.dumps(what).encode() + b"\n")
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 1)
    os.close(nothing)


def supervise(folder: Path, programs: Path, settings: Sequence[str]) -> int:
    """Live as long as there are users; return the exit status."""
    with contextlib.ExitStack() as stack:
        try:
            supervisor = Supervisor(folder, programs, settings)
            stack.callback(supervisor.close)
            server = supervisor.start()
        except (StartError, OSError) as fault:
            _say({"error": str(fault)})
            return 1
        _say({"ready": True, "notice": supervisor.identity.notice})
        supervisor.serve(server)
    return 0


def main(arguments: Sequence[str]) -> int:
    """Detach from whoever started us (the first process ends at once) and supervise."""
    folder, programs, *settings = arguments
    os.umask(0o077)
    if os.fork():
        return 0
    os.setsid()
    os.chdir("/")
    return supervise(Path(folder), Path(programs), settings)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
