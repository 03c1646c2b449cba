"""A witness signs of two histories one at most, and never an older tree again. The log asks it over a real connection."""

import json
import socket
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from kwartier.audit import checkpoint, cosign, sequencer, tree
from kwartier.audit.errors import NoSuchTree, NotWitnessed
from kwartier.audit.events import Event, EventKind
from kwartier.audit.log import Log, Seat, Standing
from kwartier.audit.verify import Rejected, verify
from kwartier.audit.witness import Refused, Seen, Witness, consistent
from kwartier.keys import signing
from kwartier.keys.signing import Signer
from kwartier.store.postgres import Dsns
from witness_support import answering, running, said

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


@pytest.mark.parametrize("text", ['{"size": 3', "[]", '{"size": "x", "root": "", "log": ""}', '{"size": 3}'])
def test_a_memory_that_cannot_be_read_signs_nothing(witness: Witness, signer: Signer, tmp_path: Path, text: str) -> None:
    (tmp_path / "witness" / "seen.json").write_text(text)
    assert status(witness, request(signer, 0, LEAVES[:3])) == 500
    witness.close()
    with pytest.raises(ValueError, match="damaged"):
        Witness(tmp_path / "witness", "witness.test/w", signer.vkey)


def test_a_memory_of_another_log_and_one_without_its_key_are_not_begun_with(
    witness: Witness, signer: Signer, tmp_path: Path
) -> None:
    witness.add(request(signer, 0, LEAVES[:3]), AT)
    witness.close()
    (tmp_path / "third").mkdir(mode=0o700)
    with pytest.raises(ValueError, match="another log"):
        Witness(tmp_path / "witness", "witness.test/w", signing.create(tmp_path / "third", "else.test/log").vkey)
    (tmp_path / "witness" / "witness.key").unlink()
    with pytest.raises(ValueError, match="key"):
        Witness(tmp_path / "witness", "witness.test/w", signer.vkey)
    assert not (tmp_path / "witness" / "witness.key").exists()


