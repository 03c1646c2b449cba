"""Telegrams out of a stream: in any pieces, after any noise, cut off, sealed; what is held is bounded, what is lost is counted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kwartier.wire.p1.crc import crc16
from kwartier.wire.p1.decode import decode
from kwartier.wire.p1.frame import Frame
from kwartier.wire.p1.framing import LIMIT, SLICE, Candidate, Counts, Framer, Plain, Sealed
from p1_support import DSMR_5, FRAME, raw

GOOD = raw(DSMR_5)
WHOLE = Plain(GOOD[:-2])
SEALED = FRAME.read_bytes()
TITLE = b"SAG12345"


def found(*pieces: bytes) -> tuple[list[Candidate], Counts]:
    framer = Framer()
    candidates = [candidate for piece in pieces for candidate in framer.receive(piece)]
    assert framer.held <= LIMIT + SLICE
    return candidates, framer.counts


def bytewise(data: bytes) -> list[bytes]:
    return [data[at : at + 1] for at in range(len(data))]


@given(st.lists(st.sampled_from((GOOD, SEALED, raw("mijnverbruik__dsmr/dsmr_test.exs.1"))), max_size=4), st.data())
def test_pieces_do_not_matter(telegrams: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(telegrams)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=9)))
    pieces = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    assert found(*pieces) == found(stream) == found(*bytewise(stream))
    assert len(found(stream)[0]) == len(telegrams)


@pytest.mark.parametrize(
    "noise", [b"\xff\xff\xff", b"\r\n\0\0", b"ab!cd\r\n", b"half a line)\r\n!", b"/", b"/ab\r\n", b"\xdb", b"\xdb\x08SAG", b"!"]
)
def test_noise_before_a_telegram_costs_nothing(noise: bytes) -> None:
    candidates, counts = found(noise + GOOD)
    assert candidates == [WHOLE]
    assert counts.noise_bytes == len(noise.translate(None, b"\r\n\0 \xff"))


def test_padding_between_telegrams_is_no_noise() -> None:
    assert found(GOOD + b"\xff" * 40 + b"\0" * 7 + GOOD) == ([WHOLE, WHOLE], Counts(plain=2))


@pytest.mark.parametrize("cut", [30, 100, 400, 700, len(GOOD) - 8, len(GOOD) - 7])
def test_a_telegram_cut_off_costs_only_itself(cut: int) -> None:
    assert found(GOOD[:cut] + GOOD) == ([WHOLE], Counts(plain=1, cut_off=1))


def test_a_header_cut_off_is_noise() -> None:
    assert found(GOOD[:10] + GOOD) == ([WHOLE], Counts(plain=1, noise_bytes=10))


def ended(text: bytes) -> bytes:
    return text + b"!%04X" % crc16(text + b"!")


@pytest.mark.parametrize("message", [b"see https://example.nl/ISK5 now", b"Hello! And goodbye! 1234", b"/ISK5", b"!0000"])
def test_a_message_may_hold_what_looks_like_a_beginning_or_an_end(message: bytes) -> None:
    telegram = ended(b"/ISK5\\2M550T\r\n\r\n1-3:0.2.8(50)\r\n0-0:96.13.0(" + message + b")\r\n")
    assert found(*bytewise(telegram))[0] == [Plain(telegram)]
    assert decode(telegram).messages == {0: message}


@pytest.mark.parametrize("end", [b"!\r\n", b"!B9F\r\n", b"!b9f3", b" !B9F3\r\n", b"!\0", b"!/", b"!\xdb"])
def test_every_way_to_end(end: bytes) -> None:
    text = b"/KMP5 X\r\n\r\n1-0:1.8.1(1*kWh)\r\n"
    (candidate,) = found(text + end)[0]
    assert candidate.data == text + end.rstrip(b"\r\n\0/\xdb")


def test_lines_that_end_with_a_line_feed_alone() -> None:
    text = GOOD.replace(b"\r\n", b"\n")
    assert found(text)[0] == [Plain(text[:-1])]


def test_a_telegram_without_an_end_is_given_up_at_the_limit() -> None:
    endless = b"/ISK5\\2M550T\r\n" + b"1-0:1.8.1(000001.000*kWh)\r\n" * 1000
    assert found(endless + GOOD) == ([WHOLE], Counts(plain=1, oversize=1, noise_bytes=found(endless + GOOD)[1].noise_bytes))
    assert found(*bytewise(endless + GOOD))[0] == [WHOLE]


def test_a_telegram_longer_than_the_limit_is_given_up_when_it_ends_too() -> None:
    filling = LIMIT - 200
    text = ended(b"/ISK5\\2M550T\r\n\r\n0-0:96.13.0(" + b"A" * filling + b")\r\n" + b"9-9:9.9.9(1)\r\n" * 40)
    assert len(text) > LIMIT
    candidates, counts = found(text + GOOD)
    assert (candidates, counts.plain, counts.oversize) == ([WHOLE], 1, 1)


def test_an_hour_of_noise_holds_no_memory() -> None:
    framer = Framer()
    for turn in range(200):
        framer.receive(bytes((turn * 7 + each * each) & 0xFF for each in range(997)))
        assert framer.held <= LIMIT + SLICE
    assert Plain(GOOD[:-2]) in framer.receive(b"\r\n" + GOOD)


# Sealed frames


def test_sealed_frames_and_plain_telegrams_in_one_stream() -> None:
    assert found(SEALED + GOOD + SEALED + SEALED)[0] == [Sealed(SEALED), WHOLE, Sealed(SEALED), Sealed(SEALED)]


@pytest.mark.parametrize("length", [20, 127])
def test_short_frames_have_a_length_of_one_byte(length: int) -> None:
    frame = b"\xdb\x08" + TITLE + bytes((length, 0x30)) + bytes(length - 1)
    assert found(frame + GOOD)[0] == [Sealed(frame), WHOLE]


def test_a_frame_with_a_length_in_one_byte_more() -> None:
    frame = b"\xdb\x08" + TITLE + b"\x81\xc8\x30" + bytes(199)
    assert found(frame + GOOD)[0] == [Sealed(frame), WHOLE]


@pytest.mark.parametrize("length", [30, 200, 497, 499, 511, 514, 700, 1200, 4000, LIMIT - 14])
@pytest.mark.parametrize("following", [GOOD, SEALED])
def test_a_wrong_length_does_not_swallow_what_follows(length: int, following: bytes) -> None:
    frame = SEALED[:11] + length.to_bytes(2, "big") + SEALED[13:]
    candidates, _ = found(frame + following + following)
    assert [each for each in candidates if each.data in following and len(each.data) > 500] == [
        type(candidates[-1])(following.rstrip() if following is GOOD else following)
    ] * 2


def test_a_length_beyond_the_limit_is_no_frame() -> None:
    frame = Frame(TITLE, 0x30, bytes(4), bytes(LIMIT), bytes(12)).join()
    candidates, counts = found(frame + GOOD)
    assert (candidates, counts.sealed) == ([WHOLE], 0)


def test_a_frame_cut_off_costs_only_itself() -> None:
    assert found(SEALED[:300] + SEALED + GOOD) == ([Sealed(SEALED), WHOLE], Counts(plain=1, sealed=1, cut_off=1))


def test_what_looks_like_a_telegram_within_a_frame_must_prove_itself() -> None:
    inner = b"/ABC5\r\n\r\n!\r\n"
    frame = Frame(TITLE, 0x30, bytes(4), b"x" * 50 + inner + b"y" * 50, bytes(12)).join()
    assert found(frame) == ([Sealed(frame)], Counts(sealed=1))
    assert found(*bytewise(frame)) == found(frame)


def test_nothing_of_a_household_is_shown() -> None:
    assert "ISK5" not in repr(WHOLE)
    assert "SYSTEM" not in repr(Sealed(SEALED))
