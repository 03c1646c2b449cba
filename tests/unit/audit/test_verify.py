"""A proof file is believed only if it is genuine to the last byte. The log here is a naive one in memory, after RFC 6962 itself."""

import ast
import base64
import hashlib
import io
import json
import os
import random
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from kwartier.audit import verify as module
from kwartier.audit.verify import Rejected, main, verify
from proof_support import (
    KEY,
    OPENING,
    ORIGIN,
    SALT,
    VKEY,
    about,
    b64,
    batch,
    canonical,
    entry,
    mth,
    note,
    proof_of,
    single,
    with_extra,
)


def code_of(text: str | bytes, vkey: str = VKEY, subject: str | None = None) -> str:
    with pytest.raises(Rejected) as refused:
        verify(text, vkey, subject)
    return refused.value.code


@pytest.mark.parametrize("size", range(1, 20))
def test_every_line_of_a_tree_of_any_size_is_accepted(size: int) -> None:
    for index in range(size):
        found = verify(single(index, size), VKEY, "anna")
        assert (found.index, found.size, found.origin, found.about_subject) == (index, size, ORIGIN, True)
        assert found.says == {"n": index, "é": "—"}
        assert not verify(single(index, size).encode(), VKEY).about_subject


@pytest.mark.parametrize("lines", range(1, 20))
def test_every_line_of_a_batch_of_any_size_is_accepted(lines: int) -> None:
    for number in range(lines):
        found = verify(batch(number, lines), VKEY, "anna")
        assert found.says == {"c": 3, "n": number}
        assert found.event["kind"] == "batch:read"


FILES = {"single": single(), "batch": batch(), "of nobody": single(code=None), "only line": single(0, 1)}


@pytest.mark.parametrize("name", FILES)
def test_no_byte_can_be_changed(name: str) -> None:
    genuine = FILES[name].encode()
    verify(genuine, VKEY)
    chance = random.Random(name)
    for place, byte in enumerate(genuine):
        flips = {1 << bit for bit in range(8)} | {byte ^ ord(c) for c in "\n AaBZ0+=/\r"} | {chance.randrange(1, 256)}
        for flip in flips - {0}:
            changed = bytearray(genuine)
            changed[place] ^= flip
            with pytest.raises(Rejected):
                verify(bytes(changed), VKEY)


@pytest.mark.full
@pytest.mark.parametrize("name", FILES)
def test_no_byte_can_be_changed_to_any_other(name: str) -> None:
    genuine = FILES[name].encode()
    for place in range(len(genuine)):
        for flip in range(1, 256):
            changed = bytearray(genuine)
            changed[place] ^= flip
            with pytest.raises(Rejected):
                verify(bytes(changed), VKEY)


@pytest.mark.parametrize("name", FILES)
def test_no_byte_can_be_left_out_or_put_in(name: str) -> None:
    genuine = FILES[name].encode()
    for place in range(len(genuine)):
        with pytest.raises(Rejected):
            verify(genuine[:place] + genuine[place + 1 :], VKEY)
        with pytest.raises(Rejected):
            verify(genuine[:place], VKEY)
        for extra in (b"\n", b" ", b"A", b"=", b"\r", b"\v", genuine[place : place + 1]):
            with pytest.raises(Rejected):
                verify(genuine[:place] + extra + genuine[place:], VKEY)
    for tail in (b"\n", b" ", b"\r\n", b"\0", genuine, "— other.test/witness AAAAAAAA\n".encode()):
        with pytest.raises(Rejected):
            verify(genuine + tail, VKEY)


def test_base64_in_another_form_is_refused() -> None:
    """`AAE=` and `AAF=` decode alike: the last bits of the last letter say nothing, so only one of them is let through."""
    lines = single().split("\n")
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    for number, line in enumerate(lines):
        if line.endswith("=") and not line.endswith("=="):
            last = letters[letters.index(line[-2]) ^ 1]
            other = [*lines[:number], line[:-2] + last + "=", *lines[number + 1 :]]
            assert base64.b64decode(line.split(" ")[-1]) == base64.b64decode(other[number].split(" ")[-1])
            assert code_of("\n".join(other)) == "malformed"
            break
    else:
        pytest.fail("no padded line to try it on")


