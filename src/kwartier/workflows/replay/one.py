"""What the log was ever told about one connection, and what of it was known at a moment."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import NamedTuple, final

from kwartier.model.ground import FactRef, Hold, Objection, Occupancy, Permission, Restriction, Supply
from kwartier.model.period import Period
from kwartier.model.register import Product
from kwartier.workflows.replay.places import Whereabouts, location_at
from kwartier.workflows.replay.told import UNTOLD, Fact, Histories, History


class Step(NamedTuple):
    """A fact as one entry left it, ready for a decision."""

    position: int
    at: datetime
    fact: Fact | None
    """None where it never lived."""


class Own(NamedTuple):
    """The facts of one connection, by what they are."""

    occupancies: tuple[Occupancy, ...]
    supplies: tuple[Supply, ...]
    permissions: tuple[Permission, ...]
    restrictions: tuple[Restriction, ...]
    holds: tuple[Hold, ...]
    objections: tuple[Objection, ...]


class Last(NamedTuple):
    """How things stand after the last that was told, and since when: most questions are asked later."""

    at: datetime
    position: int
    own: Own


class Carried(NamedTuple):
    """A restriction of the electricity meter that carries a gas connection, and for how long it does.

    A coupling that was wrong was believed `until` a moment, what took its place is known `since` then.
    """

    ref: FactRef
    history: History
    span: Period
    since: datetime | None = None
    until: datetime | None = None

    def known(self, at: datetime) -> bool:
        """True if the coupling was known at a moment."""
        return (self.since is None or self.since <= at) and (self.until is None or at < self.until)

    def believed(self, steps: Iterable[Step]) -> list[Step]:
        """Return the steps of the restriction as they concern the connection: while the coupling was believed."""
        since = self.since
        mine = [step if since is None else step._replace(at=max(step.at, since)) for step in steps]
        return mine if self.until is None else [*mine, Step(UNTOLD, self.until, None)]


@final
@dataclass(frozen=True, slots=True)
class OneKnown:
    """All that the log was ever told about one connection. `carried` are restrictions of the meter that carries its gas."""

    connection: int
    where: Whereabouts
    said: Histories
    carried: Sequence["Carried"]
    steps: Sequence[Sequence[Step]]
    whose: Mapping[int, int]
    """By the position of an entry: whom it is about."""
    last: "Last"

    @property
    def product(self) -> Product:
        """What it carries."""
        return self.where.locations[-1].product or Product.ELECTRICITY

    def area(self, at: datetime, before: int | None) -> str:
        """Return the area in which it lies, as it was known."""
        return location_at(self.where.locations, at, before).area

    def then(self, at: datetime, before: int | None) -> "Own":
        """Return its own facts as they were known."""
        if at >= self.last.at and (before is None or before > self.last.position):
            return self.last.own
        return own_of(fact for steps in self.steps if (fact := then(steps, at, before)) is not None)

    def person_stopped(self, stay: FactRef) -> Iterator[datetime]:
        """Yield when who lives there had something stopped: each time when that held and was said."""
        history = self.said.get(stay)
        whose = None if history is None else self.whose.get(history[0].position)
        for (table, _), stopped in self.said.items():
            if table in {"hold", "objection"} and whose is not None and self.whose.get(stopped[0].position) == whose:
                yield max(stopped[0].start, stopped[0].at)

    def restrictions(self, at: datetime | None = None) -> Iterator[tuple[History, Period | None]]:
        """Yield every restriction that concerns it, with the time for which it does where that is bounded by a coupling.

        As the couplings were known at a moment, or by those that hold now, since they are known.
        """
        yield from ((history, None) for (table, _), history in self.said.items() if table == "restriction")
        for one in self.carried:
            if at is not None and one.known(at):
                yield one.history, one.span
            elif at is None and one.until is None and (span := _since(one)) is not None:
                yield one.history, span


def _since(one: Carried) -> Period | None:
    """Return for how long a restriction concerns a connection, from when the coupling is known."""
    return one.span if one.since is None else one.span.meet(Period(one.since))


def own_of(facts: Iterable[Fact]) -> Own:
    """Sort facts by what they are."""
    known = list(facts)
    return Own(
        tuple(one for one in known if isinstance(one, Occupancy)),
        tuple(one for one in known if isinstance(one, Supply)),
        tuple(one for one in known if isinstance(one, Permission)),
        tuple(one for one in known if isinstance(one, Restriction)),
        tuple(one for one in known if isinstance(one, Hold)),
        tuple(one for one in known if isinstance(one, Objection)),
    )


def last_of(steps: Sequence[Sequence[Step]]) -> Last:
    """Return how things stand at last."""
    every = [step for each in steps for step in each]
    at = max((step.at for step in every), default=datetime.min.replace(tzinfo=UTC))
    own = own_of(fact for each in steps if (fact := then(each, at, None)) is not None)
    return Last(at, max((step.position for step in every), default=-1), own)


def then(steps: Sequence[Step], at: datetime, before: int | None) -> Fact | None:
    """Return a fact as it was known at a moment, by what stood in the log before a position; None if there was none."""
    for position, said, fact in reversed(steps):
        if said <= at and (before is None or position < before):
            return fact
    return None


def cut(step: Step, span: Period) -> Step:
    """Return a step of a restriction cut to the time for which the meter carries the connection."""
    fact = step.fact
    if not isinstance(fact, Restriction) or not fact.period.overlaps(span):
        return step._replace(fact=None)
    return step._replace(fact=replace(fact, period=fact.period.meet(span) or fact.period))
