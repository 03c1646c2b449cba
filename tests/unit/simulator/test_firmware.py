"""Images: what the format says, and what a meter refuses."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from kwartier.simulator import firmware

KEY = firmware.public_key(4)
GOOD = firmware.build(4, "SMR5", "5.0.2", b"body")


def test_an_image_byte_by_byte() -> None:
    assert GOOD[:-64] == b"KWFW1\n\x04SMR5\x055.0.2\x00\x00\x00\x04body"
    Ed25519PublicKey.from_public_bytes(KEY).verify(GOOD[-64:], GOOD[:-64])
    assert firmware.read(GOOD, KEY) == firmware.Image("SMR5", "5.0.2", b"body")
    assert firmware.accepted(GOOD, KEY, "5.0.1") == "5.0.2"


@pytest.mark.parametrize(
    ("image", "running"),
    [
        (GOOD, "5.0.2"),
        (GOOD, "5.0.10"),
        (GOOD, "6.0"),
        (firmware.build(4, "SMR4", "5.0.2", b"body"), "5.0.1"),
        (firmware.build(5, "SMR5", "5.0.2", b"body"), "5.0.1"),
        (firmware.build(4, "SMR5", "new", b"body"), "5.0.1"),
        (firmware.build(4, "SMR5", "", b"body"), "5.0.1"),
        (GOOD[:-1], "5.0.1"),
        (GOOD + b"\x00", "5.0.1"),
        (b"", "5.0.1"),
    ],
    ids=["same", "older", "much older", "model", "another maker", "no version", "no version at all", "cut", "longer", "nothing"],
)
def test_what_a_meter_does_not_run(image: bytes, running: str) -> None:
    assert firmware.accepted(image, KEY, running) is None


@given(st.integers(0, len(GOOD) - 1), st.integers(1, 255))
def test_any_byte_changed_is_seen(at: int, by: int) -> None:
    assert firmware.read(GOOD[:at] + bytes((GOOD[at] ^ by,)) + GOOD[at + 1 :], KEY) is None


@given(st.binary(max_size=60))
def test_what_the_maker_signed_by_mistake_is_no_image(signed: bytes) -> None:
    made = firmware._read(b"KWFW1\n" + signed)  # noqa: SLF001 - nobody can sign these but the maker
    assert made is None or signed.endswith(made.body)


def test_the_files_for_the_operator(tmp_path: Path) -> None:
    firmware.write(tmp_path / "firmware", 4)
    key = bytes.fromhex((tmp_path / "firmware" / "manufacturer.pub").read_text("ascii"))
    good, bad = ((tmp_path / "firmware" / f"SMR5-5.0.2{end}.kwf").read_bytes() for end in ("", "-tampered"))
    assert key == KEY
    assert firmware.accepted(good, key, "5.0.1") == "5.0.2"
    assert firmware.accepted(bad, key, "5.0.1") is None
    assert sum(one != other for one, other in zip(good, bad, strict=True)) == 1
    assert 20_000 < len(good) < 21_000


def test_versions_are_numbers_between_dots() -> None:
    assert firmware.newer("5.0.10", "5.0.9")
    assert firmware.newer("5.1", "5.0.9")
    assert not firmware.newer("5.0", "5.0.0")
    assert not firmware.newer("5.0.1-rc1", "5.0.0")
