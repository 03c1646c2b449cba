"""Keeps the history: opens the line again whenever it is lost, folds what comes, and writes it down.

A telegram is folded at once. The disk is written every few seconds, and at once when an interval is complete; so a kill loses
seconds of telegrams and no energy, since registers go on counting.
"""

import asyncio
import contextlib
import sqlite3
import time
from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final, final

from kwartier.home import fold
from kwartier.home.clock import Receipt
from kwartier.home.errors import Loss, SourceLost
from kwartier.home.ledger import Entry
from kwartier.home.line import Heard, Line
from kwartier.home.live import Live
from kwartier.home.sources.source import Source
from kwartier.home.store.raw import Raw
from kwartier.home.store.writer import Batch, Told, Writer
from kwartier.home.track import Mark
from kwartier.model.period import ZONE

FIRST_WAIT_S: Final = 0.5
LONGEST_WAIT_S: Final = 30.0
MOST_PENDING: Final = 600
LINE: Final = "line"
"""Under which name the line settings that worked are noted."""


@final
class Notice(StrEnum):
    """What the keeper tells of clock and line, besides `line-` with each Loss and the events of the ledger."""

    CLOCK_WRONG = "clock-wrong"
    CLOCK_RIGHT = "clock-right"
    LINE_BACK = "line-back"


@final
class Keeper:
    """One home's reading, from a source into a store."""

    def __init__(
        self, source: Source, line: Line, writer: Writer, live: Live, *, receipt: Callable[[], Receipt], flush_s: float
    ) -> None:
        """Go on from what the store remembers."""
        self._source, self._line, self._writer, self.live = source, line, writer, live
        self._receipt: Callable[[], Receipt] = receipt
        self._began = receipt().at or 0
        self._flush_s = flush_s
        self._flushed = time.monotonic()
        self._entries: list[Entry] = []
        self._events: list[Told] = []
        self._telegrams: list[Raw] = []
        self._peaks: dict[tuple[str, str], int] = {}
        self._state = writer.state()
        self._line_name = ""
        live.state, live.place, live.is_recorded = self._state, source.place, source.is_recorded

    async def run(self) -> None:
        """Read until cancelled, or to the end of a recording. What was read is on the disk afterwards."""
        wait_s = FIRST_WAIT_S
        try:
            while True:
                before = self._line.counts.telegrams
                try:
                    await self._listen()
                except SourceLost as lost:
                    self._tell_lost(lost.why)
                else:
                    self.live.ended = True
                    return
                heard = self._line.counts.telegrams > before
                wait_s = FIRST_WAIT_S if heard else min(2 * wait_s, LONGEST_WAIT_S)
                self.flush()
                await asyncio.sleep(wait_s)
        finally:
            self.flush()

    async def _listen(self) -> None:
        async with contextlib.aclosing(self._source.chunks()) as chunks:
            async for chunk in chunks:
                for heard in self._line.receive(chunk):
                    self.take(heard)
                    await self._source.took(self.live.at)
                self.live.counts = self._line.counts
                self._flush_if_due()

    def take(self, heard: Heard) -> None:
        """Fold one telegram, and remember what must be written."""
        sample, live = heard.sample, self.live
        self._state, outcome = fold.take(self._state, sample, self._now())
        at = outcome.placed.at
        if live.lost is not None:
            self._events.append(Told(at, Notice.LINE_BACK, ""))
        if outcome.placed.news is not None:
            self._events.append(Told(at, Notice.CLOCK_WRONG if outcome.placed.news else Notice.CLOCK_RIGHT, sample.meter))
        self._events += (Told(at, happened.event, happened.meter) for happened in outcome.happened)
        self._entries += outcome.entries
        if not outcome.is_known:
            self._telegrams.append(Raw(at, heard.raw))
        if sample.month_peak_w is not None:
            month = datetime.fromtimestamp(at - 1, UTC).astimezone(ZONE).strftime("%Y-%m")
            self._peaks[month, sample.meter] = sample.month_peak_w
        live.state, live.sample, live.at, live.received, live.lost = self._state, sample, at, time.monotonic(), None
        live.is_own_clock = bool(outcome.placed.mark & Mark.OWN_CLOCK)
        live.remember(at, sample.power_w)

    def _now(self) -> Receipt:
        return Receipt(None, began=self._began) if self._source.is_recorded else self._receipt()

    def _tell_lost(self, why: Loss) -> None:
        if self.live.lost is None:
            self._events.append(Told(self._now().at or self.live.at, f"line-{why}", ""))
        self.live.lost = why

    def _flush_if_due(self) -> None:
        if self._entries or len(self._telegrams) >= MOST_PENDING or time.monotonic() - self._flushed >= self._flush_s:
            self.flush()

    def flush(self) -> None:
        """Write what is not on the disk yet. On a full disk intervals wait in memory; telegrams do not."""
        self._flushed = time.monotonic()
        if not (self._entries or self._events or self._telegrams):
            return
        peaks = [(month, meter, power) for (month, meter), power in self._peaks.items()]
        try:
            if self._source.line != self._line_name:
                self._line_name = self._source.line
                self._writer.note(LINE, self._line_name)
            self._writer.save(Batch(self._state, self._entries, self._events, self._telegrams, peaks))
        except sqlite3.OperationalError:
            self.live.is_disk_full = True
            del self._events[:-MOST_PENDING], self._telegrams[:-MOST_PENDING]
            return
        self.live.is_disk_full = False
        self._entries, self._events, self._telegrams, self._peaks = [], [], [], {}
