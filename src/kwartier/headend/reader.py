"""Many meters at once: as many associations as the limits allow, each answer handed out as soon as it is there."""

import asyncio
import gc
import resource
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import aclosing, contextmanager
from typing import Final

from kwartier.headend.connection import Tap
from kwartier.headend.meter import read_meter
from kwartier.headend.session import Run
from kwartier.headend.values import Limits, MeterAnswer, MeterJob, StopList
from kwartier.model.errors import BadInput

try:
    import uvloop
except ImportError:  # an extra: it makes the loop cheaper, and is not there on every platform
    _new_loop: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop
else:
    _new_loop = uvloop.new_event_loop

_OTHER_FILES: Final = 256
"""Files that a process has open besides its connections to meters, generously."""


async def read(
    jobs: Sequence[MeterJob], *, limits: Limits, stops: StopList, tap: Tap | None = None
) -> AsyncGenerator[MeterAnswer, None]:
    """Visit each meter once, at most `limits.concurrency` at a time; yield their answers in the order in which they end.

    `tap` is called with the meter and each frame before it is sent. Raises BadInput if a meter is there twice (it takes one
    connection), and what the stop list or the tap raise: then nothing more is sent but releases.
    """
    if len({job.meter for job in jobs}) != len(jobs):
        msg = "a meter takes one connection: one job each"
        raise BadInput(msg)
    loop = asyncio.get_running_loop()
    until = None if limits.total_s is None else loop.time() + limits.total_s
    shared = Run(limits, stops, tap, until)
    ended: asyncio.Queue[MeterAnswer | Exception] = asyncio.Queue()
    waiting = iter(jobs)

    async def work() -> None:
        try:
            for job in waiting:
                ended.put_nowait(await read_meter(shared, job))
        except Exception as error:  # noqa: BLE001 - not the meter's doing: whoever iterates gets it
            ended.put_nowait(error)

    workers = [loop.create_task(work()) for _ in range(min(limits.concurrency, len(jobs)))]
    try:
        for _ in jobs:
            answer = await ended.get()
            if isinstance(answer, Exception):
                raise answer
            yield answer
    finally:
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)


def run(jobs: Sequence[MeterJob], *, limits: Limits, stops: StopList, tap: Tap | None = None) -> list[MeterAnswer]:
    """Do the same in an event loop of its own, uvloop where it is installed; return all answers."""
    found: list[MeterAnswer] = []

    async def collect() -> None:  # returns nothing: asyncio would make a text of it when it puts the signal handler back
        async with aclosing(read(jobs, limits=limits, stops=stops, tap=tap)) as answers:
            async for answer in answers:
                found.append(answer)  # noqa: PERF401 - see above

    _make_room(min(limits.concurrency, len(jobs)))
    with _no_collection(), asyncio.Runner(loop_factory=_new_loop) as runner:
        runner.run(collect())
    return found


@contextmanager
def _no_collection() -> Iterator[None]:
    """Look for no cyclic garbage meanwhile: a visit leaves none, and looking through all that was read takes time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _make_room(connections: int) -> None:
    """Let this process hold a file for each connection, as far as the system lets it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + _OTHER_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
