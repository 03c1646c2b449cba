"""S10, S11: the papers of a bundle: a bill's usage where a reading closes a year of supply, an overview where it ends a period.

They are made after the bundle got its name and before it is marked, so a start makes them again after a crash. A paper holds
nothing but what follows from readings that this supplier was handed in parcels, each decided again now. Where a parcel corrects
one before, whatever quoted that is made anew (quoting.py). They lie beside the bundle, in `<bundle>.papers.zip`: for each paper a
JSON and a page in every language, named after the parcel of the closing reading.
"""

import os
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from psycopg import Connection

from kwartier.delivery import disputed, papers
from kwartier.delivery.paper_page import files
from kwartier.delivery.papers import Body
from kwartier.delivery.usage import Account, Stand
from kwartier.grounds.decide import decide
from kwartier.model.channel_day import ChannelDay
from kwartier.model.ground import Purpose, Requester
from kwartier.model.period import Period, day_of
from kwartier.model.permit import Permit
from kwartier.store.readings import Glance
from kwartier.store.registry import deliveries, hand_readings, handed
from kwartier.store.registry.deliveries import BundleParcel
from kwartier.store.registry.hand_readings import HandReading
from kwartier.store.registry.handed import Handed
from kwartier.workflows.delivery_round import bundle, paper_plan, quoting
from kwartier.workflows.delivery_round.known import Known, known_of
from kwartier.workflows.delivery_round.paper_plan import Plan
from kwartier.workflows.installation import Installation

_Taken = Mapping[tuple[int, datetime], Sequence[HandReading]]
SUFFIX = ".papers.zip"
_WHEN = (1980, 1, 1, 0, 0, 0)
"""A zip wants a time of each file; the papers say themselves when they were made."""


def path_of(bundle_file: Path) -> Path:
    """Return where the papers of a bundle lie."""
    return bundle_file.with_name(bundle_file.stem + SUFFIX)


def lay(house: Installation, bundle_file: Path, box: str, at: datetime) -> int:
    """Make the papers of a bundle, whole or not at all. Returns how many there are."""
    found = list(_papers(house, box, at))
    if found:
        path = path_of(bundle_file)
        _write_aside(path, found)
        bundle.name(path)
    return len(found)


def _write_aside(path: Path, found: Sequence[Body]) -> None:
    with path.with_suffix(bundle.ASIDE).open("wb") as out:
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as box:
            for body in found:
                for name, content in files(body).items():
                    box.writestr(zipfile.ZipInfo(name, _WHEN), content, zipfile.ZIP_DEFLATED)
        out.flush()
        os.fsync(out.fileno())


def _papers(house: Installation, box: str, at: datetime) -> Iterator[Body]:
    """Yield the papers of a bundle, in the order of its parcels."""
    with house.operator() as c:
        leaving = deliveries.parcels_of_bundle(c, box)
        plans = [*_closed(c, box, leaving, at), *quoting.renewed(c, leaving, at)]
        if not plans:
            return
        who, keys = plans[0].parcel.request.requester, {one.parcel.request.connection for one in plans}
        moments = {moment for one in plans for moment in one.moments()}
        got = handed.readings(c, who, keys, moments, box)
        by_hand = _by_hand(c, got)
        changes = handed.changes(c, keys)
    with house.readings.glance() as readings:
        for one in plans:
            key = one.parcel.request.connection
            stands = _stands(readings, by_hand, one, got.get(key, []), at)
            body = _paper(one, stands, changes.get(key, []), at)
            if body is not None:
                yield body


def _closed(c: Connection[Any], box: str, leaving: Sequence[BundleParcel], at: datetime) -> Iterator[Plan]:
    """Yield what the parcels of a bundle close."""
    closing = [one for one in leaving if paper_plan.may_close(one)]
    keys = {one.request.connection for one in closing}
    if not closing:
        return
    known, yearly = known_of(c, keys, at), handed.yearly(c, closing[0].request.requester, keys, box)
    for one in closing:
        key = one.request.connection
        plan = paper_plan.plan(one, known[key], yearly.get(key, ()))
        if plan is not None:
            yield plan


def _paper(plan: Plan, stands: Mapping[datetime, Stand], changes: Sequence[datetime], at: datetime) -> Body | None:
    """Return the paper, None if the closing reading itself may not be used any more."""
    if plan.own.closes not in stands:
        return None
    account = Account(
        reference=plan.parcel.id,
        created=at,
        ean=plan.there.ean,
        product=plan.there.product,
        mask=plan.parcel.request.mask,
        own=plan.own.since,
        closes=plan.own.closes,
        stands=stands,
        restricted=[one.period for one in plan.there.facts.restrictions],
        changes=changes,
        replaces=plan.replaces,
    )
    if plan.is_overview:
        return papers.overview(account, plan.periods[0].start, plan.periods[1:])
    opens = [one.start for one in plan.periods]
    return papers.annual_bill(account, next((one for one in opens if one in stands), opens[0]))


def _stands(readings: Glance, by_hand: _Taken, plan: Plan, got: Sequence[Handed], at: datetime) -> Mapping[datetime, Stand]:
    """Return the readings that were handed over and that this supplier may have now, by their moment."""
    wanted, found = plan.moments(), dict[datetime, Stand]()
    connection, receiver = plan.parcel.request.connection, plan.parcel.request.requester
    for one in sorted(got, key=lambda one: (one.parcel != plan.parcel.id, one.purpose, one.parcel)):
        if one.at not in wanted or one.at in found:
            continue
        permit = _permit(plan.there, receiver, connection, one, at)
        if permit is None:
            continue
        if one.purpose is Purpose.HAND_READING:
            found[one.at] = _taken(one, permit, by_hand[connection, one.at])
        else:
            day = day_of(one.at)
            rows = disputed.marked(readings.days(connection, day, day, one.mask), plan.there.disputed)
            found[one.at] = Stand(one.at, one.parcel, permit, {row.channel: row for row in rows})
    return found


def _by_hand(c: Connection[Any], got: Mapping[int, Sequence[Handed]]) -> _Taken:
    """Return what was taken by hand of the moments at which that was handed over."""
    return {
        (key, one.at): hand_readings.at_moment(c, key, one.at)
        for key, each in got.items()
        for one in each
        if one.purpose is Purpose.HAND_READING
    }


def _taken(one: Handed, permit: Permit, taken: Sequence[HandReading]) -> Stand:
    key, day = permit.request.connection, day_of(one.at)
    rows = [ChannelDay(key, each.channel, day, each.value, b"", b"", 0, each.meter, 0) for each in taken]
    return Stand(one.at, one.parcel, permit, {row.channel: row for row in rows}, taken[0].how if taken else None)


def _permit(there: Known, receiver: Requester, connection: int, one: Handed, at: datetime) -> Permit | None:
    request = deliveries.request(receiver, connection, one.purpose, one.mask, Period(one.at, one.at))
    answer = decide(request, there.facts, at=at)
    return answer if isinstance(answer, Permit) else None
