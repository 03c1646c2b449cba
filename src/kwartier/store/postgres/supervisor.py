"""The process that owns the embedded PostgreSQL server, so that the server ends after its last user, however that user ends.

    python supervisor.py HOME BINARIES [NAME=VALUE ...]        HOME = DIR/pg, BINARIES = a folder with `initdb` and `postgres`

It loads the standard library only and is started by its path, so that a server costs its owner little memory. Every user
process holds a shared lock on HOME/users; the kernel frees it when the process ends, kill -9 included. The supervisor waits for
the exclusive lock, which it gets when no user is left, and then stops the server. The server is its child and asks the
kernel for a fast shutdown at the supervisor's own death (PR_SET_PDEATHSIG). Files of HOME:

    users             locked shared by users, exclusively by a supervisor that stops
    gate              one process at a time looks for a supervisor, or starts one
    supervisor.lock   held as long as a supervisor lives
    server.lock       inherited by every process of the server: free if and only if none of them is left
    server.json       where the socket is, and whether the server is ready; written in place
    admin.password    of the cluster's superuser, 0600
    cluster/          the data; elsewhere if root may not make a user namespace (see `Identity`)
    elsewhere         where, in that case
    server.log        what the server says: never a statement, never a value

On standard output it says one JSON line: {"ready": true, "notice": ...} or {"error": ...}.
"""

import contextlib
import ctypes
import fcntl
import json
import os
import pwd
import select
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

ADMIN: Final = "kw_admin"
PORT: Final = 5432  # names the socket file; nothing listens on a network
SYSTEM_FOLDER: Final = Path("/var/lib/kwartier")
SYSTEM_USERS: Final = ("kwartier", "nobody")
LOG_LIMIT: Final = 8 << 20
STOP_S: Final = 120.0  # longest wait for a fast shutdown: it ends with a checkpoint
START_S: Final = 600.0  # longest wait for readiness: it may begin with crash recovery

_CLONE_NEWUSER: Final = 0x1000_0000
_PR_SET_PDEATHSIG: Final = 1
_BUILTIN_LOCALE_SINCE: Final = 17
_POLL_S: Final = 0.01
_LIBC: Final = ctypes.CDLL(None, use_errno=True)
_SETTINGS: Final = (
    "listen_addresses=",
    "unix_socket_permissions=0700",
    f"port={PORT}",
    "timezone=UTC",
    "log_timezone=UTC",
    "shared_buffers=64MB",
    "jit=off",
    # what a statement or an error says may hold personal data: the log gets LOG, FATAL and PANIC only
    "log_min_messages=log",
    "log_min_error_statement=panic",
    "log_error_verbosity=terse",
)


class StartError(Exception):
    """The server cannot run; the text is one line for an engineer."""


# --- who runs the server ------------------------------------------------------------------------------------------------


def _enter_namespace(uid: int) -> None:
    """Make a user namespace in which root's uid and gid 0 are called `uid`: files stay root's, PostgreSQL sees no root."""
    if _LIBC.unshare(_CLONE_NEWUSER):
        raise OSError(ctypes.get_errno(), "unshare")
    Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
    for table in ("uid_map", "gid_map"):
        Path("/proc/self", table).write_text(f"{uid} 0 1", encoding="ascii")


def _inner_uid() -> int:
    """Return 1000, or nobody's uid where there is no user 1000: initdb insists on a uid that has a name."""
    try:
        return pwd.getpwuid(1000).pw_uid
    except KeyError:
        return pwd.getpwnam("nobody").pw_uid


def _set_user(user: pwd.struct_passwd) -> None:
    """Become a system user for good."""
    os.setgroups([])
    os.setgid(user.pw_gid)
    os.setuid(user.pw_uid)


def _works(become: Callable[[], None], home: Path, binaries: Path) -> bool:
    """Try in a child: after `become`, can the server's program run and its folder be used?"""
    child = os.fork()
    if child == 0:
        status = 1
        with contextlib.suppress(BaseException):  # the child must not run on into the parent's code
            become()
            ran = subprocess.run([binaries / "postgres", "--version"], check=False, capture_output=True, cwd="/")  # noqa: S603 - our own program
            status = 0 if ran.returncode == 0 and os.access(home, os.R_OK | os.W_OK | os.X_OK) else 1
        os._exit(status)
    return os.waitpid(child, 0)[1] == 0


