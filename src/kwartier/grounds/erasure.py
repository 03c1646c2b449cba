"""What of a person's data is erased when the person asks, what stays, and why: decided per ground, said in both languages. Pure.

1. What is held by consent alone (the customer's own page, a permission to a party) is erased, once the consent was taken back.
2. While the consent lives it is not: taking it back comes first, and stops the next read and delivery.
3. What a task under law needs stays until its term (GDPR art. 17(3)(b)), and says until when.
4. What is neither, the care of a meter where the person lived, doubted answers and copies of documents, goes.
5. What the person had restricted stays until the restriction is lifted (GDPR art. 18(2)).
6. The name goes when none of it all is left, and the person neither lives at a connection nor has a permission that lives.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final, final

from kwartier.grounds import conduct, retention
from kwartier.grounds.retention import Kept
from kwartier.grounds.rule import Condition, Rule
from kwartier.model.ground import Permission
from kwartier.model.period import Period, day_of

ARTICLE: Final = "GDPR art. 17(1)(b)"
TASK: Final = "GDPR art. 17(3)(b)"
RESTRICTION: Final = "GDPR art. 18(2)"
WITHDRAWAL: Final = "GDPR art. 7(3), 17(1)(b)"
_LIFT_NL: Final = "u hebt de verwerking laten beperken, dus blijft dit staan. Hef dat eerst op, vraag daarna opnieuw."
_LIFT_EN: Final = "you had its processing restricted, so it stays. Lift that first, then ask again."


class Fate(StrEnum):
    """What becomes of something that was asked to be erased."""

    ERASED = "erased"
    KEPT = "kept"
    WITHDRAW_FIRST = "withdraw_first"


@final
@dataclass(frozen=True, slots=True)
class Stay:
    """A person's time at a connection, and the permissions the person gave there. `opens`, `closes`: its ends are nobody else's."""

    connection: int
    period: Period
    permissions: tuple[Permission, ...] = ()
    opens: bool = True
    closes: bool = True
    restricted: bool = False
    """The person had its processing restricted (GDPR art. 18): what is held stays."""

    def until(self, at: datetime) -> Period | None:
        """Return the part of it that is over at a moment, None if none is."""
        end = at if self.period.end is None else min(at, self.period.end)
        return Period(self.period.start, end) if self.period.start < end else None


@final
@dataclass(frozen=True, slots=True)
class Held:
    """Readings about a person's time at a connection that rest on the same rules (bits, as a basis): from which day to which."""

    connection: int
    rules: int
    first: date
    last: date


@final
@dataclass(frozen=True, slots=True)
class Answer:
    """What becomes of one thing. `about` is a rule's id or a kind of the retention table; `until` the last day that it is kept."""

    about: str
    connection: int | None
    fate: Fate
    article: str
    nl: str
    en: str
    first: date | None = None
    last: date | None = None
    until: date | None = None


@final
@dataclass(frozen=True, slots=True)
class Freed:
    """Of a person's time at a connection: which rules hold nothing any more. `period` ends when it was asked at the latest."""

    connection: int
    period: Period
    rules: int
    opens: bool
    closes: bool


@final
@dataclass(frozen=True, slots=True)
class Erasure:
    """The decision: an answer for each thing, what to take away, and whether the person can be forgotten whole."""

    answers: tuple[Answer, ...]
    freed: tuple[Freed, ...]
    whole: bool


