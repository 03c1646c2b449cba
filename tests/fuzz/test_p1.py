"""Whatever bytes come out of a P1 port, the codec gives a result or one of its own errors, and reads the next good telegram.

Mutations of every published telegram, of sealed frames and of their lengths, each followed by a good telegram: whole and byte by
byte, 100,000 with --full, a seeded sample otherwise. What is held stays below its limit.
"""

from collections.abc import Iterator
from random import Random

import pytest

from fuzz_support import mutated
from kwartier.wire.p1.decode import decode
from kwartier.wire.p1.decoder import Decoder
from kwartier.wire.p1.errors import P1Error
from kwartier.wire.p1.framing import LIMIT, SLICE, Candidate, Counts, Framer, Plain, Sealed
from kwartier.wire.p1.sealed import Keys, seal, unseal
from kwartier.wire.p1.telegram import Telegram
from kwartier.wire.p1.write import encode
from p1_support import FRAME, NAMES, raw

WHOLE, SAMPLE = 100_000, 3_000
SEED = 20_261_127
KEYS = Keys(bytes.fromhex("AA" * 16))
GOOD = raw()
FRAMES = [FRAME.read_bytes(), seal(raw(NAMES[0]), KEYS, b"SAG12345", 7)]
SEEDS = [raw(name) for name in NAMES] + FRAMES * 8
ROUNDS = [
    pytest.param(SAMPLE, id="sample"),
    pytest.param(WHOLE, id="whole", marks=[pytest.mark.full, pytest.mark.timeout(1800)]),
]
TELLING = b"/!\xdb\x08\r\n\0()*.:-\xffSW09"


def with_another_length(draw: Random, frame: bytes) -> bytes:
    """A frame that says to be shorter or longer than it is."""
    return frame[:11] + draw.randrange(LIMIT).to_bytes(2, "big") + frame[13:]


def cut(draw: Random, seed: bytes) -> bytes:
    """A beginning, mutated: the line went dead in the middle."""
    return mutated(draw, seed[: draw.randrange(1, len(seed))], TELLING)


def inputs(rounds: int) -> Iterator[bytes]:
    draw = Random(SEED)
    for turn in range(rounds):
        if turn % 8 == 0:
            yield with_another_length(draw, draw.choice(FRAMES))
        elif turn % 8 == 1:
            yield draw.randbytes(draw.randrange(300))
        elif turn % 8 == 2:
            yield cut(draw, draw.choice(SEEDS))
        else:
            yield mutated(draw, draw.choice(SEEDS), TELLING)


def read(data: bytes) -> Telegram | None:
    """A telegram, or nothing for one of our own errors; anything else fails the test with its input in the report."""
    try:
        return decode(data, checked=True)
    except P1Error:
        return None


def taken(candidate: Candidate) -> Telegram | None:
    if isinstance(candidate, Plain):
        return read(candidate.data)
    try:
        return read(unseal(candidate.data, KEYS).text)
    except P1Error:
        return None


def fed(pieces: Iterator[bytes]) -> tuple[list[Candidate], Counts]:
    framer = Framer()
    found: list[Candidate] = []
    for piece in pieces:
        found += framer.receive(piece)
        assert framer.held <= LIMIT + SLICE
    return found, framer.counts


@pytest.mark.parametrize("rounds", ROUNDS)
def test_any_bytes_give_a_telegram_or_a_typed_error_and_the_next_one_is_read(rounds: int) -> None:
    draw = Random(SEED + 1)
    for data in inputs(rounds):
        read(data)
        after = draw.choice((GOOD, FRAMES[0]))
        expected = Plain(after.rstrip()) if after is GOOD else Sealed(after)
        stream = data + after
        found, counts = fed(iter((stream + b"\r\n",)))
        assert expected in found
        assert taken(expected)
        for candidate in found:
            taken(candidate)
        assert fed(bytes((byte,)) for byte in stream + b"\r\n") == (found, counts)


@pytest.mark.parametrize("rounds", ROUNDS)
def test_a_decoder_that_remembers_says_what_one_that_does_not_says(rounds: int) -> None:
    draw = Random(SEED + 4)
    decoder, base = Decoder(), b""
    for turn in range(rounds):
        base = raw(draw.choice(NAMES)) if turn % 50 == 0 else base
        data = mutated(draw, base, TELLING) if draw.random() < 0.7 else base
        expected = read(data)
        try:
            found = decoder.decode(data, checked=True)
        except P1Error:
            found = None
        assert found == expected
        if found and expected:
            assert (found.faults, found.checksum, found.raw) == (expected.faults, expected.checksum, expected.raw)


@pytest.mark.parametrize("rounds", ROUNDS)
def test_what_was_read_can_be_written_or_is_refused_by_a_typed_error(rounds: int) -> None:
    draw = Random(SEED + 2)
    written = 0
    for _ in range(rounds):
        telegram = read(mutated(draw, raw(draw.choice(NAMES)), TELLING))
        if telegram is None:
            continue
        try:
            data = encode(telegram)
        except P1Error:
            continue
        written += 1
        again = decode(data, checked=True)
        assert (again.values, again.devices, again.failures) == (telegram.values, telegram.devices, telegram.failures)
    assert written > rounds // 4


@pytest.mark.parametrize("rounds", ROUNDS)
def test_a_stream_of_nothing_but_noise_holds_no_memory(rounds: int) -> None:
    draw = Random(SEED + 3)
    framer = Framer()
    for _ in range(rounds):
        for candidate in framer.receive(
            draw.randbytes(draw.randrange(64)) + draw.choice((b"", b"\xdb\x08SAG12345\x82\x3f\x00\x30", b"/ISK5\r\n"))
        ):
            taken(candidate)
        assert framer.held <= LIMIT + SLICE
