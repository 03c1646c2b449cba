"""Image transfer: blocks in any order, a meter that judges for itself, and what is refused at which stage. Byte by byte."""

from collections.abc import Callable
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kwartier.wire.dlms.server import octets
from kwartier.wire.dlms.server.device import Counters, Device
from kwartier.wire.dlms.server.errors import AccessDenied
from kwartier.wire.dlms.server.image import BLOCK_SIZE, MOST_SIZE, Status, Transfer
from kwartier.wire.dlms.server.imageobject import ImageTransfer
from meter_support import GAK, GUEK, NOW, TITLE, Probe, call, get, put

NAME = "0-0:44.0.0"
GOOD = b"good " * 300
BAD = b"evil " * 300
TEMPORARY, DENIED, UNMATCHED, OTHER = "02", "03", "0c", "fa"


class Host:
    """A meter that runs anything but evil."""

    def __init__(self) -> None:  # noqa: D107 - see the class
        self.found: list[tuple[bytes, int]] = []
        self.running: list[tuple[bytes, int]] = []

    def judge(self, image: bytes) -> bytes | None:
        return None if image.startswith(b"evil") else b"S" + image[:3]

    def verified(self, identification: bytes, image: bytes, at: int) -> None:
        assert image
        self.found.append((identification, at))

    def run(self, image: bytes, at: int) -> None:
        self.running.append((image, at))


class Bench:
    """An associated client at a meter with an image transfer."""

    def __init__(self) -> None:  # noqa: D107 - see the class
        self.host = Host()
        self.transfer = Transfer(self.host)
        shown = ImageTransfer(self.transfer)
        self.meter = Device(TITLE, GUEK, GAK, Counters(), lambda: {shown.obis: shown}, left=self.transfer.end)
        self.probe = Probe(self.meter).associate()

    def value(self, attribute: int) -> str:
        answer = self.probe.glo(get(18, NAME, attribute)).hex()
        assert answer[:8] == "c401c100"
        return answer[8:]

    def enable(self, flag: str = "0301") -> str:
        return self.probe.glo(put(18, NAME, 5, bytes.fromhex(flag))).hex()[6:]

    def call(self, method: int, parameter: str = "0f00") -> str:
        return self.probe.glo(call(18, NAME, method, bytes.fromhex(parameter))).hex()[6:8]

    def initiate(self, size: int = len(GOOD)) -> str:
        return self.call(1, f"02020904{b'v502'.hex()}06{size:08x}")

    def block(self, number: int, image: bytes = GOOD) -> str:
        part = image[number * BLOCK_SIZE : (number + 1) * BLOCK_SIZE]
        return self.call(2, (b"\x02\x02" + octets.u32(number) + octets.octet_string(part)).hex())

    def filled(self, image: bytes = GOOD) -> "Bench":
        assert (self.enable(), self.initiate()) == ("00", "00")
        assert [self.block(number, image) for number in range(3)] == ["00"] * 3
        return self


def test_a_whole_update_byte_by_byte() -> None:
    bench = Bench()
    assert [bench.value(n) for n in (1, 2, 3, 4, 5, 6, 7)] == [
        "09060000" + "2c0000ff",
        "0600000200",
        "0400",
        "0600000000",
        "0300",
        "1600",
        "0100",
    ]
    assert bench.enable() == "00"
    assert bench.value(5) == "0301"
    assert bench.initiate() == "00"
    assert [bench.value(n) for n in (3, 4, 6)] == ["040300", "0600000000", "1601"]
    assert bench.block(0) == "00"
    assert [bench.value(n) for n in (3, 4)] == ["040380", "0600000001"]
    assert [bench.block(n) for n in (1, 2)] == ["00", "00"]
    assert [bench.value(n) for n in (3, 4)] == ["0403e0", "0600000003"]
    assert bench.call(3) == TEMPORARY
    assert bench.call(3) == "00"
    assert bench.value(6) == "1603"
    assert bench.value(7) == "01010203" + "06000005dc" + "0904" + b"v502".hex() + "0904" + b"Sgoo".hex()
    assert bench.host.found == [(b"v502", NOW)]
    assert bench.call(4) == "00"
    assert bench.value(6) == "1605"
    assert bench.host.running == [], "not before the client has left"
    bench.probe.raw(bytes.fromhex("6203800100"))
    assert bench.host.running == [(GOOD, NOW)]
    bench.probe.associate()
    assert [bench.value(n) for n in (6, 7)] == ["1606", "0100"]


def test_the_result_comes_by_the_status_too() -> None:
    bench = Bench().filled()
    assert bench.call(3) == TEMPORARY
    assert bench.value(6) == "1603"
    assert bench.call(3) == "00"
    assert len(bench.host.found) == 1


def test_a_bad_image_is_found_out_and_forgotten() -> None:
    bench = Bench().filled(BAD)
    assert bench.call(3) == TEMPORARY
    assert bench.call(3) == OTHER
    assert [bench.value(n) for n in (3, 4, 6, 7)] == ["0400", "0600000000", "1604", "0100"]
    assert bench.call(4) == OTHER
    bench.probe.raw(bytes.fromhex("6203800100"))
    assert bench.host.running == []
    bench.probe.associate()
    assert bench.initiate() == "00"
    assert bench.value(6) == "1601"


