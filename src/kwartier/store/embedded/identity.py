"""Who the server runs as. PostgreSQL refuses to run as root, and a folder below a 0700 parent is closed to all but its owner.

* A normal user is itself.
* Root enters a user namespace in which root is called by another uid: files stay root's, and the server sees no root.
* Root in an installation that another user made becomes that user.
* Root where the kernel refuses user namespaces, or where root's namespace cannot reach HOME or the programs (a folder
  of another user, closed to others), becomes a system user, with its cluster below /var/lib/kwartier.

Programs that whoever root became may not run (ours, in a checkout below /root) are copied below /var/lib/kwartier.
"""

import contextlib
import ctypes
import os
import pwd
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, final

from kwartier.store.embedded import home
from kwartier.store.embedded.home import StartError

SYSTEM_FOLDER: Final = Path("/var/lib/kwartier")
SYSTEM_USERS: Final = ("kwartier", "nobody")
_CLONE_NEWUSER: Final = 0x1000_0000
_LIBC: Final = ctypes.CDLL(None, use_errno=True)


@final
@dataclass(frozen=True, slots=True)
class Identity:
    """Where the server of this process keeps its cluster, which programs it runs, and what the user must be told about it."""

    place: Path
    programs: Path
    notice: str | None = None


def assume(folder: Path, programs: Path) -> Identity:
    """Decide who runs the server of HOME and become it, for good. Raises StartError."""
    if os.geteuid() != 0:
        return Identity(folder, programs)
    owner = _owner(folder / home.CLUSTER)
    if owner:
        user = _named(owner)
        programs = _within_reach(user, folder, programs)
        _become(user)
        return Identity(folder, programs)
    inner = _inner_uid()
    elsewhere = (folder / home.ELSEWHERE).exists()
    if not elsewhere and _works(lambda: _enter_namespace(inner), folder, programs):
        _enter_namespace(inner)
        return Identity(folder, programs)
    if owner is not None:
        msg = "the cluster was made by root in a user namespace, which is refused now"
        raise StartError(msg)
    return _system_identity(folder, programs)


def _owner(path: Path) -> int | None:
    try:
        return path.stat().st_uid
    except FileNotFoundError:
        return None


def _enter_namespace(uid: int) -> None:
    """Make a user namespace in which uid and gid 0 are called `uid`."""
    if _LIBC.unshare(_CLONE_NEWUSER):
        raise OSError(ctypes.get_errno(), "unshare")
    Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
    for table in ("uid_map", "gid_map"):
        Path("/proc/self", table).write_text(f"{uid} 0 1", encoding="ascii")


def _named(uid: int) -> pwd.struct_passwd:
    try:
        return pwd.getpwuid(uid)
    except KeyError:
        msg = f"the cluster belongs to uid {uid}, and no user of this machine has that number"
        raise StartError(msg) from None


def _inner_uid() -> int:
    """Return 1000, or nobody's uid where there is no user 1000: initdb insists on a uid that has a name."""
    try:
        return pwd.getpwuid(1000).pw_uid
    except KeyError:
        return pwd.getpwnam("nobody").pw_uid


def _become(user: pwd.struct_passwd) -> None:
    os.setgroups([])
    os.setgid(user.pw_gid)
    os.setuid(user.pw_uid)


def _works(become: Callable[[], None], place: Path, programs: Path) -> bool:
    """Try in a child: after `become`, can the program run and the place be used?"""
    child = os.fork()
    if child == 0:
        status = 1
        with contextlib.suppress(BaseException):  # the child must never run on into its parent's code
            become()
            ran = subprocess.run([programs / "postgres", "--version"], check=False, capture_output=True, cwd="/")  # noqa: S603 - our own
            status = 0 if ran.returncode == 0 and os.access(place, os.R_OK | os.W_OK | os.X_OK) else 1
        os._exit(status)
    return os.waitpid(child, 0)[1] == 0


def _system_identity(folder: Path, programs: Path) -> Identity:
    user = _system_user()
    place = _place(folder / home.ELSEWHERE)
    with _open_to_all():
        place.parent.mkdir(parents=True, exist_ok=True)
    place.mkdir(mode=0o700, exist_ok=True)
    os.chown(place, user.pw_uid, user.pw_gid)
    programs = _within_reach(user, place, programs)
    _become(user)
    return Identity(place, programs, f"PostgreSQL runs as user {user.pw_name} in {place}: root cannot make a user namespace for it")


def _system_user() -> pwd.struct_passwd:
    for name in SYSTEM_USERS:
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    msg = "root cannot make a user namespace for PostgreSQL, and there is no user kwartier or nobody"
    raise StartError(msg)


def _place(elsewhere: Path) -> Path:
    """Return where the cluster is, kept in HOME. A random name: a later installation here must not meet this one's data."""
    if not elsewhere.exists():
        fresh = elsewhere.with_name(elsewhere.name + ".new")
        fresh.write_text(str(SYSTEM_FOLDER / f"pg-{os.urandom(8).hex()}"), encoding="utf-8")
        fresh.rename(elsewhere)
    return Path(elsewhere.read_text(encoding="utf-8"))


@contextlib.contextmanager
def _open_to_all() -> Iterator[None]:
    """Let every user into the folders that are made meanwhile: the mask of a supervisor keeps them out."""
    before = os.umask(0o022)
    try:
        yield
    finally:
        os.umask(before)


def _within_reach(user: pwd.struct_passwd, place: Path, programs: Path) -> Path:
    """Return programs that this user can run: these, or a copy of them."""
    if _works(lambda: _become(user), place, programs):
        return programs
    with _open_to_all():
        return _copied(programs)


def _copied(programs: Path) -> Path:
    """Copy the programs of a wheel where every user may run them, once per version, and return their folder."""
    install, package = programs.parent, programs.parent.parent
    stamp = (programs / "postgres").stat()
    target = SYSTEM_FOLDER / f"{package.name}-{stamp.st_size:x}-{stamp.st_mtime_ns:x}"
    if not target.exists():
        fresh = target.with_name(f"{target.name}.new-{os.urandom(4).hex()}")
        shutil.copytree(install, fresh / package.name / install.name, symlinks=True)
        libraries = package.with_name(package.name + ".libs")
        if libraries.is_dir():
            shutil.copytree(libraries, fresh / libraries.name, symlinks=True)
        fresh.rename(target)
    return target / package.name / install.name / programs.name
