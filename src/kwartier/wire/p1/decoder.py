"""Decodes the telegrams of one meter, one after the other: the same values as `decode`, sooner.

A meter sends the same lines every second, and only figures change. So what a telegram said is remembered with a mask over its
bytes. The next one that equals it everywhere but in the figures of plain numbers and of the clock needs no line to be split: its
numbers are read where they stand, all else is what it was. One comparison of big integers decides that; what differs is decoded
from the start, and remembered in its place.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, final

from kwartier.wire.p1 import moments
from kwartier.wire.p1.decode import LINE, demand_checksum, read, verified
from kwartier.wire.p1.objects import LINES
from kwartier.wire.p1.quantities import Quantity
from kwartier.wire.p1.telegram import Checksum, Telegram

_CLOCK: Final = re.compile(rb"\n0-0:1\.0\.0\(([0-9]{12}[SW])\)\r")
_DOT: Final = ord(".")
_SAME: Final = 0xFF
_FIGURE: Final = 0xF0
"""The upper half of a digit: 30 to 39. What else has it, `:` to `?`, is no number, and comes to light when it is read."""


@final
@dataclass(frozen=True, slots=True)
class _Number:
    """Where a plain number stands: in the text, and in the text without dots; and its factor to base units."""

    quantity: Quantity
    in_text: range
    begin: int
    end: int
    factor: int


@final
class Decoder:
    """One meter's. Holds one telegram; never more."""

    __slots__ = ("_known", "_last")

    def __init__(self) -> None:
        """Know nothing yet."""
        self._last: tuple[bytes, Telegram] | None = None
        self._known: _Known | None = None

    def decode(self, data: bytes, *, checked: bool = False) -> Telegram:
        """Read one telegram as `decode.decode` does. Raises NotATelegram, ChecksumWrong."""
        text, checksum = verified(data, checked=checked)
        telegram = self._again(text, data, checksum)
        if telegram is None:
            telegram = read(text, data, checksum)
            self._last, self._known = (text, telegram), None
        demand_checksum(telegram, checked=checked)
        return telegram

    def _again(self, text: bytes, raw: bytes, checksum: Checksum) -> Telegram | None:
        if self._last is None or len(self._last[0]) != len(text):
            return None
        if self._known is None:
            self._known = _Known(*self._last)
        return self._known.again(text, raw, checksum)


@final
class _Known:
    """What one telegram said, and which of its bytes may change without anything else changing."""

    __slots__ = ("_clock", "_fixed", "_mask", "_numbers", "_same", "_telegram")

    def __init__(self, text: bytes, telegram: Telegram) -> None:
        """Find the plain numbers and the clock."""
        numbers = list(_numbers(text, telegram))
        found = _CLOCK.search(text)
        self._telegram = telegram
        self._numbers = [(each.quantity, each.begin, each.end, each.factor) for each in numbers]
        self._fixed = dict(telegram.values)
        self._clock = slice(*found.span(1)) if found and telegram.at and moments.read(found[1]) == telegram.at else None
        mask = bytearray((_SAME,)) * len(text)
        for each in numbers:
            del self._fixed[each.quantity]
            for at in each.in_text:
                mask[at] = _SAME if text[at] == _DOT else _FIGURE
        if self._clock:
            mask[self._clock.start : self._clock.stop - 1] = bytes((_FIGURE,)) * (self._clock.stop - self._clock.start - 1)
        self._mask = int.from_bytes(mask, "little")
        self._same = int.from_bytes(text, "little") & self._mask

    def again(self, text: bytes, raw: bytes, checksum: Checksum) -> Telegram | None:
        """Return the telegram if it is the known one with other figures, of the same length; None if it must be decoded."""
        if int.from_bytes(text, "little") & self._mask != self._same:
            return None
        known = self._telegram
        at = known.at if self._clock is None else moments.read(text[self._clock])
        bare = text.translate(None, b".")
        try:
            values = {quantity: int(bare[begin:end]) * factor for quantity, begin, end, factor in self._numbers}
        except ValueError:
            return None
        if at is None and self._clock is not None:
            return None
        return Telegram(
            known.header,
            known.profile,
            known.version,
            at,
            known.ids,
            MappingProxyType(values | self._fixed if self._fixed else values),
            known.peak,
            known.month_peaks,
            known.month_close,
            known.failures,
            known.messages,
            known.devices,
            known.others,
            checksum,
            known.faults,
            raw,
        )


def _numbers(text: bytes, telegram: Telegram) -> Iterator[_Number]:
    """Yield the plain numbers of a telegram that was decoded; one that is not what the telegram says of it is none."""
    dots, until = 0, 0
    seen: set[Quantity] = set()
    for line in LINE.finditer(text):
        code, figures, decimals, rest = line.groups(b"")
        quantity, factors = LINES.get(code + rest, (None, ()))
        start = line.end(1) + 1
        dots, until = dots + text.count(b".", until, start), start
        if quantity is None or not figures or len(decimals) >= len(factors):
            continue
        begin, factor = start - dots, factors[len(decimals)]
        if quantity not in seen and telegram.values[quantity] == int(figures + decimals) * factor:
            seen.add(quantity)
            size = len(figures) + len(decimals)
            yield _Number(quantity, range(start, line.start(4)), begin, begin + size, factor)
