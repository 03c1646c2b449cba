"""S5: a person asks to be erased. It is decided per ground at once, answered with a receipt, carried out by the next nightly run.

The receipt is the proof of the answer's line in the log: it stays good after what tied that line to the person is gone, since the
person has the salt, and nobody else.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, final

from psycopg import Connection

from kwartier.audit.canonical import Json
from kwartier.audit.events import Event, EventKind
from kwartier.grounds import conduct, erasure, retention
from kwartier.grounds.erasure import Answer, Erasure, Fate, Held, Stay
from kwartier.model.errors import KwartierError
from kwartier.model.period import day_of, from_epoch_s
from kwartier.model.register import Product
from kwartier.store.readings.going import Part, about
from kwartier.store.registry import erasures, names, people
from kwartier.workflows.installation import Installation

C = Connection[Any]
RIGHT: Final = "erasure"
BY_HAND: Final = 1 << conduct.edition("2026").rule("S2").no
"""Readings taken by hand are there so that a year can be billed."""


class NobodyToErase(KwartierError):
    """There is nobody with this number; nothing changed."""

    code = "nobody-to-erase"


class ErasureWaits(KwartierError):
    """The person asked before, and the next nightly run carries it out; nothing changed."""

    code = "erasure-waits"


@final
@dataclass(frozen=True, slots=True)
class Receipt:
    """What the person gets: an answer for each thing, whether everything goes, and the proof that it was answered so.

    `products` has what each connection that is answered about carries.
    """

    answers: tuple[Answer, ...]
    whole: bool
    proof: str
    products: Mapping[int, Product]


def decision(house: Installation, subject: int, *, at: datetime) -> Erasure:
    """Decide what becomes of all that is held about a person, changing nothing."""
    with house.operator() as c:
        stays = erasures.stays(c, subject, at)
    return erasure.decide_erasure(stays, _held(house, stays, at), at=at)


def erase(house: Installation, subject: int, *, at: datetime, actor: str = "operator") -> Receipt:
    """Take down that a person asks to be erased, and answer. Raises NobodyToErase, ErasureWaits.

    What was decided is written down with the question and the answer, in one transaction.
    """
    decided = decision(house, subject, at=at)
    now = from_epoch_s(int(at.timestamp()))
    with house.operator() as c:
        me = names.person(c, key=subject)
        if me is None or people.forgotten(me.code):
            msg = "nobody has this number"
            raise NobodyToErase(msg)
        if erasures.waits(c, subject):
            msg = "it was asked before and is carried out by the next nightly run"
            raise ErasureWaits(msg)
        number = erasures.ask(c, subject, now, decided.freed)
        asked: dict[str, Json] = {"right": RIGHT, "erasure": number}
        answered = asked | {str(fate): count for fate, count in _counts(decided.answers)} | {"whole": decided.whole}
        homes = names.own(c, subject)
        place = homes[0].key if homes else None  # lines about the person as a whole are filed where they live, else lived last
        entry = house.log.record(
            c,
            [
                Event(at, EventKind.RIGHT_ASKED, actor, me.code, place, asked),
                Event(at, EventKind.RIGHT_ANSWERED, "operator", me.code, place, answered),
            ],
        )[1]
    with house.auditor() as c:
        house.log.integrate(c)
    with house.auditor() as c:
        house.log.publish(c)
        return Receipt(decided.answers, decided.whole, house.log.proof(c, entry), {home.key: home.product for home in homes})


def erase_code(house: Installation, code: str, *, at: datetime) -> Receipt:
    """Do the same for a person by the own code. Raises NobodyToErase, ErasureWaits."""
    with house.operator() as c:
        me = people.by_code(c, code)
    if me is None:
        msg = "nobody has this number"
        raise NobodyToErase(msg)
    return erase(house, me.key, at=at)


def _counts(answers: Sequence[Answer]) -> Iterator[tuple[Fate, int]]:
    for fate in Fate:
        yield fate, sum(1 for answer in answers if answer.fate is fate)


def _held(house: Installation, stays: Sequence[Stay], at: datetime) -> Iterator[Held]:
    """Yield what the lake holds about a person's time, by connection and basis."""
    found: dict[tuple[int, int], list[date]] = {}
    for stay in stays:
        time = stay.until(at)
        if time is None or time.end is None:
            continue
        mine = Part(stay.connection, time, retention.consent(), stay.opens, stay.closes)
        first, last = day_of(time.start), day_of(time.end)
        for day in (day for day in house.readings.days_held() if first <= day <= last):
            for row in house.readings.day(stay.connection, day):
                if about(row, mine):
                    found.setdefault((stay.connection, row.basis), []).append(day)
        with house.operator() as c:
            for day in erasures.by_hand(c, stay.connection, time):
                found.setdefault((stay.connection, BY_HAND), []).append(day)
    for (connection, rules), days in sorted(found.items()):
        yield Held(connection, rules, min(days), max(days))
