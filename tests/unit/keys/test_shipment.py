"""Key shipments: what was sealed to us opens, anything else is a typed error that shows nothing."""

import contextlib
import json
import random
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given
from hypothesis import strategies as st

from kwartier.keys import shipment
from kwartier.keys.errors import BadShipment, NoKey
from kwartier.keys.shipment import ShippedKey
from kwartier.simulator.shipment import read_recipient
from kwartier.simulator.shipment import seal as seal_of_the_town

LINE = {"equipment_id": "KWE0000000000001", "system_title": "4b57540000000001", "guek": "00" * 15 + "0a", "gak": "ff" * 16}
EPHEMERAL = X25519PrivateKey.from_private_bytes(bytes(range(32)))
NONCE = bytes(range(12))

# Frozen on the day the format was settled, so that a shipment on a shelf can always be opened.
RECIPIENT = bytes(range(100, 132))
GOLDEN = bytes.fromhex(
    "4b5753484950310a8f40c5adb68f25624ae5b214ea767a6ec94d829d3d7b5e1ad1ba6f3e2138285f000102030405060708090a0bdeb4c52e"
    "efd42352ecb8086730c77864aa109490a7539faa2fe5eec3fe0a633edf7437a10189ce601ca81da21b893257237433128b754694b04efa49"
    "276db070fac53192c7e6d5f84157ecf08292b37ab1ce032e060ad36a6baa6aefbcc3fe19fca85e4e89936c6e4ebc3e6dab3161fefc61808e"
    "6afdc2622cd1a0b55d24a93af9a44aa617bc6cf00a025db4ba48d37d185ec51083eb8b39854d11a4d067b2c5dd14988e392dcc94c0766b21"
    "98ec9459"
)


def seal(public: bytes, plaintext: bytes) -> bytes:
    """Write a shipment from the text of docs/ARCHITECTURE.md, apart from the code under test."""
    ours = EPHEMERAL.public_key().public_bytes_raw()
    shared = EPHEMERAL.exchange(X25519PublicKey.from_public_bytes(public))
    key = HKDF(SHA256(), 32, salt=ours + public, info=b"kwartier key shipment 1").derive(shared)
    return b"KWSHIP1\n" + ours + NONCE + AESGCM(key).encrypt(NONCE, plaintext, b"KWSHIP1\n" + ours)


def line(**changes: object) -> bytes:
    return json.dumps({**LINE, **changes}).encode() + b"\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("install") / "keys"
    shipment.create(found)
    return found


@pytest.fixture(scope="module")
def public(folder: Path) -> bytes:
    return (folder / "shipment.pub").read_bytes()


def test_created_once_private_and_public(tmp_path: Path) -> None:
    made = shipment.create(tmp_path / "keys")
    assert shipment.create(tmp_path / "keys") == made == (tmp_path / "keys" / "shipment.pub").read_bytes()
    assert len(made) == 32
    assert stat.S_IMODE((tmp_path / "keys" / "shipment.key").stat().st_mode) == 0o600


def test_a_shipment_opens(folder: Path, public: bytes) -> None:
    other = line(equipment_id="G-2_x.y", system_title="4B57540000000002")
    assert shipment.open(folder, seal(public, line() + other)) == [
        ShippedKey("KWE0000000000001", bytes.fromhex("4b57540000000001"), bytes(15) + b"\x0a", b"\xff" * 16),
        ShippedKey("G-2_x.y", bytes.fromhex("4b57540000000002"), bytes(15) + b"\x0a", b"\xff" * 16),
    ]
    assert shipment.open(folder, seal(public, line().rstrip())) == shipment.open(folder, seal(public, line()))
    assert shipment.open(folder, seal(public, b"")) == []


def test_what_the_town_seals_opens_too(folder: Path) -> None:
    blob = seal_of_the_town(read_recipient(folder / "shipment.pub"), line())
    assert len(shipment.open(folder, blob)) == 1


def test_the_format_stays(tmp_path: Path) -> None:
    (tmp_path / "shipment.key").write_bytes(RECIPIENT)
    (tmp_path / "shipment.key").chmod(0o600)
    public = X25519PrivateKey.from_private_bytes(RECIPIENT).public_key().public_bytes_raw()
    assert seal(public, line()) == GOLDEN
    assert [key.equipment_id for key in shipment.open(tmp_path, GOLDEN)] == ["KWE0000000000001"]


