"""Shares of the market: what the homes of each supplier used on a day (allocation) or in a month (reconciliation), in sums.

A share is the homes of one supplier on one transformer: each is told alone, or withheld, by the guard of all sums (hiding.py). So
no sum or difference of shares is about fewer homes than the group. A transformer whose energy loss is balanced that day has none:
a sum over its homes less a share would be a third sum that nobody looked at. A home is summed once for a day, and once for a month.
A month and its days are not both told: the one less the others would be about homes that are in the one alone. So it is of a
transformer, in one night as over nights (prepare.py), and of a home that came from another transformer meanwhile.
"""

from collections.abc import Container, Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import final

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


@final
@dataclass(slots=True)
class _Draft:
    """A share as it is gathered: where it lies, its least group, who lives in it, and who may be read how often already."""

    area: str
    min_group: int
    people: set[int] = field(default_factory=set)
    readable: dict[int, int] = field(default_factory=dict)


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
        for case in cases:
            key = ShareKey(case.id, home.transformer or ON_NONE, party, home.product)
            draft = self.drafts.setdefault(key, _Draft(home.area, case.min_group))
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
        month = last_day_of_month(day_of(self.about.start)).isoformat()
        return _used(facts, SUMS_OF_A_DAY, self.days) or _used(facts, {Purpose.RECONCILIATION}, {month})

    def made(self, spoken_for: Container[int]) -> tuple[list[Share], list[tuple[Share, str]]]:
        """Return the shares that can be told, and those that cannot with the reason; none of transformers with other sums."""
        month = self.about if self.purpose is Purpose.RECONCILIATION else None
        told, untold = [], []
        for key, draft in self.drafts.items():
            if key.transformer in spoken_for or not draft.readable:
                continue
            read = hiding.chosen(draft.people, draft.readable, draft.min_group)
            share = Share(key, draft.area, draft.min_group, frozenset(draft.people), read, month)
            why = hiding.untold(draft.people, read, draft.min_group)
            if why is None:
                told.append(share)
            else:
                untold.append((share, why))
        return told, untold


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