def test_hashes_of_the_path_stand_where_they_must() -> None:
    """A hash is 43 letters and =, whatever decodes alike."""
    head, rest = single().split("\nindex 5\n")
    first, second, *others = rest.split("\n")
    for moved in (
        [first[:-2] + "=", first[-2] + second],
        [first[:-1], "=" + second],
        [first + "=", second],
        [first + second],
        [first[:-1] + "A", second],
        [first[:20] + "\v" + first[20:], second],
        [first[:20] + "\u2028" + first[21:], second],
        [f"{first}\x85{second}"],
    ):
        assert code_of("\n".join([f"{head}\nindex 5", *moved, *others])) == "malformed"


@pytest.mark.parametrize("make", [single, batch])
def test_a_proof_about_somebody_else_is_refused(make: Callable[[], str]) -> None:
    for other in ("bert", "", "Anna", "anna ", "\ud800"):
        assert code_of(make(), subject=other) == "other-subject"
    assert code_of(single(code=None), subject="anna") == "other-subject"


def test_a_proof_cannot_be_turned_into_one_about_somebody_else() -> None:
    for forged in (about("bert"), {"link": about("anna", 2)["link"]}):
        assert code_of(with_extra(single(), lambda x, forged=forged: x["event"].update(forged)), subject="bert") == "not-included"  # type: ignore[misc] # one of them
        assert code_of(with_extra(batch(), lambda x, forged=forged: x["leaf"].update(forged)), subject="bert") == "not-included"  # type: ignore[misc] # one of them
    for salt in (bytes(16), SALT[:-1] + b"x"):
        for make in (single, batch):
            assert code_of(with_extra(make(), lambda x, salt=salt: x.update(salt=salt.hex()))) == "not-included"  # type: ignore[misc] # one of them


def test_an_older_line_that_has_a_check_of_its_salt_is_genuine() -> None:
    event = entry(0) | about("anna") | {"salt": hashlib.sha256(SALT).hexdigest()[:16]}
    assert verify(proof_of({"event": event} | OPENING, 0, [event]), VKEY, "anna").place is not None


def test_an_erased_line_is_genuine_but_about_nobody() -> None:
    erased = with_extra(single(), lambda x: [x.pop(one) for one in OPENING])
    assert verify(erased, VKEY).says == {"n": 5, "é": "—"}
    assert code_of(erased, subject="anna") == "erased"


def test_a_forged_checkpoint_is_refused() -> None:
    thief = Ed25519PrivateKey.generate()
    entries = [entry(n) for n in range(3)]
    root = mth([canonical(one) for one in entries])
    assert code_of(proof_of({"event": entries[1]}, 1, entries, note(3, root, thief))) == "bad-signature"
    key_id = bytes.fromhex(VKEY.split("+")[1])
    signature = thief.sign(f"{ORIGIN}\n3\n{b64(root)}\n".encode())
    forged = f"{ORIGIN}\n3\n{b64(root)}\n\n— {ORIGIN} {b64(key_id + signature)}\n"
    assert code_of(proof_of({"event": entries[1]}, 1, entries, forged)) == "bad-signature"
    assert code_of(proof_of({"event": entries[1]}, 1, entries, note(3, root, KEY, "other.test/log"))) == "wrong-origin"


def test_what_was_never_in_the_tree_is_refused() -> None:
    entries = [entry(n) for n in range(8)]
    assert code_of(proof_of({"event": entry(99)}, 1, entries)) == "not-included"
    assert code_of(proof_of({"event": entries[2]}, 1, entries)) == "not-included"
    assert code_of(single().replace("index 5", "index 6")) == "not-included"
    assert code_of(single().replace("index 5", "index 11")) == "not-included"
    assert code_of(with_extra(batch(), lambda x: x["leaf"]["body"].update(n=9))) == "not-included"
    assert code_of(with_extra(batch(), lambda x: x.update(number=3))) == "not-included"
    assert code_of(with_extra(batch(), lambda x: x.update(number=5))) == "not-included"
    assert code_of(with_extra(batch(), lambda x: x.update(path=x["path"][:-1]))) == "not-included"
    assert code_of(with_extra(batch(), lambda x: x.update(path=x["path"] * 30))) == "not-included"


