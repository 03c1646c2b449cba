"""Sums over homes that were told: over enough homes, all of them read for it, and no two that differ by fewer.

What was read for a sum is not kept, so its values are not at hand. But who was read the lines of batches say, and who lives behind
which transformer, with which supplier, the log was told. By these the guard of sums is asked again, written anew: of the homes in
which somebody lives as many were read as the use case says, and those that were not are none, or as many.
"""

from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final, NamedTuple, final

from psycopg import Connection

from kwartier.audit.evidence import Entry
from kwartier.model.period import Period, midnight
from kwartier.model.register import Product
from kwartier.store.registry import replay
from kwartier.workflows.replay import told
from kwartier.workflows.replay.again import Again, decided_at
from kwartier.workflows.replay.findings import Findings
from kwartier.workflows.replay.one import OneKnown, Own
from kwartier.workflows.replay.places import Location, location_at
from kwartier.workflows.replay.window import Window

C = Connection[Any]

LOSS, ALLOCATION, RECONCILIATION = "loss", "allocation", "reconciliation"
ON_NONE: Final = 0
"""The transformer of homes that are behind none."""
AGO: Final = 32
"""Of so many batches before it a sum may be one: they are decided some time before, and several at once."""
_ALONE: Final = 2
"""A sum over fewer homes is the use of one."""
_DAY: Final = timedelta(days=1)


class Moment(NamedTuple):
    """A moment, and before which position of the log something stood to be known at it."""

    at: datetime
    before: int


@final
@dataclass(slots=True)
class Count:
    """Of the homes that a sum is about, as they were known at one moment: in how many somebody lives, and how many were read."""

    people: int = 0
    people_read: int = 0
    vacant_read: int = 0

    def add(self, *, lived: bool, read: bool) -> None:
        """Take one home."""
        self.people += lived
        self.people_read += lived and read
        self.vacant_read += read and not lived

    def __add__(self, other: "Count") -> "Count":
        """Return the count of the homes of both."""
        mine, others = (self.people, self.people_read, self.vacant_read), (other.people, other.people_read, other.vacant_read)
        return Count(*map(sum, zip(mine, others, strict=True)))

    @property
    def read(self) -> int:
        """How many homes were read."""
        return self.people_read + self.vacant_read

    def shows_few(self, read: int, group: int) -> bool:
        """True if a sum over `read` of them is about fewer than the group, or about all but fewer.

        Which of those that were read are in it is not known where some had gaps: it is so only if it is, whichever they are.
        """
        most, least = min(read, self.people_read), max(0, read - self.vacant_read)
        return most < max(group, _ALONE) or (most < self.people and self.people - least < group)


@final
@dataclass(frozen=True, slots=True)
class Sum:
    """A sum that the log says was told: of homes behind a transformer, of one supplier where there is one.

    Its homes are counted as they were known at each of `moments`: `always` has those that were the same at all of them.
    """

    entry: int
    table: str
    use_case: int
    day: date
    transformer: int
    party: int | None
    product: Product
    read: int
    moments: Sequence[Moment]
    sometimes: Sequence[Count]
    always: Count = field(default_factory=Count)

    @classmethod
    def of(cls, entry: Entry, moments: Sequence[Moment]) -> "Sum":
        """Read it. Raises KeyError, ValueError."""
        table, body = entry.kind.partition(":")[0], entry.said["body"]
        day = date.fromisoformat(body["month" if table == RECONCILIATION else "day"])
        product = Product.ELECTRICITY if table == LOSS else Product(body["product"])
        what = body["use_case"], day, body["transformer"], body.get("party"), product, body["read"]
        if any(type(body[name]) is not int for name in ("use_case", "transformer", "homes", "read")):
            msg = "a sum without its numbers"
            raise ValueError(msg)
        return cls(entry.id, table, *what, moments, [Count() for _ in moments])

    @property
    def about(self) -> Period:
        """The day, or the month."""
        return Period(midnight(self.day), midnight(self._after))

    @property
    def _after(self) -> date:
        return self.day + _DAY if self.table != RECONCILIATION else (self.day + 31 * _DAY).replace(day=1)

    @property
    def days(self) -> frozenset[str]:
        """The local days that count as used when a home is read for it: of a month those that its two midnights close."""
        ends = {self._after} if self.table != RECONCILIATION else {self.day, self._after}
        return frozenset((one - _DAY).isoformat() for one in ends)

    @property
    def counts(self) -> list[Count]:
        """Its homes as they were known at each of the moments."""
        return [self.always + one for one in self.sometimes]

    def has(self, where: Location, own: Own, area: object) -> bool:
        """True if it is about a home that lies there, and has these facts. A share is of the use case's area, a balance of all."""
        if (where.transformer or ON_NONE, where.product) != (self.transformer, self.product):
            return False
        supplier = next((one.party for one in own.supplies if one.period.covers(self.about)), None)
        return self.party is None or (self.party, area) == (supplier, where.area)


