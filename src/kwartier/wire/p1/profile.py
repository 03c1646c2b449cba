"""Which kind of telegram this is, found from what it says; and what its rates mean.

header FLU5, or version 96.1.4 with an id      Belgium (Fluvius e-MUCS P1)
version 96.1.4 with an id in 0.0.0             Switzerland
header Lux5, or a device name (42.0.0)         Luxembourg if it has a version, else Hungary
version, totals 1.8.0 and 3.8.0, no id         Austria (Sagemcom T210-D-r)
version 5x, 4x, 3x                             DSMR 5, 4, 3
header of an Iskra IE.5, of a Q3D              these
no version, but a clock and the total 1.8.0    Sweden
no version, no clock, registers per rate       DSMR 3 if power has three digits and two decimals, else DSMR 2.2
"""

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Final, final

from kwartier.wire.p1.draft import Draft
from kwartier.wire.p1.quantities import Quantity
from kwartier.wire.p1.telegram import Profile

WITHOUT_CHECKSUM: Final = frozenset({Profile.DSMR_2, Profile.DSMR_3, Profile.Q3D, Profile.OTHER})
"""The others always end in a CRC, so that one without it was cut."""

WITHOUT_CLOCK: Final = frozenset({Profile.DSMR_2, Profile.DSMR_3, Profile.Q3D, Profile.OTHER})
"""These send no time of their own, OTHER perhaps."""

_BY_VERSION: Final = {"5": Profile.DSMR_5, "4": Profile.DSMR_4, "3": Profile.DSMR_3}
_BY_HEADER: Final = {"FLU5": Profile.BELGIUM, "ESY5": Profile.Q3D, "LUX5": Profile.LUXEMBOURG}
_POWER_OF_DSMR_3: Final = re.compile(rb"\n1-0:[12]\.7\.0\(\d{3}\.\d\d\*kW\)")


@final
class Rate(StrEnum):
    """The two rates of a household, by what they are."""

    LOW = "low"
    NORMAL = "normal"


_RATES: Final[Mapping[Profile, tuple[Rate, Rate]]] = {
    Profile.DSMR_2: (Rate.LOW, Rate.NORMAL),
    Profile.DSMR_3: (Rate.LOW, Rate.NORMAL),
    Profile.DSMR_4: (Rate.LOW, Rate.NORMAL),
    Profile.DSMR_5: (Rate.LOW, Rate.NORMAL),
    Profile.BELGIUM: (Rate.NORMAL, Rate.LOW),
}


def rate_of(profile: Profile, number: int | None) -> Rate | None:
    """Return what rate 1 or 2 is in a profile: 1 is low in the Netherlands and normal in Belgium. None where it is not known."""
    rates = _RATES.get(profile)
    return rates[number - 1] if rates and number in {1, 2} else None


def detect(header: str, draft: Draft, text: bytes) -> Profile:
    """Return the profile of what was read."""
    known = _BY_HEADER.get(header[:4].upper())
    if known is not None:
        return known
    version, ids = draft.version, draft.ids
    if version is None:
        return _without_version(header, draft, text)
    if draft.version_code == b"0-0:96.1.4":
        return Profile.SWITZERLAND if "0-0:0.0.0" in ids else Profile.BELGIUM
    if "0-0:96.1.1" not in ids:
        if "0-0:42.0.0" in ids:
            return Profile.LUXEMBOURG
        if Quantity.IMPORT in draft.values and Quantity.REACTIVE_IMPORT in draft.values:
            return Profile.AUSTRIA
    return _BY_VERSION.get(version[:1], Profile.OTHER)


def _without_version(header: str, draft: Draft, text: bytes) -> Profile:
    values = draft.values
    if "0-0:42.0.0" in draft.ids:
        return Profile.HUNGARY
    if header[:4].upper() == "ISK5" and "MIE5" in header:
        return Profile.ISKRA_IE
    if draft.at is not None or b"0-0:1.0.0" in draft.seen:
        return Profile.SWEDEN if Quantity.IMPORT in values else Profile.OTHER
    if Quantity.IMPORT_1 in values and Quantity.IMPORT not in values:
        return Profile.DSMR_3 if _POWER_OF_DSMR_3.search(text) else Profile.DSMR_2
    return Profile.OTHER
