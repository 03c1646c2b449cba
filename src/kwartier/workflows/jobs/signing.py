"""S5: the sequencer and the witness beside pages and night, so that what just happened can soon be proved, and not be taken back.

A witness is asked after every signature, and again before its last one is a minute old (`audit.cosign.FRESH_S` and `EVERY_S`).
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from kwartier.audit.errors import NotWitnessed
from kwartier.audit.log import Checkpoint, Standing
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


def sign(house: Installation, failed: Callable[[Exception], None]) -> Checkpoint:
    """Sign what was recorded, and have it countersigned where there is a witness. Raises BrokenLog.

    A witness that does not sign is told to `failed`: what was done before is done, recorded and signed all the same.
    """
    with house.auditor() as c:
        made = house.log.integrate(c)
    if house.witness is not None:
        try:
            with house.auditor() as c:
                house.log.cosign(c, house.witness, int(system_clock().timestamp()))
        except NotWitnessed as fault:
            failed(fault)
    return made


def standing(house: Installation) -> Standing | None:
    """Return what the witness answers for; None where there is no witness."""
    if house.witness is None:
        return None
    with house.auditor() as c:
        return house.log.standing(c, house.witness)


def _sign(house: Installation, failed: Callable[[Exception], None]) -> None:
    try:
        sign(house, failed)
    except Exception as fault:  # noqa: BLE001 - whatever it was: with this thread ended nothing would be signed any more, unseen
        failed(fault)
