"""The facts as the log was told them: each moment is judged by these alone, and what the registry says now is held against them.

The registry is only what somebody can change; the log is not. What was told later than a decision was not known to it.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, Protocol, TypeVar, final

from kwartier.audit.events import EventKind
from kwartier.audit.evidence import Told
from kwartier.audit.subjects import is_about
from kwartier.model.ground import (
    Agreement,
    DataClass,
    FactRef,
    Hold,
    Objection,
    Occupancy,
    Permission,
    Purpose,
    Restriction,
    RestrictionKind,
    Role,
    SupplierDefault,
    Supply,
    Suspension,
    UseCase,
)
from kwartier.model.period import Period, epoch_s, from_epoch_s
from kwartier.store.registry.replay import CoupledMeter, PlacedMeter

Fact = Occupancy | Supply | Agreement | Suspension | SupplierDefault | Permission | Restriction | UseCase | Hold | Objection
Registered = Fact | PlacedMeter | CoupledMeter
"""What the registry keeps and the log is told of: facts for a decision, and whose a meter is."""
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
    PlacedMeter: "meter",
    CoupledMeter: "coupling",
}
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
        EventKind.PERMISSION_DECLINED,
    }
)
"""What is told of a permission that is none yet, or changes nothing of one: no ground begins or ends by it."""
OF_CONNECTIONS: Final = tuple(
    kind
    for kind in EventKind
    if kind not in NO_FACTS and kind.partition(":")[0] in {"occupancy", "supply", "permission", "restriction", "hold", "objection"}
)
ABOUT_PEOPLE: Final = (Occupancy, Permission, Hold, Objection)
"""Facts that name a person, whom the log seals."""


@final
@dataclass(frozen=True, slots=True)
class State:
    """A fact as one entry left it. `rest` is all else that was told."""

    position: int
    at: datetime
    connection: int | None
    start: datetime
    end: datetime | None
    rest: Mapping[str, Any]
    subject: bytes | None
    salt: bytes | None
    out: bool = False
    """True where the log says that the fact was wrong, and was taken out."""

    @property
    def lives(self) -> bool:
        """False for a permission that was ended before it began, and for what was taken out."""
        return not self.out and (self.end is None or self.start < self.end)


_TAKEN_OUT: Final = frozenset({EventKind.OCCUPANCY_SUPERSEDED, EventKind.COUPLING_SUPERSEDED})
UNTOLD: Final = -1
"""The place in the log of what never stood there."""
History = Sequence[State]
"""What one fact went through, in the log's order; never empty."""
Histories = Mapping[FactRef, History]


def histories(entries: Iterable[Told]) -> dict[FactRef, History]:
    """Return what each fact went through. Raises KeyError for an entry that does not say which fact, or ends one that never was.

    What does not say for which time a fact holds ends it. Of the ends of a permission the nearest counts: none prolongs it.
    """
    found: dict[FactRef, list[State]] = defaultdict(list)
    for one in entries:
        table = one.kind.partition(":")[0]
        ref = (table, int(one.body[table]))
        if "start" in one.body:
            rest = {name: value for name, value in one.body.items() if name not in {table, "start", "end"}}
            span = from_epoch_s(one.body["start"]), None if one.body["end"] is None else from_epoch_s(one.body["end"])
            if table == "permission" and ref in found:
                span = span[0], _nearer(found[ref][-1].end, span[1])
            out = one.kind in _TAKEN_OUT
            found[ref].append(State(one.position, one.at, one.connection, *span, rest, one.subject, one.salt, out))
            continue
        if ref not in found:
            raise KeyError(table)
        before = found[ref][-1]
        found[ref].append(replace(before, position=one.position, at=one.at, end=_nearer(before.end, one.at)))
    return {**found}


def _nearer(*ends: datetime | None) -> datetime | None:
    """Return the first of these ends; None where there is none."""
    return min((end for end in ends if end is not None), default=None)


def untold(fact: Restriction | Suspension | Hold | Objection, connection: int | None = None) -> State:
    """Return what bars somebody and the log was never told of, as if it had been told when it began."""
    period = fact.period
    return State(UNTOLD, period.start, connection, period.start, period.end, _rest(fact), None, None)


class _Told(Protocol):
    @property
    def position(self) -> int: ...

    @property
    def at(self) -> datetime: ...


_T = TypeVar("_T", bound=_Told)


def known(history: Sequence[_T], at: datetime, before: int | None) -> _T | None:
    """Return what was known at a moment, by what stood in the log before this position (None: at any); None if nothing was."""
    return next((one for one in reversed(history) if one.at <= at and (before is None or one.position < before)), None)


