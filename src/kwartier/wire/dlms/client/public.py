"""The public client (port 16): no keys, no ciphering. It reads one thing, the meter's last invocation counter (SMR 5).

The answer is not authenticated: whoever sits on the line can forge it, so a caller bounds the jump it makes on it.
A release is due even here: one server in the field stays bound to this client over TCP connections until it gets one.
"""

from collections.abc import Callable, Mapping
from enum import Enum, auto
from typing import Final, final

from kwartier.model.register import Obis
from kwartier.wire.dlms.client import acse, framing, xdlms
from kwartier.wire.dlms.client.association import METER_PORT, Released, Send
from kwartier.wire.dlms.errors import AccessRefused, DlmsError, Misuse, OutOfTurn

PUBLIC_PORT = 16
_PDU = 0xFFFF
_DATA_CLASS, _VALUE = 1, 2


class PublicState(Enum):
    """Where the public association stands."""

    IDLE = auto()
    ASSOCIATING = auto()
    READING = auto()
    RELEASING = auto()
    CLOSED = auto()
    BROKEN = auto()


@final
class PublicClient:
    """Reads the counter at `obis` (class 1, attribute 2): start() gives the first frame, receive() the next or the end."""

    __slots__ = ("_obis", "counter", "standing", "state")

    def __init__(self, obis: Obis) -> None:
        """Read the counter that the meter model names."""
        self._obis = obis
        self.state = PublicState.IDLE
        self.standing = False
        """True while the meter may hold this association, so from the AARQ on unless it is refused: then it must be released."""
        self.counter: int | None = None
        """The last invocation counter the meter took, once it said so."""

    def start(self) -> bytes:
        """Return the frame with the AARQ. Raises Misuse."""
        if self.state is not PublicState.IDLE:
            msg = "already started"
            raise Misuse(msg)
        self.state = PublicState.ASSOCIATING
        self.standing = True
        return framing.wrap(PUBLIC_PORT, METER_PORT, acse.public_request(_PDU))

    def release(self) -> bytes:
        """Return the frame with the RLRQ. Raises Misuse unless the association may stand."""
        if not self.standing or self.state is PublicState.RELEASING:
            msg = "there is no association to release"
            raise Misuse(msg)
        self.state = PublicState.RELEASING
        return framing.wrap(PUBLIC_PORT, METER_PORT, acse.release_request())

    def receive(self, apdu: bytes) -> Send | Released:
        """Take one APDU of the meter; return the next frame to send, or the end. Raises PeerError."""
        handler = _HANDLERS.get(self.state)
        try:
            if apdu[:1] == bytes((xdlms.EXCEPTION,)):
                raise xdlms.exception_response(apdu)
            if handler is None:
                msg = "an APDU while nothing was asked"
                raise OutOfTurn(msg)
            return handler(self, apdu)
        except DlmsError as error:
            if self.state is PublicState.ASSOCIATING and acse.is_refusal(error):
                self.standing = False
            self.state = PublicState.BROKEN
            raise

    def _accepted(self, apdu: bytes) -> Send:
        acse.initiate_response(acse.public_response(apdu).user)
        self.state = PublicState.READING
        return Send(framing.wrap(PUBLIC_PORT, METER_PORT, xdlms.get(_DATA_CLASS, self._obis, _VALUE)))

    def _answered(self, apdu: bytes) -> Send:
        """Take the counter; a refusal to tell it ends in a release just as well."""
        try:
            response = xdlms.get_response(apdu)
        except AccessRefused:
            return Send(self.release())
        if not isinstance(response, xdlms.Whole):
            msg = "four bytes in blocks"
            raise OutOfTurn(msg)
        self.counter = xdlms.double_long_unsigned(response.data)
        return Send(self.release())

    def _released(self, apdu: bytes) -> Released:
        self.standing = False
        acse.release_response(apdu)
        self.state = PublicState.CLOSED
        return Released()


_HANDLERS: Final[Mapping[PublicState, Callable[[PublicClient, bytes], Send | Released]]] = {
    PublicState.ASSOCIATING: PublicClient._accepted,  # noqa: SLF001 - the table belongs to the class
    PublicState.READING: PublicClient._answered,  # noqa: SLF001 - as above
    PublicState.RELEASING: PublicClient._released,  # noqa: SLF001 - as above
}
