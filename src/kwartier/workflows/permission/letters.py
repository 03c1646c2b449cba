"""S6: what customers hear by letter: that a party claims their yes, and that a permission is about to end.

A row and a line on a page reach nobody who does not look. So a letter is laid down for whoever prints and posts: one file for each
claimed mandate and for each reminder, in the folder `letters` of the installation. Whoever takes one away posts it.

written aside   nobody takes it; a crash leaves a stray that the next time removes
named           from here on it is there to be taken
marked          registry and log say so, in one transaction: from then on the days of notice run

A crash between the last two is made good the next time: the file goes, and if there is still something to say the same letter is
laid down again, under the same name. A service that had taken it knows it by that and posts it once.
A letter about a claim that nobody takes is written anew, with a later day, and no mandate begins while its letter lies there: the
silence of somebody who was sent nothing is no answer. It is marked first, then written: should a crash come between, registry and
log have the later of the two days.
Names of people stand in the file alone.
"""

import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, final

from psycopg import Connection

from kwartier.audit.canonical import Json
from kwartier.audit.events import Event, EventKind
from kwartier.delivery import letter
from kwartier.delivery.letter import Letter
from kwartier.model.period import Period, epoch_s, whole_second
from kwartier.store.readings import durable
from kwartier.store.registry import letters, locks
from kwartier.store.registry.letters import About, Due, Untaken
from kwartier.workflows.installation import Installation
from kwartier.workflows.permission import telling

C = Connection[Any]

_LOG: Final = logging.getLogger(__name__)
LOCK: Final = 0x6B77_6C65_7474_6572
AT_ONCE: Final = 200
"""Letters of one transaction."""
SUFFIX: Final = ".letter.json"
ASIDE: Final = ".aside"
TAKEN_WITHIN: Final = timedelta(days=3)
"""How long a letter about a claim may lie there before it is written anew: our choice, a weekend and a day."""


@final
@dataclass(frozen=True, slots=True)
class Waiting:
    """Letters that could not be laid down, and those about claims that nobody takes, since when. For reports: nobody is in it."""

    count: int = 0
    since: datetime | None = None
    untaken: int = 0
    untaken_since: datetime | None = None

    def counts(self) -> dict[str, int | str | None]:
        """Return it for a report."""
        return {
            "letters_waiting": self.count,
            "letters_waiting_since": _said(self.since),
            "letters_untaken": self.untaken,
            "letters_untaken_since": _said(self.untaken_since),
        }


NONE_WAITS: Final = Waiting()


def _said(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).isoformat()


def lay_if_possible(house: Installation, *, at: datetime) -> tuple[int, Waiting]:
    """Do as `lay`; where the folder cannot be written, say how many wait. No mandate begins without: nights and rounds go on."""
    try:
        return lay(house, at=at), NONE_WAITS
    except OSError as fault:
        _LOG.warning("no letter can be laid down in the folder of letters: %s", fault.strerror)
    with house.operator() as c:
        return 0, Waiting(*letters.waiting(c, whole_second(at), ours=_ours(house)))


def lies_there(house: Installation, request: int) -> bool:
    """Tell whether the letter about a claim still waits for whoever posts it. Where nobody can look, it does."""
    try:
        return path_of(house.letters, About(request, None, None).reference).exists()
    except OSError:
        return True


def write_anew(house: Installation, *, at: datetime) -> Waiting:
    """Write the letters about claims anew that lay there for `TAKEN_WITHIN`, with a later day; return how many nobody takes."""
    now, found = whole_second(at), list[Untaken]()
    lying = [] if not _ours(house) else sorted(one.request for one in _there(house.letters) if one.request is not None)
    for first in range(0, len(lying), AT_ONCE):
        with house.operator() as c:
            locks.alone(c, LOCK)
            some = letters.untaken(c, lying[first : first + AT_ONCE], now - TAKEN_WITHIN)
            late = letters.again(c, [one.request for one in some if one.last <= now - TAKEN_WITHIN])
            turned = [(one, _turns(house, one, now)) for one in late]
            letters.laid(c, [(one.about, turns) for one, turns in turned], now)
            house.log.record(c, [_event(one, turns, now) for one, turns in turned])
        found += some
        _put_if_possible(house, [_written(house, one, turns, now) for one, turns in turned])
    return Waiting(untaken=len(found), untaken_since=min((one.first for one in found), default=None))