def decide_erasure(stays: Sequence[Stay], held: Iterable[Held], *, at: datetime) -> Erasure:
    """Decide what becomes of all that is held about a person, as of `at`."""
    freed: dict[int, int] = {}
    for stay in stays:  # of two stays at one connection a consent that lives holds both
        freed[stay.connection] = freed.get(stay.connection, retention.consent()) & (0 if stay.restricted else _freed(stay, at))
    restricted = {stay.connection for stay in stays if stay.restricted}
    readings = tuple(
        answer
        for one in held
        for answer in (_restricted(one) if one.connection in restricted else _readings(one, freed.get(one.connection, 0), at))
    )
    lives = any(
        stay.restricted or stay.period.contains(at) or any(one.live.contains(at) for one in stay.permissions) for stay in stays
    )
    whole = not lives and all(answer.fate is Fate.ERASED for answer in readings)
    takes = tuple(
        Freed(stay.connection, cut, freed[stay.connection], stay.opens, stay.closes and cut.end == stay.period.end)
        for stay in stays
        if (cut := stay.until(at)) is not None
    )
    return Erasure((*readings, *_rest(stays, whole=whole, at=at)), takes, whole)


def _freed(stay: Stay, at: datetime) -> int:
    """Return the rules whose consent does not live at this connection any more, or never did."""
    living = {rule.no for one in stay.permissions if one.live.contains(at) for rule in _rules_of(one)}
    return sum(1 << rule.no for rule in _consents() if rule.no not in living)


def _consents() -> list[Rule]:
    consent = retention.consent()
    return [rule for rule in retention.keeping() if consent >> rule.no & 1]


def _rules_of(permission: Permission) -> Iterator[Rule]:
    """Yield the rules that a permission can be the ground of: a party's, or that of the own page."""
    wanted = Condition.OPT_IN if permission.party is None else Condition.PERMISSION
    yield from (rule for rule in _consents() if rule.condition is wanted)


def _readings(held: Held, freed: int, at: datetime) -> Iterator[Answer]:
    """Yield an answer for each ground of some readings: what a task holds decides, then a consent that lives."""
    consent = retention.consent()
    ends = {no: _until(conduct.rule(no), held.last, at) for no in range(1, 63) if held.rules >> no & 1}
    living = {no: until for no, until in ends.items() if until >= day_of(at)}
    tasks = {no: until for no, until in living.items() if not consent >> no & 1}
    given = {no for no in living if consent >> no & 1 and not freed >> no & 1}
    for no in sorted(ends):
        rule = conduct.rule(no)
        if no in tasks:
            yield _kept(held, rule, tasks[no])
        elif no in given:
            yield _withdraw(held, rule)
        else:
            yield _erased(held, rule, stays=bool(tasks or given))


def _until(rule: Rule, last: date, at: datetime) -> date:
    """Return the last day on which a rule holds readings about a day: the day before it would be too old."""
    return retention.of_rule(rule, at).term.after(last)


def _restricted(held: Held) -> Iterator[Answer]:
    """Yield an answer for each ground of readings whose processing the person had restricted."""
    for rule in (conduct.rule(no) for no in range(1, 63) if held.rules >> no & 1):
        yield Answer(
            rule.id,
            held.connection,
            Fate.KEPT,
            RESTRICTION,
            f"{rule.title_nl}: {_LIFT_NL}",
            f"{rule.title_en}: {_LIFT_EN}",
            held.first,
            held.last,
        )


def _kept(held: Held, rule: Rule, until: date) -> Answer:
    return Answer(
        rule.id,
        held.connection,
        Fate.KEPT,
        TASK,
        f"{rule.title_nl}: blijft tot en met {until:%d-%m-%Y}, omdat een wettelijke taak het vraagt.",
        f"{rule.title_en}: stays up to {until:%Y-%m-%d}, since a task under law needs it.",
        held.first,
        held.last,
        until,
    )


def _withdraw(held: Held, rule: Rule) -> Answer:
    return Answer(
        rule.id,
        held.connection,
        Fate.WITHDRAW_FIRST,
        WITHDRAWAL,
        f"{rule.title_nl}: uw toestemming loopt nog. Trek die eerst in, vraag daarna opnieuw.",
        f"{rule.title_en}: your consent lives. Take it back first, then ask again.",
        held.first,
        held.last,
    )


