"""The ciphering against the vectors of the DLMS UA Green Book, tables 40 and 43."""

import pytest

from kwartier.wire.dlms.errors import NotAuthentic
from kwartier.wire.dlms.server.sealing import Protected, Sealer, split

GUEK, GAK = bytes(range(16)), bytes(range(0xD0, 0xE0))
METER = bytes.fromhex("4d4d4d0000bc614e")
PLAIN = bytes.fromhex("c0010000080000010000ff0200")
SEALED = bytes.fromhex("3001234567411312ff935a47566827c467bc7d825c3be4a77c3fcc056b6b")


def test_table_40_seals() -> None:
    assert Sealer(GUEK, GAK).seal(METER, 0x01234567, PLAIN) == SEALED


def test_table_40_opens() -> None:
    assert Sealer(GUEK, GAK).open(METER, split(SEALED)) == PLAIN


def test_table_40_authenticated_only_is_the_gmac_of_the_plaintext() -> None:
    assert Sealer(GUEK, GAK).gmac(METER, 0x01234567, PLAIN).hex() == "1001234567" + "06725d910f9221d263877516"


@pytest.mark.parametrize(
    ("title", "counter", "challenge", "expected"),
    [
        ("4d4d4d0000000001", 1, "503677524a323146", "10000000011a52fe7dd3e72748973c1e28"),
        ("4d4d4d0000bc614e", 0x01234567, "4b35366956616759", "1001234567fe1466afb3dbcd4f9389e2b7"),
    ],
)
def test_table_43_both_sides(title: str, counter: int, challenge: str, expected: str) -> None:
    sealer = Sealer(GUEK, GAK)
    assert sealer.gmac(bytes.fromhex(title), counter, bytes.fromhex(challenge)).hex() == expected
    assert sealer.answers(bytes.fromhex(title), bytes.fromhex(expected), bytes.fromhex(challenge))


@pytest.mark.parametrize("at", range(len(SEALED)))
def test_a_changed_bit_anywhere_is_noticed(at: int) -> None:
    forged = bytearray(SEALED)
    forged[at] ^= 1
    with pytest.raises(NotAuthentic):
        Sealer(GUEK, GAK).open(METER, split(bytes(forged)))


def test_another_title_or_too_few_bytes_are_not_authentic() -> None:
    sealer = Sealer(GUEK, GAK)
    with pytest.raises(NotAuthentic):
        sealer.open(b"KWT\x00\x00\x00\x00\x01", split(SEALED))
    with pytest.raises(NotAuthentic):
        sealer.open(b"", split(SEALED))
    with pytest.raises(NotAuthentic):
        split(SEALED[:16])


@pytest.mark.parametrize("control", [0x00, 0x10, 0x20, 0x31, 0x70])
def test_policy_3_takes_nothing_less(control: int) -> None:
    with pytest.raises(NotAuthentic):
        Sealer(GUEK, GAK).open(METER, Protected(control, 1, bytes(20)))


@pytest.mark.parametrize("reply", [b"", bytes(17), bytes(18)])
def test_a_reply_of_the_wrong_size_or_key_is_no_answer(reply: bytes) -> None:
    assert not Sealer(GUEK, GAK).answers(METER, reply, bytes(16))
