"""Ids and headers are masked wherever they are shown."""

import pytest

from kwartier.wire.p1.identity import EquipmentId, Header

SENT = "4530303434303037313331363530363138"


def test_an_id_is_what_was_sent_and_what_is_printed() -> None:
    assert EquipmentId(SENT).reveal() == SENT
    assert EquipmentId(SENT).reveal_printed() == "E0044007131650618"
    assert EquipmentId("205A4142463030313531373732373131").reveal_printed() == "ZABF00151772711"


@pytest.mark.parametrize("sent", ["HEAT123", "123", "00000000000000", "FFFF", ""])
def test_what_is_not_characters_in_hexadecimal_stays(sent: str) -> None:
    assert EquipmentId(sent).reveal_printed() == sent


def test_shown_it_is_masked() -> None:
    assert (str(EquipmentId(SENT)), repr(EquipmentId(SENT))) == ("...0618", "EquipmentId(...0618)")
    assert str(EquipmentId("09610")) == "..."


def test_of_a_header_the_maker_is_shown() -> None:
    header = Header("XMX5LGBBFG1009325446")
    assert (header.maker, str(header), repr(header)) == ("XMX", "XMX...", "Header(XMX...)")
    assert header.reveal() == "XMX5LGBBFG1009325446"
