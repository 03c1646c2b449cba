"""S2: what is held about me. Every look is decided first and logged after, by the same rules as everybody's."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from psycopg import Connection

from kwartier.audit.events import Event, EventKind, actor_of
from kwartier.delivery import customer, disputed, document
from kwartier.delivery.cut import cut
from kwartier.grounds.decide import decide
from kwartier.model.channel_day import ChannelDay
from kwartier.model.ground import Action, DataClass, Facts, Purpose, Refusal, Request, Requester, Role
from kwartier.model.period import Period, day_of, day_period
from kwartier.model.permit import Permit
from kwartier.model.register import DAY_MASK, GAS_MASK, INTERVAL_MASK, Mask, Product, channels_of
from kwartier.store.registry import corrections, disputes, facts, names, nights
from kwartier.store.registry.names import Own
from kwartier.workflows.inquiry import empty
from kwartier.workflows.inquiry.errors import NotYours
from kwartier.workflows.inquiry.views import Download, MyConnection, UsageDay
from kwartier.workflows.installation import Installation

C = Connection[Any]
WHATEVER = ~0
"""Every rule's bit: read under whichever rule."""


def connections(house: Installation, subject: int) -> list[MyConnection]:
    """Return the connections this person has or had."""
    with house.portal(subject) as c:
        return [_shown(one) for one in names.own(c, subject)]


def _shown(one: Own) -> MyConnection:
    return MyConnection(one.key, str(one.ean), one.product, one.mine)


def stays(house: Installation, subject: int, connection: int) -> list[Own]:
    """Return this person's times at one connection, the latest first: who left may have come back. Raises NotYours."""
    with house.portal(subject) as c:
        found = [one for one in names.own(c, subject) if one.key == connection]
    if not found:
        msg = "no such connection of this person"
        raise NotYours(msg)
    return found


def stay(house: Installation, subject: int, connection: int, asked: Period) -> tuple[Own, Period]:
    """Return the latest time of this person there that reaches into the period, and what they share. Raises NotYours."""
    for one in stays(house, subject, connection):
        shared = one.mine.meet(asked)
        if shared is not None and not shared.is_moment:
            return one, shared
    msg = "this person did not live there then"
    raise NotYours(msg)


def last_day_read(house: Installation, until: date) -> date | None:
    """Return the last local day up to `until`, included, about which a night has ended."""
    with house.operator() as c:
        return nights.last_day_read(c, until)


def own_facts(house: Installation, connection: int, year: int) -> Facts:
    """Return all facts about a connection, for a decision."""
    with house.operator() as c:
        return facts.facts(c, connection, year=year)


def channels(product: Product, kind: Mask) -> Mask:
    """Return the channels of a product at one granularity (INTERVAL_MASK or DAY_MASK)."""
    return kind & (GAS_MASK if product is Product.GAS else ~GAS_MASK)


def own_request(subject: int, one: Own, period: Period, action: Action, kind: Mask) -> Request:
    """Return the customer's own question: what is held about me in this period?"""
    data_class = DataClass.PROFILE if kind == INTERVAL_MASK else DataClass.REGISTER
    return Request(
        Requester(Role.CUSTOMER, subject), action, Purpose.OWN_ACCESS, one.key, channels(one.product, kind), period, data_class
    )


def usage(house: Installation, subject: int, connection: int, day: date, *, at: datetime) -> UsageDay:
    """Show one local day as it is held, of a day that was parted by a move the own part.

    Raises NotYours for a connection that is not this person's, or not on that day.
    """
    one, period = stay(house, subject, connection, day_period(day))
    known = own_facts(house, connection, day.year)
    answer = decide(own_request(subject, one, period, Action.VIEW, INTERVAL_MASK), known, at=at)
    if isinstance(answer, Refusal):
        _log_view(house, subject, one, period, None, at)
        return UsageDay(_shown(one), day, (), None, answer, None)
    held = disputed.marked(house.readings.day(connection, day, answer.request.mask), _disputes(house, connection, at))
    days = [mine for whole in held if (mine := cut(whole, period)) is not None]
    _log_view(house, subject, one, period, answer, at)
    lacks = {found.channel for found in days} != set(channels_of(answer.request.mask))
    why = empty.why(house, one, period, known) if lacks else None
    return UsageDay(_shown(one), day, tuple(days), answer, None, why)


