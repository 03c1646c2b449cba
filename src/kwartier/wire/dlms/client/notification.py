"""Alarms that a meter sends unasked: a data-notification behind the TCP wrapper (SMR 5), or bare ASCII and bytes (DSMR 4).

    SMR 5   wrapper, 0F, invoke-id u32, date-time (empty), structure of 2 to 4: equipment id (17), logical name (6), registers u32
    DSMR 4  equipment id (17 characters), a comma, and the alarm register u32 or a logical name of six bytes

Neither is protected: whoever knows a number can send one. So what it says is a reason to look, and no finding. Source: the two
forms as the Dutch operators' head-end takes them (GXF); P3 4.2.2 names the register. Anything else is Malformed.
"""

from dataclasses import dataclass
from typing import Final, final

from kwartier.model.register import Obis
from kwartier.wire.dlms.client import axdr
from kwartier.wire.dlms.client.framing import HEADER, VERSION
from kwartier.wire.dlms.client.reading import Cursor
from kwartier.wire.dlms.errors import Malformed

LONGEST: Final = 128
"""Bytes of an alarm at most, wrapper included: a longer one is none."""
EQUIPMENT_ID: Final = 17
_DATA_NOTIFICATION: Final = b"\x0f"
_COMMA: Final = b","
_REGISTER, _NAME = 4, 6
_MOST_REGISTERS: Final = 2
_LAST_BITS: Final = 0xFFFFFFFF


@final
@dataclass(frozen=True, slots=True)
class Alarm:
    """What a meter says of itself. `trigger` is the logical name of what sent it, None if it did not say.

    `registers` are alarm registers 1 and, where there is one, 2 (bits); empty if it did not send them. `equipment_id` is personal
    data, so `repr` leaves it out.
    """

    equipment_id: str
    trigger: Obis | None
    registers: tuple[int, ...]

    def __repr__(self) -> str:
        """Show what happened, not to whom."""
        return f"Alarm(trigger={self.trigger}, registers={self.registers})"


def alarm(data: bytes) -> Alarm:
    """Read all that came over one connection. Raises Malformed."""
    if len(data) > LONGEST:
        msg = "longer than an alarm can be"
        raise Malformed(msg)
    if data[:2] == VERSION.to_bytes(2, "big"):
        return _wrapped(data)
    return _bare(data)


def _wrapped(data: bytes) -> Alarm:
    """Read the SMR 5 form; the wrapper ports name no client of ours, so any will do."""
    if len(data) < HEADER or int.from_bytes(data[6:8], "big") != len(data) - HEADER:
        msg = "not one wrapped frame"
        raise Malformed(msg)
    cursor = Cursor(data, HEADER)
    cursor.expect(_DATA_NOTIFICATION)
    cursor.take(4)
    cursor.field()  # a date-time that nobody can trust either
    said = axdr.decode_next(cursor)
    cursor.end()
    match said:
        case [bytes() as name, bytes() as trigger, *registers] if len(registers) <= _MOST_REGISTERS:
            return Alarm(_text(name), _obis(trigger), tuple(_bits(one) for one in registers))
        case _:
            msg = "a notification that is no alarm"
            raise Malformed(msg)


def _bare(data: bytes) -> Alarm:
    """Read the DSMR 4 form."""
    name, comma, said = data[:EQUIPMENT_ID], data[EQUIPMENT_ID : EQUIPMENT_ID + 1], data[EQUIPMENT_ID + 1 :]
    if comma != _COMMA or len(said) not in {_REGISTER, _NAME}:
        msg = "not an alarm"
        raise Malformed(msg)
    if len(said) == _NAME:
        return Alarm(_text(name), _obis(said), ())
    return Alarm(_text(name), None, (int.from_bytes(said, "big"),))


def _text(name: bytes) -> str:
    """Read an equipment id: 17 printable ASCII characters."""
    if len(name) != EQUIPMENT_ID or not name.isascii() or not name.decode("ascii").isalnum():
        msg = "not an equipment id"
        raise Malformed(msg)
    return name.decode("ascii")


def _obis(code: bytes) -> Obis:
    if len(code) != _NAME:
        msg = "not a logical name"
        raise Malformed(msg)
    return Obis(code)


def _bits(value: axdr.Value) -> int:
    if not isinstance(value, int) or not 0 <= value <= _LAST_BITS:
        msg = "not an alarm register"
        raise Malformed(msg)
    return value
