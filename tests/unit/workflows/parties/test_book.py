"""Contacts and keys of parties: public keys only; what a contact holds shows in no error, no text of a value and no log."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from kwartier.model.period import Period
from kwartier.model.staff import Staff
from kwartier.store.registry.errors import NotFound
from kwartier.workflows import installation, parties, replay
from kwartier.workflows.installation import Installation
from kwartier.workflows.parties import BadContact, BadKey, Contact
from registry_support import World

pytestmark = pytest.mark.database
AT = datetime(2026, 3, 10, 12, tzinfo=UTC)
KEY = {"kty": "EC", "crv": "P-256", "kid": "one", "x": "eA", "y": "eQ"}
SECRET = Contact("privacy", "Mevrouw Zonderling", "zonderling@example.nl", "+31 6 1234")


def test_whom_to_speak_to_is_replaced_and_shows_nowhere(opened: Installation, facts: World) -> None:
    facts.party()
    parties.contact(opened, "P1", SECRET, at=AT)
    parties.contact(opened, "P1", Contact("privacy", "Another", "a@example.nl"), at=AT)
    assert [one.name for one in parties.show(opened, "P1", at=AT).contacts] == ["Another"]
    assert "Zonderling" not in repr(SECRET)
    assert "zonderling" not in repr(SECRET)
    with opened.auditor() as c:
        opened.log.integrate(c)
        leaves = c.execute("select leaf from audit.entry").fetchall()
    assert not any(b"example.nl" in leaf for (leaf,) in leaves)


@pytest.mark.parametrize(
    "wrong",
    [
        Contact("boss", "Zonderling", "z@x"),
        Contact("privacy", "", "z@x"),
        Contact("general", "Z", "z"),
        Contact("general", "Zonderling\0", "z@x"),
    ],
)
def test_a_wrong_contact_is_refused_without_a_word_of_it(opened: Installation, facts: World, wrong: Contact) -> None:
    facts.party()
    with pytest.raises(BadContact) as refused:
        parties.contact(opened, "P1", wrong, at=AT)
    assert "Zonderling" not in str(refused.value)
    assert refused.value.__cause__ is None
    assert parties.show(opened, "P1", at=AT).contacts == ()


def test_that_persons_at_a_party_were_shown_and_to_whom_stands_in_the_log(opened: Installation, facts: World) -> None:
    party, other = facts.party(), facts.party()
    parties.contact(opened, "P1", SECRET, at=AT)
    with installation.opened(opened.data, staff=Staff("Anna", "they call")) as hers:
        parties.show(hers, "P1", at=AT)
        parties.show(hers, "P2", at=AT)
    assert replay.run(opened, at=AT).findings == []
    with opened.operator() as c:
        ((entry, connection, leaf),) = c.execute(
            "select id, connection, leaf from audit.entry where kind = 'view:shown'"
        ).fetchall()
        act = opened.log.staff(c, entry)
    assert act is not None
    assert act.act.staff == Staff("Anna", "they call")
    assert connection is None, "about nobody whose meter is read"
    assert json.loads(leaf)["body"] == {"asked": party, "shown": "contacts"}, "where nobody is shown, as at the other, no line"
    assert other


def test_that_a_contact_was_written_and_by_whom_stands_in_the_log_and_not_who_it_is(opened: Installation, facts: World) -> None:
    facts.party()
    with installation.opened(opened.data, staff=Staff("Anna", "they moved")) as hers:
        parties.contact(hers, "P1", SECRET, at=AT)
        with pytest.raises(BadContact):
            parties.contact(hers, "P1", Contact("privacy", "", "z@x"), at=AT)
    with opened.auditor() as c:
        opened.log.integrate(c)
    with opened.operator() as c:
        ((entry, leaf),) = c.execute("select id, leaf from audit.entry where kind = 'party_contact:written'").fetchall()
        act = opened.log.staff(c, entry)
        (party,) = c.execute("select key from kw.party").fetchone() or (0,)
    assert json.loads(leaf)["body"] == {"party": party, "kind": "privacy"}
    assert act is not None
    assert act.agrees
    assert act.act.staff == Staff("Anna", "they moved")
    assert replay.run(opened, at=AT).findings == []


@pytest.mark.parametrize(
    "wrong", [{"kid": "k" * 101}, {"kid": "a\x1b[31m"}, {"kid": ""}, {"kty": ["EC"]}, {"kty": {}}, {"n": "\0"}, {"d": "secret"}]
)
def test_what_is_no_key_is_refused_whatever_it_is(opened: Installation, facts: World, wrong: dict[str, object]) -> None:
    facts.party()
    with pytest.raises(BadKey):
        parties.key(opened, "P1", KEY | wrong, Period(AT))
    assert parties.show(opened, "P1", at=AT).keys == ()


def test_a_public_key_is_taken_once(opened: Installation, facts: World) -> None:
    facts.party()
    assert parties.key(opened, "P1", KEY, Period(AT)) == "one"
    with pytest.raises(BadKey):
        parties.key(opened, "P1", KEY, Period(AT))
    (held,) = parties.show(opened, "P1", at=AT).keys
    assert (held.kid, held.jwk, held.period) == ("one", KEY, Period(AT))


@pytest.mark.parametrize(
    "wrong",
    [
        KEY | {"d": "c2VjcmV0"},
        {"kty": "oct", "kid": "one", "k": "c2VjcmV0"},
        {"kty": "RSA", "kid": "one", "n": "AQ", "e": "AQAB", "p": "c2VjcmV0"},
        {"kty": "EC"},
        {"kid": "one"},
        KEY | {"kid": 3},
    ],
)
def test_a_private_part_never_comes_in(opened: Installation, facts: World, wrong: dict[str, object]) -> None:
    facts.party()
    with pytest.raises(BadKey) as refused:
        parties.key(opened, "P1", wrong, Period(AT))
    assert "c2VjcmV0" not in str(refused.value)
    assert parties.show(opened, "P1", at=AT).keys == ()
    if "kty" in wrong and isinstance(wrong.get("kid"), str):
        with opened.operator() as c, pytest.raises(Exception, match="check constraint"), c.transaction():
            c.execute(
                "insert into kw.party_key (party, kid, jwk, period) values (1, 'x', %s, '[2026-01-01,)')", (json.dumps(wrong),)
            )


def test_every_party_is_listed_with_how_it_stands(opened: Installation, facts: World) -> None:
    supplier, app = facts.party(), facts.party("third_party")
    facts.agreement(supplier)
    parties.suspend(opened, "P2", parties.Because.SECURITY, at=AT)
    found = {one.party.key: one for one in parties.every(opened, at=AT)}
    assert (found[supplier].agreement is None, found[supplier].suspended) == (False, None)
    assert found[app].agreement is None
    assert found[app].suspended is not None
    with pytest.raises(NotFound):
        parties.show(opened, "P9", at=AT)


def test_a_key_changes_over_with_an_overlap_and_ends_and_the_log_says_so(opened: Installation, facts: World) -> None:
    facts.party()
    week, month = timedelta(days=7), timedelta(days=30)
    parties.key(opened, "P1", KEY, Period(AT))
    parties.key(opened, "P1", KEY | {"kid": "two"}, Period(AT + week, AT + 9 * month), others_until=AT + week + month)
    spans = {one.kid: one.period for one in parties.show(opened, "P1", at=AT).keys}
    assert spans == {"one": Period(AT, AT + week + month), "two": Period(AT + week, AT + 9 * month)}
    parties.end_key(opened, "P1", "two", AT + month, at=AT + week)
    assert {one.kid: one.period.end for one in parties.show(opened, "P1", at=AT).keys}["two"] == AT + month
    for kid, until in (("two", AT + 2 * month), ("three", AT + week), ("one", AT + 5 * month)):
        with pytest.raises(BadKey):
            parties.end_key(opened, "P1", kid, until, at=AT + week)
    with opened.auditor() as c:
        opened.log.integrate(c)
    with opened.operator() as c:
        said = c.execute("select kind from audit.entry where kind like 'party_key:%' order by position").fetchall()
        leaves = c.execute("select convert_from(leaf, 'UTF8') from audit.entry where kind like 'party_key:%'").fetchall()
    assert [kind for (kind,) in said] == ["party_key:taken", "party_key:taken", "party_key:ended", "party_key:ended"]
    assert not any("P-256" in leaf or "eQ" in leaf for (leaf,) in leaves)
