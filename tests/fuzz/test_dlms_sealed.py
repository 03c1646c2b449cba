"""Whatever a meter says under its genuine seal, our association gives its next event or an error, and stays within its bounds.

Mutated plaintexts are sealed correctly, so that they reach what lies behind the ciphering: 100,000 per exchange with --full, a
seeded sample otherwise. Byte by byte: 5,000 plaintexts as they grow, every prefix of each under a seal of its own.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import count
from random import Random

import pytest

import dlms_support as meter
from association_support import BOUNDS, GET, OPEN, PROFILE, reach, takes
from fuzz_support import BYTE_ROUNDS, ROUNDS, SEED, grown, inputs, most_memory, mutated, survives
from kwartier.wire.dlms import rows
from kwartier.wire.dlms.client.association import Answer, Association, Event, Send, State
from kwartier.wire.dlms.client.ciphering import Counters
from kwartier.wire.dlms.errors import CountersExhausted, Malformed


def general(draw: Random, apdu: bytes) -> bytes:
    """Put an answer into general-glo-ciphering now and then."""
    return b"\xdb\x08" + meter.THEIRS + apdu[1:] if draw.random() < 0.3 else apdu


PASS_4_PLAIN = bytes.fromhex("c701c100010009") + meter.octets(meter.gmac(meter.THEIRS, 1, meter.CHALLENGE))[1:]
SEALERS: dict[State, tuple[list[bytes], Callable[[bytes], bytes]]] = {
    State.ASSOCIATING: ([meter.INITIATE_RESPONSE], lambda plain: meter.aare(0, initiate=plain)),
    State.AUTHENTICATING: ([PASS_4_PLAIN, b"\xc7\x01\xc1\x03\x00"], lambda plain: b"\xcf" + meter.seal(plain, 1)),
    State.RELEASING: (
        [meter.INITIATE_RESPONSE],
        lambda plain: meter.tlv(0x63, b"\x80\x01\x00" + meter.tlv(0xBE, meter.tlv(4, b"\x28" + meter.seal(plain, 2)))),
    ),
}


@pytest.mark.parametrize("rounds", ROUNDS)
@pytest.mark.parametrize("state", SEALERS)
def test_mutated_plaintexts_under_a_genuine_seal(state: State, rounds: int) -> None:
    draw = Random(SEED)
    seeds, sealed = SEALERS[state]
    assert takes(reach(state), sealed(seeds[0]))
    for plain in inputs(seeds, rounds, f"{state.name} sealed"):
        apdu = sealed(plain)
        event = takes(reach(state), general(draw, apdu) if state is State.AUTHENTICATING else apdu)
        assert event is None or state is not State.AUTHENTICATING or plain.endswith(PASS_4_PLAIN[-17:])


@pytest.mark.parametrize("rounds", BYTE_ROUNDS)
@pytest.mark.parametrize("state", [*SEALERS, State.READING])
def test_plaintexts_that_grow_byte_by_byte_under_a_genuine_seal(state: State, rounds: int) -> None:
    seeds, sealed = SEALERS.get(state, (ANSWERS, lambda plain: b"\xcc" + meter.seal(plain, 2)))
    for plain in inputs(seeds, rounds, f"{state.name} grown"):
        for prefix in grown(plain):
            takes(reach(state), sealed(prefix))


@pytest.mark.parametrize("rounds", ROUNDS)
def test_any_challenge_and_title_of_a_meter(rounds: int) -> None:
    for drawn in inputs([meter.STOC, meter.THEIRS, meter.CHALLENGE], rounds, "challenge"):
        assert takes(reach(State.ASSOCIATING), meter.aare(0, title=drawn)) is None or drawn == meter.THEIRS
        taken = takes(reach(State.ASSOCIATING), meter.aare(0, stoc=drawn))
        assert (taken is not None) == (8 <= len(drawn) <= 64 and drawn != meter.CHALLENGE)


START = datetime(2026, 1, 14, 23, tzinfo=UTC)
DAY = meter.quarters(START, 5)
BLOCK = b"\xc4\x02\xc1\x00\x00\x00\x00\x01\x00" + meter.tlv(0, DAY[:40])[1:]
ANSWERS = [b"\xc4\x01\xc1\x00" + DAY, b"\xc4\x01\xc1\x01\x03", BLOCK, b"\xc4\x02\xc1\x01\x00\x00\x00\x01\x01\x13"]


def answers(draw: Random, broken: Iterator[bytes]) -> Iterator[bytes]:
    """Yield plaintexts that answer a GET: blocks in order whose data are right or not, and sooner or later something broken."""
    step = draw.choice((10, 40, 80))
    for number, at in enumerate(range(0, len(DAY), step), 1):
        if draw.random() < 0.2:
            yield next(broken)
        part = DAY[at : at + step] if draw.random() < 0.9 else mutated(draw, DAY[at : at + step])
        last = at + step >= len(DAY)
        yield b"\xc4\x02\xc1" + bytes((last,)) + number.to_bytes(4, "big") + b"\x00" + meter.tlv(0, part)[1:]


@pytest.mark.parametrize("rounds", ROUNDS)
def test_mutated_answers_to_a_get_under_a_genuine_seal(rounds: int) -> None:
    draw = Random(SEED)
    broken = inputs(ANSWERS, rounds * 9, "answers")
    ended = {"rows": 0, "no rows": 0, "refused": 0}
    for turn in range(rounds):
        ours = reach(State.READING)
        came: Event | None = None
        for ic, plain in enumerate(answers(draw, broken) if turn % 2 else [next(broken)], 2):
            came = takes(ours, general(draw, b"\xcc" + meter.seal(plain, ic)))
            if not isinstance(came, Send):
                break
        if isinstance(came, Answer):
            data = came.data
            ended["rows" if survives(lambda data: rows.decode(data, PROFILE), data, Malformed) else "no rows"] += 1
        else:
            ended["refused"] += 1
    assert min(ended.values()) > rounds // 20, "each end is reached"


# Bounds


@pytest.mark.parametrize("size", [0, 1, 50, 60_000])
def test_endless_blocks_end_within_the_bounds(size: int) -> None:
    ours = Association(meter.SECRETS, Counters(1, 2**32), meter.CHALLENGE, BOUNDS)
    for step in OPEN:
        step(ours)
    ours.get(GET)
    taken = 0

    def endless(data: bytes) -> None:
        nonlocal taken
        for number in range(1, 2 * BOUNDS.most_blocks):
            ours.receive(meter.block(number, data, number + 1, last=False))
            taken = number

    memory = most_memory(endless, [bytes(size)], Malformed)
    assert ours.state is State.BROKEN
    assert taken <= BOUNDS.most_blocks
    assert taken * size <= BOUNDS.most_bytes
    assert memory < 4 * BOUNDS.most_bytes + 100 * BOUNDS.most_blocks


def test_a_meter_that_asks_for_more_counters_than_were_reserved_gets_none() -> None:
    ours = reach(State.READING)
    endless = (meter.block(number, b"", number + 1, last=False) for number in count(1))
    with pytest.raises(CountersExhausted):
        all(ours.receive(block) for block in endless)
    assert ours.standing
    assert ours.release(), "one counter was kept for it"


def test_the_bounds_hold_the_longest_answer_of_a_good_meter() -> None:
    longest = meter.quarters(START, PROFILE.entries + 1)
    ours, theirs = reach(State.READY), meter.Meter(longest, pieces=60)
    theirs.ic = 2
    event: Event = Send(ours.get(GET))
    while isinstance(event, Send):
        event = ours.receive(theirs.answer(event.frame[8:]))
    assert event == Answer(longest)
