"""S6, a second time: others get readings only with the customer's express consent, and when they are bound themselves.

Written from the leaflet's sentences and not from `grounds`: plain comparisons over what the log was told, so that a mistake in
the one decision does not hide in its own replay. "Only with consent": a permission to this party, given and not ended, for these
values and this time. "Of the customer": by who lived there in all of that time, and lives there still. "Bound themselves": by
agreements without a gap since the consent began, never suspended. "The customer may refuse": nothing of a time for which the meter
was refused or off, no read while it is, and nothing more by a consent from before a refusal. What renews a consent goes on from it:
it gives no more than the first one, had it not run out, would still have given as the second began.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Final, final

from kwartier.model.ground import FactRef, Request, RestrictionKind, Role
from kwartier.model.period import epoch_s
from kwartier.workflows.replay.known import Known
from kwartier.workflows.replay.one import OneKnown
from kwartier.workflows.replay.told import History, State, known

REGISTERS: Final = 0b1_1111_0000
"""Channels 4 to 8 stand on a midnight; the others lie between two moments."""


@final
class Naive:
    """Answers for third parties only."""

    def __init__(self, facts: Known) -> None:
        """`facts` has what the log was told; the connections asked about must be loaded."""
        self._facts = facts

    def allows(self, request: Request, at: datetime, before: int | None, *, at_the_meter: bool) -> bool | None:
        """Tell whether a third party may be given this, or have it read, at a moment; None where the question is not its own."""
        if request.requester.role is not Role.THIRD_PARTY:
            return None
        there = self._facts.one(request.connection)
        if there is None or request.period.end is None:
            return False
        first, last = epoch_s(request.period.start), epoch_s(request.period.end)
        said = {ref: state for ref, history in there.said.items() if (state := known(history, at, before)) is not None}
        return (
            self._bound(request.requester.id, at, before)
            and not _restricted(there, request.mask, (first, last), (at, before), at_the_meter=at_the_meter)
            and any(
                _consents(state, request, (first, last), at)
                and _lived(said.items(), state, there, (first, last))
                and all(
                    one is not None and self._held(one, until, said, there, (at, before)) for one, until in _chain(said, state, at)
                )
                for (table, _), state in said.items()
                if table == "permission"
            )
        )

    def _held(
        self, given: State, until: datetime, said: Mapping[FactRef, State], there: OneKnown, now: tuple[datetime, int | None]
    ) -> bool:
        """True if from its beginning until a moment nothing ended a consent, by what is known now."""
        party = given.rest["party"]
        return (
            _lives_still(said.items(), given, there, until)
            and not _refused_since(there, (given.start, until), *now)
            and not self._suspended_since(party, (given.start, until), *now)
            and _without_a_gap(self._of("agreement", party, *now), given.start, until)
        )

    def _suspended_since(self, party: int, span: tuple[datetime, datetime], at: datetime, before: int | None) -> bool:
        return any(_ran(one, *span) for one in self._of("suspension", party, at, before))

    def _bound(self, party: int, at: datetime, before: int | None) -> bool:
        return self._has("agreement", party, at, before) and not self._has("suspension", party, at, before)

    def _has(self, kind: str, party: int, at: datetime, before: int | None) -> bool:
        """True if a fact of this kind about the party is in force."""
        return any(_runs(one, at) for one in self._of(kind, party, at, before))

    def _of(self, kind: str, party: int, at: datetime, before: int | None) -> Iterable[State]:
        states = (known(history, at, before) for (table, _), history in self._facts.general.items() if table == kind)
        return (one for one in states if one is not None and one.rest.get("party") == party)


def _runs(state: State, at: datetime) -> bool:
    return state.start <= at and (state.end is None or at < state.end)


def _ran(state: State, since: datetime, at: datetime) -> bool:
    """True if it was in force at some moment from the one to the other."""
    return state.start <= at and (state.end is None or since < state.end)


def _consents(state: State, request: Request, asked: tuple[int, int], at: datetime) -> bool:
    """True if a permission is to this party, runs now, and names these values and this time."""
    said = state.rest
    return (
        said["party"] == request.requester.id
        and _runs(state, at)
        and request.mask | said["mask"] == said["mask"]
        and said["data_start"] <= asked[0]
        and (said["data_end"] is None or asked[1] <= said["data_end"])
    )


def _lived(said: Iterable[tuple[FactRef, State]], given: State, there: OneKnown, asked: tuple[int, int]) -> bool:
    """True if who gave the permission lived there in all of that time."""
    giver = there.whose.get(given.position)
    return any(
        table == "occupancy"
        and there.whose.get(stay.position) == giver
        and epoch_s(stay.start) <= asked[0]
        and (stay.end is None or asked[1] <= epoch_s(stay.end))
        for (table, _), stay in said
    )


def _lives_still(said: Iterable[tuple[FactRef, State]], given: State, there: OneKnown, at: datetime) -> bool:
    """True if who gave the permission lived there from its beginning up to now, in stays without a gap."""
    giver = there.whose.get(given.position)
    stays = (one for (table, _), one in said if table == "occupancy" and there.whose.get(one.position) == giver)
    return _without_a_gap(stays, given.start, at)


def _without_a_gap(facts: Iterable[State], since: datetime, at: datetime) -> bool:
    """True if at every moment from the one to the other one of these was in force."""
    until = since
    for one in sorted(facts, key=lambda each: each.start):
        if one.start <= until and (one.end is None or until < one.end):
            if one.end is None:
                return True
            until = one.end
    return at < until


def _chain(said: Mapping[FactRef, State], given: State, at: datetime) -> Iterator[tuple[State | None, datetime]]:
    """Yield a consent up to now, then what it renews, each up to the beginning of the next; None for one that never lived."""
    yield given, at
    number = given.rest.get("renews")
    if number is None:
        return
    before, until = said.get(("permission", number)), given.start - timedelta(microseconds=1)
    if before is not None and before.lives and before.start < given.start:
        yield from _chain(said, before, until)
    else:
        yield None, until


def _refused_since(there: OneKnown, within: tuple[datetime, datetime], at: datetime, before: int | None) -> bool:
    """True if the meter was refused, as far as it is known, at some moment of a time."""
    return any(
        start <= epoch_s(within[1]) and epoch_s(within[0]) < end
        for history, span in there.restrictions(at)
        if (state := known(history, at, before)) is not None and state.rest["kind"] == RestrictionKind.REFUSED
        for start, end in _times(
            history, span and (epoch_s(span.start), None if span.end is None else epoch_s(span.end)), at, before
        )
    )


def _restricted(
    there: OneKnown, mask: int, asked: tuple[int, int], now: tuple[datetime, int | None], *, at_the_meter: bool
) -> bool:
    """True if a restriction known by then is in force, for a read, or reaches into the time that was asked about."""
    at, before = now
    return any(
        (at_the_meter and start <= epoch_s(at) < end) or _reaches((start, end), mask, asked)
        for history, span in there.restrictions(at)
        for start, end in _times(
            history, span and (epoch_s(span.start), None if span.end is None else epoch_s(span.end)), at, before
        )
    )


def _times(
    history: History, span: tuple[int, int | None] | None, at: datetime, before: int | None
) -> Iterable[tuple[float, float]]:
    """Yield from when until when a restriction holds, as it was known; nothing if it does not concern this connection."""
    state = known(history, at, before)
    if state is None:
        return
    start, end = float(epoch_s(state.start)), float("inf") if state.end is None else float(epoch_s(state.end))
    if span is not None:
        start, end = max(start, span[0]), min(end, float("inf") if span[1] is None else span[1])
    if start < end:
        yield start, end


def _reaches(barred: tuple[float, float], mask: int, asked: tuple[int, int]) -> bool:
    if mask & REGISTERS:
        return barred[0] <= asked[1] and asked[0] <= barred[1]
    return barred[0] < asked[1] and asked[0] < barred[1]
