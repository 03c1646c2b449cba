"""The information objects of Implementing Regulation (EU) 2023/1162, annex, table IV, as typed values and as JSON.

Field names are those of the table in English. `granularity` is ours: the table's specification names no fineness, and a customer
here gives quarter-hours and day readings apart. So is `invalidated` among the reasons for an end, with why: the table's four are
fulfilled, end reached, revoked and terminated. And so is `valid_from`: a permission may be given today and begin later.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar, Final, final

from kwartier.grounds.errors import BadObject
from kwartier.grounds.permission import Because
from kwartier.model.errors import BadInput
from kwartier.model.period import Period, utc
from kwartier.model.register import CONSUMPTION_MASK, DAY_MASK, INTERVAL_MASK, Direction, Kind, Mask, Product, select


class EndReason(StrEnum):
    """Why a listed permission is over."""

    FULFILLED = "fulfilled"
    END_REACHED = "end_reached"
    REVOKED = "revoked"
    TERMINATED = "terminated"
    INVALIDATED = "invalidated"


LONGEST: Final = 1000
"""Characters of a text that another body may send."""
_YEARS: Final = range(1990, 2200)
END_OF_EVENT: Final[Mapping[str, EndReason]] = {
    "fulfilled": EndReason.FULFILLED,
    "expired": EndReason.END_REACHED,
    "revoked": EndReason.REVOKED,
    "terminated": EndReason.TERMINATED,
    "invalidated": EndReason.INVALIDATED,
}


@final
@dataclass(frozen=True, slots=True)
class MeteringPointIdentification:
    """Which metering point: an EAN-18."""

    name: ClassVar = "metering_point_identification"
    identifier: str


@final
@dataclass(frozen=True, slots=True)
class MeteredDataSpecification:
    """Which data: `reading_end` None is open."""

    name: ClassVar = "metered_data_specification"
    reading_start: datetime
    reading_end: datetime | None
    direction: Direction
    energy_product: Product
    granularity: tuple[Kind, ...]

    @classmethod
    def of(cls, mask: Mask, data: Period, product: Product) -> "MeteredDataSpecification":
        """Return the specification of a set of channels about some time."""
        taken, given = bool(mask & CONSUMPTION_MASK), bool(mask & ~CONSUMPTION_MASK)
        direction = Direction.COMBINED if taken and given else Direction.CONSUMPTION if taken else Direction.PRODUCTION
        kinds = tuple(kind for kind, part in ((Kind.INTERVAL, INTERVAL_MASK), (Kind.DAY, DAY_MASK)) if mask & part)
        return cls(data.start, data.end, direction, product, kinds)

    @property
    def mask(self) -> Mask:
        """The same as channels."""
        return select(self.energy_product, self.granularity, self.direction)

    @property
    def period(self) -> Period:
        """The time it is about."""
        return Period(self.reading_start, self.reading_end)


@final
@dataclass(frozen=True, slots=True)
class MeteredDataRequest:
    """Which data of which metering point."""

    name: ClassVar = "metered_data_request"
    metering_point: MeteringPointIdentification
    specification: MeteredDataSpecification


@final
@dataclass(frozen=True, slots=True)
class RequestValidationInformation:
    """What came of looking at a request: `valid`, or why it does not hold."""

    name: ClassVar = "request_validation_information"
    validation_result: str


@final
@dataclass(frozen=True, slots=True)
class PresetPermissionInformation:
    """What an eligible party asks, before anybody said yes."""

    name: ClassVar = "preset_permission_information"
    eligible_party: str
    metering_point: MeteringPointIdentification
    specification: MeteredDataSpecification
    purpose: str
    transmission_schedule: str
    permission_limit: datetime


@final
@dataclass(frozen=True, slots=True)
class BasicPermissionInformation:
    """What a final customer gives to an eligible party."""

    name: ClassVar = "basic_permission_information"
    final_customer: str
    eligible_party: str
    request: MeteredDataRequest
    purpose: str
    transmission_schedule: str
    permission_maximum_lifetime: datetime | None


@final
@dataclass(frozen=True, slots=True)
class EstablishedPermissionInformation:
    """A permission that was given, at `creation_timestamp`; it is in force from `valid_from` on."""

    name: ClassVar = "established_permission_information"
    permission_identifier: str
    creation_timestamp: datetime
    valid_from: datetime
    permission: BasicPermissionInformation


@final
@dataclass(frozen=True, slots=True)
class TerminationNotification:
    """The eligible party ended its service."""

    name: ClassVar = "notification_of_termination_of_service"
    permission_identifier: str
    termination_timestamp: datetime


@final
@dataclass(frozen=True, slots=True)
class RevocationNotification:
    """The final customer withdrew a permission."""

    name: ClassVar = "revocation_notification"
    permission_identifier: str
    permission_end_timestamp: datetime


@final
@dataclass(frozen=True, slots=True)
class ListedPermission:
    """A permission in an overview of active and past ones; both ends None while it is active."""

    name: ClassVar = "listed_permission"
    established: EstablishedPermissionInformation
    reason_for_end: EndReason | None
    because: str | None
    permission_end_timestamp: datetime | None


Object = (
    MeteringPointIdentification
    | MeteredDataSpecification
    | MeteredDataRequest
    | RequestValidationInformation
    | PresetPermissionInformation
    | BasicPermissionInformation
    | EstablishedPermissionInformation
    | TerminationNotification
    | RevocationNotification
    | ListedPermission
)


def as_json(one: Object) -> dict[str, Any]:
    """Return an object as JSON has it: its name, and its fields by theirs; moments in ISO 8601, UTC."""
    return {"object": one.name} | _fields(one)


def _fields(one: Object) -> dict[str, Any]:
    return {each.name: _plain(getattr(one, each.name)) for each in fields(one)}


def _plain(value: object) -> object:
    if isinstance(value, Object):
        return _fields(value)
    if isinstance(value, datetime):
        return utc(value).isoformat().replace("+00:00", "Z")
    return [*value] if isinstance(value, tuple) else value


# Those that another permission administrator sends


Told = EstablishedPermissionInformation | RevocationNotification | TerminationNotification | ListedPermission
"""What another permission administrator sends: that something happened."""


def read(said: Mapping[str, Any]) -> Told:
    """Read one of the objects that say that something happened. Raises BadObject, without repeating what stood there.

    A listed permission says so if it is over.
    """
    match said.get("object"):
        case EstablishedPermissionInformation.name:
            return _established(said)
        case RevocationNotification.name:
            return RevocationNotification(_text(said, "permission_identifier"), _moment(said, "permission_end_timestamp"))
        case TerminationNotification.name:
            return TerminationNotification(_text(said, "permission_identifier"), _moment(said, "termination_timestamp"))
        case ListedPermission.name:
            return _listed(said)
        case _:
            msg = "object: neither a permission that was given nor the end of one"
            raise BadObject(msg)


def _listed(said: Mapping[str, Any]) -> ListedPermission:
    """Read the end of a permission with its reason; `because` stands with what was invalidated only."""
    try:
        reason = EndReason(_text(said, "reason_for_end"))
        because = None if said.get("because") is None else Because(_text(said, "because"))
    except ValueError:
        msg = "reason_for_end, because: a word that is none of those for an end"
        raise BadObject(msg) from None
    if because is not None and reason is not EndReason.INVALIDATED:
        msg = "because: stands with what was invalidated only"
        raise BadObject(msg)
    return ListedPermission(_established(_inner(said, "established")), reason, because, _moment(said, "permission_end_timestamp"))


def _established(said: Mapping[str, Any]) -> EstablishedPermissionInformation:
    basic = _inner(said, "permission")
    request = _inner(basic, "request")
    created = _moment(said, "creation_timestamp")
    return EstablishedPermissionInformation(
        _text(said, "permission_identifier"),
        created,
        created if said.get("valid_from") is None else _moment(said, "valid_from"),
        BasicPermissionInformation(
            _text(basic, "final_customer"),
            _text(basic, "eligible_party"),
            MeteredDataRequest(
                MeteringPointIdentification(_text(_inner(request, "metering_point"), "identifier")),
                _specification(_inner(request, "specification")),
            ),
            _text(basic, "purpose"),
            _text(basic, "transmission_schedule"),
            _moment(basic, "permission_maximum_lifetime"),
        ),
    )


def _specification(said: Mapping[str, Any]) -> MeteredDataSpecification:
    end = None if said.get("reading_end") is None else _moment(said, "reading_end")
    kinds = said.get("granularity", [*Kind])
    try:
        return MeteredDataSpecification(
            _moment(said, "reading_start"),
            end,
            Direction(_text(said, "direction")),
            Product(_text(said, "energy_product")),
            tuple(Kind(kind) for kind in kinds),
        )
    except (TypeError, ValueError):
        msg = "specification: a word that is none of the table's"
        raise BadObject(msg) from None


def _inner(said: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = said.get(key)
    if not isinstance(found, dict):
        msg = f"{key}: not an object"
        raise BadObject(msg)
    return found


def _text(said: Mapping[str, Any], key: str) -> str:
    found = said.get(key)
    if not isinstance(found, str) or not found.strip() or len(found) > LONGEST or not found.isprintable():
        msg = f"{key}: not a text"
        raise BadObject(msg)
    return found


def _moment(said: Mapping[str, Any], key: str) -> datetime:
    msg = f"{key}: not a moment with a zone"
    try:
        found = utc(datetime.fromisoformat(_text(said, key)))
    except (ValueError, OverflowError, BadInput):
        raise BadObject(msg) from None
    if found.year not in _YEARS:
        raise BadObject(msg)
    return found.replace(microsecond=0)