def test_a_single_event_cannot_pass_for_a_batch() -> None:
    """Whoever gets a body of their own wording into an event could otherwise hang any tree below it."""
    line = {"body": {"n": 1}}
    entries = [entry(0)]
    entries[0]["body"] = {"leaves": 1, "root": mth([canonical(line)]).hex()}
    extra = {"event": entries[0], "leaf": line, "number": 0, "path": []}
    assert code_of(proof_of(extra, 0, entries)) == "malformed"
    entries[0]["kind"] = "batch:read"
    assert verify(proof_of(extra | {"event": entries[0]}, 0, entries), VKEY).says == {"n": 1}


SHAPES: list[Callable[[dict[str, Any]], object]] = [
    lambda x: x.pop("event"),
    lambda x: x.pop("path"),
    lambda x: x.update(event=[]),
    lambda x: x.update(more=1),
    lambda x: x.update(leaf="leaf"),
    lambda x: x.update(number=True),
    lambda x: x.update(number="2"),
    lambda x: x.update(path={"0": ""}),
    lambda x: x.update(path=["zz"]),
    lambda x: x.update(path=[1, 2, 3]),
    lambda x: x.update(salt=SALT.hex().upper()),
    lambda x: x.update(salt=17),
    lambda x: x["leaf"].pop("body"),
    lambda x: x["event"].pop("body"),
    lambda x: x["event"].update(at=1),
]


@pytest.mark.parametrize("shape", SHAPES)
def test_extra_data_of_another_shape_are_refused(shape: Callable[[dict[str, Any]], object]) -> None:
    assert code_of(with_extra(batch(), shape)) in {"malformed", "not-included"}


def shaped(change: Callable[[dict[str, Any]], object]) -> str:
    """Sign what has another shape: the operator's own mistake must not make the check fall over either."""
    entries = [entry(0)]
    extra: dict[str, Any] = {"event": entries[0]}
    change(extra)
    return proof_of(extra, 0, [extra.get("event", {})])


@pytest.mark.parametrize(
    "change",
    [
        lambda x: x.update(event=7),
        lambda x: x["event"].update(body=7),
        lambda x: x["event"].update(subject="00"),
        lambda x: x["event"].update(link="00"),
        lambda x: x.update(salt="00" * 16),
        lambda x: x.update(OPENING),
        lambda x: (
            x["event"].update(kind="batch:read", body={"leaves": "1", "root": 5}),
            x.update(leaf={"body": {}}, number=0, path=[]),
        ),
    ],
)
def test_signed_nonsense_is_refused(change: Callable[[dict[str, Any]], object]) -> None:
    assert code_of(shaped(change), subject="anna") == "malformed"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda x: (x["event"].update(link="00", subject=7), x.update(OPENING)), "not-included"),
        (lambda x: (x["event"].update(about("anna"), link=7), x.update(OPENING)), "not-included"),
        (lambda x: (x["event"].update(about("anna"), subject="xyz"), x.update(OPENING)), "other-subject"),
        (lambda x: (x["event"].update(about("anna"), subject=7), x.update(OPENING)), "other-subject"),
        (
            lambda x: (
                x["event"].update(kind="batch:read", body={"leaves": 1, "root": 5}),
                x.update(leaf={"body": {}}, number=0, path=[]),
            ),
            "not-included",
        ),
    ],
)
def test_signed_nonsense_where_a_hash_should_be_is_that_of_nothing(change: Callable[[dict[str, Any]], object], code: str) -> None:
    assert code_of(shaped(change), subject="anna") == code


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"7",
        b"[]",
        b'{"event":1.0}',
        b'{"event":NaN}',
        b'{"a":1,"a":1}',
        b'{"b":1,"a":1}',
        b'{ "a":1}',
        b'{"a":"\\u0041"}',
        b'{"a":"\\ud800"}',
        b'{"a":' + b"9" * 5000 + b"}",
        b"[" * 100_000,
        b'{"a":' * 30_000 + b"1" + b"}" * 30_000,
        b"\xff",
        b"\xff\xfe{\0}\0",
    ],
)
def test_extra_data_that_are_not_canonical_json_are_refused(data: bytes) -> None:
    lines = single().split("\n")
    lines[1] = f"extra {b64(data)}"
    assert code_of("\n".join(lines)) == "malformed"


