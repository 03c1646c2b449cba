"""Registers that were told late: promised where they are held, and else said that they cannot be had.

The nights that ask for such a register were over when it was told. What is held is not asked of the meter again; what is not is
asked by the coming nights for as long as a meter keeps it. After that nobody has it, and the log says so.
"""

import secrets
from datetime import datetime
from typing import Any

from psycopg import Connection

from kwartier.audit import leaves
from kwartier.audit.events import Event, EventKind
from kwartier.grounds.conduct import PASSING
from kwartier.grounds.decide import decide
from kwartier.grounds.moments import METER_KEEPS, day_opened_by
from kwartier.model.ground import Action, Refusal
from kwartier.model.permit import Permit
from kwartier.store.registry import late, nights, people
from kwartier.store.registry.late import Waiting
from kwartier.workflows.delivery_round.known import known_of
from kwartier.workflows.installation import Installation
from kwartier.workflows.visits.held import is_held

ACTOR = "operator"


def promise(house: Installation, at: datetime) -> None:
    """Promise what waits and is held, or is refused, which is then told with its reason; end what nobody has any more.

    A refusal that may pass is told once the register is held, or nobody can have it any more; until then it waits. A boundary for
    which nobody waits, or all was said, or a night promised all meanwhile, is forgotten: it waits anew when what kept it ends.
    """
    with house.operator() as c:
        waits = late.waiting(c)
        known = known_of(c, {one.connection for one in waits}, at) if waits else {}
    decided = [(one, decide(one.request(Action.DELIVER), known[one.connection].facts, at=at)) for one in waits]
    found = [(one, answer, is_held(house.readings, one)) for one, answer in decided]
    stay = {_row(one) for one, answer, held in found if not held and not _ends(one, answer, at)}
    ready = [(one, answer, held) for one, answer, held in found if (held or _ends(one, answer, at)) and not _was_told(one, answer)]
    if ready:
        with house.operator() as c:
            batch = nights.plan_batch(c, None)
            nights.mark_empty(c, batch, at)
            for one, answer, held in ready:
                number = late.promise(c, batch, one, _permit(one, answer))
                if number is not None and isinstance(answer, Permit) and not held:
                    _fail(house, c, number, one, answer, at)
    with house.operator() as c:
        late.clear(c, {_row(one) for one in waits} - stay)


def _row(one: Waiting) -> tuple[int, datetime, datetime]:
    return one.connection, one.moment, one.told


def _ends(one: Waiting, answer: Permit | Refusal, at: datetime) -> bool:
    """True if it may not be delivered for good, or if no night can find it any more."""
    return (isinstance(answer, Refusal) and answer.rule not in PASSING) or not _may_be_read(one, at)


def _was_told(one: Waiting, answer: Permit | Refusal) -> bool:
    """True if the supplier was told already that it cannot have it for now."""
    return one.withheld and isinstance(answer, Refusal) and answer.rule in PASSING


def _permit(one: Waiting, answer: Permit | Refusal) -> bytes:
    """Return the permit under which it is promised; of what will be withheld there is none, so a number that is no permit's.

    So too where it was promised before: under one permit that is done once.
    """
    return answer.id if isinstance(answer, Permit) and not one.withheld else secrets.token_bytes(16)


def _fail(house: Installation, c: Connection[Any], number: int, one: Waiting, permit: Permit, at: datetime) -> None:
    parcel = secrets.token_hex(16)
    late.fail(c, number, one, parcel, permit.subject, permit.id, at)
    code = None if permit.subject is None else people.codes(c, [permit.subject]).get(permit.subject)
    body = leaves.parcel(parcel, permit.request, None, permit.rule)
    house.log.record(c, [Event(at, EventKind.PARCEL_FAILED, ACTOR, code, one.connection, body)])


def _may_be_read(one: Waiting, at: datetime) -> bool:
    """True while a night may still find it at the meter; the register of another moment than a midnight never."""
    return day_opened_by(one.moment) is not None and at < one.moment + METER_KEEPS
