"""One interface, several executors: the same jobs, results and failures on each, and no worker left behind."""

import importlib.util
import subprocess
import sys
import threading
import time
from concurrent.futures import CancelledError, Executor, Future
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

import psutil
import pytest

import engine_support as jobs
from kwartier import engine
from postgres_support import runs

HAS_DASK = importlib.util.find_spec("distributed") is not None
KINDS = ["inline", "processes", pytest.param("dask", marks=pytest.mark.skipif(not HAS_DASK, reason="without the extra `cluster`"))]

PARENT = """
import sys
import engine_support as jobs
from kwartier import engine
from postgres_support import runs
if __name__ == "__main__":
    with engine.opened(2) as executor:
        for job in (jobs.busy, jobs.asleep):
            executor.submit(job, sys.argv[1])
        print("submitted", flush=True)
        sys.stdin.read()
"""


KILLED = """
import engine_support as jobs
from concurrent.futures.process import BrokenProcessPool
from kwartier import engine
if __name__ == "__main__":
    try:
        with engine.opened(2) as executor:
            for done in [executor.submit(jobs.die, bytes(300_000)) for _ in range(8)]:
                done.result()
    except BrokenProcessPool:
        print("broken")
"""
"""More than a pipe holds waits for workers that are gone."""

KILLED_MEANWHILE = """
import engine_support as jobs
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from kwartier import engine
if __name__ == "__main__":
    done = []
    with engine.opened(2) as executor, suppress(BrokenProcessPool):
        for _ in range(8):
            done.append(executor.submit(jobs.die, bytes(300_000)))
    print(*{type(each.exception()).__name__ for each in done})
"""
"""They are gone when the pool has been told to end, unless the machine stalls: then before the last job was taken."""

KILLED_HALFWAY = """
import sys
import engine_support as jobs
from kwartier import engine
if __name__ == "__main__":
    with engine.opened(2) as executor:
        for done in [executor.submit(job, sys.argv[1]) for job in (jobs.asleep, jobs.half)]:
            print(type(done.exception()).__name__)
"""


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_job_gives_the_same_on_each(kind: str) -> None:
    with engine.opened(2, kind) as executor:
        assert isinstance(executor, Executor)
        assert list(executor.map(jobs.double, range(20))) == [2 * n for n in range(20)]
        failed = executor.submit(jobs.fail, "said so")
        with pytest.raises(ValueError, match="said so"):
            failed.result()
        away = {executor.submit(jobs.pid).result() for _ in range(4)}
        assert (jobs.pid() in away) == (kind == "inline")


@pytest.mark.parametrize("kind", ["inline", "processes"])
def test_after_the_block_no_work_is_taken(kind: str) -> None:
    with engine.opened(1, kind) as executor:
        pass
    with pytest.raises(RuntimeError):
        executor.submit(jobs.pid)


def test_workers_end_with_the_block() -> None:
    with engine.opened(2) as executor:
        workers = [psutil.Process(pid) for pid in set(executor.map(jobs.pid, range(8)))]
    assert workers
    assert not [each for each in workers if each.is_running()]


def test_an_exception_cancels_what_has_not_begun(tmp_path: Path) -> None:
    submitted: list[Future[Any]] = []

    def caller() -> None:
        with engine.opened(1) as executor:
            submitted.append(executor.submit(jobs.wait, str(tmp_path / "go")))
            submitted.extend(executor.submit(jobs.double, 1) for _ in range(10))
            (tmp_path / "go").touch()
            raise KeyError

    with pytest.raises(KeyError):
        caller()
    assert submitted[0].result() == "done"
    with pytest.raises(CancelledError):
        submitted[-1].result()


def test_a_killed_worker_breaks_the_pool_and_a_new_one_goes_on() -> None:
    with engine.opened(2) as executor:
        with pytest.raises(BrokenProcessPool):
            executor.submit(jobs.die).result()
        with pytest.raises(BrokenProcessPool):
            executor.submit(jobs.pid)
    with engine.opened(2) as executor:
        assert executor.submit(jobs.double, 21).result() == 42


def test_a_pool_whose_workers_were_killed_ends_while_large_jobs_wait() -> None:
    done = subprocess.run([sys.executable, "-c", KILLED], env=_path(), capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "broken\n"


def test_a_pool_whose_workers_are_killed_while_it_ends_ends() -> None:
    done = subprocess.run(
        [sys.executable, "-c", KILLED_MEANWHILE], env=_path(), capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == "BrokenProcessPool\n"


def test_a_worker_that_is_killed_while_it_sends_a_result_breaks_the_pool(tmp_path: Path) -> None:
    """The other worker is well, and holds the same pipe: nothing would tell that no more comes."""
    done = subprocess.run(
        [sys.executable, "-c", KILLED_HALFWAY, str(tmp_path)], env=_path(), capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == "BrokenProcessPool\nBrokenProcessPool\n"
    assert not any(psutil.pid_exists(int(one.name)) for one in tmp_path.iterdir())


def test_what_two_threads_do_once_is_done_once_and_both_wait() -> None:
    begun, go, done = threading.Event(), threading.Event(), list[str]()

    def deed() -> None:
        begun.set()
        go.wait(10)
        done.append("done")

    close = engine.once(deed)
    first = threading.Thread(target=close)
    first.start()
    assert begun.wait(10)
    second = threading.Thread(target=close)
    second.start()
    second.join(0.1)
    assert second.is_alive()
    go.set()
    first.join()
    second.join()
    assert done == ["done"]


def test_killing_the_parent_kills_its_workers(tmp_path: Path) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=_path()
    )
    assert parent.stdout is not None
    assert parent.stdout.readline() == b"submitted\n"
    while len(list(tmp_path.iterdir())) < 2:
        time.sleep(0.01)
    workers = [psutil.Process(int(each.name)) for each in tmp_path.iterdir()]
    parent.kill()
    parent.wait()
    _, alive = psutil.wait_procs(workers, timeout=5)
    left = [each for each in alive if runs(each)]
    for each in left:
        each.kill()
    parent.communicate()
    assert not left


def _path() -> dict[str, str]:
    return {"PYTHONPATH": ":".join(each for each in sys.path if each)}


def test_a_worker_outlives_the_thread_that_submitted(tmp_path: Path) -> None:
    with engine.opened(1) as executor:
        submitted = []
        thread = threading.Thread(target=lambda: submitted.append(executor.submit(jobs.wait, str(tmp_path / "go"))))
        thread.start()
        thread.join()
        time.sleep(0.5)
        (tmp_path / "go").touch()
        assert submitted[0].result(timeout=30) == "done"


@pytest.mark.parametrize("kind", ["", "threads", "Inline", "processes:2"])
def test_an_unknown_kind_is_refused(kind: str) -> None:
    with pytest.raises(engine.NoSuchEngine, match="inline, processes, dask"), engine.opened(1, kind):
        pass


def test_dask_that_is_not_installed_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(engine.NoSuchEngine, match=r"kwartier\[cluster\]"), engine.opened(1, "dask"):
        pass
