"""How each chore goes, step by step, against answers that a test makes up: what is asked, and what is made of what comes."""

from collections.abc import Callable
from dataclasses import replace

import pytest

import dlms_support as meter
from headend_support import FIRST_S, LAST_S, START, errand
from kwartier.model.care import Chore
from kwartier.model.register import Obis
from kwartier.wire.dlms.client import chores, clock, selector, xdlms
from kwartier.wire.dlms.client.chores import Image, ImageStatus, Pause, Seen, Service, Step
from kwartier.wire.dlms.errors import AccessRefused, Malformed, Misuse

MODEL = meter.smr5()
IMAGE = Image(b"5.0.2", bytes(range(256)) * 5)
BLOCKS = 3
Answer = bytes | int
"""Data in A-XDR, or a result other than success."""


def driven(steps: chores.Steps, answer: Callable[[Step], Answer]) -> tuple[Seen, list[Step | Pause]]:
    """Give each step its answer; return what was seen and all that was asked."""
    asked: list[Step | Pause] = []
    step = next(steps)
    try:
        while True:
            asked.append(step)
            said: Answer = b"" if isinstance(step, Pause) else answer(step)
            step = steps.throw(AccessRefused(said)) if isinstance(said, int) else steps.send(said)
    except StopIteration as end:
        return end.value, asked


def done(chore: Chore, *answers: Answer, mbus: int = 0) -> tuple[Seen, list[Step | Pause]]:
    """Do a chore whose requests are answered in this order."""
    left = iter(answers)
    return driven(chores.steps(errand(chore, mbus=mbus), MODEL, room=992), lambda _: next(left))


def get(class_id: int, obis: str, attribute: int = 2) -> Step:
    return Step(Service.GET, xdlms.get(class_id, Obis.parse(obis), attribute))


def put(class_id: int, obis: str, data: str, attribute: int = 2) -> Step:
    return Step(Service.SET, xdlms.set_attribute(class_id, Obis.parse(obis), attribute, bytes.fromhex(data)))


STAMP = meter.octets(meter.date_time(START))


@pytest.mark.parametrize(
    ("chore", "mbus", "answer", "asked", "seen"),
    [
        (Chore.CLOCK, 0, STAMP, get(8, "0-0:1.0.0"), Seen(FIRST_S)),
        (Chore.FIRMWARE, 0, meter.octets(b"5.0.1"), get(1, "1-0:0.2.0"), Seen(text="5.0.1")),
        (Chore.ALARMS, 0, meter.u32(0x2002), get(1, "0-0:97.98.0"), Seen(0x2002)),
        (Chore.ERRORS, 0, meter.u32(0x100), get(1, "0-0:97.97.0"), Seen(0x100)),
        (Chore.GAS_STATUS, 2, meter.u8(4), get(72, "0-2:24.1.0", 11), Seen(4)),
        (Chore.ADMINISTRATIVE_STATUS, 0, b"\x16\x02", get(1, "0-1:94.31.0"), Seen(2)),
    ],
)
def test_what_is_looked_at_is_one_get(chore: Chore, mbus: int, answer: bytes, asked: Step, seen: Seen) -> None:
    assert done(chore, answer, mbus=mbus) == (seen, [asked])


@pytest.mark.parametrize(
    "chore", [Chore.CLOCK, Chore.FIRMWARE, Chore.ALARMS, Chore.VOLTAGES, Chore.STANDARD_EVENTS, Chore.SWITCH_ON]
)
def test_a_refusal_ends_it(chore: Chore) -> None:
    with pytest.raises(AccessRefused):
        done(chore, 3)


@pytest.mark.parametrize(("chore", "status"), [(Chore.SWITCH_OFF, 1), (Chore.SWITCH_ON, 2)])
def test_a_status_is_set_and_what_counts_is_what_the_meter_then_says(chore: Chore, status: int) -> None:
    seen, asked = done(chore, b"", b"\x16\x02")
    assert asked == [put(1, "0-1:94.31.0", f"160{status}"), get(1, "0-1:94.31.0")]
    assert seen == Seen(2)


