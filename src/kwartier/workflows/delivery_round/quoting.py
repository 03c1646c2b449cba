"""Papers that quote a reading: a bill its opening too, an overview those of the periods before. Made anew when it is put right.

Papers quote registers only, so usage of intervals that was put right changes none of them.
"""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Any

from psycopg import Connection

from kwartier.model.ground import Requester, Role
from kwartier.store.registry import handed
from kwartier.store.registry.deliveries import BundleParcel
from kwartier.store.registry.rectifications import Told
from kwartier.workflows.delivery_round import paper_plan
from kwartier.workflows.delivery_round.known import known_of
from kwartier.workflows.delivery_round.paper_plan import Plan

C = Connection[Any]


def plans(c: C, receiver: Requester, connection: int, moments: Collection[datetime], at: datetime) -> Iterator[Plan]:
    """Yield what was planned for every paper that quotes a reading of one of these moments, its last version."""
    there, yearly = known_of(c, [connection], at)[connection], handed.yearly(c, receiver, [connection], "")
    for one in handed.closings(c, receiver, connection, paper_plan.PAPERS, min(moments)):
        plan = paper_plan.plan(one, there, yearly.get(connection, ())) if paper_plan.may_close(one) else None
        if plan is not None and plan.moments() & set(moments):
            yield plan


def papers(c: C, told: Told, connection: int, at: datetime) -> list[str]:
    """Return the papers of a receiver that quote these parcels, each by the parcel that closed it."""
    moments = handed.moments(c, told.parcels)
    if told.role != Role.SUPPLIER or not moments:
        return []
    receiver = Requester(Role.SUPPLIER, told.party)
    return sorted(plan.parcel.id for plan in plans(c, receiver, connection, moments, at))


def renewed(c: C, leaving: Sequence[BundleParcel], at: datetime) -> Iterator[Plan]:
    """Yield the papers that closed before and quote what this bundle corrects, but those that it closes anew itself."""
    anew = {(one.request.connection, one.request.purpose, one.request.period) for one in leaving}
    wrong: dict[tuple[int, Requester], set[datetime]] = {}
    for one in leaving:
        if one.corrects and one.request.requester.role is Role.SUPPLIER and one.request.period.is_moment:
            wrong.setdefault((one.request.connection, one.request.requester), set()).add(one.request.period.start)
    for (connection, receiver), moments in wrong.items():
        for plan in plans(c, receiver, connection, moments, at):
            request = plan.parcel.request
            if (connection, request.purpose, request.period) not in anew:
                yield plan._replace(replaces=(plan.parcel.id,))
