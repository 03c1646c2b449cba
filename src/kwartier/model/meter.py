"""A meter model: which profiles it has and how their rows are built. The values come from a data file."""

from dataclasses import dataclass
from typing import final

from kwartier.model.register import Channel, Obis
from kwartier.model.task import ProfileName


@final
@dataclass(frozen=True, slots=True)
class Column:
    """One capture object of a profile (IEC 62056-6-2, class 7 attribute 3).

    `channel` is what Kwartier makes of it, None for clock, status and capture time. `to_base` is the power of ten from the raw
    integer to Wh or dm3 (scaler and unit together). An `obis` with 0-n has the byte B set to the M-Bus channel when used.
    """

    role: str
    class_id: int
    obis: Obis
    attribute: int
    channel: Channel | None
    to_base: int


@final
@dataclass(frozen=True, slots=True)
class Profile:
    """One class 7 object: period in seconds, how many rows it holds, and its columns in order."""

    name: ProfileName
    obis: Obis
    period_s: int
    entries: int
    columns: tuple[Column, ...]


@final
@dataclass(frozen=True, slots=True)
class MeterModel:
    """A kind of meter. `pdu` is the largest PDU to propose; `selects_columns` whether a range may name columns."""

    name: str
    pdu: int
    selects_columns: bool
    public_counter: Obis | None
    profiles: tuple[Profile, ...]

    def profile(self, name: ProfileName) -> Profile | None:
        """Return the profile of this name, None if the model has none."""
        return next((p for p in self.profiles if p.name == name), None)
