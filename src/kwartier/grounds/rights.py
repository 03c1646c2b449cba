"""What a person may ask by the privacy law (GDPR art. 15 to 21), until when it must be answered, and how per ground.

A right does not reach every ground alike: what rests on the law is not carried along or objected to, what rests on consent is
revoked instead. So an answer is one per rule of the code of conduct, each with its reason; words are for the edges.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final, final

from kwartier.grounds.rule import Condition, Rule
from kwartier.model.ground import Role
from kwartier.model.period import day_of, midnight

MONTHS: Final = 1
"""GDPR art. 12(3): within one month of receipt."""
EXTENDED_MONTHS: Final = 3
"""The same: by two further months where necessary, with the reason, told within the first."""
BREACH_HOURS: Final = timedelta(hours=72)
"""GDPR art. 33(1): from when it is known."""
_DECEMBER = 12


class Right(StrEnum):
    """What can be asked."""

    ACCESS = "access"
    PORTABILITY = "portability"
    RECTIFICATION = "rectification"
    ERASURE = "erasure"
    RESTRICTION = "restriction"
    OBJECTION = "objection"


ARTICLES: Final = {
    Right.ACCESS: "GDPR art. 15",
    Right.PORTABILITY: "GDPR art. 20",
    Right.RECTIFICATION: "GDPR art. 16, 19",
    Right.ERASURE: "GDPR art. 17, 19",
    Right.RESTRICTION: "GDPR art. 18, 19",
    Right.OBJECTION: "GDPR art. 21",
}
AT_ONCE: Final = frozenset({Right.ACCESS, Right.PORTABILITY, Right.RESTRICTION, Right.OBJECTION, Right.ERASURE})
"""What needs nobody to weigh it: it is answered as it is asked. A restriction and an objection hold while they are looked at."""
CONSENTS: Final = frozenset({Condition.PERMISSION, Condition.OPT_IN})
"""What a rule asks for that rests on consent."""
BY_TABLE: Final = AT_ONCE - {Right.ERASURE}
"""What is answered by the rules alone. Erasure depends on what is held: `erasure.decide_erasure` answers it."""


class Base(StrEnum):
    """On what a rule rests (GDPR art. 6(1))."""

    CONSENT = "consent"
    LEGAL_DUTY = "legal_duty"
    PUBLIC_TASK = "public_task"


class Why(StrEnum):
    """Why a right reaches a ground, or does not."""

    GIVEN = "given"
    STOPS = "stops"
    OWN = "own"
    REVOKE = "revoke"
    BY_LAW = "by_law"
    NOT_PORTABLE = "not_portable"
    NOTHING_GIVEN = "nothing_given"
    ERASED = "erased"
    KEPT = "kept"
    REVOKE_FIRST = "revoke_first"


@final
@dataclass(frozen=True, slots=True)
class Reached:
    """How a right is answered about one ground: `done` or refused, and why."""

    rule: str
    done: bool
    why: Why


def base(rule: Rule) -> Base:
    """Return on what a rule that grants rests: consent where a permission opens it, the operator's task where a use case does."""
    if rule.condition in CONSENTS:
        return Base.CONSENT
    return Base.PUBLIC_TASK if rule.condition is Condition.USE_CASE else Base.LEGAL_DUTY


def article(rule: Rule) -> str:
    """Return the paragraph of GDPR art. 6(1)."""
    return {Base.CONSENT: "6(1)(a)", Base.LEGAL_DUTY: "6(1)(c)", Base.PUBLIC_TASK: "6(1)(e)"}[base(rule)]


def is_own(rule: Rule) -> bool:
    """True where the person is served, and nobody else: the own access, the own opt-in, the own choice at the meter."""
    return rule.role is Role.CUSTOMER or rule.condition is Condition.CHOICE


def reach(right: Right, rules: Iterable[Rule], consented: Collection[Condition] = CONSENTS) -> tuple[Reached, ...]:
    """Return how a right reaches each of these rules; nothing for one that no table answers.

    `consented` is what the person ever consented to, whatever became of it. Portability is of that and of contracts alone (art.
    20(1)(a)); the operator has no contract on which it reads: what it does without consent is asked for by the law.
    """
    if right not in BY_TABLE:
        return ()
    return tuple(_reached(right, rule, consented) for rule in rules if rule.grants and not rule.station)


def is_refused(right: Right, reached: Iterable[Reached]) -> bool:
    """True for portability of nothing: who consented to nothing has nothing to take along, which is a no and no empty file."""
    return right is Right.PORTABILITY and not any(one.done for one in reached)


def _reached(right: Right, rule: Rule, consented: Collection[Condition]) -> Reached:
    kind = base(rule)
    if right is Right.ACCESS:
        return Reached(rule.id, done=True, why=Why.GIVEN)
    if right is Right.PORTABILITY:
        if kind is not Base.CONSENT:
            return Reached(rule.id, done=False, why=Why.NOT_PORTABLE)
        given = rule.condition in consented
        return Reached(rule.id, done=given, why=Why.GIVEN if given else Why.NOTHING_GIVEN)
    if right is Right.RESTRICTION:
        why = Why.OWN if is_own(rule) else Why.REVOKE if kind is Base.CONSENT else Why.STOPS
        return Reached(rule.id, done=why is Why.STOPS, why=why)
    why = {Base.PUBLIC_TASK: Why.STOPS, Base.CONSENT: Why.REVOKE, Base.LEGAL_DUTY: Why.BY_LAW}[kind]
    return Reached(rule.id, done=why is Why.STOPS, why=why)


def due(asked: datetime, months: int = MONTHS) -> datetime:
    """Return until when a request must be answered: the end of the local day of the same date, or of the month's last day.

    A weekend or holiday does not move it, although it may in law: so it is never too late.
    """
    day = day_of(asked)
    year, month = day.year + (day.month - 1 + months) // _DECEMBER, (day.month - 1 + months) % _DECEMBER + 1
    first_after = date(year + month // _DECEMBER, month % _DECEMBER + 1, 1)
    last = first_after - timedelta(days=1)
    return midnight(date(year, month, min(day.day, last.day)) + timedelta(days=1))
