"""The services a meter understands, GET, SET and ACTION, and its answers (IEC 62056-5-3, Green Book 9.5)."""

from dataclasses import dataclass
from typing import final

from kwartier.model.register import Obis
from kwartier.wire.dlms.errors import Malformed
from kwartier.wire.dlms.server import selection
from kwartier.wire.dlms.server.errors import Access, AccessDenied, Excepted, ServiceError
from kwartier.wire.dlms.server.octets import NULL, Reader, sized

GET, SET, ACTION = 0xC0, 0xC1, 0xC3
GET_ANSWER, SET_ANSWER, ACTION_ANSWER = 0xC4, 0xC5, 0xC7
_NORMAL, _NEXT, _BLOCK = 1, 2, 2
BLOCK_OVERHEAD = 12
"""Most bytes a datablock answer has before its data."""
NORMAL_OVERHEAD = 4


@final
@dataclass(frozen=True, slots=True)
class Get:
    """GET-request-normal. `selector` holds what follows the attribute: empty, or access selector and parameters."""

    invoke: int
    class_id: int
    obis: Obis
    attribute: int
    selector: bytes

    def selected(self) -> selection.Selection:
        """Take the selector apart. Raises AccessDenied(TYPE_UNMATCHED): the request stands, what it selects does not."""
        try:
            return selection.read(self.selector)
        except Malformed as error:
            raise AccessDenied(Access.TYPE_UNMATCHED) from error


@final
@dataclass(frozen=True, slots=True)
class Next:
    """GET-request-next: the block that came well."""

    invoke: int
    block: int


@final
@dataclass(frozen=True, slots=True)
class Set:
    """SET-request-normal: one attribute and its new value in A-XDR. `selector` as with Get."""

    invoke: int
    class_id: int
    obis: Obis
    attribute: int
    selector: bytes
    value: bytes


@final
@dataclass(frozen=True, slots=True)
class Action:
    """ACTION-request-normal. `data` is the parameter in A-XDR, whatever its type; empty without one."""

    invoke: int
    class_id: int
    obis: Obis
    method: int
    data: bytes


def read_get(plain: bytes) -> Get | Next:
    """Take a GET-request apart. Raises Malformed, or Excepted for GET-with-list."""
    reader = Reader(plain)
    reader.expect(bytes((GET,)))
    choice, invoke = reader.u8(), reader.u8()
    if choice == _NEXT:
        following = Next(invoke, reader.number(4))
        reader.done()
        return following
    if choice != _NORMAL:
        raise Excepted(ServiceError.NOT_SUPPORTED, state_error=2)
    class_id, obis, attribute = reader.number(2), Obis(reader.take(6)), reader.u8()
    return Get(invoke, class_id, obis, attribute, _optional(reader))


def read_set(plain: bytes) -> Set:
    """Take a SET-request apart. Raises Malformed, or Excepted for blocks and lists, which no Dutch profile needs.

    With a selector nobody but the object knows where it ends: it stands in front of the value, and `value` is empty.
    """
    reader = Reader(plain)
    reader.expect(bytes((SET,)))
    choice, invoke = reader.u8(), reader.u8()
    if choice != _NORMAL:
        raise Excepted(ServiceError.NOT_SUPPORTED, state_error=2)
    class_id, obis, attribute = reader.number(2), Obis(reader.take(6)), reader.u8()
    selected, rest = reader.u8(), reader.rest()
    if selected > 1 or not rest:
        msg = "a SET without a value, or with a flag that is none"
        raise Malformed(msg)
    return Set(invoke, class_id, obis, attribute, *((rest, b"") if selected else (b"", rest)))


def read_action(plain: bytes) -> Action:
    """Take an ACTION-request apart. Raises Malformed, or Excepted for any but the normal one."""
    reader = Reader(plain)
    reader.expect(bytes((ACTION,)))
    choice, invoke = reader.u8(), reader.u8()
    if choice != _NORMAL:
        raise Excepted(ServiceError.NOT_SUPPORTED, state_error=2)
    class_id, obis, method = reader.number(2), Obis(reader.take(6)), reader.u8()
    return Action(invoke, class_id, obis, method, _optional(reader))


def _optional(reader: Reader) -> bytes:
    """Return the optional part that ends a request: empty if its flag says absent."""
    flag = reader.u8()
    rest = reader.rest()
    if flag > 1 or bool(flag) != bool(rest):
        msg = "the flag and the optional part differ"
        raise Malformed(msg)
    return rest


def value(invoke: int, data: bytes) -> bytes:
    """Answer a GET with data."""
    return bytes((GET_ANSWER, _NORMAL, invoke, 0)) + data


def denied(invoke: int, result: Access) -> bytes:
    """Answer a GET with a data-access-result."""
    return bytes((GET_ANSWER, _NORMAL, invoke, 1, result))


def block(invoke: int, number: int, data: bytes, *, last: bool) -> bytes:
    """Answer a GET with one block of the encoded data."""
    return bytes((GET_ANSWER, _BLOCK, invoke, last)) + number.to_bytes(4, "big") + NULL + sized(data)


def block_denied(invoke: int, number: int, result: Access) -> bytes:
    """End a block transfer with a data-access-result."""
    return bytes((GET_ANSWER, _BLOCK, invoke, 1)) + number.to_bytes(4, "big") + bytes((1, result))


def set_done(invoke: int) -> bytes:
    """Answer a SET with success."""
    return bytes((SET_ANSWER, _NORMAL, invoke, 0))


def set_denied(invoke: int, result: Access) -> bytes:
    """Answer a SET with a data-access-result."""
    return bytes((SET_ANSWER, _NORMAL, invoke, result))


def action_done(invoke: int, data: bytes) -> bytes:
    """Answer an ACTION with success, and with what it returns in A-XDR unless that is nothing."""
    return bytes((ACTION_ANSWER, _NORMAL, invoke, 0)) + (b"\x01\x00" + data if data else b"\x00")


def action_denied(invoke: int, result: int) -> bytes:
    """Answer an ACTION with an action-result, without data."""
    return bytes((ACTION_ANSWER, _NORMAL, invoke, result, 0))


def exception(refusal: Excepted) -> bytes:
    """Build an exception-response."""
    counter = b"" if refusal.counter is None else min(refusal.counter, 0xFFFFFFFF).to_bytes(4, "big")
    return bytes((0xD8, refusal.state_error, refusal.service_error)) + counter
