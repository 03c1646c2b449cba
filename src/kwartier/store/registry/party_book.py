"""Whom to speak to at a party, and by which public keys it signs. Names and addresses of persons: for the operator's eyes only."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, final

from psycopg.types.json import Jsonb

from kwartier.model.period import Period
from kwartier.store.registry import rows as _rows
from kwartier.store.registry.rows import C

_CONTACTS = "select kind, name, mail, phone from kw.party_contact where party = %s order by kind"
_PUT = """
    insert into kw.party_contact (party, kind, name, mail, phone, at) values (%s, %s, %s, %s, %s, %s)
    on conflict (party, kind) do update set name = excluded.name, mail = excluded.mail, phone = excluded.phone, at = excluded.at
"""
_KEYS = "select kid, jwk, period from kw.party_key where party = %s order by lower(period), kid"
_ADD_KEY = "insert into kw.party_key (party, kid, jwk, period) values (%s, %s, %s, %s) returning id"
# One that begins later ends when it begins plus nothing: it is left alone, for it is not in force then.
_END_KEYS = """
    update kw.party_key set period = tstzrange(lower(period), %(end)s)
    where party = %(party)s and (%(kid)s::text is null or kid = %(kid)s) and id is distinct from %(but)s
    and lower(period) < %(end)s and (upper_inf(period) or upper(period) > %(end)s) returning id, period
"""


@final
@dataclass(frozen=True, slots=True)
class Contact:
    """Whom to speak to about what. What it holds does not show: neither in a log nor in a traceback."""

    kind: str
    name: str = field(repr=False)
    mail: str = field(repr=False)
    phone: str | None = field(default=None, repr=False)


@final
@dataclass(frozen=True, slots=True)
class PartyKey:
    """A public key of a party (RFC 7517), by its `kid`, and from when until when it counts."""

    kid: str
    jwk: dict[str, Any]
    period: Period


def contacts(c: C, party: int) -> list[Contact]:
    """Return whom to speak to at a party."""
    with _rows.cursor(c) as cursor:
        return [Contact(*row) for row in cursor.execute(_CONTACTS, (party,))]


def put_contact(c: C, party: int, contact: Contact, at: datetime) -> None:
    """Write down whom to speak to about this; who stood there before is gone."""
    c.execute(_PUT, (party, contact.kind, contact.name, contact.mail, contact.phone, at))


def keys(c: C, party: int) -> list[PartyKey]:
    """Return every key that a party has or had."""
    with _rows.cursor(c) as cursor:
        return [PartyKey(*row) for row in cursor.execute(_KEYS, (party,))]


def add_key(c: C, party: int, key: PartyKey) -> int:
    """Take a public key. Returns its number. The database refuses one with a private part, and one that is there."""
    with _rows.cursor(c) as cursor:
        row = cursor.execute(_ADD_KEY, (party, key.kid, Jsonb(key.jwk), key.period)).fetchone()
    assert row is not None  # noqa: S101 - an insert that returns
    return int(row[0])


def end_keys(c: C, party: int, end: datetime, *, kid: str | None = None, but: int | None = None) -> list[tuple[int, Period]]:
    """Let keys of a party that would count longer count until `end`: the one of this id, or all `but` one. Returns these."""
    with _rows.cursor(c) as cursor:
        return cursor.execute(_END_KEYS, {"party": party, "end": end, "kid": kid, "but": but}).fetchall()
