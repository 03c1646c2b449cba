"""Opening and closing an association: AARQ, AARE, RLRQ, RLRE (ISO/IEC 8650-1 in BER, as IEC 62056-5-3 chapter 7 profiles it).

    AARQ 60  A1 context  A6 our title  8A 8B HLS5-GMAC  AC our challenge (CtoS)  BE initiate-request
    AARE 61  A1 context  A2 result  A3 diagnostic  A4 meter's title  88 89 mechanism  AA its challenge (StoC)  BE initiate-response
    RLRQ 62  80 reason  BE initiate-request        RLRE 63  80 reason  BE initiate-response

The user information (BE) is an octet-string that holds an xDLMS APDU, plain or protected.
"""

from dataclasses import dataclass
from typing import Final, final

from kwartier.wire.dlms import lengths
from kwartier.wire.dlms.errors import AssociationRefused, DlmsError, ExceptionAnswer, Malformed, Misuse, NotAuthentic

AARQ, AARE, RLRQ, RLRE = 0x60, 0x61, 0x62, 0x63
CONFORMANCE: Final = bytes.fromhex("007e1f")
"""What we can do: block transfer, GET, SET, ACTION, selective access and multiple references; accepted by every peer met."""
_GENERAL_PROTECTION: Final = bytes.fromhex("407e1f")
"""The same and general-glo-ciphering, which a meter need not take from a client that did not propose it."""
LEAST_CHALLENGE, MOST_CHALLENGE = 8, 64

_LN: Final = bytes.fromhex("060760857405080101")
_LN_CIPHERED: Final = bytes.fromhex("060760857405080103")
_PLAIN_HEAD: Final = b"\xa1\x09" + _LN
_HLS_HEAD: Final = b"\xa1\x09" + _LN_CIPHERED + b"\xa6\x0a\x04\x08"
_HLS5: Final = bytes.fromhex("8a0207808b0760857405080205")
_GMAC_OID: Final = bytes.fromhex("60857405080205")
_INITIATE: Final = bytes.fromhex("01000000065f1f0400")
_ANSWER: Final = bytes.fromhex("065f1f0400")
_LN_VAA: Final = b"\x00\x07"
_BODY: Final = 12
_GET: Final = 0x10
_CONTEXT, _RESULT, _DIAGNOSTIC, _TITLE, _MECHANISM, _CHALLENGE, _USER = 0xA1, 0xA2, 0xA3, 0xA4, 0x89, 0xAA, 0xBE
_RELEASE_REASON = 0x80
_OCTETS = 0x04
_INTEGER: Final = b"\x02\x01"
_AUTHENTICATION_REQUIRED = 14


def initiate(pdu: int, *, general: bool = False) -> bytes:
    """Return the plain initiate-request that proposes PDUs of at most `pdu` bytes; `general`: in general-glo-ciphering."""
    return _INITIATE + (_GENERAL_PROTECTION if general else CONFORMANCE) + pdu.to_bytes(2, "big")


def public_request(pdu: int) -> bytes:
    """Return the AARQ of the public client: logical names, no authentication, no ciphering."""
    return _tlv(AARQ, _PLAIN_HEAD + _user(initiate(pdu)))


def hls_request(client_title: bytes, challenge: bytes, sealed_initiate: bytes) -> bytes:
    """Return the AARQ with ciphering and HLS5-GMAC. Raises Misuse unless the challenge has 8 to 64 bytes."""
    if not LEAST_CHALLENGE <= len(challenge) <= MOST_CHALLENGE:
        msg = "a challenge has 8 to 64 bytes"
        raise Misuse(msg)
    size = len(challenge)
    ours = bytes((0xAC, size + 2, 0x80, size))
    return _tlv(AARQ, b"".join((_HLS_HEAD, client_title, _HLS5, ours, challenge, _user(sealed_initiate))))


def release_request(sealed_initiate: bytes = b"") -> bytes:
    """Return the RLRQ, reason normal, with the protected initiate-request when there is one."""
    return _tlv(RLRQ, b"\x80\x01\x00" + (_user(sealed_initiate) if sealed_initiate else b""))


@final
@dataclass(frozen=True, slots=True)
class Accepted:
    """An AARE that says yes. `challenge`, the meter's, is empty without authentication; `user` is its initiate-response."""

    title: bytes
    challenge: bytes
    user: bytes


def hls_response(apdu: bytes) -> Accepted:
    """Read the AARE to an HLS5 request. Raises Malformed, AssociationRefused, or NotAuthentic if it asks no authentication."""
    fields, diagnostic = _accepted(apdu, _LN_CIPHERED)
    if diagnostic != _AUTHENTICATION_REQUIRED or fields.get(_MECHANISM, _GMAC_OID) != _GMAC_OID:
        msg = "the meter wants no authentication, or another one than GMAC"
        raise NotAuthentic(msg)
    title = _inner(fields, _TITLE, _OCTETS)
    challenge = _inner(fields, _CHALLENGE, 0x80)
    if not LEAST_CHALLENGE <= len(challenge) <= MOST_CHALLENGE:
        msg = "the meter's challenge is too short or too long"
        raise Malformed(msg)
    return Accepted(title, challenge, _inner(fields, _USER, _OCTETS))


