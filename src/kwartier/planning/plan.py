"""The least set of meter reads that serves a set of permits: no row is asked that no permit needs, no row is asked twice.

A read is one profile of one meter over a range of rows. For each profile the wanted ranges are cut to the rows that exist
(quarters, hours, local midnights) and joined where no row lies between them. A channel is read from the first profile of
the model that has it. So to drop or to shorten any read leaves some permit unserved.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date, timedelta
from functools import lru_cache
from typing import NamedTuple, final

from kwartier.grounds.decide import ref
from kwartier.model.ground import Action
from kwartier.model.meter import MeterModel, Profile
from kwartier.model.period import day_of, epoch_s, from_epoch_s, midnight
from kwartier.model.permit import Permit, PermitRef
from kwartier.model.register import Mask, mask_of
from kwartier.model.task import ProfileName, Task
from kwartier.planning.errors import NotToRead, OtherConnection

DAY_S = 86_400
_ELECTRICITY = frozenset({ProfileName.E_INTERVAL, ProfileName.E_DAY})
_GAS = frozenset({ProfileName.G_INTERVAL, ProfileName.G_DAY})


@final
class Wired(NamedTuple):
    """How a connection is read: by which meter of which model; `mbus` 0 is electricity, 1..4 a gas meter behind it.

    `since_s` is from when the meter measures this connection, epoch seconds: rows of before are another's, or of nobody.
    """

    connection: int
    meter: int
    model: MeterModel
    mbus: int
    since_s: int = 0


class _Want(NamedTuple):
    """Rows a permit needs of one profile: the first and the last stamp that exist, and the permit."""

    first_s: int
    last_s: int
    permit: PermitRef


def plan(permits: Iterable[Permit], wired: Wired, served: Collection[bytes] = ()) -> list[Task]:
    """Return the least reads for the permits that were not served yet. Raises NotToRead, OtherConnection."""
    refs = [ref(permit) for permit in _once(permits, wired) if permit.id not in served]
    return [
        task for profile, channels in _profiles(wired.model, gas=wired.mbus > 0) for task in _tasks(wired, profile, channels, refs)
    ]


def all_reads(wired: Wired, _day: date) -> int:
    """Return how many reads a night would have without grounds: each profile that tells something of this connection, once."""
    return len(_profiles(wired.model, gas=wired.mbus > 0))


def overread(task: Task, model: MeterModel) -> int:
    """Return how many values the rows of this read hold that none of its permits covers: dropped before storage, and counted."""
    profile = model.profile(task.profile)
    if profile is None:
        return 0
    asked = task.mask if model.selects_columns else ~0
    stamps = list(_stamps(profile, task.first_s, task.last_s))
    columns = [c.channel for c in profile.columns if c.channel is not None and asked >> c.channel & 1]
    return sum(not _covered(task.permits, 1 << channel, stamp) for channel in columns for stamp in stamps)


def _once(permits: Iterable[Permit], wired: Wired) -> list[Permit]:
    """Return the permits, each id once, in a fixed order. A permit that is no ground for this read is an error, not a no."""
    by_id: dict[bytes, Permit] = {}
    for permit in permits:
        if permit.request.action is not Action.READ:
            msg = f"a permit to {permit.request.action.value} is no ground to read"
            raise NotToRead(msg)
        if permit.request.connection != wired.connection:
            msg = "this permit is about another connection"
            raise OtherConnection(msg)
        by_id[permit.id] = permit
    return [by_id[each] for each in sorted(by_id)]


@lru_cache(maxsize=256)
def _profiles(model: MeterModel, *, gas: bool) -> tuple[tuple[Profile, Mask], ...]:
    """Return the profiles a connection is read by, each with the channels that no earlier one has."""
    usable, seen, found = _GAS if gas else _ELECTRICITY, 0, []
    for profile in model.profiles:
        channels = mask_of(c.channel for c in profile.columns if c.channel is not None) & ~seen
        if profile.name in usable and channels:
            found.append((profile, channels))
            seen |= channels
    return tuple(found)


def _tasks(wired: Wired, profile: Profile, channels: Mask, refs: Sequence[PermitRef]) -> Iterator[Task]:
    wants = [_want(profile, permit, wired.since_s) for permit in refs if permit.mask & channels]
    wants = [want for want in wants if want.first_s <= want.last_s]
    for run in _runs(profile, sorted(wants, key=_order)) if wants else ():
        permits = tuple(sorted((want.permit for want in run), key=lambda permit: permit.id))
        last_s = max(want.last_s for want in run)
        yield Task(wired.connection, wired.meter, profile.name, wired.mbus, run[0].first_s, last_s, permits)


def _order(want: _Want) -> tuple[int, int, bytes]:
    return want.first_s, want.last_s, want.permit.id


def _runs(profile: Profile, wants: Iterable[_Want]) -> Iterator[list[_Want]]:
    """Yield groups of wants that overlap or between which no row lies; the wants come in order of their first row."""
    run: list[_Want] = []
    last_s = 0
    for want in wants:
        if run and want.first_s > _after(profile, last_s):
            yield run
            run = []
        last_s = max(last_s, want.last_s) if run else want.last_s
        run.append(want)
    if run:
        yield run


def _want(profile: Profile, permit: PermitRef, since_s: int) -> _Want:
    """Cut what the permit covers to rows that exist, of this meter here; nothing remains (first after last) if none does."""
    begin_s = max(permit.first_s, since_s)
    if profile.period_s < DAY_S:
        step = profile.period_s
        return _Want(-(-begin_s // step) * step, permit.last_s // step * step, permit)
    first_s = _midnight_s(begin_s)
    return _Want(first_s if first_s == begin_s else _after(profile, first_s), _midnight_s(permit.last_s), permit)


def _after(profile: Profile, stamp_s: int) -> int:
    """Return the stamp of the row after this one; a local day has 23, 24 or 25 hours."""
    if profile.period_s < DAY_S:
        return stamp_s + profile.period_s
    return epoch_s(midnight(day_of(from_epoch_s(stamp_s)) + timedelta(days=1)))


@lru_cache(maxsize=4096)
def _midnight_s(stamp_s: int) -> int:
    """Return the local midnight at or before this second."""
    return epoch_s(midnight(day_of(from_epoch_s(stamp_s))))


def _stamps(profile: Profile, first_s: int, last_s: int) -> Iterator[int]:
    while first_s <= last_s:
        yield first_s
        first_s = _after(profile, first_s)


def _covered(permits: Iterable[PermitRef], bit: Mask, stamp_s: int) -> bool:
    return any(permit.mask & bit and permit.first_s <= stamp_s <= permit.last_s for permit in permits)
