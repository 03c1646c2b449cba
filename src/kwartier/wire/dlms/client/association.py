"""The management client's association as a state machine: what may be asked in which state, and what may answer.

One APDU in, one event out. The machine never waits, never sends, never draws a random number: the caller does.

    IDLE -associate-> ASSOCIATING -AARE, pass 3 out-> AUTHENTICATING -pass 4-> READY -get-> READING -all blocks-> READY
    READY -set-> WRITING -answer-> READY        READY -act-> ACTING -answer-> READY
    any state in which the meter may hold an association -release-> RELEASING -RLRE-> CLOSED

Any error but AccessRefused leads to BROKEN, where only a release is allowed: a meter that is left without one may stay deaf.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final, final

from kwartier.wire.dlms.client import acse, framing, xdlms
from kwartier.wire.dlms.client.ciphering import Counters, Protection, Secrets
from kwartier.wire.dlms.errors import AccessRefused, DlmsError, Malformed, Misuse, NotAuthentic, OutOfTurn

CLIENT_PORT = 1
METER_PORT = 1
SEALING: Final = 32
"""Bytes that protection adds to a request at most: tag, title, length, security header and authentication tag."""


class State(Enum):
    """Where the association stands."""

    IDLE = auto()
    ASSOCIATING = auto()
    AUTHENTICATING = auto()
    READY = auto()
    READING = auto()
    WRITING = auto()
    ACTING = auto()
    RELEASING = auto()
    CLOSED = auto()
    BROKEN = auto()


@final
@dataclass(frozen=True, slots=True)
class Send:
    """The exchange goes on: send this frame."""

    frame: bytes


@final
@dataclass(frozen=True, slots=True)
class Established:
    """Both sides have proved themselves. `pdu` is the largest PDU the meter takes."""

    pdu: int


@final
@dataclass(frozen=True, slots=True)
class Answer:
    """All data of the GET, or what an ACTION returned, in A-XDR; empty after a SET, and where a method returns nothing."""

    data: bytes


@final
@dataclass(frozen=True, slots=True)
class Released:
    """The association is over; the connection may be closed."""


Event = Send | Established | Answer | Released


@final
@dataclass(frozen=True, slots=True)
class Bounds:
    """How much a meter may make us hold for one GET, and the PDU to propose (per meter model)."""

    pdu: int = 1024
    most_blocks: int = 4096
    most_bytes: int = 1 << 20


@final
class Association:
    """One association with one meter, as the management client."""

    __slots__ = (
        "_blocks", "_bounds", "_challenge", "_counters", "_prefix", "_proposal", "_protection", "_secrets", "_size", "_their_pdu",
        "standing", "state",
    )  # fmt: skip

    def __init__(self, secrets: Secrets, counters: Counters, challenge: bytes, bounds: Bounds, *, general: bool = False) -> None:
        """Take what the caller drew and reserved: a fresh `challenge` for each association; `general` asks in DB, not C8/CB."""
        self.state = State.IDLE
        self.standing = False
        """True while the meter may hold this association, so from the AARQ on unless it is refused: then it must be released."""
        self._secrets = secrets
        self._counters = counters
        self._protection = Protection(secrets, counters, general=general)
        self._challenge = challenge
        self._bounds = bounds
        self._proposal = acse.initiate(bounds.pdu, general=general)
        self._prefix = framing.prefix(CLIENT_PORT, METER_PORT)
        self._blocks: list[bytes] = []
        self._size = 0
        self._their_pdu = 0

    def associate(self) -> bytes:
        """Return the frame with the AARQ. Raises Misuse, CountersExhausted."""
        self._only_in(State.IDLE)
        frame = self._frame(acse.hls_request(self._secrets.client_title, self._challenge, self._initiate()))
        self.state = State.ASSOCIATING
        self.standing = True
        return frame

    def get(self, request: bytes) -> bytes:
        """Return the frame with a GET (xdlms.get). Raises Misuse, CountersExhausted; one counter is kept for the release."""
        self._only_in(State.READY)
        frame = self._ask(request)
        self._blocks, self._size = [], 0
        self.state = State.READING
        return frame

    def set(self, request: bytes) -> bytes:
        """Return the frame with a SET (xdlms.set_attribute). Raises as get() does; Misuse too for more than the meter takes."""
        return self._change(xdlms.GLO_SET_REQUEST, request, State.WRITING)

    def act(self, request: bytes) -> bytes:
        """Return the frame with an ACTION (xdlms.action). Raises as set() does."""
        return self._change(xdlms.GLO_ACTION_REQUEST, request, State.ACTING)

    def _change(self, tag: int, request: bytes, state: State) -> bytes:
        self._only_in(State.READY)
        if len(request) + SEALING > self._their_pdu > 0:
            msg = "a request longer than the PDU that the meter takes"
            raise Misuse(msg)
        self._counters.keep(1)
        frame = self._service(tag, request)
        self.state = state
        return frame

    @property
    def room(self) -> int:
        """How many bytes of plaintext the meter takes in one request; 0 if it named no limit."""
        return max(self._their_pdu - SEALING, 0)

    def release(self) -> bytes:
        """Return the frame with the RLRQ; allowed wherever the association may stand. Raises Misuse, CountersExhausted."""
        if not self.standing or self.state in {State.RELEASING, State.CLOSED}:
            msg = "there is no association to release"
            raise Misuse(msg)
        self.state = State.RELEASING
        return self._frame(acse.release_request(self._initiate()))

    def receive(self, apdu: bytes) -> Event:
        """Take one APDU of the meter; return what follows from it. Raises PeerError, or CountersExhausted for a next block."""
        handler = _HANDLERS.get(self.state)
        try:
            if apdu[:1] == _EXCEPTION:
                raise xdlms.exception_response(apdu)
            if handler is None or not apdu:
                msg = "an APDU while nothing was asked"
                raise OutOfTurn(msg)
            return handler(self, apdu)
        except AccessRefused:
            self.state = State.READY
            raise
        except DlmsError as error:
            if self.state is State.ASSOCIATING and acse.is_refusal(error):
                self.standing = False
            self.state = State.BROKEN
            raise

    def _accepted(self, apdu: bytes) -> Event:
        """AARE: check whom we talk to, open its initiate-response, answer its challenge (pass 3)."""
        accepted = acse.hls_response(apdu)
        if accepted.title != self._secrets.meter_title or accepted.challenge == self._challenge:
            msg = "another meter answers, or our own challenge comes back"
            raise NotAuthentic(msg)
        if accepted.user[:1] != _PROTECTED_INITIATE:
            msg = "the initiate-response is not protected"
            raise NotAuthentic(msg)
        self._their_pdu = acse.initiate_response(self._protection.open(accepted.user, 1))
        self.state = State.AUTHENTICATING
        answer = self._protection.answer(accepted.challenge)
        return Send(self._service(xdlms.GLO_ACTION_REQUEST, xdlms.hls_pass_3(answer)))

    def _authenticated(self, apdu: bytes) -> Event:
        """Pass 4: the meter proves that it holds the keys."""
        plain = self._protection.open_service(apdu, xdlms.GLO_ACTION_RESPONSE)
        self._protection.check(xdlms.hls_pass_4(plain), self._challenge)
        self.state = State.READY
        return Established(self._their_pdu)

    def _answered(self, apdu: bytes) -> Event:
        """A GET response: all data, or one block more."""
        response = xdlms.get_response(self._protection.open_service(apdu, xdlms.GLO_GET_RESPONSE))
        if isinstance(response, xdlms.Whole):
            if self._blocks:
                msg = "all data at once in the midst of blocks"
                raise OutOfTurn(msg)
            self.state = State.READY
            return Answer(response.data)
        self._keep(response)
        if not response.last:
            return Send(self._ask(xdlms.get_next(response.number)))
        self.state = State.READY
        return Answer(b"".join(self._blocks))

    def _written(self, apdu: bytes) -> Event:
        """A SET response: success, or it raised."""
        xdlms.set_response(self._protection.open_service(apdu, xdlms.GLO_SET_RESPONSE))
        self.state = State.READY
        return Answer(b"")

    def _acted(self, apdu: bytes) -> Event:
        """An ACTION response with what the method returned."""
        data = xdlms.action_response(self._protection.open_service(apdu, xdlms.GLO_ACTION_RESPONSE))
        self.state = State.READY
        return Answer(data)

    def _keep(self, block: xdlms.Block) -> None:
        """Add a block if it is the next one and the answer stays within bounds."""
        self._size += len(block.data)
        if block.number != len(self._blocks) + 1:
            msg = "a block out of order"
            raise OutOfTurn(msg)
        if block.number > self._bounds.most_blocks or self._size > self._bounds.most_bytes:
            msg = "more blocks or bytes than this answer can have"
            raise Malformed(msg)
        self._blocks.append(block.data)

    def _released(self, apdu: bytes) -> Event:
        """RLRE: with or without a protected initiate-response; one that is protected must be right."""
        self.standing = False
        user = acse.release_response(apdu)
        if user[:1] == _PROTECTED_INITIATE:
            self._protection.open(user, 1)
        self.state = State.CLOSED
        return Released()

    def _only_in(self, state: State) -> None:
        if self.state is not state:
            msg = f"not allowed in state {self.state.name}"
            raise Misuse(msg)

    def _initiate(self) -> bytes:
        return self._protection.seal(xdlms.GLO_INITIATE_REQUEST, self._proposal)

    def _ask(self, request: bytes) -> bytes:
        """Seal a GET. The last counter of the range is for the release."""
        self._counters.keep(1)
        return self._service(xdlms.GLO_GET_REQUEST, request)

    def _service(self, tag: int, plain: bytes) -> bytes:
        return self._frame(self._protection.seal_service(tag, plain))

    def _frame(self, apdu: bytes) -> bytes:
        return b"".join((self._prefix, len(apdu).to_bytes(2, "big"), apdu))


_EXCEPTION: Final = bytes((xdlms.EXCEPTION,))
_PROTECTED_INITIATE: Final = bytes((xdlms.GLO_INITIATE_RESPONSE,))
_HANDLERS: Final[Mapping[State, Callable[[Association, bytes], Event]]] = {
    State.ASSOCIATING: Association._accepted,  # noqa: SLF001 - the table belongs to the class
    State.AUTHENTICATING: Association._authenticated,  # noqa: SLF001 - as above
    State.READING: Association._answered,  # noqa: SLF001 - as above
    State.WRITING: Association._written,  # noqa: SLF001 - as above
    State.ACTING: Association._acted,  # noqa: SLF001 - as above
    State.RELEASING: Association._released,  # noqa: SLF001 - as above
}
