"""Frames byte by byte: the vectors of the DLMS UA Green Book, and frames that independent meters took."""

from collections.abc import Callable

import pytest

import dlms_support as meter
from kwartier.model.register import Obis
from kwartier.wire.dlms.client import acse, xdlms
from kwartier.wire.dlms.client.association import Association, Bounds
from kwartier.wire.dlms.client.ciphering import Counters, Protection, Secrets
from kwartier.wire.dlms.client.framing import Deframer
from kwartier.wire.dlms.client.public import PublicClient
from kwartier.wire.dlms.errors import NotAuthentic

EK, AK = bytes(range(16)), bytes(range(0xD0, 0xE0))
TITLE = bytes.fromhex("4D4D4D0000BC614E")
CLIENT = bytes.fromhex("4D4D4D0000000001")
IC = 0x01234567
PLAIN = bytes.fromhex("C0010000080000010000FF0200")
SEALED = bytes.fromhex("C81E3001234567411312FF935A47566827C467BC7D825C3BE4A77C3FCC056B6B")


def protection(ours: bytes, theirs: bytes, ic: int) -> Protection:
    return Protection(Secrets(ours, theirs, EK, AK), Counters(ic, ic + 10))


def test_green_book_table_40_sealing() -> None:
    assert protection(TITLE, CLIENT, IC).seal(0xC8, PLAIN) == SEALED


def test_green_book_table_40_opening() -> None:
    assert protection(CLIENT, TITLE, 0).open_service(SEALED, 0xC8) == PLAIN


def test_green_book_table_40_authentication_only_is_the_gmac_of_the_plaintext() -> None:
    found = protection(TITLE, CLIENT, IC).answer(PLAIN)
    assert found == b"\x10" + IC.to_bytes(4, "big") + bytes.fromhex("06725D910F9221D263877516")


@pytest.mark.parametrize(
    ("title", "ic", "challenge", "answer"),
    [
        (CLIENT, 1, "503677524A323146", "10000000011A52FE7DD3E72748973C1E28"),
        (TITLE, IC, "4B35366956616759", "1001234567FE1466AFB3DBCD4F9389E2B7"),
    ],
)
def test_green_book_table_43_both_ways(title: bytes, ic: int, challenge: str, answer: str) -> None:
    assert protection(title, b"\0" * 8, ic).answer(bytes.fromhex(challenge)).hex().upper() == answer
    checker = protection(b"\0" * 8, title, 0)
    checker.check(bytes.fromhex(answer), bytes.fromhex(challenge))
    with pytest.raises(NotAuthentic):
        checker.check(bytes.fromhex(answer), bytes.fromhex(challenge)[::-1])


def test_the_public_clients_frames() -> None:
    client = PublicClient(Obis.parse("0-0:43.1.0"))
    assert client.start().hex() == "000100100001001f" + "601da109060760857405080101be10040e01000000065f1f0400007e1fffff"
    get = client.receive(meter.PUBLIC_AARE)
    assert getattr(get, "frame", b"").hex() == "000100100001000d" + "c001c1000100002b0100ff0200"
    release = client.receive(bytes.fromhex("c401c1000600000102"))
    assert getattr(release, "frame", b"").hex() == "0001001000010005" + "6203800100"


def test_the_management_clients_frames() -> None:
    """The bytes around the ciphertexts are those that independent meters took; the ciphertexts open with OpenSSL's own check."""
    ours = Association(meter.SECRETS, Counters(0x64, 0x70), meter.CHALLENGE, Bounds(pdu=1024))
    hello = ours.associate()
    head = "000100010001005f605da109060760857405080103a60a04084b574100000000018a0207808b0760857405080205ac128010"
    assert hello.hex().startswith(head + meter.CHALLENGE.hex() + "be230421211f3000000064")
    assert meter.unseal(hello[-32:]) == (0x64, bytes.fromhex("01000000065f1f0400007e1f0400"))
    answer = getattr(ours.receive(meter.aare(0)), "frame", b"")
    assert answer[:14].hex() == "000100010001" + "0033" + "cb313000" + "0000"
    ic, plain = meter.unseal(answer[9:])
    assert (ic, plain[:15].hex()) == (0x66, "c301c1000f0000280000ff01010911")
    assert plain[15:] == meter.gmac(meter.OURS, 0x65, meter.STOC)


def test_the_release_frames() -> None:
    assert acse.release_request().hex() == "6203800100"
    assert acse.release_request(bytes.fromhex("211f")).hex() == "6209800100" + "be040402211f"


def test_get_requests() -> None:
    quarters = Obis.parse("1-0:99.1.0")
    assert xdlms.get(7, quarters, 2).hex() == "c001c1" + "0007" + "0100630100ff" + "02" + "00"
    assert xdlms.get(7, quarters, 2, b"\x01\x00").hex() == "c001c1" + "0007" + "0100630100ff" + "02" + "01" + "0100"
    assert xdlms.get_next(2).hex() == "c002c100000002"


AARE_FRAME = meter.frame(meter.aare(0))
ANSWERS: list[tuple[str, Callable[[bytes], object]]] = [
    ("6300", acse.release_response),
    ("d8010600000064", lambda apdu: xdlms.exception_response(apdu).counter),
]


def test_frames_come_whole_out_of_a_connection_that_gives_them_byte_by_byte() -> None:
    deframer = Deframer(1, 1)
    apdus = [apdu for byte in AARE_FRAME + AARE_FRAME for apdu in deframer.receive(bytes((byte,)))]
    assert apdus == [meter.aare(0)] * 2


@pytest.mark.parametrize(("apdu", "read"), ANSWERS)
def test_short_answers(apdu: str, read: Callable[[bytes], object]) -> None:
    assert read(bytes.fromhex(apdu)) in (b"", 0x64)
