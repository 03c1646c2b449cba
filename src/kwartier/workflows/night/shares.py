"""Allocation: what the homes of each supplier used on a day, in sums that show no home.

A share is the homes of one supplier on one transformer: each is told alone, or withheld, by the guard of all sums (hiding.py). So
no sum or difference of shares is about fewer homes than the group. A transformer whose energy loss is balanced that day has none:
a sum over its homes less a share would be a third sum that nobody looked at. A home is summed once for a day.
"""

from collections.abc import Container, Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import final

from kwartier.model.ground import Facts, Purpose, Request
from kwartier.model.period import day_period
from kwartier.model.permit import Permit
from kwartier.store.registry.facts import ConnectionRow
from kwartier.workflows.night import hiding
from kwartier.workflows.night.job import Share, ShareKey

ON_NONE = 0
"""The transformer of a connection that hangs on none."""


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
    """The shares of a round."""

    day: date
    drafts: dict[ShareKey, _Draft] = field(default_factory=dict)

    def add(self, home: ConnectionRow, permits: Iterable[Permit]) -> None:
        """Count a home to its supplier under every use case, and let it be read under the first of them that may.

        Under one only, and once for a day: two sums with the same home in them would differ by others.
        """
        party = supplier_of(home.facts, self.day)
        cases = [case for case in home.facts.use_cases if case.purpose is Purpose.ALLOCATION]
        if party is None or not cases:
            return
        used = home.facts.used_days
        summed = any(self.day.isoformat() in used.get(case.id, ()) for case in cases)
        allowed = {one.request.requester.id for one in permits if is_share(one.request)}
        reading = next((case.id for case in cases if case.id in allowed and home.wired is not None and not summed), None)
        lived = any(one.period.overlaps(day_period(self.day)) for one in home.facts.occupancies)
        for case in cases:
            key = ShareKey(case.id, home.transformer or ON_NONE, party, home.product)
            draft = self.drafts.setdefault(key, _Draft(home.area, case.min_group))
            if lived:
                draft.people.add(home.key)
            if case.id == reading:
                draft.readable[home.key] = len(used.get(case.id, ()))

    def made(self, balanced: Container[int]) -> tuple[list[Share], list[tuple[Share, str]]]:
        """Return the shares that can be told, and those that cannot with the reason; none of a transformer that is balanced."""
        told, untold = [], []
        for key, draft in self.drafts.items():
            if key.transformer in balanced or not draft.readable:
                continue
            read = hiding.chosen(draft.people, draft.readable, draft.min_group)
            share = Share(key, draft.area, draft.min_group, frozenset(draft.people), read)
            why = hiding.untold(draft.people, read, draft.min_group)
            if why is None:
                told.append(share)
            else:
                untold.append((share, why))
        return told, untold


def is_share(request: Request) -> bool:
    """True for a question about a home for allocation."""
    return request.purpose is Purpose.ALLOCATION


def supplier_of(facts: Facts, day: date) -> int | None:
    """Return the party that supplied the whole local day, None if none did."""
    for supply in facts.supplies:
        if supply.period.covers(day_period(day)):
            return supply.party
    return None
