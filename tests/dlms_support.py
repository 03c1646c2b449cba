"""A meter for tests of the client side, written apart from both sides of the product: OpenSSL's own GCM check, bytes by hand."""

import asyncio
import struct
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from kwartier.model.meter import MeterModel
from kwartier.wire.dlms import models
from kwartier.wire.dlms.client.ciphering import Secrets

EK, AK = bytes(range(16)), bytes(range(0xD0, 0xE0))
OURS, THEIRS = b"KWA\x00\x00\x00\x00\x01", b"TST\x00\x00\x00\x00\x09"
SECRETS = Secrets(OURS, THEIRS, EK, AK)
CHALLENGE = bytes(range(100, 116))
STOC = bytes(range(200, 216))
AMSTERDAM = ZoneInfo("Europe/Amsterdam")
MODEL_FILE = Path(__file__).parents[1] / "src/kwartier/wire/dlms/models/smr5.toml"
INITIATE_RESPONSE = bytes.fromhex("0800065f1f0400") + bytes.fromhex("00501d") + bytes.fromhex("0400") + b"\x00\x07"


def smr5() -> MeterModel:
    """Return the real model."""
    return models.parse(MODEL_FILE.read_text())


def size(data: bytes) -> bytes:
    """Write a length, always in the long form from 128."""
    return bytes((len(data),)) if len(data) < 128 else b"\x82" + len(data).to_bytes(2, "big")


def tlv(tag: int, contents: bytes) -> bytes:
    """Write one element."""
    return bytes((tag,)) + size(contents) + contents


def seal(plain: bytes, ic: int, title: bytes = THEIRS, sc: int = 0x30) -> bytes:
    """Return `length SC IC ciphertext tag` of one side."""
    counter = ic.to_bytes(4, "big")
    body = AESGCM(EK).encrypt(title + counter, plain, bytes((sc,)) + AK)
    return size(b"x" * (len(body) + 1)) + bytes((sc,)) + counter + body[:-4]


def unseal(sealed: bytes, title: bytes = OURS) -> tuple[int, bytes]:
    """Open `length SC IC ciphertext tag` with OpenSSL's own check of short tags; return IC and plaintext."""
    start = 1 if sealed[0] < 128 else 1 + (sealed[0] & 0x7F)
    assert sealed[start] == 0x30
    counter, body = sealed[start + 1 : start + 5], sealed[start + 5 :]
    opener = Cipher(algorithms.AES(EK), modes.GCM(title + counter, body[-12:], min_tag_length=12)).decryptor()
    opener.authenticate_additional_data(b"\x30" + AK)
    return int.from_bytes(counter, "big"), opener.update(body[:-12]) + opener.finalize()


def gmac(title: bytes, ic: int, challenge: bytes) -> bytes:
    """Return `10 IC GMAC` over a challenge."""
    counter = ic.to_bytes(4, "big")
    return b"\x10" + counter + AESGCM(EK).encrypt(title + counter, b"", b"\x10" + AK + challenge)[:12]


def aare(ic: int = 0, *, title: bytes = THEIRS, stoc: bytes = STOC, initiate: bytes = INITIATE_RESPONSE) -> bytes:
    """Return the AARE that accepts an HLS association."""
    fields = [
        bytes.fromhex("a109060760857405080103a203020100a305a10302010e"),
        tlv(0xA4, tlv(4, title)),
        bytes.fromhex("88020780890760857405080205"),
        tlv(0xAA, tlv(0x80, stoc)),
        tlv(0xBE, tlv(4, b"\x28" + seal(initiate, ic))),
    ]
    return tlv(0x61, b"".join(fields))


def refusal(result: int = 1, diagnostic: int = 13) -> bytes:
    """Return an AARE that refuses, with nothing but the two numbers."""
    return bytes((0x61, 12, 0xA2, 3, 2, 1, result, 0xA3, 5, 0xA1, 3, 2, 1, diagnostic))


PUBLIC_AARE = tlv(0x61, bytes.fromhex("a109060760857405080101a203020100a305a103020100be10040e0800065f1f0400001010ffff0007"))
RLRE = bytes.fromhex("6303800100")


def pass_4(ic: int, challenge: bytes = CHALLENGE, *, gmac_ic: int | None = None) -> bytes:
    """Return the ACTION response with the meter's answer to our challenge."""
    answer = gmac(THEIRS, ic if gmac_ic is None else gmac_ic, challenge)
    return b"\xcf" + seal(bytes.fromhex("c701c100010009") + bytes((len(answer),)) + answer, ic)


def whole(data: bytes, ic: int) -> bytes:
    """Return a GET response with all data."""
    return b"\xcc" + seal(b"\xc4\x01\xc1\x00" + data, ic)


def block(number: int, data: bytes, ic: int, *, last: bool) -> bytes:
    """Return a GET response with one block."""
    return b"\xcc" + seal(b"\xc4\x02\xc1" + bytes((last,)) + number.to_bytes(4, "big") + b"\x00" + size(data) + data, ic)


