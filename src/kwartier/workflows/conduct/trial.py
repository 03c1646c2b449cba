"""What a proposed edition would change: every question of a night asked twice, by the edition in force and by the proposal.

The registry is walked in its own order, some connections at a time, and nothing is kept but counts: memory is flat. Nothing is
written, and no permit is made: the proposal gives nobody anything.
"""

import tomllib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import NamedTuple, final

from kwartier.grounds import conduct, proposal
from kwartier.grounds.decide import judge
from kwartier.grounds.errors import BadProposal
from kwartier.grounds.rule import Edition
from kwartier.model.ground import Action, Facts, Purpose, Request
from kwartier.model.period import midnight
from kwartier.model.register import Product
from kwartier.planning import asked
from kwartier.store.registry import facts
from kwartier.store.registry.facts import ConnectionRow
from kwartier.workflows.installation import Installation

_AFTER_MIDNIGHT = timedelta(hours=2)
"""When the night about a day is taken to decide. Nothing but what begins or ends in these two hours depends on it."""


@final
class Difference(NamedTuple):
    """One permit that would appear, or vanish: of which connection, by which row, what for, and what is done by it.

    Connection 0 is a station meter, the operator's own.
    """

    connection: int
    appears: bool
    rule: str
    purpose: Purpose
    action: Action


Key = tuple[str, Purpose, Action]


@final
@dataclass(slots=True)
class Outcome:
    """What would change: permits per row, purpose and action that appear or vanish; `asked` questions, `same` answers as before."""

    base: str
    proposal: str
    day: date
    days: int
    connections: int = 0
    asked: int = 0
    same: int = 0
    touched: int = 0
    appear: Counter[Key] = field(default_factory=Counter)
    vanish: Counter[Key] = field(default_factory=Counter)


def read(path: Path, *, at: datetime) -> tuple[Edition, Edition]:
    """Return the edition that a proposal changes (that of `at` unless it names one) and what it makes of it.

    It starts from the rows of that edition, or of another one that it names. Raises BadProposal.
    """
    try:
        data = tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as fault:
        msg = f"the file is no TOML: {fault}"
        raise BadProposal(msg) from fault
    named, rows = data.get("base"), data.get("rows")
    base = conduct.edition_at(at) if named is None else _edition("base", named)
    return base, proposal.proposed(data, base, None if rows is None else _edition("rows", rows))


def _edition(key: str, named: object) -> Edition:
    try:
        return conduct.edition(str(named))
    except KeyError as fault:
        msg = f"{key} names no edition; there are {', '.join(one.id for one in conduct.EDITIONS)}"
        raise BadProposal(msg) from fault


def what_if(
    house: Installation,
    base: Edition,
    proposed: Edition,
    day: date,
    days: int = 1,
    *,
    at_a_time: int = 2000,
    each: Callable[[Difference], None] = lambda _: None,
    progress: Callable[[int], None] = lambda _: None,
) -> Outcome:
    """Return what would change in the nights about `days` days from `day` on; `each` is told every permit, by connection.

    Station meters come last, and count as no connection.

    `progress` is told how many connections were looked at since the last time. Yearly limits count the year of the first day.
    """
    outcome = Outcome(base.id, proposed.id, day, days)
    span = [day + timedelta(days=nth) for nth in range(days)]
    for rows in _rows(house, day, at_a_time):
        for row in rows:
            differences = [one for about in span for one in _of_day(row.facts, row.product, base, proposed, about, outcome)]
            outcome.touched += bool(differences)
            for one in differences:
                each(one)
        outcome.connections += len(rows)
        progress(len(rows))
    with house.operator() as c:
        stations = facts.station_meters(c, day=day)
    for station in stations:
        for about in span:
            for one in _of_day(station.facts, Product.ELECTRICITY, base, proposed, about, outcome):
                each(one)
    return outcome


def _rows(house: Installation, day: date, at_a_time: int) -> Iterator[list[ConnectionRow]]:
    after = 0
    while True:
        with house.operator() as c:
            rows = facts.stream(c, year=day.year, day=day, after=after, limit=at_a_time)
        if not rows:
            return
        after = rows[-1].key
        yield rows


def _of_day(known: Facts, product: Product, base: Edition, proposed: Edition, day: date, outcome: Outcome) -> Iterator[Difference]:
    at = midnight(day + timedelta(days=1)) + _AFTER_MIDNIGHT
    now = asked.asked(known, product, day, base, at=at)
    then = asked.asked(known, product, day, proposed, at=at)
    due_now, due_then = frozenset(now), frozenset(then)
    for request in dict.fromkeys([*now, *then]):
        outcome.asked += 1
        was = judge(base, request, known, at) if request in due_now else "F0"
        will_be = judge(proposed, request, known, at) if request in due_then else "F0"
        if isinstance(was, str) is isinstance(will_be, str):
            outcome.same += 1
        elif isinstance(will_be, str):
            assert not isinstance(was, str)  # noqa: S101 - the case before; this tells mypy
            yield _count(outcome.vanish, known.connection, was[0].id, request, appears=False)
        else:
            yield _count(outcome.appear, known.connection, will_be[0].id, request, appears=True)


def _count(counts: Counter[Key], connection: int, rule: str, request: Request, *, appears: bool) -> Difference:
    counts[rule, request.purpose, request.action] += 1
    return Difference(connection, appears, rule, request.purpose, request.action)
