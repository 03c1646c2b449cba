"""Whatever bytes a meter sends, each decoder of our side gives a result or an error that names the meter's fault, and nothing else.

Random bytes and mutated genuine ones: 100,000 per decoder with --full, a seeded sample otherwise. Byte by byte: 5,000; the one
decoder of a stream, the framing, is fed so and must give what it gives whole; the others take a whole PDU, and are given each PDU
as it grows, every prefix of it. No claim about lengths makes them take memory. Rows of profiles, the association, and the
head-end's conversation have fuzzers of their own beside this one.
"""

from datetime import UTC, datetime

import numpy as np
import pytest

import dlms_support as meter
from fuzz_support import BYTE_ROUNDS, ROUNDS, Decode, grown, inputs, most_memory, survives, swollen
from kwartier.wire.dlms import lengths, models
from kwartier.wire.dlms.client import acse, axdr, clock, xdlms
from kwartier.wire.dlms.client.ciphering import Counters, Protection
from kwartier.wire.dlms.client.framing import Deframer, wrap
from kwartier.wire.dlms.errors import AccessRefused, AssociationRefused, BadModel, Malformed, PeerError

KILOBYTE = 1024
DATA = meter.array([meter.u32(number) for number in range(20)])


def framed(*pieces: bytes) -> tuple[list[bytes], bool]:
    """Return the APDUs of a stream that came in these pieces, and whether it was given up. What was whole before that counts."""
    deframer = Deframer(1, 1)
    found: list[bytes] = []
    try:
        found.extend(apdu for piece in pieces for apdu in deframer.receive(piece))
    except Malformed:
        return found, True
    return found, False


def opened(apdu: bytes) -> bytes:
    """Open an answer to a GET; there is one plaintext that the meter sealed, and no other."""
    plain = Protection(meter.SECRETS, Counters(0, 0)).open_service(apdu, xdlms.GLO_GET_RESPONSE)
    assert plain == DATA
    return plain


def checked(answer: bytes) -> None:
    """Check the meter's answer to our challenge; one answer is right, and no other."""
    Protection(meter.SECRETS, Counters(0, 0)).check(answer, meter.CHALLENGE)
    assert answer == meter.gmac(meter.THEIRS, 9, meter.CHALLENGE)


def both_clocks(octets: bytes) -> int:
    """Read a date-time alone and as a column: they agree on the moment, and on whether it is one."""
    if len(octets) != clock.LENGTH:
        return clock.decode(octets)
    (column,), (bad,) = clock.decode_column(np.frombuffer(octets, np.uint8).reshape(1, clock.LENGTH))
    try:
        alone = clock.decode(octets)
    except Malformed:
        assert bad
        raise
    assert not bad
    assert alone == column
    return alone


NESTED = meter.array([meter.structure(meter.octets(b"abc"), b"\x00", meter.array([]), b"\x03\x01", b"\x0f\xff", b"\x16\x05")] * 3)
DEEP = b"\x02\x01" * 8 + meter.u8(1)
EVERY_TYPE = meter.structure(
    *(b"\x04\x08\xa0", b"\x05\xff\xff\xff\xfe", meter.u32(7), b"\x10\xff\xfe", b"\x12\x01\x02", b"\x14" + bytes(8)),
    *(b"\x15" + bytes(8), b"\x19" + bytes(12), b"\x1a" + bytes(5), b"\x1b" + bytes(4)),
)
PASS_4 = bytes.fromhex("c701c100010009") + meter.tlv(0, meter.gmac(meter.THEIRS, 9, meter.CHALLENGE))[1:]
SEALED = meter.seal(DATA, 3)
CLOCKS = [meter.date_time(datetime(2026, month, 29, 12, 30, 59, tzinfo=UTC)) for month in (1, 7)]
DECODERS: dict[str, tuple[Decode, list[bytes]]] = {
    "hls-response": (acse.hls_response, [meter.aare(), meter.aare(stoc=bytes(64)), meter.refusal()]),
    "public-response": (acse.public_response, [meter.PUBLIC_AARE, meter.refusal(2, 1)]),
    "release-response": (
        acse.release_response,
        [meter.RLRE, meter.tlv(0x63, b"\x80\x01\x00" + meter.tlv(0xBE, meter.tlv(4, b"\x28" + SEALED)))],
    ),
    "initiate-response": (acse.initiate_response, [meter.INITIATE_RESPONSE, b"\x08\x01\x00" + meter.INITIATE_RESPONSE[2:]]),
    "get-response": (
        xdlms.get_response,
        [
            b"\xc4\x01\xc1\x00" + DATA,
            b"\xc4\x01\xc1\x01\x03",
            b"\xc4\x02\xc1\x00\x00\x00\x00\x01\x00" + meter.tlv(0, DATA)[1:],
            b"\xc4\x02\xc1\x01\x00\x00\x00\x02\x01\x13",
        ],
    ),
    "pass-4": (xdlms.hls_pass_4, [PASS_4]),
    "counter": (xdlms.double_long_unsigned, [meter.u32(5000)]),
    "exception-response": (xdlms.exception_response, [b"\xd8\x01\x02", b"\xd8\x01\x06\x00\x00\x13\x88"]),
    "length": (lambda data: lengths.decode(data, 0), [b"\x05", b"\x81\x80", b"\x82\x01\x00", b"\x84\xff\xff\xff\xff"]),
    "a-xdr": (axdr.decode, [NESTED, EVERY_TYPE, DATA, DEEP]),
    "date-time": (both_clocks, CLOCKS),
    "protection": (opened, [b"\xcc" + SEALED, b"\xdb\x08" + meter.THEIRS + SEALED]),
    "set-response": (xdlms.set_response, [b"\xc5\x01\xc1\x00", b"\xc5\x01\xc1\x03"]),
    "action-response": (xdlms.action_response, [b"\xc7\x01\xc1\x00\x01\x00" + meter.octets(b"abc"), b"\xc7\x01\xc1\x02\x00"]),
    "challenge": (checked, [meter.gmac(meter.THEIRS, 9, meter.CHALLENGE)]),
}