def test_blocks_come_in_any_order_and_twice() -> None:
    bench = Bench()
    bench.enable()
    bench.initiate()
    assert bench.block(2) == "00"
    assert [bench.value(n) for n in (3, 4)] == ["040320", "0600000000"]
    assert [bench.block(n) for n in (0, 0, 2)] == ["00"] * 3
    assert [bench.value(n) for n in (3, 4)] == ["0403a0", "0600000001"]
    assert bench.call(3) == OTHER, "one is missing"
    assert bench.value(6) == "1601"
    assert bench.block(1) == "00"
    assert (bench.call(3), bench.call(3)) == (TEMPORARY, "00")


def test_a_transfer_that_was_interrupted_goes_on_in_the_next_association() -> None:
    bench = Bench()
    bench.enable()
    bench.initiate()
    bench.block(0)
    bench.probe.connection.end(NOW)
    again = Bench.__new__(Bench)
    again.host, again.transfer, again.meter = bench.host, bench.transfer, bench.meter
    again.probe = Probe(bench.meter, ic=bench.probe.ic).associate()
    assert [again.value(n) for n in (3, 4, 5, 6)] == ["040380", "0600000001", "0301", "1601"]
    assert [again.block(n) for n in (1, 2)] == ["00", "00"]
    assert (again.call(3), again.call(3)) == (TEMPORARY, "00")


def test_to_initiate_forgets_what_was_there() -> None:
    bench = Bench().filled()
    assert bench.initiate() == "00"
    assert [bench.value(n) for n in (3, 4)] == ["040300", "0600000000"]


@pytest.mark.parametrize(
    "asked",
    [
        lambda b: b.initiate(),
        lambda b: b.block(0),
        lambda b: b.call(3),
        lambda b: b.call(4),
    ],
    ids=["initiate", "block", "verify", "activate"],
)
def test_nothing_goes_before_it_is_enabled(asked: Callable[[Bench], str]) -> None:
    bench = Bench()
    assert asked(bench) == OTHER
    bench.enable()
    bench.initiate()
    assert bench.enable("0300") == "00"
    assert asked(bench) == OTHER
    assert bench.value(6) == "1601"


@pytest.mark.parametrize(
    ("asked", "result"),
    [
        (lambda b: b.block(0), OTHER),
        (lambda b: b.call(3), OTHER),
        (lambda b: b.call(4), OTHER),
        (lambda b: b.initiate(0), OTHER),
        (lambda b: b.initiate(MOST_SIZE + 1), OTHER),
        (lambda b: b.call(1, "0f00"), UNMATCHED),
        (lambda b: b.call(2, "020206000000000904abcd"), UNMATCHED),
        (lambda b: b.call(3, "0f01"), UNMATCHED),
        (lambda b: b.call(5), DENIED),
        (lambda b: b.enable("1101"), UNMATCHED),
        (lambda b: b.probe.glo(put(18, NAME, 6, b"\x16\x03")).hex()[6:], DENIED),
        (lambda b: b.probe.glo(get(18, NAME, 8)).hex()[8:], DENIED),
    ],
)
def test_what_is_out_of_turn_or_out_of_bounds_is_refused(asked: Callable[[Bench], str], result: str) -> None:
    bench = Bench()
    bench.enable()
    assert asked(bench) == result
    assert bench.value(6) == "1600"


@pytest.mark.parametrize(("number", "image"), [(3, GOOD + GOOD), (2, GOOD + b"x"), (0, GOOD[:100]), (1, GOOD[: BLOCK_SIZE + 1])])
def test_a_block_has_its_size_and_its_number(number: int, image: bytes) -> None:
    bench = Bench()
    bench.enable()
    bench.initiate()
    assert bench.block(number, image) == OTHER
    assert bench.value(3) == "040300"


def test_an_image_verified_before_a_restart_can_be_activated() -> None:
    host = Host()
    transfer = Transfer(host)
    transfer.restore(b"v502", GOOD, b"Sgoo")
    assert transfer.status(NOW) is Status.VERIFIED
    assert transfer.first_missing == 3
    transfer.enabled = True
    transfer.activate(NOW)
    transfer.end(NOW)
    assert host.running == [(GOOD, NOW)]


@given(st.permutations(range(5)), st.integers(4 * BLOCK_SIZE + 1, 5 * BLOCK_SIZE))
def test_any_order_gives_the_same_image(order: list[int], size: int) -> None:
    image = Random(size).randbytes(size)
    host = Host()
    transfer = Transfer(host)
    transfer.enabled = True
    transfer.initiate(b"any", size)
    for number in order:
        transfer.put(number, image[number * BLOCK_SIZE : (number + 1) * BLOCK_SIZE])
    with pytest.raises(AccessDenied):
        transfer.verify(NOW)
    transfer.activate(NOW)
    transfer.end(NOW)
    assert host.running == [(image, NOW)]
