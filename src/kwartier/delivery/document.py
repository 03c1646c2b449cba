"""The JSON document of a parcel, after the information object "validated historical data" of EU 2023/1162 (annex, table IV).

Energies stay integers in the unit named beside them (Wh, dm3); moments are ISO 8601 in local time with their offset, so that
the 25-hour day has no double hour. One document speaks about one metering point.
"""

import json
from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any, final

from kwartier.delivery.cut import bounds_s, cut, interval_s
from kwartier.model.channel_day import ChannelDay, Quality
from kwartier.model.ean import Ean
from kwartier.model.ground import Purpose
from kwartier.model.period import (
    HOUR_S,
    QUARTER_S,
    ZONE,
    Period,
    day_of,
    days_in,
    epoch_s,
    from_epoch_s,
    midnight,
    quarters_in,
)
from kwartier.model.permit import Permit
from kwartier.model.register import DAY_MASK, GAS_MASK, Channel, Mask, Product, channels_of

FORMAT = "kwartier/readings/1"

REGISTERS: dict[Channel, tuple[str, str, str | None]] = {
    Channel.IMPORT: ("1-0:1.8.0", "consumption", None),
    Channel.EXPORT: ("1-0:2.8.0", "production", None),
    Channel.GAS: ("0-n:24.2.2", "consumption", None),
    Channel.DAY_IMPORT_LOW: ("1-0:1.8.1", "consumption", "low"),
    Channel.DAY_IMPORT_NORMAL: ("1-0:1.8.2", "consumption", "normal"),
    Channel.DAY_EXPORT_LOW: ("1-0:2.8.1", "production", "low"),
    Channel.DAY_EXPORT_NORMAL: ("1-0:2.8.2", "production", "normal"),
    Channel.DAY_GAS: ("0-n:24.2.2", "consumption", None),
}
"""OBIS code, direction and tariff of each channel (DSMR P3; rate 1 = low, rate 2 = normal)."""


@final
@dataclass(frozen=True, slots=True)
class Heading:
    """What a document says about itself before any value. `created` is when it was made, `reference` its random id.

    `permits` are all the decisions it rests on, at least one; what none of them covers stays out. `corrects` are the references
    of documents whose place it takes, because something in them was wrong.
    """

    reference: str
    created: datetime
    ean: Ean
    product: Product
    purpose: Purpose
    period: Period
    permits: tuple[Permit, ...]
    corrects: tuple[str, ...] = ()

    @property
    def mask(self) -> Mask:
        """The channels that any of the permits covers."""
        mask = 0
        for permit in self.permits:
            mask |= permit.request.mask
        return mask


def local(moment: datetime) -> str:
    """Write a moment in local time with its offset: 2026-10-25T02:30:00+01:00."""
    return moment.astimezone(ZONE).isoformat()


def unit(channel: Channel) -> str:
    """Return the unit in which a channel's integers stand."""
    return "dm3" if 1 << channel & GAS_MASK else "Wh"


def ground(permit: Permit) -> dict[str, Any]:
    """Say on which ground the receiver gets this, as the receiver's own privacy officer would want it."""
    return {
        "permit": permit.id.hex(),
        "rule": permit.rule,
        "edition": permit.edition,
        "sentence": permit.sentence,
        "article": permit.article,
        "purpose": permit.request.purpose.value,
    }


def about(ean: Ean, product: Product) -> dict[str, str]:
    """Say which metering point a document is about."""
    return {"metering_point": ean.reveal(), "product": product.value}


@lru_cache(maxsize=256)
def quality(mark: int) -> str:
    """Name the quality of one interval for a reader outside."""
    if mark & Quality.MISSING:
        return "missing"
    if mark & Quality.CARRIES_GAP:
        return "sum-of-gap"
    if mark & (Quality.NOT_VALID | Quality.SUSPECT):
        return "not-valid"
    return "corrected" if mark & Quality.CORRECTED else "valid"


