"""Documents that left, read without trust: each speaks of what was asked for, and holds no value beyond it."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from kwartier.delivery.document import REGISTERS
from kwartier.model.ean import Ean
from kwartier.model.errors import BadInput, KwartierError
from kwartier.model.ground import Purpose, Request
from kwartier.model.period import Period
from kwartier.model.register import DAY_MASK, GAS_MASK, INTERVAL_MASK, Product, channels_of

_RESOLUTION = {"PT15M": timedelta(minutes=15), "PT1H": timedelta(hours=1)}


def read(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the documents of a file; what is none has no reference, and so no parcel."""
    with path.open("rb") as file:
        for line in file:
            try:
                found = json.loads(line)
            except ValueError:
                found = None
            yield found if isinstance(found, dict) else {}


def speaks_of(document: Mapping[str, Any], request: Request, purpose: Purpose, eans: Mapping[int, Ean]) -> bool:
    """True if a document is about the metering point and the product that were asked for, and for this purpose."""
    product = Product.GAS if request.mask & GAS_MASK else Product.ELECTRICITY
    try:
        about = Ean.parse(str(document.get("metering_point")))
    except BadInput:
        return False
    return eans.get(request.connection) == about and (document.get("product"), document.get("purpose")) == (
        product,
        purpose,
    )


def holds_no_more(document: Mapping[str, Any], request: Request) -> bool:
    """True if every value lies within the period, and in a register and direction, that was asked for and permitted."""
    try:
        return _within(document, request)
    except (KeyError, TypeError, ValueError, KwartierError):
        return False  # what cannot be read cannot be shown to hold no more


def _within(document: Mapping[str, Any], request: Request) -> bool:
    intervals = {REGISTERS[channel][:2] for channel in channels_of(request.mask & INTERVAL_MASK)}
    registers = {REGISTERS[channel] for channel in channels_of(request.mask & DAY_MASK)}
    return all(_series_within(one, intervals, request.period) for one in document["series"]) and all(
        (one["register"], one["direction"], one.get("tariff")) in registers
        and _reaches(request.period, one["at"])
        and "value" in one
        for one in document["readings"]
    )


def _series_within(one: Mapping[str, Any], allowed: set[tuple[str, str]], period: Period) -> bool:
    start = datetime.fromisoformat(one["start"])
    count = len(one["values"])
    whole = len(one.get("quality") or one["values"]) == count
    end = start + count * _RESOLUTION[one["resolution"]]
    return whole and (one["register"], one["direction"]) in allowed and period.covers(Period(start, end))


def _reaches(period: Period, at: str) -> bool:
    moment = datetime.fromisoformat(at)
    return period.covers(Period(moment, moment))
