"""S2, S4: who may know what of my connections, which permissions I gave, and by which published rules."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from kwartier.grounds import conduct, explain
from kwartier.grounds.conditions import is_suspended
from kwartier.grounds.lasting import lasts
from kwartier.grounds.rule import Edition, Rule
from kwartier.model.ground import Facts, Role
from kwartier.model.period import Period
from kwartier.model.register import ALL_MASK, GAS_MASK, Mask, Product
from kwartier.store.registry import names, permissions
from kwartier.store.registry.names import Own
from kwartier.store.registry.permissions import PermissionRow
from kwartier.store.registry.use_cases import UseCaseRow, approved
from kwartier.workflows.inquiry.desk import channels, own_facts
from kwartier.workflows.inquiry.views import Barred, MyPermission, WhoMay, WhoMayRow
from kwartier.workflows.installation import Installation

_NOBODY = 0
"""No person has this key."""


def who_may(house: Installation, subject: int, *, at: datetime) -> WhoMay:
    """Return who may know what about this person's own time at their connections, and every permission they ever gave."""
    with house.portal(subject) as c:
        mine = names.own(c, subject)
        given = permissions.of_subject(c, subject)
        parties = names.parties(c)
    known = {one.key: own_facts(house, one.key, at.year) for one in mine}
    products = {one.key: one.product for one in mine}
    return WhoMay(
        barred=[bar for one in mine for bar in _bars(known[one.key], one, at)],
        permissions=[_permission(row, products.get(row.connection), parties, known.get(row.connection), at) for row in given],
        rows=[row for one in mine for row in _rows(known[one.key], one, subject, parties, at)],
    )


def _bars(known: Facts, one: Own, at: datetime) -> list[Barred]:
    """Return what bars this connection now, within the own time: since when it held before is not told."""
    if not one.mine.contains(at):
        return []
    bars = ((bar, bar.period.meet(one.mine)) for bar in explain.who_may_not(known, at=at))
    return [
        Barred(replace(bar, period=shared), one.key, one.product, inherited=bar.period.start < shared.start)
        for bar, shared in bars
        if shared is not None
    ]


def _within(line: explain.Explanation, mine: Period) -> explain.Explanation | None:
    """Return the line about the own time; None if it is about none of it. What held before is not told of either."""
    shared = line.period.meet(mine) if line.period.overlaps(mine) else None
    return None if shared is None else replace(line, period=shared, since=max(line.since, mine.start))


def _rows(known: Facts, one: Own, subject: int, parties: Mapping[int, str], at: datetime) -> Iterator[WhoMayRow]:
    """Yield what others may know of the own time without a permission; what other occupants may know is theirs."""
    reach = channels(one.product, ALL_MASK)
    for whole in explain.who_may(known, at=at):
        line = _within(whole, one.mine)
        if line is None or line.fact[0] == "permission" or not _tells(line, one.product, reach):
            continue
        if line.requester.role is not Role.CUSTOMER or line.requester.id == subject:
            party = parties.get(line.requester.id, "") if line.requester.role is Role.SUPPLIER else ""
            yield WhoMayRow(line, party, one.product)


def _tells(line: explain.Explanation, product: Product, reach: Mask) -> bool:
    """True if a line says something of this connection: of its usage, or of the meter itself, which is the electricity's."""
    about_the_meter = not line.mask and product is Product.ELECTRICITY
    return bool(line.mask & reach) or about_the_meter


def _permission(
    row: PermissionRow, product: Product | None, parties: Mapping[int, str], known: Facts | None, at: datetime
) -> MyPermission:
    """Return a permission as the page shows it; where the stay was put right meanwhile, nothing is known of the connection."""
    nowhere = conduct.edition_at(at).rule("F9")
    ended, ended_at = row.over(at) or (None, None)
    return MyPermission(
        id=row.id,
        connection=row.connection,
        party=None if row.party is None else parties.get(row.party, ""),
        product=product or (Product.GAS if row.mask & GAS_MASK else Product.ELECTRICITY),
        mask=row.mask,
        purpose=row.purpose,
        data=row.data,
        given=row.given.start,
        until=row.given.end if ended or row.live is None else row.live.end,
        cut=row.ended is not None,
        ended=ended,
        ended_at=ended_at,
        because=row.because,
        idle=None if ended else nowhere if known is None else _idle(row, known, at),
    )


def _idle(row: PermissionRow, known: Facts, at: datetime) -> Rule | None:
    """Return the rule by which a permission in force opens nothing at present, None if it does."""
    edition = conduct.edition_at(at)
    for bar in explain.who_may_not(known, at=at):
        return edition.rule(bar.rule)
    if any(line.fact == ("permission", row.id) for line in explain.who_may(known, at=at)):
        return None
    if row.party is None:
        return edition.rule("F9")
    if not any(one.party == row.party and one.period.contains(at) for one in known.agreements):
        return edition.rule("F3")
    if is_suspended(known, row.party, at):
        return edition.rule("F13")
    mine = [one for one in known.permissions if one.id == row.id and _stays(known, one.subject, at)]
    return edition.rule("F9" if all(lasts(one, known, at) for one in mine) else "F7")


def _stays(known: Facts, subject: int, at: datetime) -> bool:
    return any(home.subject == subject and home.period.contains(at) for home in known.occupancies)


def use_cases(house: Installation, *, at: datetime) -> Sequence[UseCaseRow]:
    """Return the operator's own uses of meter data that are approved at `at`. Public: it is asked as nobody."""
    with house.portal(_NOBODY) as c:
        return approved(c, at)


def editions() -> Sequence[Edition]:
    """Return every edition of the code of conduct, the oldest first. Public."""
    return conduct.EDITIONS
