"""A fuzzer finds what it is there to find: any fault that was not foreseen fails its test and shows the input."""

from random import Random

import pytest

import dlms_support as meter
from fuzz_support import grown, inputs, mended, most_memory, reshaped, survives, swollen
from kwartier.wire.dlms.errors import Malformed, Misuse


def first(data: bytes) -> int:
    return data[0]


def raising(error: Exception) -> object:
    raise error


def test_results_and_foreseen_errors_are_told_apart() -> None:
    assert survives(first, b"a")
    assert not survives(lambda _: raising(Malformed("m")), b"a")


@pytest.mark.parametrize("fault", [IndexError("i"), MemoryError(), Misuse("ours")])
def test_any_other_fault_passes_through_and_shows_its_input(fault: Exception) -> None:
    with pytest.raises(type(fault)) as caught:
        survives(lambda _: raising(fault), b"\x01\xff", Malformed)
    assert caught.value.__notes__ == ["input: 01ff"]


def test_a_decoder_that_reads_beyond_the_end_is_found() -> None:
    for way in (inputs([b"abc"], 3_000, "x"), grown(b"abc")):
        with pytest.raises(IndexError):
            assert all(survives(first, data) for data in way)


def test_inputs_are_the_same_each_time_and_the_first_are_the_same_of_more() -> None:
    assert [*inputs([b"abc"], 50, "x")] == [*inputs([b"abc"], 90, "x")][:50] != [*inputs([b"abc"], 50, "y")]


LONG = b"\x61\x81\xc8" + bytes(200)


@pytest.mark.parametrize(
    ("seed", "changed", "right"),
    [
        (meter.RLRE, meter.RLRE + b"x", b"\x63\x04" + meter.RLRE[2:] + b"x"),
        (meter.RLRE, b"\x63\x03", b"\x63\x00"),
        (meter.RLRE, b"\x62\x77abcd", b"\x62\x04abcd"),
        (LONG, LONG + b"x", b"\x61\x81\xc9" + bytes(200) + b"x"),
        (meter.tlv(0x61, bytes(200)), meter.tlv(0x61, bytes(200))[:-1], b"\x61\x82\x00\xc7" + bytes(199)),
        (meter.frame(meter.RLRE), meter.frame(meter.RLRE)[:-1], meter.frame(meter.RLRE[:-1])),
        (b"\xc4\x01\xc1\x00abc", b"\xc4\x01", b"\xc4\x01"),
        (meter.RLRE, b"c", b"c"),
        (meter.RLRE, meter.RLRE + bytes(300), meter.RLRE + bytes(300)),
    ],
)
def test_a_length_at_the_beginning_is_set_right(seed: bytes, changed: bytes, right: bytes) -> None:
    assert mended(seed, changed) == right


def test_one_element_is_changed_and_the_lengths_around_it_are_right() -> None:
    draw = Random(1)
    shapes = {reshaped(draw, meter.RLRE) for _ in range(300)}
    assert {b"\x63\x00", b"\x63\x02\x80\x00", b"\x63\x06\x80\x01\x00\x80\x01\x00"} <= shapes
    within = [reshaped(draw, meter.aare()) for _ in range(3_000)]
    assert any(data.endswith(b"\xbe\x02\x04\x00") for data in within), "an octet-string that is empty, deep within"
    right = [data for data in within if data[:1] == b"\x61" and data == meter.tlv(0x61, data[2 if data[1:2] < b"\x80" else 4 :])]
    assert len(right) > 1_500


def test_memory_is_counted_beyond_the_input() -> None:
    assert most_memory(lambda data: bytes(1000 * len(data)), [b"a" * 50, b"a"]) >= 50_000
    assert most_memory(first, [bytes(100_000)]) < 10_000


def test_a_claim_stands_at_every_place() -> None:
    claims = [*swollen(b"abc")]
    assert len(claims) == 18
    assert b"a\x84\xff\xff\xff\xffc" in claims
