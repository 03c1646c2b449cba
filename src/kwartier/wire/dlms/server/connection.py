"""One TCP connection to one meter: bytes in, answers and events out. No input or output, no clock, no randomness in here.

A connection is in one of four stages (DSMR P3 4.2.2 chapter 7):

    IDLE --AARQ of client 16, no security--> PUBLIC
    IDLE --AARQ of client 1, HLS5-GMAC-----> PENDING --genuine reply to the challenge--> ASSOCIATED
    any  --RLRQ----------------------------> IDLE          PENDING --false reply--> IDLE

PUBLIC may GET the invocation counter and the clock. ASSOCIATED may GET, SET and call every object that lets it, ciphered only.
Whatever comes, the meter answers, keeps silent where meters do, or raises BadFrame when it no longer knows where the next frame
begins.
"""

from collections.abc import Callable, Iterator
from enum import Enum
from typing import NamedTuple, final

from kwartier.model.register import Obis
from kwartier.wire.dlms.errors import Malformed, NotAuthentic
from kwartier.wire.dlms.server import acse, events, octets, services
from kwartier.wire.dlms.server.channel import GLO_INITIATE_REQUEST, Form, SecureChannel, Silence
from kwartier.wire.dlms.server.device import Device
from kwartier.wire.dlms.server.errors import Access, AccessDenied, Diagnostic, Excepted, Rejected, ServiceError
from kwartier.wire.dlms.server.logical import LogicalDevice
from kwartier.wire.dlms.server.longget import LongGet
from kwartier.wire.dlms.server.wrapper import Frame, Unwrapper, wrap

PUBLIC_SAP, MANAGEMENT_SAP = 16, 1
MANAGEMENT_DEVICE = 1
"""The one logical device of a meter."""
_ASSOCIATION = (15, Obis.parse("0-0:40.0.0"), 1)
"""Class, logical name and method of reply_to_HLS_authentication."""
_TITLE_SIZE = 8
_CHALLENGE_SIZES = range(8, 65)
_OWN_CHALLENGE = 16


class Stage(Enum):
    """How far the client has come."""

    IDLE = "idle"
    PUBLIC = "public"
    PENDING = "pending"
    ASSOCIATED = "associated"


class Reply(NamedTuple):
    """What one frame led to. Write the events down, then send `data` (empty: the meter keeps silent)."""

    data: bytes
    events: tuple[events.Event, ...]


