"""Readings and promises as a night leaves them, without the night: for tests of what comes after it."""

from array import array
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

from kwartier.grounds.decide import decide, ref
from kwartier.model.channel_day import ChannelDay
from kwartier.model.ground import Action, DataClass, Purpose, Request, Requester
from kwartier.model.period import Period, midnight
from kwartier.model.permit import Permit
from kwartier.model.register import DAY_MASK, INTERVAL_MASK, Channel, Mask
from kwartier.store.registry import deliveries, facts, nights
from kwartier.workflows.installation import Installation


def channel_day(connection: int, channel: Channel, day: date, *, batch: int = 0, count: int | None = None) -> ChannelDay:
    """Return a day whose n-th interval is worth n, or a register of 4711."""
    size = {Channel.GAS: 24}.get(channel, 96) if count is None else count
    deltas = b"" if 1 << channel & DAY_MASK else array("i", range(size)).tobytes()
    return ChannelDay(connection, channel, day, 4711, deltas, b"", 8, 1, batch)


def read(house: Installation, days: Sequence[ChannelDay], permits: Sequence[Permit] = (), *, at: datetime) -> int:
    """Leave these readings and the promises of these permits, as a committed batch. Returns its number."""
    with house.operator() as c:
        batch = nights.plan_batch(c, nights.begin(c, days[0].day if days else at.date(), at))
        made = [replace(one, batch=batch) for one in days]
        files = house.readings.stage(batch, made)
        nights.stage(c, batch, [one.to_json() for one in files], at)
        promises = [deliveries.Promise(one.request, ref(one).first_s, ref(one).last_s, one.id) for one in permits]
        deliveries.promise(c, batch, promises)
    house.readings.commit(batch, files)
    with house.operator() as c:
        nights.mark_committed(c, batch, at)
    return batch


def permit(
    house: Installation, who: Requester, purpose: Purpose, connection: int, mask: Mask, period: Period, *, at: datetime
) -> Permit:
    """Return the permit to read, by the real decision on the registry's facts."""
    kind = DataClass.PROFILE if mask & INTERVAL_MASK else DataClass.REGISTER
    with house.operator() as c:
        known = facts.facts(c, connection, year=period.start.year)
    answer = decide(Request(who, Action.READ, purpose, connection, mask, period, kind), known, at=at)
    assert isinstance(answer, Permit), answer
    return answer


def moment(day: date) -> Period:
    """Return the midnight that opens a day, as the period of a register."""
    return Period(midnight(day), midnight(day))


def whole(day: date) -> Period:
    """Return a local day."""
    return Period(midnight(day), midnight(day + timedelta(days=1)))
