"""The rules that a stored row names, against those of the permits it was read under: retention and rights go by what it names.

A rule too many holds a reading longer than it may be held, and lets it be taken along where nobody consented; one too few lets it
go too early. Where a later read knew only a part, a row may rest on what an earlier one was read under as well. An erasure takes
rules away; the log says of how many rows.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import date
from typing import NamedTuple, final

import numpy as np

from kwartier.workflows.replay.findings import Findings
from kwartier.workflows.replay.held import Held, Numbers


class Kept(NamedTuple):
    """What one served permit lets be kept: a channel-day, the bounds where it covers only a part, and the bit of its rule."""

    code: int
    within: tuple[int, int] | None
    rule: int


class _Said(NamedTuple):
    """By channel-day, in order: the rules that cover it whole, and those that cover a part of it."""

    codes: Numbers
    whole: Numbers
    some: Numbers


@final
class Bases:
    """What deeds say, by local day and batch: 24 bytes per channel-day."""

    def __init__(self) -> None:
        """Start with no deed."""
        self._said: dict[date, dict[int, _Said]] = defaultdict(dict)
        self.freed: Counter[date] = Counter()
        """Rows of a day that an erasure left on fewer rules, as the log says."""

    def take(self, day: date, batch: int, kept: Iterable[Kept]) -> None:
        """Take up what a batch may have stored of a day."""
        rules: dict[int, list[int]] = defaultdict(lambda: [0, 0])
        for one in kept:
            rules[one.code][one.within is not None] |= one.rule
        codes = np.array(sorted(rules), np.int64)
        whole, some = (np.array([rules[code][part] for code in codes.tolist()], np.int64) for part in (0, 1))
        self._said[day][batch] = _Said(codes, whole, some)

    def check(self, held: Held, elsewhere: Collection[int], found: Findings) -> None:
        """Compare each day. What batches `elsewhere` were read under, outside the time compared, nobody looked at."""
        for day, said in sorted(self._said.items()):
            codes, batches, bases = held.bases(day)
            found.compared["bases"] += len(codes)
            allowed = np.zeros(len(codes), np.int64)
            short = np.zeros(len(codes), np.bool_)
            for batch, one in said.items():
                whole, some = _rules_of(codes, one)
                allowed |= whole | some
                short |= (batches == batch) & ((whole & ~bases) != 0)
            known = np.isin(batches, list(said)) & (allowed != 0)
            if not elsewhere:
                _too_many(day, codes[known & ((bases & ~allowed) != 0)], found)
            self._too_few(day, codes[short], found)

    def _too_few(self, day: date, codes: Numbers, found: Findings) -> None:
        """As many rows as the log says that an erasure left on fewer rules may name fewer."""
        for code in codes.tolist()[self.freed[day] :]:
            found.add("basis-too-small", day=day.isoformat(), connection=code >> 4, channel=code & 15)


def _too_many(day: date, codes: Numbers, found: Findings) -> None:
    for code in codes.tolist():
        found.add("basis-beyond-permits", day=day.isoformat(), connection=code >> 4, channel=code & 15)


def _rules_of(codes: Numbers, said: _Said) -> tuple[Numbers, Numbers]:
    """Return for each of these channel-days the rules that cover it whole, and in part; none where nothing is said of it."""
    if not len(said.codes):
        return np.zeros(len(codes), np.int64), np.zeros(len(codes), np.int64)
    place = np.minimum(np.searchsorted(said.codes, codes), len(said.codes) - 1)
    there = said.codes[place] == codes
    return np.where(there, said.whole[place], 0), np.where(there, said.some[place], 0)


def freed_of(body: Mapping[str, object]) -> int:
    """Return of how many rows retention said that an erasure left them on fewer rules."""
    said = body.get("freed", 0)
    return said if isinstance(said, int) else 0
