"""Deciding again, from the facts that the log was told, as they were known at the time."""

from collections import OrderedDict, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, final

from psycopg import Connection

from kwartier.audit.evidence import Entry
from kwartier.grounds.decide import decide
from kwartier.grounds.limits import counted
from kwartier.grounds.moments import iso_days
from kwartier.model.ground import FactRef, Facts, Refusal, Request, Role
from kwartier.model.period import day_of, from_epoch_s
from kwartier.model.permit import Permit
from kwartier.workflows.replay import told
from kwartier.workflows.replay.editions import Editions
from kwartier.workflows.replay.findings import Findings
from kwartier.workflows.replay.known import Known
from kwartier.workflows.replay.told import History

C = Connection[Any]

PREPARING = timedelta(minutes=1)
"""A round is decided and then written down: its facts may be this much older than its event says, where it does not say when."""
_MILLISECOND: Final = timedelta(milliseconds=1)
NEVER: Final = datetime.max.replace(tzinfo=UTC)
_RUN_OUT: Final = frozenset({"permission", "agreement", "use_case", "default"})
"""What ends by itself also stops by itself; that a supply or a stay would end was no surprise to a reading of it."""
_AT_HAND: Final = 4_096
"""Connections whose facts at one moment are kept: a batch decides many questions about each."""

Restricted = tuple[datetime, datetime | None, datetime]
"""From, until, and when it was said."""


def decided_at(entry: Entry) -> datetime | None:
    """Return when the round that an entry is about was decided, where it says so."""
    decided = entry.said["body"].get("decided")
    return None if decided is None else from_epoch_s(0) + decided * _MILLISECOND


@final
class Again:
    """Decides for many connections; loads what it needs in bulk with `load`."""

    def __init__(self, c: C, found: Findings) -> None:
        """`c` is a connection as operator; what the log says and nobody understands goes to `found`."""
        self.known = Known(c, found)
        self._editions = Editions(c, found)
        self._used: dict[tuple[int, int], set[str]] = defaultdict(set)
        self._lost: dict[tuple[int, int], set[str]] = defaultdict(set)
        self._made: OrderedDict[tuple[object, ...], Facts | None] = OrderedDict()

    def load(self, asked: Iterable[Request]) -> None:
        """Have the facts for these requests at hand."""
        self.known.load({request.connection for request in asked})

    def use(self, use_case: int, connection: int, days: Iterable[str]) -> None:
        """Take up that the log says a connection was read for a use case about these local days: its limit counts them."""
        self._used[use_case, connection].update(days)

    def lose(self, use_case: int, connection: int, days: Iterable[str]) -> None:
        """Take up that a connection may have been read for a use case about these local days, by a batch that was given up."""
        self._lost[use_case, connection].update(days)

    def used(self, use_case: int, connection: int) -> AbstractSet[str]:
        """Return the local days about which the log says that a connection was read for a use case."""
        return self._used.get((use_case, connection), frozenset())

    def permit(self, request: Request, at: datetime, *, meter: int = 0, before: int | None = None) -> Permit | None:
        """Return the permit that this request gets as of `at`, by what stood in the log `before` a position; None if none."""
        answer = self.answer(request, at, meter=meter, before=before)
        return answer if isinstance(answer, Permit) else None

    def answer(self, request: Request, at: datetime, *, meter: int = 0, before: int | None = None) -> Permit | Refusal | None:
        """Return what this request is answered as of `at`; None where there is no such connection, or nothing is known of it."""
        facts = self._facts(request, meter, at, before)
        if facts is None:
            return None
        if request.requester.role is Role.OPERATOR:
            years = {day[:4] for day in iso_days(counted(request, at))}
            used, lost = (_days_of(facts, known, years) for known in (self._used, self._lost))
            facts = replace(facts, used_days=used, lost_days=lost)
        self._editions.look(at)
        return decide(request, facts, at=at)

    def _facts(self, request: Request, meter: int, at: datetime, before: int | None) -> Facts | None:
        day = day_of(request.period.start)
        place = (request.connection, at, before, *(() if request.connection else (meter, day)))
        if place not in self._made:
            self._made[place] = self.known.facts(request.connection, meter, day, at, before)
            if len(self._made) > _AT_HAND:
                self._made.popitem(last=False)
        return self._made[place]

    def restricted(self, connection: int) -> tuple[Restricted, ...]:
        """Return the restrictions of a connection that was loaded."""
        there = self.known.one(connection)
        return tuple(
            (max(history[-1].start, span.start) if span else history[-1].start, _until(history, span), history[0].at)
            for history, span in (there.restrictions() if there is not None else ())
        )

    def stopped(self, permit: Permit, since: datetime) -> datetime:
        """Return when one of the permit's facts was stopped, or ran out, after `since`; the end of time if never."""
        return min((at for ref in permit.facts for at in self._stops(permit.request.connection, ref, since)), default=NEVER)

    def _stops(self, connection: int, ref: FactRef, since: datetime) -> Iterator[datetime]:
        there = self.known.one(connection)
        if ref[0] == "connection":
            for start, _, said in self.restricted(connection):
                if max(start, said) >= since:
                    yield max(start, said)
            return
        if ref[0] == "occupancy" and there is not None:
            yield from (at for at in there.person_stopped(ref) if at >= since)
        if ref[0] == "agreement":
            yield from (at for at in self.known.suspended(ref) if at >= since)
        history = self.known.general.get(ref) or (there.said.get(ref) if there is not None else None)
        if history is not None and (ended := _ends(ref, history, since)) >= since:
            yield ended

    def was(self, request: Request, permit: bytes, until: datetime) -> bool:
        """Tell whether this request got just this permit at some moment before `until`: then its ground is one that has gone."""
        there = self.known.one(request.connection)
        said = [*self.known.general.values(), *(there.said.values() if there is not None else ())]
        turns = {moment for history in said for state in history for moment in (state.at, state.end) if moment is not None}
        turns |= {start for start, _, _ in self.restricted(request.connection)}
        moments = (moment - timedelta(microseconds=1) for moment in turns if moment < until)
        return any(found is not None and found.id == permit for found in (self.permit(request, moment) for moment in moments))


def _days_of(facts: Facts, known: Mapping[tuple[int, int], AbstractSet[str]], years: AbstractSet[str]) -> dict[int, frozenset[str]]:
    """Return by use case the days that count: of the years that usage is about, for anything else of that of the visit."""
    return {
        case.id: frozenset(day for day in known.get((case.id, facts.connection), ()) if day[:4] in years)
        for case in facts.use_cases
    }


def _until(history: History, span: object) -> datetime | None:
    ends = [end for end in (history[-1].end, getattr(span, "end", None)) if end is not None]
    return min(ends, default=None)


def _ends(ref: FactRef, history: History, since: datetime) -> datetime:
    """Return when a fact that was in force at `since` ended: as it was said then, or as it was said later, before that came."""
    then = told.known(history, since, None)
    surprise = ref[0] in _RUN_OUT or then is not history[0]
    ends = then.end if surprise and then is not None and then.end is not None else NEVER
    for state in history:
        if state.at > since:
            if ends <= state.at:
                return ends
            ends = NEVER if state.end is None else max(state.end, state.at)
    return ends
