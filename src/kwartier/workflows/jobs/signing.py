"""S5: the sequencer beside the pages, so that what people just did can soon be proved."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg

from kwartier.model.errors import KwartierError
from kwartier.workflows.installation import Installation

EVERY_S = 10.0


@contextmanager
def signing(house: Installation, *, every_s: float = EVERY_S, failed: Callable[[Exception], None]) -> Iterator[None]:
    """Sign what was recorded every `every_s` seconds while the pages are open, and once more at the end.

    A signing that fails is told to `failed` and tried again the next time: what was recorded is durable and waits.
    """
    over = threading.Event()
    thread = threading.Thread(target=_keep_signing, args=(house, every_s, over, failed), name="sequencer")
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _keep_signing(house: Installation, every_s: float, over: threading.Event, failed: Callable[[Exception], None]) -> None:
    while not over.wait(every_s):
        _sign(house, failed)
    _sign(house, failed)


def _sign(house: Installation, failed: Callable[[Exception], None]) -> None:
    try:
        with house.auditor() as c:
            house.log.integrate(c)
    except (KwartierError, psycopg.Error, OSError) as fault:
        failed(fault)
