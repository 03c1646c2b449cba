"""How one requester stands at one connection: what it may know now and why, for which purposes the answer is no, and why.

The yes comes from `explain.who_may`, the no from `decide` itself, asked about the day before; so both say what the table says.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import final

from kwartier.grounds import conduct, explain
from kwartier.grounds.decide import decide
from kwartier.grounds.explain import Bar, Explanation
from kwartier.grounds.rule import Rule
from kwartier.model.ground import USAGE, DataClass, Facts, Purpose, Refusal, Request, Requester
from kwartier.model.period import Period, day_of, day_period, midnight
from kwartier.model.register import INTERVAL_MASK, Mask


@final
@dataclass(frozen=True, slots=True)
class Stand:
    """What `requester` may know (`may`), what it may not and why (`may_not`, one per purpose), and what bars everybody (`bars`)."""

    requester: Requester
    may: tuple[Explanation, ...]
    may_not: tuple[Refusal, ...]
    bars: tuple[Bar, ...]


def stand(facts: Facts, requester: Requester, channels: Mask, *, at: datetime) -> Stand:
    """Return how this requester stands at `at`; `channels` are those of the connection's product."""
    lines = tuple(one for one in explain.who_may(facts, at=at) if one.requester == requester and reaches(one, channels))
    open_purposes = {one.purpose for one in lines}
    rules = [one for one in conduct.edition_at(at).grants if one.role is requester.role and not one.station]
    asked = [_sample(rule, facts, requester, channels, at) for rule in rules if rule.purpose not in open_purposes]
    answers = [decide(request, facts, at=at) for request in asked]
    return Stand(
        requester, lines, tuple(one for one in answers if isinstance(one, Refusal)), tuple(explain.who_may_not(facts, at=at))
    )


def reaches(line: Explanation, channels: Mask) -> bool:
    """True if the line is about something of this product, or about no usage at all."""
    return bool(line.mask & channels) or not line.mask


def _sample(rule: Rule, facts: Facts, requester: Requester, channels: Mask, at: datetime) -> Request:
    """Ask what the row is about of yesterday: its quarter-hours if the row knows any, else the registers that close it."""
    mask = rule.mask & channels
    closes = midnight(day_of(at))
    period, data_class = Period(closes, closes), DataClass.REGISTER
    if mask & INTERVAL_MASK:
        mask, period, data_class = mask & INTERVAL_MASK, day_period(day_of(at) - timedelta(days=1)), DataClass.PROFILE
    if not mask:
        data_class = min(rule.data_classes - USAGE)
    purpose = rule.purpose
    assert purpose is not None  # noqa: S101 - a row that grants has one; this tells mypy
    return Request(requester, rule.actions[0], Purpose(purpose), facts.connection, mask, period, data_class)