def date_time(moment: datetime, *, status: int | None = None) -> bytes:
    """Write a date-time as the Dutch meter does, from the time zone's own rules."""
    local = moment.astimezone(AMSTERDAM)
    offset = local.utcoffset() or timedelta()
    summer = 0x80 if local.dst() else 0
    parts = (local.year, local.month, local.day, local.isoweekday(), local.hour, local.minute, local.second, 0)
    return struct.pack(">HBBBBBBBhB", *parts, -int(offset.total_seconds()) // 60, summer if status is None else status)


def octets(data: bytes) -> bytes:
    """Write an octet-string."""
    return b"\x09" + bytes((len(data),)) + data


def u8(value: int) -> bytes:
    """Write an unsigned."""
    return b"\x11" + bytes((value,))


def u32(value: int) -> bytes:
    """Write a double-long-unsigned."""
    return b"\x06" + value.to_bytes(4, "big")


def structure(*cells: bytes) -> bytes:
    """Write a structure."""
    return b"\x02" + bytes((len(cells),)) + b"".join(cells)


def array(rows: Sequence[bytes]) -> bytes:
    """Write an array."""
    return b"\x01" + size(b"x" * len(rows)) + b"".join(rows)


def quarters(start: datetime, count: int) -> bytes:
    """Return rows of 1-0:99.1.0: from `start`, 7 Wh in and 1 Wh out per quarter-hour."""
    moments = [start.astimezone(UTC) + timedelta(minutes=15 * i) for i in range(count)]
    return array([structure(octets(date_time(m)), u8(8), u32(1000 + 7 * i), u32(50 + i)) for i, m in enumerate(moments)])


class Meter:
    """One association's worth of a meter that does all it should. A test's script takes its answers and spoils them."""

    def __init__(self, data: bytes = b"", *, pieces: int = 1, counter: int = 7) -> None:
        """Answer every GET with `data`, in so many blocks; tell the public client `counter`."""
        self.ic = 0
        self.data = data
        self.pieces = pieces
        self.counter = counter
        self.challenge = b""
        self.ics: list[int] = []

    def _next(self) -> int:
        self.ic += 1
        return self.ic - 1

    def answer(self, apdu: bytes) -> bytes:
        """Answer one APDU of the client, or raise for anything unexpected."""
        if apdu[0] == 0x60:
            return self._associate(apdu)
        if apdu[0] == 0x62:
            return RLRE
        if apdu[0] == 0xC0:
            return b"\xc4\x01\xc1\x00\x06" + self.counter.to_bytes(4, "big")
        ic, plain = unseal(apdu[1:])
        self.ics.append(ic)
        if plain[0] == 0xC3:
            assert plain[-17:] == gmac(OURS, int.from_bytes(plain[-16:-12], "big"), STOC)
            self.ics.append(int.from_bytes(plain[-16:-12], "big"))
            return pass_4(self._next(), self.challenge)
        return self._get(plain)

    def _associate(self, apdu: bytes) -> bytes:
        if b"\xac" not in apdu:
            return PUBLIC_AARE
        at = apdu.index(b"\xac\x12\x80\x10") + 4
        self.challenge = apdu[at : at + 16]
        self.ics.append(unseal(apdu[apdu.index(b"\x21\x1f\x30", at + 16) + 1 :])[0])
        return aare(self._next())

    def _get(self, plain: bytes) -> bytes:
        if self.pieces == 1:
            return whole(self.data, self._next())
        number = 1 if plain[1] == 1 else int.from_bytes(plain[3:7], "big") + 1
        step = -(-len(self.data) // self.pieces)
        return block(number, self.data[(number - 1) * step : number * step], self._next(), last=number == self.pieces)


def frame(apdu: bytes, port: int = 1) -> bytes:
    """Put an answer of the meter in a frame."""
    return struct.pack(">HHHH", 1, 1, port, len(apdu)) + apdu


async def next_apdu(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """Return the wrapper port of the client and its next APDU. Raises IncompleteReadError at the end."""
    header = await reader.readexactly(8)
    version, port, meter, length = struct.unpack(">HHHH", header)
    assert (version, meter) == (1, 1)
    return port, await reader.readexactly(length)


Script = Callable[[int, int, bytes, Meter], bytes | None]


class Street:
    """Meters on a real port of this machine. `script(visit, port, apdu, meter)` gives the bytes to answer with, None to hang up."""

    def __init__(self, script: Script, data: bytes = b"", **meter: int) -> None:
        """Answer by this script; each visit gets a fresh Meter."""
        self._script = script
        self._data = data
        self._meter = meter
        self.visits = 0
        self.open = 0
        self.most_open = 0
        self.apdus: list[tuple[int, int, bytes]] = []
        self.port = 0

    @asynccontextmanager
    async def listening(self) -> AsyncIterator["Street"]:
        """Listen while the context lasts."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.visits += 1
        visit = self.visits
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        meter = Meter(self._data, **self._meter)
        try:
            while True:
                port, apdu = await next_apdu(reader)
                self.apdus.append((visit, port, apdu))
                answer = self._script(visit, port, apdu, meter)
                if answer is None:
                    return
                writer.write(answer)
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            self.open -= 1
            writer.close()


def good(_visit: int, port: int, apdu: bytes, meter: Meter) -> bytes:
    """Do all that a meter should."""
    return frame(meter.answer(apdu), port)