def _system_user() -> pwd.struct_passwd:
    for name in SYSTEM_USERS:
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    msg = "root may not make a user namespace here and there is no user kwartier or nobody"
    raise StartError(msg)


def _copied(binaries: Path) -> Path:
    """Copy the programs where every user may run them, once per version, and return their folder."""
    package, install = binaries.parent.parent, binaries.parent
    stamp = (binaries / "postgres").stat()
    target = SYSTEM_FOLDER / f"{package.name}-{stamp.st_size:x}-{stamp.st_mtime_ns:x}"
    if not target.exists():
        fresh = target.with_name(f"{target.name}.new-{os.urandom(4).hex()}")
        shutil.copytree(install, fresh / package.name / install.name, symlinks=True)
        libraries = package.with_name(package.name + ".libs")
        if libraries.is_dir():
            shutil.copytree(libraries, fresh / libraries.name, symlinks=True)
        for folder in (fresh, fresh / package.name):
            folder.chmod(0o755)
        fresh.rename(target)
    return target / package.name / install.name / "bin"


class Identity:
    """Who the server runs as, where its cluster is, and which programs it runs.

    A normal user is itself. Root enters a user namespace, where the kernel allows it; PostgreSQL refuses to run as root. Where it
    does not, or the namespace's root cannot reach HOME or the programs, the server runs as a system user below /var/lib/kwartier.
    """

    def __init__(self, home: Path, binaries: Path) -> None:
        """Decide, and change this process accordingly: what follows runs as that identity."""
        self.place = home
        self.binaries = binaries
        self.notice: str | None = None
        if os.geteuid() != 0:
            return
        inner = _inner_uid()
        elsewhere = home / "elsewhere"
        if not elsewhere.exists() and _works(lambda: _enter_namespace(inner), home, binaries):
            _enter_namespace(inner)
            return
        if (home / "cluster").exists():
            msg = f"the cluster in {home} was made in a user namespace, which is refused now"
            raise StartError(msg)
        self._as_system_user(elsewhere)

    def _as_system_user(self, elsewhere: Path) -> None:
        user = _system_user()
        os.umask(0o022)
        SYSTEM_FOLDER.mkdir(mode=0o755, parents=True, exist_ok=True)
        if elsewhere.exists():
            self.place = Path(elsewhere.read_text(encoding="utf-8"))
        else:
            # a random name, kept in HOME: another installation at the same path must never meet this one's data
            self.place = SYSTEM_FOLDER / f"pg-{os.urandom(8).hex()}"
            _write_new(elsewhere, str(self.place))
        self.place.mkdir(mode=0o700, exist_ok=True)
        os.chown(self.place, user.pw_uid, user.pw_gid)
        if not _works(lambda: _set_user(user), self.place, self.binaries):
            self.binaries = _copied(self.binaries)
        os.umask(0o077)
        _set_user(user)
        self.notice = (
            f"PostgreSQL runs as user {user.pw_name} in {self.place}: root may not run it here and user namespaces are refused"
        )


def _write_new(path: Path, text: str) -> None:
    """Write a small file so that it is there whole or not at all."""
    fresh = path.with_name(path.name + ".new")
    fresh.write_text(text, encoding="utf-8")
    fresh.chmod(0o600)
    fresh.rename(path)


# --- locks ----------------------------------------------------------------------------------------------------------------


def open_lock(path: Path) -> int:
    """Open a lock file, making it if need be; close it to let go."""
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


# --- the cluster ----------------------------------------------------------------------------------------------------------


def _major(binaries: Path) -> int:
    said = subprocess.run([binaries / "postgres", "--version"], check=True, capture_output=True, text=True)  # noqa: S603 - our own program
    return int(said.stdout.split()[2].split(".")[0])