@pytest.mark.parametrize(
    "text", ["", "\n", "x", "c2sp.org/tlog-proof@v1", "c2sp.org/tlog-proof@v1\n" * 12, "\n" * 12, "\ud800", "x" * (1 << 21)]
)
def test_what_is_no_proof_file_is_refused(text: str) -> None:
    assert code_of(text) == "malformed"


def test_too_many_hashes_are_refused() -> None:
    lines = single().split("\n")
    assert code_of("\n".join([*lines[:3], *lines[3:4] * 70, *lines[4:]])) == "malformed"


@pytest.mark.parametrize(
    "vkey",
    [
        "",
        "a",
        "a+b",
        "a+00000000+",
        VKEY[:-4],
        VKEY.replace(ORIGIN, "other"),
        "é+zz+zz",
        "a+00000000+\ud800",
        VKEY.replace("+0", "+1", 1) + "A",
        f"{ORIGIN}+00000000+{VKEY.split('+', 2)[2]}",
    ],
)
def test_a_key_that_is_none_is_refused(vkey: str) -> None:
    assert code_of(single(), vkey) == "bad-key"


@given(st.one_of(st.text(), st.binary()), st.one_of(st.none(), st.text()), st.one_of(st.just(VKEY), st.text()))
def test_any_text_gives_a_result_or_our_own_refusal(text: str | bytes, subject: str | None, vkey: str) -> None:
    with pytest.raises(Rejected):
        verify(text, vkey, subject)


def test_the_place_in_the_chain_is_the_lines_own() -> None:
    event = entry(0) | about("anna", 3)
    extra = {"before": bytes(32).hex(), "event": event, "nth": 3, "salt": SALT.hex()}
    text = proof_of(extra, 0, [event, entry(1)])
    place = verify(text, VKEY, "anna").place
    assert place is not None
    assert place == (3, False, 3, hashlib.sha256(b"\0" + canonical(event)).digest(), bytes(32))
    assert code_of(with_extra(text, lambda x: x.update(nth=4))) == "not-included"
    assert code_of(with_extra(text, lambda x: x.update(before="11" * 32))) == "not-included"
    for gone in ("nth", "before", "salt"):
        assert code_of(with_extra(text, lambda x, gone=gone: x.pop(gone))) == "malformed"  # type: ignore[misc] # pops one
    for other in (0, True, "3", 1 << 63, -3):
        assert code_of(with_extra(text, lambda x, other=other: x.update(nth=other))) == "malformed"  # type: ignore[misc] # as above
    assert verify(with_extra(text, lambda x: [x.pop(one) for one in ("nth", "before", "salt")]), VKEY).place is None
    no_numbers: tuple[Any, ...] = (False, True, "", "3", [], {})
    for connection in no_numbers:
        event = entry(0) | about("anna", 3) | {"connection": connection}
        assert code_of(proof_of(extra | {"event": event}, 0, [event])) == "malformed"
    event = entry(0) | about("anna", 3) | {"connection": None}
    nowhere = verify(proof_of(extra | {"event": event}, 0, [event]), VKEY, "anna").place
    assert nowhere is not None
    assert nowhere.connection == 0


def test_a_witness_must_have_seen_it() -> None:
    key = Ed25519PrivateKey.generate()
    public = b"\x04" + key.public_key().public_bytes_raw()
    key_id = hashlib.sha256(b"witness.test/w\n" + public).digest()[:4]
    vkey = f"witness.test/w+{key_id.hex()}+{b64(public)}"
    signed = single().partition("\n\n")[2].partition("\n\n")[0] + "\n"
    at = 1_795_000_000

    def cosigned(text: str, more: str = "") -> str:
        signature = key.sign(f"cosignature/v1\ntime {at}\n{text}".encode())
        return f"{single()}— witness.test/w {b64(key_id + at.to_bytes(8, 'big') + signature)}\n{more}"

    def refused(text: str, witness: str) -> str:
        with pytest.raises(Rejected) as fault:
            verify(text, VKEY, None, witness)
        return fault.value.code

    assert verify(cosigned(signed), VKEY, None, vkey).witnessed_s == at
    assert verify(cosigned(signed), VKEY).witnessed_s is None
    assert refused(cosigned(signed.replace("11", "12")), vkey) == "not-witnessed"
    assert refused(single(), vkey) == "not-witnessed"
    assert refused(single(), VKEY) == "bad-key"
    twice = cosigned(signed).splitlines(keepends=True)[-1]
    assert refused(cosigned(signed, twice), vkey) == "malformed"


