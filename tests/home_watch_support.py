"""A network namespace in which every attempt to reach anybody can be seen, and the eye that sees it.

All addresses lead to the loopback device here. What is sent to a name server, to an address far away, to a port of this
machine: all of it passes the eye, and nothing leaves.
"""

import importlib.util
import os
import socket
import struct
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ALL_PROTOCOLS = 3
OUTGOING = 4
IPV4, IPV6 = 0x0800, 0x86DD
PROTOCOLS = {1: "icmp", 6: "tcp", 17: "udp", 58: "icmp6"}
SYN, ACK = 2, 16
_NEW_ROUTE, _REQUEST_CREATE_ACK = 24, 0x1 | 0x400 | 0x4
_MAIN, _BOOT, _LINK, _UNICAST = 254, 3, 253, 1
_OUT_DEVICE = 4

Conversation = tuple[str, str, int]
"""Protocol, address and port of whoever was spoken to first."""


def enter() -> None:
    """Enter a network namespace of our own, with the loopback device up. Raises OSError where the system forbids it."""
    path = Path(__file__).resolve().parents[1] / "scripts" / "loopback_only.py"
    spec = importlib.util.spec_from_file_location("loopback_only", path)
    assert spec is not None
    assert spec.loader is not None
    module: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.enter()
    module.raise_loopback()
    for family in (socket.AF_INET, socket.AF_INET6):
        _lead_everything_to_loopback(family)


def _lead_everything_to_loopback(family: int) -> None:
    """Add a default route through lo (rtnetlink(7)): what is for outside is then sent where the eye looks."""
    route = struct.pack("=BBBBBBBBI", family, 0, 0, 0, _MAIN, _BOOT, _LINK, _UNICAST, 0)
    device = struct.pack("=HHI", 8, _OUT_DEVICE, socket.if_nametoindex("lo"))
    body = route + device
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as kernel:
        kernel.send(struct.pack("=IHHII", 16 + len(body), _NEW_ROUTE, _REQUEST_CREATE_ACK, 1, 0) + body)
        (error,) = struct.unpack_from("=i", kernel.recv(4096), 16)
    if error:
        raise OSError(-error, os.strerror(-error))


@dataclass
class Eye:
    """Sees every packet of this namespace. `begun`: who was spoken to first, and how often; `packets`: all of them."""

    begun: dict[Conversation, int] = field(default_factory=dict)
    packets: int = 0

    def __post_init__(self) -> None:
        """Open the eye."""
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ALL_PROTOCOLS))
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024 * 1024)
        self._socket.settimeout(0.2)
        self._is_over = threading.Event()
        self._watching = threading.Thread(target=self._watch)
        self._watching.start()

    def close(self) -> None:
        """Close the eye, once it has seen all there is."""
        self._is_over.set()
        self._watching.join()
        self._socket.close()

    def _watch(self) -> None:
        while True:
            try:
                frame, (_, kind, direction, *_) = self._socket.recvfrom(256)
            except TimeoutError:
                if self._is_over.is_set():
                    return
                continue
            if direction == OUTGOING:
                self.packets += 1
                self._note(kind, frame[14:])

    def _note(self, kind: int, packet: bytes) -> None:
        """Note the first word of a conversation: a SYN, or any packet of a protocol without one."""
        if kind == IPV4:
            begin, number, family, place = (packet[0] & 15) * 4, packet[9], socket.AF_INET, packet[16:20]
        elif kind == IPV6:
            begin, number, family, place = 40, packet[6], socket.AF_INET6, packet[24:40]
        else:
            self._count((f"ethertype {kind:04x}", "", 0))
            return
        protocol, address = PROTOCOLS.get(number, str(number)), socket.inet_ntop(family, place)
        port = struct.unpack_from("!H", packet, begin + 2)[0] if protocol in {"tcp", "udp"} else 0
        if protocol != "tcp" or packet[begin + 13] & (SYN | ACK) == SYN:
            self._count((protocol, address, port))

    def _count(self, conversation: Conversation) -> None:
        self.begun[conversation] = self.begun.get(conversation, 0) + 1
