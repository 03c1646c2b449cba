"""Letters to customers: which are to be laid down for the post, and which were. Works as the operator."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Self, final

from kwartier.model.ean import Ean
from kwartier.model.period import Period
from kwartier.model.register import Mask, Product
from kwartier.store.registry import rows as _rows
from kwartier.store.registry.names import Person
from kwartier.store.registry.rows import C, Row

_TO: Final = "j.key, j.code, j.sealed_name, k.wrapped, c.key, c.ean, c.product, x.party, y.name, y.code, x.purpose, x.mask, x.data"
_FROM: Final = """
    join kw.subject j on j.key = x.subject left join kw.subject_key k on k.subject = j.key
    join kw.connection c on c.key = x.connection left join kw.party y on y.key = x.party
"""
# What has no letter yet comes first: of most there is one.
_UNANSWERED: Final = """
    x.origin = 'mandate' and exists (select from kw.request_event e where e.request = x.id and e.event = 'presented')
    and not exists (select from kw.request_event e where e.request = x.id and e.event not in ('requested', 'presented'))
"""
_CLAIMED: Final = f"""
    from kw.permission_request x {_FROM}
    where %(ours)s and x.id > %(request)s and not exists (select from kw.letter l where l.request = x.id) and {_UNANSWERED}
"""
# The nearest step counts, as it does for the reminder itself; of what was renewed or has ended nothing need be said any more.
_REMINDED: Final = f"""
    from kw.permission_reminder w join kw.permission x on x.id = w.permission join kw.permission_state s on s.id = x.id {_FROM}
    where (x.party is null or %(ours)s) and w.permission > %(permission)s and not isempty(s.live) and upper(s.live) > %(at)s
    and not exists (select from kw.letter l where l.permission = w.permission and l.days <= w.days)
    and not exists (select from kw.permission_reminder n where n.permission = w.permission and n.days < w.days)
    and not exists (select from kw.permission p where p.renews = x.id)
"""  # noqa: S608 - constants only
_MANDATE: Final = f"select x.id, null, null, {_TO}, tstzrange(x.live_from, x.live_until)"
_MANDATES: Final = f"{_MANDATE} {_CLAIMED} order by x.id limit %(limit)s"
_AGAIN: Final = f"{_MANDATE} from kw.permission_request x {_FROM} where x.id = any(%b) order by x.id"
_UNTAKEN: Final = f"""
    select x.id, min(l.at), max(l.at) from kw.permission_request x join kw.letter l on l.request = x.id
    where x.id = any(%(lying)s) and {_UNANSWERED} group by x.id having min(l.at) <= %(before)s order by x.id
"""  # noqa: S608 - constants only
_REMINDERS: Final = f"select null, x.id, w.days, {_TO}, s.live {_REMINDED} order by x.id limit %(limit)s"
_WAITING: Final = f"""
    select count(*), min(one.since) from (select x.asked as since {_CLAIMED} union all select w.at {_REMINDED}) as one
"""  # noqa: S608 - constants only
_LAID: Final = """
    insert into kw.letter (request, permission, days, at, answer_by)
    select * from unnest(%b::bigint[], %b::bigint[], %b::integer[], %b::timestamptz[], %b::timestamptz[]) returning id
"""
_REFERENCES: Final = "select l.request, l.permission, l.days from kw.letter l"
_KNOWN: Final = """
    with said as (select * from unnest(%b::bigint[], %b::bigint[], %b::integer[]) as s (request, permission, days))
    select l.request, l.permission, l.days from said s join kw.letter l on l.request = s.request
    union all
    select l.request, l.permission, l.days from said s join kw.letter l on (l.permission, l.days) = (s.permission, s.days)
"""
# Of one that was written anew its last day counts.
_OVER: Final = f"""
    {_REFERENCES} where l.at < %(laid)s and l.answer_by < %(answered)s
    and not exists (select from kw.letter n where n.request = l.request and n.id > l.id)
    and (l.at >= %(laid_before)s or l.answer_by >= %(answered_before)s) order by l.id
"""
# A claim that waits for this person's word needs its letter.
_OF_SUBJECT: Final = f"""
    {_REFERENCES} where l.permission in (select id from kw.permission where subject = %(subject)s)
    or l.request in (select r.id from kw.permission_request r where r.subject = %(subject)s and (%(waiting)s
        or exists (select from kw.request_event e where e.request = r.id and e.event not in ('requested', 'presented'))))
    order by l.id
"""  # noqa: S608 - constants only

_NUMBERS_END: Final = 1 << 31
"""No letter has numbers as large as this: where one is in the name of a file, it is somebody else's."""


