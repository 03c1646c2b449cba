"""AARE and RLRE as meters write them, and as they should not."""

import pytest

import dlms_support as meter
from kwartier.wire.dlms.client import acse
from kwartier.wire.dlms.errors import AssociationRefused, Malformed, Misuse, NotAuthentic


def test_an_aare_tells_title_challenge_and_initiate_response() -> None:
    accepted = acse.hls_response(meter.aare())
    assert accepted == acse.Accepted(meter.THEIRS, meter.STOC, b"\x28" + meter.seal(meter.INITIATE_RESPONSE, 0))


@pytest.mark.parametrize(("result", "diagnostic"), [(1, 1), (1, 13), (2, 0)])
def test_a_refusal_says_why_even_with_nothing_else_in_it(result: int, diagnostic: int) -> None:
    with pytest.raises(AssociationRefused) as caught:
        acse.hls_response(meter.refusal(result, diagnostic))
    assert (caught.value.result, caught.value.diagnostic) == (result, diagnostic)


def test_an_association_without_authentication_is_not_taken() -> None:
    lax = meter.aare().replace(bytes.fromhex("a305a10302010e"), bytes.fromhex("a305a103020100"))
    with pytest.raises(NotAuthentic):
        acse.hls_response(lax)


def test_another_mechanism_is_not_taken() -> None:
    low = meter.aare().replace(bytes.fromhex("890760857405080205"), bytes.fromhex("890760857405080201"))
    with pytest.raises(NotAuthentic):
        acse.hls_response(low)


def test_a_meter_need_not_name_the_mechanism() -> None:
    bare = meter.aare().replace(bytes.fromhex("890760857405080205"), b"")
    bare = bytes((bare[0], bare[1] - 9)) + bare[2:]
    assert acse.hls_response(bare).challenge == meter.STOC


@pytest.mark.parametrize("length", [7, 65])
def test_a_challenge_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(Malformed):
        acse.hls_response(meter.aare(stoc=bytes(length)))


@pytest.mark.parametrize("field", ["a109", "a203", "a305", "a40a", "aa12", "be"])
def test_every_field_is_needed(field: str) -> None:
    apdu = meter.aare()
    at = apdu.index(bytes.fromhex(field), 2)
    without = meter.tlv(0x61, apdu[2:at] + apdu[at + 2 + apdu[at + 1] :])
    with pytest.raises(Malformed):
        acse.hls_response(without)


@pytest.mark.parametrize("apdu", [meter.aare()[:-1], meter.aare() + b"\0", b"\x60" + meter.aare()[1:], b"\x61", b"", b"\x61\x00"])
def test_an_aare_of_another_length_or_tag_is_refused(apdu: bytes) -> None:
    with pytest.raises(Malformed):
        acse.hls_response(apdu)


def test_a_field_may_stand_once() -> None:
    twice = meter.tlv(0x61, meter.aare()[2:] + bytes.fromhex("88020780"))
    with pytest.raises(Malformed):
        acse.hls_response(twice)


@pytest.mark.parametrize("result", ["a2040201010d", "a20302020d", "a203010101", "a20102", "a200"])
def test_a_result_is_an_integer_of_one_byte(result: str) -> None:
    with pytest.raises(Malformed):
        acse.hls_response(meter.tlv(0x61, bytes.fromhex(result) + meter.refusal()[7:]))


def test_an_aare_of_the_other_context_is_refused() -> None:
    with pytest.raises(Malformed):
        acse.hls_response(meter.PUBLIC_AARE.replace(b"\xa3\x05\xa1\x03\x02\x01\x00", b"\xa3\x05\xa1\x03\x02\x01\x0e"))
    with pytest.raises(Malformed):
        acse.public_response(meter.aare())


@pytest.mark.parametrize(("plain", "pdu"), [("0800065f1f040000501d04000007", 1024), ("080107065f1f0400001010ffff0007", 65535)])
def test_the_initiate_response_tells_the_pdu(plain: str, pdu: int) -> None:
    assert acse.initiate_response(bytes.fromhex(plain)) == pdu


@pytest.mark.parametrize(
    "plain",
    [
        "",
        "08",
        "0800",
        "0800065f1f040000501d040000fa",
        "0800065f1f040000501d0400000700",
        "0e0800065f1f040000501d04000007",
        "0802065f1f040000501d04000007",
    ],
)
def test_another_initiate_response_is_refused(plain: str) -> None:
    with pytest.raises(Malformed):
        acse.initiate_response(bytes.fromhex(plain))


def test_a_meter_that_offers_no_get_is_no_use() -> None:
    with pytest.raises(AssociationRefused):
        acse.initiate_response(bytes.fromhex("0800065f1f040000000104000007"))


@pytest.mark.parametrize(("apdu", "user"), [("6300", ""), ("6303800100", ""), ("6308be0604040800065f", "0800065f")])
def test_a_release_is_answered_with_or_without_user_information(apdu: str, user: str) -> None:
    assert acse.release_response(bytes.fromhex(apdu)).hex() == user


@pytest.mark.parametrize("apdu", ["", "62", "6203800100", "630380010000", "630480020000", "6302be00", "6303800500"])
def test_another_answer_to_a_release_is_refused(apdu: str) -> None:
    with pytest.raises(Malformed):
        acse.release_response(bytes.fromhex(apdu))


@pytest.mark.parametrize("length", [0, 7, 65])
def test_a_challenge_of_ours_has_8_to_64_bytes(length: int) -> None:
    with pytest.raises(Misuse):
        acse.hls_request(meter.OURS, bytes(length), b"")
