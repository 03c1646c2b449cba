"""Persons who are erased: in part, as it was decided when they asked, or whole, when nothing holds anything about them any more."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import final

from kwartier.grounds import retention
from kwartier.grounds.erasure import Freed, Stay
from kwartier.grounds.retention import Kept
from kwartier.model.period import Period, day_of
from kwartier.store import postgres
from kwartier.store.readings.going import Part, about
from kwartier.store.registry import erasures, letters
from kwartier.store.registry import retention as terms
from kwartier.store.registry.erasures import Waiting
from kwartier.store.registry.rows import C
from kwartier.workflows.installation import Installation
from kwartier.workflows.retention import outbox


def guard(connection: int, period: Period, at: datetime) -> Part:
    """Return what the lake does not give up, whatever its term: a person's time whose processing is restricted."""
    return Part(connection, Period(period.start, at if period.end is None else max(period.start, period.end)), 0)


def part(one: Freed) -> Part:
    """Return what the lake gives up of a person's time."""
    return Part(one.connection, one.period, one.rules, one.opens, one.closes)


@final
@dataclass(frozen=True, slots=True)
class Carried:
    """How an erasure ended."""

    forgotten: bool
    counts: Counter[str]


def carry_out_all(house: Installation, waiting: Sequence[Waiting], at: datetime) -> Counter[str]:
    """Do what was decided of each. Where the log has lines about them is looked up once."""
    counts: Counter[str] = Counter()
    with house.auditor() as c:
        places = house.log.places(c, [one.code for one in waiting])
    for one in waiting:
        counts += carry_out(house, one, at, places[one.code]).counts
    return counts


def carry_out(house: Installation, one: Waiting, at: datetime, places: Collection[int]) -> Carried:
    """Do what was decided, after the lake gave up its rows: documents, doubted answers, sights; and forget whom nothing holds.

    `places` is where the log has lines about the person.
    """
    with house.operator() as c:
        documents = erasures.documents(c, one, retention.permitted(), at)
    counts = Counter(documents=outbox.take_out(house.outbox, documents))
    forgotten = not _held(house, one.subject, at)
    counts["letters"] = _letters(house, one.subject, forgotten=forgotten)
    with postgres.connect(house.dsns.owner) as c:
        counts.update(erasures.give_up(c, one, at))
        if forgotten:
            counts["ties"] += _forget(house, c, one.subject, one.code, places, at)
        erasures.carried(c, one.id, forgotten=forgotten)
    counts["erasures"] += 1
    counts["forgotten"] += forgotten
    return Carried(forgotten, counts)


def forget_lapsed(house: Installation, at: datetime) -> Counter[str]:
    """Forget whose last time at any connection, or whose arrival where there was none, is longer ago than the table allows.

    Not of whom something is open still.
    """
    counts: Counter[str] = Counter()
    with house.operator() as c:
        lapsed = terms.lapsed(c, retention.oldest(Kept.PERSONS, at))
        awaited = terms.awaited(c, [subject for subject, _ in lapsed], at)
    free = [(subject, code) for subject, code in lapsed if subject not in awaited and not _held(house, subject, at)]
    with house.auditor() as c:
        places = house.log.places(c, [code for _, code in free])
    for subject, code in free:
        counts["letters"] += _letters(house, subject, forgotten=True)
        with postgres.connect(house.dsns.owner) as c:
            counts["ties"] += _forget(house, c, subject, code, places[code], at)
        counts["forgotten"] += 1
    return counts


def _letters(house: Installation, subject: int, *, forgotten: bool) -> int:
    """Take away the letters to a person that nobody took; of who still lives there, not one to which silence is an answer."""
    with house.operator() as c:
        found = letters.of_subject(c, subject, waiting=forgotten)
    return outbox.take_away(house.letters, found)


def _forget(house: Installation, c: C, subject: int, code: str, places: Collection[int], at: datetime) -> int:
    """Untie the person's lines, say so, and destroy key, name and number, in one transaction. Returns how many lines.

    Were it cut in two, the person could have new lines in between: the log would say of one person twice that all are untied.
    """
    lived = {stay.connection for stay in erasures.stays(c, subject, at)}
    untied = house.log.forget(c, code, lived, places)
    terms.forget(c, subject, code)
    return untied


def _held(house: Installation, subject: int, at: datetime) -> bool:
    """True if the person lives somewhere, has a permission that lives, or the lake holds a reading about the person's time."""
    with house.operator() as c:
        stays = erasures.stays(c, subject, at)
    lives = any(stay.restricted or stay.period.end is None or stay.period.end > at for stay in stays)
    given = any(one.live.end is None or one.live.end > at for stay in stays for one in stay.permissions)
    return lives or given or any(_readings(house, stay) for stay in stays)


def _readings(house: Installation, stay: Stay) -> bool:
    end = stay.period.end
    assert end is not None  # noqa: S101 - whoever lives there is held already
    with house.operator() as c:
        if erasures.by_hand(c, stay.connection, stay.period):
            return True
    mine = Part(stay.connection, Period(stay.period.start, end), retention.consent(), stay.opens, stay.closes)
    first, last = day_of(stay.period.start), day_of(end)
    days = (day for day in house.readings.days_held() if first <= day <= last)
    return any(about(row, mine) for day in days for row in house.readings.day(stay.connection, day))
