"""One run: what the table no longer lets be held, and what persons had erased, goes; then its traces on disk go too.

1. Readings, day by day. What goes is said in the log first.
2. Documents in the boxes of receivers, and the tables of the registry, each by its own term.
3. Persons: what was decided when they asked is carried out; whom nothing holds is forgotten.
4. What ties old lines of the log to persons.
5. The run itself goes into the log, with counts only, and where anything went the lake is purged.
6. After an erasure, the tables that it touched are written anew and the server's own log begins anew.

It holds the lock of the night: nobody adds readings meanwhile. What a killed night staged is rolled forward first, or it would come
after, with what was just erased. A run that is cut short is finished by the next one.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Final, final

from kwartier.audit.canonical import Json
from kwartier.audit.events import Event, EventKind
from kwartier.grounds import retention
from kwartier.grounds.retention import Kept
from kwartier.model.period import day_of, epoch_s, midnight
from kwartier.store import postgres
from kwartier.store.registry import corrections, ended, erasures, letters, notices
from kwartier.store.registry import retention as terms
from kwartier.store.registry.erasures import Waiting
from kwartier.store.registry.letters import About, Over
from kwartier.workflows.installation import Installation
from kwartier.workflows.retention import lake, outbox, persons, traces
from kwartier.workflows.visits import corrected
from kwartier.workflows.visits.forward import roll_forward
from kwartier.workflows.visits.only import only_one

ACTOR: Final = "operator"
_TABLES: Final = (
    Kept.HAND_READINGS,
    Kept.QUARANTINE,
    Kept.OUTCOMES,
    Kept.PARCELS,
    Kept.SIGHTS,
    Kept.ALARMS,
    Kept.USE_CASE_DAYS,
    Kept.REJECTED_ROWS,
    Kept.STAFF,
    Kept.PROPOSALS,
    Kept.CONTACTS,
)
_FACTS: Final = {Kept.PERMISSIONS: "permission", Kept.SUPPLIES: "supply", Kept.CHOICES: "restriction"}
"""Facts that go some time after they ended, by the word that the log has for them."""
_ENDED: Final = (*_FACTS, Kept.RIGHTS, Kept.BREACHES)
_EVER: Final = datetime(1, 1, 1, tzinfo=UTC)


@final
@dataclass(slots=True)
class RetentionReport:
    """What went, by kind, and whether all traces of erasures went too; `left` says what a server's administrator must do."""

    counts: Counter[str] = field(default_factory=Counter)
    left: tuple[str, ...] = ()

    def as_json(self) -> dict[str, object]:
        """Return it JSON-ready: counts of what went, 0 of nothing left out."""
        return {**{name: count for name, count in sorted(self.counts.items()) if count}, "left": list(self.left)}


def nightly(house: Installation, *, at: datetime) -> RetentionReport:
    """Apply retention and carry out erasures as of `at`. Raises NightRuns."""
    report = RetentionReport()
    with only_one(house):
        roll_forward(house, at)
        with house.operator() as c:
            last, waiting = terms.last_run(c), erasures.waiting(c, at)
            restricted, lifted = erasures.restricted(c, last, at)
        corrected.carry(house, at)
        wanted = lake.Wanted(
            parts=[persons.part(one) for each in waiting for one in each.parts],
            guards=[persons.guard(connection, period, at) for connection, period in restricted],
            lifted=[persons.guard(connection, period, at) for connection, period in lifted],
        )
        report.counts += lake.give_up(house, wanted, last, at)
        report.counts["files"] = outbox.remove(house.outbox, _handed_over(house, last, at))
        report.counts["letters"] = outbox.take_away(house.letters, _laid(house, last, at))
        report.counts += _registry(house, at)
        report.counts["corrections"] = _corrections(house, {one.connection for one in wanted.guards}, at)
        report.counts += _persons(house, waiting, at)
        report.counts["ties"] += _ties(house, last, at)
        _say(house, report.counts, at)
        if report.counts["days"] or _unfinished(house):
            lake.purge(house)
        report.left = traces.remove(house, at=at)
    return report


def _handed_over(house: Installation, last: datetime | None, at: datetime) -> list[tuple[str, str]]:
    """Return the bundles, and the notices, whose term ended since the last run."""
    since = _EVER if last is None else midnight(retention.oldest(Kept.DOCUMENTS, last))
    until = midnight(retention.oldest(Kept.DOCUMENTS, at))
    with house.operator() as c:
        return [*terms.boxes(c, since, until), *notices.boxes(c, since, until)]


def _laid(house: Installation, last: datetime | None, at: datetime) -> list[About]:
    """Return the letters to customers that have been over since the last run: by their term, and no day to answer is to come."""
    before = Over(_EVER, _EVER) if last is None else _over(last)
    with house.operator() as c:
        return letters.over(c, _over(at), before)


def _over(at: datetime) -> Over:
    return Over(_oldest(Kept.LETTERS, at), midnight(day_of(at)))


def _registry(house: Installation, at: datetime) -> Counter[str]:
    with postgres.connect(house.dsns.owner) as c:
        counts = Counter({str(kept): terms.give_up(c, kept, retention.oldest(kept, at)) for kept in _TABLES})
        return counts + Counter({str(kept): ended.give_up(c, kept, retention.oldest(kept, at), at) for kept in _ENDED})


def _corrections(house: Installation, guarded: Collection[int], at: datetime) -> int:
    """What corrections say of readings goes with these; of a connection at which somebody has that stopped, nothing does."""
    with postgres.connect(house.dsns.owner) as c:
        holding = {day: retention.holding(day, at) for day in corrections.days(c)}
        return corrections.lapse(c, holding, guarded)


def _unfinished(house: Installation) -> bool:
    """True if erasures were carried out, in this run or in one that was cut short, that may have left traces on disk."""
    with house.operator() as c:
        return bool(erasures.unfinished(c))


def _persons(house: Installation, waiting: Sequence[Waiting], at: datetime) -> Counter[str]:
    return persons.carry_out_all(house, waiting, at) + persons.forget_lapsed(house, at)


def _ties(house: Installation, last: datetime | None, at: datetime) -> int:
    """Untie the lines whose term ended since the last run: a line is never written with an older date."""
    since = _EVER if last is None else _oldest(Kept.LOG_TIES, last)
    with house.auditor() as c:
        return house.log.untie_before(c, _oldest(Kept.LOG_TIES, at), since)


def _oldest(kept: Kept, at: datetime) -> datetime:
    oldest: date = retention.oldest(kept, at)
    return midnight(oldest)


def _say(house: Installation, counts: Counter[str], at: datetime) -> None:
    """Record that retention was applied: how much went, and from when on parcels, ties, names and facts are still there."""
    said: dict[str, Json] = {name: count for name, count in sorted(counts.items()) if count}
    with house.operator() as c:
        run = terms.ran(c, at, {name: count for name, count in counts.items() if count})
        body: dict[str, Json] = {
            "run": run,
            "gone": said,
            "parcels_from": epoch_s(_oldest(Kept.PARCELS, at)),
            "ties_from": epoch_s(_oldest(Kept.LOG_TIES, at)),
            "staff_from": epoch_s(_oldest(Kept.STAFF, at)),
            "facts_from": {name: epoch_s(_oldest(kept, at)) for kept, name in _FACTS.items()},
        }
        house.log.record(c, [Event(at, EventKind.RETENTION_APPLIED, ACTOR, body=body)])
