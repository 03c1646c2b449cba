"""That customers were told before a permission runs out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import final

from kwartier.model.register import Mask
from kwartier.store.registry import rows as _rows
from kwartier.store.registry.rows import C

# The nearest step that has come counts; who was told of it, or of a nearer one, is not told again. What was renewed needs no word.
_TELL = """
    with near as (
        select s.id, min(d.days) as days from kw.permission_state s
        join unnest(%(days)s::integer[]) as d (days) on upper(s.live) <= %(at)s::timestamptz + make_interval(days => d.days)
        where s.id > %(after)s and s.id <= %(last)s and not isempty(s.live) and upper(s.live) > %(at)s and lower(s.live) <= %(at)s
        and not exists (select from kw.permission p where p.renews = s.id)
        group by s.id),
    told as (
        insert into kw.permission_reminder (permission, days, at)
        select n.id, n.days, %(at)s from near n
        where not exists (select from kw.permission_reminder r where r.permission = n.id and r.days <= n.days)
        order by n.id on conflict do nothing returning permission, days)
    select t.permission, t.days, p.connection, p.party, p.mask, j.code
    from told t join kw.permission p on p.id = t.permission join kw.subject j on j.key = p.subject order by t.permission
"""


@final
@dataclass(frozen=True, slots=True)
class Reminder:
    """One customer to be told of one permission, `days` before its end."""

    permission: int
    days: int
    connection: int
    party: int | None
    mask: Mask
    code: str


def tell(c: C, days: Sequence[int], at: datetime, after: int, last: int) -> list[Reminder]:
    """Write down who is to be told now of a permission after `after` up to `last`, so many days before its end; return them."""
    with _rows.cursor(c) as cursor:
        return [Reminder(*row) for row in cursor.execute(_TELL, {"days": list(days), "at": at, "after": after, "last": last})]
