"""What a replay finds, as data. Nothing here names a person: surrogate keys, times and counts only.

`CODES` is the list; docs/REPLAY.md shows it.
"""

from collections import Counter
from collections.abc import Mapping
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
    VIEW = "uncovered_views"
    UNPROVED = "unproved"
    OVER_BROAD = "over_broad"
    LATE = "late"
    REFUSED = "refused_wrongly"


CODES: Final[Mapping[str, tuple[Category, str]]] = {
    "leaf-differs": (Category.UNPROVED, "an entry's bytes do not hash to the tree's leaf"),
    "index-differs": (Category.UNPROVED, "the columns by which an entry is found are not what it says itself"),
    "node-differs": (Category.UNPROVED, "the tree's stored nodes are not those of its leaves"),
    "root-differs": (Category.UNPROVED, "a signed root is not that of the leaves"),
    "checkpoint-refused": (Category.UNPROVED, "the signature, or the published file, does not hold"),
    "batch-root-differs": (Category.UNPROVED, "the lines of a batch do not give the root in its event, or are more or fewer"),
    "stray-lines": (
        Category.UNPROVED,
        "lines of a batch that no event speaks of, or an event that is in the tree twice or nowhere",
    ),
    "line-missing": (Category.UNPROVED, "a line about a person does not follow the one before it"),
    "line-untied": (Category.UNPROVED, "what stands beside a line does not tie it to the one before it"),
    "chain-differs": (Category.UNPROVED, "the lines about a person do not end where the index of chains says"),
    "untied-unsaid": (Category.UNPROVED, "lines were untied from a person, and the log says nothing of it afterwards"),
    "untied-in-part": (
        Category.UNPROVED,
        "a line was untied before its age did it, and lines of the same person follow: nobody is forgotten in part",
    ),
    "erasure-of-nobody": (
        Category.UNPROVED,
        "the log says that somebody was forgotten at a connection, more often than people who had to do with it were",
    ),
    "forgotten-unasked": (Category.UNPROVED, "somebody was forgotten who did not ask, before the term of persons was over"),
    "fact-not-told": (Category.UNPROVED, "the registry has a fact that the log was never told: it is no ground"),
    "fact-differs": (Category.UNPROVED, "the registry has a fact otherwise than the log was told, or no more"),
    "fact-told-anew": (
        Category.UNPROVED,
        "the log was told of a permission or a use case again, as something else or for longer: it is given once",
    ),
    "permission-by-another": (Category.UNPROVED, "a permission was given by somebody else than whom it is about"),
    "staff-missing": (
        Category.UNPROVED,
        "a line says that one of the operator's people did it, and who is gone before its term was over",
    ),
    "staff-differs": (Category.UNPROVED, "the person or the reason that is kept beside a line is not the one in its commitment"),
    "staff-without-line": (Category.UNPROVED, "somebody is kept as having done what no line of the log says"),
    "edition-not-told": (
        Category.UNPROVED,
        "it was decided by an edition of the code of conduct that the log was never told of",
    ),
    "edition-differs": (
        Category.UNPROVED,
        "the edition that it was decided by means something else than what the log was told",
    ),
    "not-understood": (Category.UNPROVED, "an entry, its lines or a journal's line without the form that it should have"),
    "consent-disagrees": (
        Category.UNPROVED,
        "the plain check of a third party's consent says yes where the decision says no, or no where it says yes",
    ),
    "meter-of-another": (Category.READ, "a meter was to be asked for a home where it was not, as the log was told"),
    "mandate-without-letter": (
        Category.UNPROVED,
        "a claimed mandate began by silence, and no letter to its customer lay there before",
    ),
    "mandate-too-soon": (
        Category.UNPROVED,
        "a claimed mandate began by silence before the time that its last letter gives was over",
    ),
    "deed-without-intent": (Category.READ, "a task was done that no earlier intent names"),
    "permit-not-intended": (Category.READ, "a task served a permit that its intent does not name"),
    "permit-not-decided": (Category.READ, "deciding again, by what the log said then, does not give that permit"),
    "row-without-deed": (Category.READ, "a stored channel-day, or an answer that was put aside, that no deed covers"),
    "get-without-intent": (Category.READ, "a meter was asked for something that no intent covers then"),
    "get-while-restricted": (Category.READ, "a meter was asked for usage of a connection that refused or was switched off"),
    "register-read": (Category.READ, "a usage register was read outside every profile"),
    "set-without-intent": (Category.READ, "something was set or called at a meter that no intent covers then"),
    "intent-without-end": (Category.UNPROVED, "a batch is over, and the log says neither what it did nor that it was given up"),
    "rows-missing": (Category.UNPROVED, "fewer rows in the lake than the deed says were stored"),
    "given-up-too-early": (
        Category.UNPROVED,
        "retention took readings away that every ground still held, and nobody had them erased; or anything else within its term",
    ),
    "correction-without-ground": (
        Category.UNPROVED,
        "a value stands as put right, and the log names no rectification of that person's readings for it",
    ),
    "correction-differs": (Category.UNPROVED, "a corrected value, or what it said before, is not what the log was told"),
    "basis-too-small": (
        Category.UNPROVED,
        "a stored row names fewer rules than it was read under, and the log says nothing of an erasure",
    ),
    "deed-without-session": (Category.UNPROVED, "a task was done that the meter does not remember"),
    "task-beyond-permits": (Category.OVER_BROAD, "a task asks more than its permits, or a profile that none of them needs"),
    "get-beyond-task": (Category.OVER_BROAD, "a meter was asked a longer period than the intent names"),
    "row-beyond-permits": (
        Category.OVER_BROAD,
        "values are kept outside the period of the permits, or more of them than such a row has in a day",
    ),
    "rows-beyond-deed": (
        Category.OVER_BROAD,
        "more rows in the lake than the deed says were stored, less those of which retention said that they went",
    ),
    "basis-beyond-permits": (Category.OVER_BROAD, "a stored row names a rule that no permit it was read under rests on"),
    "not-witnessed": (Category.LATE, "lines were signed more than a minute ago, and the witness does not answer for them"),
    "get-after-stop": (Category.LATE, "a meter was asked after all grounds for it had stopped"),
    "get-beyond-stop": (Category.LATE, "a meter was asked for time of which all grounds had stopped"),
    "kept-after-stop": (Category.LATE, "an answer was taken for a permit that had stopped longer ago than a session lasts"),
    "parcel-without-event": (Category.DELIVERY, "a delivered parcel that the log does not know, or knows differently"),
    "event-without-parcel": (Category.DELIVERY, "a delivery in the log without its parcel"),
    "parcel-not-decided": (Category.DELIVERY, "deciding again does not give the permit it left under"),
    "parcel-after-stop": (Category.LATE, "a parcel left under a permit whose ground had gone before"),
    "file-without-parcel": (
        Category.DELIVERY,
        "a document in the outbox that is no delivered parcel of that receiver, or a file that is no bundle",
    ),
    "parcel-of-another": (Category.DELIVERY, "a document about another metering point, product or purpose than its parcel"),
    "parcel-value-differs": (Category.DELIVERY, "a document tells a value that is not the one that was read"),
    "parcel-word-differs": (
        Category.DELIVERY,
        "a document names another ground, unit, mark or way of reading than its parcel gives, or says what has no place in it",
    ),
    "parcel-beyond-permit": (Category.OVER_BROAD, "a document holds more than its permit"),
    "paper-beyond-parcels": (
        Category.OVER_BROAD,
        "a supplier's paper rests on more than parcels to it, or its page or its words say otherwise",
    ),
    "sum-of-few": (
        Category.DELIVERY,
        "a sum was told over fewer homes than its use case's group, or all but fewer, by who was read and who lives there",
    ),
    "sum-of-unread": (Category.DELIVERY, "a sum was told over more homes than were read for it"),
    "sum-without-event": (Category.DELIVERY, "the registry holds a sum that the log does not know, or knows differently"),
    "sum-beside-sum": (Category.OVER_BROAD, "two sums of a transformer were told whose difference no guard looked at"),
    "view-not-decided": (Category.VIEW, "somebody was shown something, and deciding again does not give that permit"),
    "view-of-another": (Category.VIEW, "somebody looked at what is about another person"),
    "view-refused-with-ground": (Category.UNPROVED, "somebody was refused a look for which there was a ground"),
    "look-unnamed": (Category.VIEW, "one of the operator's people looked, and the line holds no commitment to who it was and why"),
    "proof-of-another": (Category.VIEW, "somebody was given the proof of a line about another person"),
    "refused-with-ground": (Category.REFUSED, "a read was refused for which there was a ground"),
    "refused-otherwise": (Category.REFUSED, "a read was refused for another reason than deciding again gives"),
    "withheld-with-ground": (Category.REFUSED, "a parcel was withheld for which there was a ground"),
    "withheld-otherwise": (Category.REFUSED, "a parcel was withheld for another reason than deciding again gives"),
    "withheld-without-event": (Category.REFUSED, "a parcel that was withheld, and the log does not say so"),
}
"""Every kind of finding: how it counts, and what contradicts what."""


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
    codes: Counter[str] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)

    def add(self, code: str, times: int = 1, **detail: Any) -> None:  # noqa: ANN401 - ids and counts of any kind
        """Take up a contradiction, or `times` of the same kind."""
        self.counts[CODES[code][0]] += times
        self.codes[code] += times
        if len(self.findings) < KEPT:
            self.findings.append(Finding(code, detail | ({"times": times} if times > 1 else {})))

    @property
    def checked(self) -> int:
        """How many things were compared: entries, lines, rows, requests in the meters' journals, parcels."""
        return self.compared.total()

    @property
    def uncovered(self) -> int:
        """Everything without its ground or its proof; what is over-broad or late counts by itself."""
        return self.uncovered_reads + self.uncovered_deliveries + self.uncovered_views + self.counts[Category.UNPROVED]

    @property
    def uncovered_reads(self) -> int:
        """Reads, or stored readings, without ground."""
        return self.counts[Category.READ]

    @property
    def uncovered_deliveries(self) -> int:
        """Deliveries without ground."""
        return self.counts[Category.DELIVERY]

    @property
    def uncovered_views(self) -> int:
        """Looks, files and proofs without ground."""
        return self.counts[Category.VIEW]

    @property
    def over_broad(self) -> int:
        """More was asked, kept or delivered than a permit covers."""
        return self.counts[Category.OVER_BROAD]

    @property
    def late(self) -> int:
        """Requests to a meter, and parcels, after the stop."""
        return self.counts[Category.LATE]

    @property
    def refused_wrongly(self) -> int:
        """Refused, or withheld, without the reason that was said."""
        return self.counts[Category.REFUSED]

    def as_json(self) -> dict[str, Any]:
        """Return it JSON-ready."""
        return {
            "at": self.at.isoformat(),
            "checked": self.checked,
            "compared": dict(sorted(self.compared.items())),
            "uncovered": self.uncovered,
            "uncovered_reads": self.uncovered_reads,
            "uncovered_deliveries": self.uncovered_deliveries,
            "uncovered_views": self.uncovered_views,
            "over_broad": self.over_broad,
            "late": self.late,
            "refused_wrongly": self.refused_wrongly,
            "codes": dict(sorted(self.codes.items())),
            "findings": [{"code": one.code, **one.detail} for one in self.findings],
        }
