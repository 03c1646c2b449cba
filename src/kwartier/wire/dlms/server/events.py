"""What happened on a connection, for the meter's session log. An event is written down before the answer leaves."""

from dataclasses import dataclass
from typing import final

from kwartier.model.register import Obis


@final
@dataclass(frozen=True, slots=True)
class CounterTaken:
    """A frame under this client title and invocation counter was genuine and its counter was accepted.

    `mac` marks the GMAC inside a pass-3 reply. Some clients use one counter for that GMAC and for the PDU around it, which
    makes the same nonce twice; meters take it, so it is recorded, twice.
    """

    title: bytes
    counter: int
    mac: bool = False


@final
@dataclass(frozen=True, slots=True)
class Associated:
    """The client `sap` is in: for the management client after pass 4."""

    sap: int


@final
@dataclass(frozen=True, slots=True)
class Refused:
    """Something was refused; `why` is a stable word."""

    sap: int
    why: str


@final
@dataclass(frozen=True, slots=True)
class BufferRead:
    """Rows of a profile were asked for; `first_s` and `last_s` are the stamps asked, None when no range was given."""

    sap: int
    obis: Obis
    first_s: int | None
    last_s: int | None
    rows: int


@final
@dataclass(frozen=True, slots=True)
class ObjectRead:
    """Any other attribute was given."""

    sap: int
    class_id: int
    obis: Obis
    attribute: int


@final
@dataclass(frozen=True, slots=True)
class GetDenied:
    """A GET got a data-access-result."""

    sap: int
    class_id: int
    obis: Obis
    attribute: int
    result: int


@final
@dataclass(frozen=True, slots=True)
class AttributeWritten:
    """An attribute was set."""

    sap: int
    class_id: int
    obis: Obis
    attribute: int


@final
@dataclass(frozen=True, slots=True)
class SetDenied:
    """A SET got a data-access-result other than success."""

    sap: int
    class_id: int
    obis: Obis
    attribute: int
    result: int


@final
@dataclass(frozen=True, slots=True)
class MethodCalled:
    """A method did what it does."""

    sap: int
    class_id: int
    obis: Obis
    method: int


@final
@dataclass(frozen=True, slots=True)
class ActionDenied:
    """An ACTION got an action-result other than success."""

    sap: int
    class_id: int
    obis: Obis
    method: int
    result: int


@final
@dataclass(frozen=True, slots=True)
class Released:
    """The client released its association."""

    sap: int


Event = (
    CounterTaken
    | Associated
    | Refused
    | BufferRead
    | ObjectRead
    | GetDenied
    | AttributeWritten
    | SetDenied
    | MethodCalled
    | ActionDenied
    | Released
)
