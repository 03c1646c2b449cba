"""CRC-16/ARC, the checksum of DSMR P1 (companion standard 5.0.2, 5.2): x^16 + x^15 + x^2 + 1, reflected, initial value 0.

A CRC is the remainder of a division of polynomials over GF(2), and adding a multiple of the divisor changes no remainder. So a
message held as one big integer is folded upwards with sparse multiples, three terms each, until a few bytes are left: two shifts
and two exclusive ors of C speed take away nearly half of it. No table is kept but the 256 entries for the last bytes.

The divisor is (x + 1)(x^15 + x + 1). In the reflected order of bits (bit i of the integer = i-th bit sent) the second factor
divides 1 + y^14 + y^15 and 1 + y^252 + y^255, and so these squared again and again: (a + b)^2 = a^2 + b^2. The first factor is
parity.
"""

from collections.abc import Callable
from typing import Final

_FACTOR: Final = 0x6000
"""x^15 + x + 1 without its leading term, reflected."""
_DIVISOR: Final = 0xC001
"""The same with its leading term: adding it changes the parity of a remainder, and nothing else that counts."""
_FOLDS: Final = tuple(
    (low, (1 << low) - 1, high - low, low + high)
    for low, high in (*((504 << power, 510 << power) for power in (4, 3, 2, 1, 0)), (224, 240), (112, 120), (56, 60))
)
"""For 1 + y^low + y^high: bits to take away, their mask, how far apart they are added, and how long the rest must be."""


def _step(byte: int) -> int:
    for _ in range(8):
        byte = byte >> 1 ^ (_FACTOR if byte & 1 else 0)
    return byte


_STEPS: Final = tuple(map(_step, range(256)))


def plain(data: bytes) -> int:
    """Return the CRC of any bytes, in Python alone."""
    rest = int.from_bytes(data, "little")
    odd = rest.bit_count() & 1
    left = 8 * len(data)
    for low, mask, apart, least in _FOLDS:
        while left >= least:
            lowest = rest & mask
            rest = rest >> low ^ lowest ^ lowest << apart
            left -= low
    for _ in range(left >> 3):
        rest = rest >> 8 ^ _STEPS[rest & 0xFF]
    return rest if rest.bit_count() & 1 == odd else rest ^ _DIVISOR


try:
    from fastcrc.crc16 import arc as _fast
except ImportError:
    _fast = plain

crc16: Final[Callable[[bytes], int]] = _fast
"""The CRC of any bytes: by `fastcrc` where it is installed, else `plain`."""
