"""Who asks what, why, and the facts from which an answer follows.

A `Request` is one question of one requester about one connection. `Facts` is all that may bear on the answer. Both are plain
values: `grounds.decide` turns them into a `Permit` or a `Refusal`, and nothing else does.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple, final

from kwartier.model.period import Period
from kwartier.model.register import Mask


class Action(StrEnum):
    """What is done: data are asked of the meter, handed to somebody or shown to somebody, or something is set at the meter."""

    READ = "read"
    WRITE = "write"
    DELIVER = "deliver"
    VIEW = "view"


class Role(StrEnum):
    """As whom somebody asks."""

    CUSTOMER = "customer"
    SUPPLIER = "supplier"
    THIRD_PARTY = "third_party"
    OPERATOR = "operator"


class Purpose(StrEnum):
    """What for. The purposes of the code of conduct; a permission adds the customer's own words to THIRD_PARTY_SERVICE."""

    OWN_ACCESS = "own_access"
    OWN_INSIGHT = "own_insight"
    PERIODIC_READING = "periodic_reading"
    ANNUAL_BILL = "annual_bill"
    MOVE = "move"
    SWITCH = "switch"
    THIRD_PARTY_SERVICE = "third_party_service"
    ADMINISTRATIVE_STATUS = "administrative_status"
    DEVICE_CARE = "device_care"
    FIRMWARE_UPDATE = "firmware_update"
    OUTAGE = "outage"
    DANGER = "danger"
    ENERGY_LOSS = "energy_loss"
    ALLOCATION = "allocation"
    RECONCILIATION = "reconciliation"
    SUPPLIER_DEFAULT = "supplier_default"
    HAND_READING = "hand_reading"


class DataClass(StrEnum):
    """Classes of data the administrative status speaks about: usage (REGISTER, PROFILE, LOAD) and the rest."""

    REGISTER = "register"
    PROFILE = "profile"
    LOAD = "load"
    DEVICE_STATE = "device_state"
    EVENT_LOG = "event_log"
    POWER_QUALITY = "power_quality"
    FIRMWARE = "firmware"
    ADMINISTRATIVE_STATUS = "administrative_status"


USAGE = frozenset({DataClass.REGISTER, DataClass.PROFILE, DataClass.LOAD})

STATION = 0
"""The connection number of a station meter: the operator's own asset, about no person."""

FactRef = tuple[str, int]
"""Which fact: its table and its id, as ("permission", 12). Revocations name facts in the same way."""


@final
@dataclass(frozen=True, slots=True, order=True)
class Requester:
    """Who asks: a role and the surrogate id in it (subject, party, or the operator's use case; 0 where there is none)."""

    role: Role
    id: int


@final
@dataclass(frozen=True, slots=True)
class Request:
    """May `requester` do `action` with these data of this connection, for this purpose?

    `mask` names usage channels (empty for data classes without channels). `period` is half-open for interval channels; for day
    channels it asks for the registers on every local midnight from start to end, both included, and may be one moment.
    """

    requester: Requester
    action: Action
    purpose: Purpose
    connection: int
    mask: Mask
    period: Period
    data_class: DataClass

    def __hash__(self) -> int:
        """Tell most requests apart by little: nights compare them by the million."""
        return hash((self.connection, self.requester.id, self.mask, self.period.start, self.purpose))


@final
@dataclass(frozen=True, slots=True)
class Occupancy:
    """A person lives at the connection during the period. The person at this connection in this period is the subject."""

    id: int
    subject: int
    period: Period


@final
@dataclass(frozen=True, slots=True)
class Supply:
    """A supplier's contract of supply for the connection."""

    id: int
    party: int
    period: Period


@final
@dataclass(frozen=True, slots=True)
class Agreement:
    """A party's agreement with the operator, in which it binds itself to the privacy law."""

    id: int
    party: int
    role: Role
    period: Period


@final
@dataclass(frozen=True, slots=True)
class Suspension:
    """The time for which a party's agreement is suspended: meanwhile it gets nothing, though the agreement stands."""

    id: int
    party: int
    period: Period


@final
@dataclass(frozen=True, slots=True)
class SupplierDefault:
    """The time for which a supplier is in default: it does not collect the readings that it should, or cannot supply any more."""

    id: int
    party: int
    period: Period


