"""The files of an import: for each its columns, as docs/IMPORT.md has them, and how a row becomes what the registry stages."""

from collections.abc import Callable, Collection, Mapping
from enum import StrEnum
from typing import Any

from kwartier.grounds.use_case import least_group
from kwartier.model.ground import USAGE, DataClass, RestrictionKind
from kwartier.model.meter import CONVENTIONAL
from kwartier.model.register import Direction, Product
from kwartier.workflows.enrolment import forms
from kwartier.workflows.enrolment.errors import BadField, Code

Parse = Callable[[list[str]], tuple[Any, ...]]
"""Fields in the order of the columns to staged values, in the order of the registry's specification. Raises BadField."""

LARGEST_CAPACITY = 100_000_000
LARGEST_PORT = 65_535
DAYS_OF_A_YEAR = 366
LARGEST_GROUP = 100_000
MBUS_CHANNELS = 4
OWN_PURPOSE = "own_insight"
"""What an opt-in without words is kept under."""


class PartyRole(StrEnum):
    """As what a party takes part."""

    SUPPLIER = "supplier"
    THIRD_PARTY = "third_party"


class OwnUse(StrEnum):
    """What the operator may use meter data for itself."""

    DEVICE_CARE = "device_care"
    FIRMWARE_UPDATE = "firmware_update"
    OUTAGE = "outage"
    DANGER = "danger"
    ENERGY_LOSS = "energy_loss"
    ALLOCATION = "allocation"
    RECONCILIATION = "reconciliation"


def _transformer(f: list[str]) -> tuple[Any, ...]:
    return forms.text(f[0]), forms.text(f[1])


def _connection(f: list[str]) -> tuple[Any, ...]:
    product = forms.one_of(f[1], Product)
    return forms.ean(f[0]), product, forms.text(f[2]), forms.maybe(f[3]), forms.whole(f[4], 1, LARGEST_CAPACITY)


def _subject(f: list[str]) -> tuple[Any, ...]:
    return forms.text(f[0]), forms.text(f[1])


def _party(f: list[str]) -> tuple[Any, ...]:
    return forms.party_code(f[0]), forms.text(f[1]), forms.one_of(f[2], PartyRole)


def _agreement(f: list[str]) -> tuple[Any, ...]:
    return forms.text(f[0]), *forms.span(f[1], f[2])


def _at_connection(f: list[str]) -> tuple[Any, ...]:
    """Read an occupancy or a contract: ean, who, start, end."""
    return forms.ean(f[0]), forms.text(f[1]), *forms.span(f[2], f[3])


def _restriction(f: list[str]) -> tuple[Any, ...]:
    return forms.ean(f[0]), forms.one_of(f[1], RestrictionKind), *forms.span(f[2], f[3])


def _coupling(f: list[str]) -> tuple[Any, ...]:
    return forms.text(f[0]), forms.whole(f[1], 1, MBUS_CHANNELS), forms.ean(f[2]), *forms.span(f[3], f[4])


def _meter(models: Collection[str]) -> Parse:
    def parse(f: list[str]) -> tuple[Any, ...]:
        model, ean, transformer = forms.text(f[1]), forms.maybe_ean(f[5]), forms.maybe(f[6])
        if model not in models and model not in CONVENTIONAL:
            raise BadField(Code.UNKNOWN_MODEL)
        if (ean is None) == (transformer is None):
            raise BadField(Code.ONE_PLACE)
        wire = _no_wire(f[2:5], transformer) if model in CONVENTIONAL else _wire(f[2:5])
        return forms.text(f[0]), model, *wire, ean, transformer, *forms.span(f[7], f[8])

    return parse


def _wire(f: list[str]) -> tuple[Any, ...]:
    return forms.system_title(f[0]), forms.host(f[1]), forms.whole(f[2], 1, LARGEST_PORT)


def _no_wire(f: list[str], transformer: str | None) -> tuple[Any, ...]:
    """Read what a conventional meter has of a wire: nothing. It measures a connection."""
    if transformer is not None or not forms.all_empty(f):
        raise BadField(Code.CONVENTIONAL_METER)
    return None, None, None


def _permission(f: list[str]) -> tuple[Any, ...]:
    party = forms.maybe(f[3])
    electricity, gas = forms.masks(f[4], f[5], f[6])
    purpose = OWN_PURPOSE if party is None and not f[7].strip() else forms.text(f[7])
    who = forms.text(f[0]), forms.ean(f[1]), forms.text(f[2]), party
    return *who, electricity, gas, purpose, *forms.span(f[8], f[9]), *forms.span(f[10], f[11])


def _own_permission(f: list[str]) -> tuple[Any, ...]:
    """Read a customer's opt-in to the own page: to parties another body grants."""
    if forms.maybe(f[3]) is not None:
        raise BadField(Code.GRANTED_ELSEWHERE)
    return _permission(f)


def _use_case(f: list[str]) -> tuple[Any, ...]:
    data_class = forms.one_of(f[2], DataClass)
    usage = data_class in USAGE or not forms.all_empty(f[4:6])
    electricity, gas = forms.masks(f[4], f[5], Direction.COMBINED) if usage else (0, 0)
    days, approved = forms.closed(f[6], f[7]), forms.closed(f[8], f[9])
    limits = forms.whole(f[11], 1, DAYS_OF_A_YEAR), forms.whole(f[12], least_group(data_class), LARGEST_GROUP)
    what = forms.text(f[0]), forms.one_of(f[1], OwnUse), data_class, electricity | gas, forms.text(f[3])
    return *what, *days, *approved, forms.text(f[10]), *limits, *(forms.text(one) for one in f[13:16])


COLUMNS: Mapping[str, tuple[str, ...]] = {
    file: tuple(columns.split(", "))
    for file, columns in {
        "transformers.csv": "name, area",
        "connections.csv": "ean, product, area, transformer, capacity_w",
        "meters.csv": "equipment_id, model, system_title, host, port, ean, transformer, placed_from, placed_to",
        "couplings.csv": "equipment_id, mbus, ean, start, end",
        "subjects.csv": "code, name",
        "occupancies.csv": "ean, subject, start, end",
        "parties.csv": "code, name, role",
        "agreements.csv": "party, start, end",
        "contracts.csv": "ean, party, start, end",
        "permissions.csv": "reference, ean, subject, party, products, kinds, direction, purpose, data_from, data_to,"
        " granted, expires",
        "restrictions.csv": "ean, kind, start, end",
        "use_cases.csv": "code, purpose, data_class, area, products, kinds, days_from, days_to, approved_from, approved_to,"
        " approved_by, yearly_limit, min_group, necessity, subsidiarity, proportionality",
    }.items()
}
"""The columns of every CSV file."""


def parsers(models: Collection[str], *, granted_here: bool = True) -> Mapping[str, Parse]:
    """Return how a row of each file is read; meters must be of one of these models.

    Where another body is the permission administrator, a permission of a party is not read: `permission take` takes those.
    """
    return {
        "transformers.csv": _transformer,
        "connections.csv": _connection,
        "meters.csv": _meter(models),
        "couplings.csv": _coupling,
        "subjects.csv": _subject,
        "occupancies.csv": _at_connection,
        "parties.csv": _party,
        "agreements.csv": _agreement,
        "contracts.csv": _at_connection,
        "permissions.csv": _permission if granted_here else _own_permission,
        "restrictions.csv": _restriction,
        "use_cases.csv": _use_case,
    }
