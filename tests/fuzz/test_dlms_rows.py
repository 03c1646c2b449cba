"""Whatever data a GET of a profile returns, they are sound rows or Malformed; the quick way and the slow way never differ.

Two kinds of input in turn: rows spelt out of cells of every type (so that most are A-XDR and reach the meaning), with null-data and
a day of full length among them; and those mutated, cut or random. 100,000 per profile with --full, a seeded sample otherwise; 5,000
as the data grow byte by byte. What a meter makes us hold is bounded by what it sent.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from random import Random

import pytest

import dlms_support as meter
from fuzz_support import BYTE_ROUNDS, ROUNDS, SEED, grown, inputs, most_memory, survives, swollen
from kwartier.model.meter import Column, Profile
from kwartier.wire.dlms import rows
from kwartier.wire.dlms.client import clock
from kwartier.wire.dlms.errors import Malformed

PROFILES = {profile.name.value: profile for profile in meter.smr5().profiles}
START = datetime(2026, 3, 28, 23, 0, tzinfo=UTC)
"""The day on which the clock is set forward."""
NULL = b"\x00"
NO_DATE = b"\x09\x0c" + b"\xff" * 9 + b"\x80\x00\xff"
DATES = [b"\x09\x0c" + bytes(12), NO_DATE, b"\x19" + meter.date_time(START), b"\x09\x0b" + bytes(11), meter.u32(7)]
NUMBERS = [
    *(meter.u8(255), b"\x12\x01\x00", meter.u32(2**32 - 1), b"\x15" + b"\xff" * 8, b"\x15\x7f" + b"\xff" * 7, b"\x16\x01"),
    *(b"\x0f\x80", b"\x0f\x7f", b"\x10\x01\x00", b"\x05\xff\xff\xff\xff", b"\x05\x00\x00\x10\x00", b"\x14" + bytes(8)),
    *(b"\x03\x01", b"\x09\x01\x00", b"\x04\x08\xff", b"\x01\x00", b"\x02\x01\x00", b"\x17\x00\x00\x00\x00", NO_DATE),
]


def stamp(profile: Profile, place: int) -> bytes:
    return meter.octets(meter.date_time(START + timedelta(seconds=place * profile.period_s)))


def usual(profile: Profile, column: Column, place: int) -> bytes:
    """The cell that a good meter has here."""
    if column.role in {"clock", "capture"}:
        return stamp(profile, place)
    return meter.u8(8) if column.role == "status" else meter.u32(1000 + place)


def odd(draw: Random, column: Column) -> bytes:
    """A cell that a meter may have here, or may not."""
    return draw.choice((NULL, *(DATES if column.role in {"clock", "capture"} else NUMBERS)))


def spelt(draw: Random, profile: Profile) -> bytes:
    """A few rows in which now and then a cell, or a whole column, is odd."""
    oddness = draw.choice((0.0, 0.05, 0.3, 1.0))
    columns = {c: odd(draw, c) for c in profile.columns if draw.random() < oddness / 4}
    return meter.array(
        [
            meter.structure(
                *(
                    columns.get(c) or (odd(draw, c) if draw.random() < oddness else usual(profile, c, place))
                    for c in profile.columns[: draw.choice((None,) * 30 + (1, -1))]
                )
            )
            for place in range(draw.randrange(7))
        ]
    )


def genuine(profile: Profile, count: int) -> bytes:
    return meter.array([meter.structure(*(usual(profile, c, place) for c in profile.columns)) for place in range(count)])


def packed(profile: Profile, count: int) -> bytes:
    """Rows of which only the first says all: null-data for stamp and status, and for every other number."""
    first = meter.structure(*(usual(profile, c, 0) for c in profile.columns))
    return meter.array(
        [first]
        + [
            meter.structure(*(NULL if c.role != "value" or place % 2 else meter.u32(1000 + place) for c in profile.columns))
            for place in range(1, count)
        ]
    )


def datas(profile: Profile, rounds: int, salt: str, most: int = 97) -> Iterator[bytes]:
    """Spelt and mutated data in turn; a few of them are a day of `most` rows."""
    draw = Random(f"{SEED} {salt} spelt")
    short = [genuine(profile, 3), packed(profile, 5), genuine(profile, 1), b"\x01\x00"] * 8
    broken = inputs([*short, genuine(profile, most), packed(profile, most)], rounds // 2, salt)
    for turn in range(rounds):
        yield next(broken) if turn % 2 else spelt(draw, profile)


def slowly(data: bytes, profile: Profile) -> rows.Rows:
    """Decode row by row, whatever the rows look like."""
    count, start = rows._array(data, profile)  # noqa: SLF001 - the slow way by itself, to compare with
    return rows._irregular(data, start, count, profile, profile.columns)  # noqa: SLF001 - as above


def decoded(profile: Profile, data: bytes) -> rows.Rows:
    """Decode both ways; fail unless both refuse, or both give the same sound rows."""
    try:
        found = rows.decode(data, profile)
    except Malformed:
        with pytest.raises(Malformed):
            slowly(data, profile)
        raise
    count = len(found.stamps)
    assert count <= profile.entries + 1
    assert len(found.status) == count
    assert set(found.values) == set(found.missing) == {c.channel for c in profile.columns if c.channel is not None}
    for channel, values in found.values.items():
        assert len(values) == len(found.missing[channel]) == count
        assert not count or (values.min() >= 0 and not values[found.missing[channel]].any())
    if count:
        same(found, slowly(data, profile))
    return found


def same(one: rows.Rows, other: rows.Rows) -> None:
    assert one.stamps.tobytes() == other.stamps.tobytes()
    assert one.status.tobytes() == other.status.tobytes()
    assert (one.capture is None) == (other.capture is None)
    assert one.capture is None or other.capture is None or one.capture.tobytes() == other.capture.tobytes()
    for channel, values in one.values.items():
        assert values.tobytes() == other.values[channel].tobytes()
        assert one.missing[channel].tobytes() == other.missing[channel].tobytes()


@pytest.mark.parametrize("rounds", ROUNDS)
@pytest.mark.parametrize("name", PROFILES)
def test_any_data_are_sound_rows_or_malformed(name: str, rounds: int) -> None:
    profile = PROFILES[name]
    assert len(decoded(profile, genuine(profile, 41)).stamps) == len(decoded(profile, packed(profile, 41)).stamps) == 41
    results = sum(survives(partial(decoded, profile), data, Malformed) for data in datas(profile, rounds, name, 41))
    assert rounds // 20 < results < rounds * 19 // 20, "neither kind is rare"


@pytest.mark.parametrize("rounds", BYTE_ROUNDS)
@pytest.mark.parametrize("name", PROFILES)
def test_data_that_grow_byte_by_byte_are_malformed_until_they_are_whole(name: str, rounds: int) -> None:
    profile = PROFILES[name]
    decode = partial(rows.decode, profile=profile)
    for data in datas(profile, rounds, f"{name} grown", 7):
        wholes = sum(survives(decode, prefix, Malformed) for prefix in grown(data))
        assert wholes <= 1, "what is left over is Malformed, and so is what is cut off"


@pytest.mark.parametrize("name", PROFILES)
def test_a_claim_of_gigabytes_takes_no_memory(name: str) -> None:
    profile = PROFILES[name]
    decode = partial(rows.decode, profile=profile)
    claims = [data for seed in (genuine(profile, 3), packed(profile, 5)) for data in swollen(seed)]
    survives(decode, claims[0], Malformed)
    assert most_memory(decode, claims, Malformed) < 64 * 1024


@pytest.mark.parametrize(
    "data", [b"\x01\x82\x03\xc1" + b"\x02\x04\x00\x00\x00\x00" * 961, b"\x01\x82\x03\xc1" + b"\x01\x00" * 30_000]
)
def test_the_longest_answer_takes_a_small_multiple_of_itself(data: bytes) -> None:
    decode = partial(rows.decode, profile=PROFILES["e_interval"])
    assert most_memory(decode, [data, genuine(PROFILES["e_interval"], 961)], Malformed) < 100 * len(data) + 64 * clock.LENGTH * 961
