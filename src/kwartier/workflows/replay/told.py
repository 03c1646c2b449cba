"""The facts as the log was told them: what the registry says now is held against it, and each moment is judged by it.

The registry is only what somebody can change; the log is not. A fact that the log was never told, or was told otherwise, is a
finding and no ground. What was told later than a decision was not known to it.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, TypeVar, final

from kwartier.audit.events import EventKind
from kwartier.audit.evidence import Told
from kwartier.audit.subjects import is_about
from kwartier.model.ground import (
    Agreement,
    FactRef,
    Hold,
    Objection,
    Occupancy,
    Permission,
    Restriction,
    SupplierDefault,
    Supply,
    Suspension,
    UseCase,
)
from kwartier.model.period import Period, from_epoch_s

Fact = Occupancy | Supply | Agreement | Suspension | SupplierDefault | Permission | Restriction | UseCase | Hold | Objection
TABLES: Final = {
    Occupancy: "occupancy",
    Supply: "supply",
    Agreement: "agreement",
    Suspension: "suspension",
    SupplierDefault: "default",
    Permission: "permission",
    Restriction: "restriction",
    UseCase: "use_case",
    Hold: "hold",
    Objection: "objection",
}
_HOLDS: Final = {"permission": "live", "use_case": "approved"}
"""How the time for which a fact holds is called, where it is not called its period."""
_BESIDE: Final = frozenset({"start", "end", "because"})
"""What a fact's time is, and why it was said: told beside what the fact says."""
GENERAL: Final = tuple(kind for kind in EventKind if kind.partition(":")[0] in {"agreement", "suspension", "default", "use_case"})
"""What is told of facts about no connection."""
NO_FACTS: Final = frozenset(
    {
        EventKind.PERMISSION_REQUESTED,
        EventKind.PERMISSION_PRESENTED,
        EventKind.PERMISSION_REJECTED,
        EventKind.PERMISSION_TIMED_OUT,
        EventKind.PERMISSION_FOUND_INVALID,
        EventKind.PERMISSION_REMINDED,
    }
)
"""What is told of a permission that is none yet, or changes nothing of one: no ground begins or ends by it."""
OF_CONNECTIONS: Final = tuple(
    kind
    for kind in EventKind
    if kind not in NO_FACTS and kind.partition(":")[0] in {"occupancy", "supply", "permission", "restriction", "hold", "objection"}
)


@final
@dataclass(frozen=True, slots=True)
class State:
    """A fact as one entry left it. Moments in whole epoch seconds, as the log has them; `rest` is all else that was told."""

    position: int
    at: datetime
    connection: int | None
    start_s: int
    end_s: int | None
    rest: Mapping[str, Any]
    subject: bytes | None
    salt: bytes | None
    out: bool = False
    """True where the log says that the fact was wrong, and was taken out."""

    @property
    def lives(self) -> bool:
        """False for a permission that was ended before it began."""
        return self.end_s is None or self.start_s < self.end_s


Histories = Mapping[FactRef, Sequence[State]]


def histories(entries: Iterable[Told]) -> dict[FactRef, Sequence[State]]:
    """Return what each fact went through. Raises KeyError for an entry that does not say which fact, or ends one that never was."""
    found: dict[FactRef, list[State]] = defaultdict(list)
    for one in entries:
        table = one.kind.partition(":")[0]
        ref = (table, int(one.body[table]))
        if "start" in one.body:
            rest = {name: value for name, value in one.body.items() if name not in {table, *_BESIDE}}
            state = State(one.position, one.at, one.connection, one.body["start"], one.body["end"], rest, one.subject, one.salt)
            state = replace(state, out=one.kind == EventKind.OCCUPANCY_SUPERSEDED)
        else:
            if ref not in found:
                raise KeyError(table)
            before = found[ref][-1]
            ended = _seconds(one.at) if before.end_s is None else min(_seconds(one.at), before.end_s)
            state = replace(before, position=one.position, at=one.at, end_s=ended)
        found[ref].append(state)
    return {**found}


def ref_of(fact: Fact) -> FactRef:
    """Return the name of a fact."""
    return TABLES[type(fact)], fact.id


def period_of(fact: Fact) -> Period:
    """Return the time for which a fact holds."""
    if isinstance(fact, Permission):
        return fact.live
    return fact.approved if isinstance(fact, UseCase) else fact.period


def agrees(fact: Fact, state: State, codes: Mapping[int, str]) -> bool:
    """Tell whether the registry has a fact as the log was told it last. `codes` are those of the people in the registry."""
    period = period_of(fact)
    if _span(period) != (state.start_s, state.end_s) or _rest(fact) != state.rest:
        return False
    if state.salt is None or not isinstance(fact, Occupancy | Permission | Hold | Objection):
        return True  # about no person, or forgotten
    return is_about(codes.get(fact.subject, ""), state.subject, state.salt)


F = TypeVar("F", Occupancy, Supply, Agreement, Suspension, SupplierDefault, Permission, Restriction, UseCase, Hold, Objection)


def then(fact: F, history: Sequence[State], at: datetime, before: int | None) -> F | None:
    """Return a fact as it was known at a moment, by what stood in the log before this position; None if it was not known yet."""
    known = [state for state in history if state.at <= at and (before is None or state.position < before)]
    if not known or known[-1].out:
        return None
    if known[-1] is history[-1]:
        return fact
    period = period_of(fact)
    end = None if known[-1].end_s is None else max(from_epoch_s(known[-1].end_s), period.start)
    changed: dict[str, Any] = {_HOLDS.get(TABLES[type(fact)], "period"): Period(period.start, end)}
    return replace(fact, **changed)


def suspension(ref: FactRef, state: State) -> Suspension:
    """Return a suspension as the log has it, whatever the registry says. Raises KeyError if the log does not say whose."""
    end = None if state.end_s is None else from_epoch_s(state.end_s)
    return Suspension(ref[1], int(state.rest["party"]), Period(from_epoch_s(state.start_s), end))


def _rest(fact: Fact) -> dict[str, Any]:
    """Return what the log is told of a fact besides its time and its person."""
    match fact:
        case Supply() | Agreement() | Suspension() | SupplierDefault():
            return {"party": fact.party}
        case Restriction():
            return {"kind": fact.kind}
        case Objection():
            return {"purpose": fact.purpose}
        case Permission():
            data = _span(fact.data)
            return {"party": fact.party, "mask": fact.mask, "data_start": data[0], "data_end": data[1]}
        case UseCase():
            days = _span(fact.days)
            return {
                "purpose": fact.purpose,
                "data_class": fact.data_class,
                "mask": fact.mask,
                "area": fact.area,
                "days_start": days[0],
                "days_end": days[1],
                "yearly_limit": fact.yearly_limit,
                "min_group": fact.min_group,
            }
        case _:
            return {}


def _span(period: Period) -> tuple[int, int | None]:
    return _seconds(period.start), None if period.end is None else _seconds(period.end)


def _seconds(moment: datetime) -> int:
    """Return whole seconds, halves up, as PostgreSQL makes them of a moment."""
    return int(moment.replace(microsecond=0).timestamp()) + (moment.microsecond >= 500_000)  # noqa: PLR2004 - half a second
