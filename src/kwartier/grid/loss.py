"""Energy loss per transformer and quarter-hour: transported minus consumed (S19), and never a figure that shows a home.

    loss = infeed - backflow - sum over all homes of (import - export)

Homes that were not read are estimated, each by the mean of the homes that were, and how far that may be off is stated twice: as a
bound that holds whatever they did, and as a likely figure.

**What is withheld.** Everything here rests on sums over homes, and two sums can be subtracted. With the infeed at hand, infeed less
the sum over the homes read is the use of the unread ones plus a technical loss that anybody can guess. So a figure needs at least
`min_group` homes that were read, and the homes not read must be none or at least `min_group` as well: otherwise the figure would
show the quarter-hours of just those few who could not, or would not, be read. For the same reason a quarter has one figure: a
second one, after more homes were read, would show the difference; the caller publishes once per transformer and day.
An empty home hides nobody, so the caller asks `withheld` about inhabited ones besides.
What this cannot prevent: somebody who already knows all homes of a group but one.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, final

import numpy as np
from numpy.typing import NDArray

from kwartier.grid.errors import BadBalance

Int64s = NDArray[np.int64]

QUARTERS_PER_HOUR: Final = 4

TOO_FEW_READ: Final = "fewer homes were read than the group size"
TOO_FEW_UNREAD: Final = "fewer homes than the group size were not read, and the difference would show them"


@final
@dataclass(frozen=True, slots=True, eq=False)
class Balance:
    """The loss of one transformer, int64 Wh per quarter. The true loss lies within `loss_wh` +- `uncertainty_wh`.

    `estimate_wh` is what the homes not read were taken to use, within `loss_wh` already. `likely_wh` is two standard deviations
    of the estimate, from the spread of the homes read; it is a statement about ordinary homes, not a bound.
    """

    homes: int
    homes_read: int
    loss_wh: Int64s
    estimate_wh: Int64s
    uncertainty_wh: Int64s
    likely_wh: Int64s


@final
@dataclass(frozen=True, slots=True)
class Withheld:
    """No figure is published, and why."""

    reason: str


def withheld(read: int, unread: int, min_group: int) -> Withheld | None:
    """Return why a figure over so many homes may not be told, None if it may.

    Count homes in which somebody lives: an empty one hides nobody. What can be foreseen before the night needs no reading at all.
    """
    if read < max(min_group, 2):
        return Withheld(TOO_FEW_READ)
    return Withheld(TOO_FEW_UNREAD) if 0 < unread < min_group else None


def balance(
    infeed_wh: Int64s,
    net_use_wh: Int64s,
    *,
    net_use_sq: Int64s,
    homes: int,
    homes_read: int,
    min_group: int,
    unread_capacities_w: Sequence[int],
) -> Balance | Withheld:
    """Return the loss per quarter, or why it is withheld. Raises BadBalance.

    `infeed_wh` is what the station meter gave less what flowed back; `net_use_wh` and `net_use_sq` are the sum and the sum of
    squares, over the homes read, of import less export. A home's net use per quarter lies within its capacity either way.
    """
    unread = homes - homes_read
    if homes_read < 0 or unread < 0 or len(unread_capacities_w) != unread:
        msg = "homes, homes read and capacities of the unread do not fit"
        raise BadBalance(msg)
    if (why := withheld(homes_read, unread, min_group)) is not None:
        return why
    if not infeed_wh.shape == net_use_wh.shape == net_use_sq.shape:
        msg = "infeed and sums have different numbers of quarters"
        raise BadBalance(msg)
    bound = sum(-(-watts // QUARTERS_PER_HOUR) for watts in unread_capacities_w)
    estimate = np.clip(_scaled(net_use_wh, unread, homes_read), -bound, bound)
    uncertainty = np.abs(estimate) + bound
    likely = np.minimum(_two_sigma(net_use_wh, net_use_sq, unread, homes_read), uncertainty)
    return Balance(homes, homes_read, infeed_wh - net_use_wh - estimate, estimate, uncertainty, likely)


def _scaled(net_use_wh: Int64s, unread: int, read: int) -> Int64s:
    """Return unread times the mean of those read, rounded to the nearest Wh, halves up."""
    scaled: Int64s = (2 * unread * net_use_wh + read) // (2 * read)
    return scaled


def _two_sigma(total: Int64s, squares: Int64s, unread: int, read: int) -> Int64s:
    """Return 2 standard deviations of (unread times the mean of the read) against the true sum of the unread, rounded up.

    With s2 the sample variance of the homes read, the variance is s2 * unread * (unread + read) / read: both the sum of the
    unread and the mean of the read scatter. Python's integers: the squares outgrow 64 bits.
    """
    factor = 4 * unread * (unread + read)
    below = read * read * (read - 1)
    spread = [read * sq - net * net for net, sq in zip(total.tolist(), squares.tolist(), strict=True)]
    return np.array([_root_up(factor * max(one, 0), below) for one in spread], np.int64)


def _root_up(above: int, below: int) -> int:
    """Return the least whole number whose square is at least above / below."""
    return math.isqrt(-(-above // below) - 1) + 1 if above else 0


@final
@dataclass(frozen=True, slots=True, eq=False)
class Sum:
    """A sum over homes, int64 per quarter: net use in Wh, squares of it, and how many homes. Nothing of one home is left in it."""

    net_use_wh: Int64s
    net_use_sq: Int64s
    homes: int

    def __add__(self, other: "Sum") -> "Sum":
        """Return the sum over the homes of both. Raises BadBalance for days of different length."""
        if self.net_use_wh.shape != other.net_use_wh.shape:
            msg = "sums over different numbers of quarters"
            raise BadBalance(msg)
        return Sum(self.net_use_wh + other.net_use_wh, self.net_use_sq + other.net_use_sq, self.homes + other.homes)


@final
@dataclass(slots=True, eq=False)
class LossSums:
    """Sums per transformer, for one local day. Each home is added once."""

    by_transformer: dict[int, Sum] = field(default_factory=dict)

    def add(self, transformer: int, import_wh: Int64s, export_wh: Int64s) -> None:
        """Add one home's quarters. Raises BadBalance."""
        net = import_wh.astype(np.int64) - export_wh.astype(np.int64)
        self._add(transformer, Sum(net, net * net, 1))

    def _add(self, transformer: int, part: Sum) -> None:
        held = self.by_transformer.get(transformer)
        self.by_transformer[transformer] = part if held is None else held + part
