"""Shares of the market: what the homes of each supplier used on a day (allocation) or in a month (reconciliation), in sums.

A share is the homes of one supplier on one transformer: each is told alone, or withheld, by the guard of all sums (hiding.py). So
no sum or difference of shares is about fewer homes than the group. A transformer whose energy loss is balanced that day has none:
a sum over its homes less a share would be a third sum that nobody looked at. A home is summed once for a day, and once for a month.
A share is told once for a day or a month, whatever runs again, and under one use case, however many are approved: who knows what a
supplier has of all its homes would see in that, less two sums over some of them, the few that are in neither.
A month and its days are not both told: the one less the others would be about homes that are in the one alone. So it is of a
transformer, in one night as over nights (prepare.py), and of a home that came from another transformer meanwhile.
"""

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final, final

from kwartier.model.ground import Facts, Purpose, Request
from kwartier.model.period import Period, day_of, days_in
from kwartier.model.permit import Permit
from kwartier.store.registry.facts import ConnectionRow
from kwartier.workflows.night import hiding
from kwartier.workflows.night.job import Share, ShareKey

ON_NONE = 0
"""The transformer of a connection that hangs on none."""
MARKET = frozenset({Purpose.ALLOCATION, Purpose.RECONCILIATION})
SUMS_OF_A_DAY = frozenset({Purpose.ALLOCATION, Purpose.ENERGY_LOSS})
TOLD_BESIDE: Final = "these homes have their sum under another use case, and the two would show who is in neither"


@final
@dataclass(slots=True)
class _Draft:
    """A share as it is gathered: where it lies, its least group, who lives in it, and who may be read how often already.

    `is_summed`: some of its homes were summed for this day or month before.
    """

    area: str
    min_group: int
    people: set[int] = field(default_factory=set)
    readable: dict[int, int] = field(default_factory=dict)
    is_summed: bool = False


@final
@dataclass(slots=True)
class Shares:
    """The shares of a round for one purpose, about one day or one month."""

    about: Period
    purpose: Purpose = Purpose.ALLOCATION
    drafts: dict[ShareKey, _Draft] = field(default_factory=dict)
    days: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        """Name the local days that this is about, as they are counted."""
        self.days = frozenset(day.isoformat() for day in days_in(self.about))

    def add(self, home: ConnectionRow, permits: Iterable[Permit]) -> None:
        """Count a home to its supplier under every use case, and let it be read under the first of them that may.

        Under one only, and once for a day or month: two sums with the same home in them would differ by others.
        """
        party = supplier_of(home.facts, self.about)
        cases = [case for case in home.facts.use_cases if case.purpose is self.purpose]
        if party is None or not cases:
            return
        allowed = self._allowed(permits)
        may = home.wired is not None and not self._is_summed(home.facts)
        reading = next((case.id for case in cases if case.id in allowed and may), None)
        lived = any(one.period.overlaps(self.about) for one in home.facts.occupancies)
        summed = _used(home.facts, {self.purpose}, self.days if self.purpose is Purpose.ALLOCATION else {self._month()})
        for case in cases:
            key = ShareKey(case.id, home.transformer or ON_NONE, party, home.product)
            draft = self.drafts.setdefault(key, _Draft(home.area, case.min_group))
            draft.is_summed |= summed
            if lived:
                draft.people.add(home.key)
            if case.id == reading:
                draft.readable[home.key] = len(home.facts.used_days.get(case.id, ()))

    def _allowed(self, permits: Iterable[Permit]) -> set[int]:
        """Return the use cases under which all that a sum needs may be read: of a month both its midnights."""
        asked = [one.request.requester.id for one in permits if one.request.purpose is self.purpose]
        return {case for case in asked if asked.count(case) == (1 if self.purpose is Purpose.ALLOCATION else 2)}

    def _is_summed(self, facts: Facts) -> bool:
        """True if the home was read for another sum of this time: of the day, of a day of the month, or of the month around it."""
        return _used(facts, SUMS_OF_A_DAY, self.days) or _used(facts, {Purpose.RECONCILIATION}, {self._month()})

    def _month(self) -> str:
        """Return the day that counts as used when the month that this time lies in, or is, has been summed."""
        return last_day_of_month(day_of(self.about.start)).isoformat()

    def made(self, spoken_for: Container[int]) -> tuple[list[Share], list[tuple[Share, str]]]:
        """Return the shares that can be told, and those that cannot with the reason; none of transformers with other sums."""
        told, untold = [], []
        for first, *others in self._beside(spoken_for):
            why = hiding.untold(first.people, first.read, first.min_group)
            if why is None:
                told.append(first)
            else:
                untold.append((first, why))
            untold += [(share, TOLD_BESIDE) for share in others]
        return told, untold

    def _beside(self, spoken_for: Container[int]) -> Iterator[list[Share]]:
        """Yield the shares of the same homes under every use case that may read some, first the one that may read most of them."""
        month = self.about if self.purpose is Purpose.RECONCILIATION else None
        beside = defaultdict[tuple[object, ...], list[tuple[ShareKey, _Draft]]](list)
        for key, draft in self.drafts.items():
            if draft.readable and not draft.is_summed and key.transformer not in spoken_for:
                beside[key.transformer, key.party, key.product, draft.area].append((key, draft))
        for several in beside.values():
            several.sort(key=lambda one: (-len(one[1].readable), one[0].use_case))
            yield [_share(key, draft, month) for key, draft in several]


def _share(key: ShareKey, draft: _Draft, month: Period | None) -> Share:
    read = hiding.chosen(draft.people, draft.readable, draft.min_group)
    return Share(key, draft.area, draft.min_group, frozenset(draft.people), read, month)


def is_share(request: Request) -> bool:
    """True for a question about a home for allocation or for reconciliation."""
    return request.purpose in MARKET


def supplier_of(facts: Facts, about: Period) -> int | None:
    """Return the party that supplied all of this time, None if none did."""
    for supply in facts.supplies:
        if supply.period.covers(about):
            return supply.party
    return None


def _used(facts: Facts, purposes: Container[Purpose], days: AbstractSet[str]) -> bool:
    return any(case.purpose in purposes and not days.isdisjoint(facts.used_days.get(case.id, ())) for case in facts.use_cases)


def last_day_of_month(day: date) -> date:
    """Return the last day of the calendar month: the one that the register at the end of the month closes."""
    return (day.replace(day=1) + timedelta(days=31)).replace(day=1) - timedelta(days=1)
