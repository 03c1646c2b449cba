"""The forms of single fields, read once at the edge. Each raises BadField with the code that docs/IMPORT.md explains."""

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime
from enum import StrEnum
from functools import lru_cache
from ipaddress import ip_address
from typing import TypeVar

from kwartier.model.ean import Ean
from kwartier.model.errors import BadInput
from kwartier.model.period import midnight
from kwartier.model.register import Direction, Kind, Mask, Product, select
from kwartier.workflows.enrolment.errors import BadField, Code

LONGEST_TEXT = 1000
_EAN = re.compile(r"[0-9]{18}\Z")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}\Z", re.ASCII)
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:\d{2})\Z", re.ASCII)
_WHOLE = re.compile(r"[0-9]{1,9}\Z")
_TITLE = re.compile(r"[0-9A-Fa-f]{16}\Z")
_PARTY = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,63}\Z")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_FIRST_YEAR, _LAST_YEAR = 1990, 2199

S = TypeVar("S", bound=StrEnum)


def text(value: str) -> str:
    """Read a text that is there, without white space around it: empty, too-long, control-character."""
    if not (value := value.strip()):
        raise BadField(Code.EMPTY)
    if len(value) > LONGEST_TEXT:
        raise BadField(Code.TOO_LONG)
    if _CONTROL.search(value):
        raise BadField(Code.CONTROL_CHARACTER)
    return value


def maybe(value: str) -> str | None:
    """Read a text that may be absent."""
    return text(value) if value.strip() else None


def ean(value: str) -> Ean:
    """Read an EAN of a connection: bad-ean, bad-check-digit."""
    if not _EAN.match(value := value.strip()):
        raise BadField(Code.BAD_EAN)
    try:
        return Ean(value)
    except BadInput:  # from None: the value must not travel in a traceback
        raise BadField(Code.BAD_CHECK_DIGIT) from None


def maybe_ean(value: str) -> Ean | None:
    """Read an EAN that may be absent."""
    return ean(value) if value.strip() else None


@lru_cache(maxsize=65_536)
def moment(value: str) -> datetime:
    """Read a local date, which is its midnight, or a moment with offset, in UTC: bad-moment. Files repeat them: kept."""
    value = value.strip()
    try:
        if _DAY.match(value):
            found = midnight(date.fromisoformat(value))
        elif _MOMENT.match(value):
            found = datetime.fromisoformat(value).astimezone(UTC)
        else:
            raise BadField(Code.BAD_MOMENT)
    except (ValueError, OverflowError):
        raise BadField(Code.BAD_MOMENT) from None
    if not _FIRST_YEAR <= found.year <= _LAST_YEAR:
        raise BadField(Code.BAD_MOMENT)
    return found


def span(start: str, end: str) -> tuple[datetime, datetime | None]:
    """Read a half-open period, the end of which may be absent: open. ends-before-it-starts."""
    first = moment(start)
    until = moment(end) if end.strip() else None
    if until is not None and until <= first:
        raise BadField(Code.ENDS_BEFORE_IT_STARTS)
    return first, until


def closed(start: str, end: str) -> tuple[datetime, datetime]:
    """Read a period that must end: empty, ends-before-it-starts."""
    first, until = span(start, end)
    if until is None:
        raise BadField(Code.EMPTY)
    return first, until


def whole(value: str, least: int, most: int) -> int:
    """Read a whole number within bounds: bad-number, out-of-range."""
    if not _WHOLE.match(value := value.strip()):
        raise BadField(Code.BAD_NUMBER)
    if not least <= (number := int(value)) <= most:
        raise BadField(Code.OUT_OF_RANGE)
    return number


def one_of(value: str, kind: type[S]) -> S:
    """Read one word of a fixed vocabulary: unknown-word."""
    try:
        return kind(value.strip())
    except ValueError:
        raise BadField(Code.UNKNOWN_WORD) from None


def some_of(value: str, kind: type[S]) -> tuple[S, ...]:
    """Read words of a fixed vocabulary, separated by `|`: empty, unknown-word."""
    return tuple(one_of(word, kind) for word in text(value).split("|"))


def host(value: str) -> str:
    """Read an IP address: bad-host. A name would be looked up for every meter every night; a zone means nothing elsewhere."""
    try:
        found = ip_address(value.strip())
    except ValueError:
        raise BadField(Code.BAD_HOST) from None
    if getattr(found, "scope_id", None):
        raise BadField(Code.BAD_HOST)
    return str(found)


def party_code(value: str) -> str:
    """Read the public code of a party: bad-party-code. It names the party's box, a folder: so it is no path."""
    if not _PARTY.match(value := value.strip()):
        raise BadField(Code.BAD_PARTY_CODE)
    return value


def system_title(value: str) -> bytes:
    """Read the eight bytes of a system title in hexadecimal: bad-system-title."""
    if not _TITLE.match(value := value.strip()):
        raise BadField(Code.BAD_SYSTEM_TITLE)
    return bytes.fromhex(value)


@lru_cache(maxsize=1024)
def masks(products: str, kinds: str, direction: str) -> tuple[Mask, Mask]:
    """Read which channels are meant: the set for an electricity connection and the one for gas. no-channels if both are empty."""
    wanted = some_of(products, Product)
    fine = some_of(kinds, Kind)
    way = one_of(direction, Direction)
    electricity, gas = (select(product, fine, way) if product in wanted else 0 for product in (Product.ELECTRICITY, Product.GAS))
    if not electricity | gas:
        raise BadField(Code.NO_CHANNELS)
    return electricity, gas


def all_empty(values: Iterable[str]) -> bool:
    """Tell whether none of the fields is filled in."""
    return not any(value.strip() for value in values)
