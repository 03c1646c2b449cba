"""Answers of meters as validation gets them: permits, tasks and rows that are easy to say."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from kwartier.model.meter import MeterModel
from kwartier.model.period import epoch_s, midnight
from kwartier.model.permit import PermitRef
from kwartier.model.register import ALL_MASK, Channel, Mask
from kwartier.model.task import ProfileName, Task
from kwartier.validation import Rows
from kwartier.wire.dlms import models

CAPACITY_W = 17_250
"""A home of 3 x 25 A."""


@cache
def model() -> MeterModel:
    """Return the SMR 5 model of the product."""
    return models.parse(resources.files("kwartier.wire.dlms.models").joinpath("smr5.toml").read_text(encoding="utf-8"))


def bounds(first: date, last: date | None = None) -> tuple[int, int]:
    """Return the stamps of the midnights that open `first` and close `last`."""
    return epoch_s(midnight(first)), epoch_s(midnight((last or first) + timedelta(days=1)))


def permit(first_s: int, last_s: int, *, mask: Mask = ALL_MASK, rule: int = 3, keeps: bool = True) -> PermitRef:
    """Return a permit over stamps, both included."""
    return PermitRef(bytes([rule]) * 16, rule, mask, first_s, last_s, (("permission", rule),), keeps)


def task(profile: ProfileName, first_s: int, last_s: int, *permits: PermitRef) -> Task:
    """Return the task of connection 7 at meter 70."""
    return Task(7, 70, profile, 1 if profile.startswith("g_") else 0, first_s, last_s, permits)


def rows(
    stamps: NDArray[np.int64],
    values: Mapping[Channel, NDArray[np.int64]],
    status: NDArray[np.uint8] | None = None,
    missing: NDArray[np.bool_] | None = None,
    capture: NDArray[np.int64] | None = None,
) -> Rows:
    """Return an answer; nothing is marked or missing unless said."""
    absent = np.zeros(len(stamps), np.bool_) if missing is None else missing
    marks = np.zeros(len(stamps), np.uint8) if status is None else status
    return Rows(stamps, marks, dict(values), dict.fromkeys(values, absent), capture)


def only(answer: Rows, kept: NDArray[np.bool_] | NDArray[np.intp]) -> Rows:
    """Return these rows of an answer, in this order."""
    return replace(
        answer,
        stamps=answer.stamps[kept],
        status=answer.status[kept],
        values={channel: column[kept] for channel, column in answer.values.items()},
        missing={channel: column[kept] for channel, column in answer.missing.items()},
        capture=None if answer.capture is None else answer.capture[kept],
    )