@final
class Sums:
    """Takes the sums as the log tells them, counts their homes, and compares."""

    def __init__(self, again: Again, found: Findings, window: Window) -> None:
        """`again` knows which homes were read for which use case; what happened in `window` is compared."""
        self._again = again
        self._found = found
        self._window = window
        self._told: dict[int, list[Sum]] = defaultdict(list)
        self._said = Counter[tuple[object, ...]]()
        self._decided = deque[Moment](maxlen=AGO)

    def take(self, entry: Entry) -> None:
        """Take up an entry of the log. Raises KeyError, ValueError."""
        table, _, said = entry.kind.partition(":")
        if entry.kind == "batch:intended":
            self._decided.append(Moment(decided_at(entry) or entry.at, entry.position))
        elif table in {LOSS, ALLOCATION, RECONCILIATION}:
            one = Sum.of(entry, [Moment(entry.at, entry.position), *reversed(self._decided)])
            self._said[_row(one, entry.said["body"]["homes"], is_told=said != "withheld")] += 1
            if said != "withheld" and self._window.holds(entry.at):
                self._told[one.transformer].append(one)

    def page(self, homes: Iterable[OneKnown]) -> None:
        """Count each of these homes to the sums that are about it."""
        for home in homes:
            for transformer in {one.transformer or ON_NONE for one in home.where.locations}:
                for one in self._told.get(transformer, ()):
                    self._count(one, home)

    def _count(self, one: Sum, home: OneKnown) -> None:
        read, area = one.days <= self._again.used(one.use_case, home.connection), self._area(one.use_case)
        last, first = _view(home, one.moments[0]), _view(home, one.moments[-1])
        views = [last] if last == first else [_view(home, moment) for moment in one.moments]
        for view, count in zip(views, [one.always] if last == first else one.sometimes, strict=True):
            if one.has(*view, area):
                count.add(lived=any(stay.period.overlaps(one.about) for stay in view[1].occupancies), read=read)

    def _area(self, use_case: int) -> object:
        case = self._again.known.general.get(("use_case", use_case))
        return None if case is None else case[0].rest.get("area")

    def check(self, c: C) -> None:
        """Compare every sum with its homes and with those told beside it, and what the registry holds with what was said."""
        for several in self._told.values():
            self._found.compared["sums"] += len(several)
            for n, one in enumerate(several):
                self._alone(one)
                if any(differ_by_few(one, other, self._area) for other in several[:n]):
                    self._add("sum-beside-sum", one)
        held = Counter(replay.sums(c))
        self._found.compared["sums"] += held.total()
        for row, times in (held - self._said).items():
            self._found.add("sum-without-event", times, table=row[0], day=str(row[1]), transformer=row[3])

    def _alone(self, one: Sum) -> None:
        """A sum is over homes that were read for it, and over so many that it shows none of them, and none of the others."""
        if all(count.read < one.read for count in one.counts):
            self._add("sum-of-unread", one)
        elif all(self._shows_few(one, *each) for each in zip(one.moments, one.counts, strict=True)):
            self._add("sum-of-few", one)

    def _shows_few(self, one: Sum, moment: Moment, count: Count) -> bool:
        case = told.known(self._again.known.general.get(("use_case", one.use_case), ()), *moment)
        group = None if case is None else case.rest.get("min_group")
        if type(group) is not int:
            return True  # nobody ever said how many are enough
        # of gas a round has only the homes whose meter hangs on one of its own: how many were not read is not known here
        return count.shows_few(one.read, group) if one.product is Product.ELECTRICITY else one.read < max(group, _ALONE)

    def _add(self, code: str, one: Sum) -> None:
        self._found.add(code, entry=one.entry, use_case=one.use_case, transformer=one.transformer, day=one.day.isoformat())


def _view(home: OneKnown, moment: Moment) -> tuple[Location, Own]:
    """Return where a home lay, and its facts, as they were known."""
    return location_at(home.where.locations, *moment), home.then(*moment)


def _row(one: Sum, homes: int, *, is_told: bool) -> tuple[object, ...]:
    """Return what the registry holds of a sum."""
    product = None if one.table == LOSS else str(one.product)
    return one.table, one.day, one.use_case, one.transformer, one.party, product, homes, one.read, is_told


def differ_by_few(one: Sum, other: Sum, area: Callable[[int], object]) -> bool:
    """True if no guard looked at their difference: both over a transformer, a month and a day in it, or the same homes twice.

    The same they are under another use case too, if it is about the same area.
    """
    if one.transformer == ON_NONE or one.product is not other.product:
        return False
    if (one.table == RECONCILIATION) is not (other.table == RECONCILIATION):
        return one.about.overlaps(other.about)
    alike = LOSS in {one.table, other.table} or (one.party, area(one.use_case)) == (other.party, area(other.use_case))
    return one.day == other.day and alike
