"""Adding up the homes of a transformer in a worker's memory. What leaves are sums over homes; no home's own values do."""

from collections.abc import Iterable, Mapping
from typing import final

import numpy as np
from numpy.typing import NDArray

from kwartier.model.register import Channel
from kwartier.workflows.night.job import Station, StationSums

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
