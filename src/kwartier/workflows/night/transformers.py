"""S19: of which transformers the energy loss is computed tonight, and which homes are read for it.

A home is read for a balance only if there can be one: its transformer has a station meter that may be read, under the same use
case, and the figure can be told. Infeed less the homes read is what the others used, so where some cannot be read, enough others
are left unread beside them, those first that were read most this year. Where that leaves too few to read, nobody is read at all:
what cannot be told is not necessary.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import final

from kwartier.model.ground import Purpose, Request
from kwartier.model.period import day_period
from kwartier.model.permit import Permit
from kwartier.store.registry.facts import ConnectionRow, StationRow
from kwartier.workflows.night import hiding
from kwartier.workflows.night.job import Station


@final
@dataclass(slots=True)
class Transformer:
    """One transformer and the permit to read its station meter, which names use case and group size."""

    row: StationRow
    permit: Permit
    capacities_w: dict[int, int] = field(default_factory=dict)
    vacant: set[int] = field(default_factory=set)
    readable: dict[int, int] = field(default_factory=dict)
    """Homes that may be read, each with the days on which it was this year."""

    @property
    def use_case(self) -> int:
        """The use case under which all of this balance is read."""
        return self.permit.request.requester.id

    def add(self, home: ConnectionRow, permits: Iterable[Permit], day: date) -> None:
        """Count a home: whether somebody lives there, and whether it may be read for the balance."""
        self.capacities_w[home.key] = home.capacity_w
        if not any(one.period.overlaps(day_period(day)) for one in home.facts.occupancies):
            self.vacant.add(home.key)
        if home.wired is not None and any(is_loss(permit.request) for permit in permits):
            self.readable[home.key] = len(home.facts.used_days.get(self.use_case, ()))

    def read(self) -> frozenset[int]:
        """Return the homes to read: all that may be, less those that must hide the ones that may not."""
        return hiding.chosen(self.capacities_w.keys() - self.vacant, self.readable, self.permit.min_group)

    def untold(self) -> str | None:
        """Return why no figure could be told even if every home to read were read, None if one could."""
        return hiding.untold(self.capacities_w.keys() - self.vacant, self.read(), self.permit.min_group)

    def station(self) -> Station:
        """Return what a worker needs to make the balance."""
        vacant = frozenset(self.vacant)
        return Station(self.row.transformer, self.use_case, self.permit.min_group, self.row.meter, self.capacities_w, vacant)


def is_loss(request: Request) -> bool:
    """True for a question about a home or a station for the energy loss."""
    return request.purpose is Purpose.ENERGY_LOSS


def belongs(request: Request, here: Transformer | None) -> bool:
    """True unless a question for the energy loss has no balance, or that of another use case."""
    return not is_loss(request) or (here is not None and request.requester.id == here.use_case)