@final
class Connection:
    """The meter's end of one connection."""

    def __init__(self, device: Device, draw: Callable[[int], bytes]) -> None:
        """Serve `device`; `draw(n)` gives n unpredictable bytes, for challenges."""
        self._device = device
        self._draw = draw
        self._unwrapper = Unwrapper()
        self._channel = SecureChannel(device)
        self._logical = LogicalDevice(device)
        self._events: list[events.Event] = []
        self._challenge = self._answer_to = b""
        self._conformance = 0
        self._reset()

    def _reset(self) -> None:
        """Forget the association."""
        self.stage = Stage.IDLE
        self._sap = 0
        self._pdu = self._device.pdu
        self._long: LongGet | None = None

    def receive(self, data: bytes, at: int) -> Iterator[Reply]:
        """Take bytes that came at the moment `at` (epoch seconds); yield a reply per complete frame.

        Raises BadFrame after the replies to the good frames. Nothing happens to a frame whose reply nobody takes.
        """
        for frame in self._unwrapper.feed(data):
            yield self._reply(frame, at)

    def _reply(self, frame: Frame, at: int) -> Reply:
        """Answer one frame, or keep silent."""
        self._events = []
        try:
            answer = self._answer(frame, at)
        except Silence:
            answer = b""
        except Rejected as refusal:
            answer = self._refused(frame, "association", acse.rejection(refusal.diagnostic))
        except Excepted as refusal:
            answer = self._refused(frame, refusal.service_error.name.lower(), services.exception(refusal))
        except NotAuthentic:
            answer = self._refused(frame, "deciphering", services.exception(Excepted(ServiceError.DECIPHERING)))
        except Malformed:
            answer = self._refused(frame, "malformed", services.exception(Excepted(ServiceError.OTHER_REASON)))
        data = wrap(Frame(frame.destination, frame.source, answer)) if answer else b""
        return Reply(data, tuple(self._events))

    def _refused(self, frame: Frame, why: str, answer: bytes) -> bytes:
        """Note a refusal and pass its PDU on."""
        self._events.append(events.Refused(frame.source, why))
        return answer

    def _answer(self, frame: Frame, at: int) -> bytes:
        """Hand the PDU to its service. Raises the refusals of this module's errors."""
        if len(frame.apdu) > self._device.pdu:
            raise Excepted(ServiceError.PDU_TOO_LONG)
        if frame.destination != MANAGEMENT_DEVICE or (self.stage is not Stage.IDLE and frame.source != self._sap):
            raise Excepted(ServiceError.OPERATION_NOT_POSSIBLE)
        tag = frame.apdu[0]
        if tag == acse.AARQ:
            return self._associate(frame)
        if tag == acse.RLRQ:
            return self._release(frame, at)
        if self.stage is Stage.IDLE:
            raise Excepted(ServiceError.OPERATION_NOT_POSSIBLE)
        if self.stage is Stage.PUBLIC:
            return self._get_plain(frame.apdu, at)
        plain, form = self._channel.unprotect(frame.apdu, self._events)
        return self._channel.protect(self._serve(plain, form, at), form)

    def _serve(self, plain: bytes, form: Form, at: int) -> bytes:
        """Serve the management client; before it is in it has the ACTION of pass 3 only."""
        if plain[0] == services.ACTION:
            return self._action(plain, at)
        if self.stage is not Stage.ASSOCIATED:
            raise Excepted(ServiceError.OPERATION_NOT_POSSIBLE)
        return self._set(plain, at) if plain[0] == services.SET else self._get(plain, form, at)

    def _get_plain(self, apdu: bytes, at: int) -> bytes:
        """Serve the public client, which has GET only."""
        if apdu[0] != services.GET:
            raise Excepted(ServiceError.NOT_SUPPORTED, state_error=2)
        return self._get(apdu, Form.PLAIN, at)

    def _associate(self, frame: Frame) -> bytes:
        """Answer an AARQ. A client that is in already has to release first."""
        request = acse.read_aarq(frame.apdu)
        if self.stage is not Stage.IDLE:
            raise Rejected(Diagnostic.NO_REASON)
        if frame.source == PUBLIC_SAP:
            return self._associate_public(request)
        if frame.source == MANAGEMENT_SAP:
            return self._associate_management(request)
        raise Rejected(Diagnostic.CALLING_TITLE_NOT_RECOGNISED)

    def _associate_public(self, request: acse.Request) -> bytes:
        """Let in the client without security."""
        if request.context != acse.PLAIN_CONTEXT:
            raise Rejected(Diagnostic.CONTEXT_NOT_SUPPORTED)
        if request.mechanism != acse.NO_MECHANISM:
            raise Rejected(Diagnostic.MECHANISM_NOT_RECOGNISED)
        initiate = self._negotiate(request.information, acse.PUBLIC_CONFORMANCE)
        self.stage, self._sap = Stage.PUBLIC, PUBLIC_SAP
        self._events.append(events.Associated(PUBLIC_SAP))
        return acse.public_acceptance(initiate)

    def _associate_management(self, request: acse.Request) -> bytes:
        """Take passes 1 and 2 of HLS5-GMAC: a genuine InitiateRequest gets a challenge."""
        if request.context != acse.CIPHERED_CONTEXT:
            raise Rejected(Diagnostic.CONTEXT_NOT_SUPPORTED)
        if request.mechanism != acse.GMAC_MECHANISM:
            raise Rejected(Diagnostic.MECHANISM_NOT_RECOGNISED)
        if len(request.title) != _TITLE_SIZE:
            raise Rejected(Diagnostic.CALLING_TITLE_NOT_RECOGNISED)
        if len(request.challenge) not in _CHALLENGE_SIZES:
            raise Rejected(Diagnostic.NO_REASON)
        self._channel.client = request.title
        initiate = self._negotiate(self._channel.open_initiate(request.information, self._events), acse.CONFORMANCE)
        self.stage, self._sap = Stage.PENDING, MANAGEMENT_SAP
        self._answer_to, self._challenge = request.challenge, self._draw(_OWN_CHALLENGE)
        return acse.acceptance(self._device.title, self._challenge, self._channel.seal_initiate(initiate))

    def _negotiate(self, information: bytes, offered: int) -> bytes:
        """Settle what both can and the largest PDU; return the InitiateResponse."""
        proposal = acse.read_initiate(information)
        pdu = min(proposal.pdu or self._device.pdu, self._device.pdu)
        if pdu < acse.LEAST_PDU:
            raise Rejected(Diagnostic.NO_REASON)
        self._pdu, self._conformance = pdu, proposal.conformance & offered
        return acse.initiate_response(self._conformance, self._device.pdu)

    def _release(self, frame: Frame, at: int) -> bytes:
        """Answer an RLRQ in the form asked, ciphered or not, and end the association."""
        information = acse.read_rlrq(frame.apdu)
        answer = b""
        if information[:1] == bytes((GLO_INITIATE_REQUEST,)) and self.stage in {Stage.PENDING, Stage.ASSOCIATED}:
            self._channel.open_initiate(information, self._events)
            answer = self._channel.seal_initiate(acse.initiate_response(self._conformance, self._device.pdu))
        if self.stage is not Stage.IDLE:
            self._events.append(events.Released(frame.source))
        self.end(at)
        return acse.release(answer)

    def end(self, at: int) -> None:
        """End the association, if there is one: released, or because the connection is gone."""
        if self.stage is Stage.ASSOCIATED:
            self._device.left(at)
        self._reset()

    def _action(self, plain: bytes, at: int) -> bytes:
        """Call a method; before the client is in, the one that takes pass 3."""
        action = services.read_action(plain)
        if self.stage is Stage.PENDING:
            return self._authenticate(action)
        try:
            return services.action_done(action.invoke, self._logical.act(action, self._sap, at, self._events))
        except AccessDenied as denial:
            return services.action_denied(action.invoke, denial.result)

    def _authenticate(self, action: services.Action) -> bytes:
        """Take pass 3 and give pass 4."""
        if (action.class_id, action.obis, action.method) != _ASSOCIATION:
            return services.action_denied(action.invoke, Access.READ_WRITE_DENIED)
        if not self._channel.genuine_reply(octets.only_string(action.data), self._challenge, self._events):
            self._events.append(events.Refused(self._sap, "authentication"))
            self._reset()
            return services.action_denied(action.invoke, Access.READ_WRITE_DENIED)
        answer = services.action_done(action.invoke, octets.octet_string(self._channel.own_reply(self._answer_to)))
        self.stage = Stage.ASSOCIATED
        self._events.append(events.Associated(self._sap))
        return answer

    def _set(self, plain: bytes, at: int) -> bytes:
        """Answer a SET."""
        request = services.read_set(plain)
        try:
            self._logical.set(request, self._sap, at, self._events)
        except AccessDenied as denial:
            return services.set_denied(request.invoke, denial.result)
        return services.set_done(request.invoke)

    def _get(self, plain: bytes, form: Form, at: int) -> bytes:
        """Answer a GET; long data go in blocks."""
        request = services.read_get(plain)
        if isinstance(request, services.Next):
            return self._next_block(request)
        self._long = None
        try:
            value = self._logical.get(request, self._sap, at, self._events, public=self.stage is Stage.PUBLIC)
        except AccessDenied as denial:
            return services.denied(request.invoke, denial.result)
        room = self._pdu - form.overhead
        if len(value.data) + services.NORMAL_OVERHEAD <= room:
            return services.value(request.invoke, value.data)
        if not self._conformance & acse.BLOCK_TRANSFER:
            return services.denied(request.invoke, Access.OTHER_REASON)
        self._long = LongGet(value.data, room - services.BLOCK_OVERHEAD)
        return self._long.answer(request.invoke, 1)

    def _next_block(self, request: services.Next) -> bytes:
        """Answer GET-next: the block after the one acknowledged, or the end of the transfer."""
        if self._long is None:
            return services.block_denied(request.invoke, request.block, Access.NO_LONG_GET)
        if not self._long.follows(request.block):
            self._long = None
            return services.block_denied(request.invoke, request.block, Access.BLOCK_NUMBER_INVALID)
        return self._long.answer(request.invoke, request.block + 1)
