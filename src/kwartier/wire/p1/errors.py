"""The errors of the P1 room; the class says who is at fault.

    P1Error
    +-- LineError            the meter, the cable, or whoever stands between us and the meter
    |   +-- NotATelegram     bytes that are no telegram
    |   +-- ChecksumWrong    a telegram whose checksum does not match, or is missing where its profile has one
    |   +-- BadFrame         bytes that are no sealed frame of the kind we know
    |   +-- NotAuthentic     a sealed frame whose tag is wrong: another key, or bytes that changed on the way
    |   +-- Unreadable       one line; `decode` makes a `Fault` of it, so it does not leave the room
    +-- OwnError             the caller on this side
        +-- BadKey           a key, system title or frame counter of the wrong form
        +-- Unwritable       a value that no telegram can carry

A line that cannot be read is no error: it becomes a fault of the telegram, and the other lines live. No text holds a key, an
equipment id, a header or a value.
"""

from enum import StrEnum
from typing import final

from kwartier.model.errors import KwartierError


@final
class FaultKind(StrEnum):
    """What was wrong with one line."""

    NO_OBJECT = "no-object"
    """Not `code(...)`."""
    VALUE = "value"
    """The object is known, what it holds is not of its form."""
    UNIT = "unit"
    """The unit is none of those that this object can have."""
    CLOCK = "clock"
    """A moment that the meter cannot mean; it became None."""
    REPEATED = "repeated"
    """The object was there before; the first one counts."""


class P1Error(KwartierError):
    """Anything that the P1 room foresaw."""

    code = "p1"


class LineError(P1Error):
    """The meter, the cable, or whoever stands between erred."""

    code = "p1-line"


class NotATelegram(LineError):
    """Bytes that do not begin with a header line, or do not end with `!` and up to four hexadecimal digits."""

    code = "p1-not-a-telegram"


class ChecksumWrong(LineError):
    """The CRC does not match, or is missing in a profile that has one: bytes changed or were lost on the way."""

    code = "p1-checksum-wrong"


class BadFrame(LineError):
    """Not general-glo-ciphering, another length than it says, or another protection than authenticated and encrypted."""

    code = "p1-bad-frame"


class NotAuthentic(LineError):
    """The tag is wrong: this is not the meter's key, or somebody changed the frame. Nothing of it was looked at."""

    code = "p1-not-authentic"


class Unreadable(LineError):
    """One line cannot be read; `kind` says why."""

    code = "p1-unreadable"

    def __init__(self, kind: FaultKind) -> None:
        """Keep what is wrong."""
        super().__init__(kind)
        self.kind = kind


class OwnError(P1Error):
    """We erred; nothing was decoded or written."""

    code = "p1-own"


class BadKey(OwnError):
    """Keys have 16 bytes, a system title 8, and a frame counter lies within 0..2^32-1."""

    code = "p1-bad-key"


class Unwritable(OwnError):
    """A value that no telegram can carry, for instance a moment that a meter's clock cannot show."""

    code = "p1-unwritable"
