"""The readings that are held about a person, by the same decisions as on the own page: stretch by stretch, each logged."""

import json
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any, Final

from kwartier.delivery import document
from kwartier.grounds import explain
from kwartier.model.ground import Purpose, Requester, Role
from kwartier.model.period import Period, day_of, day_period, midnight
from kwartier.model.register import DAY_MASK, INTERVAL_MASK
from kwartier.store.registry import corrections, names, people
from kwartier.store.registry.names import Own
from kwartier.workflows.inquiry import Download
from kwartier.workflows.inquiry.desk import WHATEVER, own_facts, take_away
from kwartier.workflows.installation import Installation

_MOMENT: Final = timedelta(seconds=1)


def stays(house: Installation, subject: int) -> dict[int, Own]:
    """Return a person's stays by the id of their occupancy."""
    with house.operator() as c:
        found = people.occupancies(c, subject)
        eans = names.eans(c, {one.connection for one in found})
    return {one.id: Own(one.connection, eans[one.connection], one.product, one.period) for one in found}


def stretches(house: Installation, subject: int, one: Own, at: datetime) -> list[Period]:
    """Return the closed times within a stay about which the person may have what is held, up to now.

    In whole seconds, as the log has them: what is decided of a moment between two could not be decided again.
    """
    me = Requester(Role.CUSTOMER, subject)
    lines = explain.who_may(own_facts(house, one.key, at.year), at=at)
    mine = [line.period for line in lines if (line.requester, line.purpose) == (me, Purpose.OWN_ACCESS)]
    now = at.replace(microsecond=0)
    so_far = Period(min(one.mine.start, now), now)
    met = [shared for period in mine if (within := period.meet(one.mine)) and (shared := within.meet(so_far))]
    return [period for period in met if not period.is_moment]


def readings(house: Installation, subject: int, one: Own, *, at: datetime, basis: int = WHATEVER) -> list[dict[str, Any]]:
    """Return every document of what is held about a stay, as the person could download it."""
    return [json.loads(found.body) for found in files(house, subject, one, "json", at=at, basis=basis)]


def files(house: Installation, subject: int, one: Own, form: str, *, at: datetime, basis: int = WHATEVER) -> Iterator[Download]:
    """Yield the files of what is held about a stay: intervals and registers apart, since restricted time ends them differently."""
    held = house.readings.days_held()
    if not held:
        return
    table = Period(midnight(held[0]), midnight(held[-1] + timedelta(days=1)))
    for stretch in stretches(house, subject, one, at):
        shared = stretch.meet(table)
        if shared is None or shared.is_moment:
            continue
        for kind, period in ((INTERVAL_MASK, shared), (DAY_MASK, _registers(shared, one.mine))):
            found = None if period is None else take_away(house, subject, one, period, form, at=at, kinds=(kind,), basis=basis)
            if found is not None:
                yield found


def before_corrections(house: Installation, one: Own, *, at: datetime) -> list[dict[str, Any]]:
    """Return what the readings of a stay that were put right said before, in the form of a document, and until when they did.

    What was taken out was another home's, and is not the person's to have.
    """
    end = one.mine.end or at
    with house.operator() as c:
        found = corrections.of(c, one.key, day_of(one.mine.start), day_of(end))
    mine = [each for each in found if each.now is not None and not stopped(house, one, each.was.day, at)]
    told = [(each, document.content([each.was], one.mine)) for each in mine]
    return [{"until": each.at.isoformat(), **said} for each, said in told if said["series"] or said["readings"]]


def stopped(house: Installation, one: Own, day: date, at: datetime) -> bool:
    """True if a restriction of the meter lies over a day: then nothing of it is anybody's to have."""
    return any(bar.period.overlaps(day_period(day)) for bar in own_facts(house, one.key, at.year).restrictions)


def _registers(stretch: Period, mine: Period) -> Period | None:
    """Return the time whose registers are asked: a boundary of the stay is the person's, one of restricted time is not."""
    start = stretch.start if stretch.start == mine.start else stretch.start + _MOMENT
    assert stretch.end is not None  # noqa: S101 - a stretch ends now at the latest
    end = stretch.end if stretch.end == mine.end else stretch.end - _MOMENT
    return Period(start, end) if start <= end else None
