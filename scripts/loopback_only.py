"""Run a command where only 127.0.0.0/8 exists: in a network namespace of its own with nothing but the loopback device up.

Usage: loopback_only.py COMMAND ARGUMENT...

The command finds KWARTIER_TEST_NET=namespace in its environment. Where the system forbids namespaces it is run all the same, with
KWARTIER_TEST_NET=guard: then tests/conftest.py alone keeps Python's own sockets in (not those of libuv or of other programs).
Root enters a network namespace only; anybody else a user namespace too, in which their own id stays what it is.
"""

import ctypes
import fcntl
import os
import signal
import socket
import struct
import sys
from pathlib import Path

CLONE_NEWUSER = 0x10000000
CLONE_NEWNET = 0x40000000
SIOCGIFFLAGS = 0x8913
SIOCSIFFLAGS = 0x8914
IFF_UP = 1


def unshare(flags: int) -> None:
    """Leave namespaces shared until now (unshare(2)). Raises OSError. `os.unshare` is of Python 3.12."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(flags) != 0:
        raise OSError(ctypes.get_errno(), "unshare")


def enter() -> None:
    """Enter a network namespace, through a user namespace where we may not do so directly. Raises OSError."""
    try:
        unshare(CLONE_NEWNET)
    except PermissionError:
        user, group = os.getuid(), os.getgid()
        unshare(CLONE_NEWUSER | CLONE_NEWNET)
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1")


def raise_loopback() -> None:
    """Bring the loopback device up: a new namespace has it down. Raises OSError."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = struct.pack("16sH14x", b"lo", 0)
        _, flags = struct.unpack("16sH14x", fcntl.ioctl(any_socket, SIOCGIFFLAGS, request))
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", flags | IFF_UP))


def main() -> None:
    """Shut the network as well as we may, then become the command."""
    try:
        enter()
        raise_loopback()
    except OSError as reason:
        print(f"no network namespace ({reason}): the guard in tests/conftest.py alone keeps the network shut", file=sys.stderr)
        os.environ["KWARTIER_TEST_NET"] = "guard"
    else:
        os.environ["KWARTIER_TEST_NET"] = "namespace"
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # what a shell starts in the background would not hear Ctrl-C
    os.execvp(sys.argv[1], sys.argv[1:])  # noqa: S606 - to run a command of the caller's choice is what this is for


if __name__ == "__main__":
    main()
