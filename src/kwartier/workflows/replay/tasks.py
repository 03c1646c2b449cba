"""What a night meant to ask of a meter, as the log has it: which rows, on which grounds, and what of the answer may be kept."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final, NamedTuple, final

from kwartier.audit.leaves import Grant
from kwartier.model.care import CLASS_OF, Chore, action_of
from kwartier.model.ground import Action, DataClass
from kwartier.model.period import day_of, epoch_s, from_epoch_s, midnight
from kwartier.model.register import DAY_MASK, channels_of
from kwartier.model.task import ProfileName
from kwartier.workflows.replay.rows import bare

MASKS: Final[Mapping[str, int]] = {
    ProfileName.E_INTERVAL: 1 << 1 | 1 << 2,
    ProfileName.E_DAY: 1 << 4 | 1 << 5 | 1 << 6 | 1 << 7,
    ProfileName.G_INTERVAL: 1 << 3,
    ProfileName.G_DAY: 1 << 8,
}
"""The channels that each profile can serve."""
ABANDONED: Final = timedelta(days=1)
"""How long the intent of a batch without deed may still be carried out: its worker may outlive a coordinator that was killed."""

_CHORES: Final = frozenset(chore.value for chore in Chore)


class TaskKey(NamedTuple):
    """What makes a task of a batch: the same in intent and deed."""

    connection: int
    meter: int
    profile: str
    mbus: int
    first_s: int
    last_s: int

    @classmethod
    def of(cls, body: dict[str, Any]) -> "TaskKey":
        """Read it from the body of a line."""
        return cls(body["c"], body["m"], body["p"], body["b"], body["f"], body["l"])

    @property
    def chore(self) -> Chore | None:
        """The chore, where it is no profile that is read."""
        return Chore(self.profile) if self.profile in _CHORES else None

    @property
    def action(self) -> Action:
        """What a ground must allow."""
        return Action.READ if self.chore is None else action_of(self.chore)


@final
@dataclass(slots=True)
class Asked:
    """One intended task, for comparison with what the meter remembers."""

    batch: int
    key: TaskKey
    grants: tuple[Grant, ...]
    since: datetime
    until: datetime
    stopped: tuple[datetime, ...]
    """When each of its grounds was stopped or ran out."""
    restricted: tuple[tuple[datetime, datetime | None, datetime], ...]
    read: bool = False
    seen: bool = False

    @property
    def place(self) -> tuple[int, str, int]:
        """By what a meter's journal can name it: meter, profile, M-Bus channel."""
        return self.key.meter, self.key.profile, self.key.mbus


def is_switch(key: TaskKey) -> bool:
    """True for the administrative status itself: what restricts everything else is the ground of it."""
    return key.chore is not None and CLASS_OF[key.chore] is DataClass.ADMINISTRATIVE_STATUS


def useless(key: TaskKey, grants: Sequence[Grant]) -> bool:
    """True if a permit has no use for what is asked, or rows are asked that none of them covers."""
    if key.chore is None:
        beside = any(not grant.mask & MASKS[ProfileName(key.profile)] for grant in grants)
        return beside or bare(key.profile, grants, key.first_s, key.last_s)
    beside = any(grant.mask or grant.data_class != CLASS_OF[key.chore] for grant in grants)
    within = any(grant.first_s <= key.first_s and key.last_s <= grant.last_s for grant in grants)
    return beside or not within


def code_of(connection: int, channel: int) -> int:
    """Return one number for a channel of a connection."""
    return connection << 4 | channel


def stores(key: TaskKey, grant: Grant) -> Iterator[tuple[date, int, tuple[int, int] | None]]:
    """Yield (day, code, bounds) of what a served, keeping permit lets be stored; bounds where it covers a part of the day only."""
    if not grant.keeps or key.chore is not None:
        return
    first, last = max(key.first_s, grant.first_s), min(key.last_s, grant.last_s)
    for channel in channels_of(grant.mask & MASKS[ProfileName(key.profile)]):
        code = code_of(key.connection, channel)
        day = day_of(from_epoch_s(first))
        while (opens := epoch_s(midnight(day))) <= last:
            closes = epoch_s(midnight(day + timedelta(days=1)))
            if 1 << channel & DAY_MASK:
                if first <= opens:
                    yield day, code, None
            elif first <= opens and closes <= last:
                yield day, code, None
            elif first < closes and opens < last:
                yield day, code, (first, last)
            day += timedelta(days=1)
