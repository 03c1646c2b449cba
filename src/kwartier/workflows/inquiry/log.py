"""S5: who looked. A person's lines of the log, the newest first, and the proof of each.

Besides, what was done with the person's own days in the name of who was registered there then; see `then`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any, NamedTuple, final, overload

from kwartier.audit.errors import NotInLog, NotInTree
from kwartier.audit.events import Event, EventKind, actor_of
from kwartier.audit.leaves import Grant
from kwartier.audit.lines import EVER
from kwartier.audit.log import LogLine
from kwartier.grounds import conduct
from kwartier.model.ground import Requester, Role
from kwartier.model.period import Period, day_period, from_epoch_s
from kwartier.model.register import DAY_MASK, Product
from kwartier.model.task import GapReason, ProfileName, Result
from kwartier.store.registry import names, people
from kwartier.workflows.inquiry import then
from kwartier.workflows.inquiry.errors import NotYet, NotYours
from kwartier.workflows.inquiry.views import AccessLine, Download, Watch
from kwartier.workflows.installation import Installation

ACTOR = "operator"
_FACTS = frozenset(
    kind
    for kind in EventKind
    if kind.split(":", maxsplit=1)[0] in {"permission", "supply", "occupancy", "restriction", "hold", "objection"}
)
_HANDED = frozenset({EventKind.PARCEL_DELIVERED, EventKind.VIEW_SHOWN, EventKind.HAND_READING_TAKEN})
_CAME = frozenset({Result.READ.value, GapReason.QUARANTINED.value, GapReason.FELL_SHORT.value, GapReason.WITHDRAWN.value})
_REGISTERS = frozenset({ProfileName.E_DAY.value, ProfileName.G_DAY.value})


_Found = tuple[LogLine, Product | None]
"""A line, and what the connection carries that it is about."""


class _Ground(NamedTuple):
    who: str | Role
    rule: str
    purpose: str


@final
class _Grounds:
    """On which grounds the meters were asked, as was written down before."""

    def __init__(self, lines: Iterable[LogLine], parties: Mapping[int, str]) -> None:
        """Take the plans of one person's lines, in any order."""
        self._by_permit: dict[str, _Ground] = {}
        self._plans: dict[tuple[object, ...], list[tuple[datetime, list[_Ground]]]] = {}
        for line in lines:
            if named := {one.permit: _ground(one, parties) for one in _grants(line)}:
                self._by_permit |= named
                self._plans.setdefault(_asked(line.body), []).append((line.at, list(named.values())))

    def of(self, line: LogLine) -> list[_Ground]:
        """Return those that an answer served; where it served none, for want of one or of a ground, those of the question."""
        served: Any = line.body["s"]
        if served:
            return [self._by_permit[permit] for permit in served if permit in self._by_permit]
        before = [(at, named) for at, named in self._plans.get(_asked(line.body), ()) if at <= line.at]
        return max(before, key=lambda one: one[0])[1] if before else []


def _asked(body: Mapping[str, Any]) -> tuple[object, ...]:
    """Return what was asked of which meter; asking again asks the same."""
    return tuple(body.get(key) for key in ("b", "c", "f", "l", "m", "p"))


@final
class Lines(Sequence[AccessLine]):
    """Every line about one person, the newest first. A line is made ready when it is looked at: a page looks at few of them."""

    def __init__(self, found: Sequence[_Found | AccessLine], shown: Callable[[_Found | AccessLine], AccessLine]) -> None:
        """Keep lines of the log in this order, and what makes one ready."""
        self._found, self._shown = found, shown

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._found)

    @overload
    def __getitem__(self, place: int) -> AccessLine: ...
    @overload
    def __getitem__(self, place: slice) -> list[AccessLine]: ...
    def __getitem__(self, place: int | slice) -> AccessLine | list[AccessLine]:
        """Return the line at a place, or those of a part."""
        if isinstance(place, slice):
            return [self._shown(one) for one in self._found[place]]
        return self._shown(self._found[place])

    def __iter__(self) -> Iterator[AccessLine]:
        """Yield all of them."""
        return map(self._shown, self._found)


