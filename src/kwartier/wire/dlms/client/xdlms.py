"""The xDLMS services that the client uses, in plaintext: GET (whole, range, blocks), SET, ACTION, exception-response.

IEC 62056-5-3 chapter 8; the A-XDR bytes are fixed for so few services, so they are written as such. The invoke-id is always 1,
high priority and confirmed (C1): one request is under way at a time.
"""

from dataclasses import dataclass
from typing import Final, final

from kwartier.model.register import Obis
from kwartier.wire.dlms import lengths
from kwartier.wire.dlms.client.ciphering import GMAC_LENGTH
from kwartier.wire.dlms.client.reading import Cursor
from kwartier.wire.dlms.errors import AccessRefused, ExceptionAnswer, Malformed, NotAuthentic, OutOfTurn

INVOKE: Final = 0xC1
EXCEPTION: Final = 0xD8
GLO_INITIATE_REQUEST, GLO_INITIATE_RESPONSE = 0x21, 0x28
GET_REQUEST, GET_RESPONSE, GLO_GET_REQUEST, GLO_GET_RESPONSE = 0xC0, 0xC4, 0xC8, 0xCC
SET_REQUEST, SET_RESPONSE, GLO_SET_REQUEST, GLO_SET_RESPONSE = 0xC1, 0xC5, 0xC9, 0xCD
ACTION_REQUEST, ACTION_RESPONSE, GLO_ACTION_REQUEST, GLO_ACTION_RESPONSE = 0xC3, 0xC7, 0xCB, 0xCF
TEMPORARY_FAILURE = 2
"""A result of SET and ACTION alike: not now, ask again."""
DECIPHERING_ERROR, COUNTER_ERROR = 5, 6
"""Service errors of an exception-response: about what the meter cannot decipher, and about the invocation counter."""

_HLS_PASS_3: Final = bytes.fromhex("c301c1000f0000280000ff0101") + bytes((0x09, GMAC_LENGTH))
_NEXT: Final = bytes((GET_REQUEST, 2, INVOKE))
_NORMAL, _WITH_BLOCK = 1, 2
_INVOKE_ID: Final = 0x0F
_HEAD: Final = 3
"""Bytes that every response has: its tag, which form of it, the invoke-id."""
_RETURN_OCTETS: Final = b"\x01\x00\x09"
"""There are return parameters, they are data, an octet-string."""


def get(class_id: int, obis: Obis, attribute: int, selector: bytes = b"") -> bytes:
    """Return a GET request of one attribute, with a selective access descriptor (selector.py) if given."""
    return _request(GET_REQUEST, class_id, obis, attribute) + _optional(selector)


def set_attribute(class_id: int, obis: Obis, attribute: int, data: bytes) -> bytes:
    """Return a SET request of one attribute to a value in A-XDR, without selective access and in one piece."""
    return _request(SET_REQUEST, class_id, obis, attribute) + b"\x00" + data


def action(class_id: int, obis: Obis, method: int, parameter: bytes = b"") -> bytes:
    """Return an ACTION request of one method, with a parameter in A-XDR if given, in one piece."""
    return _request(ACTION_REQUEST, class_id, obis, method) + _optional(parameter)


def _request(service: int, class_id: int, obis: Obis, member: int) -> bytes:
    """Return the head of a normal request about one attribute or method."""
    return b"".join((bytes((service, _NORMAL, INVOKE)), class_id.to_bytes(2, "big"), obis.code, bytes((member,))))


def _optional(data: bytes) -> bytes:
    return b"\x01" + data if data else b"\x00"


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
    form = _form(plain, GET_RESPONSE)
    if form == _NORMAL:
        _refusal(plain, 3)
        return Whole(plain[4:])
    if form != _WITH_BLOCK:
        msg = "a GET response in a form that was not asked for"
        raise OutOfTurn(msg)
    _refusal(plain, 8)
    length, start = lengths.decode(plain, 9)
    if start + length != len(plain):
        msg = "a block of another length than it says"
        raise Malformed(msg)
    return Block(int.from_bytes(plain[4:8], "big"), plain[3] != 0, plain[start:])  # TRUE is any byte but 0 (IEC 61334-6, 6.2)


def set_response(plain: bytes) -> None:
    """Read a SET response: success, or raise AccessRefused, Malformed, OutOfTurn."""
    if _form(plain, SET_RESPONSE) != _NORMAL:
        msg = "a SET response in a form that was not asked for"
        raise OutOfTurn(msg)
    if len(plain) != _HEAD + 1:
        msg = "a SET response of another length than it has"
        raise Malformed(msg)
    if plain[_HEAD]:
        raise AccessRefused(plain[_HEAD])


def action_response(plain: bytes) -> bytes:
    """Read an ACTION response; return the data in A-XDR, empty if there are none. Raises AccessRefused, Malformed, OutOfTurn."""
    if _form(plain, ACTION_RESPONSE) != _NORMAL:
        msg = "an ACTION response in a form that was not asked for"
        raise OutOfTurn(msg)
    cursor = Cursor(plain, _HEAD)
    result, returned = cursor.byte(), cursor.byte()
    if result:
        raise AccessRefused(result)
    if returned == 0:
        cursor.end()
        return b""
    cursor.expect(b"\x00")
    data = cursor.rest()
    if returned != 1 or not data:
        msg = "an ACTION response without the data it says it has"
        raise Malformed(msg)
    return data


def hls_pass_4(plain: bytes) -> bytes:
    """Read the answer to `hls_pass_3`: the meter's answer to our challenge. Raises Malformed, OutOfTurn, NotAuthentic."""
    if _form(plain, ACTION_RESPONSE) != _NORMAL:
        msg = "an ACTION response in a form that was not asked for"
        raise OutOfTurn(msg)
    if plain[3:4] != b"\x00":
        msg = "the meter did not take our answer to its challenge"
        raise NotAuthentic(msg)
    length, start = lengths.decode(plain, 7)
    if plain[4:7] != _RETURN_OCTETS or start + length != len(plain):
        msg = "an ACTION response without the octet-string that is due"
        raise Malformed(msg)
    return plain[start:]


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


def _form(plain: bytes, tag: int) -> int:
    """Check the tag and the invoke-id of a response; return which form of it this is."""
    if len(plain) < _HEAD or plain[0] != tag:
        msg = "not the response to this request"
        raise Malformed(msg)
    if plain[2] & _INVOKE_ID != INVOKE & _INVOKE_ID:
        msg = "an answer to another request"
        raise OutOfTurn(msg)
    return plain[1]


def _refusal(plain: bytes, at: int) -> None:
    """Pass if the result at `at` is data; raise AccessRefused for a reason why there are none."""
    if plain[at : at + 1] == b"\x00":
        return
    if plain[at : at + 1] != b"\x01" or len(plain) != at + 2 or plain[-1] == 0:
        msg = "neither data nor a reason why there are none"
        raise Malformed(msg)
    raise AccessRefused(plain[-1])
