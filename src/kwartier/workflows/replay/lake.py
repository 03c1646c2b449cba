"""The lake against the deeds, both ways: no stored channel-day without a deed that covers it, no deed without what it stored.

What was put aside because it was doubted is stored too, if not there.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Final, final

import numpy as np

from kwartier.model.channel_day import Quality
from kwartier.model.period import HOUR_S, QUARTER_S, epoch_s, midnight
from kwartier.model.register import Channel, channels_of
from kwartier.store.registry.replay import Aside
from kwartier.workflows.replay.book import Book, Codes
from kwartier.workflows.replay.findings import Findings
from kwartier.workflows.replay.held import Held, Value
from kwartier.workflows.replay.tasks import MASKS, code_of

SETTLED = "committed"
DAY: Final = timedelta(days=1)


@final
class Lake:
    """Compares day by day; what it holds at a time is one day's keys."""

    def __init__(self, held: Held, book: Book, states: dict[int, str], now: Callable[[], dict[int, str]], found: Findings) -> None:
        """`states` are the batches that the registry knew when the log was read; those that it knows `now` besides came later.

        What a running night adds after the log was read is left alone; a batch that nobody knows is not.
        """
        self._held = held
        self._now = now
        self._book = book
        self._states = states
        self._found = found
        self._present: Counter[int] = Counter()
        self._rows: Counter[int] = Counter()

    def check(self) -> None:
        """Compare every day that is held or was covered, then count what each batch should have left."""
        for day in sorted(self._held.days() | set(self._book.covered)):
            self._day(day)
        for batch, expected in self._book.stored.items():
            if self._states.get(batch) == SETTLED and self._present[batch] < expected:
                self._found.add("rows-missing", expected - self._present[batch], batch=batch)
            if (rows := self._rows[batch] + self._book.gone[batch]) > expected:
                self._found.add("rows-beyond-deed", rows - expected, batch=batch)

    def _day(self, day: date) -> None:
        codes, batches = self._held.rows(day)
        covered = self._book.covered.get(day, {})
        for batch in np.unique(batches).tolist():
            if batch not in self._book.elsewhere and (batch in self._states or batch not in self._now()):
                self._batch(day, batch, codes[batches == batch], covered.get(batch))
        order = np.argsort(codes)
        for batch, expected in covered.items():
            # what a later batch read again has taken the place of this one's
            place = np.searchsorted(codes, expected, sorter=order)
            there = place < len(codes)
            at = order[place[there]]
            self._present[batch] += int(((codes[at] == expected[there]) & (batches[at] > batch)).sum())
        self._given_up(day, covered, codes)
        for code in sorted(self._held.too_long(day)):
            self._found.add("row-beyond-permits", day=day.isoformat(), connection=code >> 4, channel=code & 15)

    def _given_up(self, day: date, covered: Mapping[int, Codes], there: Codes) -> None:
        """Count as present what retention said it took away: rows of this batch, or of a later one that had taken their place."""
        said = self._book.given_up.get(day)
        if not said:
            return
        for batch, expected in covered.items():
            gone = expected[~np.isin(expected, there)]
            later = [one for one in covered if one > batch and said[one]]
            replaced = np.isin(gone, np.concatenate([covered[one] for one in later])).sum() if later else 0
            allowed = said[batch] + min(int(replaced), sum(said[one] for one in later))
            self._present[batch] += min(len(gone), allowed)

    def _batch(self, day: date, batch: int, codes: Codes, covered: Codes | None) -> None:
        self._present[batch] += len(codes)
        self._rows[batch] += len(codes)
        self._found.compared["channel_days"] += len(codes)
        known = np.isin(codes, covered) if covered is not None else np.zeros(len(codes), np.bool_)
        for code in codes[~known].tolist():
            self._found.add("row-without-deed", batch=batch, day=day.isoformat(), connection=code >> 4, channel=code & 15)
        partly = [code for code in codes[known].tolist() if (batch, day, code) in self._book.partly]
        if partly:
            held = self._held.values(day, {code >> 4 for code in partly})
            for code in partly:
                self._part(day, batch, code, held.get(code, ()))

    def _part(self, day: date, batch: int, code: int, held: Sequence[Value]) -> None:
        """Of a day that permits cover in part, the intervals outside them must be missing; an earlier batch may have given some."""
        bounds = self._bounds(day, code)
        if bounds is None:
            return
        channel = Channel(code & 15)
        step = HOUR_S if channel is Channel.GAS else QUARTER_S
        opens = epoch_s(midnight(day))
        for one in held:
            for place in range(len(one.deltas)):
                start = opens + place * step
                kept = not (one.quality and one.quality[place] & Quality.MISSING)
                if kept and not any(first <= start and start + step <= last for first, last in bounds):
                    self._found.add(
                        "row-beyond-permits", batch=batch, day=day.isoformat(), connection=code >> 4, channel=int(channel)
                    )
                    return

    def _bounds(self, day: date, code: int) -> list[tuple[int, int]] | None:
        """Return the parts of a day that deeds cover for a channel; None if one covers it whole."""
        bounds: list[tuple[int, int]] = []
        for batch, codes in self._book.covered.get(day, {}).items():
            if code in codes:
                part = self._book.partly.get((batch, day, code))
                if part is None:
                    return None
                bounds += part
        return bounds


def put_aside(answers: Iterable[Aside], book: Book, found: Findings) -> None:
    """Compare the answers of which values were put aside: some permit that lets them be kept was served by that very read."""
    for one in answers:
        found.compared["put_aside"] += 1
        if one.batch not in book.elsewhere and not _is_kept(one, book):
            found.add("row-without-deed", batch=one.batch, connection=one.connection, profile=one.profile)


def _is_kept(one: Aside, book: Book) -> bool:
    """True if its batch may keep something of what the answer can hold, of a day that it reaches into."""
    wanted = [code_of(one.connection, channel) for channel in channels_of(MASKS.get(one.profile, 0))]
    return any(
        bool(np.isin(wanted, batches[one.batch]).any())
        for day, batches in book.covered.items()
        if one.batch in batches and one.first_s <= epoch_s(midnight(day + DAY)) and epoch_s(midnight(day)) <= one.last_s
    )
