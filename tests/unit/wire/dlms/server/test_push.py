"""The alarm message of SMR 5, byte by byte."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kwartier.wire.dlms.client import notification
from kwartier.wire.dlms.server import push

NAME = b"E0088041629499420"


def test_an_alarm_byte_by_byte() -> None:
    assert push.alarm(7, NAME, 0x2000).hex() == (
        "0001000100010028" + "0f" + "00000007" + "00" + "0203" + "0911" + NAME.hex() + "0906" + "0001190900ff" + "0600002000"
    )


@given(st.integers(0, 0xFFFFFF), st.integers(0, 0xFFFFFFFF))
def test_the_operator_s_side_written_apart_reads_the_same(invoke: int, register: int) -> None:
    read = notification.alarm(push.alarm(invoke, NAME, register))
    assert (read.equipment_id, read.trigger, read.registers) == (NAME.decode(), push.ALARM_SETUP, (register,))


@pytest.mark.parametrize("size", [0, 16, 18])
def test_only_a_whole_equipment_id_is_taken_there(size: int) -> None:
    with pytest.raises(Exception, match="equipment id"):
        notification.alarm(push.alarm(1, NAME.ljust(18, b"0")[:size], 1))