def _log_view(house: Installation, subject: int, one: Own, period: Period, permit: Permit | None, at: datetime) -> None:
    kind = EventKind.VIEW_SHOWN if permit else EventKind.VIEW_REFUSED
    body = {
        "permit": permit.id.hex() if permit else None,
        "rule": permit.rule if permit else None,
        "u": Purpose.OWN_ACCESS.value,
        "start": int(period.start.timestamp()),
        "end": int(period.end.timestamp()) if period.end else None,
    }
    with house.portal(subject) as c:
        me = names.person(c, key=subject)
        assert me is not None  # noqa: S101 - row-level security shows a person their own row
        house.log.record(c, [Event(at, kind, actor_of(Requester(Role.CUSTOMER, subject)), me.code, one.key, body)])


def download(
    house: Installation,
    subject: int,
    connection: int,
    first: date,
    last: date,
    form: str,
    *,
    at: datetime,
    known: datetime | None = None,
) -> Download:
    """Give everything held from `first` to `last`, both included, as `json` or `csv`. Raises NotYours.

    With `known`, readings that were put right later say what they said at that moment.
    """
    one, period = stay(house, subject, connection, Period(day_period(first).start, day_period(last).end))
    found = take_away(house, subject, one, period, form, at=at, known=known)
    if found is None:
        msg = "there is no ground to hand this out"
        raise NotYours(msg)
    return found


def take_away(  # noqa: PLR0913 - what is asked, in whose time, as known when
    house: Installation,
    subject: int,
    one: Own,
    period: Period,
    form: str,
    *,
    at: datetime,
    kinds: Sequence[Mask] = (INTERVAL_MASK, DAY_MASK),
    basis: int = WHATEVER,
    known: datetime | None = None,
) -> Download | None:
    """Hand out what is held of a closed period within an own stay, by kind; None if there is no ground. Each ground is logged.

    `basis` has the bits of the rules that a channel-day must have been read under, one of them at least.
    """
    there = own_facts(house, one.key, day_of(at).year)
    asked = [own_request(subject, one, period, Action.DELIVER, kind) for kind in kinds]
    permits = [answer for request in asked if isinstance(answer := decide(request, there, at=at), Permit)]
    if not permits:
        return None
    mask = 0
    for permit in permits:
        mask |= permit.request.mask
    assert period.end is not None  # noqa: S101 - the period asked is closed
    days = house.readings.days(one.key, day_of(period.start), day_of(period.end), mask)
    if known is not None:
        days = _as_known(house, one.key, days, known)
    for permit in permits:
        _log_view(house, subject, one, period, permit, at)
    kept = disputed.marked([day for day in days if day.basis & basis], _disputes(house, one.key, at))
    return _file(one, kept, period, permits, form, at)


def _as_known(house: Installation, connection: int, days: Sequence[ChannelDay], known: datetime) -> list[ChannelDay]:
    if not days:
        return []
    with house.operator() as c:
        later = corrections.of(c, connection, days[0].day, days[-1].day)
    return corrections.as_known(days, later, known)


def _disputes(house: Installation, connection: int, at: datetime) -> list[Period]:
    with house.operator() as c:
        return disputes.of(c, [connection], at).get(connection, [])


def _file(one: Own, days: Sequence[ChannelDay], period: Period, permits: list[Permit], form: str, at: datetime) -> Download:
    heading = document.Heading("own", at, one.ean, one.product, Purpose.OWN_ACCESS, period, tuple(permits))
    name = f"kwartier-{one.product}-{day_of(period.start)}"
    if form == "csv":
        return Download(f"{name}.csv", "text/csv; charset=utf-8", customer.download_csv(heading, days))
    return Download(f"{name}.json", "application/json", customer.download_json(heading, days))
