"""The logs of a meter: what happened, a row each, and the profile over it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from operator import itemgetter
from typing import NamedTuple, final

import numpy as np
from numpy.typing import NDArray

from kwartier.simulator.smr5 import Layout
from kwartier.wire.dlms.server.profile import Cells, Profile, rows


class Log(StrEnum):
    """The logs of device and grid care."""

    STANDARD = "standard"
    FRAUD = "fraud"
    MBUS = "mbus"
    QUALITY = "quality"
    FAILURES = "failures"


class Entry(NamedTuple):
    """One row: its stamp in epoch seconds by the meter's clock, and an event code; of a power failure its end and seconds."""

    stamp_s: int
    value: int


@final
@dataclass(frozen=True, slots=True)
class LogTable:
    """The rows of a log, oldest first. `wide`: the value is a double-long-unsigned, else an unsigned."""

    stamps: NDArray[np.int64]
    values: NDArray[np.int64]
    wide: bool

    def encode(self, first: int, end: int) -> bytes:
        """Encode rows [first, end)."""
        values = self.values[first:end]
        cells = Cells.u32(values) if self.wide else Cells.u8(values.astype(np.uint8))
        return rows((Cells.stamps(self.stamps[first:end]), cells))


@final
@dataclass(frozen=True, slots=True)
class LogSource:
    """A log whose entries are asked for anew each time; of too many the oldest are gone."""

    entries: Callable[[], Sequence[Entry]]
    most: int
    wide: bool

    def table(self, at: int) -> LogTable:  # noqa: ARG002 - nothing in a log is yet to come
        """Return what is held."""
        kept = np.array(sorted(self.entries(), key=itemgetter(0))[-self.most :], np.int64).reshape(-1, 2)
        return LogTable(kept[:, 0], kept[:, 1], self.wide)


def profile(layout: Layout, entries: Callable[[], Sequence[Entry]], *, wide: bool) -> Profile:
    """Put a log into its layout."""
    return Profile(layout.obis, layout.columns, layout.period_s, layout.entries, LogSource(entries, layout.entries, wide))