def access_log(house: Installation, subject: int, *, most: int | None = None) -> list[AccessLine]:
    """Return the lines about this person, the newest first: all of them, or the newest so many."""
    return every_line(house, subject)[:most]


def every_line(house: Installation, subject: int) -> Lines:
    """Return every line about this person, and what was done with their own days in another's name."""
    found, parties = _lines(house, subject)
    grounds = _Grounds((line for line, _ in found), parties)
    every: list[_Found | AccessLine] = [*found, *_then(house, subject, parties)]
    every.sort(key=_order, reverse=True)
    return Lines(every, lambda one: one if isinstance(one, AccessLine) else _shown(*one, grounds, parties))


def _order(one: _Found | AccessLine) -> tuple[datetime, int]:
    if isinstance(one, AccessLine):
        return one.at, one.entry or 0
    line, _ = one
    return line.at, line.entry if line.in_tree else 0


def _then(house: Installation, subject: int, parties: Mapping[int, str]) -> Iterator[AccessLine]:
    """Yield what was read or handed over of the own days in the name of who was registered there then, cut to the own time."""
    with house.operator() as c:
        for their in then.theirs(house, c, subject):
            grounds = _Grounds(their.lines, parties)
            for line in their.lines:
                one = _shown(line, their.product, grounds, parties)
                if _saw(one) and one.period is not None:
                    for own in their.parts(one.period):
                        yield replace(one, period=own, entry=None, leaf=None, registered_then=True)


def who_saw(house: Installation, subject: int, day: date) -> list[AccessLine]:
    """Return who read, was handed or was shown data about one local day of this person, the newest first.

    A day has 23, 24 or 25 hours. A register on either midnight of it is about it too: usage is the difference between them.
    """
    return [one for one in every_line(house, subject) if _saw(one) and _is_about(one, day)]


def _saw(one: AccessLine) -> bool:
    """True if data went somewhere, also where what came from the meter was put aside or thrown away afterwards."""
    return one.kind in _HANDED or (one.kind == EventKind.BATCH_READ and one.outcome in _CAME)


def _is_about(one: AccessLine, day: date) -> bool:
    if one.period is None:
        return False
    is_register = one.period.is_moment or one.profile in _REGISTERS or bool(one.mask and one.mask & DAY_MASK)
    whole = day_period(day)
    return whole.touches(one.period) if is_register else whole.overlaps(one.period)


def _lines(house: Installation, subject: int) -> tuple[list[_Found], dict[int, str]]:
    """Return the person's lines, each with the product of its connection, None for no connection; and the names of the parties.

    Whose a line is, its tag says, not who lived there when: a stay may have been put right or announced ahead.
    """
    with house.portal(subject) as c:
        me = names.person(c, key=subject)
        parties = names.parties(c)
    if me is None:
        return [], parties
    with house.operator() as c:
        places: list[tuple[int | None, Product | None]] = [*people.ever(c, subject).items(), (None, None)]
        found = [(line, product) for key, product in places for line in house.log.of_subject(c, me.code, key, EVER)]
    return found, parties


def _grants(line: LogLine) -> list[Grant]:
    listed: Any = line.body.get("g", []) if line.kind is EventKind.BATCH_INTENDED else []
    return [Grant(*one) for one in listed]


def _ground(grant: Grant, parties: Mapping[int, str]) -> _Ground:
    return _Ground(_who(grant.role, grant.requester, parties), conduct.rule(grant.rule_no).id, grant.purpose)


def _who(role: str, key: int, parties: Mapping[int, str]) -> str | Role:
    known = Role(role)
    return parties.get(key, known) if known in {Role.SUPPLIER, Role.THIRD_PARTY} else known


