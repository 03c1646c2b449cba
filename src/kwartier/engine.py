"""The executor that carries batches of work: in this process, in a pool of processes, or on a cluster.

`concurrent.futures.Executor` is the only interface, so the same job runs unchanged on each. A job is a module-level function of
values that pickle. If a worker is killed the pool is broken: every open future raises `BrokenProcessPool` (of
concurrent.futures.process) and the executor takes no more work. The caller then opens a new one and submits what has no result yet;
jobs are idempotent for that reason. A Dask cluster runs the jobs of a killed worker on another one by itself.

    EngineError
    +-- NoSuchEngine    whoever chose the engine: there is no such kind, or its library is not installed
"""

import fcntl
import multiprocessing
import os
import select
import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from multiprocessing.connection import Connection, wait
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess
from typing import Any, Final, ParamSpec, TypeVar, final

from kwartier.model.errors import KwartierError

KINDS: Final = ("inline", "processes", "dask")

_LOOK_S: Final = 0.1
"""Seconds between two looks whether a worker is gone."""
_LOOKS: Final = 10
"""Looks for which the pool may take to end by itself: when it is done its workers go, too."""

_P = ParamSpec("_P")
_T = TypeVar("_T")


class EngineError(KwartierError):
    """Work cannot be carried out where it was asked for."""

    code = "engine"


class NoSuchEngine(EngineError):
    """There is no engine of this kind here; whoever chose it erred."""

    code = "no-such-engine"


@final
class Inline(Executor):
    """Runs each job at once in the caller's thread: for tests and for very small towns."""

    def __init__(self) -> None:
        """Take work until shut down."""
        self._open = True

    def submit(self, job: Callable[_P, _T], /, *args: _P.args, **kwargs: _P.kwargs) -> Future[_T]:
        """Run the job and return its finished future. Raises RuntimeError after shutdown, as every executor does."""
        if not self._open:
            msg = "cannot schedule new futures after shutdown"
            raise RuntimeError(msg)
        future: Future[_T] = Future()
        future.set_running_or_notify_cancel()
        try:
            future.set_result(job(*args, **kwargs))
        except Exception as fault:  # noqa: BLE001 - whatever the job raises belongs to its future
            future.set_exception(fault)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002 - the signature of Executor
        """Take no more work; there is nothing to wait for."""
        self._open = False


class _Pool(ProcessPoolExecutor):
    """A pool that breaks and ends also after a worker was killed while something large was in a pipe.

    Before Python 3.11.5, Debian 12's too, nobody closes the pipe to the workers, and the thread that fills it is waited for
    (CPython 94777). In every version the thread that takes results waits for the rest of one of which a killed worker sent a part:
    the other workers hold that pipe open. Who else closes a pipe may do so at the same moment, and a number that is closed twice
    may by then be another file's.
    """

    def __init__(self, workers: int, context: BaseContext, initializer: Callable[[], object]) -> None:
        """Take work for `workers` processes of a context; each runs the initializer first."""
        super().__init__(workers, context, initializer)
        inner: Any = self
        self._pipes = inner._call_queue._reader, inner._result_queue._writer  # noqa: SLF001 - see above
        for pipe in self._pipes:
            pipe.close = once(pipe.close)

    def _start_executor_manager_thread(self) -> None:
        """Watch over the workers from the first job on. Called at each, under the pool's lock."""
        inner: Any = self
        is_first = inner._executor_manager_thread is None  # noqa: SLF001 - see above
        super()._start_executor_manager_thread()
        if is_first:
            watched = inner._executor_manager_thread, inner._processes, self._pipes  # noqa: SLF001 - see above
            threading.Thread(target=_watch, args=watched, daemon=True).start()


def _watch(manager: threading.Thread, workers: Mapping[int, BaseProcess], pipes: Iterable[Connection]) -> None:
    """Where a worker is gone and the pool has not ended some looks later, end the others and let nobody wait for a pipe."""
    looks = 0
    while manager.is_alive():
        manager.join(_LOOK_S)
        there = list(workers.values())
        gone = set(wait([one.sentinel for one in there], timeout=0))
        looks = looks + 1 if gone else 0
        if looks > _LOOKS:
            for one in there:
                if one.sentinel not in gone:
                    one.kill()
            for pipe in pipes:
                pipe.close()


def once(deed: Callable[[], object]) -> Callable[[], None]:
    """Give a function that does the deed at its first call; whoever calls meanwhile waits until it is done."""
    lock, left = threading.Lock(), [deed]

    def do() -> None:
        with lock:
            if left:
                left.pop()()

    return do


@contextmanager
def opened(workers: int, kind: str = "processes") -> Iterator[Executor]:
    """Give an executor of a kind: "inline", "processes" (`workers` of them), "dask", or "dask:ADDRESS" of a scheduler.

    At the end it waits for running jobs; after an exception what has not begun is cancelled. Raises NoSuchEngine.
    """
    with ExitStack() as stack:
        made = _made(workers, kind, stack)
        try:
            yield made
        except BaseException:
            made.shutdown(wait=True, cancel_futures=True)
            raise
        else:
            made.shutdown(wait=True)


def _made(workers: int, kind: str, stack: ExitStack) -> Executor:
    """Make the executor; what must be closed after it goes onto the stack."""
    name, _, address = kind.partition(":")
    if kind == "inline":
        return Inline()
    if kind == "processes":
        # spawn: a forked child does not survive the threads of the lake's library
        return _Pool(workers, multiprocessing.get_context("spawn"), end_with_parent)
    if name == "dask":
        return _dask(workers, address, stack)
    msg = f"no such engine; there are {', '.join(KINDS)}"
    raise NoSuchEngine(msg)


def _dask(workers: int, address: str, stack: ExitStack) -> Executor:
    """Use the Dask cluster behind a scheduler, or one of our own on this machine without its web page."""
    try:
        import distributed  # noqa: PLC0415 - an optional extra: imported when asked for
    except ImportError as fault:
        msg = "the engine dask needs the extra kwartier[cluster]"
        raise NoSuchEngine(msg) from fault
    if address:
        client = stack.enter_context(distributed.Client(address))
    else:
        cluster = distributed.LocalCluster(n_workers=workers, threads_per_worker=1, host="127.0.0.1", dashboard_address=None)
        client = stack.enter_context(distributed.Client(stack.enter_context(cluster)))
    made: Executor = client.get_executor()
    return made


def end_with_parent() -> None:
    """Make the kernel kill this worker when the process that spawned it ends, kill -9 included.

    Not PR_SET_PDEATHSIG: that fires when the parent's *thread* ends, and a pool spawns workers from whichever thread submits. The
    pipe from the parent closes only with the process; the kernel then sends the signal that the worker asked for here.
    """
    parent = multiprocessing.parent_process()
    if parent is None:
        return
    pipe = parent.sentinel
    fcntl.fcntl(pipe, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(pipe, fcntl.F_SETSIG, signal.SIGKILL)
    fcntl.fcntl(pipe, fcntl.F_SETFL, fcntl.fcntl(pipe, fcntl.F_GETFL) | os.O_ASYNC)
    ready, _, _ = select.select([pipe], [], [], 0)
    if ready:  # it ended before we asked
        os.kill(os.getpid(), signal.SIGKILL)
