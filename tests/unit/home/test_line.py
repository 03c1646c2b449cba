"""From bytes to samples: whatever comes, nothing is raised, and the next good telegram is heard."""

import random

from hypothesis import given
from hypothesis import strategies as st

from home_support import GAS_METER, METER, OTHER_METER, House
from kwartier.home.line import Line
from kwartier.home.sample import Counter
from kwartier.wire.p1 import sealed
from kwartier.wire.p1.telegram import Profile

SALT = bytes(16)
AT = 1_781_000_100


def test_a_telegram_becomes_a_sample_however_it_is_cut() -> None:
    house = House(AT)
    text = house.telegram()
    for size in (1, 7, len(text)):
        line = Line(SALT)
        heard = [one for at in range(0, len(text), size) for one in line.receive(text[at : at + size])]
        assert len(heard) == 1
        sample = heard[0].sample
        low, normal, out_low, out_normal = house.registers()
        assert sample.registers == {
            Counter.IMPORT_LOW: low,
            Counter.IMPORT_NORMAL: normal,
            Counter.EXPORT_LOW: out_low,
            Counter.EXPORT_NORMAL: out_normal,
        }
        assert (sample.at, sample.power_w, len(sample.phases)) == (AT, house.power, 3)
        assert sample.devices[0].counter is Counter.GAS
        assert (sample.devices[0].at, sample.devices[0].value) == (house.gas_at, house.gas_dm3)
        assert line.counts.telegrams == 1


def test_rate_1_is_low_in_the_netherlands_and_normal_in_belgium() -> None:
    dutch, belgian = House(AT), House(AT, profile=Profile.BELGIUM)
    assert b"1-0:1.8.1(001234.567*kWh)" in dutch.telegram()
    assert b"1-0:1.8.1(002345.678*kWh)" in belgian.telegram()
    for house in (dutch, belgian):
        [heard] = Line(SALT).receive(house.telegram())
        assert heard.sample.registers[Counter.IMPORT_LOW] == 1_234_567
        assert heard.sample.is_low_rate is house.is_low


def test_no_meter_number_goes_on_and_another_home_has_another_code() -> None:
    [heard] = Line(SALT).receive(House(AT).telegram())
    shown = repr(heard.sample)
    for number in (METER, GAS_METER, bytes.fromhex(METER).decode(), bytes.fromhex(GAS_METER).decode()):
        assert number not in shown
    [elsewhere] = Line(bytes(15) + b"x").receive(House(AT).telegram())
    [other] = Line(SALT).receive(House(AT, meter=OTHER_METER).telegram())
    assert len({heard.sample.meter, elsewhere.sample.meter, other.sample.meter}) == 3


def test_an_old_meter_has_no_clock_and_no_checksum() -> None:
    house = House(AT, profile=Profile.DSMR_2)
    [heard] = Line(SALT).receive(house.telegram())
    assert heard.sample.at is None
    assert heard.sample.registers[Counter.IMPORT_LOW] == house.registers()[0]


def test_what_is_lost_is_counted() -> None:
    line = Line(SALT)
    good = House(AT).telegram()
    assert line.receive(good.replace(b"1-0:1.7.0", b"1-0:1.7.1")) == []
    assert line.receive(good[:200]) == []
    assert len(line.receive(b"!!!" + good)) == 1
    counts = line.counts
    assert (counts.telegrams, counts.checksum_wrong, counts.cut_off) == (1, 1, 1)


def test_a_sealed_telegram_needs_its_key() -> None:
    keys = sealed.Keys(b"k" * 16)
    frame = sealed.seal(House(AT).telegram(), keys, b"KWT\0\0\0\0\1", 7)
    other = sealed.Keys(b"o" * 16)
    without, with_key = Line(SALT), Line(SALT, lambda frame: sealed.unseal(frame, keys).text)
    with_other = Line(SALT, lambda frame: sealed.unseal(frame, other).text)
    assert without.receive(frame + House(AT).telegram()[:0]) == []
    assert with_other.receive(frame) == []
    assert (without.counts.sealed_shut, with_other.counts.sealed_shut) == (1, 1)
    [heard] = with_key.receive(frame)
    assert heard.sample.at == AT
    assert heard.raw == House(AT).telegram()


@given(st.binary(max_size=3000))
def test_any_bytes_raise_nothing(data: bytes) -> None:
    Line(SALT).receive(data)


@given(st.integers(0, 2**32))
def test_a_mutated_telegram_raises_nothing_and_the_next_is_heard(seed: int) -> None:
    dice = random.Random(seed)
    data = bytearray(House(AT).telegram())
    for _ in range(dice.randrange(1, 20)):
        kind = dice.randrange(3)
        at = dice.randrange(len(data))
        if kind == 0:
            data[at] = dice.randrange(256)
        elif kind == 1:
            del data[at : at + dice.randrange(1, 30)]
        else:
            data[at:at] = bytes(dice.randrange(256) for _ in range(dice.randrange(1, 30)))
    line = Line(SALT)
    line.receive(bytes(data))
    house = House(AT + 1)
    assert [heard.sample.at for heard in line.receive(b"\r\n" + house.telegram() + house.telegram())][-1] == AT + 1
