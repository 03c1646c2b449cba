"""Who of the operator's people did what: the name beside the log, a commitment in it, and neither changed unseen."""

import hmac
import json
from base64 import b64decode
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kwartier.audit import staffed
from kwartier.audit.errors import NotInLog
from kwartier.audit.events import Event, EventKind
from kwartier.audit.log import Leaf, Log
from kwartier.audit.staffed import Act
from kwartier.audit.verify import verify
from kwartier.keys import signing
from kwartier.model.errors import BadInput
from kwartier.model.period import Period
from kwartier.model.staff import Staff
from kwartier.store.postgres import Dsns

AT = datetime(2026, 11, 24, 1, 2, 3, 4, UTC)
MIEKE = Staff("M. de Vries", 'storing gemeld, "code 12"')
C = psycopg.Connection[Any]


@pytest.fixture
def named(tmp_path: Path) -> Log:
    for name in ("keys", "audit"):
        (tmp_path / name).mkdir(mode=0o700)
    return Log(signing.create(tmp_path / "keys", "kwartier.test/log"), tmp_path / "audit", MIEKE)


@pytest.fixture
def c(dsns: Dsns) -> Iterator[C]:
    with psycopg.connect(dsns.operator) as found:
        yield found


def event(actor: str = "operator", subject: str | None = "anna") -> Event:
    return Event(AT, EventKind.VIEW_SHOWN, actor, subject, 7, {"shown": "grounds"})


def test_a_proof_shows_the_role_and_who_is_told_the_name_can_check_it(named: Log, c: C, dsns: Dsns) -> None:
    (entry,) = named.record(c, [event()])
    c.commit()
    with psycopg.connect(dsns.audit) as auditor:
        named.integrate(auditor)
    proof = named.proof(c, entry)
    found = verify(proof, named.vkey, "anna")
    assert found.event["actor"] == "operator"
    extra = b64decode(proof.splitlines()[1].removeprefix("extra "))
    assert not any(text.encode() in extra for text in (MIEKE.person, MIEKE.reason, "Vries", "storing"))
    kept = named.staff(c, entry)
    assert kept is not None
    assert (kept.at, kept.act.staff, kept.agrees) == (AT, MIEKE, True)
    told = json.dumps({"because": MIEKE.reason, "person": MIEKE.person}, separators=(",", ":")).encode()
    assert hmac.digest(kept.act.salt, told, "sha256").hex() == found.event["staff"]


def test_every_line_has_a_salt_of_its_own(named: Log, c: C) -> None:
    entries = named.record(c, [event(), event(subject="bert")])
    kept = [named.staff(c, entry) for entry in entries]
    assert len({one.act.commitment for one in kept if one is not None}) == 2


def test_what_a_customer_does_or_runs_by_itself_names_nobody(named: Log, c: C, tmp_path: Path) -> None:
    alone = Log(signing.load(tmp_path / "keys"), tmp_path / "audit")
    entries = [*named.record(c, [event("customer:1")]), *alone.record(c, [event()])]
    assert [named.staff(c, entry) for entry in entries] == [None, None]
    said = c.execute("select convert_from(leaf, 'UTF8') from audit.pending where id = any(%s)", (entries,)).fetchall()
    assert all("staff" not in json.loads(text) for (text,) in said)
    with pytest.raises(NotInLog):
        named.staff(c, max(entries) + 1)


def test_a_batch_names_who_sent_for_it(named: Log, c: C) -> None:
    named.record_batch(c, EventKind.BATCH_INTENDED, 1, AT, "operator", [Leaf(7, "anna", b'{"c":7}')], {})
    found = c.execute("select max(id) from audit.pending").fetchone()
    assert found is not None
    kept = named.staff(c, found[0])
    assert kept is not None
    assert (kept.act.staff, kept.agrees) == (MIEKE, True)


