"""What was read, what was not and why. Counts only: nobody is in it."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from typing import Any, final

from kwartier.model.task import GapReason, Result
from kwartier.workflows.night.intent import Intent
from kwartier.workflows.night.job import BatchResult
from kwartier.workflows.permission.letters import NONE_WAITS, Waiting


@final
@dataclass(slots=True)
class NightReport:
    """The counts of one night. `meters` are those in service, `tasks` planned profile reads, `read` completed ones; no energies.

    An answer without anything that one of its grounds asked for is a gap.

    `rolled_forward` and `abandoned` are batches that earlier nights left, `swept` the data files, `letters` those to customers that
    could not be laid down.
    """

    day: date
    homes: int = 0
    meters: int = 0
    tasks: int = 0
    read: int = 0
    refused: int = 0
    all_reads: int = 0
    made_before: int = 0
    overread: int = 0
    channel_days: int = 0
    readings: int = 0
    quarantined: int = 0
    stopped: int = 0
    gaps: Counter[str] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    rolled_forward: int = 0
    abandoned: int = 0
    swept: int = 0
    letters: Waiting = NONE_WAITS

    def planned(self, intent: Intent) -> None:
        """Count one round as decided and planned."""
        self.tasks += len(intent.tasks)
        self.all_reads += intent.all_reads
        self.made_before += intent.made_before
        self.refused += len(intent.refusals)
        self.refusals.update(refusal.rule for refusal in intent.refusals)

    def settled(self, result: BatchResult) -> None:
        """Count one batch as durable."""
        for one in result.outcomes:
            if one.result is Result.READ and one.reason is not GapReason.FELL_SHORT:
                self.read += 1
            elif one.result is Result.STOPPED:
                self.stopped += 1
            else:
                self.gaps[one.reason or GapReason.PROTOCOL] += 1
        self.quarantined += len(result.quarantined)
        self.channel_days += result.channel_days
        self.readings += result.readings
        self.overread += result.overread

    @property
    def avoided_reads(self) -> int:
        """Reads due without grounds, minus tasks and what earlier nights about the same day have read."""
        return self.all_reads - self.made_before - self.tasks

    def counts(self) -> dict[str, Any]:
        """Return the report as JSON-ready counts."""
        return {
            "date": self.day.isoformat(),
            "homes": self.homes,
            "meters": self.meters,
            "tasks": self.tasks,
            "read": self.read,
            "gaps": sum(self.gaps.values()),
            "gap_reasons": {reason: count for reason, count in sorted(self.gaps.items()) if count},
            "refused": self.refused,
            "refusal_rules": dict(sorted(self.refusals.items())),
            "stopped": self.stopped,
            "avoided_reads": self.avoided_reads,
            "unavoidable_overread": self.overread,
            "channel_days": self.channel_days,
            "readings": self.readings,
            "quarantined": self.quarantined,
            **self.letters.counts(),
        }
