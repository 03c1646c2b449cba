"""The server lives from its first user to its last, however they end, and leaves no process and no socket behind."""

import json
import multiprocessing
import os
import random
import signal
import stat
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import psycopg
import pytest

from kwartier.store.embedded import home as files
from kwartier.store.postgres.server import embedded
from postgres_support import FAST, User, answer, left, processes

Users = Callable[..., User]
SEED = 2026


def _socket(home: Path) -> Path:
    return Path(json.loads((home / files.STATE).read_text(encoding="utf-8"))["socket"])


def test_the_last_of_two_users_leaves_nothing(tmp_path: Path, user: Users) -> None:
    first, second = user(tmp_path), user(tmp_path)
    first.dsn()
    dsn = second.dsn()
    there, socket = processes(tmp_path), _socket(tmp_path)
    assert first.leave() == 0
    assert answer(dsn) == (42,)
    assert second.leave() == 0
    assert not left(there, within_s=0.5), "leaving waits for the server"
    assert not socket.exists()
    assert files.free(tmp_path / files.SERVER_LOCK)


def test_users_killed_one_by_one_leave_nothing(tmp_path: Path, user: Users) -> None:
    users = [user(tmp_path) for _ in range(4)]
    dsns = {each.dsn() for each in users}
    assert len(dsns) == 1, "all at once, and one server"
    there, socket = processes(tmp_path), _socket(tmp_path)
    for each in users[:-1]:
        each.kill()
        assert answer(next(iter(dsns))) == (42,)
    users[-1].kill()
    assert not left(there)
    assert not socket.exists()


def test_workers_of_a_user_connect(tmp_path: Path, postgres_programs: Path) -> None:
    with embedded(tmp_path, programs=postgres_programs, options=FAST) as dsn:
        there = processes(tmp_path)
        with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:
            assert list(pool.map(answer, [dsn] * 4)) == [(42,)] * 4
    assert not left(there, within_s=0.5)


def test_a_killed_supervisor_takes_the_server_along_and_the_next_start_recovers(tmp_path: Path, user: Users) -> None:
    survivor = user(tmp_path)
    dsn = survivor.dsn()
    with psycopg.connect(dsn) as connection:
        connection.execute("create table kept (n integer)")
        connection.execute("insert into kept values (1)")
    there = processes(tmp_path)
    there[0].kill()
    assert not left(there)
    later = user(tmp_path)
    assert later.dsn() == dsn, "a string given out before stays good"
    with psycopg.connect(dsn) as connection:
        assert connection.execute("select n from kept").fetchall() == [(1,)]
    again, socket = processes(tmp_path), _socket(tmp_path)
    assert later.leave() == 0
    assert survivor.leave() == 0
    assert not left(again)
    assert not socket.exists()


def test_a_killed_server_ends_the_supervisor_and_the_next_start_recovers(tmp_path: Path, user: Users) -> None:
    first = user(tmp_path)
    dsn = first.dsn()
    with psycopg.connect(dsn) as connection:
        connection.execute("create table kept (n integer)")
    there = processes(tmp_path)
    there[1].kill()
    assert not left(there)
    later = user(tmp_path)
    with psycopg.connect(later.dsn()) as connection:
        assert connection.execute("select count(*) from kept").fetchone() == (0,)
    again = processes(tmp_path)
    later.leave()
    first.leave()
    assert not left(again)


def test_starting_while_the_previous_one_stops(tmp_path: Path, user: Users) -> None:
    there = []
    for _ in range(5):
        each = user(tmp_path)
        assert answer(each.dsn()) == (42,)
        there += processes(tmp_path)
        each.kill()  # nobody waits for the stop: the next one starts into it
    assert not left(there)


@pytest.mark.parametrize("delay_s", [pytest.param(d / 50, marks=[] if d in (2, 9, 17) else pytest.mark.full) for d in range(40)])
def test_a_start_killed_at_any_moment_is_finished_by_the_next(tmp_path: Path, user: Users, delay_s: float) -> None:
    killed = user(tmp_path)
    time.sleep(delay_s + random.Random(SEED + delay_s).random() / 50)
    killed.kill()
    later = user(tmp_path)
    assert answer(later.dsn()) == (42,)
    there = processes(tmp_path)
    assert later.leave() == 0
    assert not left(there)
    assert [each.name for each in tmp_path.glob("cluster*")] == ["cluster"]


def test_a_term_signal_to_the_supervisor_stops_the_server(tmp_path: Path, user: Users) -> None:
    each = user(tmp_path)
    each.dsn()
    there, socket = processes(tmp_path), _socket(tmp_path)
    there[0].send_signal(signal.SIGTERM)
    assert not left(there)
    assert not socket.exists()


def test_stale_files_are_no_obstacle(tmp_path: Path, user: Users) -> None:
    first = user(tmp_path)
    first.dsn()
    there, socket = processes(tmp_path), _socket(tmp_path)
    there[1].kill()  # leaves postmaster.pid
    assert not left(there)
    first.kill()
    (tmp_path / "cluster.new-dead").mkdir()
    socket.symlink_to("/tmp")  # noqa: S108 - what a stranger might put there
    (tmp_path / files.STATE).write_text(json.dumps({"ready": True, "socket": str(socket), "supervisor": os.getpid()}))
    later = user(tmp_path)
    assert answer(later.dsn()) == (42,)
    fresh = _socket(tmp_path)
    assert fresh != socket, "a folder that is not ours is not used"
    assert stat.S_IMODE(fresh.lstat().st_mode) == 0o700
    assert not (tmp_path / "cluster.new-dead").exists()
    assert later.leave() == 0
    assert socket.is_symlink(), "nor removed"
    socket.unlink()


def test_a_torn_state_is_no_obstacle(tmp_path: Path, user: Users) -> None:
    (tmp_path / files.STATE).write_bytes(b'{"ready": true, "sock')
    each = user(tmp_path)
    assert answer(each.dsn()) == (42,)
    assert each.leave() == 0
