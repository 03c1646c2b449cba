"""Wherever the folder lies and whoever asks, the server runs, never as root, and files stay with their owner."""

import ctypes
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
import pytest

from postgres_support import User, left, processes

Users = Callable[..., User]
CLONE_NEWUSER, CLONE_NEWNS, MS_REC, MS_PRIVATE = 0x10000000, 0x20000, 0x4000, 0x40000
ROOT_ONLY = pytest.mark.skipif(os.geteuid() != 0, reason="asks what root may do")
HIDDEN = pytest.mark.parametrize("hidden", [False, True], ids=["programs for all", "programs for root only"])

REFUSED = """
import ctypes, os, sys
from pathlib import Path
libc = ctypes.CDLL(None, use_errno=True)
CLONE_NEWUSER, CLONE_NEWNS, MS_REC, MS_PRIVATE = 0x10000000, 0x20000, 0x4000, 0x40000
assert libc.unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0
print("apart", flush=True)
os.read(0, 1)  # until our ids are mapped
assert libc.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None) == 0
assert libc.mount(b"tmpfs", b"/var/lib", b"tmpfs", 0, b"mode=755") == 0
Path("/proc/sys/user/max_user_namespaces").write_text("0")
import psycopg
from kwartier.store.postgres.server import embedded
home, programs = Path(sys.argv[1]), Path(sys.argv[2])
for n in range(2):
    with embedded(home, programs=programs, options=("fsync=off",)) as dsn, psycopg.connect(dsn) as connection:
        connection.execute("create table if not exists kept (n integer)")
        connection.execute("insert into kept values (1)")
        server = int((home / "server.json").read_text().split('"server": ')[1].split("}")[0])
        print(connection.execute("select count(*) from kept").fetchone()[0], Path(f"/proc/{server}").stat().st_uid)
print((home / "elsewhere").read_text(), sorted(each.name.split("-")[0] for each in Path("/var/lib/kwartier").iterdir()))
"""


def _used(each: User) -> None:
    with psycopg.connect(each.dsn()) as connection:
        assert connection.execute("select 6 * 7").fetchone() == (42,)
    there = processes(each.home)
    assert each.leave() == 0
    assert not left(there, within_s=0.5)


def _owners(home: Path) -> set[int]:
    return {path.lstat().st_uid for path in (home, *home.rglob("*"))}


def test_a_long_path_below_a_private_folder_with_odd_names(tmp_path: Path, user: Users) -> None:
    private = tmp_path / 'it\'s "private" ü'
    private.mkdir(mode=0o700)
    home = private / ("x" * (120 - len(bytes(private)) - 1)) / "pg"
    _used(user(home))
    assert len(bytes(home.parent)) == 120
    assert _owners(home) == {os.geteuid()}


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """Give a folder whose parents every user may enter."""
    with TemporaryDirectory(dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def _not_root() -> None:
    """Become a user without rights over others, in a namespace so that the test's files stay ours."""
    uid, gid = os.geteuid(), os.getegid()
    assert ctypes.CDLL(None).unshare(CLONE_NEWUSER) == 0
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"65534 {uid} 1")
    Path("/proc/self/gid_map").write_text(f"65534 {gid} 1")


def test_a_normal_user(tmp_path: Path, user: Users) -> None:
    _used(user(tmp_path / "pg", become=_not_root))


@pytest.fixture
def programs(postgres_programs: Path, tmp_path: Path, open_folder: Path, *, hidden: bool) -> Path:
    """Return programs that every user can run, or root only, wherever those under test lie."""
    package = postgres_programs.parent.parent
    folder = (tmp_path if hidden else open_folder) / "programs"
    folder.mkdir(mode=0o700 if hidden else 0o755)
    shutil.copytree(postgres_programs.parent, folder / package.name / "install", symlinks=True)
    libraries = package.with_name(package.name + ".libs")
    if libraries.exists():
        shutil.copytree(libraries, folder / libraries.name)
    return folder / package.name / "install" / postgres_programs.name


def _scratch_var_lib() -> None:
    """Enter a namespace whose /var/lib is empty, and goes with us."""
    libc = ctypes.CDLL(None)
    assert libc.unshare(CLONE_NEWNS) == 0
    assert libc.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None) == 0
    assert libc.mount(b"tmpfs", b"/var/lib", b"tmpfs", 0, b"mode=755") == 0


@ROOT_ONLY
@HIDDEN
def test_root_in_an_installation_of_another_user_runs_the_server_as_that_user(
    open_folder: Path, user: Users, programs: Path
) -> None:
    home = open_folder / "pg"
    _used(user(home, programs=programs))
    for path in (home, *home.rglob("*")):
        os.lchown(path, 65534, 65534)
    _used(user(home, programs=programs, become=_scratch_var_lib))
    assert _owners(home / "cluster") == {65534}


def _refusing(home: Path, programs: Path) -> subprocess.CompletedProcess[str]:
    """Use the server as root of a namespace in which no further user namespace may be made; /var/lib is a scratch one."""
    with subprocess.Popen(
        [sys.executable, "-c", REFUSED, str(home), str(programs)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "apart\n"
        for table in ("uid_map", "gid_map"):
            Path(f"/proc/{process.pid}/{table}").write_text("0 0 65536")
        out, err = process.communicate("x", timeout=120)
        return subprocess.CompletedProcess([], process.returncode, out, err)


@ROOT_ONLY
@HIDDEN
def test_root_without_namespaces_uses_a_system_user_and_says_so(tmp_path: Path, programs: Path, *, hidden: bool) -> None:
    done = _refusing(tmp_path / "pg", programs)
    assert done.returncode == 0, done.stderr
    first, second, place = done.stdout.splitlines()
    assert (first, second) == ("1 65534", "2 65534"), "the data are there again, and the server is nobody's"
    assert place.startswith("/var/lib/kwartier/pg-")
    assert len(place.split("[")[1].split(",")) == 1 + hidden, "programs are copied only if they must be"
    said = [line for line in done.stderr.splitlines() if "PostgreSQL" in line]
    assert len(said) == 2, "one line per start"
    assert "user nobody" in said[0]
