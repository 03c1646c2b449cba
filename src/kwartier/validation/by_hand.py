"""Registers that somebody read at the meter, by the rules of what a meter tells: they never fall, nor rise beyond the capacity."""

from collections.abc import Iterator, Sequence

from kwartier.model.register import Channel
from kwartier.model.verdict import Verdict
from kwartier.validation import rules
from kwartier.validation.series import exceeds


def by_hand(value: int, at_s: int, known: Sequence[tuple[int, int]], capacity_w: int, channel: Channel) -> Iterator[Verdict]:
    """Yield what speaks against a register (Wh, dm3) of a moment; `known` are (epoch seconds, register) of the same meter.

    `capacity_w` is W per direction, dm3 per hour for gas. The nearest before and after count: others were judged against those.
    """
    if value < 0:
        yield rules.MONOTONE.found(f"channel {channel}: negative")
    before = max(((s, v) for s, v in known if s <= at_s), default=None)
    after = min(((s, v) for s, v in known if s > at_s), default=None)
    for earlier, later in ((before, (at_s, value)), ((at_s, value), after)):
        if earlier is None or later is None:
            continue
        rise, passed = later[1] - earlier[1], later[0] - earlier[0]
        if rise < 0:
            yield rules.MONOTONE.found(f"channel {channel}: it fell")
        elif rise and exceeds(rise, capacity_w * passed):
            yield rules.CAPACITY.found(f"channel {channel}: in {passed} s")
