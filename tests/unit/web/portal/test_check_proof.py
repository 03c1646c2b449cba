"""The short check that the portal gives away: it believes what the strict one believes, and tells the same faults."""

import ast
import importlib.util
import json
import random
import subprocess
import sys
from importlib import resources
from pathlib import Path
from types import ModuleType

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from kwartier.audit import verify as strict
from proof_support import KEY, ORIGIN, VKEY, about, b64, batch, canonical, entry, mth, note, proof_of, single, with_extra

FILE = Path(str(resources.files("kwartier.web.portal") / "static" / "check_proof.py"))


def loaded() -> ModuleType:
    spec = importlib.util.spec_from_file_location("check_proof", FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


MODULE = loaded()
FILES = {"single": single(), "batch": batch(), "of nobody": single(code=None), "only line": single(0, 1)}


def fault(text: str | bytes, vkey: str = VKEY, subject: str | None = None, witness: str | None = None) -> str:
    with pytest.raises(MODULE.Rejected) as refused:
        MODULE.check(text.encode() if isinstance(text, str) else text, vkey, subject, witness)
    return str(refused.value.args[0])


@pytest.mark.parametrize("size", [*range(1, 10), 31, 32, 33])
def test_it_believes_every_line_of_a_tree_and_of_a_batch(size: int) -> None:
    for index in range(size):
        for text in (single(index, size), batch(index, size)):
            found, other = MODULE.check(text.encode(), VKEY, "anna"), strict.verify(text, VKEY, "anna")
            assert (found["event"], found["line"], found["index"], found["size"]) == (
                other.event,
                other.line,
                other.index,
                other.size,
            )
            assert found["about_subject"]


@pytest.mark.parametrize("name", FILES)
def test_no_byte_of_what_is_said_can_be_changed(name: str) -> None:
    genuine = FILES[name].encode()
    said = MODULE.check(genuine, VKEY)
    chance = random.Random(name)
    for place in range(len(genuine)):
        changed = bytearray(genuine)
        changed[place] ^= chance.randrange(1, 256)
        for text in (
            bytes(changed),
            genuine[:place] + genuine[place + 1 :],
            genuine[:place],
            genuine[:place] + b"A" + genuine[place:],
        ):
            try:
                assert MODULE.check(text, VKEY) == said
                pytest.fail("a file that was changed is believed")
            except MODULE.Rejected:
                pass


def test_it_tells_the_faults() -> None:
    thief = Ed25519PrivateKey.generate()
    entries = [entry(n) for n in range(3)]
    root = mth([canonical(one) for one in entries])
    assert fault(proof_of({"event": entries[1]}, 1, entries, note(3, root, thief))) == "bad-signature"
    assert fault(proof_of({"event": entries[1]}, 1, entries, note(3, root, KEY, "other.test/log"))) == "bad-signature"
    assert fault(proof_of({"event": entries[2]}, 1, entries)) == "not-included"
    assert fault(single().replace("index 5", "index 6")) == fault(single().replace("index 5", "index 11")) == "not-included"
    for make in (single, batch):
        assert fault(make(), subject="bert") == fault(make(), subject="\ud800") == "other-subject"
        assert fault(with_extra(make(), lambda x: x.pop("salt")), subject="anna") == "erased"
        assert fault(with_extra(make(), lambda x: x.update(salt="00" * 16))) == "not-included"
        assert fault(with_extra(make(), lambda x: x.update(more=1))) == "malformed"
        assert fault(make(), witness=VKEY) == "bad-key"
        assert fault(make(), vkey=VKEY[:-4]) == "bad-key"
    assert fault(with_extra(batch(), lambda x: x["leaf"]["body"].update(n=9))) == "not-included"
    assert fault(with_extra(batch(), lambda x: x.update(path=x["path"] * 30))) == "not-included"
    assert fault(single(code=None), subject="anna") == "other-subject"


def test_a_single_event_cannot_pass_for_a_batch() -> None:
    line = {"body": {"n": 1}}
    event = entry(0) | {"body": {"leaves": 1, "root": mth([canonical(line)]).hex()}}
    assert fault(proof_of({"event": event, "leaf": line, "number": 0, "path": []}, 0, [event])) == "malformed"


def tied(nth: int, before: bytes) -> dict[str, str]:
    salt = bytes(range(16))
    link = MODULE.sha(salt, nth.to_bytes(8, "big"), before)[:16].hex()
    return about("anna") | {"link": link}


def test_the_place_in_the_chain_is_the_lines_own() -> None:
    event = entry(0) | tied(3, bytes(32))
    extra = {"before": bytes(32).hex(), "event": event, "nth": 3, "salt": bytes(range(16)).hex()}
    text = proof_of(extra, 0, [event, entry(1)])
    found, other = MODULE.check(text.encode(), VKEY, "anna"), strict.verify(text, VKEY, "anna").place
    assert other is not None
    assert (found["nth"], found["before"], found["hash"]) == (other.nth, other.before.hex(), other.own.hex())
    assert fault(with_extra(text, lambda x: x.update(nth=4))) == "not-included"
    assert fault(with_extra(text, lambda x: x.update(before="11" * 32))) == "not-included"


def test_a_witness_must_have_seen_it() -> None:
    witness = Ed25519PrivateKey.generate()
    public = b"\x04" + witness.public_key().public_bytes_raw()
    key_id = MODULE.sha(b"witness.test/w\n", public)[:4]
    vkey = f"witness.test/w+{key_id.hex()}+{b64(public)}"
    signed = single().partition("\n\n")[2].partition("\n\n")[0] + "\n"
    at = 1_795_000_000

    def cosigned(text: str) -> str:
        signature = witness.sign(f"cosignature/v1\ntime {at}\n{text}".encode())
        return f"{single()}— witness.test/w {b64(key_id + at.to_bytes(8, 'big') + signature)}\n"

    for module_said in (MODULE.check(cosigned(signed).encode(), VKEY, None, vkey)["witnessed_s"],):
        assert module_said == strict.verify(cosigned(signed), VKEY, None, vkey).witnessed_s == at
    assert fault(cosigned(signed.replace("11", "12")), witness=vkey) == "not-witnessed"
    assert fault(single(), witness=vkey) == "not-witnessed"


@given(st.binary(), st.sampled_from([*FILES.values()]), st.data())
def test_any_bytes_give_a_result_or_its_own_refusal(some: bytes, text: str, data: st.DataObject) -> None:
    """Whatever it believes, the strict check believes too, and says the same."""
    genuine = text.encode()
    first, last = sorted(data.draw(st.tuples(st.integers(0, len(genuine)), st.integers(0, len(genuine)))))
    for changed in (some, genuine[:first] + some + genuine[last:]):
        try:
            found = MODULE.check(changed, VKEY)
        except MODULE.Rejected:
            continue
        other = strict.verify(changed, VKEY)
        assert (found["event"], found["line"], found["index"]) == (other.event, other.line, other.index)


def test_it_is_short_and_stands_alone(tmp_path: Path) -> None:
    source = FILE.read_text("utf-8")
    assert len([line for line in source.splitlines() if line.strip()]) <= 170
    found = {
        (node.module or ".") if isinstance(node, ast.ImportFrom) else node.names[0].name
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Import | ast.ImportFrom)
    }
    assert {name.split(".")[0] for name in found} - set(sys.stdlib_module_names) == {"cryptography"}
    (tmp_path / "check.py").write_text(source, "utf-8")
    (tmp_path / "proof").write_bytes(batch().encode())
    command = [sys.executable, "-I", "check.py", "proof", "--key", VKEY, "--subject"]
    for code, ends in (("anna", 0), ("bert", 1)):
        run = subprocess.run([*command, code], capture_output=True, check=False, cwd=tmp_path)
        assert run.returncode == ends
        assert (json.loads(run.stdout)["origin"] == ORIGIN) if ends == 0 else (b"other-subject" in run.stderr)
