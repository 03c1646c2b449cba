"""What a round means to do: made before any meter is touched, and written down as it is."""

from dataclasses import dataclass, field
from typing import Final, final

from kwartier.model.ground import Refusal
from kwartier.model.permit import Permit
from kwartier.model.task import Task
from kwartier.planning.plan import Wired
from kwartier.store.registry.stops import Loaded
from kwartier.workflows.night.job import Share, Station

ACTOR: Final = "operator"


@final
@dataclass(slots=True)
class Intent:
    """One round decided and planned. `permits` by id; `refusals` go to the log with the tasks.

    `stations` are the transformers that get their balance; `untold` those whose figure could not be told whatever was read, with
    the reason, so that nobody is read for it; `shares` and `untold_shares` are the same for allocation and reconciliation.
    `made_before` counts the reads about this day that an earlier night made. `subjects` has the codes of the people in it, by key;
    `wired` how each connection is read.
    """

    loaded: Loaded
    batch: int = 0
    tasks: list[Task] = field(default_factory=list)
    permits: dict[bytes, Permit] = field(default_factory=dict)
    refusals: list[Refusal] = field(default_factory=list)
    all_reads: int = 0
    made_before: int = 0
    subjects: dict[int, str] = field(default_factory=dict)
    capacities_w: dict[int, int] = field(default_factory=dict)
    wired: dict[int, Wired] = field(default_factory=dict)
    stations: list[Station] = field(default_factory=list)
    untold: list[tuple[Station, str]] = field(default_factory=list)
    shares: list[Share] = field(default_factory=list)
    untold_shares: list[tuple[Share, str]] = field(default_factory=list)
