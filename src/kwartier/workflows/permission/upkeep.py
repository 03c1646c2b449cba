"""What is done about permissions when a night or a delivery round begins, after an import, and by `kwartier permission sweep`."""

from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import final

from kwartier.workflows import halting
from kwartier.workflows.installation import Installation
from kwartier.workflows.permission import ends, letters, mandates, reminders, requests
from kwartier.workflows.permission.letters import NONE_WAITS, Waiting


@final
@dataclass(frozen=True, slots=True)
class Upkeep:
    """What was found to do. All zero when it is done again; `waiting` is what could not be done, or waits for others."""

    ended: int
    withered: int
    timed_out: int
    mandates_begun: int
    evidence_missed: int
    reminded: int
    letters: int
    waiting: Waiting = NONE_WAITS

    def counts(self) -> dict[str, int | str | None]:
        """Return it for a report."""
        done = asdict(self)
        del done["waiting"]
        return done | self.waiting.counts()


def keep_up(house: Installation, *, at: datetime) -> Upkeep:
    """Write down ends that came by themselves, close requests, let unvetoed mandates begin, remind, and lay letters down.

    What persons restricted or objected to comes first, where they moved: an import sees to it, but for what was asked while it ran.
    What ran out did so by itself, so that is said before it is looked what fell away. The rest in that order: a mandate of a party
    that was suspended, or of who left, must not begin, nor is a letter sent of it, and one whose letter nobody took has a later day
    before it is looked whether it begins.
    """
    with house.operator() as c:
        halting.follow(house, c, at=at)
    missed = mandates.overdue(house, at=at)
    ended = ends.sweep(house, at=at)
    timed_out, withered = requests.time_out(house, at=at), requests.wither(house, at=at)
    untaken = letters.write_anew(house, at=at)
    begun, reminded = mandates.due(house, at=at), reminders.remind(house, at=at)
    laid, unlaid = letters.lay_if_possible(house, at=at)
    waiting = replace(untaken, count=unlaid.count, since=unlaid.since)
    return Upkeep(ended, withered, timed_out, begun, missed, reminded, laid, waiting)
