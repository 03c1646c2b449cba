"""What could be due about one local day: the questions of a night, before anyone decided. Every answer comes from `decide`.

The night about `day` runs after `day` ended. It asks

* intervals from the midnight that opens `day` to the one that closes it,
* day registers at the midnight that closes `day`. The one that opens it was asked the night before; it is asked again, as
  the very same request, where that night could not have known: at a move or switch with effect there, and where the
  scope of a permission starts there or the permission was given later. Equal requests give equal permit ids, so what was
  served already is not read again.

Requests that will be refused are asked too (a restricted connection, a permission that ended since the day began, a party without
its agreement): a refusal with its reason is part of the night's account. What is over is not asked for ever: a permission that
ended before the day, or whose giver has moved out, is history, and one that has not begun is no question yet.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from kwartier.grounds import conduct
from kwartier.grounds.conditions import bounds
from kwartier.grounds.defaults import collectable, is_overdue
from kwartier.grounds.moments import METER_KEEPS, day_opened_by, is_anniversary
from kwartier.grounds.rule import Edition
from kwartier.model.ground import (
    Action,
    DataClass,
    Facts,
    Permission,
    Purpose,
    Request,
    Requester,
    Role,
    Supply,
    UseCase,
)
from kwartier.model.period import Period, day_of, day_period, midnight
from kwartier.model.register import ALL_MASK, DAY_MASK, GAS_MASK, INTERVAL_MASK, Mask, Product

_ASKED_AGAIN = timedelta(days=10)
"""So long a register that a supplier left is asked for anew, night after night, until it was read; a meter keeps forty days."""


class _Night(NamedTuple):
    """What every question of this night shares."""

    facts: Facts
    channels: Mask
    day: Period
    opens: datetime
    closes: datetime
    settles: Period | None
    action: Action
    edition: Edition


_SETTLED_WITHIN = 9
"""Nights in which a month may be settled, the first of them that at its end: then a meter no longer keeps its first midnight."""


def due(facts: Facts, product: Product, day: date, *, at: datetime, edition: Edition | None = None) -> list[Request]:
    """Return every READ that could be due about `day`, each request once, in a fixed order.

    The edition in force at `at` counts, or a given one: what would be due.
    """
    night = _night(facts, product, day, Action.READ, edition or conduct.edition_at(at))
    late = _defaults(night, at) if facts.defaults else ()
    return list(
        dict.fromkeys([*_suppliers(night), *_permissions(night, at, own=True), *_energy_loss(night), *_market(night), *late])
    )


def deliveries(facts: Facts, product: Product, day: date, *, at: datetime, edition: Edition | None = None) -> list[Request]:
    """Return every DELIVER to a supplier or third party that could be due about `day`. The own page shows: it gets none."""
    night = _night(facts, product, day, Action.DELIVER, edition or conduct.edition_at(at))
    return list(dict.fromkeys([*_suppliers(night), *_permissions(night, at, own=False)]))


def missed(supply: Period, at: datetime) -> Iterator[tuple[datetime, Purpose]]:
    """Yield (moment, purpose) of the regular registers that a supply told at `at` missed, as far as meters keep them.

    Each by the edition in force at its midnight, as the night that asked for it.
    """
    first = max(day_of(supply.start), day_of(at - METER_KEEPS))
    for later in range((day_of(at) - first).days + 1):
        moment = midnight(first + timedelta(days=later))
        if at - METER_KEEPS < moment <= at and _touches(supply, moment):
            for purpose in _purposes(conduct.edition_at(moment), supply.start, moment):
                yield moment, purpose


def _night(facts: Facts, product: Product, day: date, action: Action, edition: Edition) -> _Night:
    channels = GAS_MASK if product is Product.GAS else ALL_MASK & ~GAS_MASK
    return _Night(facts, channels, *_bounds(day), action, edition)


@lru_cache(maxsize=4096)
def _bounds(day: date) -> tuple[Period, datetime, datetime, Period | None]:
    return day_period(day), midnight(day), midnight(day + timedelta(days=1)), month_to_settle(day)


@lru_cache(maxsize=4096)
def _moment(at: datetime) -> Period:
    return Period(at, at)


def _request(night: _Night, who: Requester, purpose: Purpose, mask: Mask, period: Period) -> Request:
    data_class = DataClass.PROFILE if mask & INTERVAL_MASK else DataClass.REGISTER
    return Request(who, night.action, purpose, night.facts.connection, mask, period, data_class)


def _suppliers(night: _Night) -> Iterator[Request]:
    """Yield the registers for suppliers. At a switch both are asked for: one's period closes, the other's opens."""
    for supply in night.facts.supplies:
        if _touches(supply.period, night.closes):
            yield from _regular(night, supply)
        for moment in (night.opens, night.closes):
            if _touches(supply.period, moment):
                yield from _changes(night, supply, moment)


def _regular(night: _Night, supply: Supply) -> Iterator[Request]:
    """Yield what is due regularly at the midnight that closes the day."""
    for purpose in _purposes(night.edition, supply.period.start, night.closes):
        yield _register(night, supply, purpose, night.closes)


def _purposes(edition: Edition, began: datetime, moment: datetime) -> Iterator[Purpose]:
    """Yield the periodic reading if the schedule names this midnight, and the annual bill on the anniversary of a supply."""
    periodic = edition.grant(Role.SUPPLIER, Purpose.PERIODIC_READING)
    day = day_opened_by(moment)
    if periodic is not None and day is not None and periodic.schedule.falls_on(day):
        yield Purpose.PERIODIC_READING
    if is_anniversary(began, moment):
        yield Purpose.ANNUAL_BILL


def _changes(night: _Night, supply: Supply, moment: datetime) -> Iterator[Request]:
    """Yield the register of a move or a switch with effect at this midnight."""
    if any(bounds(occupancy.period, moment) for occupancy in night.facts.occupancies):
        yield _register(night, supply, Purpose.MOVE, moment)
    if bounds(supply.period, moment):
        yield _register(night, supply, Purpose.SWITCH, moment)


def _register(night: _Night, supply: Supply, purpose: Purpose, moment: datetime) -> Request:
    return _request(night, Requester(Role.SUPPLIER, supply.party), purpose, night.channels & DAY_MASK, _moment(moment))


def _permissions(night: _Night, at: datetime, *, own: bool) -> Iterator[Request]:
    """Yield what permissions to parties name of this day, and with `own` what the customer asked for the own page."""
    for permission in night.facts.permissions:
        if permission.live.start > at or not _lasts(permission.live, night.opens):
            continue
        if permission.party is not None:
            who = Requester(Role.THIRD_PARTY, permission.party)
            yield from _permitted(night, permission, who, Purpose.THIRD_PARTY_SERVICE)
        elif own:
            yield from _permitted(night, permission, Requester(Role.CUSTOMER, permission.subject), Purpose.OWN_INSIGHT)


def _lasts(live: Period, moment: datetime) -> bool:
    return live.end is None or live.end > moment


def _permitted(night: _Night, permission: Permission, who: Requester, purpose: Purpose) -> Iterator[Request]:
    """Yield the intervals and the registers of the day that lie in the permission's scope."""
    for scope in _scopes(night, permission):
        intervals = permission.mask & night.channels & INTERVAL_MASK
        about = scope.meet(night.day)
        if intervals and about is not None and not about.is_moment:
            yield _request(night, who, purpose, intervals, about)
        registers = permission.mask & night.channels & DAY_MASK
        for moment in _midnights(night, permission, scope) if registers else ():
            yield _request(night, who, purpose, registers, _moment(moment))


