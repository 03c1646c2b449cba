"""What another permission administrator tells: permissions given there, and their ends (EU 2023/1162, articles 6 and 8, 3.5, 4.9).

Facts come in as JSON lines, each an information object of the regulation. They are appended, each once by its permission
identifier; a line that cannot be taken is put aside with its reason, as an import does it, and stops no other.
"""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import Any, Final, final

from psycopg import Connection

from kwartier.audit.canonical import Json
from kwartier.audit.events import Event, EventKind
from kwartier.grounds import information
from kwartier.grounds.errors import BadObject
from kwartier.grounds.information import (
    END_OF_EVENT,
    EstablishedPermissionInformation,
    ListedPermission,
    RevocationNotification,
    TerminationNotification,
    Told,
)
from kwartier.grounds.permission import Scope, flawed
from kwartier.model.ean import Ean
from kwartier.model.errors import BadInput
from kwartier.model.ground import Role
from kwartier.model.period import Period
from kwartier.store.registry import ends, incoming, locks, overviews, parties, people, permissions, points
from kwartier.store.registry.ends import End
from kwartier.store.registry.errors import AlreadyPermitted, NotAnOccupant, NotFound
from kwartier.store.registry.overviews import Listed
from kwartier.store.registry.permissions import Grant
from kwartier.workflows.installation import Installation
from kwartier.workflows.permission import ends as endings
from kwartier.workflows.permission import telling
from kwartier.workflows.permission.errors import GrantedHere

C = Connection[Any]

OURS: Final = "kw-"
"""Identifiers of permissions that were given here begin so; nobody else gives one of these."""
AT_ONCE: Final = 500
"""Lines that one transaction takes; the log is told at its end, at once, so that nobody waits crosswise."""
LOCK: Final = 0x6B77_6F74_6865_7200
"""Number of the advisory lock of whoever takes some lines: "kwother" in ASCII."""
LONGEST_LINE: Final = 1 << 16
"""Characters; a longer line is put aside in pieces."""
_EVENTS: Final = {reason: event for event, reason in END_OF_EVENT.items()}
_ENDS_RENEWALS: Final = frozenset({"revoked", "terminated", "invalidated"})
"""What has run out or was fulfilled goes on by its renewal."""


class Code(StrEnum):
    """Why a line is put aside. Never renamed."""

    BAD_EAN_OR_PERIOD = "bad-ean-or-period"
    BAD_OBJECT = "bad-object"
    NO_AGREEMENT = "no-agreement"
    NO_OBJECT = "no-object"
    NOT_AN_OCCUPANT = "not-an-occupant"
    OVERLAPS = "overlaps"
    PERMISSION_DIFFERS = "permission-differs"
    RESERVED_IDENTIFIER = "reserved-identifier"
    SCOPE = "scope"
    UNKNOWN_EAN = "unknown-ean"
    UNKNOWN_PARTY = "unknown-party"
    UNKNOWN_PERMISSION = "unknown-permission"
    UNKNOWN_SUBJECT = "unknown-subject"


class _Refused(BadInput):
    """A line that cannot be taken; never leaves this room. `code` is why."""

    def __init__(self, code: Code) -> None:
        super().__init__(code)
        self.code = code.value


@final
@dataclass(slots=True)
class Taken:
    """What became of a file: permissions and ends that are new, lines known before, lines put aside by reason."""

    run: int = 0
    established: int = 0
    ended: int = 0
    known: int = 0
    refused: Counter[str] = field(default_factory=Counter)

    def counts(self) -> dict[str, Json]:
        """Return it for a report."""
        return {
            "established": self.established,
            "ended": self.ended,
            "known": self.known,
            "refused": dict(sorted(self.refused.items())),
        }


def take(house: Installation, path: Path, *, at: datetime) -> Taken:
    """Take a file of information objects, some lines to a transaction, in their order. The same file again changes nothing.

    Raises GrantedHere unless another body is the permission administrator, OSError for a file that cannot be read.
    """
    if house.settings.permission_administrator != "elsewhere":
        msg = "permissions are given here; set permission_administrator to take those of another body"
        raise GrantedHere(msg)
    report = Taken()
    aside: list[tuple[int, str, str]] = []
    with path.open(encoding="utf-8", errors="backslashreplace") as source:
        lines = _lines(source)
        while part := list(islice(lines, AT_ONCE)):
            with house.operator() as c:
                locks.alone(c, LOCK)
                house.log.record(c, [event for one in part for event in _line(c, *one, at, report, aside)])
    with house.operator() as c:
        report.run = incoming.write(c, at, report.counts(), path.name, aside)
        body: dict[str, Json] = {"run": report.run, "files": {"permissions": report.counts()}}
        house.log.record(c, [Event(at, EventKind.IMPORT_TAKEN, telling.OPERATOR, body=body)])
    return report


def _line(c: C, number: int, line: str, at: datetime, report: Taken, aside: list[tuple[int, str, str]]) -> list[Event]:
    try:
        with c.transaction():
            return _take(c, _object(line), at, report)
    except _Refused as bad:
        aside.append((number, bad.code, line))
        report.refused[bad.code] += 1
        return []


def _lines(source: Any) -> Iterator[tuple[int, str]]:  # noqa: ANN401 - a text file
    number = 0
    while line := source.readline(LONGEST_LINE):
        number += 1
        if text := line.strip().replace("\0", "\\x00"):
            yield number, text


