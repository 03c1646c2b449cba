"""The way of a batch into the lake. What was staged gets there whatever becomes of who staged it: whoever is next carries it on."""

import json
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Final

from kwartier.audit import evidence
from kwartier.audit.events import Event, EventKind
from kwartier.audit.leaves import Grant
from kwartier.grounds import limits
from kwartier.store.readings import StagedFile
from kwartier.store.registry import nights
from kwartier.workflows.installation import Installation

_ACTOR: Final = "operator"


def commit(house: Installation, batch: int, files: Sequence[StagedFile], at: datetime) -> None:
    """Commit a staged batch to the lake and mark it; harmless when done before."""
    if files:
        house.readings.commit(batch, files)
    with house.operator() as c:
        nights.mark_committed(c, batch, at)


def roll_forward(house: Installation, at: datetime) -> int:
    """Commit what a process staged that died before it could. Returns how many batches. Under the night's lock."""
    with house.operator() as c:
        staged = nights.staged(c)
    for batch, files in staged:
        commit(house, batch, [StagedFile.from_json(one) for one in files], at)
    return len(staged)


def give_up(house: Installation, at: datetime) -> int:
    """Abandon batches that were only planned: their work died with its process. Returns how many. Under the night's lock.

    Which of their meters were read nobody knows, so all that was meant for a use case counts against its yearly limit.
    """
    with house.operator() as c:
        given_up = nights.abandon_planned(c)
        for intended_at, lines in evidence.batches(c, EventKind.BATCH_INTENDED, given_up):
            nights.lose(c, _meant(intended_at, lines))
        house.log.record(c, [Event(at, EventKind.INTENT_ABANDONED, _ACTOR, body={"batch": batch}) for batch in given_up])
    return len(given_up)


def _meant(at: datetime, lines: Sequence[evidence.Line]) -> Iterator[tuple[int, int, date]]:
    for line in lines:
        for grant in json.loads(line.body)["g"]:
            yield from limits.uses(Grant(*grant).request(line.connection), at)
