"""What is wished for under the operator's own use cases: the questions of one connection, and the walk over the grid."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from typing import Final

from kwartier.model.care import CLASS_OF, LOGS, Chore, action_of
from kwartier.model.ground import Purpose, Request, Requester, Role, UseCase
from kwartier.model.period import Period, day_of, whole_second
from kwartier.store.registry import facts
from kwartier.store.registry.facts import ConnectionRow
from kwartier.store.registry.rounds import rounds
from kwartier.workflows.installation import Installation
from kwartier.workflows.visits.errands import Wish

__all__ = ["LOOK_BACK", "ConnectionRow", "under_use_cases", "walk"]

LOOK_BACK: Final = timedelta(days=90)
"""How far back a log of events is asked; never before the days that the use case is about, nor before who lives there came."""


def under_use_cases(
    row: ConnectionRow, purpose: Purpose, chores: Iterable[Chore], at: datetime, *, image: int = 0
) -> Iterator[Wish]:
    """Yield a wish per use case that is approved at `at` for this purpose and the class of some of the chores.

    Whether there is a ground is not decided here: a restricted connection is asked about too, and the refusal goes into the log.
    """
    if row.wired is None:
        return
    by_class: dict[tuple[object, ...], list[Chore]] = defaultdict(list)
    for chore in chores:
        by_class[CLASS_OF[chore], action_of(chore), chore in LOGS].append(chore)
    for case in row.facts.use_cases:
        if case.purpose is not purpose or not case.approved.contains(at):
            continue
        for (data_class, _, _), some in by_class.items():
            if data_class is case.data_class:
                request = _request(row, case, some[0], at)
                yield Wish(request, row.facts, row.seen, tuple(some), row.wired.meter, row.wired.mbus, image)


def _request(row: ConnectionRow, case: UseCase, chore: Chore, at: datetime) -> Request:
    """Ask how it is now; for a log, what it holds of the use case's days and of the time of who lives there now."""
    now = whole_second(at)
    came = (home.period.start for home in row.facts.occupancies if home.period.contains(now))
    since = max(case.days.start, now - LOOK_BACK, *came)
    period = Period(since, now) if chore in LOGS and since <= now else Period(now, now)
    who = Requester(Role.OPERATOR, case.id)
    return Request(who, action_of(chore), case.purpose, row.key, 0, period, case.data_class)


def walk(
    house: Installation, at: datetime, wanted: Callable[[ConnectionRow], Iterable[Wish]], *, only: frozenset[int] | None = None
) -> Iterator[list[Wish]]:
    """Yield the wishes of the grid, or of these transformers only, in batches that never split a transformer.

    The walk holds a transaction of its own, so that memory does not grow with the grid.
    """
    day = day_of(at)
    with house.operator() as walking:
        for this in rounds(walking, day, house.settings.batch_meters):
            if only is not None and only.isdisjoint(this.transformers):
                continue
            with house.looking() as c:
                rows = facts.rows(c, list(this.connections), year=day.year, day=day)
            wishes = [wish for row in rows if only is None or row.transformer in only for wish in wanted(row)]
            if wishes:
                yield wishes
