"""What the live permits cover: which rows of which channel may be kept, which only added up, and which are overread."""

from collections.abc import Iterable, Sequence

import numpy as np

from kwartier.model.permit import PermitRef
from kwartier.model.register import Channel, Mask
from kwartier.validation.span import Bools, Int64s
from kwartier.wire.dlms.rows import Rows


def covered(stamps: Int64s, permits: Iterable[PermitRef], channel: Channel) -> Bools | None:
    """Return per rising stamp whether a permit for the channel covers it, bounds included; None if all of them are."""
    bounds = (int(stamps[0]), int(stamps[-1])) if len(stamps) else (0, 0)
    return None if _whole(bounds, permits, channel) else _within(stamps, permits, channel)


def _whole(bounds: tuple[int, int], permits: Iterable[PermitRef], channel: Channel) -> bool:
    first, last = bounds
    return any(p.mask >> channel & 1 and p.first_s <= first and last <= p.last_s for p in permits)


def _within(stamps: Int64s, permits: Iterable[PermitRef], channel: Channel) -> Bools:
    found = np.zeros(len(stamps), np.bool_)
    for permit in permits:
        if permit.mask >> channel & 1:
            found |= (stamps >= permit.first_s) & (stamps <= permit.last_s)
    return found


def spanned(stamps: Int64s, permits: Iterable[PermitRef], channel: Channel) -> Bools:
    """Return per interval between subsequent stamps whether one permit covers both its ends.

    Two covered ends are not enough: where one permit stops and another begins later, the time between them is nobody's.
    """
    found = np.zeros(max(len(stamps) - 1, 0), np.bool_)
    for permit in permits:
        if permit.mask >> channel & 1:
            found |= (stamps[:-1] >= permit.first_s) & (stamps[1:] <= permit.last_s)
    return found


def basis(permits: Iterable[PermitRef], channel: Channel, opens_s: int, closes_s: int) -> int:
    """Return the bits of the rules whose permits cover time of the channel between two moments, or the one moment they are."""
    bits = 0
    for permit in permits:
        shared = min(permit.last_s, closes_s) - max(permit.first_s, opens_s)
        if permit.mask >> channel & 1 and (shared > 0 or (shared == 0 and opens_s == closes_s)):
            bits |= 1 << permit.rule_no
    return bits


def mask(permits: Iterable[PermitRef]) -> Mask:
    """Return the channels that any of the permits covers."""
    bits = 0
    for permit in permits:
        bits |= permit.mask
    return bits


def dropped(rows: Rows, permits: Sequence[PermitRef]) -> int:
    """Count the cells of value columns that no live permit covers: the unavoidable overread."""
    stamps = rows.stamps
    if not len(stamps):
        return 0
    bounds = (int(stamps.min()), int(stamps.max()))
    beyond = [channel for channel in rows.values if not _whole(bounds, permits, channel)]
    return sum(len(stamps) - int(_within(stamps, permits, channel).sum()) for channel in beyond)


def narrow(rows: Rows, permits: Sequence[PermitRef]) -> Rows:
    """Return the rows without what the permits do not cover: whole rows, whole columns, and single cells as missing."""
    asked = mask(permits)
    inside = {channel: _within(rows.stamps, permits, channel) for channel in rows.values if asked >> channel & 1}
    kept = np.zeros(len(rows.stamps), np.bool_)
    for one in inside.values():
        kept |= one
    return Rows(
        rows.stamps[kept],
        rows.status[kept],
        {channel: np.where(one, rows.values[channel], 0)[kept] for channel, one in inside.items()},
        {channel: (rows.missing[channel] | ~one)[kept] for channel, one in inside.items()},
        None if rows.capture is None else rows.capture[kept],
    )
