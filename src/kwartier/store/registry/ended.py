"""Facts that ended, requests that were answered and breaches that were closed, when the term of each is over. As the owner.

What refers to another goes first; a permission that another one renews stays with that, and what a customer said no to after its
end until the term of that no is over. Where somebody has the processing restricted (GDPR art. 18) everything stays as it is, the
facts too.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Final

from kwartier.grounds.retention import Kept
from kwartier.model.period import midnight
from kwartier.store.registry.rows import C

_PERMISSIONS: Final = (
    """
    create temporary table going on commit drop as
    select p.id from kw.permission p join kw.permission_state s using (id)
    where case when isempty(s.live) then lower(p.live) else upper(s.live) end < %(moment)s
    and not exists (select from kw.permission r where r.renews = p.id)
    and not exists (select from kw.late_no n where n.permission = p.id and n.at >= %(moment)s)
    and not exists (select from kw.hold h where h.connection = p.connection and h.period @> %(at)s)
    """,
    "delete from kw.late_no where permission in (select id from going)",
    "delete from kw.permission_event where permission in (select id from going)",
    "delete from kw.letter where permission in (select id from going)",
    "delete from kw.permission_reminder where permission in (select id from going)",
    "delete from kw.permission_state where id in (select id from going)",
    "delete from kw.permission where id in (select id from going)",
)
_ASKED: Final = (
    """
    create temporary table going on commit drop as
    select r.id from kw.permission_request r where (
        select max(e.at) < %(moment)s and bool_or(e.event not in ('requested', 'presented'))
        from kw.request_event e where e.request = r.id)
    and not exists (select from kw.permission p where p.request = r.id)
    and not exists (select from kw.late_no n where n.request = r.id and n.at >= %(moment)s)
    and not exists (select from kw.hold h where h.connection = r.connection and h.period @> %(at)s)
    """,
    "delete from kw.mandate_evidence e using kw.mandate_sample s where s.id = e.sample and s.request in (select id from going)",
    "delete from kw.mandate_sample where request in (select id from going)",
    "delete from kw.letter where request in (select id from going)",
    "delete from kw.late_no where request in (select id from going)",
    "delete from kw.request_event where request in (select id from going)",
    "delete from kw.permission_request where id in (select id from going)",
)
_SUPPLIES, _CHOICES = (
    (
        f"""
        delete from kw.{table} f where upper(f.period) < %(moment)s
        and not exists (select from kw.hold h where h.connection = f.connection and h.period @> %(at)s)
        """,  # noqa: S608 - fixed names
    )
    for table in ("supply", "restriction")
)
_RIGHTS: Final = (
    """
    create temporary table going on commit drop as
    select r.id from kw.rights_request r where (
        select max(e.at) < %(moment)s and bool_or(e.event in ('answered', 'refused'))
        from kw.rights_event e where e.request = r.id)
    and not exists (select from kw.hold where request = r.id)
    and not exists (select from kw.objection where request = r.id)
    and not exists (select from kw.dispute where request = r.id)
    and not exists (select from kw.rectification where request = r.id)
    """,
    "delete from kw.rights_event where request in (select id from going)",
    "delete from kw.rights_request where id in (select id from going)",
)
_BREACHES: Final = (
    """
    create temporary table going on commit drop as
    select breach as id from kw.breach_event group by breach having max(at) < %(moment)s and bool_or(event = 'closed')
    """,
    "delete from kw.breach_touched where breach in (select id from going)",
    "delete from kw.breach_event where breach in (select id from going)",
    "delete from kw.breach where id in (select id from going)",
)
_OF: Final[Mapping[Kept, tuple[Sequence[str], ...]]] = {
    Kept.PERMISSIONS: (_PERMISSIONS, _ASKED),
    Kept.SUPPLIES: (_SUPPLIES,),
    Kept.CHOICES: (_CHOICES,),
    Kept.RIGHTS: (_RIGHTS,),
    Kept.BREACHES: (_BREACHES,),
}
"""In this order: of each the last statement takes what is counted. What parties asked goes after the permissions that answer it."""


def give_up(c: C, kept: Kept, oldest: date, at: datetime) -> int:
    """Delete what ended, or was answered, before this local day. Returns how many went. Raises KeyError for another kind.

    Looked for until nothing more is found: what one renewed that went may go after it.
    """
    bounds = {"moment": midnight(oldest), "at": at}
    return sum(_until_none(c, statements, bounds) for statements in _OF[kept])


def _until_none(c: C, statements: Sequence[str], bounds: Mapping[str, object]) -> int:
    count = 0
    while gone := [c.execute(each.encode(), bounds).rowcount for each in statements][-1]:
        count += gone
        c.execute("drop table if exists going")
    c.execute("drop table if exists going")
    return count
