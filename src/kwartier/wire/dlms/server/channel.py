"""What is ciphered between one client and the meter: counters checked, PDUs opened and sealed in the form asked.

Dutch clients use service-specific glo-ciphering (C8, C9, CB), others general-glo-ciphering (DB); the meter answers alike.
"""

from enum import Enum
from typing import final

from kwartier.wire.dlms.errors import NotAuthentic
from kwartier.wire.dlms.server import events, services
from kwartier.wire.dlms.server.device import Device
from kwartier.wire.dlms.server.errors import Excepted, Refusal, ServiceError
from kwartier.wire.dlms.server.octets import Reader, sized, tlv
from kwartier.wire.dlms.server.sealing import Protected, Sealer, split

GLO_INITIATE_REQUEST, _GLO_INITIATE_RESPONSE = 0x21, 0x28
_GLO_GET, _GLO_SET, _GLO_ACTION, _GENERAL_GLO = 0xC8, 0xC9, 0xCB, 0xDB
_PLAIN_OF = {_GLO_GET: services.GET, _GLO_SET: services.SET, _GLO_ACTION: services.ACTION}
_GLO_OF = {services.GET_ANSWER: b"\xcc", services.SET_ANSWER: b"\xcd", services.ACTION_ANSWER: b"\xcf"}


@final
class Silence(Refusal):
    """The meter does not answer at all."""

    code = "dlms-server-silence"


class Form(Enum):
    """How a PDU is wrapped; the value is the most bytes the wrapping adds."""

    PLAIN = 0
    GLO = 21
    GENERAL_GLO = 30

    @property
    def overhead(self) -> int:
        """Most bytes the wrapping adds."""
        return self.value


@final
class SecureChannel:
    """The ciphering of one connection. `client` is the title the client gave in its AARQ."""

    __slots__ = ("_before", "_device", "_sealer", "client")

    def __init__(self, device: Device) -> None:
        """Cipher with the keys and counters of `device`."""
        self._device = device
        self._sealer = Sealer(device.guek, device.gak)
        self.client = b""
        self._before = 0

    def _open(self, protected: Protected, log: list[events.Event]) -> bytes:
        """Open, then take the counter: a forged frame must not move it. Raises NotAuthentic, Excepted, Silence."""
        plain = self._sealer.open(self.client, protected)
        self._before = self._device.counters.client
        self._rises(protected.counter, log)
        self._device.counters.client = protected.counter
        log.append(events.CounterTaken(self.client, protected.counter))
        if not plain:
            msg = "a protected PDU that is empty"
            raise NotAuthentic(msg)
        return plain

    def _rises(self, counter: int, log: list[events.Event]) -> None:
        """Refuse a counter that did not rise, in the way of this meter."""
        if counter > self._before:
            return
        if self._device.tells_counter:
            raise Excepted(ServiceError.INVOCATION_COUNTER, counter=self._before + 1)
        log.append(events.Refused(1, "invocation_counter"))
        raise Silence

    def open_initiate(self, information: bytes, log: list[events.Event]) -> bytes:
        """Open a glo-initiate-request. Raises as `unprotect` does, and Malformed."""
        reader = Reader(information)
        reader.expect(bytes((GLO_INITIATE_REQUEST,)))
        protected = split(reader.octets())
        reader.done()
        return self._open(protected, log)

    def seal_initiate(self, plain: bytes) -> bytes:
        """Seal an InitiateResponse."""
        return tlv(_GLO_INITIATE_RESPONSE, self._seal(plain))

    def _seal(self, plain: bytes) -> bytes:
        """Seal under the meter's title and its next counter."""
        return self._sealer.seal(self._device.title, self._device.counters.own(), plain)

    def unprotect(self, apdu: bytes, log: list[events.Event]) -> tuple[bytes, Form]:
        """Open a ciphered request; return it and its form. Raises Malformed, NotAuthentic, Excepted, Silence."""
        reader = Reader(apdu)
        tag = reader.u8()
        if tag == _GENERAL_GLO:
            title = reader.octets()
            if title not in {self.client, b""}:
                msg = "another title than the one that associated"
                raise NotAuthentic(msg)
        elif tag not in _PLAIN_OF:
            raise _unprotected(tag)
        protected = split(reader.octets())
        reader.done()
        plain = self._open(protected, log)
        if plain[0] != _PLAIN_OF.get(tag, plain[0]) or plain[0] not in _PLAIN_OF.values():
            raise Excepted(ServiceError.NOT_SUPPORTED, state_error=2)
        return plain, Form.GENERAL_GLO if tag == _GENERAL_GLO else Form.GLO

    def protect(self, plain: bytes, form: Form) -> bytes:
        """Seal an answer in the form its request had."""
        sealed = sized(self._seal(plain))
        if form is Form.GENERAL_GLO:
            return bytes((_GENERAL_GLO,)) + sized(self._device.title) + sealed
        return _GLO_OF[plain[0]] + sealed

    def genuine_reply(self, reply: bytes, challenge: bytes, log: list[events.Event]) -> bool:
        """Check pass 3 and its counter, which may equal that of the PDU around it (see `events.CounterTaken`)."""
        if not self._sealer.answers(self.client, reply, challenge):
            return False
        counter = int.from_bytes(reply[1:5], "big")
        if counter <= self._before:
            return False
        self._device.counters.client = max(counter, self._device.counters.client)
        log.append(events.CounterTaken(self.client, counter, mac=True))
        return True

    def own_reply(self, challenge: bytes) -> bytes:
        """Give pass 4: f(CtoS) under the meter's title and a counter of its own."""
        return self._sealer.gmac(self._device.title, self._device.counters.own(), challenge)


def _unprotected(tag: int) -> Excepted:
    """Say why a PDU without protection is not served: policy 3 for the services known, else unknown."""
    if tag in _PLAIN_OF.values():
        return Excepted(ServiceError.OPERATION_NOT_POSSIBLE)
    return Excepted(ServiceError.NOT_SUPPORTED, state_error=2)
