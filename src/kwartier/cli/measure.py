"""What a night costs: CPU of all operator processes plus PostgreSQL, and the peak of their memory. The town is left out.

CPU is user plus system time. Processes of the operator: this one and its children except the town, and the embedded
PostgreSQL with its backends (a server behind a DSN is not ours to measure). Memory is the sum of PSS without PostgreSQL.
"""

import threading
from types import TracebackType
from typing import Self, final

import psutil

from kwartier.workflows.installation import Installation

EVERY_S = 0.25
_MB = 1024 * 1024


@final
class Meter:
    """Measures while it is open."""

    def __init__(self, house: Installation, town_pid: int) -> None:
        """Know what to leave out and which server to count in."""
        self._me = psutil.Process()
        self._town = town_pid
        self._server = house.server_pid
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self.cpu_s = 0.0
        self.peak_mb = 0.0

    def __enter__(self) -> Self:
        """Start watching."""
        self._before = self._cpu()
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None) -> None:
        """Stop watching; the figures are in `cpu_s` and `peak_mb`."""
        self._stop.set()
        self._thread.join()
        self.cpu_s = self._cpu() - self._before

    def _watch(self) -> None:
        while not self._stop.wait(EVERY_S):
            self.peak_mb = max(self.peak_mb, sum(map(_pss, self._ours())) / _MB)

    def _ours(self) -> list[psutil.Process]:
        return [self._me, *(one for one in self._me.children(recursive=True) if one.pid != self._town)]

    def _postgres(self) -> list[psutil.Process]:
        if self._server is None:
            return []
        try:
            postmaster = psutil.Process(self._server)
            return [postmaster, *postmaster.children()]
        except psutil.Error:
            return []

    def _cpu(self) -> float:
        """Return CPU seconds so far, those of ended children included (workers and backends that came and went)."""
        own = self._me.cpu_times()
        total = own.user + own.system + own.children_user + own.children_system
        total += sum(map(_cpu_alone, self._ours()[1:]))
        postgres = self._postgres()
        total += sum(map(_cpu_alone, postgres))
        if postgres:
            ended = postgres[0].cpu_times()
            total += ended.children_user + ended.children_system
        return float(total)


def _cpu_alone(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.Error:
        return 0.0
    return float(times.user + times.system)


def _pss(process: psutil.Process) -> int:
    try:
        return int(process.memory_full_info().pss)
    except psutil.Error:
        return 0
