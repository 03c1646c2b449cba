"""Every published telegram of the set decodes to the values stated in its table, or is refused for the stated reason."""

import csv
from collections import defaultdict
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise

import pytest

from kwartier.wire.p1.decode import decode
from kwartier.wire.p1.errors import ChecksumWrong
from kwartier.wire.p1.framing import Counts, Framer, Plain, Sealed
from kwartier.wire.p1.quantities import Quantity
from kwartier.wire.p1.sealed import Keys, unseal
from kwartier.wire.p1.telegram import Checksum, Telegram
from p1_support import DATA, FRAME, NAMES, described, raw, recording


def expected() -> dict[str, list[tuple[str, str]]]:
    """The table, by file."""
    rows: dict[str, list[tuple[str, str]]] = defaultdict(list)
    with (DATA / "expected.csv").open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            rows[row["file"]].append((row["what"], row["value"]))
    return rows


EXPECTED = expected()
REFUSED = sorted(name for name in NAMES if ("crc", "wrong") in EXPECTED[name])
DSMR_PARSER = "ndokter__dsmr_parser/example_telegrams.py."
PUBLISHED = [  # as ndokter/dsmr_parser asserts them in test/test_parse_*.py
    (f"{DSMR_PARSER}4", Quantity.IMPORT_1, "0.034"),
    (f"{DSMR_PARSER}4", Quantity.IMPORT_2, "15.758"),
    (f"{DSMR_PARSER}4", Quantity.EXPORT_2, "0.011"),
    (f"{DSMR_PARSER}4", Quantity.DEMAND_IMPORT, "2.351"),
    (f"{DSMR_PARSER}4", Quantity.VOLTAGE_L1, "234.7"),
    (f"{DSMR_PARSER}4", Quantity.LIMIT_POWER, "999.9"),
    (f"{DSMR_PARSER}4", Quantity.FUSE, "999"),
    (f"{DSMR_PARSER}8", Quantity.IMPORT_1, "10.181"),
    (f"{DSMR_PARSER}8", Quantity.EXPORT_2, "10.282"),
    (f"{DSMR_PARSER}8", Quantity.POWER_EXPORT_L3, "0.627"),
    (f"{DSMR_PARSER}8", Quantity.VOLTAGE_L3, "243.3"),
    (f"{DSMR_PARSER}9", Quantity.IMPORT, "173.640"),
    (f"{DSMR_PARSER}9", Quantity.REACTIVE_Q4, "143.346"),
    (f"{DSMR_PARSER}9", Quantity.COMBINED, "800.817"),
    (f"{DSMR_PARSER}9", Quantity.POWER_FACTOR_L1, "4.591"),
    (f"{DSMR_PARSER}9", Quantity.FREQUENCY, "50.00"),
    (f"{DSMR_PARSER}9", Quantity.POWER_EXPORT, "2.601"),
    (f"{DSMR_PARSER}9", Quantity.FUSE_L3, "200.00"),
]


def test_the_table_is_about_every_telegram_of_the_set() -> None:
    assert sorted(EXPECTED) == NAMES
    assert (len(NAMES), len(REFUSED)) == (63, 12)


@pytest.mark.parametrize("name", sorted(set(NAMES) - set(REFUSED)))
def test_a_telegram_says_what_the_table_says(name: str) -> None:
    assert described(decode(raw(name))) == sorted(EXPECTED[name])


@pytest.mark.parametrize("name", REFUSED)
def test_a_telegram_with_a_wrong_checksum_is_refused(name: str) -> None:
    with pytest.raises(ChecksumWrong):
        decode(raw(name))
    assert described(decode(raw(name), checked=True)) == sorted(EXPECTED[name])


@pytest.mark.parametrize(("name", "quantity", "value"), PUBLISHED)
def test_a_value_is_as_its_publisher_asserts_it(name: str, quantity: Quantity, value: str) -> None:
    assert decode(raw(name)).values[quantity] == Decimal(value) * 1000


def test_a_telegram_cut_off_costs_nothing_but_itself() -> None:
    stream = (DATA / "nielsbasjes__dsmr-tools" / "TestDsmrParserOnBadTelegram.java.1.stream").read_bytes()
    framer = Framer()
    (found,) = framer.receive(stream)
    whole = raw("nielsbasjes__dsmr-tools/TestDsmrParserOnBadTelegram.java.1")
    assert found == Plain(whole[:-2])
    assert framer.counts == Counts(plain=1, cut_off=1)


# Ten minutes of one meter


@pytest.fixture(scope="module")
def series() -> list[Telegram]:
    framer = Framer()
    found = framer.receive(recording())
    assert framer.counts == Counts(plain=566)
    return [decode(each.data) for each in found]


def test_the_recording_is_566_telegrams_with_one_step_of_two_seconds(series: list[Telegram]) -> None:
    steps = [(b.at - a.at) // timedelta(seconds=1) for a, b in pairwise(series) if a.at and b.at]
    assert (len(series), len(steps)) == (566, 565)
    assert (steps.count(1), steps.index(2)) == (564, 288)
    assert {(each.checksum, each.faults) for each in series} == {(Checksum.RIGHT, ())}


def test_its_register_rises_as_its_power_says(series: list[Telegram]) -> None:
    register = [each.import_wh or 0 for each in series]
    power = [each.power_w or 0 for each in series]
    assert all(a <= b for a, b in pairwise(register))
    assert register[-1] - register[0] == 94
    assert (min(power), max(power)) == (374, 1230)
    ws = sum(w * (b.at - a.at).total_seconds() for w, (a, b) in zip(power, pairwise(series), strict=False) if a.at and b.at)
    assert abs(ws / 3600 - 93.9) < 0.1


# The sealed frame


def test_the_sealed_frame_holds_the_austrian_telegram() -> None:
    frame = FRAME.read_bytes()
    assert Framer().receive(frame) == [Sealed(frame)]
    opened = unseal(frame, Keys(bytes.fromhex("AA" * 16)))
    assert opened.counter == 0x10000001
    assert opened.title == bytes.fromhex("53595354454D4944")
    assert opened.text == raw("esphome-libs__dsmr_parser/generate_encrypted_packet.py.1")