def test_alarms_are_cleared_and_looked_at() -> None:
    seen, asked = done(Chore.CLEAR_ALARMS, b"", meter.u32(1))
    assert asked == [put(1, "0-0:97.98.0", "0600000000"), get(1, "0-0:97.98.0")]
    assert seen == Seen(1)


def row(at_s: int, code: int) -> bytes:
    return meter.structure(meter.octets(clock.encode(at_s)), meter.u8(code))


def test_of_a_log_only_the_range_is_asked_and_only_the_range_is_kept() -> None:
    outside = row(FIRST_S - 1, 40), row(LAST_S + 1, 41)
    seen, asked = done(Chore.FRAUD_EVENTS, meter.array([outside[1], row(LAST_S, 43), row(FIRST_S, 42), outside[0]]))
    assert seen.entries == ((FIRST_S, 42), (LAST_S, 43)), "oldest first, both ends included"
    (step,) = asked
    assert step == Step(Service.GET, xdlms.get(7, Obis.parse("0-0:99.98.1"), 2, selector.by_clock(FIRST_S, LAST_S)))


@pytest.mark.parametrize(("mbus", "codes"), [(1, [102, 109]), (2, [110, 112]), (3, [])])
def test_of_the_log_of_all_gas_meters_only_those_of_one_s_own_are_kept(mbus: int, codes: list[int]) -> None:
    rows = meter.array([row(FIRST_S, code) for code in (99, 102, 109, 110, 112, 132)])
    seen, _ = done(Chore.GAS_EVENTS, rows, mbus=mbus)
    assert [code for _, code in seen.entries] == codes


def test_a_meter_with_one_phase_says_so_by_refusing_the_second() -> None:
    assert done(Chore.VOLTAGES, meter.u32(2301), 4)[0] == Seen(levels_dv=(2301,))
    assert done(Chore.VOLTAGES, *map(meter.u32, (2301, 0, 2299)))[0] == Seen(levels_dv=(2301, 0, 2299))


def test_what_a_model_does_not_have_is_our_own_error() -> None:
    with pytest.raises(Misuse):
        chores.steps(errand(Chore.CLOCK), replace(MODEL, objects=()), room=992)
    with pytest.raises(Misuse):
        chores.steps(errand(Chore.UPDATE), MODEL, room=992)
    with pytest.raises(Misuse):
        chores.steps(errand(Chore.GAS_STATUS, mbus=5), MODEL, room=992)


class Loader:
    """A meter's side of an image transfer as a test wants it."""

    def __init__(self) -> None:  # noqa: D107 - see the class
        self.size, self.enabled = 512, 0
        self.blocks: dict[int, bytes] = {}
        self.lost: list[int] = []
        self.statuses = [3]
        self.verify, self.activate = 0, [0]
        self.ready = [(len(IMAGE.data), IMAGE.identification)]
        self.done: list[str] = []

    def __call__(self, step: Step) -> Answer:
        if step.service is Service.SET:
            self.enabled = 1
            self.done.append("enable")
            return b""
        return self._method(step.plain) if step.service is Service.ACT else self._attribute(step.plain[11])

    def _attribute(self, attribute: int) -> bytes:
        missing = next((n for n in range(BLOCKS) if n not in self.blocks), BLOCKS)
        if attribute == 6:
            status = self.statuses[0] if len(self.statuses) == 1 else self.statuses.pop(0)
            return b"\x16" + bytes((status,))
        if attribute == 7:
            return meter.array([meter.structure(meter.u32(n), meter.octets(name), meter.octets(b"sig")) for n, name in self.ready])
        return {2: meter.u32(self.size), 4: meter.u32(missing), 5: b"\x03" + bytes((self.enabled,))}[attribute]

    def _method(self, plain: bytes) -> Answer:
        method, parameter = plain[11], plain[13:]
        match method:
            case 1:
                assert parameter == b"\x02\x02" + meter.octets(IMAGE.identification) + meter.u32(len(IMAGE.data))
                self.done.append("initiate")
            case 2:
                number, block = int.from_bytes(parameter[3:7], "big"), parameter[parameter.index(b"\x09\x82") + 4 :]
                self.done.append(f"block {number}")
                if number in self.lost:
                    self.lost.remove(number)
                else:
                    self.blocks[number] = block
            case 3:
                self.done.append("verify")
                return self.verify or b""
            case _:
                self.done.append("activate")
                return self.activate.pop(0) or b""
        return b""


