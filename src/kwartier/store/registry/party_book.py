"""Whom to speak to at a party, and by which public keys it signs. Names and addresses of persons: for the operator's eyes only."""

from dataclasses import dataclass, field
from typing import Any, final

from psycopg.types.json import Jsonb

from kwartier.model.period import Period
from kwartier.store.registry import rows as _rows
from kwartier.store.registry.rows import C

_CONTACTS = "select kind, name, mail, phone from kw.party_contact where party = %s order by kind"
_PUT = """
    insert into kw.party_contact (party, kind, name, mail, phone) values (%s, %s, %s, %s, %s)
    on conflict (party, kind) do update set name = excluded.name, mail = excluded.mail, phone = excluded.phone
"""
_KEYS = "select kid, jwk, period from kw.party_key where party = %s order by lower(period), kid"
_ADD_KEY = "insert into kw.party_key (party, kid, jwk, period) values (%s, %s, %s, %s)"


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


def put_contact(c: C, party: int, contact: Contact) -> None:
    """Write down whom to speak to about this; who stood there before is gone."""
    c.execute(_PUT, (party, contact.kind, contact.name, contact.mail, contact.phone))


def keys(c: C, party: int) -> list[PartyKey]:
    """Return every key that a party has or had."""
    with _rows.cursor(c) as cursor:
        return [PartyKey(*row) for row in cursor.execute(_KEYS, (party,))]


def add_key(c: C, party: int, key: PartyKey) -> None:
    """Take a public key. The database refuses one with a private part, and one that is there."""
    with _rows.cursor(c) as cursor:
        cursor.execute(_ADD_KEY, (party, key.kid, Jsonb(key.jwk), key.period))
