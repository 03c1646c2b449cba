"""S5: the sequencer and the witness beside pages and night, so that what just happened can soon be proved, and not be taken back.

A witness is asked after every signature, and again before its last one is a minute old (`audit.cosign.FRESH_S` and `EVERY_S`).
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg

from kwartier.audit.log import Checkpoint
from kwartier.model.errors import KwartierError
from kwartier.workflows.installation import Installation, system_clock

EVERY_S = 10.0


@contextmanager
def signing(house: Installation, *, every_s: float = EVERY_S, failed: Callable[[Exception], None]) -> Iterator[None]:
    """Sign what was recorded every `every_s` seconds meanwhile, and once more at the end; have it countersigned.

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


def sign(house: Installation) -> Checkpoint:
    """Sign what was recorded, and have it countersigned where there is a witness. Raises BrokenLog, NotWitnessed."""
    with house.auditor() as c:
        made = house.log.integrate(c)
    if house.witness is not None:
        with house.auditor() as c:
            house.log.cosign(c, house.witness, int(system_clock().timestamp()))
    return made


def _sign(house: Installation, failed: Callable[[Exception], None]) -> None:
    try:
        sign(house)
    except (KwartierError, psycopg.Error, OSError) as fault:
        failed(fault)
