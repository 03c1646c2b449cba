"""Intents and deeds, batch by batch, as the log has them: each ground is decided again, each deed is held against its intent."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, NamedTuple, final

import numpy as np
from numpy.typing import NDArray

from kwartier.audit.evidence import Entry, Line
from kwartier.audit.leaves import Grant
from kwartier.grounds import decide, retention
from kwartier.grounds.decide import STATION
from kwartier.model.care import CLASS_OF, Chore, action_of
from kwartier.model.ground import Action, DataClass, Role
from kwartier.model.period import day_of, days_in, epoch_s, from_epoch_s, midnight
from kwartier.model.permit import Permit
from kwartier.model.register import DAY_MASK, channels_of
from kwartier.model.task import ProfileName, Result
from kwartier.workflows.replay.again import PREPARING, Again
from kwartier.workflows.replay.findings import Findings
from kwartier.workflows.replay.rows import bare

MASKS: Final = {
    ProfileName.E_INTERVAL: 1 << 1 | 1 << 2,
    ProfileName.E_DAY: 1 << 4 | 1 << 5 | 1 << 6 | 1 << 7,
    ProfileName.G_INTERVAL: 1 << 3,
    ProfileName.G_DAY: 1 << 8,
}
"""The channels that each profile can serve."""
ABANDONED: Final = timedelta(days=1)
"""How long the intent of a batch without deed may still be carried out: its worker may outlive a coordinator that was killed."""

_EVER: Final = datetime(1, 1, 1, tzinfo=UTC)
_CHORES: Final = frozenset(chore.value for chore in Chore)

Codes = NDArray[np.int64]
Stores = dict[date, list[tuple[int, tuple[int, int] | None]]]
"""Per local day what may be stored: code of the channel-day, and the bounds where only a part of the day is covered."""


class TaskKey(NamedTuple):
    """What makes a task of a batch: the same in intent and deed."""

    connection: int
    meter: int
    profile: str
    mbus: int
    first_s: int
    last_s: int

    @classmethod
    def of(cls, body: dict[str, Any]) -> "TaskKey":
        """Read it from the body of a line."""
        return cls(body["c"], body["m"], body["p"], body["b"], body["f"], body["l"])

    @property
    def chore(self) -> Chore | None:
        """The chore, where it is no profile that is read."""
        return Chore(self.profile) if self.profile in _CHORES else None

    @property
    def action(self) -> Action:
        """What a ground must allow."""
        return Action.READ if self.chore is None else action_of(self.chore)


@final
@dataclass(slots=True)
class Asked:
    """One intended task, for comparison with what the meter remembers."""

    batch: int
    key: TaskKey
    grants: tuple[Grant, ...]
    since: datetime
    until: datetime
    stopped: tuple[datetime, ...]
    """When each of its grounds was stopped or ran out."""
    restricted: tuple[tuple[datetime, datetime | None, datetime], ...]
    read: bool = False
    seen: bool = False


@final
@dataclass(slots=True)
class Book:
    """What the log says was asked and done.

    `covered` has, per local day and batch, the codes of the channel-days it may have stored; `partly` the bounds of those that it
    covers in part.
    """

    again: Again
    found: Findings
    by_meter: dict[tuple[int, str, int], list[Asked]]
    covered: dict[date, dict[int, Codes]]
    partly: dict[tuple[int, date, int], list[tuple[int, int]]]
    stored: dict[int, int]
    parcels: dict[str, tuple[str, datetime, dict[str, Any]]]
    _open: dict[int, dict[TaskKey, Asked]]
    given_up: dict[date, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    """Per local day and batch, how many rows retention said that it takes out of the lake."""
    parcels_from: datetime = _EVER
    """From when on parcels must still be there."""

    @classmethod
    def empty(cls, again: Again, found: Findings) -> "Book":
        """Begin."""
        return cls(again, found, defaultdict(list), defaultdict(dict), {}, {}, {}, {})

    def take(self, entry: Entry, lines: Sequence[Line]) -> None:
        """Take up an entry of the log, in the log's order."""
        match entry.kind:
            case "batch:intended":
                self._intended(entry, lines)
            case "batch:read":
                self._read(entry, lines)
            case "parcel:delivered" | "parcel:withheld":
                self._parcel(entry.kind, entry.at, entry.said["body"])
            case "batch:delivered":
                for line in lines:
                    self._parcel("parcel:delivered", entry.at, json.loads(line.body))
            case "retention:applied":
                self._gave_up(entry.at, entry.said["body"])
            case _:
                pass

    def _gave_up(self, at: datetime, body: dict[str, Any]) -> None:
        """Take up what retention took away. What no term had ended for, and nobody had erased, it may not take."""
        if "day" not in body:
            self.parcels_from = max(self.parcels_from, from_epoch_s(body["parcels_from"]))
            return
        day = date.fromisoformat(body["day"])
        self.given_up[day].update({int(batch): rows for batch, rows in body["batches"].items()})
        if body["rows"] > body["erased"] and retention.holding(day, at) == retention.holding(day, midnight(day)):
            self.found.add("given-up-too-early", body["rows"] - body["erased"], day=body["day"])

    def _parcel(self, kind: str, at: datetime, body: dict[str, Any]) -> None:
        self.parcels[body["parcel"]] = (kind, at, body)

    def _intended(self, entry: Entry, lines: Sequence[Line]) -> None:
        said = entry.said["body"]
        tasks: dict[TaskKey, tuple[Grant, ...]] = {}
        for body in (json.loads(line.body) for line in lines):  # a task has a line for each person whom it is about
            key = TaskKey.of(body)
            tasks[key] = (*tasks.get(key, ()), *(Grant(*one) for one in body["g"]))
        self.again.load((key.meter, grant.request(key.connection, key.action)) for key, grants in tasks.items() for grant in grants)
        moments = _moments(entry.at, said.get("decided"))
        decided: dict[tuple[str, int], Permit | None] = {}
        made = self._open.setdefault(said["batch"], {})
        for key, grants in tasks.items():
            permits = [self._decided(decided, key, grant, moments, entry.position) for grant in grants]
            self._beyond(said["batch"], key, grants)
            stopped = tuple(self.again.stopped(one, moments[-1], meter=key.meter) if one else entry.at for one in permits)
            restricted = (
                () if not grants or _is_switch(key) else self.again.restricted(grants[0].request(key.connection), key.meter)
            )
            made[key] = Asked(said["batch"], key, grants, entry.at, entry.at + ABANDONED, stopped, restricted)
            self.by_meter[key.meter, key.profile, key.mbus].append(made[key])
            for grant, permit in zip(grants, permits, strict=True):
                if permit is None:
                    self._undecided(said["batch"], key, grant)

    def _decided(
        self, known: dict[tuple[str, int], Permit | None], key: TaskKey, grant: Grant, moments: Sequence[datetime], position: int
    ) -> Permit | None:
        """Return the permit that deciding again gives, if it is the one named; each is decided once per batch."""
        at = (grant.permit, key.meter)
        if at not in known:
            known[at] = next((one for moment in moments if (one := self._same(key, grant, moment, position))), None)
        return known[at]

    def _same(self, key: TaskKey, grant: Grant, at: datetime, position: int) -> Permit | None:
        permit = self.again.permit(grant.request(key.connection, key.action), at, meter=key.meter, before=position)
        if permit is None:
            return None
        ref = decide.ref(permit)
        same = (ref.id.hex(), ref.rule_no, ref.mask, ref.first_s, ref.last_s, ref.keeps)
        return permit if same == (grant.permit, grant.rule_no, grant.mask, grant.first_s, grant.last_s, grant.keeps) else None

    def _undecided(self, batch: int, key: TaskKey, grant: Grant) -> None:
        self.found.add(
            "permit-not-decided",
            batch=batch,
            connection=key.connection,
            purpose=grant.purpose,
            role=grant.role,
            rule_no=grant.rule_no,
        )

    def _beyond(self, batch: int, key: TaskKey, grants: Sequence[Grant]) -> None:
        """A task may ask no row that none of its permits covers, nor a profile that one of them has no use for."""
        if not grants or _useless(key, grants):
            self.found.add("task-beyond-permits", batch=batch, connection=key.connection, profile=key.profile)

    def _read(self, entry: Entry, lines: Sequence[Line]) -> None:
        said = entry.said["body"]
        batch = said["batch"]
        asked = self._open.pop(batch, {})
        days: Stores = defaultdict(list)
        for line in lines:
            body = json.loads(line.body)
            one = asked.get(TaskKey.of(body))
            if one is None:
                self.found.add("deed-without-intent", batch=batch, connection=line.connection)
                continue
            self._deed(one, body, days)
        for one in asked.values():
            one.until = entry.at
        for day, stores in days.items():
            self.covered[day][batch] = np.unique(np.array([code for code, _ in stores], np.int64))
            whole = {code for code, within in stores if within is None}
            for code, within in stores:
                if within is not None and code not in whole:
                    self.partly.setdefault((batch, day, code), []).append(within)
        if "channel_days" in said:
            self.stored[batch] = said["channel_days"]

    def _deed(self, one: Asked, body: dict[str, Any], days: Stores) -> None:
        grants = {grant.permit: grant for grant in one.grants}
        if not set(body["s"]) <= set(grants):
            self.found.add("permit-not-intended", batch=one.batch, connection=one.key.connection)
        if body["r"] != Result.READ:
            return
        one.read = True
        for grant in (grants[permit] for permit in body["s"] if permit in grants):
            self._use(one.key, grant, from_epoch_s(body["at"] // 1000))
            for day, code, within in _stores(one.key, grant):
                days[day].append((code, within))

    def _use(self, key: TaskKey, grant: Grant, at: datetime) -> None:
        """A read for a use case counts against its limit from now on."""
        request = grant.request(key.connection, key.action)
        if request.requester.role is Role.OPERATOR and request.requester.id and key.connection != STATION:
            counted = (day.isoformat() for day in days_in(request.period)) if request.mask else (day_of(at).isoformat(),)
            self.again.use(request.requester.id, key.connection, counted)


def _is_switch(key: TaskKey) -> bool:
    """True for the administrative status itself: what restricts everything else is the ground of it."""
    return key.chore is not None and CLASS_OF[key.chore] is DataClass.ADMINISTRATIVE_STATUS


def _useless(key: TaskKey, grants: Sequence[Grant]) -> bool:
    """True if a permit has no use for what is asked, or rows are asked that none of them covers."""
    if key.chore is None:
        beside = any(not grant.mask & MASKS[ProfileName(key.profile)] for grant in grants)
        return beside or bare(key.profile, grants, key.first_s, key.last_s)
    beside = any(grant.mask or grant.data_class != CLASS_OF[key.chore] for grant in grants)
    within = any(grant.first_s <= key.first_s and key.last_s <= grant.last_s for grant in grants)
    return beside or not within


def code_of(connection: int, channel: int) -> int:
    """Return one number for a channel of a connection."""
    return connection << 4 | channel


def _moments(at: datetime, decided: int | None) -> tuple[datetime, ...]:
    """Return when the round was decided: as it says (epoch milliseconds), else when it was written down or a little before."""
    if decided is not None:
        return (from_epoch_s(0) + timedelta(milliseconds=decided),)
    return (at, at - PREPARING)


def _stores(key: TaskKey, grant: Grant) -> Iterator[tuple[date, int, tuple[int, int] | None]]:
    """Yield (day, code, bounds) of what a served, keeping permit lets be stored; bounds where it covers a part of the day only."""
    if not grant.keeps or key.chore is not None:
        return
    first, last = max(key.first_s, grant.first_s), min(key.last_s, grant.last_s)
    for channel in channels_of(grant.mask & MASKS[ProfileName(key.profile)]):
        code = code_of(key.connection, channel)
        day = day_of(from_epoch_s(first))
        while (opens := epoch_s(midnight(day))) <= last:
            closes = epoch_s(midnight(day + timedelta(days=1)))
            if 1 << channel & DAY_MASK:
                if first <= opens:
                    yield day, code, None
            elif first <= opens and closes <= last:
                yield day, code, None
            elif first < closes and opens < last:
                yield day, code, (first, last)
            day += timedelta(days=1)