def public_response(apdu: bytes) -> Accepted:
    """Read the AARE to the public client. Raises Malformed, AssociationRefused."""
    fields, _ = _accepted(apdu, _LN)
    return Accepted(b"", b"", _inner(fields, _USER, _OCTETS))


def is_refusal(error: DlmsError) -> bool:
    """True if this answer to an AARQ leaves no association. One that accepts, and is wrong in all else, does leave one."""
    return isinstance(error, ExceptionAnswer) or (isinstance(error, AssociationRefused) and error.result != 0)


def initiate_response(plain: bytes) -> int:
    """Read the plain initiate-response; return the largest PDU it takes. Raises Malformed, AssociationRefused without GET."""
    body = plain[3:] if plain[:2] == b"\x08\x01" else plain[2:]  # 01: with the quality of service it offers, which nobody uses
    if plain[:2] not in {b"\x08\x00", b"\x08\x01"} or len(body) != _BODY or body[:5] != _ANSWER or body[10:] != _LN_VAA:
        msg = "not an initiate-response of logical names"
        raise Malformed(msg)
    if not body[7] & _GET:
        raise AssociationRefused(0, -1)
    return body[8] << 8 | body[9]


def release_response(apdu: bytes) -> bytes:
    """Read the RLRE; return its user information, empty if there is none. Raises Malformed."""
    fields = _fields(apdu, RLRE)
    if len(fields.get(_RELEASE_REASON, b"\0")) != 1:
        msg = "the reason of a release has one byte"
        raise Malformed(msg)
    return _inner(fields, _USER, _OCTETS) if _USER in fields else b""


def _accepted(apdu: bytes, context: bytes) -> tuple[dict[int, bytes], int]:
    """Return the fields and the diagnostic of an AARE whose result is 0, in this application context."""
    fields = _fields(apdu, AARE)
    result = _integer(_need(fields, _RESULT))
    diagnostic = _integer(_contents(_need(fields, _DIAGNOSTIC)))
    if result != 0:
        # a refusal may lack every other field (seen on meters in the field)
        raise AssociationRefused(result, diagnostic)
    if _need(fields, _CONTEXT) != context:
        msg = "the meter accepted another application context"
        raise Malformed(msg)
    return fields, diagnostic


def _fields(apdu: bytes, tag: int) -> dict[int, bytes]:
    """Return the contents of each field of an ACSE APDU by its tag; a field may stand there once."""
    length, at = lengths.decode(apdu, 1)
    end = len(apdu)
    if apdu[0] != tag or at + length != end:
        msg = "not the ACSE APDU that was expected, or of another length than it says"
        raise Malformed(msg)
    fields: dict[int, bytes] = {}
    while at < end:
        field = apdu[at]
        length, start = lengths.decode(apdu, at + 1)
        at = start + length
        if at > end or field in fields:
            msg = "a field of an ACSE APDU is cut off or stands twice"
            raise Malformed(msg)
        fields[field] = apdu[start:at]
    return fields


def _need(fields: dict[int, bytes], tag: int) -> bytes:
    """Return a field that must be there."""
    try:
        return fields[tag]
    except KeyError:
        msg = "a field is missing in an ACSE APDU"
        raise Malformed(msg) from None


def _inner(fields: dict[int, bytes], tag: int, inner: int) -> bytes:
    """Return what the one element `inner` within a field holds."""
    element = _need(fields, tag)
    if element[:1] != bytes((inner,)):
        msg = "a field of an ACSE APDU holds another element"
        raise Malformed(msg)
    return _contents(element)


def _contents(element: bytes) -> bytes:
    """Return what an element holds that fills these bytes, whatever its tag."""
    length, start = lengths.decode(element, 1)
    if start + length != len(element):
        msg = "an element has another length than it says"
        raise Malformed(msg)
    return element[start:]


def _integer(element: bytes) -> int:
    """Return a BER INTEGER of one byte."""
    if element[:2] != _INTEGER or len(element) != len(_INTEGER) + 1:
        msg = "not an integer of one byte"
        raise Malformed(msg)
    return element[-1]


def _user(apdu: bytes) -> bytes:
    """Wrap an xDLMS APDU as user information."""
    return _tlv(_USER, _tlv(_OCTETS, apdu))


def _tlv(tag: int, contents: bytes) -> bytes:
    """Write one BER element."""
    return b"".join((bytes((tag,)), lengths.encode(len(contents)), contents))
