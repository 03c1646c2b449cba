"""What retention says that it gave up, against the table: nothing goes before its term is over, whoever says so.

An operator that holds something for longer tells an earlier moment, and is held to that.
"""

from datetime import datetime

from kwartier.grounds import retention
from kwartier.grounds.retention import Kept
from kwartier.model.period import from_epoch_s, midnight
from kwartier.workflows.replay.findings import Findings


def applied(at: datetime, found: Findings) -> datetime:
    """Return as of when terms count for what was applied at a moment: nobody gives up ahead of time what is looked for now."""
    return min(at, found.at)


def given_up(kept: Kept, since_s: int, at: datetime, found: Findings, *, table: str) -> datetime | None:
    """Return from when on things of a kind are still there, as retention said `at` a moment.

    None, and a finding, if it says that such went whose term was not over. Raises TypeError, ValueError, OverflowError.
    """
    before = from_epoch_s(since_s)
    if before > midnight(retention.oldest(kept, applied(at, found))):
        found.add("given-up-too-early", table=table)
        return None
    return before
