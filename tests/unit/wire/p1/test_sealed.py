"""Sealed frames: what is sealed opens; another key, length, tag or protection is told apart."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kwartier.wire.p1.decode import decode
from kwartier.wire.p1.errors import BadFrame, BadKey, NotAuthentic, P1Error
from kwartier.wire.p1.frame import Frame, split
from kwartier.wire.p1.framing import Framer, Sealed
from kwartier.wire.p1.sealed import LUXEMBOURG, Keys, seal, unseal
from kwartier.wire.p1.telegram import Profile
from kwartier.wire.p1.write import encode
from p1_support import FRAME, telegrams

KEYS = Keys(bytes(range(16)), bytes(range(16, 32)))
TITLE = b"SAG12345"
TEXT = b"/Lux5\\253663629_D\r\n\r\n1-3:0.2.8(42)\r\n!80F6\r\n"


@given(st.binary(max_size=3000), st.integers(0, 2**32 - 1))
def test_what_is_sealed_opens(text: bytes, counter: int) -> None:
    opened = unseal(seal(text, KEYS, TITLE, counter), KEYS)
    assert (opened.text, opened.title, opened.counter) == (text, TITLE, counter)


def test_the_frame_of_an_independent_program_comes_back_byte_by_byte() -> None:
    keys = Keys(bytes.fromhex("AA" * 16))
    opened = unseal(FRAME.read_bytes(), keys)
    assert seal(opened.text, keys, opened.title, opened.counter) == FRAME.read_bytes()


@pytest.mark.parametrize("profile", [Profile.LUXEMBOURG, Profile.AUSTRIA])
@settings(max_examples=20)
@given(st.data(), st.integers(0, 2**32 - 1))
def test_a_meter_that_seals_is_read_from_its_stream(profile: Profile, data: st.DataObject, counter: int) -> None:
    telegram = data.draw(telegrams(profile))
    (candidate,) = Framer().receive(seal(encode(telegram), KEYS, TITLE, counter))
    assert isinstance(candidate, Sealed)
    assert decode(unseal(candidate.data, KEYS).text, checked=True) == telegram


def test_in_luxembourg_the_authentication_key_is_published() -> None:
    assert Keys(bytes(16)).authentication == LUXEMBOURG == bytes.fromhex("00112233445566778899AABBCCDDEEFF")


@pytest.mark.parametrize("keys", [Keys(bytes(16), KEYS.authentication), Keys(KEYS.encryption), Keys(bytes(16))])
def test_another_key_is_not_authentic(keys: Keys) -> None:
    with pytest.raises(NotAuthentic):
        unseal(seal(TEXT, KEYS, TITLE, 1), keys)


@pytest.mark.parametrize("at", [2, 9, 14, 17, 18, 40, -13, -12, -1])
def test_a_changed_byte_is_not_authentic(at: int) -> None:
    frame = bytearray(seal(TEXT, KEYS, TITLE, 1))
    frame[at] ^= 1
    with pytest.raises(NotAuthentic):
        unseal(bytes(frame), KEYS)


@pytest.mark.parametrize("security", [0x00, 0x10, 0x20, 0x31, 0xB0])
def test_another_protection_is_refused(security: int) -> None:
    frame = bytearray(seal(TEXT, KEYS, TITLE, 1))
    frame[13] = security
    with pytest.raises(BadFrame):
        unseal(bytes(frame), KEYS)


@pytest.mark.parametrize("change", [slice(0, 5), slice(0, 20), slice(0, -1), slice(1, None)])
def test_a_piece_of_a_frame_is_none(change: slice) -> None:
    with pytest.raises(BadFrame):
        unseal(seal(TEXT, KEYS, TITLE, 1)[change], KEYS)


def test_a_frame_of_another_length_than_it_says() -> None:
    with pytest.raises(BadFrame):
        unseal(seal(TEXT, KEYS, TITLE, 1) + b"\0", KEYS)
    with pytest.raises(BadFrame):
        split(b"\xdb\x08" + TITLE + b"\x83\x00\x00\x20" + bytes(40))
    with pytest.raises(BadFrame):
        split(b"\xdb\x08" + TITLE + b"\x10" + bytes(16))


def test_a_text_that_no_frame_can_hold() -> None:
    with pytest.raises(BadFrame):
        Frame(TITLE, 0x30, bytes(4), bytes(0xFFFF), bytes(12)).join()


@pytest.mark.parametrize("length", [0, 15, 17, 32])
def test_keys_have_sixteen_bytes(length: int) -> None:
    with pytest.raises(BadKey):
        Keys(bytes(length))
    with pytest.raises(BadKey):
        Keys(bytes(16), bytes(length))


@pytest.mark.parametrize(("title", "counter"), [(b"SAG1234", 1), (b"SAG123456", 1), (TITLE, -1), (TITLE, 2**32)])
def test_a_title_or_counter_of_the_wrong_form(title: bytes, counter: int) -> None:
    with pytest.raises(BadKey):
        seal(TEXT, KEYS, title, counter)


@given(st.binary(max_size=80) | st.binary(max_size=60).map(lambda tail: b"\xdb\x08SAG12345" + tail))
def test_any_bytes_give_a_typed_error(data: bytes) -> None:
    with pytest.raises(P1Error):
        unseal(data, KEYS)


def test_keys_and_text_are_not_shown() -> None:
    assert repr(KEYS) == "Keys(...)"
    assert "SAG" not in repr(unseal(seal(TEXT, KEYS, TITLE, 1), KEYS))
    assert "Lux" not in repr(unseal(seal(TEXT, KEYS, TITLE, 1), KEYS))
