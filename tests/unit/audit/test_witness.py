"""A witness signs of two histories one at most, and never an older tree again. The log asks it over a real connection."""

import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kwartier.audit import checkpoint, tree
from kwartier.audit.errors import NoSuchTree, NotWitnessed
from kwartier.audit.events import Event, EventKind
from kwartier.audit.log import Log, Seat
from kwartier.audit.verify import Rejected, verify
from kwartier.audit.witness import Refused, Seen, Witness, consistent
from kwartier.keys import signing
from kwartier.keys.signing import Signer
from kwartier.store.postgres import Dsns
from witness_support import running

C = psycopg.Connection[Any]
AT = 1_795_000_000
LEAVES = [sha256(b"\x00%d" % n).digest() for n in range(40)]


def seen(leaves: list[bytes]) -> Seen:
    return Seen(len(leaves), tree.root_of(leaves))


def proof(old: int, leaves: list[bytes]) -> list[bytes]:
    return [tree.root_of(leaves[span.first : span.last]) for span in tree.consistency(old, len(leaves))]


@pytest.fixture
def signer(tmp_path: Path) -> Signer:
    folder = tmp_path / "keys"
    folder.mkdir(mode=0o700)
    return signing.create(folder, "kwartier.test/log")


@pytest.fixture
def witness(tmp_path: Path, signer: Signer) -> Iterator[Witness]:
    made = Witness(tmp_path / "witness", "witness.test/w", signer.vkey)
    yield made
    made.close()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Witness]:
    """Give a witness that signs nothing in this module's tests of rubbish."""
    folder = tmp_path_factory.mktemp("shared", numbered=True)
    made = Witness(folder / "witness", "witness.test/w", signing.create(folder, "kwartier.test/log").vkey)
    yield made
    made.close()


def request(signer: Signer, old: int, leaves: list[bytes], steps: list[bytes] | None = None) -> bytes:
    note = checkpoint.signed(signer, len(leaves), tree.root_of(leaves))
    lines = [f"old {old}", *(b64encode(one).decode() for one in (proof(old, leaves) if steps is None else steps))]
    return ("\n".join(lines) + "\n\n" + note).encode()


def status(witness: Witness, body: bytes) -> int:
    with pytest.raises(Refused) as refused:
        witness.add(body, AT)
    return refused.value.status


@given(size=st.integers(0, 40), old=st.integers(0, 40), data=st.data())
def test_only_the_beginning_of_a_tree_is_consistent_with_it(size: int, old: int, data: st.DataObject) -> None:
    if old > size:
        old, size = size, old
    now, before = LEAVES[:size], LEAVES[:old]
    steps = proof(old, now)
    assert consistent(seen(before), seen(now), steps)
    if old:
        place = data.draw(st.integers(0, old - 1))
        forked = [*before[:place], bytes(32), *before[place + 1 :]]
        assert not consistent(seen(forked), seen(now), steps)
        assert not consistent(seen(before), Seen(size, bytes(32)), steps)
    assert not consistent(seen(before), seen(now), [*steps, bytes(32)])
    if steps:
        assert not consistent(seen(before), seen(now), steps[:-1])
        place = data.draw(st.integers(0, len(steps) - 1))
        assert not consistent(seen(before), seen(now), [*steps[:place], bytes(32), *steps[place + 1 :]])


def test_it_signs_what_grows_and_remembers_it(witness: Witness, signer: Signer) -> None:
    last = 0
    for size in (1, 2, 7, 7, 8, 33):
        line = witness.add(request(signer, last, LEAVES[:size]), AT)
        assert line.startswith("— witness.test/w ")
        assert witness.seen == seen(LEAVES[:size])
        last = size


def test_it_signs_no_fork_no_roll_back_and_no_other_log(witness: Witness, signer: Signer, tmp_path: Path) -> None:
    witness.add(request(signer, 0, LEAVES[:9]), AT)
    other = [bytes(32), *LEAVES[1:12]]
    assert status(witness, request(signer, 9, other)) == 422
    assert status(witness, request(signer, 9, other[:9])) == 409
    assert status(witness, request(signer, 0, LEAVES[:12])) == 409
    assert status(witness, request(signer, 5, LEAVES[:7])) == 409
    assert status(witness, request(signer, 9, LEAVES[:7], [])) == 400
    assert status(witness, request(signer, 9, LEAVES[:12], [])) == 422
    (tmp_path / "other").mkdir(mode=0o700)
    impostor = signing.create(tmp_path / "other", "kwartier.test/log")
    assert status(witness, request(impostor, 9, LEAVES[:12])) == 403
    (tmp_path / "third").mkdir(mode=0o700)
    assert status(witness, request(signing.create(tmp_path / "third", "else.test/log"), 9, LEAVES[:12])) == 404
    assert witness.seen == seen(LEAVES[:9])
    witness.add(request(signer, 9, LEAVES[:12]), AT)


