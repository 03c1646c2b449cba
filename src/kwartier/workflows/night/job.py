"""What crosses to a worker and back. Plain values, picklable, no secrets in the clear: keys travel wrapped."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple, final

from kwartier.model.period import Period
from kwartier.model.permit import PermitRef
from kwartier.model.register import Product
from kwartier.model.task import GapReason, Result, Task
from kwartier.model.verdict import Verdict
from kwartier.store.readings import StagedFile
from kwartier.workflows.visits.reach import MeterTarget, Place


@final
@dataclass(frozen=True, slots=True)
class Station:
    """A transformer whose balance this batch makes: all its homes and its station meter lie within the batch.

    `capacities_w` has every connection on it, read or not; in those of `vacant` nobody lives on that day.
    """

    transformer: int
    use_case: int
    min_group: int
    meter: int
    capacities_w: dict[int, int]
    vacant: frozenset[int]


class ShareKey(NamedTuple):
    """What makes a share: the use case, the transformer (0: on none), the supplier, the product."""

    use_case: int
    transformer: int
    party: int
    product: Product


@final
@dataclass(frozen=True, slots=True)
class Share:
    """The homes of one supplier on one transformer: in which somebody lives, and which of them are read.

    `month` is what reconciliation is about; None is the day of the night, for allocation.
    """

    key: ShareKey
    area: str
    min_group: int
    people: frozenset[int]
    read: frozenset[int]
    month: Period | None = None


@final
@dataclass(frozen=True, slots=True)
class ShareSums:
    """What the homes of a share took and gave on the day or in the month, Wh, dm3 for gas; None where too few were read.

    `withdrawn`: there was one, and a ground for it ended before it was accepted.
    """

    key: ShareKey
    taken: int | None
    given: int | None
    read: frozenset[int]
    withdrawn: bool = False


@final
@dataclass(frozen=True, slots=True)
class BatchJob:
    """One batch of meters: the unit that is read, validated, staged and committed as a whole. `day` is what the night is about.

    `unasked` are tasks that become gaps without a visit, each with its reason.
    """

    batch: int
    day: date
    place: Place
    targets: tuple[MeterTarget, ...]
    unasked: tuple[tuple[Task, GapReason], ...]
    capacities_w: dict[int, int]
    stations: tuple[Station, ...]
    shares: tuple[Share, ...] = ()


@final
@dataclass(frozen=True, slots=True)
class Outcome:
    """How one task ended. `served` are the permits that were live when its GET went out and whose values were taken.

    `short` are those among them of which nothing was kept that they asked for: they are asked again, and nothing is promised.
    """

    task: Task
    result: Result
    reason: GapReason | None
    served: tuple[PermitRef, ...]
    at: datetime
    short: tuple[PermitRef, ...] = ()

    @property
    def given(self) -> tuple[PermitRef, ...]:
        """The permits that got something of what they asked for."""
        return tuple(ref for ref in self.served if ref not in self.short)


@final
@dataclass(frozen=True, slots=True)
class Quarantined:
    """An answer that validation keeps out of the lake, whole, with its reasons."""

    task: Task
    verdicts: tuple[Verdict, ...]
    rows: bytes


@final
@dataclass(frozen=True, slots=True)
class StationSums:
    """Sums over the homes of one transformer: int64 per quarter in native order. Empty where they are fewer than the group.

    `withdrawn`: there was one, and a ground for it ended before it was accepted.
    """

    transformer: int
    infeed_wh: bytes | None
    net_use_wh: bytes
    net_use_sq: bytes
    read: frozenset[int]
    withdrawn: bool = False


@final
@dataclass(slots=True)
class BatchResult:
    """What a worker brings home. `counters` are meters whose own counter was ahead of ours, with the counter they told."""

    batch: int
    files: list[StagedFile] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    quarantined: list[Quarantined] = field(default_factory=list)
    sums: list[StationSums] = field(default_factory=list)
    shares: list[ShareSums] = field(default_factory=list)
    counters: dict[int, int] = field(default_factory=dict)
    channel_days: int = 0
    readings: int = 0
    overread: int = 0
