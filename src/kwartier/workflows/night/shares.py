"""Shares of the market: what the homes of each supplier used on a day (allocation) or in a month (reconciliation), in sums.

A share is the homes of one supplier on one transformer: each is told alone, or withheld, by the guard of all sums (hiding.py). So
no sum or difference of shares is about fewer homes than the group. A transformer whose energy loss is balanced that day has none:
a sum over its homes less a share would be a third sum that nobody looked at. A home is summed once for a day, and once for a month.
A month and its days are not both told: the one less the others would be about homes that are in the one alone.
"""

from collections.abc import Container, Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import final

from kwartier.model.ground import Facts, Purpose, Request
from kwartier.model.period import Period, day_of
from kwartier.model.permit import Permit
from kwartier.store.registry.facts import ConnectionRow
from kwartier.workflows.night import hiding
from kwartier.workflows.night.job import Share, ShareKey

ON_NONE = 0
"""The transformer of a connection that hangs on none."""
MARKET = frozenset({Purpose.ALLOCATION, Purpose.RECONCILIATION})


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
        """True if the home was read for this before: for the month, or else for this day; a day of a month that was is, too."""
        day = day_of(self.about.start)
        if self.purpose is Purpose.ALLOCATION and _used(facts, Purpose.ALLOCATION, day.isoformat()):
            return True
        return _used(facts, Purpose.RECONCILIATION, last_day_of_month(day).isoformat())

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


def _used(facts: Facts, purpose: Purpose, day: str) -> bool:
    return any(day in facts.used_days.get(case.id, ()) for case in facts.use_cases if case.purpose is purpose)


def last_day_of_month(day: date) -> date:
    """Return the last day of the calendar month: the one that the register at the end of the month closes."""
    return (day.replace(day=1) + timedelta(days=31)).replace(day=1) - timedelta(days=1)
