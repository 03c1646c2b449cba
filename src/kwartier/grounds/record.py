"""The record of processing activities (GDPR art. 30) and what a DPIA (art. 35) begins with, from the tables alone. Pure.

One activity is one rule that grants. Everything here follows from the rule, the kinds of data that are held, and the retention
table: what is written by hand is only how a shape of data weighs, and which safeguard a condition is.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, final

from kwartier.grounds import retention, rights
from kwartier.grounds.holdings import HOLDINGS, kept
from kwartier.grounds.rule import Condition, Edition, Rule
from kwartier.model.ground import Action, Role
from kwartier.model.period import Period, day_of
from kwartier.model.register import INTERVAL_MASK

RECIPIENTS: Final = {
    Role.CUSTOMER: "the person",
    Role.SUPPLIER: "suppliers under an agreement, own customers in the own period",
    Role.THIRD_PARTY: "third parties under an agreement, that the person permitted",
    Role.OPERATOR: "nobody: the operator's own use",
}
SAFEGUARDS: Final[Mapping[Condition, str]] = {
    Condition.OCCUPANT: "own time only; each look is a line of the log",
    Condition.OPT_IN: "asked for by the person, revocable at any moment, a year at a time",
    Condition.SCHEDULE: "day registers on scheduled days only; own customers, own period, agreement in force",
    Condition.ANNIVERSARY: "one register a year; own customers, agreement in force",
    Condition.MOVE: "one register at the move; own customers, agreement in force",
    Condition.SWITCH: "one register at the switch; each its own, agreement in force",
    Condition.PERMISSION: "express permission with scope and end, revocable at any moment; agreement in force",
    Condition.USE_CASE: "use case proposed with reasons and approved by another, area and days named, yearly limit, objection",
    Condition.BY_HAND: "what was taken at the meter, where it is not read remotely; own customers, agreement in force",
    Condition.CHOICE: "the person's own choice",
    Condition.DEFAULT: "one register, of a moment that a supplier in default left to the operator",
}
"""The safeguard that each condition is."""
TOGETHER: Final = "a tamper-evident log, decided again before delivery, restriction of processing, retention by a nightly run"


@final
@dataclass(frozen=True, slots=True)
class Activity:
    """One processing activity. `weight` is how much the data say about a life: high, some, little."""

    rule: Rule
    data: str
    recipients: str
    basis: str
    kept: str
    weight: str
    safeguards: str

    @property
    def needs_dpia(self) -> bool:
        """True where data that say much about a life are used without the person asking for it (art. 35)."""
        return self.weight == "high" and rights.base(self.rule) is not rights.Base.CONSENT and not rights.is_own(self.rule)


def activities(edition: Edition, at: datetime) -> list[Activity]:
    """Return every processing activity of an edition, in the order of its rules; a station's meter is about nobody."""
    return [_activity(rule, at) for rule in edition.grants if not rule.station]


def _activity(rule: Rule, at: datetime) -> Activity:
    return Activity(
        rule,
        _data(rule),
        RECIPIENTS[rule.role] if rule.role is not None else "",
        f"GDPR art. {rights.article(rule)}; {rule.article}",
        _kept(rule, at),
        _weight(rule),
        SAFEGUARDS[rule.condition],
    )


def _data(rule: Rule) -> str:
    if not rule.mask:
        return ", ".join(sorted(str(one) for one in rule.data_classes)).replace("_", " ")
    return "quarter-hours or hours, day registers" if rule.mask & INTERVAL_MASK else "day registers"


def _weight(rule: Rule) -> str:
    if not rule.mask:
        return "little"
    return "high" if rule.mask & INTERVAL_MASK else "some"


def _kept(rule: Rule, at: datetime) -> str:
    if not rule.mask:
        return "what was seen last, see below"
    if rule.condition is Condition.BY_HAND:
        return str(retention.during(rule, Period(at, at))[0].term)
    if not rule.keeps:
        return "not kept: added up at once, over a group"
    if Action.READ not in rule.actions:
        return "nothing more is kept for it"
    return str(retention.of_rule(rule, at).term)


def as_markdown(edition: Edition, at: datetime, parties: Sequence[tuple[str, str, str]] = (), settings: Sequence[str] = ()) -> str:
    """Return the record as a page. `parties` are (code, role, how it stands), `settings` sentences of an installation."""
    return "\n".join(_lines(edition, at, parties, settings)) + "\n"


def _lines(edition: Edition, at: datetime, parties: Sequence[tuple[str, str, str]], settings: Sequence[str]) -> Iterator[str]:
    found = activities(edition, at)
    yield f"Code of conduct in force: edition {edition.id} ({edition.title_en}), from {day_of(edition.in_force.start).isoformat()}."
    yield ""
    yield "## Activities (art. 30(1)(b) to (f))"
    yield ""
    yield from _table(
        ("rule", "purpose", "basis", "data", "recipients", "how long"),
        ((a.rule.id, a.rule.title_en, a.basis, a.data, a.recipients, a.kept) for a in found),
    )
    yield ""
    yield "## Kinds of data, their source and term (art. 30(1)(c), (f))"
    yield ""
    yield from _table(
        ("kind", "what", "from", "how long", "on", "where"),
        ((h.id, h.en, h.source_en, kept(h, at, "en"), h.article, ", ".join(h.where)) for h in HOLDINGS),
    )
    yield ""
    yield "## Of others than whose meters are read (art. 30(1)(c), (f))"
    yield ""
    yield from _table(
        ("what", "how long", "counted from", "why"),
        (
            (row.en, str(row.term), row.counted_from, row.source)
            for row in retention.in_force(at)
            if row.kept in retention.OF_OTHERS
        ),
    )
    yield ""
    yield "## Where a DPIA begins (art. 35)"
    yield ""
    yield f"For all of them: {TOGETHER}."
    yield ""
    yield from _table(
        ("rule", "what the data say about a life", "without the person asking", "safeguards", "DPIA"),
        ((a.rule.id, a.weight, _unasked(a.rule), a.safeguards, "needed" if a.needs_dpia else "") for a in found),
    )
    if parties:
        yield ""
        yield "## Recipients now (art. 30(1)(d))"
        yield ""
        yield from _table(("party", "role", "stands"), parties)
    if settings:
        yield ""
        yield "## This installation"
        yield ""
        yield from (f"* {one}" for one in settings)


def _unasked(rule: Rule) -> str:
    return "no" if rights.is_own(rule) or rights.base(rule) is rights.Base.CONSENT else "yes"


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(columns)} |"
    yield "|" + "---|" * len(columns)
    yield from (f"| {' | '.join(cell.replace('|', '/') for cell in row)} |" for row in rows)
