"""Who asked what, until when it must be answered, and the answer: each step is a line of the log, which is the receipt.

What needs nobody to weigh it is answered as it is asked (`grounds.rights.AT_ONCE`); the rest waits for a named person. The log says
that a right was asked and how it was answered, never in whose words.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from kwartier.audit.canonical import Json
from kwartier.audit.events import Event, EventKind, actor_of
from kwartier.grounds import conduct, rights
from kwartier.grounds.erasure import Fate
from kwartier.grounds.rights import AT_ONCE, Reached, Right, Why
from kwartier.grounds.rule import Condition, Rule
from kwartier.model.ground import Purpose, Requester, Role
from kwartier.model.period import Period, whole_second
from kwartier.store.registry import erasures, names, people, permissions
from kwartier.store.registry import rights as kept
from kwartier.store.registry.names import Person
from kwartier.store.registry.rights import RightEvent, RightRequest
from kwartier.store.registry.rows import C
from kwartier.workflows import halting
from kwartier.workflows.installation import Installation
from kwartier.workflows.rights import erasure, sealed
from kwartier.workflows.rights.errors import (
    AlreadyAnswered,
    AlreadyAsked,
    CannotBeAsked,
    NoSuchRequest,
    ReasonMissing,
    WordsMissing,
)
from kwartier.workflows.visits import looks

SYSTEM: Final = "system"
ACTOR: Final = "operator"
MOST_WORDS: Final = 300
_KINDS: Final = {
    "answered": EventKind.RIGHT_ANSWERED,
    "lifted": EventKind.RIGHT_ANSWERED,
    "extended": EventKind.RIGHT_EXTENDED,
}


def objectionable(at: datetime) -> list[Purpose]:
    """Return the purposes that a person may object to: those of the operator's own task, in the edition in force."""
    found = [one for one in conduct.edition_at(at).grants if not one.station and rights.base(one) is rights.Base.PUBLIC_TASK]
    return list(dict.fromkeys(one.purpose for one in found if one.purpose is not None))


def mine(house: Installation, subject: int) -> list[RightRequest]:
    """Return a person's requests, the newest first."""
    with house.portal(subject) as c:
        return kept.of_subject(c, subject, sealed.opener(house, c))


def ask(house: Installation, subject: int, right: Right, *, at: datetime, about: str = "", words: str = "") -> RightRequest:
    """Let a person ask. What can be answered at once, is. Raises CannotBeAsked, WordsMissing, AlreadyAsked.

    `about` is the purpose that a person objects to; `words` is what somebody has to read, cut at MOST_WORDS: what should be put
    right is said in words.
    """
    now, told = whole_second(at), _said(words)
    if (right is Right.OBJECTION) != (about in {str(one) for one in objectionable(now)}):
        msg = "an objection names a purpose that can be objected to, and nothing else does"
        raise CannotBeAsked(msg)
    if right is Right.RECTIFICATION and not told:
        msg = "what should be put right is said in words"
        raise WordsMissing(msg)
    if right is Right.ERASURE:
        with house.operator() as c:
            _nothing_waits(c, subject)
    said = sealed.sealed(house, subject, told)
    with house.portal(subject) as c:
        me = names.person(c, key=subject)
        if me is None:
            msg = "there is no such person"
            raise CannotBeAsked(msg)
        kept.alone(c, subject)
        _not_twice(kept.of_subject(c, subject, sealed.opener(house, c)), kept.in_force(c, subject), right, about)
        asked = Period(now, rights.due(now))
        number = kept.ask(c, subject, right, asked, about=about, words=said)
        event = Event(
            at,
            EventKind.RIGHT_ASKED,
            actor_of(Requester(Role.CUSTOMER, subject)),
            me.code,
            filed(c, subject),
            _body(number, right, about),
        )
        kept.asked(c, number, now, house.log.record(c, [event])[0])
    return answered_at_once(house, number, at=at) if right in AT_ONCE else request(house, number)


def ask_for(house: Installation, code: str, right: Right, *, at: datetime, about: str = "", words: str = "") -> RightRequest:
    """Write down what a person asked by letter or telephone, by their own code. Raises as `ask`."""
    with house.operator() as c:
        me = people.by_code(c, code)
    if me is None:
        msg = "there is no such person"
        raise CannotBeAsked(msg)
    return ask(house, me.key, right, at=at, about=about, words=words)


def _said(words: str) -> str:
    """Return what can be kept of a person's words: their beginning, without control characters."""
    return "".join(each for each in words if each.isprintable() or each == "\n").strip()[:MOST_WORDS]


