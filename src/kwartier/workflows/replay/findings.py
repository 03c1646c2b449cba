"""What a replay finds, as data. Nothing here names a person: surrogate keys, times and counts only.

code                    category             what contradicts what
leaf-differs            unproved             an entry's bytes do not hash to the tree's leaf
index-differs           unproved             the columns by which an entry is found are not what it says itself
node-differs            unproved             the tree's stored nodes are not those of its leaves
root-differs            unproved             a signed root is not that of the leaves
checkpoint-refused      unproved             the signature, or the published file, does not hold
batch-root-differs      unproved             the lines of a batch do not give the root in its event, or are more or fewer
stray-lines             unproved             lines of a batch that no event speaks of
line-missing            unproved             a line about a person does not follow the one before it
line-untied             unproved             what stands beside a line does not tie it to the one before it
chain-differs           unproved             the lines about a person do not end where the index of chains says
untied-unsaid           unproved             lines were untied from a person, and the log says nothing of it
fact-not-told           unproved             the registry has a fact that the log was never told: it is no ground
fact-differs            unproved             the registry has a fact otherwise than the log was told, or no more: it is no ground
edition-not-told        unproved             it was decided by an edition of the code of conduct that the log was never told of
edition-differs         unproved             the edition that it was decided by means something else than what the log was told
not-understood          unproved             an entry, its lines or a journal's line without the form that it should have
deed-without-intent     uncovered read       a task was done that no earlier intent names
permit-not-intended     uncovered read       a task served a permit that its intent does not name
permit-not-decided      uncovered read       deciding again, from the registry as of then, does not give that permit
row-without-deed        uncovered read       a stored channel-day that no deed covers
get-without-intent      uncovered read       a meter was asked for usage that no intent covers then
get-while-restricted    uncovered read       a meter was asked for usage of a connection that refused or was switched off
register-read           uncovered read       a usage register was read outside every profile
set-without-intent      uncovered read       something was set or called at a meter that no intent covers then
rows-missing            unproved             fewer rows in the lake than the deed says were stored
given-up-too-early      unproved             retention took readings away that every ground still held, and nobody had them erased
deed-without-session    unproved             a task was done that the meter does not remember
task-beyond-permits     over-broad           a task asks more than its permits, or a profile that none of them needs
get-beyond-task         over-broad           a meter was asked a longer period than the intent names
row-beyond-permits      over-broad           values are kept outside the period of the permits
get-after-stop          late                 a meter was asked after all grounds for it had stopped
get-beyond-stop         late                 a meter was asked for time of which all grounds had stopped
parcel-without-event    uncovered delivery   a delivered parcel that the log does not know, or knows differently
event-without-parcel    uncovered delivery   a delivery in the log without its parcel
parcel-not-decided      uncovered delivery   deciding again does not give the permit it left under
file-without-parcel     uncovered delivery   a document in the outbox that is no delivered parcel, or a file that is no bundle
parcel-of-another       uncovered delivery   a document about another metering point, product or purpose than its parcel
parcel-beyond-permit    over-broad           a document holds more than its permit
paper-beyond-parcels    over-broad           a supplier's paper rests on more than parcels to it, or its page says otherwise
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, final

KEPT: Final = 1000
"""Findings kept word for word; beyond that they are counted."""


class Category(StrEnum):
    """How a contradiction counts."""

    READ = "uncovered_reads"
    DELIVERY = "uncovered_deliveries"
    UNPROVED = "unproved"
    OVER_BROAD = "over_broad"
    LATE = "late"


CATEGORIES: Final = {
    "leaf-differs": Category.UNPROVED,
    "index-differs": Category.UNPROVED,
    "node-differs": Category.UNPROVED,
    "root-differs": Category.UNPROVED,
    "checkpoint-refused": Category.UNPROVED,
    "batch-root-differs": Category.UNPROVED,
    "stray-lines": Category.UNPROVED,
    "line-missing": Category.UNPROVED,
    "line-untied": Category.UNPROVED,
    "chain-differs": Category.UNPROVED,
    "untied-unsaid": Category.UNPROVED,
    "fact-not-told": Category.UNPROVED,
    "fact-differs": Category.UNPROVED,
    "edition-not-told": Category.UNPROVED,
    "edition-differs": Category.UNPROVED,
    "not-understood": Category.UNPROVED,
    "deed-without-intent": Category.READ,
    "permit-not-intended": Category.READ,
    "permit-not-decided": Category.READ,
    "row-without-deed": Category.READ,
    "get-without-intent": Category.READ,
    "get-while-restricted": Category.READ,
    "register-read": Category.READ,
    "set-without-intent": Category.READ,
    "rows-missing": Category.UNPROVED,
    "given-up-too-early": Category.UNPROVED,
    "deed-without-session": Category.UNPROVED,
    "task-beyond-permits": Category.OVER_BROAD,
    "get-beyond-task": Category.OVER_BROAD,
    "row-beyond-permits": Category.OVER_BROAD,
    "get-after-stop": Category.LATE,
    "get-beyond-stop": Category.LATE,
    "parcel-without-event": Category.DELIVERY,
    "event-without-parcel": Category.DELIVERY,
    "parcel-not-decided": Category.DELIVERY,
    "file-without-parcel": Category.DELIVERY,
    "parcel-of-another": Category.DELIVERY,
    "parcel-beyond-permit": Category.OVER_BROAD,
    "paper-beyond-parcels": Category.OVER_BROAD,
}


@final
@dataclass(frozen=True, slots=True)
class Finding:
    """One contradiction. `code` is stable; `detail` has surrogate keys, times and counts."""

    code: str
    detail: dict[str, Any]

    def __str__(self) -> str:
        """Give the line an engineer reads."""
        return f"{self.code}: " + ", ".join(f"{key} {value}" for key, value in self.detail.items())


@final
@dataclass(slots=True)
class Findings:
    """What was compared, by what it was, and what was found. `at` is when."""

    at: datetime
    compared: Counter[str] = field(default_factory=Counter)
    counts: Counter[Category] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)

    def add(self, code: str, times: int = 1, **detail: Any) -> None:  # noqa: ANN401 - ids and counts of any kind
        """Take up a contradiction, or `times` of the same kind."""
        self.counts[CATEGORIES[code]] += times
        if len(self.findings) < KEPT:
            self.findings.append(Finding(code, detail | ({"times": times} if times > 1 else {})))

    @property
    def checked(self) -> int:
        """How many things were compared: entries, lines, rows, requests in the meters' journals, parcels."""
        return self.compared.total()

    @property
    def uncovered(self) -> int:
        """Everything without its ground or its proof; what is over-broad or late counts by itself."""
        return self.uncovered_reads + self.uncovered_deliveries + self.counts[Category.UNPROVED]

    @property
    def uncovered_reads(self) -> int:
        """Reads, or stored readings, without ground."""
        return self.counts[Category.READ]

    @property
    def uncovered_deliveries(self) -> int:
        """Deliveries without ground."""
        return self.counts[Category.DELIVERY]

    @property
    def over_broad(self) -> int:
        """More was asked, kept or delivered than a permit covers."""
        return self.counts[Category.OVER_BROAD]

    @property
    def late(self) -> int:
        """Requests to a meter after the stop."""
        return self.counts[Category.LATE]

    def as_json(self) -> dict[str, Any]:
        """Return it JSON-ready."""
        return {
            "at": self.at.isoformat(),
            "checked": self.checked,
            "compared": dict(sorted(self.compared.items())),
            "uncovered": self.uncovered,
            "uncovered_reads": self.uncovered_reads,
            "uncovered_deliveries": self.uncovered_deliveries,
            "over_broad": self.over_broad,
            "late": self.late,
            "findings": [{"code": one.code, **one.detail} for one in self.findings],
        }
