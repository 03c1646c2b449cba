"""The xDLMS services that the client uses, in plaintext: GET (whole, range, blocks), ACTION for HLS, exception-response.

IEC 62056-5-3 chapter 8; the A-XDR bytes are fixed for so few services, so they are written as such. The invoke-id is always 1,
high priority and confirmed (C1): one request is under way at a time.
"""

from dataclasses import dataclass
from typing import Final, final

from kwartier.model.register import Obis
from kwartier.wire.dlms.client.ciphering import GMAC_LENGTH
from kwartier.wire.dlms.client.reading import Cursor
from kwartier.wire.dlms.errors import AccessRefused, ExceptionAnswer, Malformed, NotAuthentic, OutOfTurn

INVOKE: Final = 0xC1
EXCEPTION: Final = 0xD8
GLO_INITIATE_REQUEST, GLO_INITIATE_RESPONSE = 0x21, 0x28
GET_REQUEST, GET_RESPONSE, GLO_GET_REQUEST, GLO_GET_RESPONSE = 0xC0, 0xC4, 0xC8, 0xCC
ACTION_RESPONSE, GLO_ACTION_REQUEST, GLO_ACTION_RESPONSE = 0xC7, 0xCB, 0xCF
COUNTER_ERROR: Final = 6
"""The service error of an exception-response about the invocation counter."""

_HLS_PASS_3: Final = bytes.fromhex("c301c1000f0000280000ff0101") + bytes((0x09, GMAC_LENGTH))
_NEXT: Final = bytes((GET_REQUEST, 2, INVOKE))
_NORMAL, _WITH_BLOCK = 1, 2
_INVOKE_ID: Final = 0x0F


def get(class_id: int, obis: Obis, attribute: int, selector: bytes = b"") -> bytes:
    """Return a GET request of one attribute, with a selective access descriptor (selector.py) if given."""
    choice = b"\x01" + selector if selector else b"\x00"
    return b"".join((bytes((GET_REQUEST, 1, INVOKE)), class_id.to_bytes(2, "big"), obis.code, bytes((attribute,)), choice))


def get_next(block: int) -> bytes:
    """Return the GET request for the block after number `block`."""
    return _NEXT + block.to_bytes(4, "big")


def hls_pass_3(answer: bytes) -> bytes:
    """Return the ACTION reply_to_HLS_authentication on association 0-0:40.0.0 with our answer to the challenge."""
    return _HLS_PASS_3 + answer


@final
@dataclass(frozen=True, slots=True)
class Whole:
    """A GET response with all of the data (A-XDR)."""

    data: bytes


@final
@dataclass(frozen=True, slots=True)
class Block:
    """A GET response with one block of the data. Blocks are numbered from 1."""

    number: int
    last: bool
    data: bytes


def get_response(plain: bytes) -> Whole | Block:
    """Read a GET response. Raises Malformed, OutOfTurn, AccessRefused."""
    cursor = Cursor(plain)
    form = _head(cursor, GET_RESPONSE)
    if form == _NORMAL:
        _refusal(cursor)
        return Whole(cursor.rest())
    if form != _WITH_BLOCK:
        msg = "a GET response in a form that was not asked for"
        raise OutOfTurn(msg)
    last = cursor.byte()
    if last > 1:
        msg = "a boolean that is neither 0 nor 1"
        raise Malformed(msg)
    number = cursor.number(4)
    _refusal(cursor)
    data = cursor.field()
    cursor.end()
    return Block(number, bool(last), data)


def hls_pass_4(plain: bytes) -> bytes:
    """Read the answer to `hls_pass_3`: the meter's answer to our challenge. Raises Malformed, OutOfTurn, NotAuthentic."""
    cursor = Cursor(plain)
    if _head(cursor, ACTION_RESPONSE) != _NORMAL:
        msg = "an ACTION response in a form that was not asked for"
        raise OutOfTurn(msg)
    if cursor.byte() != 0:
        msg = "the meter did not take our answer to its challenge"
        raise NotAuthentic(msg)
    cursor.expect(b"\x01\x00\x09")  # there are return parameters, they are data, an octet-string
    answer = cursor.field()
    cursor.end()
    return answer


def double_long_unsigned(data: bytes) -> int:
    """Read one u32 as the meter's invocation counter is given. Raises Malformed."""
    cursor = Cursor(data)
    cursor.expect(b"\x06")
    value = cursor.number(4)
    cursor.end()
    return value


def exception_response(apdu: bytes) -> ExceptionAnswer:
    """Read an exception-response. Raises Malformed."""
    cursor = Cursor(apdu)
    cursor.expect(bytes((EXCEPTION,)))
    state, service = cursor.byte(), cursor.byte()
    counter = cursor.number(4) if service == COUNTER_ERROR and not cursor.done else None
    cursor.end()
    return ExceptionAnswer(state, service, counter)


def _head(cursor: Cursor, tag: int) -> int:
    """Check the tag and the invoke-id of a response; return which form of it this is."""
    cursor.expect(bytes((tag,)))
    form = cursor.byte()
    if cursor.byte() & _INVOKE_ID != INVOKE & _INVOKE_ID:
        msg = "an answer to another request"
        raise OutOfTurn(msg)
    return form


def _refusal(cursor: Cursor) -> None:
    """Step over the choice `data` of a result; raise AccessRefused for the other one."""
    choice = cursor.byte()
    if choice == 0:
        return
    result = cursor.byte()
    cursor.end()
    if choice != 1 or result == 0:
        msg = "neither data nor a reason why there are none"
        raise Malformed(msg)
    raise AccessRefused(result)
