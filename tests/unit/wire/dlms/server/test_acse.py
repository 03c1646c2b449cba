"""Association PDUs, byte by byte."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kwartier.wire.dlms.errors import DlmsError, Malformed
from kwartier.wire.dlms.server import acse
from kwartier.wire.dlms.server.errors import Diagnostic

PUBLIC = bytes.fromhex("601da109060760857405080101be10040e01000000065f1f0400007e1fffff")
INITIATE = bytes.fromhex("01000000065f1f0400007e1fffff")


def test_the_public_aarq_of_the_books() -> None:
    request = acse.read_aarq(PUBLIC)
    assert (request.context, request.mechanism) == (acse.PLAIN_CONTEXT, acse.NO_MECHANISM)
    assert (request.title, request.challenge) == (b"", b"")
    assert acse.read_initiate(request.information) == acse.Proposal(0x007E1F, 0xFFFF)


@pytest.mark.parametrize("end", range(len(PUBLIC)))
def test_an_aarq_cut_short_is_malformed(end: int) -> None:
    with pytest.raises(Malformed):
        acse.read_aarq(PUBLIC[:end])


@pytest.mark.parametrize(
    "apdu",
    [
        PUBLIC + b"\x00",
        bytes.fromhex("6016a109060760857405080101a109060760857405080101"),
        bytes.fromhex("600ea109060760857405080101df01 00".replace(" ", "")),
        bytes.fromhex("6002be00"),
        bytes.fromhex("600ba109060760857405080101")[:-1] + b"\x01\xff",
    ],
    ids=["left over", "twice", "unknown field", "no context", "after the end"],
)
def test_an_aarq_that_contradicts_itself_is_malformed(apdu: bytes) -> None:
    with pytest.raises(Malformed):
        acse.read_aarq(apdu)


@pytest.mark.parametrize(
    "data",
    [b"", b"\x01\x01\x10" + bytes(16), INITIATE[:-1], INITIATE + b"\x00", INITIATE.replace(b"\x06\x5f", b"\x05\x5f")],
    ids=["nothing", "a dedicated key", "short", "long", "another version"],
)
def test_an_initiate_that_is_not_ours_is_malformed(data: bytes) -> None:
    with pytest.raises(Malformed):
        acse.read_initiate(data)


def test_optional_parts_of_an_initiate_are_read_over() -> None:
    assert acse.read_initiate(bytes.fromhex("0100 0101 0105 065f1f0400 00101d 0400".replace(" ", ""))) == acse.Proposal(
        0x00101D, 0x400
    )


def test_an_acceptance_says_that_authentication_is_required() -> None:
    expected = (
        "6152a109060760857405080103a203020100a305a10302010ea40a04084b5754000000000988020780890760857405080205aa12801000010203040506"
        "0708090a0b0c0d0e0fbe0c040a28080102030405060708"
    )
    built = acse.acceptance(b"KWT\x00\x00\x00\x00\x09", bytes(range(16)), bytes.fromhex("28080102030405060708"))
    assert built.hex() == expected


def test_a_rejection_is_permanent_and_has_no_user_information() -> None:
    assert acse.rejection(Diagnostic.AUTHENTICATION_FAILURE).hex() == "6117a109060760857405080103a203020101a305a10302010d"


def test_a_release_is_answered_with_and_without_information() -> None:
    assert acse.read_rlrq(bytes.fromhex("6203800100")) == b""
    assert acse.release() == bytes.fromhex("6303800100")
    assert acse.read_rlrq(bytes.fromhex("6209800100be0404022101")) == b"\x21\x01"
    assert acse.release(b"\x28\x01") == bytes.fromhex("6309800100be0404022801")


@given(st.binary(max_size=80))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for read in (acse.read_aarq, acse.read_rlrq, acse.read_initiate):
        try:
            read(data)
        except DlmsError:
            continue
