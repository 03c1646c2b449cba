"""Intents and deeds, batch by batch, as the log has them: each ground is decided again, each deed is held against its intent.

What a task of a batch was is remembered until its deed, and as long as a meter's journal may still speak of it (`let_go`): so
memory does not grow with the nights, but for some dozen bytes per channel-day that a deed covers.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, NamedTuple, final

import numpy as np
from numpy.typing import NDArray

from kwartier.audit.evidence import Entry, Line
from kwartier.audit.leaves import Grant
from kwartier.grounds import decide, limits, retention
from kwartier.model.ground import Request, Role
from kwartier.model.period import from_epoch_ms, from_epoch_s, midnight
from kwartier.model.permit import Permit
from kwartier.model.task import Result
from kwartier.workflows.replay import terms
from kwartier.workflows.replay.again import PREPARING, Again, decided_at
from kwartier.workflows.replay.bases import Bases, Kept, freed_of
from kwartier.workflows.replay.findings import Findings
from kwartier.workflows.replay.naive import Naive
from kwartier.workflows.replay.tasks import ABANDONED, Asked, TaskKey, is_switch, stores, useless
from kwartier.workflows.replay.window import WHOLE, Window

_EVER: Final = datetime(1, 1, 1, tzinfo=UTC)
_OPERATOR: Final = b'"operator"'
PLANNED: Final = "planned"
"""The state of a batch that may be under way: one whose process died is given up by the next night."""

Codes = NDArray[np.int64]
Stores = dict[date, list[Kept]]
"""Per local day what may be stored."""


_Count = Callable[[int, int, Iterable[str]], None]
"""Told use case, connection and local days."""


class _Meant(NamedTuple):
    """What a batch means to read for use cases, by permit, and when it said so."""

    at: datetime
    grants: dict[str, tuple[TaskKey, Grant]]


_NOTHING: Final = _Meant(_EVER, {})


@final
class Book:
    """What the log says was asked and done.

    `covered` has, per local day and batch, the codes of the channel-days it may have stored; `partly` the bounds of those that it
    covers in part. `elsewhere` are the batches outside the time that is compared. `given_up` has, per local day and batch, how many
    rows retention said that it takes out of the lake; `gone` has, per batch, how many of these are out as its run ended: one that
    was cut short says again what it had not done. Parcels from before `parcels_from` need not be there any more.
    """

    def __init__(self, again: Again, found: Findings, window: Window = WHOLE, allowed: timedelta = timedelta()) -> None:
        """Begin. `allowed` is how long after a stop the answer to a request may still come: a session's time."""
        self._again = again
        self._naive = Naive(again.known)
        self._found = found
        self._window = window
        self._allowed = allowed
        self.by_meter: dict[tuple[int, str, int], list[Asked]] = defaultdict(list)
        self.covered: dict[date, dict[int, Codes]] = defaultdict(dict)
        self.partly: dict[tuple[int, date, int], list[tuple[int, int]]] = {}
        self.stored: dict[int, int] = {}
        self.elsewhere: set[int] = set()
        self.bases = Bases()
        self.given_up: dict[date, Counter[int]] = defaultdict(Counter)
        self.gone: Counter[int] = Counter()
        self._going: dict[date, Counter[int]] = {}
        self.parcels_from = _EVER
        self._open: dict[int, dict[TaskKey, Asked]] = {}
        self._ended: list[Asked] = []
        self._meant: dict[int, _Meant] = {}

    def take(self, entry: Entry, lines: Sequence[Line]) -> None:
        """Take up an entry of the log, in the log's order."""
        if entry.kind == "batch:intended":
            if self._window.holds(entry.at):
                self._intended(entry, lines)
            else:
                self._intended_elsewhere(entry, lines)
        elif entry.kind == "retention:applied":
            self._gave_up(entry.at, entry.said["body"])
        elif entry.kind == "batch:read":
            if entry.said["body"]["batch"] in self.elsewhere:
                self._read_elsewhere(entry, lines)
            else:
                self._read(entry, lines)
        elif entry.kind == "intent:abandoned":
            self._abandoned(entry.said["body"]["batch"])

    def _gave_up(self, at: datetime, body: dict[str, Any]) -> None:
        """Take up what retention took away. What no term had ended for, and nobody had erased, it may not take."""
        if "day" not in body:
            before = terms.given_up(retention.Kept.PARCELS, body["parcels_from"], at, self._found, table="parcel")
            self.parcels_from = max(self.parcels_from, before or self.parcels_from)
            self.gone.update(sum(self._going.values(), Counter[int]()))
            self._going.clear()
            return
        day = date.fromisoformat(body["day"])
        self.bases.freed[day] += freed_of(body)
        self._going[day] = Counter({int(batch): rows for batch, rows in body["batches"].items()})
        self.given_up[day].update(self._going[day])
        still = retention.holding(day, terms.applied(at, self._found)) == retention.holding(day, midnight(day))
        too_early = body["rows"] > body["erased"] and still
        if too_early and self._window.holds(at):
            self._found.add("given-up-too-early", body["rows"] - body["erased"], day=body["day"])

    def take_out(self, gone: Iterable[tuple[date, int, int]]) -> None:
        """Take up which channel-days (day, code, batch) the log says were taken out, because they were another home's."""
        for day, code, batch in gone:
            for other, codes in self.covered.get(day, {}).items():
                self.given_up[day][other] += int(other == batch or (other < batch and code in codes))

    def remember(self, one: Asked) -> None:
        """Take up a task that is over, for a journal to be held against."""
        self.by_meter[one.place].append(one)
        self._ended.append(one)

    def let_go(self, until: datetime) -> list[Asked]:
        """Forget the tasks that were over before a moment, and return them."""
        gone = [one for one in self._ended if one.until < until]
        stale = [one for made in self._open.values() for one in made.values() if one.until < until]
        self._open = {batch: made for batch, made in self._open.items() if all(one.until >= until for one in made.values())}
        self._ended = [one for one in self._ended if one.until >= until]
        for one in (*gone, *stale):
            tasks = self.by_meter[one.place]
            tasks[:] = [other for other in tasks if other is not one]
            if not tasks:
                del self.by_meter[one.place]
        return gone + stale

    def _intended_elsewhere(self, entry: Entry, lines: Sequence[Line]) -> None:
        """Of what lies before the time compared, the reads for use cases count against their yearly limits."""
        batch = entry.said["body"]["batch"]
        self.elsewhere.add(batch)
        if self._window.precedes(entry.at):
            bodies = [json.loads(line.body) for line in lines if _OPERATOR in line.body]
            self._mean(entry, [(TaskKey.of(body), Grant(*one)) for body in bodies for one in body["g"]])

    def _mean(self, entry: Entry, grants: Iterable[tuple[TaskKey, Grant]]) -> None:
        """Keep what a batch means to read for use cases until it is known what came of it."""
        ours = {grant.permit: (key, grant) for key, grant in grants if grant.role == Role.OPERATOR}
        self._meant.setdefault(entry.said["body"]["batch"], _Meant(entry.at, {})).grants.update(ours)

    def _abandoned(self, batch: int) -> None:
        """Take up that its process died: what it meant for a use case may have been read, and counts."""
        at, grants = self._meant.pop(batch, _NOTHING)
        for key, grant in grants.values():
            self._use(key, grant, at, self._again.lose)

    def end(self, states: Mapping[int, str]) -> None:
        """After the last entry: a batch that is over by the registry was said to be, or what it used of a limit is not counted.

        One that ended just now may have said it after the log was read.
        """
        for batch, meant in self._meant.items():
            over = meant.at < self._found.at - ABANDONED and states.get(batch) != PLANNED
            if over and self._window.holds(meant.at):
                self._found.add("intent-without-end", batch=batch)

    def _read_elsewhere(self, entry: Entry, lines: Sequence[Line]) -> None:
        _, grants = self._meant.pop(entry.said["body"]["batch"], _NOTHING)
        for body in (json.loads(line.body) for line in lines) if grants else ():
            if body["r"] == Result.READ:
                for permit in body["s"]:
                    if permit in grants:
                        self._use(*grants[permit], from_epoch_s(body["at"] // 1000), self._again.use)

    def _intended(self, entry: Entry, lines: Sequence[Line]) -> None:
        said = entry.said["body"]
        tasks: dict[TaskKey, tuple[Grant, ...]] = {}
        for body in (json.loads(line.body) for line in lines):  # a task has a line for each person whom it is about
            key = TaskKey.of(body)
            tasks[key] = (*tasks.get(key, ()), *(Grant(*one) for one in body["g"]))
        self._again.known.load({key.connection for key in tasks})
        moments = _moments(entry)
        decided: dict[tuple[str, int], Permit | None] = {}
        made = self._open.setdefault(said["batch"], {})
        self._mean(entry, ((key, grant) for key, grants in tasks.items() for grant in grants))
        for key, grants in tasks.items():
            permits = [self._decided(decided, key, grant, moments, entry.position) for grant in grants]
            self._beyond(said["batch"], key, grants)
            if not any(self._again.known.is_at(key, moment, entry.position) for moment in moments):
                self._found.add("meter-of-another", batch=said["batch"], connection=key.connection, meter=key.meter)
            stopped = tuple(self._again.stopped(one, moments[-1]) if one else entry.at for one in permits)
            restricted = () if not grants or is_switch(key) else self._again.restricted(key.connection)
            made[key] = Asked(said["batch"], key, grants, entry.at, entry.at + ABANDONED, stopped, restricted)
            self.by_meter[made[key].place].append(made[key])
            for grant, permit in zip(grants, permits, strict=True):
                if permit is None:
                    self._undecided(said["batch"], key, grant)
                if grant.role == Role.THIRD_PARTY:
                    self._consent(said["batch"], grant.request(key.connection, key.action), moments[-1], entry.position)

    def _consent(self, batch: int, request: Request, at: datetime, before: int) -> None:
        """What a third party's read rests on, in plain words: the customer's consent. It must say what the decision says."""
        self._found.compared["consents"] += 1
        decided = self._again.permit(request, at, before=before) is not None
        if self._naive.allows(request, at, before, at_the_meter=True) is not decided:
            self._found.add("consent-disagrees", batch=batch, connection=request.connection)

    def _decided(
        self, known: dict[tuple[str, int], Permit | None], key: TaskKey, grant: Grant, moments: Sequence[datetime], position: int
    ) -> Permit | None:
        """Return the permit that deciding again gives, if it is the one named; each is decided once per batch."""
        at = (grant.permit, key.meter)
        if at not in known:
            known[at] = next((one for moment in moments if (one := self._same(key, grant, moment, position))), None)
        return known[at]

    def _same(self, key: TaskKey, grant: Grant, at: datetime, position: int) -> Permit | None:
        permit = self._again.permit(grant.request(key.connection, key.action), at, meter=key.meter, before=position)
        if permit is None:
            return None
        ref = decide.ref(permit)
        same = (ref.id.hex(), ref.rule_no, ref.mask, ref.first_s, ref.last_s, ref.keeps)
        return permit if same == (grant.permit, grant.rule_no, grant.mask, grant.first_s, grant.last_s, grant.keeps) else None

    def _undecided(self, batch: int, key: TaskKey, grant: Grant) -> None:
        self._found.add(
            "permit-not-decided",
            batch=batch,
            connection=key.connection,
            purpose=grant.purpose,
            role=grant.role,
            rule_no=grant.rule_no,
        )

    def _beyond(self, batch: int, key: TaskKey, grants: Sequence[Grant]) -> None:
        """A task may ask no row that none of its permits covers, nor a profile that one of them has no use for."""
        if not grants or useless(key, grants):
            self._found.add("task-beyond-permits", batch=batch, connection=key.connection, profile=key.profile)

    def _read(self, entry: Entry, lines: Sequence[Line]) -> None:
        said = entry.said["body"]
        batch = said["batch"]
        asked = self._open.pop(batch, {})
        self._meant.pop(batch, None)
        days: Stores = defaultdict(list)
        for line in lines:
            body = json.loads(line.body)
            one = asked.get(TaskKey.of(body))
            if one is None:
                self._found.add("deed-without-intent", batch=batch, connection=line.connection)
                continue
            self._deed(one, body, days)
        for one in asked.values():
            one.until = entry.at
        self._ended += asked.values()
        for day, kept in days.items():
            self.covered[day][batch] = np.unique(np.array([one.code for one in kept], np.int64))
            self.bases.take(day, batch, kept)
            whole = {one.code for one in kept if one.within is None}
            for code, within, _ in kept:
                if within is not None and code not in whole:
                    self.partly.setdefault((batch, day, code), []).append(within)
        if "channel_days" in said:
            self.stored[batch] = said["channel_days"]

    def _deed(self, one: Asked, body: dict[str, Any], days: Stores) -> None:
        grants = {grant.permit: grant for grant in one.grants}
        if not set(body["s"]) <= set(grants):
            self._found.add("permit-not-intended", batch=one.batch, connection=one.key.connection)
        if body["r"] != Result.READ:
            return
        one.read = True
        at = from_epoch_ms(body["at"])
        stopped = dict(zip((grant.permit for grant in one.grants), one.stopped, strict=True))
        for grant in (grants[permit] for permit in body["s"] if permit in grants):
            if one.since != stopped[grant.permit] < at - self._allowed:
                self._found.add("kept-after-stop", batch=one.batch, connection=one.key.connection)
            self._use(one.key, grant, at, self._again.use)
            for day, code, within in stores(one.key, grant):
                days[day].append(Kept(code, within, 1 << grant.rule_no))

    def _use(self, key: TaskKey, grant: Grant, at: datetime, count: _Count) -> None:
        """A read for a use case counts against its limit from now on; `count` takes up whether it was one or may have been."""
        for use_case, connection, day in limits.uses(grant.request(key.connection, key.action), at):
            count(use_case, connection, (day.isoformat(),))


def _moments(entry: Entry) -> tuple[datetime, ...]:
    """Return when the round was decided: as it says, else when it was written down or a little before."""
    decided = decided_at(entry)
    return (entry.at, entry.at - PREPARING) if decided is None else (decided,)