@final
@dataclass(frozen=True, slots=True)
class About:
    """What a letter is about: a claimed mandate, or the end of a permission so many days before it."""

    request: int | None
    permission: int | None
    days: int | None

    @property
    def reference(self) -> str:
        """What the letter is called, and its file: it says nothing of anybody."""
        return f"mandate-{self.request}" if self.permission is None else f"reminder-{self.permission}-{self.days}"

    @classmethod
    def called(cls, reference: str) -> Self | None:
        """Return what the letter of this name is about; None where no letter can have it."""
        word, *numbers = reference.split("-")
        if not all(number.isascii() and number.isdecimal() and int(number) < _NUMBERS_END for number in numbers):
            return None
        match word, [int(number) for number in numbers]:
            case "mandate", [request]:
                return cls(request, None, None)
            case "reminder", [permission, days]:
                return cls(None, permission, days)
            case _:
                return None


@final
@dataclass(frozen=True, slots=True)
class Due:
    """A letter to be laid down: to whom, about which home, and what was claimed, or given. `party` None: the own page."""

    about: About
    person: Person
    connection: int
    ean: Ean
    product: Product
    party: int | None
    party_name: str | None
    party_code: str | None
    purpose: str
    mask: Mask
    data: Period
    live: Period


def due(c: C, at: datetime, after: About, *, ours: bool, limit: int) -> list[Due]:
    """Return letters that nobody laid down yet, so many at the most, behind those of `after`: of claims first, then of reminders.

    `ours` is False where another body grants to parties.
    """
    with _rows.cursor(c) as cursor:
        values = {"at": at, "ours": ours, "limit": limit, "request": after.request or 0, "permission": after.permission or 0}
        mandates = [] if after.permission else cursor.execute(_MANDATES, values).fetchall()
        return [_due(row) for row in mandates or cursor.execute(_REMINDERS, values).fetchall()]


def _due(row: Row) -> Due:
    request, permission, days, subject, code, sealed, wrapped, connection, ean, product, *rest = row
    party, name, party_code, purpose, mask, data, live = rest
    about, person = About(request, permission, days), Person(subject, code, sealed, wrapped)
    spans = Period(data.start, data.end), Period(live.start, live.end)
    return Due(about, person, connection, Ean(ean), Product(product), party, name, party_code, purpose, mask, *spans)


@final
@dataclass(frozen=True, slots=True)
class Untaken:
    """A claim without an answer, whose letter nobody took: when it first lay there, and when it was last written."""

    request: int
    first: datetime
    last: datetime


def untaken(c: C, lying: Sequence[int], before: datetime) -> list[Untaken]:
    """Return, of the claims whose letters lie there, those without an answer whose first lay there `before`, by number."""
    with _rows.cursor(c) as cursor:
        found = cursor.execute(_UNTAKEN, {"lying": list(lying), "before": before}).fetchall()
    return [Untaken(*row) for row in found]


def again(c: C, requests: Sequence[int]) -> list[Due]:
    """Return the letters of these claims, to be written once more, by number."""
    with _rows.cursor(c) as cursor:
        return [_due(row) for row in cursor.execute(_AGAIN, (list(requests),)).fetchall()]


def waiting(c: C, at: datetime, *, ours: bool) -> tuple[int, datetime | None]:
    """Return how many letters nobody laid down yet, and since when the first of them is due."""
    values = {"at": at, "ours": ours, "request": 0, "permission": 0}
    with _rows.cursor(c) as cursor:
        ((count, since),) = cursor.execute(_WAITING, values).fetchall()
    return count, since


def laid(c: C, found: Sequence[tuple[About, datetime]], at: datetime) -> None:
    """Write that these letters lie there, each with until when silence says nothing yet."""
    columns = (
        [one.request for one, _ in found],
        [one.permission for one, _ in found],
        [one.days for one, _ in found],
        [at] * len(found),
        [answer_by for _, answer_by in found],
    )
    with _rows.cursor(c) as cursor:
        cursor.execute(_LAID, columns)


@final
@dataclass(frozen=True, slots=True)
class Over:
    """Which letters are over: laid down before the one moment, and with a term to answer that ended before the other."""

    laid: datetime
    answered: datetime


def over(c: C, now: Over, before: Over) -> list[About]:
    """Return what the letters were about that are over `now` and were not `before`."""
    bounds = {"laid": now.laid, "answered": now.answered, "laid_before": before.laid, "answered_before": before.answered}
    return _about(c.execute(_OVER.encode(), bounds).fetchall())


def known(c: C, found: Sequence[About]) -> set[About]:
    """Return which of these letters were laid down."""
    columns = [one.request for one in found], [one.permission for one in found], [one.days for one in found]
    return set(_about(c.execute(_KNOWN.encode(), columns).fetchall()))


def of_subject(c: C, subject: int, *, waiting: bool) -> list[About]:
    """Return what the letters to a person were about; those about claims that wait for an answer only with `waiting`."""
    return _about(c.execute(_OF_SUBJECT.encode(), {"subject": subject, "waiting": waiting}).fetchall())


def _about(rows: Iterable[Row]) -> list[About]:
    return [About(*row) for row in rows]
