"""Whatever a meter answers to a chore, or sends as an alarm: something that the registry can keep, or a typed error.

No end of requests either, and no memory beyond the answer's own size.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from random import Random

import pytest

import dlms_support as meter
from fuzz_support import BYTE_ROUNDS, ROUNDS, SEED, Decode, grown, inputs, most_memory, survives, swollen
from headend_support import FIRST_S, errand
from kwartier.model.care import LOGS, Chore
from kwartier.wire.dlms.client import chores, notification, objects
from kwartier.wire.dlms.client.chores import Image, Pause, Seen, Step
from kwartier.wire.dlms.errors import AccessRefused, Malformed, PeerError

MODEL = meter.smr5()
STAMP = meter.octets(meter.date_time(datetime.fromtimestamp(FIRST_S + 60, UTC)))
ROWS = meter.array([meter.structure(STAMP, meter.u8(code)) for code in (40, 102, 112, 255)])
READY = meter.array([meter.structure(meter.u32(1280), meter.octets(b"5.0.2"), meter.octets(b"signed"))])
NUMBERS = [meter.u8(4), meter.u32(0x2002), b"\x12\x08\xfd", b"\x16\x02", b"\x03\x01", b"\x15" + bytes(8)]
NAME = b"E0088041629499420"
BODY = b"\x0f\x00\x00\x00\x07\x00\x02\x03" + meter.octets(NAME) + meter.octets(b"\x00\x01\x19\x09\x00\xff") + meter.u32(0x2000)
PUSHED = b"\x00\x01\x00\x67\x00\x01" + len(BODY).to_bytes(2, "big") + BODY
DECODERS: dict[str, tuple[Decode, list[bytes]]] = {
    "number": (objects.number, NUMBERS),
    "level": (objects.level, NUMBERS[:4]),
    "octets": (objects.octets, [meter.octets(b"abc")]),
    "text": (objects.text, [meter.octets(b"5.0.1")]),
    "moment": (objects.moment, [STAMP]),
    "log": (objects.log, [ROWS, meter.array([])]),
    "images": (objects.images, [READY]),
    "alarm": (notification.alarm, [PUSHED, NAME + b"," + bytes(4), NAME + b"," + b"\x00\x01\x19\x09\x00\xff"]),
}


@pytest.mark.parametrize("rounds", ROUNDS)
@pytest.mark.parametrize("name", DECODERS)
def test_every_value_is_read_or_the_meter_s_fault(name: str, rounds: int) -> None:
    decode, seeds = DECODERS[name]
    for seed in seeds:
        survives(decode, seed, ()) if name != "level" else None
    for data in inputs(seeds, rounds, name):
        survives(decode, data, Malformed)


@pytest.mark.parametrize("rounds", BYTE_ROUNDS)
@pytest.mark.parametrize("name", DECODERS)
def test_and_so_it_is_as_it_grows_byte_by_byte(name: str, rounds: int) -> None:
    decode, seeds = DECODERS[name]
    for data in inputs(seeds, rounds, f"{name} grown"):
        for prefix in grown(data):
            survives(decode, prefix, Malformed)


@pytest.mark.parametrize("name", DECODERS)
def test_a_claim_of_gigabytes_takes_no_memory(name: str) -> None:
    decode, seeds = DECODERS[name]
    claims = [data for seed in seeds for data in swollen(seed)]
    survives(decode, claims[0], Malformed)
    assert most_memory(decode, claims, Malformed) < 16 * 1024


# Chores, driven by any answers


IMAGE = Image(b"5.0.2", bytes(1280))
MOST_STEPS = 5 + 3 * (len(IMAGE.data) // 16 + 1) + 4 * 121
"""What the longest chore asks: blocks of the least size, sent three times, and polling twice to its end."""
ANSWERS = [*NUMBERS, STAMP, ROWS, READY, meter.octets(b"5.0.1"), meter.u32(512), meter.u32(16), b""]


def fits(seen: Seen) -> bool:
    """True if the registry's columns hold it: 64 bits, levels 32; and the moments of a log are moments."""
    whole = (seen.value, *(number for entry in seen.entries for number in entry))
    small = all(0 <= level < 2**31 for level in seen.levels_dv) and len(seen.text) <= 64
    return small and all(0 <= number < 2**63 for number in whole) and all(isinstance(at, int) for at, _ in seen.entries)


def outcome(steps: chores.Steps, answer: Callable[[Step], bytes | int]) -> Seen | None:
    """Drive a chore to its end; None if it ended in a typed error."""
    asked = 0
    try:
        step = next(steps)
        while True:
            asked += 1
            assert asked <= MOST_STEPS
            said = b"" if isinstance(step, Pause) else answer(step)
            step = steps.throw(AccessRefused(said)) if isinstance(said, int) else steps.send(said)
    except StopIteration as end:
        seen: Seen = end.value
        return seen
    except PeerError:
        return None


@pytest.mark.parametrize("rounds", ROUNDS)
@pytest.mark.parametrize("chore", Chore)
def test_a_chore_ends_whatever_is_answered(chore: Chore, rounds: int) -> None:
    draw = Random(f"{SEED} {chore}")
    mutants = inputs(ANSWERS, 1 << 62, f"chore {chore}")
    mbus = 1 if chore in {Chore.GAS_EVENTS, Chore.GAS_STATUS} else 0

    def answer(_step: Step) -> bytes | int:
        match draw.randrange(8):
            case 0:
                return draw.choice((1, 2, 3, 250))
            case 1 | 2:
                return next(mutants)
            case _:
                return draw.choice(ANSWERS)

    seen = 0
    for _ in range(rounds // 5):
        found = outcome(chores.steps(errand(chore, mbus=mbus), MODEL, room=992, image=IMAGE), answer)
        assert found is None or fits(found)
        assert found is None or chore in LOGS or not found.entries
        seen += found is not None
    assert seen, "some answers are good ones"


@pytest.mark.parametrize("stuck", [meter.u32(0), meter.u32(16), meter.u32(512), b"\x16\x02", b"\x03\x01", 2])
def test_an_update_ends_at_a_meter_that_says_one_thing_for_ever(stuck: bytes | int) -> None:
    assert outcome(chores.steps(errand(Chore.UPDATE), MODEL, room=992, image=IMAGE), lambda _: stuck) is None


def test_an_update_ends_at_a_meter_that_never_comes_to_an_end_at_any_turn() -> None:
    """The block size is the least; every block is lost; the status is never decided; activation is never now."""
    polled = outcome(
        chores.steps(errand(Chore.UPDATE), MODEL, room=992, image=IMAGE),
        lambda step: (
            {2: meter.u32(16), 4: meter.u32(80), 5: b"\x03\x01", 6: b"\x16\x03", 7: READY}.get(step.plain[11], 2)
            if step.service is chores.Service.GET
            else (2 if step.plain[11] == 4 else b"")
        ),
    )
    assert polled is None