def _put_if_possible(house: Installation, found: Sequence[Letter]) -> None:
    """Put letters in the place of those that still lie there. Where that cannot be, these stay, and say a day that is too early."""
    try:
        with house.operator() as c:
            locks.alone(c, LOCK)  # else somebody who lays letters down would sweep away what is written aside
            _put(house.letters, [one for one in found if path_of(house.letters, one.reference).exists()])
    except OSError as fault:
        _LOG.warning("a letter that nobody takes cannot be written anew: %s", fault.strerror)


def _ours(house: Installation) -> bool:
    return house.settings.permission_administrator == "own"


def lay(house: Installation, *, at: datetime) -> int:
    """Lay every letter down that is due and does not lie there yet. Safe to repeat, and to interrupt. Returns how many."""
    now, ours, count, last = whole_second(at), _ours(house), 0, About(None, None, None)
    house.letters.mkdir(mode=0o700, exist_ok=True)
    while True:
        with house.operator() as c:
            locks.alone(c, LOCK)
            if not count:
                sweep(c, house.letters)
            found = [(one, _turns(house, one, now)) for one in letters.due(c, now, last, ours=ours, limit=AT_ONCE)]
            _put(house.letters, [_written(house, one, turns, now) for one, turns in found])
            letters.laid(c, [(one.about, turns) for one, turns in found], now)
            house.log.record(c, [_event(one, turns, now) for one, turns in found])
        if not found:
            return count
        count, last = count + len(found), found[-1][0].about


def _turns(house: Installation, one: Due, now: datetime) -> datetime:
    """Return until when silence says nothing yet: the notice of a mandate is over, or the permission ends."""
    if one.about.permission is None:
        return now + timedelta(days=house.settings.mandate_notice_days)
    assert one.live.end is not None  # noqa: S101 - what has no end has no reminder
    return one.live.end


def _written(house: Installation, one: Due, turns: datetime, now: datetime) -> Letter:
    claimed = one.about.permission is None
    begins = max(one.live.start, turns) if claimed else turns
    return Letter(
        reference=one.about.reference,
        made=now,
        claimed=claimed,
        name=house.name_of(one.person),
        customer=one.person.code,
        ean=one.ean.reveal(),
        product=one.product,
        party=one.party_name or "",
        party_code=one.party_code or "",
        purpose=one.purpose,
        mask=one.mask,
        data=one.data,
        live=Period(begins, max(begins, one.live.end or begins)) if claimed else one.live,
        turns=begins,
        pages_at=house.settings.pages_at,
        letters_to=house.settings.letters_to,
    )


def path_of(folder: Path, reference: str) -> Path:
    """Return where a letter lies until it is taken."""
    return folder / f"{reference}{SUFFIX}"


def _put(folder: Path, found: Sequence[Letter]) -> None:
    """Lay letters down, durably: none is seen before it is whole."""
    paths = [path_of(folder, one.reference) for one in found]
    for path, one in zip(paths, found, strict=True):
        with path.with_suffix(ASIDE).open("wb") as out:
            out.write(letter.document(one))
            out.flush()
            os.fsync(out.fileno())
    for path in paths:
        path.with_suffix(ASIDE).replace(path)
    if paths:
        durable.sync(folder)


def sweep(c: C, folder: Path) -> None:
    """Remove what a crash left aside, or named and not marked: if it is still due it is laid down again."""
    for aside in folder.glob(f"*{ASIDE}"):
        aside.unlink()
    there = _there(folder)
    for first in range(0, len(there), AT_ONCE):
        some = there[first : first + AT_ONCE]
        for stray in {*some} - letters.known(c, some):
            path_of(folder, stray.reference).unlink(missing_ok=True)


def _there(folder: Path) -> list[About]:
    """Return what the letters are about that lie there; other files are somebody else's."""
    return [one for path in folder.glob(f"*{SUFFIX}") if (one := About.called(path.name.removesuffix(SUFFIX))) is not None]


def _event(one: Due, turns: datetime, at: datetime) -> Event:
    """Say that it lies there: about what, and until when silence says nothing yet."""
    said = {"request": one.about.request, "permission": one.about.permission, "days": one.about.days}
    body: dict[str, Json] = {name: value for name, value in said.items() if value is not None}
    body |= {"party": one.party, "mask": one.mask, "answer_by": epoch_s(turns)}
    return Event(at, EventKind.LETTER_LAID, telling.OPERATOR, one.person.code, one.connection, body)
