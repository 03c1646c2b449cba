"""Who may know what, and why: what the customer allowed, and what the code of conduct allows without."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import final

from kwartier.grounds.explain import Explanation
from kwartier.model.ground import Role
from kwartier.model.period import Period
from kwartier.model.register import ALL_MASK, GAS_MASK, Product
from kwartier.web.portal import phrases, show_usage
from kwartier.web.portal.show_rights import purpose_in
from kwartier.web.portal.show_usage import own_words
from kwartier.web.portal.words import Words
from kwartier.workflows.inquiry import Barred, MyConnection, MyPermission, WhoMay, WhoMayRow


@final
@dataclass(frozen=True, slots=True)
class Given:
    """One permission; `state` says when it ends or ended, `idle` why it opens nothing at present (empty if it does).

    `digits` name the connection, and are empty for one that turned out to be somebody else's.
    """

    id: int
    digits: str
    what: str
    purpose: str
    about: str
    state: str
    idle: str


@final
@dataclass(frozen=True, slots=True)
class Party:
    """Everybody to whom something was given: a card of the page. `whom` is the name to say, as in "to whom"."""

    name: str
    role: str
    given: Sequence[Given]


@final
@dataclass(frozen=True, slots=True)
class Reason:
    """One ground without permission: which data, why, about which time, by which rule."""

    what: str
    why: str
    about: str
    rule: str


@final
@dataclass(frozen=True, slots=True)
class Known:
    """Somebody who may know something without permission, with every ground for it."""

    name: str
    role: str
    reasons: Sequence[Reason]


@final
@dataclass(frozen=True, slots=True)
class Offer:
    """What the customer could ask to be read for the own page: which connection, its digits, the data."""

    connection: int
    digits: str
    what: str


@final
@dataclass(frozen=True, slots=True)
class Who:
    """The part of the page about who may know what."""

    alerts: Sequence[str]
    live: Sequence[Party]
    known: Sequence[Known]
    ended: Sequence[Party]
    offers: Sequence[Offer]


def who(words: Words, found: WhoMay, mine: Sequence[MyConnection], at: datetime) -> Who:
    """Return the part of the page about who may know what."""
    digits = show_usage.digits(mine)
    return Who(
        alerts=_alerts(words, found.barred, digits),
        offers=[offer(words, one) for one in may_ask(found, mine, at)],
        live=_parties(words, (one for one in found.permissions if one.ended is None), digits),
        known=_known(words, found.rows),
        ended=_parties(words, (one for one in found.permissions if one.ended is not None), digits),
    )


def may_ask(found: WhoMay, mine: Sequence[MyConnection], at: datetime) -> list[MyConnection]:
    """Return the connections that the customer could ask to be read for the own page."""
    asked = {one.connection for one in found.permissions if one.party is None and one.ended is None}
    barred = {one.connection for one in found.barred}
    return [one for one in mine if one.mine.contains(at) and one.key not in asked | barred]


def offer(words: Words, one: MyConnection) -> Offer:
    """Return what could be asked for."""
    mask = GAS_MASK if one.product is Product.GAS else ALL_MASK & ~GAS_MASK
    what = f"{phrases.capital(phrases.product(words, one.product))}: {phrases.data(words, mask, one.product)}"
    return Offer(one.key, one.masked[-4:], what)


def _alerts(words: Words, barred: Sequence[Barred], digits: Mapping[int, str]) -> list[str]:
    """Say once what holds for several connections alike, and for which, each once."""
    alike: dict[str, dict[int, str]] = {}
    for one in barred:
        told = f"{own_words(words, one.bar.rule)} {_since(words, one)}"
        alike.setdefault(told, {})[one.connection] = digits.get(one.connection, phrases.NOTHING)
    return [f"{_where(words, list(those.values()))}: {told}" for told, those in alike.items()]


def _since(words: Words, one: Barred) -> str:
    """Say since when; of the time of who lived there before only that it held then."""
    if one.inherited:
        return words.text("It was so before you came to live here.")
    return words.text("This holds since %s.") % phrases.since(words, one.bar.period.start)


def _where(words: Words, digits: Sequence[str]) -> str:
    """Name connections, one or several."""
    several = words.text("Connections ending in %(digits)s")
    told = several if len(digits) > 1 else words.text("Connection ending in %(digits)s")
    return told % {"digits": phrases.listed(words, digits)}


def _parties(words: Words, permissions: Iterable[MyPermission], digits: Mapping[int, str]) -> list[Party]:
    by_party: dict[str | None, list[MyPermission]] = {}
    for one in permissions:
        by_party.setdefault(one.party, []).append(one)
    return [
        Party(
            name=party or words.text("Your own page"),
            role=words.text("app or site") if party else words.text("the grid operator reads for you"),
            given=[given(words, one, digits) for one in sorted(those, key=_order)],
        )
        for party, those in by_party.items()
    ]


def _order(one: MyPermission) -> tuple[bool, float]:
    return one.product is Product.GAS, -one.given.timestamp()


def given(words: Words, one: MyPermission, digits: Mapping[int, str]) -> Given:
    """Return one permission as the page shows it."""
    return Given(
        id=one.id,
        digits=digits.get(one.connection, ""),
        what=f"{phrases.capital(phrases.product(words, one.product))}: {phrases.data(words, one.mask, one.product)}",
        purpose=purpose_in(words, one.purpose) if one.party is None else one.purpose,
        about=phrases.span(words, one.data),
        state=_state(words, one),
        idle="" if one.idle is None else _idle(words, one.idle.id, one.idle.nl if words.language == "nl" else one.idle.en),
    )


def _idle(words: Words, rule: str, said: str) -> str:
    told = words.text("Has no effect at present.")
    return told if own_words(words, rule) else f"{told} {said}"  # what bars everything stands above the page already


def _state(words: Words, one: MyPermission) -> str:
    given_on = words.text("Given on %s") % words.moment(one.given)
    return f"{given_on}, {_end(words, one)}"


def _end(words: Words, one: MyPermission) -> str:
    if one.ended_at is not None:
        return _ended(words, one.because or one.ended or "", one.ended_at)
    if one.until is None:
        return words.text("until you revoke it")
    return words.text("valid %s") % phrases.until(words, one.until)


def _ended(words: Words, how: str, at: datetime) -> str:
    told = {
        "revoked": words.text("revoked by you on %s"),
        "expired": words.text("ran out on %s"),
        "terminated": words.text("ended by the other side on %s"),
        "fulfilled": words.text("done with on %s: all was handed over"),
        "moved_out": words.text("ended when you moved out, on %s"),
        "refused": words.text("ended because the smart meter was refused, on %s"),
        "agreement_ended": words.text("ended with the other side's agreement with the grid operator, on %s"),
        "party_suspended": words.text("ended because the grid operator suspended the other side, on %s"),
    }
    return told.get(how, words.text("declared invalid on %s")) % words.moment(at)


def _known(words: Words, rows: Sequence[WhoMayRow]) -> list[Known]:
    """Gather the lines by who, then those that differ in the product alone; the customer comes last, who knows already."""
    by_who: dict[tuple[Role, str], list[WhoMayRow]] = {}
    for row in sorted(rows, key=lambda row: row.explanation.requester.role is Role.CUSTOMER):
        by_who.setdefault((row.explanation.requester.role, row.who), []).append(row)
    return [
        Known(
            name=name or phrases.capital(phrases.role(words, as_role)),
            role=phrases.role(words, as_role) if name else _as_nobody_else(words, as_role),
            reasons=_reasons(words, those),
        )
        for (as_role, name), those in by_who.items()
    ]


def _as_nobody_else(words: Words, one: Role) -> str:
    return words.text("about yourself") if one is Role.CUSTOMER else words.text("for its own task")


def _reasons(words: Words, rows: Sequence[WhoMayRow]) -> list[Reason]:
    alike: dict[tuple[str, Period], list[WhoMayRow]] = {}
    for row in rows:
        alike.setdefault((row.explanation.rule, row.explanation.period), []).append(row)
    return [
        Reason(
            what=_what(words, those),
            why=_why(words, those[0].explanation),
            about=phrases.span(words, period),
            rule=rule,
        )
        for (rule, period), those in alike.items()
    ]


def _what(words: Words, rows: Sequence[WhoMayRow]) -> str:
    mask = 0
    for row in rows:
        mask |= row.explanation.mask
    if not mask:
        return words.text("The meter itself, no usage")
    products = list(dict.fromkeys(row.product for row in rows))
    named = phrases.listed(words, [phrases.product(words, one) for one in products])
    return f"{phrases.capital(phrases.data(words, mask, products[0] if len(products) == 1 else None))}: {named}"


def _why(words: Words, one: Explanation) -> str:
    return one.nl if words.language == "nl" else one.en


@final
@dataclass(frozen=True, slots=True)
class ToRevoke:
    """What is asked before a permission is revoked: to whom, what, and what happens then."""

    given: Given
    name: str
    then: Sequence[str]


def to_revoke(words: Words, one: MyPermission, permissions: Sequence[MyPermission], digits: Mapping[int, str]) -> ToRevoke:
    """Return what a customer sees before revoking one of these permissions."""
    name = one.party or words.text("Your own page")
    return ToRevoke(given(words, one, digits), name, _then(words, one, permissions))


def _then(words: Words, one: MyPermission, permissions: Sequence[MyPermission]) -> list[str]:
    undone = words.text("It cannot be undone here; you can give a new permission later.")
    if one.party is None:
        ends = words.text("Your meter is no longer asked for these values for your own page, from this moment on.")
        return [ends, _kept(words), undone]
    stops = words.text("From this moment on your meter is not read for %(name)s any more, and nothing is delivered.")
    in_part = words.text(
        "From this moment on nothing is read for %(name)s by this permission any more, and nothing is delivered on it."
    )
    had = words.text("What %(name)s already has was lawfully delivered and is not called back. Ask them yourself to erase it.")
    others = _others(words, one, permissions)
    return [*(told % {"name": one.party} for told in (in_part if others else stops, had)), *others, undone]


def _kept(words: Words) -> str:
    return words.text("What is held already stays yours to see and to take away.")


def _others(words: Words, one: MyPermission, permissions: Sequence[MyPermission]) -> list[str]:
    """Say that a party keeps other permissions, where it does: what goes on from this one is taken back with it."""
    left = any(other.party == one.party and other.ended is None and not _goes_on(one, other) for other in permissions)
    goes_on = words.text("Another permission that you gave %(name)s stays in force; you can revoke it too.")
    return [goes_on % {"name": one.party}] if left else []


def _goes_on(one: MyPermission, other: MyPermission) -> bool:
    """Tell whether the other is this one, or renews it."""
    alike = (one.connection, one.purpose) == (other.connection, other.purpose)
    return one.id == other.id or (alike and one.until is not None and other.given >= one.until)


def revoked(words: Words, one: MyPermission, permissions: Sequence[MyPermission]) -> list[str]:
    """Say that one of these permissions was revoked, which and when, and what follows from it."""
    told = words.text("The permission is revoked: %(who)s, %(what)s, on %(when)s.") % {
        "who": one.party or words.text("Your own page"),
        "what": phrases.product(words, one.product),
        "when": words.moment(one.ended_at) if one.ended_at else "",
    }
    if one.party is None:
        return [told, words.text("From now on no reading starts on it.") + " " + _kept(words)]
    after = words.text(
        "From now on no reading and no delivery starts on it. What was lawfully delivered before is not undone; ask the party "
        "itself to erase it."
    )
    return [told, after, *_others(words, one, permissions)]
