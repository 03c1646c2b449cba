"""Alarms: both forms byte by byte, and anything at all."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kwartier.model.register import Obis
from kwartier.wire.dlms.client import notification
from kwartier.wire.dlms.client.notification import Alarm
from kwartier.wire.dlms.errors import Malformed

NAME = b"E0088041629499420"
TEXT = NAME.decode("ascii")
PUSH = Obis.parse("0-1:25.9.0")
WHO, WHAT = "0911" + NAME.hex(), "09060001190900ff"


def wrapped(body: str, head: str = "0f0000000700") -> bytes:
    apdu = bytes.fromhex(head + body)
    return bytes.fromhex("000100670001") + len(apdu).to_bytes(2, "big") + apdu


@pytest.mark.parametrize(
    ("data", "alarm"),
    [
        (wrapped("0203" + WHO + WHAT + "0600002000"), Alarm(TEXT, PUSH, (0x2000,))),
        (wrapped("0204" + WHO + WHAT + "060000200006ffffffff"), Alarm(TEXT, PUSH, (0x2000, 0xFFFFFFFF))),
        (wrapped("0202" + WHO + WHAT), Alarm(TEXT, PUSH, ())),
        (wrapped("0203" + WHO + WHAT + "0600000001", "0f000000070c" + "07ea0b1a04090000" + "00ffc400"), Alarm(TEXT, PUSH, (1,))),
        (NAME + b"," + bytes.fromhex("00002000"), Alarm(TEXT, None, (0x2000,))),
        (NAME + b"," + bytes.fromhex("0001190900ff"), Alarm(TEXT, PUSH, ())),
    ],
    ids=["SMR 5", "two registers", "no register", "with a date-time", "DSMR 4", "DSMR 4, a name"],
)
def test_the_forms_byte_by_byte(data: bytes, alarm: Alarm) -> None:
    assert notification.alarm(data) == alarm


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00\x01",
        wrapped("0203" + WHO + WHAT + "0600002000")[:-1],
        wrapped("0203" + WHO + WHAT + "0600002000") + b"\0",
        wrapped("0203" + WHO + WHAT + "0600002000", "0e0000000700"),
        wrapped("0205" + WHO + WHAT + "0600000001" * 3),
        wrapped("0203" + WHO + WHAT + "0fff"),
        wrapped("0203" + WHO + WHAT + "150000000100000000"),
        wrapped("0203" + WHO + "09050001190900" + "0600002000"),
        wrapped("0203" + "0910" + NAME[:16].hex() + WHAT + "0600002000"),
        wrapped("0203" + "0911" + b"E00880416294994 0".hex() + WHAT + "0600002000"),
        wrapped("0203" + "0911" + "e9" * 17 + WHAT + "0600002000"),
        NAME + b";" + bytes(4),
        NAME + b"," + bytes(5),
        NAME + b",",
        NAME[:16] + b",," + bytes(4),
        NAME + b"," + bytes(200),
        wrapped("0203" + WHO + WHAT + "0600002000", "0f00000007" + "64" + "00" * 100),  # but for its length all is well
    ],
)
def test_what_is_no_alarm(data: bytes) -> None:
    with pytest.raises(Malformed) as caught:
        notification.alarm(data)
    assert TEXT not in str(caught.value)


def test_nobody_is_named_by_its_repr() -> None:
    assert repr(notification.alarm(NAME + b"," + bytes(4))) == "Alarm(trigger=None, registers=(0,))"


@given(st.binary(max_size=200))
@example(bytes.fromhex("0001000100010000"))
@example(bytes.fromhex("00010001000100010f"))
def test_anything_at_all_is_an_alarm_or_malformed(data: bytes) -> None:
    try:
        found = notification.alarm(data)
    except Malformed:
        return
    assert len(found.equipment_id) == notification.EQUIPMENT_ID
    assert len(data) <= notification.LONGEST
