"""Adding up the homes of a transformer in a worker's memory. What leaves are sums over homes; no home's own values do."""

from collections.abc import Iterable, Mapping
from typing import Final, final

import numpy as np
from numpy.typing import NDArray

from kwartier import validation
from kwartier.model.period import Period, epoch_s
from kwartier.model.register import Channel
from kwartier.workflows.night.job import Share, ShareKey, ShareSums, Station, StationSums

Int64s = NDArray[np.int64]


@final
class TransformerSums:
    """Collects import minus export per quarter over the homes of each transformer in one batch."""

    def __init__(self, stations: Iterable[Station]) -> None:
        """Know which connection hangs on which transformer, and which meter measures its infeed."""
        self._stations = {one.transformer: one for one in stations}
        self._of = {home: one.transformer for one in self._stations.values() for home in one.capacities_w}
        self._meters = {one.meter: one.transformer for one in self._stations.values()}
        self._infeed: dict[int, Int64s] = {}
        self._net: dict[int, Int64s] = {}
        self._squares: dict[int, Int64s] = {}
        self._read: dict[int, set[int]] = {transformer: set() for transformer in self._meters.values()}

    def add(self, meter: int, connection: int, sums: Mapping[Channel, Int64s]) -> None:
        """Take one day of one meter. A home without both directions, complete and sound, counts as unread."""
        if Channel.IMPORT not in sums or Channel.EXPORT not in sums:
            return
        net = sums[Channel.IMPORT] - sums[Channel.EXPORT]
        if connection == 0:
            self._infeed[self._meters[meter]] = net
        elif connection in self._of:
            self._add_home(self._of[connection], connection, net)

    def _add_home(self, transformer: int, connection: int, net: Int64s) -> None:
        if connection in self._read[transformer]:
            return
        self._read[transformer].add(connection)
        self._net[transformer] = self._net.get(transformer, np.zeros_like(net)) + net
        self._squares[transformer] = self._squares.get(transformer, np.zeros_like(net)) + net * net

    def result(self) -> list[StationSums]:
        """Return the sums per transformer. Over fewer homes than the group there is none: the sum over one home is its own use."""
        return [self._result(transformer, frozenset(read)) for transformer, read in self._read.items()]

    def _result(self, transformer: int, read: frozenset[int]) -> StationSums:
        infeed, none = self._infeed.get(transformer), np.zeros(0, np.int64)
        told = len(read) >= self._stations[transformer].min_group
        return StationSums(
            transformer,
            None if infeed is None else infeed.tobytes(),
            (self._net[transformer] if told else none).tobytes(),
            (self._squares[transformer] if told else none).tobytes(),
            read,
        )


_TAKEN: Final = (Channel.DAY_IMPORT_LOW, Channel.DAY_IMPORT_NORMAL)
_GIVEN: Final = (Channel.DAY_EXPORT_LOW, Channel.DAY_EXPORT_NORMAL)


@final
class ShareTotals:
    """Collects what the homes of each share took and gave, on the day or in the month.

    `limits` has what each connection can take or give at the most: W, for gas dm3 per hour.
    """

    def __init__(self, shares: Iterable[Share], limits: Mapping[int, int] | None = None) -> None:
        """Know which home is in which shares."""
        self._limits = limits or {}
        self._registers: dict[int, dict[Channel, dict[int, int]]] = {}
        self._shares = {one.key: one for one in shares}
        self._of: dict[int, list[Share]] = {}
        for one in self._shares.values():
            for home in one.read:
                self._of.setdefault(home, []).append(one)
        self._made: dict[ShareKey, tuple[int, int]] = {}
        self._read: dict[ShareKey, set[int]] = {key: set() for key in self._shares}

    def register(self, connection: int, registers: Mapping[Channel, Mapping[int, int]]) -> None:
        """Take registers of single midnights, by their stamp: a month is counted when both its ends are there."""
        mine = self._registers.setdefault(connection, {}) if connection in self._of else {}
        for channel, values in registers.items():
            mine.setdefault(channel, {}).update(values)
        for share in self._of.get(connection, ()):
            if share.month is not None:
                limit = self._limits.get(connection, 0)
                rises = {channel: _rise(values, share.month, limit) for channel, values in mine.items()}
                self._take(connection, share, {channel: rise for channel, rise in rises.items() if rise is not None})

    def add(self, connection: int, totals: Mapping[Channel, int]) -> None:
        """Take one day of one home."""
        for share in self._of.get(connection, ()):
            if share.month is None:
                self._take(connection, share, totals)

    def _take(self, connection: int, share: Share, totals: Mapping[Channel, int]) -> None:
        """Count a home in once. A home without all of its registers, complete and sound, counts as unread."""
        gas = Channel.DAY_GAS in totals
        taken, given = ((Channel.DAY_GAS,), ()) if gas else (_TAKEN, _GIVEN)
        if not all(channel in totals for channel in (*taken, *given)):
            return
        if connection not in self._read[share.key]:
            self._read[share.key].add(connection)
            sums = self._made.get(share.key, (0, 0))
            more = sum(totals[one] for one in taken), sum(totals[one] for one in given)
            self._made[share.key] = sums[0] + more[0], sums[1] + more[1]

    def result(self) -> list[ShareSums]:
        """Return the sums per share. Over fewer homes than the group there is none: the sum over one home is its own use."""
        return [self._result(share, frozenset(self._read[key])) for key, share in self._shares.items()]

    def _result(self, share: Share, read: frozenset[int]) -> ShareSums:
        told = len(read & share.people) >= share.min_group
        taken, given = self._made[share.key] if told else (None, None)
        return ShareSums(share.key, taken, given, read)


def _rise(values: Mapping[int, int], month: Period, limit: int) -> int | None:
    """Return by how much a register rose in a month; None if an end is missing, or if it fell or rose beyond the capacity."""
    assert month.end is not None  # noqa: S101 - a month closes
    first_s, last_s = epoch_s(month.start), epoch_s(month.end)
    if first_s not in values or last_s not in values:
        return None
    rise = values[last_s] - values[first_s]
    return rise if rise >= 0 and not validation.exceeds(rise, limit * (last_s - first_s)) else None