def series(day: ChannelDay, period: Period) -> dict[str, Any] | None:
    """Return one interval channel-day as a JSON object, cut to the period; None if no interval lies within it."""
    step, first = interval_s(day.channel), epoch_s(midnight(day.day))
    whole = cut(day, period) or _nothing(day.channel, day.day)
    count, (low, high) = len(whole.deltas) // 4, bounds_s(period)
    begin, end = max(0, -(-(low - first) // step)), min(count, (high - first) // step)
    if begin >= end:
        return None
    code, direction, _ = REGISTERS[day.channel]
    values = array("i", whole.deltas)[begin:end]
    said = [quality(mark) for mark in (whole.quality or bytes(count))[begin:end]]
    return {
        "register": code,
        "direction": direction,
        "unit": unit(day.channel),
        "resolution": "PT1H" if day.channel is Channel.GAS else "PT15M",
        "start": local(from_epoch_s(first + begin * step)),
        "values": [None if mark == "missing" else value for value, mark in zip(values, said, strict=True)],
        **({"quality": said} if any(mark != "valid" for mark in said) else {}),
    }


def starts(one: dict[str, Any]) -> list[str]:
    """Return the local start of every value of a series, offset included."""
    first = epoch_s(datetime.fromisoformat(one["start"]))
    step = HOUR_S if one["resolution"] == "PT1H" else QUARTER_S
    return [local(from_epoch_s(first + i * step)) for i in range(len(one["values"]))]


def reading(day: ChannelDay) -> dict[str, Any]:
    """Return one register reading at local midnight as a JSON object."""
    code, direction, tariff = REGISTERS[day.channel]
    mark = quality(day.quality[0] if day.quality else 0)
    return {
        "register": code,
        "direction": direction,
        **({"tariff": tariff} if tariff else {}),
        "unit": unit(day.channel),
        "at": local(midnight(day.day)),
        "value": None if mark == "missing" else day.start,
        **({"quality": mark} if mark != "valid" else {}),
    }


def content(days: Iterable[ChannelDay], period: Period) -> dict[str, list[dict[str, Any]]]:
    """Return `series` (interval channels) and `readings` (registers at midnight), cut to the period."""
    ordered = sorted(days, key=lambda d: (d.day, d.channel))
    found = [series(d, period) for d in ordered if not 1 << d.channel & DAY_MASK]
    return {
        "series": [one for one in found if one],
        "readings": [reading(d) for d in ordered if 1 << d.channel & DAY_MASK and cut(d, period) is not None],
    }


def missing(days: Iterable[ChannelDay], period: Period, mask: Mask) -> list[ChannelDay]:
    """Return a channel-day without any value for each that was asked for and is not there, so that a gap is said and not guessed.

    Raises BadInput for an open period.
    """
    there = {(day.channel, day.day) for day in days}
    asked = [
        (channel, day)
        for channel in channels_of(mask)
        for day in (*days_in(period), day_of(period.end or period.start))
        if (channel, day) not in there
    ]
    return [_nothing(channel, day) for channel, day in dict.fromkeys(asked)]


def count_missing(body: bytes) -> int:
    """Return how many values stand in a document as missing."""
    said = json.loads(body)
    values = [value for one in said["series"] for value in one["values"]] + [one["value"] for one in said["readings"]]
    return values.count(None)


def _nothing(channel: Channel, day: date) -> ChannelDay:
    """Return a channel-day of which nothing is known."""
    count = 0 if 1 << channel & DAY_MASK else quarters_in(day) * QUARTER_S // interval_s(channel)
    return ChannelDay(0, channel, day, 0, bytes(4 * count), bytes([Quality.MISSING] * max(count, 1)), 0, 0, 0)


def document(heading: Heading, days: Sequence[ChannelDay], *, gaps: bool) -> bytes:
    """Return the parcel's body: canonical UTF-8 JSON on one line, only the channels that a permit covers.

    With `gaps` whatever was asked for and is not there stands in it as missing; without, it holds what is held and no more.
    """
    mask, period = heading.mask, heading.period
    held = [day for day in days if mask >> day.channel & 1]
    return written(heading, content([*held, *(missing(held, period, mask) if gaps else ())], period))


def written(heading: Heading, values: Mapping[str, Any]) -> bytes:
    """Return the body of a document with these series and readings."""
    period = heading.period
    body = {
        "format": FORMAT,
        "reference": heading.reference,
        "created": heading.created.astimezone(UTC).isoformat(),
        **about(heading.ean, heading.product),
        "purpose": heading.purpose.value,
        "period": {"start": local(period.start), "end": local(period.end) if period.end else None},
        "grounds": [ground(permit) for permit in heading.permits],
        **({"corrects": list(heading.corrects)} if heading.corrects else {}),
        **values,
    }
    return json.dumps(body, separators=(",", ":"), sort_keys=True).encode()