def _not_twice(before: Sequence[RightRequest], in_force: set[tuple[int, str]], right: Right, about: str) -> None:
    waits = any(one.right is right and one.about == about and one.is_open for one in before)
    holds = right in {Right.RESTRICTION, Right.OBJECTION} and any(purpose == about for _, purpose in in_force)
    if waits or holds:
        msg = "this was asked before, and is in force or waits for an answer"
        raise AlreadyAsked(msg)


def filed(c: C, subject: int) -> int | None:
    """Return the connection at which lines about the person as a whole are filed: where they live now, else lived last."""
    there = names.own(c, subject)
    return there[0].key if there else None


def _body(number: int, right: Right, about: str, **more: Json) -> dict[str, Json]:
    said: dict[str, Json] = {"request": number, "right": str(right)}
    return said | ({"u": about} if about else {}) | more


def request(house: Installation, number: int) -> RightRequest:
    """Return a request, as the operator. Raises NoSuchRequest."""
    with house.operator() as c:
        return _one(house, c, number)


def look(house: Installation, number: int, *, at: datetime) -> RightRequest:
    """Return a request in the person's words to one of the operator's people; the person's log says so. Raises NoSuchRequest."""
    with house.operator() as c:
        found = _one(house, c, number)
        homes = {one.connection for one in people.occupancies(c, found.subject)}
        looks.of_person(house, c, found.subject, homes, "request", now=at)
    return found


def _one(house: Installation, c: C, number: int) -> RightRequest:
    found = kept.one(c, number, sealed.opener(house, c))
    if found is None:
        msg = "there is no such request"
        raise NoSuchRequest(msg)
    return found


def listed(house: Installation, *, only_open: bool) -> list[RightRequest]:
    """Return the register for the operator, the newest first."""
    with house.operator() as c:
        return kept.every(c, sealed.opener(house, c), only_open=only_open)


def answered_at_once(house: Installation, number: int, *, at: datetime) -> RightRequest:
    """Answer a request by the table alone: what it reaches per rule. Raises NoSuchRequest, AlreadyAnswered, AlreadyAsked."""
    if request(house, number).right is Right.ERASURE:
        return _erased(house, number, at)
    with house.operator() as c:
        one = _waiting(house, c, number)
        reached = rights.reach(one.right, _touched(one, at), consented(c, one.subject))
        refused = rights.is_refused(one.right, reached)
        tell(house, c, one, "refused" if refused else "answered", SYSTEM, at=at, reached=reached)
        if not refused:
            halting.begin(house, c, one, _person(c, one), now=whole_second(at))
    return request(house, number)


def consented(c: C, subject: int) -> frozenset[Condition]:
    """Return what a person ever consented to: to a party's service, to the own page; also what was revoked or ran out since."""
    given = permissions.of_subject(c, subject)
    return frozenset(Condition.OPT_IN if one.party is None else Condition.PERMISSION for one in given)


def _nothing_waits(c: C, subject: int) -> None:
    """Raise AlreadyAsked while a nightly run has an erasure to carry out: it does what was decided then, and no more."""
    if erasures.waits(c, subject):
        msg = "an erasure waits for the next nightly run; what was taken back since can be asked after it"
        raise AlreadyAsked(msg)


_FATES: Final = {Fate.ERASED: Why.ERASED, Fate.KEPT: Why.KEPT, Fate.WITHDRAW_FIRST: Why.REVOKE_FIRST}


def _erased(house: Installation, number: int, at: datetime) -> RightRequest:
    """Answer a request to be erased per ground; the next nightly run carries it out. Raises as `answered_at_once`."""
    decided = erasure.decision(house, request(house, number).subject, at=at)
    fates = dict.fromkeys((one.about, _FATES[one.fate]) for one in decided.answers)
    terms = dict.fromkeys(f"{one.about}: {one.until}" for one in decided.answers if one.until is not None)
    with house.operator() as c:
        one = _waiting(house, c, number)
        _nothing_waits(c, one.subject)
        erasures.ask(c, one.subject, whole_second(at), decided.freed)
        reached = tuple(Reached(about, done=why is Why.ERASED, why=why) for about, why in fates)
        tell(house, c, one, "answered", SYSTEM, at=at, because=", ".join(terms), reached=reached)
    return request(house, number)


def _touched(one: RightRequest, at: datetime) -> list[Rule]:
    """Return the rules that a request speaks of: of an objection those of its purpose, and all that it cannot reach."""
    rules = list(conduct.edition_at(at).grants)
    if one.right is not Right.OBJECTION:
        return rules
    return [rule for rule in rules if rule.purpose == one.about or rights.base(rule) is not rights.Base.PUBLIC_TASK]


def answer(house: Installation, number: int, *, by: str, because: str, refused: bool, at: datetime) -> RightRequest:
    """Answer what a person had to weigh, or refuse it with the reason. Raises NoSuchRequest, AlreadyAnswered, ReasonMissing."""
    with house.operator() as c:
        answered(house, c, number, by=by, because=because, refused=refused, at=at)
    return request(house, number)


