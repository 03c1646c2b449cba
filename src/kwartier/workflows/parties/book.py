"""S6: who the parties are, how they stand, whom to speak to and by which keys they sign."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, final

from psycopg.errors import CheckViolation, DataError, UniqueViolation

from kwartier.audit.canonical import Json
from kwartier.audit.events import Event, EventKind
from kwartier.model.errors import BadInput
from kwartier.model.ground import Agreement, Suspension
from kwartier.model.period import Period, epoch_s
from kwartier.store.registry import assurance, parties, party_book
from kwartier.store.registry.assurance import Statement
from kwartier.store.registry.parties import Party
from kwartier.store.registry.party_book import Contact, PartyKey
from kwartier.workflows.installation import Installation
from kwartier.workflows.parties.suspending import ACTOR, named

PRIVATE: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
"""Members of a JWK that a public key does not have (RFC 7518 6)."""
KEY_TYPES: Final = frozenset({"EC", "RSA", "OKP"})
LONGEST_KID: Final = 100
CONTACT_KINDS: Final = ("general", "privacy", "security", "operations")


class BadKey(BadInput):
    """No public key in the form of RFC 7517; nothing was kept of it."""

    code = "bad-party-key"


class BadContact(BadInput):
    """No contact that can be written down; what it held is not repeated."""

    code = "bad-contact"


@final
@dataclass(frozen=True, slots=True)
class Standing:
    """One party and how it stands at a moment: its agreement in force, its suspension now, whether it is in default."""

    party: Party
    agreement: Agreement | None
    suspended: Suspension | None
    in_default: bool


@final
@dataclass(frozen=True, slots=True)
class Shown:
    """All there is about a party. The contacts are personal data: for the operator's eyes."""

    standing: Standing
    contacts: tuple[Contact, ...]
    keys: tuple[PartyKey, ...]
    statements: tuple[Statement, ...]
    suspensions: tuple[Suspension, ...]


def every(house: Installation, *, at: datetime) -> list[Standing]:
    """Return every party and how it stands."""
    with house.operator() as c:
        found = parties.every(c)
        keys = [one.key for one in found]
        agreements, suspensions = parties.agreements(c, keys), parties.suspensions(c, keys)
        return [_standing(one, agreements, suspensions, at, in_default=parties.in_default(c, one.key, at)) for one in found]


def show(house: Installation, code: str, *, at: datetime) -> Shown:
    """Return all there is about the party with this public code; where that is persons too, the log says that somebody looked.

    Raises NotFound.
    """
    with house.operator() as c:
        party = named(c, code)
        contacts = tuple(party_book.contacts(c, party.key))
        if contacts:
            seen: dict[str, Json] = {"asked": party.key, "shown": "contacts"}
            house.log.record(c, [Event(at, EventKind.VIEW_SHOWN, ACTOR, body=seen)])
        suspensions = parties.suspensions(c, [party.key])
        in_default = parties.in_default(c, party.key, at)
        return Shown(
            _standing(party, parties.agreements(c, [party.key]), suspensions, at, in_default=in_default),
            contacts,
            tuple(party_book.keys(c, party.key)),
            tuple(assurance.of_party(c, party.key)),
            tuple(suspensions),
        )


def _standing(
    party: Party, agreements: list[Agreement], suspensions: list[Suspension], at: datetime, *, in_default: bool
) -> Standing:
    bound = next((one for one in agreements if one.party == party.key and one.period.contains(at)), None)
    apart = next((one for one in suspensions if one.party == party.key and one.period.contains(at)), None)
    return Standing(party, bound, apart, in_default)


def contact(house: Installation, code: str, about: Contact, *, at: datetime) -> None:
    """Write down whom to speak to. Raises NotFound, BadContact; the error does not repeat what it was about.

    The log is told that it was written, and by whose hand; not who it is.
    """
    with house.operator() as c:
        party = named(c, code).key
        try:
            with c.transaction():
                party_book.put_contact(c, party, about, at)
                said: dict[str, Json] = {"party": party, "kind": about.kind}
                house.log.record(c, [Event(at, EventKind.PARTY_CONTACT_WRITTEN, ACTOR, body=said)])
        except (CheckViolation, DataError):
            msg = f"a contact is one of {', '.join(CONTACT_KINDS)} with a name and a mail address"
            raise BadContact(msg) from None


def key(house: Installation, code: str, jwk: dict[str, Any], period: Period, *, others_until: datetime | None = None) -> str:
    """Take a public key of a party. Returns its id. Raises NotFound, BadKey; the error does not repeat the key.

    With `others_until` the keys that it has by now count until then: both count in between, so that nothing signed with the old
    one is turned away while it changes over. The log is told of each, by number.
    """
    kid = jwk.get("kid")
    if str(jwk.get("kty")) not in KEY_TYPES or not isinstance(kid, str) or not 0 < len(kid) <= LONGEST_KID or not kid.isprintable():
        msg = f"a key has a printable kid of 1 to {LONGEST_KID} characters, and is of type {', '.join(sorted(KEY_TYPES))}"
        raise BadKey(msg)
    if PRIVATE & jwk.keys():
        msg = "this key has its private part with it; only public keys are taken"
        raise BadKey(msg)
    with house.operator() as c:
        party = named(c, code).key
        try:
            with c.transaction():
                number = party_book.add_key(c, party, PartyKey(kid, jwk, period))
        except UniqueViolation:
            msg = "there is a key with this kid"
            raise BadKey(msg) from None
        except DataError:
            msg = "the key holds a character that cannot be kept"
            raise BadKey(msg) from None
        ended = [] if others_until is None else party_book.end_keys(c, party, others_until, but=number)
        taken = [_key_event(EventKind.PARTY_KEY_TAKEN, party, number, period, period.start)]
        house.log.record(c, taken + [_key_event(EventKind.PARTY_KEY_ENDED, party, *one, period.start) for one in ended])
    return kid


def end_key(house: Installation, code: str, kid: str, until: datetime, *, at: datetime) -> None:
    """Let a key of a party count until a moment, now or later, and no longer. Raises NotFound, BadKey for one that ends before."""
    with house.operator() as c:
        party = named(c, code).key
        ended = party_book.end_keys(c, party, max(at, until), kid=kid)
        if not ended:
            msg = "this party has no key of this id that would count longer"
            raise BadKey(msg)
        house.log.record(c, [_key_event(EventKind.PARTY_KEY_ENDED, party, *one, at) for one in ended])


def _key_event(kind: EventKind, party: int, number: int, period: Period, at: datetime) -> Event:
    end = None if period.end is None else epoch_s(period.end)
    body: dict[str, Json] = {"party_key": number, "party": party, "start": epoch_s(period.start), "end": end}
    return Event(at, kind, ACTOR, body=body)
