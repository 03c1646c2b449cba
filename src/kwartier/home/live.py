"""What is known right now, for the page and the broker. Written by the keeper, read by everybody, kept in memory only."""

from collections import deque
from dataclasses import dataclass, field
from typing import Final, final

from kwartier.home.errors import Loss
from kwartier.home.fold import State
from kwartier.home.line import Counts
from kwartier.home.sample import Sample
from kwartier.model.period import HOUR_S, QUARTER_S

CURVE_S: Final = 900
CURVE_POINTS: Final = 900


@final
@dataclass(slots=True)
class Live:
    """The newest telegram, the power of the last quarter of an hour, and how the line is.

    `lost` is why there is no line now; None while there is one, or none was tried yet. `ended`: a recording was read to its end.
    """

    place: str = ""
    is_recorded: bool = False
    state: State = field(default_factory=State)
    sample: Sample | None = None
    at: int = 0
    received: float = 0.0
    """By the clock that only goes forward: seconds, comparable with `time.monotonic()`."""
    is_own_clock: bool = False
    counts: Counts = field(default_factory=Counts)
    lost: Loss | None = None
    ended: bool = False
    is_disk_full: bool = False
    curve: deque[tuple[int, int]] = field(default_factory=lambda: deque(maxlen=CURVE_POINTS))
    broker: str = "off"
    """off, connected, or away."""

    def remember(self, at: int, power_w: int | None) -> None:
        """Add a point to the curve of the last quarter of an hour."""
        if power_w is not None:
            self.curve.append((at, power_w))
        while self.curve and not 0 <= at - self.curve[0][0] < CURVE_S:
            self.curve.popleft()

    def running_w(self) -> int | None:
        """Return the mean power taken in the quarter-hour that runs, up to now: as the meter says, or from its registers."""
        if self.sample is not None and self.sample.demand_w is not None:
            return self.sample.demand_w
        account = self.state.electricity.account
        if account is None or account.track.at - account.track.start > QUARTER_S:
            return None
        track = account.track
        taken = sum(value for counter, value in zip(account.counters, track.open_values, strict=True) if counter.is_import)
        return taken * HOUR_S // QUARTER_S