def process(folder: Path, log: str, *more: str, most_bytes: int | None = None) -> "subprocess.Popen[str]":
    limit = "" if most_bytes is None else f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({most_bytes},) * 2); "
    code = f"{limit}from kwartier.audit.witness import main; raise SystemExit(main())"
    return subprocess.Popen(
        [sys.executable, "-c", code, "--dir", str(folder), "--log", log, *more],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_why_it_cannot_start_is_one_line(witness: Witness, signer: Signer, tmp_path: Path) -> None:
    for folder, log, more, why in (
        (tmp_path / "witness", signer.vkey, (), "another process has this folder open"),
        (tmp_path / "new", "x+y", (), "not a public key"),
        (tmp_path / "keys" / "log.vkey", signer.vkey, (), "file exists"),
        (tmp_path / "new", signer.vkey, ("--port", "70000"), "port"),
    ):
        with process(folder, log, *more) as running_one:
            out, err = running_one.communicate(timeout=30)
            assert (running_one.returncode, out, err.count("\n")) == (2, "", 1), err
            assert why in err.lower()
    assert witness.seen.size == 0


def test_on_a_full_disk_it_signs_nothing_and_loses_nothing(witness: Witness, signer: Signer, tmp_path: Path) -> None:
    witness.add(request(signer, 0, LEAVES[:3]), AT)
    witness.close()
    folder = tmp_path / "witness"
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with process(folder, signer.vkey, "--name", "witness.test/w", most_bytes=0) as stuck:
        assert stuck.wait(30) == 2, "it cannot write its public key down"
    assert {path.name: path.read_bytes() for path in folder.iterdir() if not path.name.startswith(".")} == before
    room = len(before["witness.vkey"])
    assert room < len(before["seen.json"])
    with process(folder, signer.vkey, "--name", "witness.test/w", most_bytes=room) as stuck:
        assert stuck.stdout is not None
        port = json.loads(stuck.stdout.readline())["port"]
        assert asked(port, request(signer, 3, LEAVES[:5])) == 500
        assert asked(port, request(signer, 3, LEAVES[:3])) == 200, "what it remembers it still answers for"
        stuck.terminate()
        assert stuck.stderr is not None
        assert stuck.stderr.read() == "witness: file too large\n"
    assert (folder / "seen.json").read_bytes() == before["seen.json"]


def asked(port: int, body: bytes) -> int:
    line = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        line.request("POST", "/add-checkpoint", body)
        return line.getresponse().status
    finally:
        line.close()


def test_it_ends_with_whoever_started_it_only_if_told_so(signer: Signer, tmp_path: Path) -> None:
    with process(tmp_path / "a", signer.vkey, "--until-closed") as one, process(tmp_path / "b", signer.vkey) as other:
        for each in (one, other):
            assert each.stdin is not None
            assert each.stdout is not None
            assert each.stdout.readline()
            each.stdin.close()
        assert one.wait(30) == 0
        with pytest.raises(subprocess.TimeoutExpired):
            other.wait(0.5)
        other.terminate()


def test_who_says_nothing_keeps_nobody_waiting(signer: Signer, tmp_path: Path) -> None:
    with running(tmp_path / "witness", signer.vkey) as seat, socket.create_connection((seat.host, seat.port)) as silent:
        silent.sendall(b"POST /add-checkpoint HTTP/1.1\r\nContent-Length: 16000\r\n\r\nold")
        begun = time.monotonic()
        assert asked(seat.port, request(signer, 0, LEAVES[:3])) == 200
        assert time.monotonic() - begun < 5


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
        with pytest.raises(NotWitnessed, match="another history"):
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


def test_another_key_under_the_name_of_a_witness_is_not_taken_for_it(dsns: Dsns, log: Log, tmp_path: Path) -> None:
    with running(tmp_path / "witness", log.vkey) as seat:
        grow(dsns, log, 3)
        assert ask(dsns, log, seat) == 3
    with running(tmp_path / "new", log.vkey) as other, psycopg.connect(dsns.audit) as c:
        assert other.name == seat.name
        assert log.standing(c, seat).size == 3
        assert log.standing(c, other) == Standing(3, 0, None), "it answered for nothing"
        with pytest.raises(NotWitnessed, match="under a new name"):
            log.cosign(c, other, AT + 100_000)


@pytest.mark.parametrize("at", [cosign._LAST_S + 1, 10**12, 2**61])  # noqa: SLF001 - the edge
def test_a_time_that_no_calendar_knows_is_not_taken(dsns: Dsns, log: Log, tmp_path: Path, at: int) -> None:
    def line(moment: int) -> str:
        shown = checkpoint.published(tmp_path / "audit")
        assert shown is not None
        text = shown[1].partition("\n\n")[0] + "\n"
        signed = key.sign(f"cosignature/v1\ntime {moment}\n{text}".encode())
        return f"\u2014 w.test {b64encode(bytes.fromhex(own) + moment.to_bytes(8, 'big') + signed).decode()}\n"

    grow(dsns, log, 1)
    key = Ed25519PrivateKey.generate()
    public = b"\x04" + key.public_key().public_bytes_raw()
    own = sha256(b"w.test\n" + public).digest()[:4].hex()
    vkey = f"w.test+{own}+{b64encode(public).decode()}"
    with answering(said(200, line(at))) as port, pytest.raises(NotWitnessed, match="calendar"):
        ask(dsns, log, Seat("127.0.0.1", port, vkey))
    with answering(said(200, line(cosign._LAST_S))) as port:  # noqa: SLF001 - the edge
        assert ask(dsns, log, Seat("127.0.0.1", port, vkey)) == 1
    with psycopg.connect(dsns.audit) as c:
        assert log.standing(c, Seat("127.0.0.1", port, vkey)).at_s == cosign._LAST_S  # noqa: SLF001 - the edge
        c.execute("update audit.cosignature set signed_s = %s", (at,))
        assert log.standing(c, Seat("127.0.0.1", port, vkey)).at_s is None, "one that was taken before"


@pytest.mark.parametrize(
    ("status_", "text", "why"),
    [
        (403, "", "does not know the key"),
        (404, "", "not one of this log"),
        (409, "7\n", "7 lines, more than this log has"),
        (409, "rubbish", "another tree of this size"),
        (422, "", "another history"),
        (500, "boem", "500"),
        (200, "rubbish", "not its signature"),
        (200, "\u2014 a\0b \0\n", "not its signature"),
    ],
)
def test_what_a_witness_answers_is_told_by_what_it_means(dsns: Dsns, log: Log, status_: int, text: str, why: str) -> None:
    grow(dsns, log, 1)
    with answering(said(status_, text)) as port, pytest.raises(NotWitnessed, match=why):
        ask(dsns, log, Seat("127.0.0.1", port, log.vkey))


def test_a_witness_that_drips_is_waited_for_no_longer_than_one_that_is_silent(
    dsns: Dsns, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    def drip(line: socket.socket) -> None:
        for _ in range(200):
            line.sendall(b"H")
            time.sleep(0.1)

    monkeypatch.setattr(cosign, "WAIT_S", 1)
    grow(dsns, log, 1)
    begun = time.monotonic()
    with answering(drip) as port, pytest.raises(NotWitnessed, match="reached"):
        ask(dsns, log, Seat("127.0.0.1", port, log.vkey))
    assert time.monotonic() - begun < 10


def signature(dsns: Dsns, witness: Witness, at: int) -> str:
    """Return what this witness would answer at a moment of its own."""
    with psycopg.connect(dsns.audit) as c:
        made = sequencer.latest(c)
    assert made is not None
    return witness.add(f"old {witness.seen.size}\n\n{made.note}".encode(), at)


def test_a_signature_in_another_form_or_of_no_moment_is_not_kept(dsns: Dsns, log: Log, tmp_path: Path) -> None:
    grow(dsns, log, 1)
    witness = Witness(tmp_path / "witness", "witness.test/w", log.vkey)
    line = signature(dsns, witness, AT)
    assert line.endswith("=\n"), "so some bits of its last letter say nothing"
    place = len(line.rstrip("=\n")) - 1
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    other = line[:place] + letters[letters.index(line[place]) ^ 1] + line[place + 1 :]
    for answer in (other, signature(dsns, witness, 1 << 63)):
        with answering(said(200, answer)) as port, pytest.raises(NotWitnessed):
            ask(dsns, log, Seat("127.0.0.1", port, witness.vkey))
    with answering(said(200, line)) as port:
        assert ask(dsns, log, Seat("127.0.0.1", port, witness.vkey)) == 1
    witness.close()


def test_a_clock_that_runs_ahead_makes_no_signature_fresh(dsns: Dsns, log: Log, tmp_path: Path) -> None:
    grow(dsns, log, 1)
    witness = Witness(tmp_path / "witness", "witness.test/w", log.vkey)
    ahead = signature(dsns, witness, AT + 3600)
    with answering(said(200, ahead)) as port:
        seat = Seat("127.0.0.1", port, witness.vkey)
        assert [ask(dsns, log, seat), ask(dsns, log, seat)] == [1, 1], "it is asked again"
    with psycopg.connect(dsns.audit) as c:
        standing = log.standing(c, seat)
    assert standing == Standing(1, 1, AT + 3600)
    assert [standing.met(AT + 3600 + s) for s in (-3600, -61, -60, 0, 60, 61)] == [False, False, True, True, True, False]
    grow(dsns, log, 1)
    with psycopg.connect(dsns.audit) as c:
        assert not log.standing(c, seat).met(AT + 3600), "a line more is signed, and not countersigned"
    witness.close()


def test_what_another_process_showed_meanwhile_is_no_fault(dsns: Dsns, log: Log) -> None:
    grow(dsns, log, 1)

    def overtaken(line: socket.socket) -> None:
        grow(dsns, log, 2)
        said(409, "3\n")(line)

    with answering(overtaken) as port:
        assert ask(dsns, log, Seat("127.0.0.1", port, log.vkey)) is None


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
