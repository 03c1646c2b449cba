"""The errors of the home product; the class says who is at fault.

    HomeError
    +-- BadSettings        whoever wrote home.toml, or the command line, erred; nothing was started
    +-- SourceLost         the cable, the dongle or the network: it is tried again by itself
    +-- BadFile            the file that was handed in is not what the operator gives to download; nothing was changed
    +-- StoreBusy          another kwartier-home keeps this folder; end that one first

No text holds an equipment id, an EAN, a password or a key.
"""

from enum import StrEnum
from typing import final

from kwartier.model.errors import KwartierError


@final
class Loss(StrEnum):
    """Why a line is lost."""

    NO_DEVICE = "no-device"
    NO_CONNECTION = "no-connection"
    CLOSED = "closed"
    GONE = "gone"
    SILENT = "silent"
    NOT_UNDERSTOOD = "not-understood"


class HomeError(KwartierError):
    """The root; never raised itself."""

    code = "home"


class BadSettings(HomeError):
    """The settings are wrong. The text names the key and never its value: it may be a password."""

    code = "home-settings"


class SourceLost(HomeError):
    """The meter's line is gone or silent; it is opened anew after a while."""

    code = "home-source-lost"

    def __init__(self, why: Loss) -> None:
        """Keep why."""
        super().__init__(f"the line is lost: {why}")
        self.why = why


class BadFile(HomeError):
    """Not a file of quarter-hours as the operator gives it to download; the text says what was expected."""

    code = "home-bad-file"


class StoreBusy(HomeError):
    """The folder is in use."""

    code = "home-store-busy"
