import base64
import hashlib
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from kwartier.keys import signing
from kwartier.keys.errors import NoKey
from kwartier.keys.signing import Signer
from kwartier.model.errors import BadInput

# the example key pair of golang.org/x/mod/sumdb/note, where the format comes from
SKEY = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
VKEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
SEED = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")  # RFC 8032, 7.1, test 1


def _put(folder: Path, text: str) -> None:
    path = folder / "log.key"
    path.write_text(text)
    path.chmod(0o600)


def test_the_customary_key_pair_is_read_and_named_alike(tmp_path: Path) -> None:
    _put(tmp_path, SKEY + "\n")
    signer = signing.load(tmp_path)
    assert signer.vkey == VKEY
    assert signer.key_hash.hex() == "c74f20a3"


def test_the_verifier_key_verifies(tmp_path: Path) -> None:
    signer = signing.create(tmp_path / "keys", "kwartier.example/log")
    name, key_hash, encoded = signer.vkey.split("+", 2)
    raw = base64.b64decode(encoded)
    assert (name, raw[:1], len(raw)) == ("kwartier.example/log", b"\x01", 33)
    assert bytes.fromhex(key_hash) == signer.key_hash == hashlib.sha256(name.encode() + b"\n" + raw).digest()[:4]
    signature = signer.sign(b"message")
    assert len(signature) == 64
    Ed25519PublicKey.from_public_bytes(raw[1:]).verify(signature, b"message")


def test_signatures_are_those_of_the_rfc() -> None:
    private = Ed25519PrivateKey.from_private_bytes(SEED)
    assert Signer("n", private).sign(b"").hex().startswith("e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155")


def test_created_once_and_loaded_again(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    made = signing.create(folder, "a/log")
    assert signing.create(folder, "a/log").vkey == made.vkey == signing.load(folder).vkey
    assert (folder / "log.vkey").read_text() == made.vkey + "\n"
    assert stat.S_IMODE((folder / "log.key").stat().st_mode) == 0o600
    with pytest.raises(NoKey, match="another name"):
        signing.create(folder, "b/log")


def test_a_lost_verifier_key_is_written_again(tmp_path: Path) -> None:
    made = signing.create(tmp_path, "a/log")
    (tmp_path / "log.vkey").unlink()
    signing.create(tmp_path, "a/log")
    assert (tmp_path / "log.vkey").read_text() == made.vkey + "\n"


@pytest.mark.parametrize("name", ["", "two words", "a+b", "tab\t", "line\n", "nbsp\u00a0"])
def test_a_name_that_a_note_cannot_carry_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadInput):
        signing.create(tmp_path, name)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "PRIVATE+KEY+",
        SKEY[:-1],
        SKEY + "x",
        SKEY.replace("c74f20a3", "c74f20a4"),
        SKEY.replace("PeterNeumann", "PeterNeumanm"),
        SKEY.replace("+AYEK", "+AoEK"),
        SKEY.replace("+AYEK", "+AYEL"),
        SKEY[:-4] + "====",
        SKEY + "\n" + SKEY,
        VKEY,
    ],
)
def test_a_damaged_key_is_refused_without_showing_it(tmp_path: Path, text: str) -> None:
    _put(tmp_path, text)
    with pytest.raises(NoKey) as caught:
        signing.load(tmp_path)
    assert caught.value.__cause__ is None
    assert not text or text not in str(caught.value)


def test_no_key_is_a_typed_error(tmp_path: Path) -> None:
    with pytest.raises(NoKey, match=r"log\.key"):
        signing.load(tmp_path)


def test_a_signer_shows_its_name_only() -> None:
    signer = Signer("a/log", Ed25519PrivateKey.from_private_bytes(SEED))
    assert repr(signer) == "Signer('a/log')"
