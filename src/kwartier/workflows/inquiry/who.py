"""S2, S4: who may know what of my connection, and by which published rules."""

from collections.abc import Sequence
from datetime import datetime

from kwartier.grounds import explain
from kwartier.grounds.conduct import EDITIONS, Edition
from kwartier.model.ground import Role
from kwartier.model.register import ALL_MASK
from kwartier.store.registry import names
from kwartier.workflows.inquiry.desk import channels, own, own_facts
from kwartier.workflows.inquiry.views import WhoMayRow
from kwartier.workflows.installation import Installation


def who_may(house: Installation, subject: int, connection: int, *, at: datetime) -> list[WhoMayRow]:
    """Return who may know what about this person's own time at the connection. Raises NotYours."""
    one = own(house, subject, connection)
    told = explain.who_may(own_facts(house, connection, at.year), at=at)
    reach = channels(one.product, ALL_MASK)
    mine = [line for line in told if _concerns(line, subject) and line.mask & reach and one.mine.overlaps(line.period)]
    with house.portal(subject) as c:
        parties = names.parties(c)
        words = names.permission_words(c, [ref for line in mine for kind, ref in [line.fact] if kind == "permission"])
    return [_row(line, parties, words) for line in mine]


def _concerns(line: explain.Explanation, subject: int) -> bool:
    """Leave out what earlier and later occupants may know: that is theirs."""
    return line.requester.role is not Role.CUSTOMER or line.requester.id == subject


def _row(line: explain.Explanation, parties: dict[int, str], words: dict[int, str]) -> WhoMayRow:
    kind, ref = line.fact
    party = parties.get(line.requester.id, "") if line.requester.role in {Role.SUPPLIER, Role.THIRD_PARTY} else ""
    revocable = ref if kind == "permission" and ref in words else None
    return WhoMayRow(line, party, words.get(ref) if kind == "permission" else None, revocable)


def conduct() -> Sequence[Edition]:
    """Return every edition of the code of conduct, the oldest first. Public."""
    return EDITIONS