def answered(house: Installation, c: C, number: int | None, *, by: str, because: str, refused: bool, at: datetime) -> None:
    """Do the same within the transaction that does what the answer says; nothing where no request is named. Raises as `answer`."""
    _responsible(by, because)
    if number is not None:
        one = _waiting(house, c, number)
        tell(house, c, one, "refused" if refused else "answered", by, because=because, at=at)


def extend(house: Installation, number: int, *, by: str, because: str, at: datetime) -> RightRequest:
    """Take two months longer, once, within the first month, with the reason (art. 12(3)). Raises as `answer`."""
    _responsible(by, because)
    with house.operator() as c:
        one = _waiting(house, c, number)
        if one.state == "extended" or at >= one.due:
            msg = "a request is extended once, and within its first month"
            raise AlreadyAnswered(msg)
        tell(house, c, one, "extended", by, because=because, at=at, until=rights.due(one.asked, rights.EXTENDED_MONTHS))
    return request(house, number)


def lift(house: Installation, subject: int, number: int, *, at: datetime) -> RightRequest:
    """Let a person end the own restriction or objection. Raises NoSuchRequest, AlreadyAnswered."""
    with house.portal(subject) as c:
        _one(house, c, number)
    with house.operator() as c:
        one = _one(house, c, number)
        _end(house, c, one, at)
        tell(house, c, one, "lifted", "customer", at=at)
    return request(house, number)


def override(house: Installation, number: int, *, by: str, because: str, at: datetime) -> RightRequest:
    """Go on in spite of an objection, on compelling grounds that a named person wrote down (art. 21(1)); or end a restriction.

    The person is told: the register and the log say so, with the grounds. A restriction may end when what it was for is settled
    (art. 18(3)). Raises NoSuchRequest, AlreadyAnswered, ReasonMissing.
    """
    _responsible(by, because)
    with house.operator() as c:
        one = _one(house, c, number)
        _end(house, c, one, at)
        tell(house, c, one, "overridden", by, because=because, at=at)
    return request(house, number)


def _end(house: Installation, c: C, one: RightRequest, at: datetime) -> None:
    if not halting.end(house, c, one, _person(c, one), now=whole_second(at)):
        msg = "this request stops nothing, or nothing any more"
        raise AlreadyAnswered(msg)


def _person(c: C, one: RightRequest) -> Person:
    me = names.person(c, key=one.subject)
    assert me is not None  # noqa: S101 - who asked is in the registry
    return me


def _waiting(house: Installation, c: C, number: int) -> RightRequest:
    """Return a request that waits; nobody else answers it until the transaction ends. Raises NoSuchRequest, AlreadyAnswered."""
    kept.alone(c, _one(house, c, number).subject)
    one = _one(house, c, number)
    if not one.is_open:
        msg = "this request has been answered"
        raise AlreadyAnswered(msg)
    return one


def of_person(house: Installation, c: C, number: int | None, *persons: int) -> None:
    """Look whether a request, if one is named, waits and is one of theirs: what is done on it is told to who asked.

    Raises NoSuchRequest, AlreadyAnswered; before anything is changed.
    """
    if number is not None and _waiting(house, c, number).subject not in persons:
        msg = "this request is another person's"
        raise NoSuchRequest(msg)


def some_time(period: Period) -> None:
    """Raise CannotBeAsked for a time that ends as it begins: there is nothing in it."""
    if period.is_moment:
        msg = "this ends at the moment at which it begins: an end is not included, so nothing lies in it"
        raise CannotBeAsked(msg)


def _responsible(by: str, because: str) -> None:
    if not by.strip() or not because.strip():
        msg = "a named person and a reason are needed"
        raise ReasonMissing(msg)


def tell(  # noqa: PLR0913 - one row and one line
    house: Installation,
    c: C,
    one: RightRequest,
    event: str,
    by: str,
    *,
    at: datetime,
    because: str = "",
    reached: tuple[Reached, ...] = (),
    until: datetime | None = None,
) -> None:
    """Write down what became of a request, in the register and in the log."""
    me = _person(c, one)
    kind = _KINDS.get(event, EventKind.RIGHT_REFUSED)
    said: list[Json] = [[each.rule, int(each.done), str(each.why)] for each in reached]
    body = _body(one.id, one.right, one.about, w=event, reached=said)
    (entry,) = house.log.record(c, [Event(at, kind, ACTOR, me.code, filed(c, one.subject), body)])
    kept.tell(
        c,
        one.id,
        RightEvent(whole_second(at), event, because, reached, until, entry),
        by,
        sealed.sealed(house, one.subject, because),
    )
