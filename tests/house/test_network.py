"""The tests reach 127.0.0.0/8 only: a guard holds Python's own sockets, a namespace (where there may be one) everything."""

import asyncio
import json
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "loopback_only.py"
ELSEWHERE = "192.0.2.1"  # RFC 5737: belongs to nobody
TRY_UVLOOP = f"""
import asyncio, json, os, time, uvloop
async def attempt(host):
    try:
        await asyncio.wait_for(asyncio.get_running_loop().create_connection(asyncio.Protocol, host, 9), 5)
    except OSError as reason:
        return type(reason).__name__, reason.errno
async def both():
    return await attempt({ELSEWHERE!r}), await attempt("127.4.5.6")
began = time.monotonic()
print(json.dumps([os.environ["KWARTIER_TEST_NET"], uvloop.run(both()), time.monotonic() - began]))
"""


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
def test_connecting_elsewhere_fails_at_once(family: socket.AddressFamily) -> None:
    host = ELSEWHERE if family is socket.AF_INET else "2001:db8::1"
    began = time.monotonic()
    with socket.socket(family) as ours, pytest.raises(RuntimeError, match=r"127\.0\.0\.0/8 only"):
        ours.connect((host, 443))
    assert time.monotonic() - began < 1


def test_sending_elsewhere_fails_at_once() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ours, pytest.raises(RuntimeError, match="only"):
        ours.sendto(b"?", (ELSEWHERE, 53))


def test_asking_for_a_name_fails_at_once() -> None:
    with pytest.raises(RuntimeError, match="only"):
        socket.getaddrinfo("kwartier.invalid", 443)


def test_asyncio_is_kept_in_too() -> None:
    async def attempt() -> None:
        await asyncio.open_connection(ELSEWHERE, 443)

    with pytest.raises(RuntimeError, match="only"):
        asyncio.run(attempt())


def test_loopback_stays_open() -> None:
    with socket.create_server(("127.9.8.7", 0)) as server, socket.create_connection(server.getsockname(), timeout=5) as client:
        there, _ = server.accept()
        with there:
            client.sendall(b"hello")
            assert there.recv(5) == b"hello"


def test_unix_sockets_stay_open(tmp_path: Path) -> None:
    path = str(tmp_path / "s")
    with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as client:
        server.bind(path)
        server.listen()
        client.connect(path)


def test_a_namespace_holds_what_the_guard_cannot_see() -> None:
    run = subprocess.run(
        [sys.executable, SCRIPT, sys.executable, "-c", TRY_UVLOOP], capture_output=True, text=True, check=True, timeout=60
    )
    kind, (elsewhere, here), seconds = json.loads(run.stdout)
    if kind == "guard":
        pytest.skip(f"no network namespace here: {run.stderr.strip()}")
    assert elsewhere[0] == "OSError"
    assert here[0] == "ConnectionRefusedError"
    assert seconds < 1