def _object(line: str) -> Told:
    try:
        said = json.loads(line)
        if not isinstance(said, dict):
            raise _Refused(Code.NO_OBJECT)
        return information.read(said)
    except (ValueError, RecursionError):
        raise _Refused(Code.NO_OBJECT) from None
    except BadObject:
        raise _Refused(Code.BAD_OBJECT) from None


def _take(c: C, said: Told, at: datetime, report: Taken) -> list[Event]:
    """Append what a line tells, if it is new; return what the log is to be told."""
    if isinstance(said, EstablishedPermissionInformation):
        events = _establish(c, said, at)
        report.established += bool(events)
    else:
        events = _over(c, said)
        report.ended += bool(events)
    report.known += not events
    return events


def _over(c: C, said: RevocationNotification | TerminationNotification | ListedPermission) -> list[Event]:
    """Append an end, whatever it came by. Nothing to tell if it had ended before. Raises _Refused."""
    match said:
        case RevocationNotification():
            return _end(c, _known(c, said.permission_identifier), said.permission_end_timestamp, "revoked")
        case TerminationNotification():
            return _end(c, _known(c, said.permission_identifier), said.termination_timestamp, "terminated")
        case ListedPermission(established, reason, because, moment):
            assert reason is not None and moment is not None  # noqa: S101, PT018 - it was read as an end
            one = _known(c, established.permission_identifier)
            _same(one, _grant(c, established)[0])
            return _end(c, one, moment, _EVENTS[reason], because)


def _establish(c: C, said: EstablishedPermissionInformation, at: datetime) -> list[Event]:
    """Append a permission. Nothing to tell if it was known. Raises _Refused."""
    given, code = _grant(c, said)
    try:
        before = overviews.one(c, said.permission_identifier)
    except NotFound:
        if said.permission_identifier.startswith(OURS):
            raise _Refused(Code.RESERVED_IDENTIFIER) from None
    else:
        _same(before, given)
        return []
    if not _bound(c, given):
        raise _Refused(Code.NO_AGREEMENT)
    try:
        number = permissions.grant(c, given, said.creation_timestamp)
    except AlreadyPermitted:
        raise _Refused(Code.OVERLAPS) from None
    except NotAnOccupant:
        raise _Refused(Code.NOT_AN_OCCUPANT) from None
    return [telling.granted(number, given, at, telling.OPERATOR, code)]


def _bound(c: C, given: Grant) -> bool:
    """True if the party has an agreement when the permission begins: without one that would be over as it begins."""
    assert given.party is not None  # noqa: S101 - nobody else tells of an opt-in
    return any(one.period.contains(given.live.start) for one in parties.agreements(c, [given.party]))


def _grant(c: C, said: EstablishedPermissionInformation) -> tuple[Grant, str]:
    """Return the permission that is told of, and the customer's code. Raises _Refused."""
    basic, specification = said.permission, said.permission.request.specification
    party, customer = parties.by_code(c, basic.eligible_party), people.by_code(c, basic.final_customer)
    if party is None or party.role is not Role.THIRD_PARTY:
        raise _Refused(Code.UNKNOWN_PARTY)
    if customer is None:
        raise _Refused(Code.UNKNOWN_SUBJECT)
    try:
        ean = Ean.parse(basic.request.metering_point.identifier)
        period = specification.period
    except BadInput:
        raise _Refused(Code.BAD_EAN_OR_PERIOD) from None
    there = points.find(c, [ean], said.valid_from).get(ean)
    if there is None or there.connection is None or there.product is None:
        raise _Refused(Code.UNKNOWN_EAN)
    until = basic.permission_maximum_lifetime
    if until is None or specification.energy_product is not there.product:
        raise _Refused(Code.SCOPE)
    scope = Scope(specification.mask, basic.purpose, period, until, basic.transmission_schedule)
    if flawed(scope, said.valid_from, there.product) or said.valid_from < said.creation_timestamp:
        raise _Refused(Code.SCOPE)
    live = Period(said.valid_from, until)
    about = (there.connection, customer.key, party.key, scope.mask, scope.purpose, scope.data, live)
    return Grant(*about, schedule=scope.schedule, identifier=said.permission_identifier), customer.code


def _same(before: Listed, given: Grant) -> None:
    """Raise _Refused unless this permission, which is known, is told of as it was given. When it was given makes no difference."""
    same = (before.connection, before.party, before.mask, before.purpose, before.data, before.live, before.subject)
    if same != (given.connection, given.party, given.mask, given.purpose, given.data, given.live, given.subject):
        raise _Refused(Code.PERMISSION_DIFFERS)


def _known(c: C, identifier: str) -> Listed:
    """Return a permission that was told of. Raises _Refused."""
    try:
        return overviews.one(c, identifier)
    except NotFound:
        raise _Refused(Code.UNKNOWN_PERMISSION) from None


def _end(c: C, one: Listed, at: datetime, event: str, because: str | None = None) -> list[Event]:
    """Append an end, with those of the renewals that fall with it. Nothing to tell if it had ended before."""
    after = permissions.successors(c, one.id) if event in _ENDS_RENEWALS else ()
    over = [End(key, max(at, one.live.start), event, because) for key in (one.id, *after)]
    return [endings.told(one) for one in ends.write(c, over)]
