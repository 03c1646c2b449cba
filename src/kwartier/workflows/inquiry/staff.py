"""Who of the operator's people did what the log says the operator did: for the auditor, never for a page."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, final

from kwartier.audit.canonical import Json
from kwartier.audit.events import Event, EventKind
from kwartier.workflows.installation import Installation

ACTOR: Final = "operator"


@final
@dataclass(frozen=True, slots=True)
class StaffAct:
    """One deed. `salt` (hex) opens the commitment in the entry; `agrees` is False if the entry holds that of something else."""

    entry: int
    at: datetime
    person: str = field(repr=False)
    reason: str = field(repr=False)
    salt: str = field(repr=False)
    agrees: bool


def staff(house: Installation, entry: int, *, at: datetime) -> StaffAct | None:
    """Return who did what this entry says and why; None where it names nobody. Raises NotInLog if there is no such entry.

    It is a name of somebody who works here: the log says that it was looked at, by whose hand and of which entry.
    """
    with house.operator() as c:
        kept = house.log.staff(c, entry)
        if kept is None:
            return None
        seen: dict[str, Json] = {"entry": entry, "shown": "staff"}
        house.log.record(c, [Event(at, EventKind.VIEW_SHOWN, ACTOR, body=seen)])
    who = kept.act.staff
    return StaffAct(entry, kept.at, who.person, who.reason, kept.act.salt.hex(), kept.agrees)