def _shown(line: LogLine, product: Product | None, grounds: _Grounds, parties: Mapping[int, str]) -> AccessLine:
    body: Mapping[str, Any] = line.body
    named = _named(line, grounds, parties)
    rule = body.get("rule") or body.get("x")
    return AccessLine(
        at=line.at,
        kind=str(line.kind),
        product=product,
        who=tuple(dict.fromkeys(one.who for one in named)) or _told_of(line, parties),
        purposes=tuple(dict.fromkeys(one.purpose for one in named)) or ((str(body["u"]),) if "u" in body else ()),
        rules=tuple(dict.fromkeys(one.rule for one in named)) or ((str(rule),) if rule else ()),
        outcome=body.get("w") or body.get("r"),
        profile=body.get("p"),
        mask=body.get("mask"),
        period=_period(body),
        recorded=line.kind in _FACTS and line.actor == ACTOR,
        entry=line.entry if line.in_tree else None,
        leaf=line.leaf,
    )


def _told_of(line: LogLine, parties: Mapping[int, str]) -> tuple[str | Role, ...]:
    """Return whom a fact is about: the party of a permission or contract, the customer of an opt-in or a view."""
    party: Any = line.body.get("party")
    if party in parties:
        return (parties[party],)
    own = line.actor.startswith(Role.CUSTOMER) or ("party" in line.body and party is None)
    return (Role.CUSTOMER if own else Role.OPERATOR,)


def _named(line: LogLine, grounds: _Grounds, parties: Mapping[int, str]) -> list[_Ground]:
    """Return on whose behalf and by which rule: of what was intended, of what came of it, or of the one request."""
    body: Mapping[str, Any] = line.body
    if line.kind is EventKind.BATCH_INTENDED:
        return [_ground(grant, parties) for grant in _grants(line)]
    if line.kind is EventKind.BATCH_READ:
        return grounds.of(line)
    if "o" in body:
        return [_Ground(_who(body["o"], body["i"], parties), str(body.get("rule") or body.get("x") or ""), str(body.get("u", "")))]
    return []


def _period(body: Mapping[str, Any]) -> Period | None:
    start, end = body.get("f", body.get("start")), body.get("l", body.get("end"))
    if start is None:
        return None
    return Period(from_epoch_s(start), None if end is None else from_epoch_s(end))


def proof(house: Installation, subject: int, entry: int, leaf: int | None, *, at: datetime) -> Download:
    """Return the proof of one line about this person. Raises NotYours for any other line, NotYet before it is signed."""
    lines, _ = _lines(house, subject)
    mine = next((line for line, _ in lines if (line.entry, line.leaf) == (entry, leaf)), None)
    if mine is None:
        msg = "no such line about this person"
        raise NotYours(msg)
    try:
        with house.operator() as c:
            text = house.log.proof(c, entry) if leaf is None else house.log.leaf_proof(c, entry, leaf)
    except NotInTree as fault:
        msg = "this line is not signed yet"
        raise NotYet(msg) from fault
    except NotInLog as fault:
        msg = "no such line"
        raise NotYours(msg) from fault
    _given(house, subject, entry, at)
    named = "" if leaf is None else f"-{leaf}"
    return Download(f"kwartier-{entry}{named}.tlog-proof", "text/plain; charset=utf-8", text.encode())


def watch(house: Installation) -> Watch | None:
    """Return what the witness of this log answers for; None where there is none."""
    if house.witness is None:
        return None
    with house.operator() as c:
        found = house.log.standing(c, house.witness)
    return Watch(house.witness.name, found.signed, found.size, None if found.at_s is None else from_epoch_s(found.at_s))


def _given(house: Installation, subject: int, entry: int, at: datetime) -> None:
    with house.portal(subject) as c:
        me = names.person(c, key=subject)
        code = me.code if me else None
        own = names.own(c, subject)
        key = own[0].key if own else None
        house.log.record(
            c, [Event(at, EventKind.PROOF_GIVEN, actor_of(Requester(Role.CUSTOMER, subject)), code, key, {"entry": entry})]
        )
