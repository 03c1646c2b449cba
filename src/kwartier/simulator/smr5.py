"""How an SMR 5 meter lays out its profiles (DSMR P3 4.2.2 chapter 4, SMR 5 changes): apart from the operator's model file."""

from dataclasses import dataclass
from typing import final

from kwartier.model.register import Obis
from kwartier.wire.dlms.server.profile import CaptureObject

EQUIPMENT_ID = Obis.parse("0-0:96.1.1")
GAS_EQUIPMENT_ID = Obis.parse("0-1:96.1.1")
DEVICE_NAME = Obis.parse("0-0:42.0.0")
ADMINISTRATIVE_STATUS = Obis.parse("0-1:94.31.0")
OFF, ON = 1, 2
"""Administrative in/out."""


@final
@dataclass(frozen=True, slots=True)
class Layout:
    """One profile of the meter."""

    obis: Obis
    columns: tuple[CaptureObject, ...]
    period_s: int
    entries: int


def _column(class_id: int, obis: str, attribute: int = 2) -> CaptureObject:
    """Return one captured attribute."""
    return CaptureObject(class_id, Obis.parse(obis), attribute)


_CLOCK = _column(8, "0-0:1.0.0")
E_INTERVAL = Layout(
    Obis.parse("1-0:99.1.0"), (_CLOCK, _column(1, "0-0:96.10.2"), _column(3, "1-0:1.8.0"), _column(3, "1-0:2.8.0")), 900, 960
)
E_DAY = Layout(
    Obis.parse("1-0:99.2.0"),
    (_CLOCK, _column(1, "0-0:96.10.4"), *(_column(3, f"1-0:{name}") for name in ("1.8.1", "1.8.2", "2.8.1", "2.8.2"))),
    86400,
    40,
)
G_INTERVAL = Layout(
    Obis.parse("0-1:24.3.0"),
    (_CLOCK, _column(1, "0-1:96.10.3"), _column(4, "0-1:24.2.2"), _column(4, "0-1:24.2.2", 5)),
    3600,
    240,
)
G_DAY = Layout(
    Obis.parse("0-1:24.3.1"),
    (_CLOCK, _column(1, "0-1:96.10.5"), _column(4, "0-1:24.2.2"), _column(4, "0-1:24.2.2", 5)),
    86400,
    40,
)
