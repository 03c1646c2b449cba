"""The clock of this machine, and whether anybody sets it. The only place of the home that reads the time."""

import ctypes
import time
from typing import Final

from kwartier.home.clock import Receipt

_UNSYNCHRONISED: Final = 5
"""TIME_ERROR of adjtimex(2): nobody disciplines the clock."""
_STATE_BYTES: Final = 256
"""More than `struct timex` has anywhere; all zero, it only asks."""


def is_set() -> bool:
    """True if the system says that its clock follows a time server; also where it cannot be asked."""
    try:
        state = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.create_string_buffer(_STATE_BYTES))
    except (OSError, AttributeError):
        return True
    return bool(state != _UNSYNCHRONISED)


def receipt() -> Receipt:
    """Return the moment at which something arrives now."""
    return Receipt(int(time.time()), is_set())
