"""The import as an installation does it: facts go into the log in the transaction that takes them.

What a fact ends (a move, a refusal, an agreement that is over) is written down right after. What a move that is told late makes
wrong of what went out is put right with the facts themselves, and what a supply that is told late missed waits for it from then on.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from pathlib import Path

from kwartier.audit.events import Event, EventKind
from kwartier.keys import shipment
from kwartier.workflows import halting, permission
from kwartier.workflows.enrolment import moves, regular
from kwartier.workflows.enrolment.intake import C, Door, import_folder
from kwartier.workflows.enrolment.report import ImportedFact, ImportReport
from kwartier.workflows.installation import Installation, meter_models
from kwartier.workflows.publishing import publish

ACTOR = "operator"


def take(house: Installation, folder: Path, *, dry_run: bool, at: datetime) -> ImportReport:
    """Take a folder of files into an installation; see `import_folder`."""

    def record(c: C, facts: Sequence[ImportedFact]) -> None:
        house.log.record(
            c, [Event(one.at, EventKind(one.kind), ACTOR, one.subject_code, one.connection, one.body) for one in facts]
        )

    if not dry_run:
        with house.operator() as c:
            publish(house, c, at=at)

    def settle(c: C) -> None:
        halting.follow(house, c, at=at)
        moves.put_right(house, c, at=at)
        regular.wait(c, at=at)

    ours = house.settings.permission_administrator == "own"
    door = Door(house.operator, house.vault, partial(shipment.open, house.keys), meter_models().keys(), record, ours, settle)
    report = import_folder(door, folder, dry_run=dry_run, at=at)
    if not dry_run:
        permission.keep_up(house, at=at)
    return report
