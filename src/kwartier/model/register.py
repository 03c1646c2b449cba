"""What a meter can tell: OBIS codes (IEC 62056-61) and the channels that Kwartier stores.

Sources: DSMR P3 4.2.2 tables of chapter 4 (registers, rate 1 = low, rate 2 = normal) and the SMR 5 profiles.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Final, final

from kwartier.model.errors import BadInput

_OBIS = re.compile(r"(\d{1,3})-(\d{1,3}):(\d{1,3})\.(\d{1,3})\.(\d{1,3})(?:\.(\d{1,3}))?\Z", re.ASCII)
_ABSTRACT, _M_BUS = 0, 24
MEASURING: Final = frozenset({3, 4, 5, 61})
"""Interface classes that hold measured values (IEC 62056-6-2): register, extended register, demand register, register table."""


@final
@dataclass(frozen=True, slots=True, order=True)
class Obis:
    """A logical name of six bytes, written `1-0:1.8.0` (the last byte 255 is left out).

    Each byte is a value group; IEC 62056-61 (by now 62056-6-1) and the chapter on OBIS of the DLMS UA Blue Book have a table of
    codes for each. A is the medium: 0 is abstract (a clock, a counter, a log of events), 1 electricity, 7 gas. B is the channel.
    C is what is measured of the medium, or what an abstract object is about: 24 is a meter on M-Bus, and B then its channel. D is
    how it was processed, E the tariff, F the billing period, 255 where there is none.
    """

    code: bytes

    def __post_init__(self) -> None:
        """Refuse anything but six bytes."""
        if len(self.code) != 6:  # noqa: PLR2004 - six value groups A..F
            msg = "an OBIS code has six bytes"
            raise BadInput(msg)

    @classmethod
    def parse(cls, text: str) -> "Obis":
        """Read `A-B:C.D.E[.F]`, F being 255 if absent. Raises BadInput."""
        found = _OBIS.match(text)
        groups = [int(g) if g else 255 for g in found.groups()] if found else [256]
        if max(groups) > 255:  # noqa: PLR2004 - a value group is one byte
            msg = "not an OBIS code"
            raise BadInput(msg)
        return cls(bytes(groups))

    @property
    def is_abstract(self) -> bool:
        """True if it is of no medium. Any other is something measured; so is an abstract one in an object of class `MEASURING`."""
        return self.code[0] == _ABSTRACT

    @property
    def mbus(self) -> int:
        """The M-Bus channel of the meter that it is about, 0 for what is not about a meter on one."""
        return self.code[1] if self._is_on_mbus else 0

    @property
    def on_any_channel(self) -> "Obis":
        """The code with its M-Bus channel taken out: 0-1:24.3.0 and 0-2:24.3.0 are one profile, 0-0:24.3.0."""
        return Obis(bytes((self.code[0], 0)) + self.code[2:]) if self._is_on_mbus else self

    @property
    def _is_on_mbus(self) -> bool:
        return self.code[2] == _M_BUS

    def __str__(self) -> str:
        """Write `A-B:C.D.E`, with `.F` unless it is 255."""
        a, b, c, d, e, f = self.code
        return f"{a}-{b}:{c}.{d}.{e}" + ("" if f == 255 else f".{f}")  # noqa: PLR2004 - 255 is left out


class Product(StrEnum):
    """The energy product of a connection (EU 2023/1162 annex, table IV)."""

    ELECTRICITY = "electricity"
    GAS = "gas"


class Kind(StrEnum):
    """How fine: INTERVAL is the quarter-hour (electricity) or the hour (gas), DAY the registers at local midnight."""

    INTERVAL = "interval"
    DAY = "day"


class Direction(StrEnum):
    """What the customer took, gave, or both (EU 2023/1162 annex, table IV)."""

    CONSUMPTION = "consumption"
    PRODUCTION = "production"
    COMBINED = "combined"


class Channel(IntEnum):
    """One series of values of one connection. The number is stored in the lake and never changes its meaning.

    Interval channels hold differences per interval (Wh per quarter, dm3 per hour); day channels hold the register reading at
    local midnight (Wh, dm3). Low and normal come from the meter's tariff registers, never from clock times.
    """

    IMPORT = 1
    EXPORT = 2
    GAS = 3
    DAY_IMPORT_LOW = 4
    DAY_IMPORT_NORMAL = 5
    DAY_EXPORT_LOW = 6
    DAY_EXPORT_NORMAL = 7
    DAY_GAS = 8


Mask = int
"""A set of channels: bit `channel` is set for each. Sets cross rooms by the million, so they are ints."""


def mask_of(channels: Iterable[Channel]) -> Mask:
    """Return the set of these channels."""
    mask = 0
    for channel in channels:
        mask |= 1 << channel
    return mask


def channels_of(mask: Mask) -> Iterator[Channel]:
    """Yield the channels in a set, in the order of their numbers."""
    for channel in Channel:
        if mask >> channel & 1:
            yield channel


INTERVAL_MASK: Mask = mask_of((Channel.IMPORT, Channel.EXPORT, Channel.GAS))
DAY_MASK: Mask = mask_of(c for c in Channel if c >= Channel.DAY_IMPORT_LOW)
GAS_MASK: Mask = mask_of((Channel.GAS, Channel.DAY_GAS))
CONSUMPTION_MASK: Mask = mask_of((Channel.IMPORT, Channel.DAY_IMPORT_LOW, Channel.DAY_IMPORT_NORMAL, Channel.GAS, Channel.DAY_GAS))
ALL_MASK: Mask = INTERVAL_MASK | DAY_MASK


def select(product: Product, kinds: Iterable[Kind], direction: Direction = Direction.COMBINED) -> Mask:
    """Return the channels of one product at these granularities in this direction."""
    mask = 0
    for kind in kinds:
        mask |= INTERVAL_MASK if kind is Kind.INTERVAL else DAY_MASK
    mask &= GAS_MASK if product is Product.GAS else ALL_MASK & ~GAS_MASK
    if direction is Direction.CONSUMPTION:
        return mask & CONSUMPTION_MASK
    if direction is Direction.PRODUCTION:
        return mask & ~CONSUMPTION_MASK
    return mask