def _erased(held: Held, rule: Rule, *, stays: bool) -> Answer:
    nl = "wordt gewist." if not stays else "is geen grond meer; de standen zelf blijven op de andere grond die hier staat."
    en = (
        "is erased." if not stays else "is no ground any more; the readings themselves stay on the other ground that is named here."
    )
    return Answer(
        rule.id,
        held.connection,
        Fate.ERASED,
        ARTICLE,
        f"{rule.title_nl}: {nl}",
        f"{rule.title_en}: {en}",
        held.first,
        held.last,
    )


_RULE_LESS: Final = {
    Kept.QUARANTINE: ("antwoorden waar de controle aan twijfelt worden gewist.", "answers that validation doubts are erased."),
    Kept.DOCUMENTS: (
        "onze kopie van wat met toestemming aan een derde is geleverd wordt gewist; wat de derde zelf bewaart vraagt u daar.",
        "our copy of what was handed to a third party by permission is erased; ask the party about what it keeps itself.",
    ),
    Kept.SIGHTS: (
        "wat de zorg voor meter en net zag waar u hebt gewoond wordt gewist; waar u woont blijft het laatste.",
        "what care of meter and grid saw where you have lived is erased; where you live the latest stays.",
    ),
    Kept.LETTERS: (
        "brieven aan u die nog klaarliggen voor de post worden gewist, behalve een waarop u nog nee kunt zeggen.",
        "letters to you that still lie ready for the post are erased, except one to which you can still say no.",
    ),
}


_STAYS: Final = {
    Kept.QUARANTINE: (f"Antwoorden waar de controle aan twijfelt: {_LIFT_NL}", f"Answers that validation doubts: {_LIFT_EN}"),
    Kept.DOCUMENTS: (
        f"Onze kopie van wat met toestemming aan een derde is geleverd: {_LIFT_NL}",
        f"Our copy of what was handed to a third party by permission: {_LIFT_EN}",
    ),
    Kept.SIGHTS: (
        f"Wat de zorg voor meter en net zag waar u hebt gewoond: {_LIFT_NL}",
        f"What care of meter and grid saw where you have lived: {_LIFT_EN}",
    ),
}
"""What none of the rules holds and a restriction does. Letters go all the same."""


def _rest(stays: Sequence[Stay], *, whole: bool, at: datetime) -> Iterator[Answer]:
    restricted = {stay.restricted for stay in stays}
    for kept, (nl, en) in _RULE_LESS.items():
        if kept is Kept.LETTERS or restricted != {True}:
            yield Answer(kept.value, None, Fate.ERASED, "GDPR art. 17(1)(a)", nl.capitalize(), en.capitalize())
        if kept is not Kept.LETTERS and True in restricted:
            yield Answer(kept.value, None, Fate.KEPT, RESTRICTION, *_STAYS[kept])
    if whole:
        yield Answer(
            Kept.PERSONS.value,
            None,
            Fate.ERASED,
            "GDPR art. 17(1)(a)",
            "Uw naam en klantnummer worden gewist; geen regel van het logboek is dan nog aan u te binden. Dat er iets is"
            " geleverd blijft, over niemand.",
            "Your name and customer number are erased; no line of the log can be tied to you any more. That something was"
            " delivered stays, about nobody.",
        )
        return
    nl, en = _holding(stays, at)
    yield Answer(
        Kept.PERSONS.value,
        None,
        Fate.KEPT,
        TASK,
        f"Uw naam, klantnummer en uw regels in het logboek blijven zolang {nl}.",
        f"Your name, customer number and your lines in the log stay as long as {en}.",
    )


def _holding(stays: Sequence[Stay], at: datetime) -> tuple[str, str]:
    """Return what the name stays for."""
    if any(stay.period.contains(at) for stay in stays):
        return "u hier woont", "you live here"
    if any(stay.restricted for stay in stays):
        return "u de verwerking hebt laten beperken", "you have the processing restricted"
    return "er nog standen voor een wettelijke taak of een lopende toestemming zijn", "readings are held by a task or a consent"
