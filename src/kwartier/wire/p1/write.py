"""From the value of a telegram to its bytes, as a meter of its profile sends it: order, widths, units, checksum.

Nothing of a value is lost: a number has more digits than its form where it needs them, and what the profile does not have follows
behind what it has. For Luxembourg and Austria, `sealed.seal` wraps the result.
"""

import re
from collections.abc import Callable, Iterator
from typing import Final, final

from kwartier.wire.p1 import forms
from kwartier.wire.p1.crc import crc16
from kwartier.wire.p1.errors import Unwritable
from kwartier.wire.p1.layouts import DEVICES, LAYOUTS
from kwartier.wire.p1.lines import CHANNELS, READERS, identifier, message
from kwartier.wire.p1.objects import QUANTITIES, standard
from kwartier.wire.p1.profile import WITHOUT_CLOCK
from kwartier.wire.p1.quantities import Quantity
from kwartier.wire.p1.telegram import Profile, Raw, Telegram

_HEADER: Final = re.compile(r"[\x01-\t\x0b\x0c\x0e-\x20\"-'*-.0-~]{3,96}")
_CODE: Final = re.compile(r"[0-9A-Za-z][^(\r\n\0!/]*")
_CONTENT: Final = re.compile(rb"\([^\r\n\0]*\)")
_WITHOUT_CHECKSUM: Final = frozenset({Profile.DSMR_2, Profile.DSMR_3, Profile.Q3D})
_FUSES: Final = (Quantity.FUSE, Quantity.FUSE_EXPORT)
_REST: Final = """
1-3:0.2.8 version
0-0:1.0.0 clock
1-0:1.6.0 peak
0-0:98.1.0 peaks
0-0:98.1.0 registers
1-0:99.97.0 failures
1-0:31.4.0 fuses
devices
"""
"""What is written behind the layout, where the layout does not have it; numbers, ids and texts besides."""


def encode(telegram: Telegram) -> bytes:
    """Return the bytes of a telegram. Raises Unwritable for what no telegram can carry."""
    header = telegram.header.reveal()
    if not _HEADER.fullmatch(header) or header != header.strip():
        msg = "a header has 3 to 96 characters, none of them a parenthesis, a slash or an exclamation mark"
        raise Unwritable(msg)
    text = "".join(f"{line}\r\n" for line in (f"/{header}", "", *_Page(telegram).lines())).encode("latin-1") + b"!"
    checksum = b"" if telegram.profile in _WITHOUT_CHECKSUM else b"%04X" % crc16(text)
    return text + checksum + b"\r\n"


@final
class _Page:
    """The lines of one telegram, each part of it written once."""

    def __init__(self, telegram: Telegram) -> None:
        self._telegram = telegram
        self._values = dict(telegram.values)
        self._ids = dict(telegram.ids)
        self._messages = dict(telegram.messages)
        self._done: set[str] = set()
        self._written: set[str] = set()
        self._whole: dict[str, Callable[[], str | None]] = {
            "version": lambda: telegram.version and forms.text(telegram.version),
            "clock": self._clock,
            "peak": lambda: telegram.peak and forms.peak(telegram.peak),
            "peaks": lambda: forms.peaks(telegram.month_peaks) if telegram.month_peaks else None,
            "registers": lambda: telegram.month_close and forms.registers(telegram.month_close),
            "failures": self._failures,
            "fuses": self._fuses,
        }

    def lines(self) -> Iterator[str]:
        """Yield the lines of the layout that there is something for, then all that is left."""
        yield from self._rows(LAYOUTS[self._telegram.profile])
        yield from self._rows(_REST)
        yield from self._rows("\n".join(f"{quantity.code} -" for quantity in list(self._values)))
        yield from self._rows("\n".join(f"{code} id" for code in list(self._ids)))
        yield from self._rows("\n".join(f"0-0:96.13.{number} text" for number in list(self._messages)))
        yield from map(_raw, self._telegram.others)
        if self._values or self._ids or self._messages:
            msg = "an id or a message under an object that has none"
            raise Unwritable(msg)

    def _rows(self, layout: str) -> Iterator[str]:
        for row in layout.split("\n"):
            code, _, form = row.partition(" ")
            if code == "devices":
                yield from self._devices()
            elif code:
                name = standard(code.partition("*")[0].encode()).decode()
                content = self._content(name, form)
                if content is not None:
                    yield self._line(name, f"{code}({content})")

    def _line(self, name: str, line: str) -> str:
        if name in self._written:
            msg = "two values that stand under one object"
            raise Unwritable(msg)
        self._written.add(name)
        return line

    def _content(self, code: str, form: str) -> str | None:
        """Return what stands between the parentheses of a line; None if there is nothing for it, or it was written."""
        if form == "id":
            name = self._ids.pop(code, None) if READERS.get(code.encode()) is identifier else None
            return name and forms.text(name.reveal())
        if form == "text":
            text = self._messages.pop(int(code[-1]), None) if READERS.get(code.encode()) is message else None
            return None if text is None else text.hex().upper()
        if form in self._whole:
            return None if form in self._done else self._once(form)
        quantity = next((each for each in Quantity if each.code == code and each in self._values), None)
        return None if quantity is None else forms.number(self._values.pop(quantity), quantity.unit, form)

    def _once(self, form: str) -> str | None:
        self._done.add(form)
        return self._whole[form]()

    def _clock(self) -> str | None:
        """Return the stamp; a meter that has a clock and lost the time sends one that says so."""
        at = self._telegram.at
        return forms.moment(at) if at or self._telegram.profile not in WITHOUT_CLOCK else None

    def _failures(self) -> str | None:
        """Return the log; a meter that counts long failures has one, be it empty."""
        log = self._telegram.failures
        return forms.failures(log) if log or Quantity.LONG_FAILURES in self._telegram.values else None

    def _fuses(self) -> str | None:
        fuses = [self._values.pop(quantity, None) for quantity in _FUSES]
        if fuses == [None, None]:
            return None
        texts = ["" if fuse is None else forms.number(fuse, Quantity.FUSE.unit) for fuse in fuses]
        return texts[0] if fuses[1] is None else ")(".join(texts)

    def _devices(self) -> Iterator[str]:
        if "devices" in self._done:
            return
        self._done.add("devices")
        channels = [device.channel for device in self._telegram.devices]
        if len(set(channels)) != len(channels) or not set(CHANNELS).issuperset(channels):
            msg = "devices have channels of their own, from 1 to 8"
            raise Unwritable(msg)
        for device in self._telegram.devices:
            yield from forms.device(device, DEVICES[self._telegram.profile])


def _raw(raw: Raw) -> str:
    code = standard(raw.code.encode("latin-1", "replace"))
    if not _CODE.fullmatch(raw.code) or code in READERS or code in QUANTITIES or not _CONTENT.fullmatch(raw.content):
        msg = "an object kept raw that is no line, or that is known"
        raise Unwritable(msg)
    return raw.code + raw.content.decode("latin-1")
