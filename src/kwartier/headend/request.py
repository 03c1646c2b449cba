"""From a task to the GET it means, and how many frames and bytes that may take."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, final

from kwartier.model.meter import Column, MeterModel, Profile
from kwartier.model.permit import PermitRef
from kwartier.model.task import Task
from kwartier.wire.dlms.client import selector, xdlms
from kwartier.wire.dlms.client.association import Bounds
from kwartier.wire.dlms.errors import Misuse

_PROFILE_CLASS, _BUFFER = 7, 2
_CELL: Final = 16
"""Bytes that a cell of a row takes at most: a date-time with tag and length takes 14."""
_BLOCK_OVERHEAD: Final = 64
"""Bytes of a PDU that are no data, generously."""
_VISIT: Final = 4
"""AARQ, the answer to the challenge and the APDU that carries it, and the release."""


@final
@dataclass(frozen=True, slots=True)
class GetRequest:
    """A GET in plaintext, and how to read its answer."""

    plain: bytes
    profile: Profile
    columns: tuple[Column, ...]


def get_request(model: MeterModel, task: Task, live: Sequence[PermitRef]) -> GetRequest:
    """Return the GET for a task. Raises Misuse if this model has no such profile or the range is none.

    Where some permits were stopped, only the rows that the others cover are asked for: no ground, no reading.
    """
    profile = _profile(model, task)
    first_s, last_s = task.first_s, task.last_s
    if len(live) != len(task.permits):
        first_s = max(first_s, min(permit.first_s for permit in live))
        last_s = min(last_s, max(permit.last_s for permit in live))
    mask = 0
    for permit in live:
        mask |= permit.mask
    columns = selector.columns_for(model, profile, mask)
    descriptor = selector.by_range(profile, task.mbus, first_s, last_s, columns)
    plain = xdlms.get(_PROFILE_CLASS, selector.on_channel(profile.obis, task.mbus), _BUFFER, descriptor)
    return GetRequest(plain, profile, columns)


@lru_cache(maxsize=256)
def bounds_of(model: MeterModel) -> Bounds:
    """Return how much a meter may make us hold: what its longest profile can be, in blocks that are not absurdly small."""
    most = max((_bytes(profile, profile.entries + 1) for profile in model.profiles), default=0)
    return Bounds(pdu=model.pdu, most_blocks=most // _BLOCK_OVERHEAD + 1, most_bytes=most)


def frames_for(model: MeterModel, tasks: Iterable[Task]) -> int:
    """Return how many invocation counters one visit with these tasks takes at most; multiply by the tries.

    A meter that answers in blocks smaller than the model's PDU takes more; its tasks then end for want of counters.
    """
    room = max(model.pdu - _BLOCK_OVERHEAD, 1)
    frames = _VISIT
    for task in tasks:
        profile = model.profile(task.profile)
        if profile is not None:
            rows = min((task.last_s - task.first_s) // profile.period_s + 2, profile.entries + 1)
            frames += 1 + _bytes(profile, rows) // room
    return frames


def _profile(model: MeterModel, task: Task) -> Profile:
    profile = model.profile(task.profile)
    if profile is None:
        msg = "this model of meter has no such profile"
        raise Misuse(msg)
    return profile


def _bytes(profile: Profile, rows: int) -> int:
    """Return the most bytes that so many rows take."""
    return 8 + rows * (2 + _CELL * len(profile.columns))