def updated(loader: Loader, *, room: int = 992) -> tuple[Seen, list[Step | Pause]]:
    return driven(chores.steps(errand(Chore.UPDATE), MODEL, room=room, image=IMAGE), loader)


ALL = ["block 0", "block 1", "block 2"]


def test_an_image_is_enabled_initiated_transferred_verified_and_activated() -> None:
    loader = Loader()
    seen, asked = updated(loader)
    assert loader.done == ["enable", "initiate", *ALL, "verify", "activate"]
    assert b"".join(loader.blocks[n] for n in range(BLOCKS)) == IMAGE.data
    assert seen == Seen(ImageStatus.VERIFIED), "the status is the meter's"
    assert not [one for one in asked if isinstance(one, Pause)]


def test_what_is_enabled_is_not_enabled_again() -> None:
    loader = Loader()
    loader.enabled = 1
    updated(loader)
    assert "enable" not in loader.done


def test_blocks_from_the_first_one_lost_are_sent_again() -> None:
    loader = Loader()
    loader.lost = [1]
    seen, _ = updated(loader)
    assert loader.done[2:-2] == [*ALL, *ALL[1:]]
    assert b"".join(loader.blocks[n] for n in range(BLOCKS)) == IMAGE.data
    assert seen.value == ImageStatus.VERIFIED


def test_a_meter_that_loses_blocks_for_ever_is_given_up() -> None:
    loader = Loader()
    loader.lost = [1] * 50
    with pytest.raises(Malformed):
        updated(loader)
    assert loader.done.count("block 1") == 3
    assert "verify" not in loader.done


def test_a_meter_that_needs_time_to_verify_is_waited_for() -> None:
    loader = Loader()
    loader.verify, loader.statuses = xdlms.TEMPORARY_FAILURE, [2, 2, 3]
    _, asked = updated(loader)
    assert len([one for one in asked if isinstance(one, Pause)]) == 2
    assert loader.done[-2:] == ["verify", "activate"]


def test_but_not_for_ever() -> None:
    loader = Loader()
    loader.statuses = [2]
    with pytest.raises(Malformed):
        updated(loader)
    assert "activate" not in loader.done


@pytest.mark.parametrize("verify", [0, 2, 250])
def test_an_image_that_does_not_verify_is_an_answer_and_nothing_is_activated(verify: int) -> None:
    loader = Loader()
    loader.verify, loader.statuses = verify, [ImageStatus.VERIFICATION_FAILED]
    assert updated(loader)[0] == Seen(ImageStatus.VERIFICATION_FAILED)
    assert "activate" not in loader.done


@pytest.mark.parametrize("ready", [[], [(len(IMAGE.data), b"5.0.3")], [(len(IMAGE.data) - 1, b"5.0.2")]])
def test_another_image_than_was_sent_is_not_activated(ready: list[tuple[int, bytes]]) -> None:
    loader = Loader()
    loader.ready = ready
    with pytest.raises(Malformed):
        updated(loader)
    assert "activate" not in loader.done


def test_activating_is_tried_again_while_the_meter_says_not_now() -> None:
    loader = Loader()
    loader.activate = [2, 2, 0]
    updated(loader)
    assert loader.done[-3:] == ["activate"] * 3
    loader = Loader()
    loader.activate = [3]
    with pytest.raises(AccessRefused):
        updated(loader)
    loader = Loader()
    loader.activate = [2] * 500
    with pytest.raises(Malformed):
        updated(loader)


@pytest.mark.parametrize(("size", "room"), [(0, 992), (15, 992), (65_537, 0), (2**32 - 1, 0), (961, 992)])
def test_a_block_size_that_cannot_be_is_refused_before_anything_is_set(size: int, room: int) -> None:
    loader = Loader()
    loader.size = size
    with pytest.raises(Malformed):
        updated(loader, room=room)
    assert loader.done == []
