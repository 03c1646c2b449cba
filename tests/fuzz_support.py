"""What every fuzzer of the wire shares: how many inputs there are, where they come from, and what may become of one."""

import tracemalloc
from collections.abc import Callable, Iterable, Iterator, Sequence
from random import Random

import pytest

from kwartier.wire.dlms.errors import DlmsError

WHOLE, BYTEWISE = 100_000, 5_000
SAMPLE, SAMPLE_BYTEWISE = 3_000, 150
SEED = 20_261_122
ROUNDS = [
    pytest.param(SAMPLE, id="sample"),
    pytest.param(WHOLE, id="whole", marks=[pytest.mark.full, pytest.mark.timeout(900)]),
]
BYTE_ROUNDS = [
    pytest.param(SAMPLE_BYTEWISE, id="sample"),
    pytest.param(BYTEWISE, id="whole", marks=[pytest.mark.full, pytest.mark.timeout(900)]),
]

Decode = Callable[[bytes], object]
Errors = type[DlmsError] | tuple[type[DlmsError], ...]
TELLING = (0, 1, 2, 9, 0x7F, 0x80, 0x81, 0x82, 0x84, 0xFE, 0xFF)
LENGTHS = ((1, 1, 0x80), (2, 1, 0x100), (2, 2, 0x10000), (6, 2, 0x10000))
"""Where the length of all that follows may stand, in how many bytes, and below what: short, 81, 82, the TCP wrapper's."""


def mutated(draw: Random, seed: bytes, telling: Sequence[int] = TELLING) -> bytes:
    """Flip, cut, repeat, insert or overwrite, once to five times; `telling` are the bytes that mean most to the decoder."""
    data = bytearray(seed)
    for _ in range(draw.randint(1, 5)):
        at = draw.randrange(len(data) + 1)
        match draw.randrange(6):
            case 0 if at < len(data):
                data[at] ^= 1 << draw.randrange(8)
            case 1:
                del data[at : at + draw.randint(1, 9)]
            case 2:
                data[at:at] = draw.randbytes(draw.randint(1, 9))
            case 3:
                data[at:at] = data[: draw.randint(0, 30)]
            case 4 if at < len(data):
                data[at] = draw.choice(telling)
            case _:
                data[at : at + 4] = draw.randbytes(4)
    return bytes(data)


def mended(seed: bytes, data: bytes) -> bytes:
    """Where `seed` begins with the length of all that follows, set it right in `data`, so that what lies within is looked at."""
    for at, size, beyond in LENGTHS:
        start = at + size
        if int.from_bytes(seed[at:start], "big") == len(seed) - start and 0 <= len(data) - start < beyond:
            return data[:at] + (len(data) - start).to_bytes(size, "big") + data[start:]
    return data


def _elements(data: bytes) -> list[tuple[int, bytes]]:
    """Take BER apart into tags and contents; nothing if these bytes are not all of it BER."""
    found: list[tuple[int, bytes]] = []
    at = 0
    while at + 2 <= len(data):
        size = max(data[at + 1] - 0x80, 0)
        start = at + 2 + size
        length = int.from_bytes(data[at + 2 : start], "big") if size else data[at + 1]
        found.append((data[at], data[start : start + length]))
        at = start + length
    return found if at == len(data) else []


def reshaped(draw: Random, data: bytes) -> bytes:
    """Leave out, repeat, empty or mutate one element of BER somewhere, with the lengths of all around it right."""
    parts = _elements(data)
    if not parts or draw.random() < 0.1:
        return draw.choice((b"", draw.randbytes(1), mutated(draw, data)))
    at = draw.randrange(len(parts))
    match draw.randrange(6):
        case 0:
            del parts[at]
        case 1:
            parts.insert(draw.randrange(len(parts)), parts[at])
        case _:
            parts[at] = parts[at][0], reshaped(draw, parts[at][1])
    return b"".join(bytes((tag,)) + _length(len(contents)) + contents for tag, contents in parts)


def _length(length: int) -> bytes:
    return bytes((length,)) if length < 0x80 else b"\x82" + length.to_bytes(2, "big")


def inputs(seeds: Sequence[bytes], rounds: int, salt: str) -> Iterator[bytes]:
    """In turn: mutated genuine bytes, those under a right length, one element changed, a good beginning, that too, random bytes.

    The same salt gives the same inputs, of which the first ones are the same however many there are.
    """
    draw = Random(f"{SEED} {salt}")
    for turn in range(rounds):
        seed = draw.choice(seeds)
        match turn % 6:
            case 0:
                yield mutated(draw, seed)
            case 1:
                yield mended(seed, mutated(draw, seed))
            case 2:
                yield reshaped(draw, seed)
            case 3:
                yield begun(draw, seed)
            case 4:
                yield mended(seed, begun(draw, seed))
            case _:
                yield draw.randbytes(draw.randrange(80))


def begun(draw: Random, seed: bytes) -> bytes:
    """Begin as `seed` does, and end at random, or at once."""
    return seed[: draw.randrange(len(seed) + 1)] + draw.randbytes(draw.choice((0, draw.randrange(40))))


def survives(decode: Decode, data: bytes, foreseen: Errors = DlmsError) -> bool:
    """Return whether there was a result: there is one, or a typed error. Anything else fails the test and shows its input."""
    try:
        decode(data)
    except foreseen:
        return False
    except BaseException as fault:
        fault.add_note(f"input: {data.hex()}")
        raise
    return True


def grown(data: bytes) -> Iterator[bytes]:
    """Yield the data as it grows byte by byte, from nothing to the whole of it."""
    return (data[:end] for end in range(len(data) + 1))


def swollen(seed: bytes) -> Iterator[bytes]:
    """Yield the data with a claim of about 4 GB (or 4 G elements) at every place, and the claim that a data block would make."""
    for at in range(len(seed)):
        for claim in (b"\x84\xff\xff\xff\xff", b"\x01\x84\xff\xff\xff\xf0", b"\x09\x84\xff\xff\xff\xf0"):
            yield seed[:at] + claim + seed[at:]
            yield seed[:at] + claim + seed[at + 1 :]


def most_memory(decode: Decode, datas: Iterable[bytes], foreseen: Errors = DlmsError) -> int:
    """Return the most bytes that one of these calls took at once beyond its input, by Python's own count (numpy's included)."""
    most = 0
    tracemalloc.start()
    try:
        for data in datas:
            tracemalloc.reset_peak()
            before = tracemalloc.get_traced_memory()[0]
            survives(decode, data, foreseen)
            most = max(most, tracemalloc.get_traced_memory()[1] - before)
    finally:
        tracemalloc.stop()
    return most
