"""S10, S11: the papers of a bundle: a bill's usage where a reading closes a year of supply, an overview where it ends a period.

They are made after the bundle got its name and before it is marked, so a start makes them again after a crash. A paper holds
nothing but what follows from readings that this supplier was handed in parcels, each decided again now. It lies beside its bundle,
in `<bundle>.papers.zip`: for each paper a JSON and a page in every language, named after the parcel of the closing reading.
"""

import os
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple, final

from kwartier.delivery import disputed, papers
from kwartier.delivery.own import Own, own
from kwartier.delivery.paper_page import files
from kwartier.delivery.papers import Body
from kwartier.delivery.usage import Account, Stand
from kwartier.grounds import conduct
from kwartier.grounds.decide import decide
from kwartier.model.ground import Purpose, Requester, Role
from kwartier.model.period import Period, day_of
from kwartier.model.permit import Permit
from kwartier.store.readings import Glance
from kwartier.store.registry import deliveries, handed
from kwartier.store.registry.deliveries import BundleParcel
from kwartier.store.registry.handed import Handed
from kwartier.workflows.delivery_round import bundle
from kwartier.workflows.delivery_round.known import Known, known_of
from kwartier.workflows.installation import Installation

SUFFIX = ".papers.zip"
_WHEN = (1980, 1, 1, 0, 0, 0)
"""A zip wants a time of each file; the papers say themselves when they were made."""


@final
class _Plan(NamedTuple):
    """A paper to be made: of which parcel, in whose own time, over which periods (the newest first)."""

    parcel: BundleParcel
    there: Known
    own: Own
    periods: list[Period]

    def moments(self) -> set[datetime]:
        """Return the moments of which readings are wanted."""
        spans = [*self.periods, *(papers.year_before(one) for one in self.periods[:1] if self.is_overview)]
        return {moment for one in spans for moment in (one.start, one.end) if moment is not None and moment >= self.own.since}

    @property
    def is_overview(self) -> bool:
        """True for an overview, False for an annual bill."""
        return self.parcel.request.purpose is Purpose.PERIODIC_READING


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
        closing = [one for one in deliveries.parcels_of_bundle(c, box) if _closes(one)]
        if not closing:
            return
        keys = {one.request.connection for one in closing}
        known = known_of(c, keys, at)
        plans = [plan for one in closing if (plan := _plan(one, known[one.request.connection])) is not None]
        moments = {moment for plan in plans for moment in plan.moments()}
        got = handed.readings(c, closing[0].request.requester, keys, moments, box)
        changes = handed.changes(c, keys)
    with house.readings.glance() as readings:
        for plan in plans:
            key = plan.parcel.request.connection
            body = _paper(readings, plan, got.get(key, []), changes.get(key, []), at)
            if body is not None:
                yield body


def _closes(one: BundleParcel) -> bool:
    """True for a parcel of a supplier that closes a year of supply, or a period of the overview."""
    request = one.request
    if request.requester.role is not Role.SUPPLIER:
        return False
    if request.purpose is Purpose.ANNUAL_BILL:
        return True
    return request.purpose is Purpose.PERIODIC_READING and conduct.ends_overview(day_of(request.period.start))


def _plan(one: BundleParcel, there: Known) -> _Plan | None:
    request = one.request
    mine = own(there.facts, request.requester.id, request.purpose, request.period.start)
    if mine is None:
        return None
    if request.purpose is Purpose.ANNUAL_BILL:
        return _Plan(one, there, mine, [Period(mine.year(), mine.closes)])
    return _Plan(one, there, mine, mine.periods())


def _paper(readings: Glance, plan: _Plan, got: Sequence[Handed], changes: Sequence[datetime], at: datetime) -> Body | None:
    """Return the paper, None if the closing reading itself may not be used any more."""
    stands = _stands(readings, plan, got, at)
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
    )
    opens = plan.periods[0].start
    if plan.is_overview:
        return papers.overview(account, opens, plan.periods[1:])
    return papers.annual_bill(account, opens)


def _stands(readings: Glance, plan: _Plan, got: Sequence[Handed], at: datetime) -> Mapping[datetime, Stand]:
    """Return the readings that were handed over and that this supplier may have now, by their moment."""
    wanted, found = plan.moments(), dict[datetime, Stand]()
    connection, receiver = plan.parcel.request.connection, plan.parcel.request.requester
    for one in sorted(got, key=lambda one: (one.parcel != plan.parcel.id, one.purpose, one.parcel)):
        if one.at not in wanted or one.at in found:
            continue
        permit = _permit(plan.there, receiver, connection, one, at)
        if permit is not None:
            day = day_of(one.at)
            rows = disputed.marked(readings.days(connection, day, day, one.mask), plan.there.disputed)
            found[one.at] = Stand(one.at, one.parcel, permit, {row.channel: row for row in rows})
    return found


def _permit(there: Known, receiver: Requester, connection: int, one: Handed, at: datetime) -> Permit | None:
    request = deliveries.request(receiver, connection, one.purpose, one.mask, Period(one.at, one.at))
    answer = decide(request, there.facts, at=at)
    return answer if isinstance(answer, Permit) else None
