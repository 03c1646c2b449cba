"""Who of the operator's people did what the log says the operator did: for the auditor, never for a page."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import final

from kwartier.workflows.installation import Installation


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


def staff(house: Installation, entry: int) -> StaffAct | None:
    """Return who did what this entry says and why; None where it names nobody. Raises NotInLog if there is no such entry."""
    with house.operator() as c:
        kept = house.log.staff(c, entry)
    if kept is None:
        return None
    who = kept.act.staff
    return StaffAct(entry, kept.at, who.person, who.reason, kept.act.salt.hex(), kept.agrees)
