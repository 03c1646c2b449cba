"""What a decoder remembers never shows in what it says: it says what `decode` says, of any sequence of telegrams."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kwartier.wire.p1.decode import decode
from kwartier.wire.p1.decoder import Decoder
from kwartier.wire.p1.errors import ChecksumWrong, P1Error
from kwartier.wire.p1.framing import Framer
from kwartier.wire.p1.quantities import Quantity
from kwartier.wire.p1.telegram import Telegram
from p1_support import NAMES, raw, recording

GOOD = raw()
EVERY = [raw(name) for name in NAMES]


def all_of(telegram: Telegram) -> tuple[object, ...]:
    """Also what is no part of its equality."""
    return (telegram, telegram.checksum, telegram.faults, telegram.raw)


def said(decoder: Decoder, data: bytes) -> object:
    try:
        return all_of(decoder.decode(data, checked=True))
    except P1Error as fault:
        return type(fault)


def alone(data: bytes) -> object:
    try:
        return all_of(decode(data, checked=True))
    except P1Error as fault:
        return type(fault)


def test_ten_minutes_of_one_meter() -> None:
    decoder = Decoder()
    for candidate in Framer().receive(recording()):
        assert all_of(decoder.decode(candidate.data)) == all_of(decode(candidate.data))


@given(st.lists(st.sampled_from(EVERY), max_size=8))
def test_any_sequence_of_telegrams(telegrams: list[bytes]) -> None:
    decoder = Decoder()
    for data in telegrams:
        assert said(decoder, data) == alone(data)


@pytest.mark.parametrize("name", NAMES)
def test_every_telegram_twice(name: str) -> None:
    decoder = Decoder()
    assert said(decoder, raw(name)) == said(decoder, raw(name)) == alone(raw(name))


@given(st.sampled_from(EVERY), st.data())
def test_any_changed_byte_after_the_telegram_itself(telegram: bytes, data: st.DataObject) -> None:
    decoder = Decoder()
    decoder.decode(telegram, checked=True)
    changed = bytearray(telegram)
    for _ in range(data.draw(st.integers(1, 4))):
        changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(
            st.sampled_from(b"0123456789:;<=>?./()*! SWkh\r\n\0_+-\xff") | st.integers(0, 255)
        )
    assert said(decoder, bytes(changed)) == alone(bytes(changed))
    assert said(decoder, telegram) == alone(telegram)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"00.433*kW", b"00.434*kW"),
        (b"00.433*kW", b"00.4:3*kW"),
        (b"00.433*kW", b"0.4333*kW"),
        (b"190324150541W", b"190324150542W"),
        (b"190324150541W", b"190324150541S"),
        (b"190324150541W", b"632525252525W"),
        (b"180417201458S", b"180417201459S"),
        (b"1-0:1.8.1", b"1-0:1.8.2"),
        (b"0-0:96.13.0()", b"0-0:96.13.0(41)"),
    ],
)
def test_what_changes_is_seen(old: bytes, new: bytes) -> None:
    decoder = Decoder()
    decoder.decode(GOOD)
    assert old in GOOD
    assert said(decoder, GOOD.replace(old, new, 1)) == alone(GOOD.replace(old, new, 1))


def test_a_clock_that_comes_back_leaves_no_fault_behind() -> None:
    decoder = Decoder()
    for stamp in (b"632525252525W", b"190324150541W", b"632525252525W"):
        telegram = GOOD.replace(b"190324150541W", stamp)
        assert said(decoder, telegram) == alone(telegram)


def test_a_wrong_checksum_is_refused_and_nothing_of_it_is_remembered() -> None:
    decoder = Decoder()
    decoder.decode(GOOD)
    with pytest.raises(ChecksumWrong):
        decoder.decode(GOOD.replace(b"003432.829", b"993432.829"))
    assert decoder.decode(GOOD).values[Quantity.IMPORT_1] == 3_432_829


def test_a_checksum_that_is_missing_is_refused_the_second_time_too() -> None:
    decoder = Decoder()
    bare = GOOD[: GOOD.rindex(b"!") + 1]
    decoder.decode(GOOD)
    for _ in range(2):
        with pytest.raises(ChecksumWrong):
            decoder.decode(bare)
