"""Association and release: AARQ, AARE, RLRQ, RLRE in BER, and the InitiateRequest inside (IEC 62056-5-3, Green Book 9.4.2, 9.5)."""

from dataclasses import dataclass
from typing import final

from kwartier.wire.dlms.errors import Malformed
from kwartier.wire.dlms.server.errors import Diagnostic
from kwartier.wire.dlms.server.octets import Reader, tlv

AARQ, AARE, RLRQ, RLRE = 0x60, 0x61, 0x62, 0x63
_OID = bytes.fromhex("6085740508")
PLAIN_CONTEXT = _OID + b"\x01\x01"
"""Logical names without ciphering."""
CIPHERED_CONTEXT = _OID + b"\x01\x03"
"""Logical names with ciphering."""
NO_MECHANISM = _OID + b"\x02\x00"
GMAC_MECHANISM = _OID + b"\x02\x05"
"""HLS mechanism 5."""
CONFORMANCE = 0x40101D
"""What the meter can: general protection, block transfer with GET, GET, SET, selective access, ACTION."""
PUBLIC_CONFORMANCE = 0x001014
"""What it can for a client without security: block transfer with GET, GET, selective access."""
BLOCK_TRANSFER = 0x001000
LEAST_PDU = 64
"""Below this a ciphered block has no room for anything but its own headers."""
_CONTEXT, _TITLE, _REQUIREMENTS, _MECHANISM, _CHALLENGE, _INFORMATION = 0xA1, 0xA6, 0x8A, 0x8B, 0xAC, 0xBE
_KNOWN = frozenset({0x80, *range(0xA1, 0xAA), _REQUIREMENTS, _MECHANISM, _CHALLENGE, 0xBD, _INFORMATION})


@final
@dataclass(frozen=True, slots=True)
class Request:
    """An AARQ as far as a meter cares. Absent fields are empty."""

    context: bytes
    mechanism: bytes
    title: bytes
    challenge: bytes
    information: bytes


@final
@dataclass(frozen=True, slots=True)
class Proposal:
    """An InitiateRequest: what the client can, and the largest PDU it takes (0: any)."""

    conformance: int
    pdu: int


def _fields(data: bytes, tag: int) -> dict[int, bytes]:
    """Return the fields of one BER sequence by tag. Raises Malformed for repeated fields and left-over bytes."""
    outer = Reader(data)
    outer.expect(bytes((tag,)))
    inner = Reader(outer.octets())
    outer.done()
    fields: dict[int, bytes] = {}
    while inner.at < inner.end:
        field = inner.u8()
        if field in fields:
            msg = "a field is there twice"
            raise Malformed(msg)
        fields[field] = inner.octets()
    return fields


def _inside(data: bytes, tag: int) -> bytes:
    """Return the contents of the one element that `data` is; nothing of nothing."""
    if not data:
        return b""
    reader = Reader(data)
    reader.expect(bytes((tag,)))
    contents = reader.octets()
    reader.done()
    return contents


def read_aarq(data: bytes) -> Request:
    """Take an AARQ apart. Raises Malformed."""
    fields = _fields(data, AARQ)
    if not fields.keys() <= _KNOWN or _CONTEXT not in fields:
        msg = "no AARQ"
        raise Malformed(msg)
    return Request(
        context=_inside(fields[_CONTEXT], 0x06),
        mechanism=fields.get(_MECHANISM, NO_MECHANISM),
        title=_inside(fields.get(_TITLE, b""), 0x04),
        challenge=_inside(fields.get(_CHALLENGE, b""), 0x80),
        information=_inside(fields.get(_INFORMATION, b""), 0x04),
    )


def read_rlrq(data: bytes) -> bytes:
    """Take an RLRQ apart; return its user information, empty if it has none. Raises Malformed."""
    fields = _fields(data, RLRQ)
    if not fields.keys() <= {0x80, _INFORMATION}:
        msg = "no RLRQ"
        raise Malformed(msg)
    return _inside(fields.get(_INFORMATION, b""), 0x04)


def read_initiate(data: bytes) -> Proposal:
    """Take an InitiateRequest apart (A-XDR). Raises Malformed; a dedicated key is Malformed too: Dutch meters have none."""
    reader = Reader(data)
    reader.expect(b"\x01\x00")
    for _ in ("response allowed", "quality of service"):
        if reader.u8():
            reader.u8()
    reader.expect(b"\x06\x5f\x1f\x04\x00")
    proposal = Proposal(reader.number(3), reader.number(2))
    reader.done()
    return proposal


def initiate_response(conformance: int, pdu: int) -> bytes:
    """Build an InitiateResponse: version 6, what both can, the largest PDU, and the VAA name of logical names."""
    return b"\x08\x00\x06\x5f\x1f\x04\x00" + conformance.to_bytes(3, "big") + pdu.to_bytes(2, "big") + b"\x00\x07"


def _verdict(context: bytes, result: int, diagnostic: Diagnostic) -> bytes:
    """Build the fields every AARE begins with."""
    return (
        tlv(_CONTEXT, tlv(0x06, context))
        + tlv(0xA2, tlv(0x02, bytes((result,))))
        + tlv(0xA3, tlv(0xA1, tlv(0x02, bytes((diagnostic,)))))
    )


def rejection(diagnostic: Diagnostic) -> bytes:
    """Build an AARE that rejects for good, without user information."""
    return tlv(AARE, _verdict(CIPHERED_CONTEXT, 1, diagnostic))


def public_acceptance(initiate: bytes) -> bytes:
    """Build the AARE for a client without security."""
    return tlv(AARE, _verdict(PLAIN_CONTEXT, 0, Diagnostic.NULL) + tlv(_INFORMATION, tlv(0x04, initiate)))


def acceptance(title: bytes, challenge: bytes, sealed_initiate: bytes) -> bytes:
    """Build the AARE of HLS: accepted so far, authentication required."""
    return tlv(
        AARE,
        _verdict(CIPHERED_CONTEXT, 0, Diagnostic.AUTHENTICATION_REQUIRED)
        + tlv(0xA4, tlv(0x04, title))
        + b"\x88\x02\x07\x80"
        + tlv(0x89, GMAC_MECHANISM)
        + tlv(0xAA, tlv(0x80, challenge))
        + tlv(_INFORMATION, tlv(0x04, sealed_initiate)),
    )


def release(information: bytes = b"") -> bytes:
    """Build an RLRE, normal, with or without user information."""
    return tlv(RLRE, b"\x80\x01\x00" + (tlv(_INFORMATION, tlv(0x04, information)) if information else b""))
