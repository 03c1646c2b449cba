"""A client that vanishes has left, too: what waits for the end of its association happens then."""

import asyncio
import struct
from dataclasses import replace
from pathlib import Path

from care_support import IMAGE, NIGHT, TOWN, healthy
from kwartier.simulator import firmware, identity, journal, serve
from kwartier.simulator.behaviour import Fault
from kwartier.simulator.devices import Fleet
from kwartier.wire.dlms.server.device import Device
from meter_support import CLIENT, GAK, GUEK, TITLE, Probe, ber, call, put


class Keyed:
    """The town's meters under the probe's keys."""

    def __init__(self, fleet: Fleet) -> None:  # noqa: D107 - see the class
        self.fleet = fleet

    def fault(self, number: int) -> Fault:
        return self.fleet.fault(number)

    def device(self, number: int) -> Device | None:
        found = self.fleet.device(number)
        return found and replace(found, title=TITLE, guek=GUEK, gak=GAK)


async def associated(probe: Probe, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Associate over a real connection, where nobody knows the meter's challenge beforehand."""
    aare = await asked(probe.aarq(), reader, writer)
    challenge = aare[aare.index(b"\xaa\x12\x80\x10") + 4 :][:16]
    reply = ber(9, probe.gmac(CLIENT, probe.ic, challenge))
    probe.ic += 1
    await asked(ber(0xCB, probe.seal(bytes.fromhex("c301c1000f0000280000ff0101") + reply)), reader, writer)


async def asked(apdu: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    """Send one APDU, return the answer's."""
    writer.write(struct.pack(">HHHH", 1, 1, 1, len(apdu)) + apdu)
    header = await reader.readexactly(8)
    return await reader.readexactly(int.from_bytes(header[6:], "big"))


def test_firmware_is_activated_though_the_connection_was_lost(tmp_path: Path) -> None:
    number, fleet = healthy().number, Fleet(TOWN, {})
    state = fleet.state(number)
    state.transfer.restore(b"5.0.2", firmware.release(TOWN.seed, "5.0.2"), b"")
    book = journal.Journal(tmp_path)
    sockets = serve.claim(0, [number])
    board = serve.Switchboard(Keyed(fleet), book, NIGHT)  # type: ignore[arg-type]  # the same meters, other keys

    async def lost() -> str:
        probe = Probe()
        async with asyncio.timeout(20), serve.listening(sockets, board):
            reader, writer = await asyncio.open_connection(identity.host(number), sockets[0].getsockname()[1])
            await associated(probe, reader, writer)
            await asked(ber(0xC9, probe.seal(put(18, IMAGE, 5, b"\x03\x01"))), reader, writer)
            await asked(ber(0xCB, probe.seal(call(18, IMAGE, 4, b"\x0f\x00"))), reader, writer)
            before = state.version
            writer.transport.abort()
            await asyncio.sleep(0.1)
            return before

    assert asyncio.run(lost()) == "5.0.1"
    book.close()
    assert state.version == "5.0.2"
    assert fleet.state(number) is state
    events = [line for line in (tmp_path / journal.SESSIONS).read_text("utf-8").splitlines() if '"called"' in line]
    assert len(events) == 1
    assert '"obis": "0-0:44.0.0", "method": 4' in events[0]
