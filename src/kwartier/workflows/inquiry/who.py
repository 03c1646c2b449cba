"""S2, S4: who may know what of my connection, and by which published rules."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from kwartier.grounds import explain
from kwartier.grounds.conduct import EDITIONS, Edition
from kwartier.model.ground import Facts, Role
from kwartier.model.period import Period
from kwartier.model.register import ALL_MASK
from kwartier.store.registry import names
from kwartier.workflows.inquiry.desk import channels, own_facts, stays
from kwartier.workflows.inquiry.views import WhoMayRow
from kwartier.workflows.installation import Installation


def who_may(house: Installation, subject: int, connection: int, *, at: datetime) -> list[WhoMayRow]:
    """Return who may know what about this person's own time at the connection. Raises NotYours."""
    known = own_facts(house, connection, at.year)
    stay = stays(house, subject, connection)[0]
    reach = channels(stay.product, ALL_MASK)
    told = (
        _within(line, stay.mine) for line in explain.who_may(known, at=at) if line.mask & reach and _concerns(line, subject, known)
    )
    mine = [line for line in told if line is not None]
    with house.portal(subject) as c:
        parties = names.parties(c)
        words = names.permission_words(c, [ref for line in mine for kind, ref in [line.fact] if kind == "permission"])
    return [_row(line, parties, words) for line in mine]


def _concerns(line: explain.Explanation, subject: int, known: Facts) -> bool:
    """Leave out what earlier and later occupants may know, and whom they permitted: that is theirs."""
    if line.requester.role is Role.CUSTOMER:
        return line.requester.id == subject
    return all(one.subject == subject for one in known.permissions if line.fact == ("permission", one.id))


def _within(line: explain.Explanation, mine: Period) -> explain.Explanation | None:
    """Return the line about the own time; None if it is about none of it. What held before is not told of either."""
    shared = line.period.meet(mine) if line.period.overlaps(mine) else None
    return None if shared is None else replace(line, period=shared, since=max(line.since, mine.start))


def _row(line: explain.Explanation, parties: dict[int, str], words: dict[int, str]) -> WhoMayRow:
    kind, ref = line.fact
    party = parties.get(line.requester.id, "") if line.requester.role in {Role.SUPPLIER, Role.THIRD_PARTY} else ""
    revocable = ref if kind == "permission" and ref in words else None
    return WhoMayRow(line, party, words.get(ref) if kind == "permission" else None, revocable)


def conduct() -> Sequence[Edition]:
    """Return every edition of the code of conduct, the oldest first. Public."""
    return EDITIONS
