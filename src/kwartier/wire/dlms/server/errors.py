"""What a meter refuses, as errors. None of them leaves `Connection.receive`, except BadFrame: the stream itself is lost then.

DlmsError
+-- PeerError
    +-- Malformed
    |   +-- BadFrame        not the TCP wrapper: where the next frame starts is unknown, close the connection
    +-- Refusal             answered by the meter with the PDU that IEC 62056-5-3 has for it
        +-- AccessDenied    a data-access-result or action-result other than success
        +-- Excepted        an exception-response
        +-- Rejected        an AARE that says no
"""

from enum import IntEnum
from typing import final

from kwartier.wire.dlms.errors import Malformed, PeerError


@final
class BadFrame(Malformed):
    """The bytes are no TCP wrapper frame; nothing after them can be trusted."""

    code = "dlms-server-bad-frame"


class Refusal(PeerError):
    """The meter says no, in its own language."""

    code = "dlms-server-refusal"


class Access(IntEnum):
    """Data-access-result of GET and SET, and action-result, where the same numbers mean the same (IEC 62056-5-3): those used."""

    TEMPORARY_FAILURE = 2
    READ_WRITE_DENIED = 3
    OBJECT_UNDEFINED = 4
    OBJECT_CLASS_INCONSISTENT = 9
    TYPE_UNMATCHED = 12
    LONG_GET_ABORTED = 15
    NO_LONG_GET = 16
    BLOCK_NUMBER_INVALID = 19
    OTHER_REASON = 250


@final
class AccessDenied(Refusal):
    """One GET, SET or ACTION is refused; the association stands."""

    code = "dlms-server-access-denied"

    def __init__(self, result: Access) -> None:
        """Keep the data-access-result or action-result."""
        super().__init__(f"result {int(result)}")
        self.result = result


class ServiceError(IntEnum):
    """Service-error of an exception-response (IEC 62056-5-3)."""

    OPERATION_NOT_POSSIBLE = 1
    NOT_SUPPORTED = 2
    OTHER_REASON = 3
    PDU_TOO_LONG = 4
    DECIPHERING = 5
    INVOCATION_COUNTER = 6


@final
class Excepted(Refusal):
    """The whole PDU is refused by an exception-response. `state_error` 1: not allowed here, 2: service unknown."""

    code = "dlms-server-excepted"

    def __init__(self, service_error: ServiceError, *, state_error: int = 1, counter: int | None = None) -> None:
        """Keep the fields of the PDU; `counter` is the next invocation counter the meter takes, with INVOCATION_COUNTER only."""
        super().__init__(f"exception-response: state error {state_error}, service error {int(service_error)}")
        self.service_error = service_error
        self.state_error = state_error
        self.counter = counter


class Diagnostic(IntEnum):
    """Acse-service-user diagnostics of an AARE that the meter uses (IEC 62056-5-3)."""

    NULL = 0
    NO_REASON = 1
    CONTEXT_NOT_SUPPORTED = 2
    CALLING_TITLE_NOT_RECOGNISED = 3
    MECHANISM_NOT_RECOGNISED = 11
    AUTHENTICATION_FAILURE = 13
    AUTHENTICATION_REQUIRED = 14


@final
class Rejected(Refusal):
    """The association is rejected for good, with this diagnostic."""

    code = "dlms-server-rejected"

    def __init__(self, diagnostic: Diagnostic) -> None:
        """Keep the diagnostic."""
        super().__init__(f"association rejected: diagnostic {int(diagnostic)}")
        self.diagnostic = diagnostic