@pytest.mark.parametrize("rounds", ROUNDS)
@pytest.mark.parametrize("name", DECODERS)
def test_every_decoder_gives_a_result_or_names_the_meters_fault(name: str, rounds: int) -> None:
    decode, seeds = DECODERS[name]
    for seed in seeds:
        survives(decode, seed, (AssociationRefused, AccessRefused))
    for data in inputs(seeds, rounds, name):
        survives(decode, data, PeerError)


@pytest.mark.parametrize("rounds", BYTE_ROUNDS)
@pytest.mark.parametrize("name", DECODERS)
def test_every_decoder_bears_a_pdu_that_grows_byte_by_byte(name: str, rounds: int) -> None:
    decode, seeds = DECODERS[name]
    for data in inputs(seeds, rounds, f"{name} grown"):
        for prefix in grown(data):
            survives(decode, prefix, PeerError)


@pytest.mark.parametrize("name", DECODERS)
def test_a_claim_of_gigabytes_takes_no_memory(name: str) -> None:
    decode, seeds = DECODERS[name]
    claims = [data for seed in seeds for data in swollen(seed)]
    survives(decode, claims[0], PeerError)
    assert most_memory(decode, claims, PeerError) < 16 * KILOBYTE


@pytest.mark.parametrize("tag", [axdr.ARRAY, axdr.STRUCTURE])
@pytest.mark.parametrize("depth", [10, 100, 30_000])
def test_no_depth_of_nesting_takes_the_stack(tag: int, depth: int) -> None:
    deep = bytes((tag, 1)) * depth
    for data in (deep, deep + b"\x00", deep + bytes((tag, 0))):
        with pytest.raises(Malformed):
            axdr.decode(data)


# The stream

STREAMS = [wrap(1, 1, meter.aare()), wrap(1, 1, meter.RLRE) * 3, wrap(1, 1, SEALED) + wrap(1, 1, b"\xd8\x01\x02")]


@pytest.mark.parametrize("rounds", ROUNDS)
def test_any_stream_is_cut_into_apdus_or_given_up(rounds: int) -> None:
    for data in inputs(STREAMS, rounds, "framing"):
        found, _ = framed(data)
        assert b"".join(wrap(1, 1, apdu) for apdu in found) == data[: sum(len(apdu) + 8 for apdu in found)]


@pytest.mark.parametrize("rounds", BYTE_ROUNDS)
def test_any_stream_byte_by_byte_gives_what_it_gives_whole(rounds: int) -> None:
    for data in inputs(STREAMS, rounds, "framing bytes"):
        assert framed(*(data[at : at + 1] for at in range(len(data)))) == framed(data), data.hex()


def test_a_stream_makes_us_hold_one_frame_at_most() -> None:
    deframer = Deframer(1, 1, longest=2048)
    endless = wrap(1, 1, bytes(2048)) * 3 + wrap(1, 1, bytes(2048))[:-1]
    for _ in range(3):
        assert len(list(deframer.receive(endless))) == 3
        assert not list(deframer.receive(b""))
        assert len(list(deframer.receive(b"\0"))) == 1
    assert most_memory(lambda data: list(deframer.receive(data)), [wrap(1, 1, bytes(2048))[:-1]]) < 4 * KILOBYTE


# A file of ours, which a person may get wrong: no wire, and the same care

MODEL = b"""name="SMR5"
pdu=1024
selects_columns=false
[[profile]]
name="e_day"
obis="1-0:99.2.0"
period_s=900
entries=40
columns=[{role="clock",class_id=8,obis="0-0:1.0.0",attribute=2},
{role="value",class_id=3,obis="1-0:1.8.1",attribute=2,channel="IMPORT",to_base=0}]
"""
WORDS = [b"-1", b'""', b"[]", b"{}", b"true", b"1e9", b"nan", b"1979-05-27", b"9" * 30, b'"clock"', b'"GAS"', b'"e_day"', b"'''"]
SPELT = [
    MODEL.replace(old, new, 1) for old in (b"1024", b'"SMR5"', b"false", b"900", b'"clock"', b"8,", b'"IMPORT"') for new in WORDS
]


def parsed(data: bytes) -> object:
    return models.parse(data.decode("utf-8", "surrogateescape"))


@pytest.mark.parametrize("rounds", ROUNDS)
def test_any_text_is_a_meter_model_or_a_bad_one(rounds: int) -> None:
    parsed(MODEL)
    for data in inputs([MODEL, *SPELT], rounds, "model"):
        survives(parsed, data, BadModel)


@pytest.mark.parametrize("rounds", BYTE_ROUNDS)
def test_a_meter_model_that_is_cut_off_anywhere_is_a_bad_one(rounds: int) -> None:
    for data in inputs([MODEL, *SPELT], rounds, "model grown"):
        for prefix in grown(data):
            survives(parsed, prefix, BadModel)