def test_another_name_or_reason_does_not_open_the_commitment(named: Log, c: C, admin_dsn: str) -> None:
    entries = named.record(c, [event(), event(), event()])
    c.commit()
    with psycopg.connect(admin_dsn) as admin:
        admin.execute("alter table kw.staff_act disable trigger user")
        admin.execute("update kw.staff_act set person = 'Somebody else' where entry = %s", (entries[0],))
        admin.execute("update kw.staff_act set reason = 'another' where entry = %s", (entries[1],))
        admin.execute("alter table kw.staff_act enable trigger user")
    assert [kept.agrees for entry in entries if (kept := named.staff(c, entry)) is not None] == [False, False, True]


def test_names_only_grow_and_are_not_the_portals_to_see(named: Log, c: C, dsns: Dsns) -> None:
    named.record(c, [event()])
    c.commit()
    with psycopg.connect(dsns.owner) as owner, pytest.raises(psycopg.errors.IntegrityConstraintViolation):
        owner.execute("delete from kw.staff_act")
    for statement in ("update kw.staff_act set person = 'x'", "delete from kw.staff_act"):
        with psycopg.connect(dsns.operator) as operator, pytest.raises(psycopg.errors.InsufficientPrivilege):
            operator.execute(statement)
    for statement in ("select from kw.staff_act", "insert into kw.staff_act values (1, 'x', 'y', '\\x', now())"):
        with psycopg.connect(dsns.portal) as portal, pytest.raises(psycopg.errors.InsufficientPrivilege):
            portal.execute(statement)


def test_only_the_owner_takes_a_name_away_and_only_after_years(named: Log, c: C, dsns: Dsns) -> None:
    entries = named.record(c, [event()._replace(at=datetime(2016, 11, 24, tzinfo=UTC)), event()])
    c.commit()
    with pytest.raises(psycopg.errors.InsufficientPrivilege), psycopg.connect(dsns.audit) as auditor:
        auditor.execute("delete from kw.staff_act")
    with psycopg.connect(dsns.owner) as owner:
        with pytest.raises(psycopg.errors.IntegrityConstraintViolation), owner.transaction():
            owner.execute("update kw.staff_act set person = 'x' where entry = %s", (entries[0],))
        assert owner.execute("delete from kw.staff_act where entry = %s", (entries[0],)).rowcount == 1
    assert [named.staff(c, entry) is None for entry in entries] == [True, False]


@pytest.mark.parametrize("text", ["", " ", "x" * 201, "two\nlines", "\x00", "\ud800"])
def test_a_text_that_nobody_could_read_is_refused_and_not_repeated(text: str) -> None:
    for both in ((text, "why"), ("who", text)):
        with pytest.raises(BadInput) as told:
            Staff(*both)
        assert not text.strip() or text not in str(told.value)


def test_a_name_is_not_shown_by_accident() -> None:
    assert MIEKE.person not in repr(MIEKE) + str(MIEKE)


@given(
    st.text(min_size=1, max_size=200).filter(lambda text: text.isprintable() and text.strip()), st.binary(min_size=16, max_size=16)
)
def test_every_person_and_reason_that_is_accepted_has_a_commitment_that_differs_by_order(text: str, salt: bytes) -> None:
    plain, swapped = Act(Staff(text, "because"), salt), Act(Staff("because", text), salt)
    assert (plain.commitment == swapped.commitment) == (text == "because")


def test_only_the_operators_own_doings_are_named() -> None:
    assert staffed.act(event(), MIEKE) is not None
    assert staffed.act(event("supplier:3"), MIEKE) is None


def test_an_erasure_names_who_sent_for_it(named: Log, c: C, dsns: Dsns) -> None:
    named.record(c, [event()])
    c.commit()
    with psycopg.connect(dsns.audit) as auditor:
        assert named.erase(auditor, "anna", 7, Period(AT, None)) == 1
        found = auditor.execute("select max(id) from audit.pending").fetchone()
        assert found is not None
        kept = named.staff(auditor, found[0])
    assert kept is not None
    assert kept.act.staff == MIEKE
