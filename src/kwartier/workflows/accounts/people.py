"""Who signs in. In the demo a persona is chosen from a list; nowhere else."""

import json
import os
from dataclasses import dataclass
from typing import final

from kwartier.model.errors import KwartierError
from kwartier.store.registry import names
from kwartier.store.registry.people import forgotten
from kwartier.workflows.installation import Installation


class NoSuchPerson(KwartierError):
    """Nobody signs in under this code."""

    code = "no-such-person"


@final
@dataclass(frozen=True, slots=True)
class Persona:
    """Somebody of the demo's town: the code to sign in with, and what is interesting about them, in both languages."""

    code: str
    name: str
    nl: str
    en: str


@final
@dataclass(frozen=True, slots=True)
class Account:
    """The person who signed in. `code` is the person's own code, with which proofs are made."""

    subject: int
    code: str
    name: str


def personas(house: Installation) -> list[Persona]:
    """Return the personas that the demo's town offers; an installation without a town has none."""
    path = house.data / "town" / "personas.json"
    if not path.exists():
        return []
    return [Persona(one["subject"], one["name"], one["nl"], one["en"]) for one in json.loads(path.read_text("utf-8"))]


def persona_account(house: Installation, code: str) -> Account:
    """Sign a persona in. Raises NoSuchPerson for a code that is not on the list, were it a customer's or not."""
    if code not in {one.code for one in personas(house)}:
        msg = "this is not a persona of the demo"
        raise NoSuchPerson(msg)
    with house.operator() as c:
        return _account(house, names.person(c, code=code))


def account(house: Installation, subject: int) -> Account:
    """Return who a session belongs to, read under row-level security. Raises NoSuchPerson."""
    with house.portal(subject) as c:
        return _account(house, names.person(c, key=subject))


def _account(house: Installation, found: names.Person | None) -> Account:
    if found is None or forgotten(found.code):
        msg = "there is no such person"
        raise NoSuchPerson(msg)
    return Account(found.key, found.code, house.name_of(found))


def session_secret(house: Installation) -> bytes:
    """Return the key that signs session cookies, made at first use and kept among the keys."""
    path = house.keys / "session.key"
    try:
        made = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        return path.read_bytes()
    secret = os.urandom(32)
    with os.fdopen(made, "wb") as out:
        out.write(secret)
    return secret
