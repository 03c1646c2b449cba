"""COSEM objects of a meter, but for profiles: plain data, the clock, and any class by its attributes (IEC 62056-6-2)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple, Protocol, final, runtime_checkable

from kwartier.model.register import Obis
from kwartier.wire.dlms.server import moments, octets
from kwartier.wire.dlms.server.errors import Access, AccessDenied
from kwartier.wire.dlms.server.selection import Selection

CLOCK = Obis.parse("0-0:1.0.0")


class Value(NamedTuple):
    """One encoded attribute; `rows` counts the entries of a profile buffer, None for anything else."""

    data: bytes
    rows: int | None = None


class CosemObject(Protocol):
    """Anything with a class, a logical name and attributes to GET."""

    @property
    def class_id(self) -> int:
        """Interface class."""

    @property
    def obis(self) -> Obis:
        """Logical name."""

    def get(self, attribute: int, selected: Selection, at: int) -> Value:
        """Return one attribute at the moment `at` (epoch seconds). Raises AccessDenied."""


@runtime_checkable
class Writable(Protocol):
    """An object with attributes to SET; one without this denies."""

    def set(self, attribute: int, value: bytes, at: int) -> None:
        """Take an encoded value at the moment `at`. Raises AccessDenied; Malformed counts as TYPE_UNMATCHED."""


@runtime_checkable
class Operable(Protocol):
    """An object with methods for ACTION; one without this denies."""

    def act(self, method: int, parameter: bytes, at: int) -> bytes:
        """Do it with an encoded parameter (empty: none); return encoded data, or nothing. Raises as `Writable.set` does."""


def unselected(selected: Selection) -> None:
    """Refuse a selection on an attribute that has none."""
    if selected is not None:
        raise AccessDenied(Access.TYPE_UNMATCHED)


@final
@dataclass(frozen=True, slots=True)
class Data:
    """Class 1: one value, encoded already."""

    obis: Obis
    value: bytes
    class_id: int = 1

    def get(self, attribute: int, selected: Selection, at: int) -> Value:  # noqa: ARG002 - the value does not depend on time
        """Return logical name (1) or value (2)."""
        unselected(selected)
        if attribute == 1:
            return Value(octets.octet_string(self.obis.code))
        if attribute == 2:  # noqa: PLR2004 - attribute numbers of the class
            return Value(self.value)
        raise AccessDenied(Access.READ_WRITE_DENIED)


@final
@dataclass(frozen=True, slots=True)
class Live:
    """Class 1: one value that is asked for anew each time, such as a counter."""

    obis: Obis
    value: Callable[[], bytes]
    class_id: int = 1

    def get(self, attribute: int, selected: Selection, at: int) -> Value:
        """Return logical name (1) or the value now (2)."""
        return Data(self.obis, self.value()).get(attribute, selected, at)


@final
@dataclass(frozen=True, slots=True)
class Clock:
    """Class 8: the meter's clock. `ahead_s` is how far it is ahead of the moment it is asked at."""

    ahead_s: int = 0
    obis: Obis = CLOCK
    class_id: int = 8

    def get(self, attribute: int, selected: Selection, at: int) -> Value:
        """Return logical name (1), time (2), time zone (3) or status (4)."""
        unselected(selected)
        now = moments.write(at + self.ahead_s)
        attributes = {
            1: octets.octet_string(self.obis.code),
            2: octets.octet_string(now),
            3: octets.i16(-60),
            4: octets.u8(now[-1]),
        }
        if attribute not in attributes:
            raise AccessDenied(Access.READ_WRITE_DENIED)
        return Value(attributes[attribute])


@final
@dataclass(frozen=True, slots=True)
class Attributes:
    """Any class, by attributes that are asked for anew each time, at the moment asked; 1 is the logical name."""

    obis: Obis
    class_id: int
    values: Mapping[int, Callable[[int], bytes]]

    def get(self, attribute: int, selected: Selection, at: int) -> Value:
        """Return one of the attributes."""
        unselected(selected)
        if attribute == 1:
            return Value(octets.octet_string(self.obis.code))
        if attribute not in self.values:
            raise AccessDenied(Access.READ_WRITE_DENIED)
        return Value(self.values[attribute](at))


@final
@dataclass(frozen=True, slots=True)
class Kept:
    """Class 1: one value that may be set. `store` judges what it is given: it raises AccessDenied or Malformed."""

    obis: Obis
    value: Callable[[], bytes]
    store: Callable[[bytes, int], None]
    class_id: int = 1

    def get(self, attribute: int, selected: Selection, at: int) -> Value:
        """Return logical name (1) or the value now (2)."""
        return Data(self.obis, self.value()).get(attribute, selected, at)

    def set(self, attribute: int, value: bytes, at: int) -> None:
        """Set the value (2)."""
        if attribute != 2:  # noqa: PLR2004 - attribute numbers of the class
            raise AccessDenied(Access.READ_WRITE_DENIED)
        self.store(value, at)
