"""The way of a batch into the lake. What was staged gets there whatever becomes of who staged it: whoever is next carries it on."""

from collections.abc import Sequence
from datetime import datetime

from kwartier.store.readings import StagedFile
from kwartier.store.registry import nights
from kwartier.workflows.installation import Installation


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