def _make_cluster(identity: Identity, password: bytes, *, durable: bool) -> Path:
    """Make the cluster under a temporary name and rename it, so that half a cluster is never taken for one."""
    cluster = identity.place / "cluster"
    for left in identity.place.glob("cluster.new-*"):
        shutil.rmtree(left, ignore_errors=True)
    if cluster.exists():
        return cluster
    builtin = ["--locale-provider=builtin"] if _major(identity.binaries) >= _BUILTIN_LOCALE_SINCE else []
    fresh = identity.place / f"cluster.new-{os.urandom(4).hex()}"
    command: list[str | Path] = [
        identity.binaries / "initdb",
        "-D",
        fresh,
        "-U",
        ADMIN,
        "--auth=scram-sha-256",
        "--pwfile=/dev/stdin",
        *builtin,
    ]
    command += ["--locale=C.UTF-8", "--encoding=UTF8", "--data-checksums", "--no-instructions"]
    command += [] if durable else ["--no-sync"]
    made = subprocess.run(command, check=False, input=password, capture_output=True, env=_environment(), cwd="/")  # noqa: S603 - our own program
    if made.returncode:
        shutil.rmtree(fresh, ignore_errors=True)
        msg = "initdb failed: " + made.stderr.decode(errors="replace").strip().replace("\n", "; ")
        raise StartError(msg)
    fresh.rename(cluster)
    _sync_folder(identity.place)
    return cluster


def _environment() -> dict[str, str]:
    return {"PATH": "/usr/bin:/bin", "TZ": "UTC", "LC_ALL": "C"}


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    os.fsync(handle)
    os.close(handle)


# --- the socket folder ------------------------------------------------------------------------------------------------------


def _ours(folder: Path) -> bool:
    """True for a real folder of ours that nobody else can enter."""
    try:
        found = folder.lstat()
    except OSError:
        return False
    return folder.name.startswith("kw-") and found.st_uid == os.geteuid() and found.st_mode & 0o170777 == 0o040700  # noqa: PLR2004 - a folder, rwx------


def _socket_folder(before: str) -> Path:
    """Return a short private folder: a socket's path has at most 107 bytes. The one of before if it is still ours, else a new one."""
    if before and _ours(Path(before)):
        return Path(before)
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    for base in (Path(runtime), Path("/tmp")):  # noqa: S108 - a new folder of random name and mode 0700 in it
        if base.is_absolute() and len(bytes(base)) < 64 and os.access(base, os.W_OK | os.X_OK):  # noqa: PLR2004 - room for the rest
            folder = base / f"kw-{os.urandom(6).hex()}"
            folder.mkdir(mode=0o700)
            return folder
    msg = "no place for the socket: neither XDG_RUNTIME_DIR nor /tmp can be written"
    raise StartError(msg)


def _drop_socket_folder(folder: Path) -> None:
    for left in (f".s.PGSQL.{PORT}", f".s.PGSQL.{PORT}.lock"):
        (folder / left).unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        folder.rmdir()


# --- the server -------------------------------------------------------------------------------------------------------------


class Server:
    """One run of `postgres`, child of this process."""

    def __init__(self, identity: Identity, cluster: Path, socket: Path, lock: int, log: int, settings: Sequence[str]) -> None:
        """Start it. Its processes inherit `lock`, and so keep it until the last of them is gone."""
        command: list[str | Path] = [identity.binaries / "postgres", "-D", cluster, "-k", socket]
        command += [part for setting in (*_SETTINGS, *settings) for part in ("-c", setting)]
        parent = os.getpid()

        def die_with_parent() -> None:
            _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGINT)
            if os.getppid() != parent:  # it ended before we asked
                os._exit(1)

        self._pid_file = cluster / "postmaster.pid"
        self.started = time.monotonic()
        self.process = subprocess.Popen(  # noqa: S603 - our own program
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=_environment(),
            cwd="/",
            pass_fds=(lock,),
            preexec_fn=die_with_parent,  # noqa: PLW1509 - this process has no other thread yet
        )

    def wait_ready(self) -> None:
        """Wait until it accepts connections; it says so in the last line of postmaster.pid. Raises StartError."""
        until = time.monotonic() + START_S
        while time.monotonic() < until:
            if self.process.poll() is not None:
                msg = "PostgreSQL ended while it started"
                raise StartError(msg)
            with contextlib.suppress(OSError):
                lines = self._pid_file.read_text(encoding="utf-8", errors="replace").splitlines()
                if len(lines) >= 8 and lines[0] == str(self.process.pid) and lines[7].strip() == "ready":  # noqa: PLR2004 - its eighth line
                    return
            time.sleep(_POLL_S)
        msg = "PostgreSQL did not become ready"
        raise StartError(msg)

    def stop(self) -> None:
        """Fast shutdown; at once and then by force if it does not end."""
        for how, wait_s in ((signal.SIGINT, STOP_S), (signal.SIGQUIT, 10.0), (signal.SIGKILL, 10.0)):
            if self.process.poll() is None:
                self.process.send_signal(how)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self.process.wait(wait_s)


