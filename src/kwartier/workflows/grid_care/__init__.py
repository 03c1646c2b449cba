"""S17, S18, S19: the grid, now and then: outages, dangerous situations, energy loss; each under its own use case."""

from kwartier.store.registry.allocation import Allocated
from kwartier.store.registry.reconciliation import Settled
from kwartier.workflows.grid_care.alarms import Fate, take
from kwartier.workflows.grid_care.allocation import Allocation, allocated
from kwartier.workflows.grid_care.dangers import Endangered, endangered, look_for_dangers, look_into_alarms, wanted
from kwartier.workflows.grid_care.loss import Losses, losses
from kwartier.workflows.grid_care.outages import Outages, Search, find_outages
from kwartier.workflows.grid_care.reconciliation import Reconciliation, reconciled

__all__ = [
    "Allocated",
    "Allocation",
    "Endangered",
    "Fate",
    "Losses",
    "Outages",
    "Reconciliation",
    "Search",
    "Settled",
    "allocated",
    "endangered",
    "find_outages",
    "look_for_dangers",
    "look_into_alarms",
    "losses",
    "reconciled",
    "take",
    "wanted",
]