def ref_of(fact: Registered) -> FactRef:
    """Return the name of a fact."""
    return TABLES[type(fact)], fact.id


def period_of(fact: Registered) -> Period:
    """Return the time for which a fact holds."""
    if isinstance(fact, Permission):
        return fact.live
    return fact.approved if isinstance(fact, UseCase) else fact.period


def fact_of(ref: FactRef, state: State, person: int) -> Fact:
    """Return the fact that a state tells. `person` is whom it is about. Raises KeyError, ValueError."""
    table, number = ref
    holds, rest = Period(state.start, state.end), state.rest
    match table:
        case "occupancy" | "hold" | "objection":
            return _of_person(ref, rest, person, holds)
        case "restriction":
            return Restriction(number, RestrictionKind(rest["kind"]), holds)
        case "permission":
            data, renews = _told_span(rest, "data"), rest.get("renews")
            return Permission(number, person, rest["party"], rest["mask"], "", data, holds, renews)
        case "use_case":
            what = Purpose(rest["purpose"]), DataClass(rest["data_class"]), rest["mask"], rest["area"]
            return UseCase(number, *what, _told_span(rest, "days"), holds, rest["yearly_limit"], rest["min_group"])
        case _:
            return _of_party(ref, rest, holds)


def _of_person(ref: FactRef, rest: Mapping[str, Any], person: int, holds: Period) -> Fact:
    """Return a stay, or what a person had stopped."""
    table, number = ref
    if table == "occupancy":
        return Occupancy(number, person, holds)
    return Hold(number, person, holds) if table == "hold" else Objection(number, person, Purpose(rest["purpose"]), holds)


_OF_PARTY: Final[Mapping[str, type[Supply | Suspension | SupplierDefault]]] = {
    "supply": Supply,
    "suspension": Suspension,
    "default": SupplierDefault,
}


def _of_party(ref: FactRef, rest: Mapping[str, Any], holds: Period) -> Fact:
    """Return a contract, an agreement, its suspension, or that a supplier is in default. Raises KeyError, ValueError."""
    table, number = ref
    if table == "agreement":
        return Agreement(number, rest["party"], Role(rest["role"]), holds)
    return _OF_PARTY[table](number, rest["party"], holds)


def agrees(connection: int | None, fact: Registered, state: State, codes: Mapping[int, str]) -> bool:
    """Tell whether the registry has a fact of a connection, or of none, as the log was told it last.

    `codes` are those of the people in the registry.
    """
    span = epoch_s(state.start), None if state.end is None else epoch_s(state.end)
    if connection != state.connection or _span(period_of(fact)) != span:
        return False
    if any(state.rest.get(name, "") != value for name, value in _rest(fact).items()):
        return False
    if isinstance(fact, Permission) and state.rest.get("renews", fact.renews) != fact.renews:
        return False  # an old log does not say what was renewed
    if state.salt is None or not isinstance(fact, ABOUT_PEOPLE):
        return True  # about no person, or forgotten
    return is_about(codes.get(fact.subject, ""), state.subject, state.salt)


def _told_span(rest: Mapping[str, Any], name: str) -> Period:
    end = rest[f"{name}_end"]
    return Period(from_epoch_s(rest[f"{name}_start"]), None if end is None else from_epoch_s(end))


_SAID: Final[Mapping[type[Registered], Sequence[str]]] = {
    Supply: ("party",),
    Agreement: ("party", "role"),
    Suspension: ("party",),
    SupplierDefault: ("party",),
    Restriction: ("kind",),
    Objection: ("purpose",),
    Permission: ("party", "mask"),
    UseCase: ("purpose", "data_class", "mask", "area", "yearly_limit", "min_group"),
    PlacedMeter: ("transformer",),
    CoupledMeter: ("meter", "mbus"),
}
_SPANS: Final[Mapping[type[Registered], str]] = {Permission: "data", UseCase: "days"}


def _rest(fact: Registered) -> dict[str, Any]:
    """Return what the log is told of a fact besides its time and its person."""
    said = {name: getattr(fact, name) for name in _SAID.get(type(fact), ())}
    name = _SPANS.get(type(fact))
    if name is not None:
        said[f"{name}_start"], said[f"{name}_end"] = _span(getattr(fact, name))
    return said


def _span(period: Period) -> tuple[int, int | None]:
    return epoch_s(period.start), None if period.end is None else epoch_s(period.end)