def test_another_installation_cannot_open_it(tmp_path: Path, public: bytes) -> None:
    shipment.create(tmp_path)
    with pytest.raises(BadShipment, match="another installation"):
        shipment.open(tmp_path, seal(public, line()))


def test_without_the_own_key_nothing_opens(tmp_path: Path, public: bytes) -> None:
    with pytest.raises(NoKey, match=r"shipment\.key"):
        shipment.open(tmp_path, seal(public, line()))


@pytest.mark.parametrize(
    "text",
    [
        b"\n",
        b"null\n",
        b"[]\n",
        b"{}\n",
        b'"' + b"x" * 600 + b'"\n',
        b"[" * 500 + b"\n",
        b"\xff\xfe\n",
        b"1" * 500 + b"\n",
        b"NaN\n",
        line() + b"\n" + line(equipment_id="B", system_title="4b57540000000002"),
        line()[:-2] + b"\n",
        line(equipment_id=""),
        line(equipment_id="x" * 33),
        line(equipment_id="a b"),
        line(equipment_id="a\n"),
        line(equipment_id="\ud800"),
        line(equipment_id=1),
        line(equipment_id=None),
        line(system_title="4b5754000000000"),
        line(system_title="4b57540000000001\n"),
        line(system_title="4b 57 54 00 00 00"),
        line(guek="00" * 15),
        line(guek="00" * 17),
        line(guek="zz" * 16),
        line(gak=["00" * 16]),
        line(gak="\u0660" * 32),
        line(more=1),
        json.dumps({k: v for k, v in LINE.items() if k != "gak"}).encode(),
        line()[:-2] + b', "gak": "' + b"00" * 16 + b'"}',
        line() + line(equipment_id="other"),
        line() + line(system_title="4b57540000000002"),
        line() + line(),
    ],
)
def test_impossible_content_is_refused_without_showing_it(folder: Path, public: bytes, text: bytes) -> None:
    with pytest.raises(BadShipment) as caught:
        shipment.open(folder, seal(public, text))
    assert caught.value.__cause__ is None
    assert "KWE" not in str(caught.value)
    assert "0a" not in str(caught.value)


def test_the_line_at_fault_is_named(folder: Path, public: bytes) -> None:
    with pytest.raises(BadShipment, match=r"^line 2: ") as caught:
        shipment.open(folder, seal(public, line() + line(gak="") + line(guek="")))
    assert caught.value.line == 2


def test_a_point_of_low_order_is_refused(folder: Path, public: bytes) -> None:
    blob = seal(public, line())
    with pytest.raises(BadShipment, match="ephemeral"):
        shipment.open(folder, blob[:8] + bytes(32) + blob[40:])


def test_every_changed_or_missing_byte_is_noticed(folder: Path, public: bytes) -> None:
    blob = seal(public, line())
    for place in range(len(blob)):
        with pytest.raises(BadShipment):
            shipment.open(folder, blob[:place] + bytes([blob[place] ^ 0x80]) + blob[place + 1 :])
        with pytest.raises(BadShipment):
            shipment.open(folder, blob[:place])


@given(st.binary(max_size=400))
def test_any_sealed_bytes_give_keys_or_a_typed_error(folder: Path, public: bytes, junk: bytes) -> None:
    try:
        opened = shipment.open(folder, seal(public, junk))
    except BadShipment:
        return
    assert junk in (b"", b"\n") or opened


@given(st.binary(max_size=200))
def test_any_bytes_give_a_typed_error(folder: Path, junk: bytes) -> None:
    for blob in (junk, b"KWSHIP1\n" + junk):
        with pytest.raises(BadShipment):
            shipment.open(folder, blob)


def test_mutated_lines_give_keys_or_a_typed_error(folder: Path, public: bytes) -> None:
    draw = random.Random(2026)
    opened = 0
    for _ in range(3000):
        text = bytearray(line())
        for _ in range(draw.randrange(1, 4)):
            text[draw.randrange(len(text))] = draw.choice(b'0123456789abcdefABCDEF"{}:,x \xff')
        with contextlib.suppress(BadShipment):
            opened += len(shipment.open(folder, seal(public, bytes(text))))
    assert 100 < opened < 2900, "the mutations reach both ends"


def test_a_shipped_key_shows_nothing() -> None:
    assert repr(ShippedKey("KWE1", b"t", b"u", b"a")) == "ShippedKey()"
