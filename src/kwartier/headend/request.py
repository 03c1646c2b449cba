"""From a task to the GET it means, and how many frames and bytes that may take."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, final

from kwartier.headend.values import Work
from kwartier.model.care import Errand
from kwartier.model.meter import Column, MeterModel, Profile
from kwartier.model.period import day_of, epoch_s, from_epoch_s, midnight
from kwartier.model.permit import PermitRef
from kwartier.model.register import Mask
from kwartier.model.task import Task
from kwartier.wire.dlms.client import selector, xdlms
from kwartier.wire.dlms.client.association import Bounds
from kwartier.wire.dlms.client.chores import Image
from kwartier.wire.dlms.errors import Misuse

_PROFILE_CLASS, _BUFFER = 7, 2
_CELL: Final = 16
"""Bytes that a cell of a row takes at most: a date-time with tag and length takes 14."""
_BLOCK_OVERHEAD: Final = 64
"""Bytes of a PDU that are no data, generously."""
_DAY_S: Final = 86_400
_STEPS: Final = 24
"""Requests of a chore at most, but for polling and the blocks of an image: a log of events comes in blocks, too."""
_LEAST_BLOCK: Final = 128
"""Blocks of an image that are smaller, or asked for twice, may use up the counters: the errand then ends for want of them."""
_VISIT: Final = 4
"""AARQ, the answer to the challenge and the APDU that carries it, and the release."""


@final
@dataclass(frozen=True, slots=True)
class GetRequest:
    """A GET in plaintext, and how to read its answer."""

    plain: bytes
    profile: Profile
    columns: tuple[Column, ...]


@final
class Requests:
    """Makes the GETs of one run. Most meters of a night are asked the same, so each is made once.

    Kept by the identity of the model: to hash a model costs as much as to read half a meter.
    """

    def __init__(self) -> None:
        """Begin with nothing kept."""
        self._models: dict[int, tuple[MeterModel, Bounds]] = {}
        self._made: dict[tuple[int, str, int, int, int, int], GetRequest] = {}

    def bounds(self, model: MeterModel) -> Bounds:
        """Return how much a meter may make us hold: what its longest profile can be, in blocks that are not absurdly small."""
        kept = self._models.get(id(model))
        if kept is None:
            most = max((_bytes(profile, profile.entries + 1) for profile in model.profiles), default=0)
            kept = model, Bounds(pdu=model.pdu, most_blocks=most // _BLOCK_OVERHEAD + 1, most_bytes=most)
            self._models[id(model)] = kept
        return kept[1]

    def get(self, model: MeterModel, task: Task, live: Sequence[PermitRef]) -> GetRequest:
        """Return the GET for a task. Raises Misuse if this model has no such profile or the range is none.

        Where some permits were stopped, only the rows that the others cover are asked for: no ground, no reading.
        """
        first_s, last_s = task.first_s, task.last_s
        if len(live) != len(task.permits):
            first_s = max(first_s, min(permit.first_s for permit in live))
            last_s = min(last_s, max(permit.last_s for permit in live))
        mask = 0
        for permit in live:
            mask |= permit.mask
        self.bounds(model)  # keeps the model, so that its identity stays its own
        key = (id(model), task.profile.value, task.mbus, first_s, last_s, mask)
        made = self._made.get(key)
        if made is None:
            made = self._made[key] = _get_request(model, task, first_s, last_s, mask)
        return made


def joined(model: MeterModel, task: Task, live: Sequence[PermitRef]) -> tuple[PermitRef, ...]:
    """Return those of the permits, beginning with the earliest, between which no row of the task's profile lies bare.

    A task is one range of rows. Where a permit in its middle was stopped, the range would reach over time that nobody may know.
    """
    profile = model.profile(task.profile)
    if len(live) == len(task.permits) or profile is None:
        return tuple(live)
    together: list[PermitRef] = []
    for permit in sorted(live, key=lambda one: (one.first_s, one.last_s)):
        if together and permit.first_s > _row_after(profile, max(one.last_s for one in together)):
            break
        together.append(permit)
    return tuple(permit for permit in live if permit in together)


def _row_after(profile: Profile, moment_s: int) -> int:
    """Return the stamp of the first row after a moment; a row of a day stands at local midnight."""
    if profile.period_s < _DAY_S:
        return (moment_s // profile.period_s + 1) * profile.period_s
    return epoch_s(midnight(day_of(from_epoch_s(moment_s)) + timedelta(days=1)))


def _get_request(model: MeterModel, task: Task, first_s: int, last_s: int, mask: Mask) -> GetRequest:
    profile = model.profile(task.profile)
    if profile is None:
        msg = "this model of meter has no such profile"
        raise Misuse(msg)
    columns = selector.columns_for(model, profile, mask)
    descriptor = selector.by_range(profile, task.mbus, first_s, last_s, columns)
    plain = xdlms.get(_PROFILE_CLASS, selector.on_channel(profile.obis, task.mbus), _BUFFER, descriptor)
    return GetRequest(plain, profile, columns)


def frames_for(model: MeterModel, tasks: Iterable[Work], images: Mapping[int, Image] | None = None) -> int:
    """Return how many invocation counters one visit with these tasks takes at most; multiply by the tries.

    A meter that answers in blocks smaller than the model's PDU takes more; its tasks then end for want of counters.
    """
    room = max(model.pdu - _BLOCK_OVERHEAD, 1)
    frames = _VISIT
    for task in tasks:
        if isinstance(task, Errand):
            image = (images or {}).get(task.image)
            frames += _STEPS + (0 if image is None else len(image.data) // _LEAST_BLOCK)
            continue
        profile = model.profile(task.profile)
        if profile is not None:
            rows = min((task.last_s - task.first_s) // profile.period_s + 2, profile.entries + 1)
            frames += 1 + _bytes(profile, rows) // room
    return frames


def _bytes(profile: Profile, rows: int) -> int:
    """Return the most bytes that so many rows take."""
    return 8 + rows * (2 + _CELL * len(profile.columns))
