"""S16: an image is taken as its manufacturer signed it, and in no other way."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from kwartier.devices.errors import DeviceError, NotFirmware, NotGenuine
from kwartier.devices.firmware import MAGIC, check, is_older, parse

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = KEY.public_key().public_bytes_raw()
ANOTHER = Ed25519PrivateKey.from_private_bytes(bytes(32)).public_key().public_bytes_raw()


def signed(model: bytes = b"SMR5", version: bytes = b"5.0.2", body: bytes = b"\x00\x01" * 50) -> bytes:
    head = MAGIC + bytes((len(model),)) + model + bytes((len(version),)) + version + len(body).to_bytes(4, "big") + body
    return head + KEY.sign(head)


IMAGE = signed()


def test_a_signed_image_says_for_which_model_and_which_version() -> None:
    found = check(IMAGE, [ANOTHER, PUBLIC])
    assert (found.model, found.version, found.image) == ("SMR5", "5.0.2", IMAGE)


def test_nobody_is_trusted_by_default_and_another_key_is_not_enough() -> None:
    for trusted in ([], [ANOTHER], [b"no key"]):
        with pytest.raises(NotGenuine):
            check(IMAGE, trusted)


@given(st.integers(0, len(IMAGE) * 8 - 1))
def test_an_image_with_any_bit_changed_is_refused(bit: int) -> None:
    changed = bytearray(IMAGE)
    changed[bit // 8] ^= 1 << bit % 8
    with pytest.raises(DeviceError):
        check(bytes(changed), [PUBLIC])


@given(st.binary(max_size=200) | st.binary(max_size=200).map(lambda tail: MAGIC + tail))
def test_anything_at_all_is_no_image(data: bytes) -> None:
    with pytest.raises(DeviceError):
        check(data, [PUBLIC])


@pytest.mark.parametrize("image", [IMAGE[:-1], IMAGE + b"\x00", IMAGE[:8], MAGIC, b"", signed(model=b""), signed(version=b"\xff")])
def test_an_image_of_another_form_is_none(image: bytes) -> None:
    with pytest.raises(NotFirmware):
        parse(image)


@pytest.mark.parametrize(
    ("version", "other", "older"),
    [
        ("5.0.1", "5.0.2", True),
        ("5.0.9", "5.0.10", True),
        ("5.0.2", "5.0.2", False),
        ("5.1", "5.0.9", False),
        ("5.0", "5.0.1", True),
        ("beta", "5.0.2", False),
        ("5.0.1", "", False),
    ],
)
def test_versions_are_numbers_between_dots(version: str, other: str, *, older: bool) -> None:
    assert is_older(version, other) is older