def _scopes(night: _Night, permission: Permission) -> Iterator[Period]:
    """Yield the time the permission can be about: its own data period within each stay of its giver that touches this day."""
    for occupancy in night.facts.occupancies:
        if occupancy.subject == permission.subject and occupancy.period.meet(night.day) is not None:
            shared = occupancy.period.meet(permission.data)
            if shared is not None:
                yield shared


def _midnights(night: _Night, permission: Permission, scope: Period) -> Iterator[datetime]:
    """Yield the midnight that opens the day where the night before could not know of it, and the one that closes it."""
    if scope.start == night.opens or (permission.live.start > night.opens and _touches(scope, night.opens)):
        yield night.opens
    if _touches(scope, night.closes):
        yield night.closes


def _energy_loss(night: _Night) -> Iterator[Request]:
    """Yield the operator's question per use case of energy loss in this area, for a whole day: of a part there is no balance."""
    for case in night.facts.use_cases:
        mask = case.mask & night.channels
        if case.purpose is Purpose.ENERGY_LOSS and case.area == night.facts.area and mask and case.days.covers(night.day):
            yield _loss(night, case, mask)


def month_to_settle(day: date) -> Period | None:
    """Return the calendar month that the night about `day` may settle, None if there is none."""
    closes = day + timedelta(days=1)
    if closes.day > _SETTLED_WITHIN:
        return None
    first = closes.replace(day=1)
    return Period(midnight((first - timedelta(days=1)).replace(day=1)), midnight(first))


