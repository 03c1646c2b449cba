"""A probe that speaks to a simulated meter byte by byte, with nothing of either side's code.

It can do what no honest client does: repeat counters, forge tags, mix forms, leave things out.
"""

from collections.abc import Mapping

import numpy as np
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from numpy.typing import NDArray

from kwartier.model.register import Obis
from kwartier.wire.dlms.server import octets
from kwartier.wire.dlms.server.connection import Connection, Reply
from kwartier.wire.dlms.server.device import Counters, Device
from kwartier.wire.dlms.server.errors import Access, AccessDenied
from kwartier.wire.dlms.server.events import Event
from kwartier.wire.dlms.server.logical import COUNTER
from kwartier.wire.dlms.server.objects import Clock, CosemObject, Data, Kept, Live, Value
from kwartier.wire.dlms.server.profile import CaptureObject, Cells, Profile, rows

GUEK, GAK = bytes(range(16)), bytes(range(0xD0, 0xE0))
TITLE, CLIENT = b"KWT\x00\x00\x00\x00\x09", b"KWHE\x00\x00\x00\x01"
NOW = 1_795_302_000  # 2026-11-22 00:00 local
STOC = bytes(range(16))
CTOS = b"C" * 16
INITIATE = bytes.fromhex("01000000065f1f0400007e1fffff")
PUBLIC_AARQ = bytes.fromhex("601da109060760857405080101be10040e") + INITIATE
EVERYTHING = b"\x00"


def ber(tag: int, data: bytes) -> bytes:
    size = len(data)
    length = bytes((size,)) if size < 128 else b"\x81" + bytes((size,)) if size < 256 else b"\x82" + size.to_bytes(2, "big")
    return bytes((tag,)) + length + data


def wrapped(apdu: bytes, sap: int = 1) -> bytes:
    return b"\x00\x01" + sap.to_bytes(2, "big") + b"\x00\x01" + len(apdu).to_bytes(2, "big") + apdu


class Table:
    """A profile's rows: quarter-hours from NOW on, the register rising by 10 each."""

    def __init__(self, count: int) -> None:  # noqa: D107 - a test's own table
        self.stamps: NDArray[np.int64] = NOW + 900 * np.arange(count, dtype=np.int64)
        self.registers: NDArray[np.int64] = 1000 + 10 * np.arange(count, dtype=np.int64)

    def table(self, at: int) -> "Table":
        del at
        return self

    def encode(self, first: int, end: int) -> bytes:
        part = slice(first, end)
        status = np.zeros(end - first, np.uint8)
        return rows((Cells.stamps(self.stamps[part]), Cells.u8(status), Cells.u32(self.registers[part])))


PROFILE = Obis.parse("1-0:99.1.0")
COLUMNS = (
    CaptureObject(8, Obis.parse("0-0:1.0.0"), 2),
    CaptureObject(1, Obis.parse("0-0:96.10.2"), 2),
    CaptureObject(3, Obis.parse("1-0:1.8.0"), 2),
)


ALARMS, DOOR = Obis.parse("0-0:97.98.0"), Obis.parse("0-0:96.3.10")


class Register:
    """The value of an object that may be set: four bytes that only fall. It remembers the moments at which it was."""

    def __init__(self) -> None:  # noqa: D107 - a test's own register
        self.bits = 0x2002
        self.moments: list[int] = []

    def store(self, value: bytes, at: int) -> None:
        wanted = octets.only(value, octets.DOUBLE_LONG_UNSIGNED, 4)
        if wanted & ~self.bits:
            raise AccessDenied(Access.OTHER_REASON)
        self.bits = wanted
        self.moments.append(at)


class Door:
    """An object with one method: 1 takes anything and gives it back, nothing for nothing."""

    class_id = 70
    obis = DOOR

    def get(self, attribute: int, selected: object, at: int) -> Value:
        del attribute, selected, at
        raise AccessDenied(Access.READ_WRITE_DENIED)

    def act(self, method: int, parameter: bytes, at: int) -> bytes:
        del at
        if method != 1:
            raise AccessDenied(Access.TEMPORARY_FAILURE)
        return octets.octet_string(octets.only_string(parameter)) if parameter else b""


def device(count: int = 200, counters: Counters | None = None, *, tells_counter: bool = True) -> Device:
    """A meter with one profile of `count` rows, a register that may be set and a door that may be called."""
    kept = counters or Counters()
    register = Register()
    objects: list[CosemObject] = [
        Clock(),
        Live(COUNTER, lambda: b"\x06" + kept.client.to_bytes(4, "big")),
        Data(Obis.parse("0-0:96.1.1"), b"\x09\x11E0088000000000126"),
        Profile(PROFILE, COLUMNS, 900, 960, Table(count)),
        Kept(ALARMS, lambda: octets.u32(register.bits), register.store),
        Door(),
    ]
    by_name: Mapping[Obis, CosemObject] = {made.obis: made for made in objects}
    return Device(TITLE, GUEK, GAK, kept, lambda: by_name, tells_counter=tells_counter)


