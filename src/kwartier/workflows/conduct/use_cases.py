"""S4: a use of meter data by the operator itself is proposed with its reasons, approved by somebody else, and ends.

What is only proposed grants nothing: decisions read what is registered, and registered is what was approved. All of a step and its
event in the log stand in one transaction.
"""

import tomllib
from dataclasses import asdict
from datetime import date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Final
from unicodedata import normalize

from kwartier.audit.canonical import Json, canonical
from kwartier.audit.events import Event, EventKind
from kwartier.grounds import conduct
from kwartier.grounds.errors import BadUseCase
from kwartier.grounds.rule import Edition
from kwartier.grounds.use_case import Proposed, proposed, restored, still_fits
from kwartier.model.errors import BadInput
from kwartier.model.period import Period, day_of, midnight
from kwartier.store.registry import use_cases
from kwartier.store.registry.errors import NotFound
from kwartier.store.registry.use_cases import Proposal, UseCaseRow
from kwartier.workflows.installation import Installation

__all__ = ["Proposal", "Proposed", "UseCaseRow", "approve", "end", "listed", "propose", "read"]

ACTOR: Final = "operator"
LARGEST: Final = 64 * 1024
"""Bytes of a proposal: three texts and a dozen words."""
LONGEST_ROLE: Final = 200


class AlreadyThere(BadInput):
    """There is a proposal or a use case with this code; nothing changed."""

    code = "use-case-exists"


class OwnProposal(BadInput):
    """Whoever proposed it cannot approve it; nothing changed."""

    code = "own-proposal"


class BadRole(BadInput):
    """The role of who approves is on the public page, and this is none that could be read there; nothing changed."""

    code = "bad-role"


class NoSuchArea(BadInput):
    """Nothing lies in the area: a use of it is necessary for nobody, or its name is written otherwise; nothing changed."""

    code = "no-such-area"


class Expired(BadInput):
    """What would be approved has ended already, or was decided before; nothing changed."""

    code = "use-case-over"


def read(file: Path, *, at: datetime) -> Proposed:
    """Read a proposal. Raises BadUseCase, OSError. It is held against the newest edition that is published."""
    try:
        data = tomllib.loads(file.read_text(encoding="utf-8")) if file.stat().st_size <= LARGEST else None
    except (ValueError, RecursionError):
        data = None
    if data is None:
        msg = "the file is no TOML"
        raise BadUseCase(msg)
    found = proposed(data, _edition())
    _still(found.expires, at)
    return found


def propose(house: Installation, what: Proposed, proposer: str, *, at: datetime) -> None:
    """Keep a proposal; the log has the hash of what it says, and as ever whose hand it was. Raises AlreadyThere, NoSuchArea."""
    said = {name: value.isoformat() if isinstance(value, date) else value for name, value in asdict(what).items()}
    with house.operator() as c:
        if not use_cases.is_an_area(c, what.area):
            msg = "no connection and no transformer lies in this area"
            raise NoSuchArea(msg)
        if any(one.code == what.code for one in use_cases.every(c)) or not use_cases.propose(c, what.code, said, proposer, at):
            msg = f"there is a use case {what.code} already"
            raise AlreadyThere(msg)
        told: dict[str, Json] = {"code": what.code, "sha256": sha256(canonical(said)).hexdigest()}
        house.log.record(c, [Event(at, EventKind.PROPOSAL_MADE, ACTOR, body=told)])


def approve(house: Installation, code: str, approver: str, role: str, *, at: datetime) -> int:
    """Approve a proposal from now on until it expires. Returns the number of the use case.

    Raises NotFound, BadRole, OwnProposal, Expired, AlreadyThere, and BadUseCase for what could not be proposed any more.
    """
    if not role.strip() or len(role) > LONGEST_ROLE or not role.isprintable():
        msg = f"a role is a printable text of 1 to {LONGEST_ROLE} characters: the public page tells it"
        raise BadRole(msg)
    with house.operator() as c:
        found = use_cases.proposal(c, code)
        if found is None:
            msg = "no proposal has this code"
            raise NotFound(msg)
        said, proposer, decided = found
        if _same(proposer, approver):
            msg = "somebody else than who proposed it approves it"
            raise OwnProposal(msg)
        if decided is not None:
            msg = "it was approved before"
            raise Expired(msg)
        what = restored(said)
        still_fits(what, _edition())
        _still(what.expires, at)
        number = use_cases.register(c, _row(what, role.strip(), at))
        if number is None:
            msg = f"there is a use case {code} already"
            raise AlreadyThere(msg)
        use_cases.approve(c, code, approver, role.strip(), at, number)
        house.log.record(c, [Event(at, EventKind.USE_CASE_REGISTERED, ACTOR, body=use_cases.told_of(c, number))])
    return number


def end(house: Installation, code: str, *, at: datetime) -> None:
    """End the approval of a use case now; a night under way stops reading for it. Raises NotFound."""
    with house.operator() as c:
        number = use_cases.end(c, code, at)
        if number is None:
            msg = "no approved use case has this code"
            raise NotFound(msg)
        house.log.record(c, [Event(at, EventKind.USE_CASE_ENDED, ACTOR, body=use_cases.told_of(c, number))])


def listed(house: Installation) -> tuple[list[UseCaseRow], list[Proposal]]:
    """Return every registered use case, and every proposal that was not approved yet."""
    with house.operator() as c:
        return use_cases.every(c), [one for one in use_cases.proposals(c) if one.decided is None]


def _edition() -> Edition:
    return conduct.EDITIONS[-1]


def _same(one: str, other: str) -> bool:
    """True if two names are one but for how they are typed: letters and digits count, whatever their case or encoding.

    Where in doubt it is the same person: who is refused can ask a colleague, and nobody approves their own by a second space.
    """
    return _letters(one) == _letters(other)


def _letters(name: str) -> str:
    return "".join(each for each in normalize("NFKC", normalize("NFKC", name).casefold()) if each.isalnum())


def _still(expires: date, at: datetime) -> None:
    if expires <= day_of(at):
        msg = "it expires before it could begin"
        raise Expired(msg)


def _row(what: Proposed, role: str, at: datetime) -> dict[str, Any]:
    days = Period(midnight(what.days_from), midnight(what.days_to))
    return asdict(what) | {"days": days, "approved": Period(at, midnight(what.expires)), "approved_by": role}