# --- the supervisor -----------------------------------------------------------------------------------------------------------


class Supervisor:
    """What lives from the first user to the last."""

    def __init__(self, home: Path, binaries: Path, settings: Sequence[str]) -> None:
        """Open all of HOME that is needed, then become whoever may run the server."""
        self._home, self._settings = home, settings
        self._alive = open_lock(home / "supervisor.lock")
        if not taken(self._alive, fcntl.LOCK_EX, 5.0):
            msg = "another supervisor lives"
            raise StartError(msg)
        self._users = open_lock(home / "users")
        self._state = open_lock(home / "server.json")
        self._log = os.open(_log_path(home), os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._server_lock = open_lock(home / "server.lock")
        self._password = (home / "admin.password").read_bytes()
        self._identity = Identity(home, binaries)
        self._socket = _socket_folder(str(read_state(self._state).get("socket", "")))

    @property
    def notice(self) -> str | None:
        """What the user must be told about where the server runs."""
        return self._identity.notice

    def start(self) -> Server:
        """Start the server when every process of an earlier one is gone, and say where it is. Raises StartError."""
        if not taken(self._server_lock, fcntl.LOCK_EX, STOP_S):
            msg = "an earlier server does not end"
            raise StartError(msg)
        self._write_state(ready=False)
        cluster = _make_cluster(self._identity, self._password, durable="fsync=off" not in self._settings)
        server = Server(self._identity, cluster, self._socket, self._server_lock, self._log, self._settings)
        os.close(self._server_lock)  # from here on only the server's own processes hold it
        try:
            server.wait_ready()
        except StartError:
            server.stop()
            raise
        self._write_state(ready=True, server=server.process.pid)
        return server

    def serve(self, server: Server) -> None:
        """Return when no user is left, when told to stop, or when the server ended by itself; nothing runs then."""
        wake, waker = os.pipe()
        for how in (signal.SIGTERM, signal.SIGINT):
            signal.signal(how, lambda *_: os.write(waker, b"s"))
        threading.Thread(target=self._wait_for_no_users, args=(waker,), daemon=True).start()
        ended = os.pidfd_open(server.process.pid)
        select.select([wake, ended], [], [])
        self._write_state(ready=False)
        server.stop()

    def close(self) -> None:
        """Leave nothing behind but the data."""
        _drop_socket_folder(self._socket)
        os.ftruncate(self._state, 0)

    def _wait_for_no_users(self, waker: int) -> None:
        fcntl.flock(self._users, fcntl.LOCK_EX)
        os.write(waker, b"u")

    def _write_state(self, *, ready: bool, server: int = 0) -> None:
        state = {"ready": ready, "socket": str(self._socket), "supervisor": os.getpid(), "server": server}
        write_state(self._state, state)


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


def _log_path(home: Path) -> Path:
    """Return the path of the log, an overgrown one put aside."""
    path = home / "server.log"
    if path.exists() and path.stat().st_size > LOG_LIMIT:
        path.rename(home / "server.log.1")
    return path


def _say(what: dict[str, object]) -> None:
    """Tell the process that started us, which may be gone, and let go of its pipe."""
    with contextlib.suppress(OSError):
        os.write(1, json.dumps(what).encode() + b"\n")
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 1)
    os.close(nothing)


def _supervise(home: Path, binaries: Path, settings: Sequence[str]) -> int:
    supervisor = None
    try:
        supervisor = Supervisor(home, binaries, settings)
        server = supervisor.start()
        _say({"ready": True, "notice": supervisor.notice})
        supervisor.serve(server)
    except (StartError, OSError) as fault:
        _say({"error": str(fault)})
        return 1
    else:
        return 0
    finally:
        if supervisor is not None:
            supervisor.close()


def main(arguments: Sequence[str]) -> int:
    """Detach from whoever started us (the first process ends at once) and supervise."""
    home, binaries, *settings = arguments
    os.umask(0o077)
    if os.fork():
        return 0
    os.setsid()
    os.chdir("/")
    return _supervise(Path(home), Path(binaries), settings)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
