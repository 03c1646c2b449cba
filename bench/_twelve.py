"""Twelve questions, one per way in which the code of conduct says yes and the three noes a night meets most, for us and for Cedar.

The mix is one of each. Every question is asked of many connections that share nothing: connection, people, parties and facts
have numbers of their own, so that no answer can be remembered from another one.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, NamedTuple

from kwartier.grounds.moments import is_anniversary, midnights_in
from kwartier.model.ground import (
    Action,
    Agreement,
    DataClass,
    Facts,
    Occupancy,
    Permission,
    Purpose,
    Request,
    Requester,
    Restriction,
    RestrictionKind,
    Role,
    Supply,
    UseCase,
)
from kwartier.model.period import Period, day_period, epoch_s, midnight
from kwartier.model.register import DAY_MASK, GAS_MASK, INTERVAL_MASK, channels_of

DAY = date(2026, 6, 1)
CLOSES = midnight(DAY + timedelta(days=1))
AT = CLOSES + timedelta(hours=2)
"""The night after the day."""
LONG = Period(midnight(date(2020, 1, 1)))
YEAR = Period(midnight(date(2026, 1, 1)), midnight(date(2027, 1, 1)))
QUARTERS, REGISTERS = INTERVAL_MASK & ~GAS_MASK, DAY_MASK & ~GAS_MASK
BEFORE = Period(LONG.start, CLOSES)
AFTER = Period(CLOSES)


class Case(NamedTuple):
    """One question with the facts about its connection, and the rule that must answer it."""

    name: str
    rule: str
    request: Request
    facts: Facts


class _Ids(NamedTuple):
    """Numbers of one connection and of whoever has to do with it."""

    connection: int
    subject: int
    supplier: int
    app: int
    use_case: int


def cases(n: int) -> Iterator[Case]:
    """Yield the twelve about the n-th connection."""
    ids = _Ids(n, n * 10 + 1, n * 10 + 2, n * 10 + 3, n * 10 + 4)
    known = _facts(ids)
    off = Restriction(n, RestrictionKind.ADMINISTRATIVELY_OFF, AFTER)
    refused = Restriction(n, RestrictionKind.REFUSED, Period(YEAR.start))
    moved = (Occupancy(n, ids.subject + 5, BEFORE), Occupancy(n + 1, ids.subject, AFTER))
    switched = (Supply(n, ids.supplier + 5, BEFORE), Supply(n + 1, ids.supplier, AFTER))
    customer, supplier = Requester(Role.CUSTOMER, ids.subject), Requester(Role.SUPPLIER, ids.supplier)
    app, operator = Requester(Role.THIRD_PARTY, ids.app), Requester(Role.OPERATOR, ids.use_case)
    revoked = tuple(replace(one, live=Period(one.live.start, CLOSES)) for one in known.permissions)
    quarters = _ask(ids, app, Purpose.THIRD_PARTY_SERVICE, QUARTERS)
    yield Case("occupant", "C1", replace(_ask(ids, customer, Purpose.OWN_ACCESS, QUARTERS), action=Action.VIEW), known)
    yield Case("opt_in", "C2", _ask(ids, customer, Purpose.OWN_INSIGHT, QUARTERS), known)
    yield Case("schedule", "S1", _ask(ids, supplier, Purpose.PERIODIC_READING, REGISTERS), known)
    yield Case("anniversary", "S2", _ask(ids, supplier, Purpose.ANNUAL_BILL, REGISTERS), known)
    yield Case("move", "S3", _ask(ids, supplier, Purpose.MOVE, REGISTERS), replace(known, occupancies=moved))
    yield Case("switch", "S4", _ask(ids, supplier, Purpose.SWITCH, REGISTERS), replace(known, supplies=switched))
    yield Case("permission", "T1", quarters, known)
    yield Case("use_case", "O4", _ask(ids, operator, Purpose.ENERGY_LOSS, QUARTERS), known)
    yield Case("choice", "O7", _switch(ids), replace(known, restrictions=(off,)))
    yield Case("refused", "F1", quarters, replace(known, restrictions=(refused,)))
    yield Case("too_fine", "F6", _ask(ids, supplier, Purpose.PERIODIC_READING, QUARTERS), known)
    yield Case("revoked", "F7", quarters, replace(known, permissions=revoked))


def _facts(ids: _Ids) -> Facts:
    n = ids.connection
    return Facts(
        n,
        "wijk-01",
        occupancies=(Occupancy(n, ids.subject, LONG),),
        supplies=(Supply(n, ids.supplier, Period(midnight(date(2024, 6, 2)))),),
        agreements=(Agreement(n, ids.supplier, Role.SUPPLIER, LONG), Agreement(n + 1, ids.app, Role.THIRD_PARTY, LONG)),
        permissions=(
            Permission(n, ids.subject, None, QUARTERS | REGISTERS, "eigen inzicht", LONG, YEAR),
            Permission(n + 1, ids.subject, ids.app, QUARTERS, "advies", LONG, YEAR),
        ),
        use_cases=(UseCase(ids.use_case, Purpose.ENERGY_LOSS, DataClass.PROFILE, QUARTERS, "wijk-01", YEAR, YEAR, 12, 10),),
    )


def _ask(ids: _Ids, who: Requester, purpose: Purpose, mask: int) -> Request:
    """Ask quarter-hours of the day, or the registers that close it."""
    period = day_period(DAY) if mask & INTERVAL_MASK else Period(CLOSES, CLOSES)
    kind = DataClass.PROFILE if mask & INTERVAL_MASK else DataClass.REGISTER
    return Request(who, Action.READ, purpose, ids.connection, mask, period, kind)


def _switch(ids: _Ids) -> Request:
    """Ask how the meter is set that the customer has just had switched off."""
    who, kind = Requester(Role.OPERATOR, 0), DataClass.ADMINISTRATIVE_STATUS
    return Request(who, Action.READ, Purpose.ADMINISTRATIVE_STATUS, ids.connection, 0, Period(CLOSES, CLOSES), kind)


def for_cedar(case: Case) -> dict[str, Any]:
    """Return a case as Cedar takes it.

    Cedar cannot look through a list of facts, and knows no Dutch calendar: so it is handed the one row of each kind that matters,
    and whether the moment is a midnight or an anniversary. To work that out costs it nothing here.
    """
    request, known = case.request, case.facts
    context: dict[str, Any] = {
        "who": request.requester.id,
        "purpose": request.purpose.value,
        "data_class": request.data_class.value,
        "channels": [channel.name for channel in channels_of(request.mask)],
        "start": epoch_s(request.period.start),
        "end": epoch_s(request.period.end or request.period.start),
        "intervals": bool(request.mask & INTERVAL_MASK),
        "at": epoch_s(AT),
        "area": known.area,
        "used": len(known.used_days.get(request.requester.id, ())),
        "midnights": midnights_in(request.period) is not None,
        "anniversary": is_anniversary(known.supplies[-1].period.start, CLOSES),
        "moves": [epoch_s(bound) for one in known.occupancies for bound in (one.period.start, one.period.end) if bound],
    }
    rows = {
        "occupancy": known.occupancies[-1],
        "supply": known.supplies[-1],
        "agreement": next((one for one in known.agreements if one.party == request.requester.id), None),
        "permission": next((one for one in known.permissions if one.party == _party(request)), None),
        "use_case": next((one for one in known.use_cases if one.id == request.requester.id), None),
        "restriction": next(iter(known.restrictions), None),
    }
    context |= {name: _record(row) for name, row in rows.items() if row is not None}
    return {
        "principal": f'{request.requester.role.name.title().replace("_", "")}::"{request.requester.id}"',
        "action": f'Action::"{request.action.value}"',
        "resource": f'Connection::"{request.connection}"',
        "context": context,
    }


def _party(request: Request) -> int | None:
    return request.requester.id if request.requester.role is Role.THIRD_PARTY else None


def _record(row: Any) -> dict[str, Any]:  # noqa: ANN401 - a fact of any kind
    """Return a fact as a record of Cedar: periods as two numbers, an open end far away."""
    record: dict[str, Any] = {}
    for name in row.__slots__:
        value = getattr(row, name)
        if isinstance(value, Period):
            record |= {f"{name}_start": epoch_s(value.start), f"{name}_end": 1 << 40 if value.end is None else epoch_s(value.end)}
        elif name == "mask":
            record["channels"] = [channel.name for channel in channels_of(value)]
        elif value is not None:
            record[name] = str(value) if isinstance(value, str) else value
    return record
