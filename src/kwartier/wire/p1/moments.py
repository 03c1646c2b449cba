"""Time stamps of P1 (DSMR P1 5.0.2, 6.4): `YYMMDDhhmmss` in local time, then S (summer, UTC+2) or W (winter, UTC+1).

The letter alone says how far the stamp is from UTC: no rule of summer time is asked, so the hour that a night in autumn has twice
is never ambiguous. Old gas stamps and a few meters send no letter; then the rule decides, and the doubled hour is taken as its
first. A meter without a clock sends 2000 or 1970 (which reads as 2070), or figures that are no date: that is no moment.
"""

from datetime import UTC, datetime, timedelta
from typing import Final

from kwartier.model.period import ZONE
from kwartier.wire.p1.errors import Unwritable

_DIGITS: Final = 12
_OFFSETS: Final = {b"W": timedelta(hours=1), b"S": timedelta(hours=2)}
_FIRST_YEAR: Final = b"05"
_END_YEAR: Final = b"70"
"""No meter with a P1 port is older than 2005; 70 to 99 are what a clock that began at 1970 shows."""
_LAST_HOUR: Final = b"23"
FIRST: Final = datetime(2005, 1, 1, tzinfo=ZONE)
END: Final = datetime(2070, 1, 1, tzinfo=ZONE)


def read(text: bytes) -> datetime | None:
    """Return the moment in UTC; None for whatever is not one, or one that no clock that was ever set can show."""
    digits = text[:_DIGITS]
    if len(digits) < _DIGITS or not digits.isdigit() or not _FIRST_YEAR <= digits < _END_YEAR or digits[6:8] > _LAST_HOUR:
        return None
    offset = _OFFSETS.get(text[_DIGITS:])
    if offset is None and len(text) > _DIGITS:
        return None
    try:
        local = datetime.fromisoformat(f"20{digits[:6].decode()}T{digits[6:].decode()}Z")
    except ValueError:
        return None
    return local - offset if offset else local.replace(tzinfo=ZONE).astimezone(UTC)


def write(moment: datetime) -> bytes:
    """Return the stamp of a moment, with its letter. Raises Unwritable: no time zone, no whole second, not of 2005 to 2069."""
    local = _local(moment)
    return f"{local:%y%m%d%H%M%S}{'S' if local.dst() else 'W'}".encode()


def write_bare(moment: datetime) -> bytes:
    """Return the stamp of a moment without its letter, as old gas meters do. Raises Unwritable."""
    return f"{_local(moment):%y%m%d%H%M%S}".encode()


def _local(moment: datetime) -> datetime:
    if moment.tzinfo is None or moment.microsecond or not FIRST <= moment < END:
        msg = "a P1 stamp shows whole seconds of the years 2005 to 2069"
        raise Unwritable(msg)
    return moment.astimezone(ZONE)
