"""A customer's no to what has ended or never began. It changes nothing of that, and stands against every mandate of the same.

Works under row-level security too.
"""

from datetime import datetime
from typing import Final

from kwartier.store.registry.rows import C

# Whoever took it back, or what renews it, said no then.
_TO_PERMISSION: Final = """
    insert into kw.late_no (permission, at) select %(key)s, %(at)s where not exists (
        with recursive chain as (
            select %(key)s::bigint as id union select p.id from kw.permission p join chain a on p.renews = a.id)
        select from chain join kw.permission_event e on e.permission = chain.id and e.event = 'revoked')
    on conflict do nothing returning id
"""
_TO_REQUEST: Final = "insert into kw.late_no (request, at) values (%(key)s, %(at)s) on conflict do nothing returning id"


def to_permission(c: C, permission: int, at: datetime) -> bool:
    """Keep a no to a permission that has ended. False if it was said before."""
    return c.execute(_TO_PERMISSION, {"key": permission, "at": at}).fetchone() is not None


def to_request(c: C, request: int, at: datetime) -> bool:
    """Keep a no to a request that fell away without one. False if it was said before."""
    return c.execute(_TO_REQUEST, {"key": request, "at": at}).fetchone() is not None


def is_to_request(c: C, request: int) -> bool:
    """Tell whether a no to this request was kept after it fell away, or to the permission that answers it after its end."""
    query = "select from kw.late_no where request = %(key)s or permission in (select id from kw.permission where request = %(key)s)"
    return c.execute(query, {"key": request}).fetchone() is not None


def is_to_permission(c: C, permission: int) -> bool:
    """Tell whether a no to this permission was kept after it had ended."""
    return c.execute("select from kw.late_no where permission = %s", (permission,)).fetchone() is not None
