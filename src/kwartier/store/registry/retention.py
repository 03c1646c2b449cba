"""What the registry gives up when its term is over, table by table, and who is forgotten. As the owner: nobody else may."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Final

from psycopg.types.json import Jsonb

from kwartier.grounds.retention import Kept
from kwartier.model.period import epoch_s, midnight
from kwartier.store.registry import people
from kwartier.store.registry.rows import C

_STATEMENTS: Final[Mapping[Kept, str]] = {
    Kept.QUARANTINE: "delete from kw.quarantine where last_s < %(seconds)s",
    Kept.HAND_READINGS: "delete from kw.hand_reading where at < %(moment)s",
    Kept.OUTCOMES: "delete from kw.outcome where last_s < %(seconds)s",
    Kept.SIGHTS: "delete from kw.sight where at < %(moment)s",
    Kept.ALARMS: "delete from kw.alarm where at < %(moment)s",
    Kept.USE_CASE_DAYS: "delete from kw.use_case_day where day < %(day)s",
    Kept.REJECTED_ROWS: """
        delete from kw.import_reject r using kw.import_run i where i.id = r.run and i.at < %(moment)s
    """,
    Kept.STAFF: "delete from kw.staff_act where at < %(moment)s",
    Kept.PROPOSALS: """
        delete from kw.use_case_proposal p
        where coalesce((select upper(u.approved) from kw.use_case u where u.id = p.use_case), p.proposed) < %(moment)s
    """,
    Kept.CONTACTS: """
        delete from kw.party_contact t where t.at < %(moment)s and not exists (
            select from kw.agreement a where a.party = t.party and coalesce(upper(a.period), 'infinity') >= %(moment)s)
    """,
    Kept.PARCELS: "delete from kw.parcel where at < %(moment)s and status <> 'sending'",
}
# What a parcel kept alive goes with it.
_AFTER_PARCELS: Final = (
    """
        delete from kw.delivery_due d using kw.batch b where b.id = d.batch and b.committed < %(moment)s
        and not exists (select from kw.parcel p where p.due = d.id)
    """,
    """
        delete from kw.bundle b where b.at < %(moment)s and b.state = 'sent'
        and not exists (select from kw.parcel p where p.bundle = b.id)
    """,
)
_LAPSED: Final = f"""
    select l.key, l.code from ({people.LEFT}) as l where l.code not like 'forgotten:%%' and l.until < %s order by l.key
"""  # noqa: S608 - constants only
# Whoever asked, or was asked, and has no answer yet; whose processing is restricted; who has a permission in force, wherever.
_AWAITED: Final = """
    select r.subject from kw.rights_request r where r.subject = any(%(persons)s) and not exists (
        select from kw.rights_event e where e.request = r.id and e.event in ('answered', 'refused'))
    union select q.subject from kw.permission_request q where q.subject = any(%(persons)s) and not exists (
        select from kw.request_event e where e.request = q.id and e.event not in ('requested', 'presented'))
    union select h.subject from kw.hold h where h.subject = any(%(persons)s) and coalesce(upper(h.period), 'infinity') > %(at)s
    union select s.subject from kw.permission_state s where s.subject = any(%(persons)s) and not isempty(s.live)
        and coalesce(upper(s.live), 'infinity') > %(at)s
"""
_BOXES: Final = """
    select p.code, b.id from kw.bundle b join kw.party p on p.key = b.receiver
    where b.state = 'sent' and b.at >= %(since)s and b.at < %(until)s order by b.at
"""


def give_up(c: C, kept: Kept, oldest: date) -> int:
    """Delete what is older than this local day. Returns how many rows; of kinds that are no table, 0."""
    if kept not in _STATEMENTS:
        return 0
    bounds = {"seconds": epoch_s(midnight(oldest)), "moment": midnight(oldest), "day": oldest}
    gone = c.execute(_STATEMENTS[kept].encode(), bounds).rowcount
    if kept is Kept.PARCELS and gone:
        for statement in _AFTER_PARCELS:
            c.execute(statement.encode(), bounds)
    return gone


def lapsed(c: C, oldest: date) -> list[tuple[int, str]]:
    """Return (person, code) of whose last time at any connection ended before this local day, and who is not forgotten yet.

    Of who never had any: who was recorded before it.
    """
    return c.execute(_LAPSED.encode(), (midnight(oldest),)).fetchall()


def awaited(c: C, persons: Iterable[int], at: datetime) -> set[int]:
    """Return those of these people of whom something is open at a moment: a question, a restriction, a permission."""
    return {subject for (subject,) in c.execute(_AWAITED.encode(), {"persons": [*persons], "at": at})}


def forget(c: C, subject: int, code: str) -> None:
    """Destroy a person's key, name and number. What refers to the person refers to nobody from then on. As the owner.

    What a party, or another permission administrator, calls a consent would tell it who it was: that goes too.
    """
    c.execute("delete from kw.subject_key where subject = %s", (subject,))
    c.execute("update kw.subject set sealed_name = null, code = 'forgotten:' || key where key = %s", (subject,))
    c.execute(
        "update kw.permission set reference = null, identifier = null"
        " where subject = %s and (reference is not null or identifier is not null)",
        (subject,),
    )
    c.execute("update kw.permission_request set reference = null where subject = %s and reference is not null", (subject,))
    c.execute("delete from kw.import_reject where position(',' || %s || ',' in ',' || replace(row, '\"', '') || ',') > 0", (code,))


def boxes(c: C, since: datetime, until: datetime) -> list[tuple[str, str]]:
    """Return (box, bundle) of what was handed over in [since, until)."""
    return c.execute(_BOXES.encode(), {"since": since, "until": until}).fetchall()


def last_run(c: C) -> datetime | None:
    """Return when retention was applied last; None for never."""
    found = c.execute("select max(at) from kw.retention_run").fetchone()
    last: datetime | None = found[0] if found else None
    return last


def ran(c: C, at: datetime, counts: Mapping[str, int]) -> int:
    """Write that retention was applied. Returns the number of the run."""
    found = c.execute(
        "insert into kw.retention_run (at, counts) values (%s, %s) returning id", (at, Jsonb(dict(counts)))
    ).fetchone()
    assert found is not None  # noqa: S101 - an insert returns its row
    return int(found[0])


def days_since(c: C, since: datetime) -> set[date]:
    """Return the local days to which batches that were committed since a moment have added."""
    rows = c.execute(
        "select distinct (f ->> 'day')::date from kw.batch b, jsonb_array_elements(b.files) f where b.committed >= %s", (since,)
    ).fetchall()
    return {row[0] for row in rows}
