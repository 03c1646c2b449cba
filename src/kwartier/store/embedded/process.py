"""One run of `postgres`, as a child that cannot outlive its parent, behind a socket that nobody else can reach."""

import contextlib
import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from kwartier.store.embedded.cluster import ENVIRONMENT, major
from kwartier.store.embedded.home import PORT, StartError
from kwartier.store.embedded.identity import Identity

START_S: Final = 600.0  # longest wait for readiness: it may begin with crash recovery
STOP_S: Final = 120.0  # longest wait for a fast shutdown: it ends with a checkpoint

_PR_SET_PDEATHSIG: Final = 1
_STATUS_LINE: Final = 7  # of postmaster.pid, counted from 0
_POLL_S: Final = 0.01
_LIBC: Final = ctypes.CDLL(None, use_errno=True)
_SETTINGS: Final = (
    "listen_addresses=",
    "unix_socket_permissions=0700",
    f"port={PORT}",
    "timezone=UTC",
    "log_timezone=UTC",
    "shared_buffers=128MB",
    "max_connections=400",  # a worker per processor has one, and each process of ours up to three pools of eight
    "jit=off",
    # a commit is quick in a file of the write-ahead log that has its blocks already: files are used again, and checkpoints come
    # often enough that there always are some; what was erased does not live on in them, see postgres/traces.py
    "wal_recycle=on",
    "min_wal_size=128MB",
    "max_wal_size=384MB",
    "checkpoint_warning=0",
    "checkpoint_completion_target=0.5",
    # a commit waits for all that was written before it: a batch's megabytes are flushed little by little while it writes; a new
    # segment of the write-ahead log is not filled with zeros by whoever happens to need it
    "wal_writer_delay=2ms",
    "wal_writer_flush_after=128kB",
    "wal_init_zero=off",
    # what a statement or an error says may hold personal data: the log gets LOG, FATAL and PANIC only
    "log_min_messages=log",
    "log_min_error_statement=panic",
    "log_error_verbosity=terse",
    "log_checkpoints=off",
)
_SETTINGS_18: Final = (
    # a page that is not at hand is read by whoever needs it: mostly the system has it in memory, and another process takes longer
    "io_method=sync",
)


class Server:
    """A running server, child of this process."""

    def __init__(self, identity: Identity, cluster: Path, socket: Path, *, lock: int, log: int, settings: Sequence[str]) -> None:
        """Start it. Its processes inherit `lock`, and so keep it until the last of them is gone; `settings` are `name=value`."""
        ours = _SETTINGS + (_SETTINGS_18 if major(identity.programs) >= 18 else ())  # noqa: PLR2004 - a version
        chosen = [part for setting in (*ours, *settings) for part in ("-c", setting)]
        parent = os.getpid()

        def die_with_parent() -> None:
            _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGINT)
            if os.getppid() != parent:  # it ended before we asked
                os._exit(1)

        self._pid_file = cluster / "postmaster.pid"
        self.process = subprocess.Popen(  # noqa: S603 - our own
            [identity.programs / "postgres", "-D", cluster, "-k", socket, *chosen],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=ENVIRONMENT,
            cwd="/",
            pass_fds=(lock,),
            preexec_fn=die_with_parent,  # noqa: PLW1509 - this process has no other thread yet
        )

    def wait_ready(self) -> None:
        """Wait until it accepts connections. Raises StartError if it ends instead, or takes longer than START_S."""
        until = time.monotonic() + START_S
        while not self._ready():
            if self.process.poll() is not None:
                msg = "PostgreSQL ended while it started"
                raise StartError(msg)
            if time.monotonic() > until:
                msg = "PostgreSQL did not become ready"
                raise StartError(msg)
            time.sleep(_POLL_S)

    def _ready(self) -> bool:
        """True if postmaster.pid, written by this run, says so in its status line."""
        try:
            lines = self._pid_file.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            return False
        return len(lines) > _STATUS_LINE and lines[0] == str(self.process.pid) and lines[_STATUS_LINE].strip() == "ready"

    def stop(self) -> None:
        """Fast shutdown; at once, and then by force, if it does not end."""
        for how, wait_s in ((signal.SIGINT, STOP_S), (signal.SIGQUIT, 10.0), (signal.SIGKILL, 10.0)):
            if self.process.poll() is None:
                self.process.send_signal(how)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self.process.wait(wait_s)


def socket_folder(before: str) -> Path:
    """Return a short private folder, that of before if still ours: a socket's path has at most 107 bytes. Raises StartError."""
    if before and _ours(Path(before)):
        return Path(before)
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    for base in (Path(runtime), Path("/tmp")):  # noqa: S108 - a new folder in it, of random name and mode 0700
        if base.is_absolute() and len(bytes(base)) < 64 and os.access(base, os.W_OK | os.X_OK):  # noqa: PLR2004 - leaves room for the name
            folder = base / f"kw-{os.urandom(6).hex()}"
            folder.mkdir(mode=0o700)
            return folder
    msg = "no place for the socket: neither XDG_RUNTIME_DIR nor /tmp can be written"
    raise StartError(msg)


def _ours(folder: Path) -> bool:
    """True for a real folder, made by `socket_folder`, that nobody else can enter."""
    try:
        found = folder.lstat()
    except OSError:
        return False
    private = found.st_mode == 0o040700  # noqa: PLR2004 - a folder, rwx------
    return folder.name.startswith("kw-") and found.st_uid == os.geteuid() and private


def drop_socket_folder(folder: Path) -> None:
    """Remove the folder and what a server leaves in it."""
    for left in (f".s.PGSQL.{PORT}", f".s.PGSQL.{PORT}.lock"):
        (folder / left).unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        folder.rmdir()