@final
@dataclass(frozen=True, slots=True)
class Permission:
    """What a customer allowed: to a party, or with `party` None to the operator for the customer's own page (opt-in).

    `data` is the period the data may be about; `live` runs from the grant to expiry or revocation, whichever came first.
    `renews` is the permission that it goes on from, None where it was given anew.
    """

    id: int
    subject: int
    party: int | None
    mask: Mask
    purpose: str
    data: Period
    live: Period
    renews: int | None = None


class RestrictionKind(StrEnum):
    """Why the connection may not be read: no readable meter at all, or a readable one switched off administratively."""

    REFUSED = "refused"
    ADMINISTRATIVELY_OFF = "administratively_off"


@final
@dataclass(frozen=True, slots=True)
class Restriction:
    """The customer refused the smart meter, or had it switched off administratively."""

    id: int
    kind: RestrictionKind
    period: Period


@final
@dataclass(frozen=True, slots=True)
class Hold:
    """A person had the processing restricted (GDPR art. 18): what is held about them here stays, and others do not use it."""

    id: int
    subject: int
    period: Period


@final
@dataclass(frozen=True, slots=True)
class Objection:
    """A person objects to a purpose of the operator (GDPR art. 21): its use cases stop here, until it is overridden."""

    id: int
    subject: int
    purpose: Purpose
    period: Period


@final
@dataclass(frozen=True, slots=True)
class UseCase:
    """A use of meter data by the operator itself, registered under the code of conduct.

    `days` are the days the data may be about, `approved` runs from approval to expiry; `yearly_limit` counts the days per
    connection and calendar year, those that usage is about, and those of the visit for anything else; `min_group` is the least
    number of homes in any figure that leaves.
    """

    id: int
    purpose: Purpose
    data_class: DataClass
    mask: Mask
    area: str
    days: Period
    approved: Period
    yearly_limit: int
    min_group: int


@final
@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that may bear on a decision about one connection. What is not here does not exist."""

    connection: int
    area: str
    occupancies: tuple[Occupancy, ...] = ()
    supplies: tuple[Supply, ...] = ()
    agreements: tuple[Agreement, ...] = ()
    permissions: tuple[Permission, ...] = ()
    restrictions: tuple[Restriction, ...] = ()
    use_cases: tuple[UseCase, ...] = ()
    used_days: Mapping[int, frozenset[str]] = field(default_factory=dict)
    """Per use case: the ISO local days of which this connection was read for it in the calendar year asked about."""
    suspensions: tuple[Suspension, ...] = ()
    defaults: tuple[SupplierDefault, ...] = ()
    holds: tuple[Hold, ...] = ()
    objections: tuple[Objection, ...] = ()
    lost_days: Mapping[int, frozenset[str]] = field(default_factory=dict)
    """As `used_days`, of days about which it may have been read: the process died meanwhile, and they count as if it was."""


@final
@dataclass(frozen=True, slots=True)
class Ruling:
    """What a row of the code of conduct says in one edition: one value, shared by all answers that name it.

    `nl` and `en` are sentences for the person who asked; `rule_no` is the row's permanent number.
    """

    rule: str
    rule_no: int
    edition: str
    sentence: str
    article: str
    nl: str
    en: str


@final
class Refusal(NamedTuple):
    """No. `ruling` is the row that says so.

    `subject` is the person whom the question was about, None where it is about none.
    """

    request: Request
    subject: int | None
    ruling: Ruling
    at: datetime

    @property
    def rule(self) -> str:
        """The id of the row that says no."""
        return self.ruling.rule

    @property
    def edition(self) -> str:
        """The edition it stands in."""
        return self.ruling.edition

    @property
    def sentence(self) -> str:
        """The leaflet's sentence it rests on."""
        return self.ruling.sentence

    @property
    def article(self) -> str:
        """The law's article, in that edition."""
        return self.ruling.article

    @property
    def nl(self) -> str:
        """The reason in Dutch, for the person who asked."""
        return self.ruling.nl

    @property
    def en(self) -> str:
        """The reason in English, for the person who asked."""
        return self.ruling.en
