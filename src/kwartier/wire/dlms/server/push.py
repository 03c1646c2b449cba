"""What a meter sends unasked: the alarm message of SMR 5, a data-notification behind the TCP wrapper, without protection."""

from kwartier.model.register import Obis
from kwartier.wire.dlms.server import octets
from kwartier.wire.dlms.server.wrapper import Frame, wrap

ALARM_SETUP = Obis.parse("0-1:25.9.0")
"""The push setup that sends alarms: who triggered the message."""
_DATA_NOTIFICATION = 0x0F
_NO_DATE_TIME = b"\x00"
_PORT = 1


def alarm(invoke: int, equipment_id: bytes, register: int) -> bytes:
    """Return the frame: long invoke id, no date-time, then equipment id, logical name of the push setup and alarm register."""
    body = octets.octet_string(equipment_id) + octets.octet_string(ALARM_SETUP.code) + octets.u32(register)
    head = bytes((_DATA_NOTIFICATION,)) + invoke.to_bytes(4, "big") + _NO_DATE_TIME
    return wrap(Frame(_PORT, _PORT, head + bytes((octets.STRUCTURE, 3)) + body))