def test_it_is_short_and_stands_alone() -> None:
    source = Path(module.__file__).read_text("utf-8")
    assert len([line for line in source.splitlines() if line.strip()]) <= 205
    found = {
        name.split(".")[0]
        for node in ast.walk(ast.parse(source))
        for name in (
            [node.module or "."]
            if isinstance(node, ast.ImportFrom)
            else [a.name for a in node.names]
            if isinstance(node, ast.Import)
            else []
        )
    }
    assert found - set(sys.stdlib_module_names) == {"cryptography"}


def test_the_program_judges_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "line.tlog-proof"
    file.write_text(batch(), encoding="utf-8", newline="\n")
    assert main([str(file), "--key", VKEY, "--subject", "anna"]) == 0
    assert json.loads(capsys.readouterr().out)["line"]["body"] == {"c": 3, "n": 2}
    assert main([str(file), "--key", VKEY, "--subject", "bert"]) == 1
    assert "other-subject" in capsys.readouterr().err
    assert main([str(tmp_path / "none"), "--key", VKEY]) == 2


def test_the_program_reads_no_more_of_a_file_than_a_proof_can_have(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file without an end is refused like any other, and so is one with the line ends of another platform."""
    asked: list[int] = []

    class Endless(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            asked.append(-1 if size is None else size)
            return bytes(max(0, asked[-1]))

    with monkeypatch.context() as during:
        during.setattr(Path, "open", lambda *_: Endless())
        during.setattr(Path, "read_bytes", lambda _: pytest.fail("it reads the whole file"))
        assert main(["/dev/zero", "--key", VKEY]) == 1
    assert asked == [module.MOST_BYTES + 1]
    for content in (b"", batch().replace("\n", "\r\n").encode(), batch().encode().removesuffix(b"\n"), batch().encode() + b"\n"):
        (tmp_path / "line").write_bytes(content)
        assert main([str(tmp_path / "line"), "--key", VKEY]) == 1
    assert capsys.readouterr().err.count("REJECTED (malformed): ") == 5
    assert main([str(tmp_path), "--key", VKEY]) == 2, "a folder"
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=(tmp_path / "pipe").write_bytes, args=(batch().encode(),))
    writer.start()
    assert main([str(tmp_path / "pipe"), "--key", VKEY, "--subject", "anna"]) == 0, "what comes through a pipe is read too"
    writer.join()


def test_what_it_prints_can_be_printed_anywhere_and_holds_no_letters_that_steer_a_terminal(tmp_path: Path) -> None:
    entries = [entry(0) | {"body": {"a": "\u00e9", "b": "\u009b2J", "c": "\u202e"}}]
    file = tmp_path / "line.tlog-proof"
    file.write_text(proof_of({"event": entries[0]}, 0, entries), encoding="utf-8", newline="\n")
    done = subprocess.run(
        [sys.executable, module.__file__, file, "--key", VKEY],
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert json.loads(done.stdout)["event"]["body"] == entries[0]["body"]
    assert done.stdout.isascii()


def test_the_program_runs_outside_the_house(tmp_path: Path) -> None:
    copy = tmp_path / "verify.py"
    copy.write_bytes(Path(module.__file__).read_bytes())
    file = tmp_path / "line.tlog-proof"
    file.write_bytes(single().encode())
    run = subprocess.run(
        [sys.executable, "-I", str(copy), str(file), "--key", VKEY], capture_output=True, check=False, cwd=tmp_path
    )
    assert run.returncode == 0
    assert json.loads(run.stdout)["genuine"] is True