class Probe:
    """A client of one connection; `ic` is the counter of its next frame."""

    def __init__(self, meter: Device | None = None, ic: int = 1) -> None:  # noqa: D107 - see the class
        self.meter = meter or device()
        self.connection = Connection(self.meter, lambda n: STOC[:n])
        self.gcm = AESGCM(GUEK)
        self.ic = ic
        self.events: list[Event] = []

    def raw(self, apdu: bytes, sap: int = 1) -> bytes:
        """Send one APDU, return the answer's APDU; empty when the meter keeps silent."""
        replies: list[Reply] = list(self.connection.receive(wrapped(apdu, sap), NOW))
        assert len(replies) == 1
        self.events.extend(replies[0].events)
        data = replies[0].data
        assert not data or (
            data[:6] == b"\x00\x01\x00\x01" + sap.to_bytes(2, "big") and data[6:8] == (len(data) - 8).to_bytes(2, "big")
        )
        return data[8:]

    def seal(self, plain: bytes, control: int = 0x30) -> bytes:
        stamp = self.ic.to_bytes(4, "big")
        self.ic += 1
        aad = bytes((control,)) + GAK
        return bytes((control,)) + stamp + self.gcm.encrypt(CLIENT + stamp, plain, aad)[:-4]

    def unseal(self, data: bytes) -> bytes:
        assert data[0] == 0x30
        nonce = TITLE + data[1:5]
        plain = self.gcm.encrypt(nonce, data[5:-12], None)[:-16]
        assert self.gcm.encrypt(nonce, plain, b"\x30" + GAK)[-16:-4] == data[-12:]
        return plain

    def gmac(self, title: bytes, ic: int, challenge: bytes) -> bytes:
        stamp = ic.to_bytes(4, "big")
        return b"\x10" + stamp + self.gcm.encrypt(title + stamp, b"", b"\x10" + GAK + challenge)[:12]

    def aarq(self, ctos: bytes = CTOS, initiate: bytes = INITIATE, mechanism: bytes = bytes.fromhex("60857405080205")) -> bytes:
        return ber(
            0x60,
            bytes.fromhex("a109060760857405080103")
            + ber(0xA6, ber(0x04, CLIENT))
            + b"\x8a\x02\x07\x80"
            + ber(0x8B, mechanism)
            + ber(0xAC, ber(0x80, ctos))
            + ber(0xBE, ber(0x04, ber(0x21, self.seal(initiate)))),
        )

    def pass_3(self, *, gmac_ic: int | None = None) -> bytes:
        """The ACTION that answers the meter's challenge, as a plaintext."""
        used = self.ic if gmac_ic is None else gmac_ic
        if gmac_ic is None:
            self.ic += 1
        return bytes.fromhex("c301c1000f0000280000ff0101") + ber(0x09, self.gmac(CLIENT, used, STOC))

    def glo(self, plain: bytes) -> bytes:
        """Send a service ciphered as glo-get, glo-set or glo-action, return the opened answer."""
        return self.open_answer(self.raw(ber(plain[0] + 8, self.seal(plain))))

    def general(self, plain: bytes, title: bytes = CLIENT) -> bytes:
        """Send a service as general-glo-ciphering, return the opened answer."""
        return self.open_answer(self.raw(ber(0xDB, title) + ber(0, self.seal(plain))[1:]))

    def open_answer(self, answer: bytes) -> bytes:
        """Open glo-get-, glo-set- and glo-action-response and general-glo; hand anything else back."""
        if answer[:1] not in (b"\xcc", b"\xcd", b"\xcf", b"\xdb"):
            return answer
        at = 1
        if answer[0] == 0xDB:
            assert answer[1:10] == b"\x08" + TITLE
            at = 10
        size = 1 if answer[at] < 128 else answer[at] - 127
        return self.unseal(answer[at + size :])

    def associate(self) -> "Probe":
        assert self.raw(self.aarq())[:1] == b"\x61"
        assert self.glo(self.pass_3())[:4] == bytes.fromhex("c701c100")
        return self


def get(class_id: int, obis: str, attribute: int, selector: bytes = b"") -> bytes:
    """A GET-request-normal."""
    name = Obis.parse(obis).code
    head = bytes.fromhex("c001c1") + class_id.to_bytes(2, "big") + name + bytes((attribute,))
    return head + (b"\x01" + selector if selector else b"\x00")


def put(class_id: int, obis: str, attribute: int, value: bytes) -> bytes:
    """A SET-request-normal."""
    return bytes.fromhex("c101c1") + class_id.to_bytes(2, "big") + Obis.parse(obis).code + bytes((attribute, 0)) + value


def call(class_id: int, obis: str, method: int, parameter: bytes = b"") -> bytes:
    """An ACTION-request-normal."""
    head = bytes.fromhex("c301c1") + class_id.to_bytes(2, "big") + Obis.parse(obis).code + bytes((method,))
    return head + (b"\x01" + parameter if parameter else b"\x00")


def date_time(text: str) -> bytes:
    """Twelve bytes from hex, spaces allowed."""
    return bytes.fromhex(text)


def by_range(first: bytes, last: bytes, columns: bytes = b"\x01\x00") -> bytes:
    """Access selector 1 over the clock."""
    clock = bytes.fromhex("0204120008090600000100 00ff0f02120000".replace(" ", ""))
    return b"\x01\x02\x04" + clock + ber(0x09, first) + ber(0x09, last) + columns
