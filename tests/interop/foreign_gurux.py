"""Reads whole profiles with gurux-dlms. Runs in that package's own environment and process; nothing of Kwartier is here.

Usage: foreign_gurux.py HOST PORT GUEK GAK COUNTER FROM TO PROFILE...    (keys in hex, moments ISO 8601, profiles as 1.0.99.1.0.255)
prints as JSON, for each profile: what it says it captures, all its rows, and those from FROM to TO; cells of octets in hex.
"""

import json
import socket
import sys
from datetime import datetime
from typing import Any

from gurux_dlms import GXDateTime, GXReplyData
from gurux_dlms.enums import Authentication, InterfaceType, Security
from gurux_dlms.objects import GXDLMSProfileGeneric
from gurux_dlms.secure import GXDLMSSecureClient

HEADER = 8
"""Bytes of the TCP wrapper before an APDU; the last two are its length."""
OURS = b"GRX\x00\x00\x00\x00\x01"


class Meter:
    """One meter, spoken to in one association."""

    def __init__(self, host: str, port: str, guek: str, gak: str, counter: str) -> None:
        """Connect, and prove to each other who we are: HLS5-GMAC, authenticated and encrypted, suite 0."""
        self._line = socket.create_connection((host, int(port)), 10)
        self.client = GXDLMSSecureClient(
            useLogicalNameReferencing=True,
            clientAddress=1,
            serverAddress=1,
            forAuthentication=Authentication.HIGH_GMAC,
            interfaceType=InterfaceType.WRAPPER,
        )
        sealing = self.client.ciphering
        sealing.security = Security.AUTHENTICATION_ENCRYPTION
        sealing.systemTitle = OURS
        sealing.blockCipherKey, sealing.authenticationKey = bytes.fromhex(guek), bytes.fromhex(gak)
        sealing.invocationCounter = int(counter)
        for request in self.client.aarqRequest():
            self.client.parseAareResponse(self._ask(request).data)
        for request in self.client.getApplicationAssociationRequest():
            self.client.parseApplicationAssociationResponse(self._ask(request).data)

    def _ask(self, request: bytes) -> GXReplyData:
        """Send one request and gather the blocks of its answer."""
        reply = GXReplyData()
        self._exchange(request, reply)
        while reply.isMoreData():
            self._exchange(self.client.receiverReady(reply), reply)
        if reply.error:
            sys.exit(f"the meter answers with error {reply.error}")
        return reply

    def _exchange(self, request: bytes, reply: GXReplyData) -> None:
        self._line.sendall(bytes(request))
        header = self._take(HEADER)
        self.client.getData(header + self._take(int.from_bytes(header[-2:], "big")), reply)

    def _take(self, count: int) -> bytes:
        taken = b""
        while len(taken) < count:
            more = self._line.recv(count - len(taken))
            if not more:
                sys.exit("the meter hung up")
            taken += more
        return taken

    def rows(self, requests: list[bytes]) -> list[Any]:
        """Return the rows that a request for a buffer is answered with."""
        (request,) = requests
        return list(self._ask(request).value or [])

    def profile(self, name: str) -> GXDLMSProfileGeneric:
        """Return the profile of this name, knowing what it captures."""
        found = GXDLMSProfileGeneric(name)
        for request in self.client.read(found, 3):
            self.client.updateValue(found, 3, self._ask(request).value)
        return found

    def leave(self) -> None:
        """Release the association."""
        for request in self.client.releaseRequest():
            self._ask(request)
        self._line.close()


def cells(rows: list[Any]) -> list[list[Any]]:
    """Make rows fit for JSON."""
    return [[bytes(cell).hex() if isinstance(cell, bytes | bytearray) else cell for cell in row] for row in rows]


def main(*arguments: str) -> None:
    """Read and print."""
    meter = Meter(*arguments[:5])
    start, end = (GXDateTime(datetime.fromisoformat(moment)) for moment in arguments[5:7])
    found = {}
    for name in arguments[7:]:
        profile = meter.profile(name)
        found[name] = {
            "captures": [[each.logicalName, how.attributeIndex] for each, how in profile.captureObjects],
            "all": cells(meter.rows(meter.client.read(profile, 2))),
            "range": cells(meter.rows(meter.client.readRowsByRange(profile, start, end))),
        }
    meter.leave()
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
