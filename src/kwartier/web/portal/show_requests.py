"""What parties ask of the customer, what a customer may narrow, and which permissions are about to run out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final, final

from kwartier.grounds.permission import Scope
from kwartier.model.period import Period, day_of, midnight
from kwartier.model.register import CONSUMPTION_MASK, DAY_MASK, INTERVAL_MASK, Mask, Product
from kwartier.web.portal import phrases
from kwartier.web.portal.show_rights import purpose_in
from kwartier.web.portal.words import Words
from kwartier.workflows.inquiry import MyPermission
from kwartier.workflows.permission.asked import MyAnswer, MyRequest
from kwartier.workflows.permission.reminders import renewed_until

SOON: Final = timedelta(days=30)


@final
@dataclass(frozen=True, slots=True)
class Choices:
    """What a form lets the customer leave out: kinds, what was given back, the past, and the last days."""

    kinds: Sequence[tuple[str, str]]
    fed_in: bool
    past: bool
    first: str
    last: str


@final
@dataclass(frozen=True, slots=True)
class Wanted:
    """A request as the page shows it. `digits` name the connection; `when` says what happens if the customer does nothing."""

    id: int
    name: str
    digits: str
    what: str
    purpose: str
    about: str
    until: str
    when: str
    claimed: bool
    choices: Choices


@final
@dataclass(frozen=True, slots=True)
class Ending:
    """A permission that is about to run out. `until`, `about` and `same` tell what a renewal gives.

    `choices` is None where nothing can go on; then `about` is the time that was. `digits` name the connection, and are empty for
    one that turned out to be somebody else's.
    """

    id: int
    name: str
    digits: str
    what: str
    purpose: str
    state: str
    until: str
    about: str
    same: str
    choices: Choices | None


def wanted(words: Words, requests: Sequence[MyRequest], digits: Mapping[int, str], at: datetime) -> list[Wanted]:
    """Return requests as the page shows them."""
    return [_wanted(words, one, digits, at) for one in requests]


def _wanted(words: Words, one: MyRequest, digits: Mapping[int, str], at: datetime) -> Wanted:
    claimed = words.text("It says that you gave it your permission in its own app. If you say nothing, reading begins on %s.")
    asked = words.text("If you say nothing, nothing is read and nothing is handed over. The question lapses on %s.")
    return Wanted(
        id=one.id,
        name=one.party,
        digits=digits.get(one.connection, ""),
        what=_what(words, one.scope.mask, one.product),
        purpose=one.scope.purpose,
        about=phrases.span(words, one.scope.data),
        until=phrases.until(words, one.scope.until),
        when=(claimed % words.date(day_of(one.begins))) if one.claimed else (asked % words.date(day_of(one.answer_by))),
        claimed=one.claimed,
        choices=choices(words, one.scope, one.product, at, begins=at if one.claimed else one.begins),
    )


@final
@dataclass(frozen=True, slots=True)
class Answered:
    """A request that has its answer, or will get none any more."""

    name: str
    digits: str
    what: str
    purpose: str
    asked: str
    how: str


def past(words: Words, found: Sequence[MyAnswer], digits: Mapping[int, str]) -> list[Answered]:
    """Return what was asked before as the page shows it, with what became of it."""
    return [
        Answered(
            name=one.party,
            digits=digits.get(one.connection, ""),
            what=_what(words, one.scope.mask, one.product),
            purpose=one.scope.purpose,
            asked=_was_asked(words, one) % words.date(day_of(one.asked)),
            how=_became(words, one) % words.date(day_of(one.at)),
        )
        for one in found
    ]


def _was_asked(words: Words, one: MyAnswer) -> str:
    return words.text("Said on %s to have your permission.") if one.claimed else words.text("Asked on %s.")


def _became(words: Words, one: MyAnswer) -> str:
    return {
        "granted": words.text("It began on %s, since you did not say no.") if one.silently else words.text("You said yes on %s."),
        "rejected": words.text("You said no on %s."),
        "timed_out": words.text("It ran out on %s without an answer: nothing came of it."),
    }.get(one.outcome, words.text("It did not hold, as was found on %s: nothing came of it."))


def _what(words: Words, mask: Mask, product: Product) -> str:
    return f"{phrases.capital(phrases.product(words, product))}: {phrases.data(words, mask, product)}"


def choices(words: Words, scope: Scope, product: Product, at: datetime, *, begins: datetime) -> Choices:
    """Return what can be left out of a scope that would be in force from `begins` on, from now at the earliest."""
    first, last = day_of(max(begins, at)), phrases.last_day(scope.until)
    kinds = [
        (name, phrases.capital(phrases.data(words, scope.mask & part, product).split(",")[0]))
        for name, part in (("interval", INTERVAL_MASK), ("day", DAY_MASK))
        if scope.mask & part
    ]
    return Choices(
        kinds=kinds if len(kinds) > 1 else [],
        fed_in=bool(scope.mask & ~CONSUMPTION_MASK and scope.mask & CONSUMPTION_MASK),
        past=scope.data.start < midnight(day_of(at)),
        first=min(first, last).isoformat(),
        last=last.isoformat(),
    )


def narrowed(scope: Scope, form: Mapping[str, str], at: datetime) -> Scope:
    """Return what is left of a scope by the form. Raises ValueError or OverflowError for what is no date here."""
    mask = scope.mask
    if "choose" in form:
        mask &= (INTERVAL_MASK if "interval" in form else 0) | (DAY_MASK if "day" in form else 0)
    if "taken_only" in form:
        mask &= CONSUMPTION_MASK
    data, today = scope.data, midnight(day_of(at))
    if "from_now" in form and data.start < today:
        data = Period(today, data.end if data.end is None else max(data.end, today))
    until = _until(scope, form)
    if data.end == scope.until:
        data = Period(data.start, until)  # what ends with the permission still does
    return replace(scope, mask=mask, data=data, until=until)


def _until(scope: Scope, form: Mapping[str, str]) -> datetime:
    chosen = date.fromisoformat(form["last"]) if form.get("last") else None
    if chosen is None or chosen == phrases.last_day(scope.until):
        return scope.until
    return midnight(chosen + timedelta(days=1))


def answered(words: Words, how: str) -> str:
    """Say what the customer has just done; empty for nothing."""
    return {
        "granted": words.text("You gave this permission. It stands below, and you can revoke it there at any moment."),
        "rejected": words.text("You said no. Nothing is read and nothing is handed over on this request."),
        "declined": words.text("You said no. There was nothing left to end; nothing of the same begins without your yes."),
        "renewed": words.text("The permission goes on when it would have ended."),
    }.get(how, "")


def ending(words: Words, permissions: Sequence[MyPermission], digits: Mapping[int, str], at: datetime) -> list[Ending]:
    """Return the permissions that run out within a month and that nothing goes on from."""
    return [_ending(words, one, digits, at) for one in permissions if one.ended is None and runs_out(one, permissions, at)]


def runs_out(one: MyPermission, permissions: Sequence[MyPermission], at: datetime) -> bool:
    """Tell whether a permission is about to run out, and can go on."""
    if one.cut or one.until is None or not one.given <= at < one.until <= at + SOON:
        return False
    alike = (
        each for each in permissions if (each.connection, each.party, each.purpose) == (one.connection, one.party, one.purpose)
    )
    return not any(each.given >= one.until and each.ended is None for each in alike)


def renewed(one: MyPermission) -> Scope | None:
    """Return what a renewal would be: the same, for another year. None where nothing can go on."""
    assert one.until is not None  # noqa: S101 - only what runs out is renewed
    return Scope(one.mask, one.purpose, one.data, one.until).going_on(renewed_until(one.until))


def _ending(words: Words, one: MyPermission, digits: Mapping[int, str], at: datetime) -> Ending:
    scope = renewed(one)
    return Ending(
        id=one.id,
        name=one.party or words.text("Your own page"),
        digits=digits.get(one.connection, ""),
        what=_what(words, one.mask, one.product),
        purpose=purpose_in(words, one.purpose) if one.party is None else one.purpose,
        state=words.text("Ends %s.") % phrases.until(words, one.until or at),
        until="" if scope is None else phrases.until(words, scope.until),
        about=phrases.span(words, one.data if scope is None else _in_force(scope)),
        same="" if scope is None else words.text("The same data, %s.") % phrases.until(words, _in_force(scope).end or scope.until),
        choices=None if scope is None else choices(words, scope, one.product, at, begins=one.until or at),
    )


def _in_force(scope: Scope) -> Period:
    """Return the time of which there is anything to be had while this is in force."""
    end = scope.data.end
    return Period(scope.data.start, scope.until if end is None else min(end, scope.until))
