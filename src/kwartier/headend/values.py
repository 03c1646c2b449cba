"""What the head-end is asked and what it answers. Values only."""

from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, final

from kwartier.model.care import Errand, Sight
from kwartier.model.errors import BadInput
from kwartier.model.meter import MeterModel
from kwartier.model.permit import PermitRef
from kwartier.model.task import GapReason, Result, Task
from kwartier.wire.dlms.client.chores import Image
from kwartier.wire.dlms.rows import Rows

Work = Task | Errand
"""What a meter is visited for: the rows of a profile, or a chore."""


@final
@dataclass(frozen=True, slots=True)
class MeterJob:
    """All that one meter is asked in one visit, and what it takes: address, titles, keys, and the counters [first_ic, end_ic).

    The counters were reserved and made durable before; each is used at most once. `images` are the firmware images that its
    errands load, by their number. `repr` shows neither address nor keys.
    """

    meter: int
    host: str
    port: int
    model: MeterModel
    client_title: bytes
    system_title: bytes
    guek: bytes
    gak: bytes
    first_ic: int
    end_ic: int
    tasks: tuple[Work, ...]
    images: Mapping[int, Image] = field(default_factory=dict)

    def __repr__(self) -> str:
        """Show the surrogate key and how much is asked."""
        return f"MeterJob(meter={self.meter}, tasks={len(self.tasks)})"


@final
@dataclass(frozen=True, slots=True)
class Limits:
    """How patient and how parallel the head-end is. Times in seconds.

    `answer_s` bounds one request and its answer, `session_s` one association from connect to release. `tries` counts associations
    per meter; `pause_s` lies between them, since a meter takes one connection at a time. `stop_age_s` is how old the stop list may
    be when a GET is sent. After `total_s` no association is begun any more. `general_glo` asks in general-glo-ciphering (DB).
    """

    concurrency: int = 400
    connect_s: float = 5.0
    answer_s: float = 10.0
    session_s: float = 60.0
    tries: int = 2
    pause_s: float = 0.5
    release_s: float = 2.0
    stop_age_s: float = 0.25
    total_s: float | None = None
    general_glo: bool = False

    def __post_init__(self) -> None:
        """Refuse limits under which nothing could be read."""
        times = (self.connect_s, self.answer_s, self.session_s, self.release_s)
        if min(self.concurrency, self.tries) < 1 or min(times) <= 0 or min(self.pause_s, self.stop_age_s) < 0:
            msg = "limits are positive"
            raise BadInput(msg)


class StopList(Protocol):
    """The grounds that ended since the night was planned."""

    def fresh(self, max_age_s: float) -> Awaitable[None]:
        """Return once the list is at most this old; raise if it cannot be had: then nothing is read any more."""

    def stopped(self, ref: PermitRef) -> bool:
        """True if the permit's ground has ended."""


@final
@dataclass(frozen=True, slots=True)
class TaskAnswer:
    """What became of one task.

    `live` are the permits that no stop list named, neither just before its GET was sent nor when its answer came, if any.
    READ has `rows`, or a `sight` where the task was an errand; GAP has a `reason`; STOPPED has nothing: nothing was asked, or with
    the reason WITHDRAWN what came was thrown away. `at` is when it ended, UTC.
    """

    task: Work
    result: Result
    reason: GapReason | None
    rows: Rows | None
    live: tuple[PermitRef, ...]
    at: datetime
    sight: Sight | None = None


@final
@dataclass(frozen=True, slots=True)
class MeterAnswer:
    """What became of the tasks of one meter, in their order. `next_ic` is the first counter of the range that was not used.

    `meter_ic` is the last counter the meter says it took, when it had to be asked. It is not authenticated: bound the jump.
    """

    meter: int
    answers: tuple[TaskAnswer, ...]
    next_ic: int
    meter_ic: int | None
