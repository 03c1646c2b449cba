"""Numbers with units, as telegrams write them: `003432.827*kWh`, `nnnnnn.nnnkWh`, `nn.nnn`; into whole base units and back.

What has the form of the standard is read at once; signs, units without `*` or in other capitals, and digits beyond the base unit
are read with care. Digits beyond the base unit are cut off, towards zero.
"""

import re
from collections.abc import Mapping
from typing import Final

from kwartier.wire.p1.errors import FaultKind, Unreadable
from kwartier.wire.p1.quantities import SPELLED, Unit

Form = tuple[Unit, tuple[int, ...]]
"""What a way of writing a unit means: the base unit, and what to multiply figures with that have 0, 1, 2, ... decimals."""
Forms = Mapping[bytes, Form]

MOST_DIGITS: Final = 12
"""Before the decimal point: with a factor of a million they stay within a 64-bit integer."""
_NUMBER: Final = re.compile(rb"([+-]?)([0-9]{1,12})(?:\.([0-9]{0,12}))?\*?([A-Za-z]+[0-9]?)?")


def _form(unit: Unit, power: int) -> Form:
    return unit, tuple(int("1" + "0" * (power - decimals)) for decimals in range(power + 1))


def forms_of(*units: Unit) -> Forms:
    """Return the ways to write these units, for numbers that say which of them they have."""
    return {text.encode(): _form(unit, power) for unit in units for text, power in SPELLED[unit].items()}


FORMS: Final[Mapping[Unit, Forms]] = {
    unit: {b"": _form(unit, next(iter(spelled.values())))} | dict(forms_of(unit)) for unit, spelled in SPELLED.items()
}
"""The ways to write one unit; without any, it is the first one of `SPELLED`."""


def read(text: bytes, unit: Unit) -> int:
    """Return a number in whole base units. Raises Unreadable: no number, or another kind of unit."""
    return read_any(text, FORMS[unit])[1]


def read_any(text: bytes, forms: Forms) -> tuple[Unit, int]:
    """Return unit and number where the text itself says which of several units it has. Raises Unreadable."""
    number, _, spelled = text.partition(b"*")
    whole, _, decimals = number.partition(b".")
    figures = whole + decimals
    form = forms.get(spelled)
    if form is not None and len(decimals) < len(form[1]) and 0 < len(whole) <= MOST_DIGITS and figures.isdigit():
        return form[0], int(figures) * form[1][len(decimals)]
    return _read_with_care(text, forms)


def _read_with_care(text: bytes, forms: Forms) -> tuple[Unit, int]:
    found = _NUMBER.fullmatch(text)
    if found is None:
        raise Unreadable(FaultKind.VALUE)
    sign, whole, decimals, spelled = found.groups(b"")
    form = {text.lower(): form for text, form in forms.items()}.get(spelled.lower())
    if form is None:
        raise Unreadable(FaultKind.UNIT)
    unit, factors = form
    if decimals and unit is Unit.COUNT:
        raise Unreadable(FaultKind.VALUE)
    exact = decimals[: len(factors) - 1]
    size = int(whole + exact) * factors[len(exact)]
    return unit, -size if sign == b"-" else size


def is_bare(text: bytes) -> bool:
    """True for a number without a unit."""
    found = _NUMBER.fullmatch(text)
    return found is not None and not found[4]
