"""A channel-day narrowed to the permits that still stand, where a ground ended between its answer and its acceptance."""

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import replace

from kwartier.model.channel_day import ChannelDay, Quality
from kwartier.model.period import HOUR_S, QUARTER_S, epoch_s, midnight
from kwartier.model.permit import PermitRef
from kwartier.model.register import DAY_MASK, Channel
from kwartier.validation import cover


def narrowed(one: ChannelDay, permits: Sequence[PermitRef]) -> ChannelDay | None:
    """Return what the permits cover of a channel-day of theirs, and on which rules it rests then; None if they cover nothing.

    Each interval must lie within one permit, with the gap whose sum it carries; a day that was cut does not tell its opening
    register.
    """
    mine = [permit for permit in permits if permit.keeps and permit.mask >> one.channel & 1]
    opens = epoch_s(midnight(one.day))
    if 1 << one.channel & DAY_MASK:
        held = any(permit.first_s <= opens <= permit.last_s for permit in mine)
        return replace(one, basis=cover.basis(mine, one.channel, opens, opens)) if held else None
    step, count = HOUR_S if one.channel is Channel.GAS else QUARTER_S, len(one.deltas) // 4
    marks = one.quality or bytes(count)
    kept = list(_kept(marks, opens, step, mine))
    if not any(kept):
        return None
    basis = cover.basis(mine, one.channel, opens, opens + count * step)
    if all(keep or mark & Quality.MISSING for keep, mark in zip(kept, marks, strict=True)) and _whole(mine, opens):
        return replace(one, basis=basis)
    values = array("i", one.deltas)
    return replace(
        one,
        start=one.start if _whole(mine, opens) else 0,
        deltas=array("i", [value if keep else 0 for value, keep in zip(values, kept, strict=True)]).tobytes(),
        quality=bytes(mark if keep else Quality.MISSING for mark, keep in zip(marks, kept, strict=True)),
        basis=basis,
    )


def gives(one: ChannelDay, permit: PermitRef) -> bool:
    """True if a channel-day that was read under this permit, among others, holds a value that it asks for."""
    if not permit.keeps or not permit.mask >> one.channel & 1:
        return False
    opens = epoch_s(midnight(one.day))
    closes = opens + len(one.deltas) // 4 * (HOUR_S if one.channel is Channel.GAS else QUARTER_S)
    if not one.quality and permit.first_s <= opens and closes <= permit.last_s:
        return True
    return narrowed(one, [permit]) is not None


def _whole(permits: Sequence[PermitRef], opens: int) -> bool:
    """True if the register that opens the day is within a permit."""
    return any(permit.first_s <= opens <= permit.last_s for permit in permits)


def _kept(marks: bytes, opens: int, step: int, permits: Sequence[PermitRef]) -> Iterator[bool]:
    """Yield for each interval whether a value stands there that lies, whole, within one permit."""
    since = 0
    for place, mark in enumerate(marks):
        begin = since if mark & Quality.CARRIES_GAP else place
        first, last = opens + begin * step, opens + (place + 1) * step
        yield not mark & Quality.MISSING and any(p.first_s <= first and last <= p.last_s for p in permits)
        if not mark & Quality.MISSING:
            since = place + 1
