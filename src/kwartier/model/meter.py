"""A meter model: which profiles it has and how their rows are built. The values come from a data file."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, final

from kwartier.model.care import Chore
from kwartier.model.register import Channel, Obis
from kwartier.model.task import ProfileName

CONVENTIONAL: Final = {f"conventional-{digits}": digits for digits in range(4, 9)}
"""Meters without communication, by how many digits their counters have before the decimals. A person reads them."""


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
class CareObject:
    """The object that a chore is about: interface class, logical name, attribute. A chore about the phases has several, L1 first.

    The byte B of the name is the M-Bus channel where the object is about a gas meter.
    """

    chore: Chore
    class_id: int
    obis: Obis
    attribute: int


@final
@dataclass(frozen=True, slots=True)
class MeterModel:
    """A kind of meter. `pdu` is the largest PDU to propose; `selects_columns` whether a range may name columns."""

    name: str
    pdu: int
    selects_columns: bool
    public_counter: Obis | None
    profiles: tuple[Profile, ...]
    objects: tuple[CareObject, ...] = ()

    def __hash__(self) -> int:
        """Models are looked up by the million, and few share a name."""
        return hash(self.name)

    def profile(self, name: ProfileName) -> Profile | None:
        """Return the profile of this name, None if the model has none."""
        return next((p for p in self.profiles if p.name == name), None)

    def objects_of(self, chore: Chore) -> tuple[CareObject, ...]:
        """Return the objects that a chore looks at or sets, none if the model has none."""
        wanted = _ABOUT.get(chore, chore)
        return tuple(one for one in self.objects if one.chore is wanted)


_ABOUT: Final[Mapping[Chore, Chore]] = {
    Chore.SWITCH_OFF: Chore.ADMINISTRATIVE_STATUS,
    Chore.SWITCH_ON: Chore.ADMINISTRATIVE_STATUS,
    Chore.CLEAR_ALARMS: Chore.ALARMS,
}
"""Chores that set what another one looks at."""
