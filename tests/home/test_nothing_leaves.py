"""The home opens no connection but to the source and the broker of its settings: seen on the wire, for an hour of telegrams."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PROGRAM = Path(__file__).with_name("watched_hour.py")


def watched(*arguments: str) -> dict[str, Any]:
    """Run the hour and return what was seen."""
    run = subprocess.run([sys.executable, PROGRAM, *arguments], capture_output=True, text=True, check=False, timeout=280)
    if run.returncode and "PermissionError" in run.stderr and os.getuid() != 0:
        pytest.skip("only root, or a user who may have namespaces, can look at every packet")
    assert run.returncode == 0, run.stderr
    found: dict[str, Any] = json.loads(run.stdout.splitlines()[-1])
    return found


def spoken_to(found: dict[str, Any]) -> set[tuple[str, str, str | int]]:
    """Return whom anybody spoke to first."""
    return {(protocol, place, who) for protocol, place, who, _ in found["begun"]}


def test_an_hour_shows_no_connection_but_those_configured() -> None:
    found = watched()
    assert found["packets"] > 400
    assert spoken_to(found) == {("tcp", "127.0.0.1", "dongle"), ("tcp", "127.0.0.1", "broker"), ("tcp", "127.0.0.1", "page")}
    [dongle] = [count for _, _, who, count in found["begun"] if who == "dongle"]
    assert dongle == 1


def test_a_stranger_would_be_seen() -> None:
    by_6 = ("icmp6", "::1", 0)  # what the kernel answers to an attempt by IPv6
    assert spoken_to(watched("stranger")) >= {("udp", "192.0.2.53", 53), ("tcp", "192.0.2.1", 443), by_6}