@given(body=st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_rubbish_is_refused(shared: Witness, body: bytes) -> None:
    for asked in (body, b"old 0\n\n" + body, b"old 0\n" + body + b"\n\nkwartier.test/log\n1\n\n\n"):
        assert status(shared, asked) in {400, 403, 404}


def test_a_folder_has_one_witness_at_a_time(witness: Witness, signer: Signer, tmp_path: Path) -> None:
    with pytest.raises(BlockingIOError):
        Witness(tmp_path / "witness", "witness.test/w", signer.vkey)
    assert witness.seen.size == 0


def test_it_stands_alone() -> None:
    code = "import sys, kwartier.audit.witness; print([m for m in sys.modules if m.startswith('kwartier.')])"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert sorted(eval(said)) == ["kwartier.audit", "kwartier.audit.witness"]  # noqa: S307 - a list of names that we printed


@pytest.fixture
def log(signer: Signer, tmp_path: Path) -> Log:
    folder = tmp_path / "audit"
    folder.mkdir()
    return Log(signer, folder)


def grow(dsns: Dsns, log: Log, count: int) -> list[int]:
    at = datetime(2026, 11, 24, tzinfo=UTC)
    with psycopg.connect(dsns.operator) as c:
        ids = log.record(c, [Event(at, EventKind.VIEW_SHOWN, "customer:1", "anna", 7, {"n": n}) for n in range(count)])
    with psycopg.connect(dsns.audit) as c:
        log.integrate(c)
    return ids


def ask(dsns: Dsns, log: Log, seat: Seat, now: int = AT) -> int | None:
    with psycopg.connect(dsns.audit) as c:
        made = log.cosign(c, seat, now)
    return None if made is None else made.size


def test_proofs_carry_what_the_witness_signed(dsns: Dsns, log: Log, tmp_path: Path) -> None:
    with running(tmp_path / "witness", log.vkey) as seat:
        ids = grow(dsns, log, 5)
        with psycopg.connect(dsns.operator) as c:
            before = log.proof(c, ids[0])
        assert verify(before, log.vkey).witnessed_s is None
        with pytest.raises(Rejected) as refused:
            verify(before, log.vkey, None, seat.vkey)
        assert refused.value.code == "not-witnessed"
        assert ask(dsns, log, seat) == 5
        late = grow(dsns, log, 3)
        with psycopg.connect(dsns.operator) as c:
            first, last = log.proofs(c, [ids[0]])[0], log.proofs(c, [late[0]])[0]
        found = verify(first, log.vkey, "anna", seat.vkey)
        assert (found.size, found.about_subject) == (5, True)
        assert found.witnessed_s is not None
        assert verify(last, log.vkey).size == 8
        assert ask(dsns, log, seat) == 8
        with psycopg.connect(dsns.operator) as c:
            assert verify(log.proof(c, late[0]), log.vkey, None, seat.vkey).size == 8
    with running(tmp_path / "other", log.vkey) as other, pytest.raises(Rejected, match="witness"):
        verify(first, log.vkey, None, other.vkey)


def test_a_fresh_signature_is_not_asked_again_and_an_old_one_is(dsns: Dsns, log: Log, tmp_path: Path) -> None:
    with running(tmp_path / "witness", log.vkey) as seat:
        assert ask(dsns, log, seat) is None
        grow(dsns, log, 2)
        assert ask(dsns, log, seat) == 2
        with psycopg.connect(dsns.operator) as c:
            signed = c.execute("select signed_s from audit.cosignature").fetchone()
        assert signed is not None
        assert ask(dsns, log, seat, signed[0] + 10) is None
        assert ask(dsns, log, seat, signed[0] + 50) == 2


def test_a_log_that_was_rolled_back_and_grew_anew_is_not_signed(dsns: Dsns, log: Log, admin_dsn: str, tmp_path: Path) -> None:
    with running(tmp_path / "witness", log.vkey) as seat:
        grow(dsns, log, 4)
        ask(dsns, log, seat)
        with psycopg.connect(admin_dsn) as c:
            c.execute("set session_replication_role = replica")
            for table in ("cosignature", "checkpoint", "tile", "place", "event"):
                c.execute(f"delete from audit.{table}")  # noqa: S608 - a fixed list of names
        for path in (tmp_path / "audit").iterdir():
            path.unlink()
        grow(dsns, log, 6)
        with pytest.raises(NotWitnessed, match="422"):
            ask(dsns, log, seat)


def test_a_witness_that_is_away_or_signs_with_another_key_is_told(dsns: Dsns, log: Log, tmp_path: Path) -> None:
    grow(dsns, log, 1)
    with running(tmp_path / "witness", log.vkey) as seat:
        (tmp_path / "other").mkdir()
        other = Witness(tmp_path / "other", "witness.invalid/kwartier", log.vkey)
        other.close()
        with pytest.raises(NotWitnessed, match=r"not its signature|another key"):
            ask(dsns, log, replace(seat, vkey=other.vkey))
    with pytest.raises(NotWitnessed, match="reached"):
        ask(dsns, log, seat)


def test_consistency_is_served(dsns: Dsns, log: Log) -> None:
    roots = []
    for count in (3, 4, 1):
        grow(dsns, log, count)
        with psycopg.connect(dsns.audit) as c:
            made = log.integrate(c)
        roots.append(Seen(made.size, made.root))
    with psycopg.connect(dsns.operator) as c:
        for old in roots:
            for new in roots:
                if old.size <= new.size:
                    assert consistent(old, new, log.consistency(c, old.size, new.size))
        for older, newer in ((8, 3), (-1, 3), (3, 9), (3, 10**30)):
            with pytest.raises(NoSuchTree, match="the newest of this log has 8 lines"):
                log.consistency(c, older, newer)
