"""What a person stopped by a right: the processing as a whole (F14, GDPR art. 18), or a purpose of the operator (F15, art. 21).

Neither touches what is the person's own: the access, the opt-in, the choice at the meter. Nor what rests on the person's consent, a
permission to a party: art. 18(2) lets restricted data be used with it, and who does not want that revokes it. Both are about the
person and not about the connection: who lives there later, or lived there before, is not bound by them.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from kwartier.grounds.rule import Condition, Rule
from kwartier.model.ground import Facts, Request, Role
from kwartier.model.period import Period

WITH_CONSENT: Final = frozenset({Condition.CHOICE, Condition.OPT_IN, Condition.PERMISSION})
"""What the person asked for, or consented to: a restriction leaves it alone."""


def halted(rule: Rule, subject: int | None, request: Request, facts: Facts, at: datetime) -> str | None:
    """Return F14 or F15 if the person whom the answer would be about, or who lived there meanwhile, stopped it; else None."""
    whom = {subject}
    if not request.period.is_moment:  # a register on a boundary is about one person
        whom.update(home.subject for home in facts.occupancies if home.period.overlaps(request.period))
    if whom & held(rule, facts, at):
        return "F14"
    return "F15" if whom & objecting(rule, facts, at) else None


def held(rule: Rule, facts: Facts, at: datetime) -> set[int | None]:
    """Return who has the processing restricted at `at`, for a rule that serves somebody else without that person's consent."""
    if rule.role is Role.CUSTOMER or rule.condition in WITH_CONSENT:
        return set()
    return {one.subject for one in facts.holds if one.period.contains(at)}


def objecting(rule: Rule, facts: Facts, at: datetime) -> set[int | None]:
    """Return who objects at `at` to what a rule is for: only use cases can be objected to."""
    if rule.condition is not Condition.USE_CASE:
        return set()
    return {one.subject for one in facts.objections if one.purpose is rule.purpose and one.period.contains(at)}


def halts(rule: Rule, facts: Facts, at: datetime) -> Iterator[Period]:
    """Yield the times about which a rule says nothing at `at`, because whose time it was stopped it."""
    if not facts.holds and not facts.objections:
        return
    who = held(rule, facts, at) | objecting(rule, facts, at)
    yield from (home.period for home in facts.occupancies if home.subject in who)