def _market(night: _Night) -> Iterator[Request]:
    """Yield the operator's questions for its tasks in the market: the two midnights of a day, and of a month, that one supplied."""
    yield from _allocation(night)
    yield from _reconciliation(night)


def _allocation(night: _Night) -> Iterator[Request]:
    """Yield one question per use case of allocation in this area, for the whole day."""
    for case, mask in _cases(night, Purpose.ALLOCATION, night.day):
        yield _loss(night, case, mask)


def _reconciliation(night: _Night) -> Iterator[Request]:
    """Yield two questions per use case of reconciliation in this area: the midnight that opens the month and the one that ends it.

    Not the month as one: what the days between counted is nothing to this purpose.
    """
    month = night.settles
    if month is None or month.end is None:
        return
    for case, mask in _cases(night, Purpose.RECONCILIATION, month):
        for moment in (month.start, month.end):
            yield _request(night, Requester(Role.OPERATOR, case.id), case.purpose, mask, _moment(moment))


def _cases(night: _Night, purpose: Purpose, span: Period) -> Iterator[tuple[UseCase, Mask]]:
    """Yield the use cases for a task in the market that name all of this time, in which one party supplied; with their channels."""
    cases = [case for case in night.facts.use_cases if case.purpose is purpose and case.area == night.facts.area]
    if not cases or night.edition.grant(Role.OPERATOR, purpose) is None:
        return
    if not any(supply.period.covers(span) for supply in night.facts.supplies):
        return
    for case in cases:
        mask = case.mask & night.channels
        if mask and case.days.covers(span):
            yield case, mask


def _loss(night: _Night, case: UseCase, mask: Mask) -> Request:
    who = Requester(Role.OPERATOR, case.id)
    return Request(who, night.action, case.purpose, night.facts.connection, mask, night.day, case.data_class)


def _defaults(night: _Night, at: datetime) -> Iterator[Request]:
    """Yield the registers that a supplier in default leaves to the operator, from the night on in which it may collect them."""
    if night.edition.grant(Role.OPERATOR, Purpose.SUPPLIER_DEFAULT) is None:
        return
    for default in night.facts.defaults:
        for supply in night.facts.supplies if default.period.contains(at) else ():
            for moment in _left(night, supply) if supply.party == default.party else ():
                since = collectable(night.facts, supply, default, moment)
                if since is not None and since <= night.closes < since + _ASKED_AGAIN:
                    who, mask = Requester(Role.OPERATOR, 0), night.channels & DAY_MASK
                    yield _request(night, who, Purpose.SUPPLIER_DEFAULT, mask, _moment(moment))


def _left(night: _Night, supply: Supply) -> list[datetime]:
    """Return the moments of this supply whose register may be wanted: its own bounds, moves within it, what is overdue by now."""
    bounds_ = [supply.period.start, supply.period.end]
    moves = [moment for home in night.facts.occupancies for moment in (home.period.start, home.period.end)]
    nights = [midnight(day_of(night.closes) - timedelta(days=back)) for back in range(_ASKED_AGAIN.days)]
    overdue = [moment for moment in nights if is_overdue(supply.period.start, moment)]
    return [moment for moment in dict.fromkeys([*bounds_, *moves, *overdue]) if moment is not None]


def _touches(period: Period, moment: datetime) -> bool:
    """True if the moment lies within the period or on one of its boundaries: a register has two owners there."""
    return period.start <= moment and (period.end is None or moment <= period.end)
