"""The errors of the DLMS room; the class says who is at fault.

    DlmsError
    +-- PeerError              the other side, or someone on the line between us
    |   +-- Malformed          bytes that are no such PDU
    |   +-- OutOfTurn          a sound PDU that was not the answer to what was asked
    |   +-- NotAuthentic       protection missing, wrong tag, wrong title, or an invocation counter that did not rise
    |   +-- AssociationRefused the meter said no to the association
    |   +-- ExceptionAnswer    the meter answered with an exception-response
    |   +-- AccessRefused      the meter said no to one request; the association stands
    +-- OwnError               the caller on this side
        +-- CountersExhausted  the reserved invocation counters are used up
        +-- Misuse             a call that the state of the association does not allow, or an argument out of bounds
        +-- BadModel           a meter model file that does not say what it must

No text holds a key, a title, an address or a value.
"""

from kwartier.model.errors import KwartierError


class DlmsError(KwartierError):
    """Anything that the DLMS room foresaw."""

    code = "dlms"


class PeerError(DlmsError):
    """The other side erred, or someone on the line between us."""

    code = "dlms-peer"


class Malformed(PeerError):
    """Bytes that are not the PDU they claim to be."""

    code = "dlms-malformed"


class OutOfTurn(PeerError):
    """A sound PDU, but not an answer to what was asked."""

    code = "dlms-out-of-turn"


class NotAuthentic(PeerError):
    """Protection is missing or wrong: tag, system title, challenge, or an invocation counter that did not rise."""

    code = "dlms-not-authentic"


class AssociationRefused(PeerError):
    """The AARE says no. `result` and `diagnostic` are those of the PDU (IEC 62056-5-3); -1 where it holds none."""

    code = "dlms-association-refused"

    def __init__(self, result: int, diagnostic: int) -> None:
        """Keep both numbers of the AARE."""
        super().__init__(f"association refused: result {result}, diagnostic {diagnostic}")
        self.result = result
        self.diagnostic = diagnostic


class ExceptionAnswer(PeerError):
    """An exception-response (D8). `counter` is the invocation counter the meter expects, with service error 6 only."""

    code = "dlms-exception-response"

    def __init__(self, state_error: int, service_error: int, counter: int | None) -> None:
        """Keep the numbers of the PDU."""
        super().__init__(f"exception-response: state error {state_error}, service error {service_error}")
        self.state_error = state_error
        self.service_error = service_error
        self.counter = counter


class AccessRefused(PeerError):
    """A data-access-result or action-result other than success. The association stands and may be used."""

    code = "dlms-access-refused"

    def __init__(self, result: int) -> None:
        """Keep the number of the PDU."""
        super().__init__(f"access refused: result {result}")
        self.result = result


class OwnError(DlmsError):
    """We erred; nothing was sent."""

    code = "dlms-own"


class CountersExhausted(OwnError):
    """No invocation counter of the reserved range is left: sending would use a nonce twice."""

    code = "dlms-counters-exhausted"


class Misuse(OwnError):
    """The state of the association does not allow this call, or an argument is out of bounds."""

    code = "dlms-misuse"


class BadModel(OwnError):
    """A meter model file lacks something, says it wrongly, or says more than is known."""

    code = "dlms-bad-model"
