"""Finds telegrams in the bytes of a port, however they are cut, and whatever noise is between them.

A telegram is what stands between the last header line and the next line that begins with `!`: so one that was cut off, with the
next right behind it, costs that one only. Sealed frames are found in the same stream. What is held never exceeds LIMIT and a
slice, and what is thrown away is counted.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, final

from kwartier.wire.p1.crc import crc16
from kwartier.wire.p1.frame import HEAD, length_of

LIMIT: Final = 16 * 1024
"""The longest telegram; real ones have 1.5 kB, with thirteen months of peaks and a long message about 4 kB."""
SLICE: Final = 1024
_SIGN: Final = re.compile(rb"[/!\xdb]")
_HEADER: Final = re.compile(rb"/([^\0\r\n()/!\x7f-\xff]{3,96})[\r\n]")
"""No parentheses, which a line with a message has; control bytes, which some meters send."""
_HEADER_SO_FAR: Final = re.compile(rb"/[^\0\r\n()/!\x7f-\xff]{0,96}\Z")
_LINE_START: Final = re.compile(rb"[\r\n\0][\t ]{0,4}\Z")
_END: Final = re.compile(rb"!(?:[0-9A-Fa-f]{4}|[0-9A-Fa-f]{0,3}(?=[^0-9A-Fa-f]))")
_SEALED: Final = re.compile(rb"\xdb\x08[A-Z]{3}[\x00-\xff]{5}(?:\x82[\x00-\xff]{2}|\x81[\x00-\xff]|[\x11-\x7f])[\x10\x20\x30]")
"""A system title begins with the three letters of its maker; then length and security control."""
_BLANKS: Final = 5
_SLASH, _BANG = b"/!"
_DIGITS: Final = 4
_IDLE: Final = b"\r\n\0\t \xff"
"""What stands between telegrams without being noise: line ends, padding."""


@final
@dataclass(frozen=True, slots=True)
class Plain:
    """The bytes of a telegram, from `/` through the digits behind `!`. Nothing in it was checked."""

    data: bytes = field(repr=False)


@final
@dataclass(frozen=True, slots=True)
class Sealed:
    """The bytes of a sealed frame. Nothing in it was checked."""

    data: bytes = field(repr=False)


Candidate = Plain | Sealed


@final
@dataclass(frozen=True, slots=True)
class Counts:
    """What was found, and what was thrown away: telegrams cut off, telegrams longer than LIMIT, bytes that belong to none."""

    plain: int = 0
    sealed: int = 0
    cut_off: int = 0
    oversize: int = 0
    noise_bytes: int = 0


@final
class Framer:
    """Cuts the bytes of one port into candidates. Never raises."""

    def __init__(self) -> None:
        """Hold nothing."""
        self._buffer = bytearray()
        self._mark = 0  # all before it is accounted for; here a begun telegram or frame starts, if there is one
        self._at = 0  # all signs before it were seen
        self._plain: int | None = None  # where the header of the begun telegram stands
        self._doubtful = False  # whether that header stands within a frame
        self._sealed: tuple[int, int] | None = None  # where the begun frame stands, and where it will end
        self._frame_end = 0  # where the last frame ended
        self._across: int | None = None  # the first sign of something that may reach beyond the begun frame
        self._plains = self._sealeds = self._cut_off = self._oversize = self._noise = 0

    @property
    def held(self) -> int:
        """How many bytes are held: never more than LIMIT and SLICE."""
        return len(self._buffer)

    @property
    def counts(self) -> Counts:
        """What was found and thrown away so far."""
        return Counts(self._plains, self._sealeds, self._cut_off, self._oversize, self._noise)

    def receive(self, data: bytes) -> list[Candidate]:
        """Take bytes as they came; return what is complete now, in the order in which it came."""
        found: list[Candidate] = []
        for at in range(0, len(data), SLICE):
            self._buffer += data[at : at + SLICE]
            found += self._scan()
            self._forget()
        return found

    def _scan(self) -> Iterator[Candidate]:
        """Go from sign to sign: a slash, an exclamation mark, the first byte of a frame. Stop where more bytes are needed."""
        while True:
            held = len(self._buffer)
            end = min(self._sealed[1], held) if self._sealed else held
            whole = self._sealed is not None and self._sealed[1] == end
            sign = _SIGN.search(self._buffer, self._at, end)
            if sign is None:
                self._at = end
                if self._sealed is None or not whole:
                    return
                yield self._close_frame(*self._sealed)
            elif not self._is_open(sign.start(), end):
                self._at = sign.end()
                yield from self._take_sign(sign.start(), end)
            elif whole:
                self._across = sign.start() if self._across is None else self._across
                self._at = sign.end()
            else:
                self._at = sign.start()
                return

    def _is_open(self, at: int, end: int) -> bool:
        """True if what begins here goes on at least to `end`, so that nobody can tell yet what it is."""
        if self._buffer[at] == _SLASH:
            return _HEADER_SO_FAR.match(self._buffer, at, end) is not None
        if self._buffer[at] == _BANG:
            return end - at <= _DIGITS and _END.match(self._buffer, at, end) is None
        return end - at < HEAD

    def _take_sign(self, at: int, end: int) -> Iterator[Plain]:
        buffer = self._buffer
        if buffer[at] == _SLASH:
            if _HEADER.match(buffer, at, end):
                self._begin(at)
        elif buffer[at] == _BANG:
            found = _END.match(buffer, at, end)
            if found and _LINE_START.search(buffer, max(at - _BLANKS, 0), at):
                yield from self._close(found.end())
        elif found := _SEALED.match(buffer, at, end):
            self._open_frame(at, found.group())

    def _begin(self, at: int) -> None:
        """A telegram begins, and what was begun before is cut off. Within a frame it may be chance: it is doubtful then."""
        if self._sealed is None:
            self._give_up(at)
        self._plain, self._doubtful = at, self._sealed is not None or at < self._frame_end

    def _open_frame(self, at: int, head: bytes) -> None:
        begin, length = length_of(head)
        if begin + length <= LIMIT:
            self._give_up(at)
            self._sealed = (at, at + begin + length)

    def _give_up(self, at: int) -> None:
        """Account for all before a new beginning."""
        if self._sealed is not None or (self._plain is not None and not self._doubtful):
            self._cut_off += 1
        elif self._plain is None:
            self._noise += self._loud(at)
        self._mark, self._plain, self._sealed, self._across = at, None, None, None

    def _close_frame(self, begin: int, end: int) -> Sealed:
        """A frame is complete. Its length may be wrong: what began within it and may reach beyond stays remembered."""
        data = bytes(self._buffer[begin:end])
        self._at = end if self._across is None else self._across
        self._mark = self._at if self._plain is None else self._plain
        self._sealed, self._across, self._frame_end = None, None, end
        self._sealeds += 1
        return Sealed(data)

    def _close(self, end: int) -> Iterator[Plain]:
        """A line with `!`: the end of the telegram that was begun, if one was. A doubtful one must prove itself."""
        begin, self._plain = self._plain, None
        if begin is None:
            return
        self._at = end
        data = bytes(self._buffer[begin:end])
        if self._doubtful and not _is_whole(data):
            self._mark = self._mark if self._sealed else end
            return
        self._cut_off += self._sealed is not None
        self._mark, self._sealed, self._across = end, None, None
        if len(data) > LIMIT:
            self._oversize += 1
            return
        self._plains += 1
        yield Plain(data)

    def _forget(self) -> None:
        """Let go of what cannot become part of a candidate, and bring the buffer's beginning to the mark."""
        if self._plain is not None and self._sealed is None and len(self._buffer) - self._plain > LIMIT:
            self._oversize += not self._doubtful
            self._plain, self._mark = None, self._at
        if self._plain is None and self._sealed is None:
            self._noise += self._loud(self._at)
            self._mark = self._at
        self._shift(self._mark)

    def _shift(self, by: int) -> None:
        if not by:
            return
        del self._buffer[:by]
        self._mark -= by
        self._at -= by
        self._frame_end = max(self._frame_end - by, 0)
        self._plain = None if self._plain is None else self._plain - by
        self._across = None if self._across is None else self._across - by
        self._sealed = None if self._sealed is None else (self._sealed[0] - by, self._sealed[1] - by)

    def _loud(self, end: int) -> int:
        """Return how many bytes up to `end` belong to nothing and are more than idle."""
        return len(self._buffer[max(self._mark, self._frame_end) : end].translate(None, _IDLE))


def _is_whole(data: bytes) -> bool:
    """True if a telegram has a checksum and it matches."""
    text, _, digits = data.rpartition(b"!")
    return len(digits) == _DIGITS and crc16(text + b"!") == int(digits, 16)
