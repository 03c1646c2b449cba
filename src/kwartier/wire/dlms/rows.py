"""What a profile answer holds, as columns: the form in which readings leave the wire. Never an object per row."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from kwartier.model.register import Channel


@final
@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """The rows of one class 7 buffer (n of them), in the order of the meter.

    `stamps` are epoch seconds of the clock column: the end of the interval, or the local midnight of a day row. `status` is the
    AMR status byte (DSMR P3 4.2.2, section 4.2), 0 where the profile has none. `values` are registers in Wh or dm3; where
    `missing` is set the meter gave null-data that could not be derived, and the value means nothing. `capture` are the epoch
    seconds at which the M-Bus meter took its value, None for profiles without that column.
    """

    stamps: NDArray[np.int64]
    status: NDArray[np.uint8]
    values: Mapping[Channel, NDArray[np.int64]]
    missing: Mapping[Channel, NDArray[np.bool_]]
    capture: NDArray[np.int64] | None = None
