"""The town as a program: what it says when it is ready, that all its ports answer then, and what it refuses."""

import json
import socket
import subprocess
import time
from datetime import datetime
from pathlib import Path

import httpx
import pytest

from kwartier.model.period import epoch_s, midnight
from kwartier.simulator.__main__ import moment
from kwartier.wire.p1 import decode
from kwartier.wire.p1.framing import Framer, Plain
from town_support import DAY, command


def heard(host: str, port: int) -> list[int]:
    """Listen at a P1 port until it closes; return the moments told."""
    framer, found = Framer(), []
    with socket.create_connection((host, port), timeout=30) as line:
        while chunk := line.recv(65536):
            found += [decode.decode(one.data).at for one in framer.receive(chunk) if isinstance(one, Plain)]
    return [epoch_s(at) for at in found if at]


def test_when_it_is_ready_every_port_answers(tmp_path: Path) -> None:
    begins, ends = "2026-10-25", "2026-10-25T06:00+01:00"
    options = ("--p1-from", begins, "--p1-until", ends, "--p1-every", "3600")
    with subprocess.Popen(command(tmp_path, *options), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as town:
        assert town.stdout is not None
        said = json.loads(town.stdout.readline())
        assert (said["ready"], said["homes"]) == (True, 3)
        start = epoch_s(midnight(DAY))
        assert heard(said["first_home"], said["p1_port"]) == [start + hour * 3600 for hour in range(8)], "02:00 comes twice"
        assert httpx.get(f"http://127.0.0.1:{said['display_port']}/en/display/0").status_code == 200
        socket.create_connection((said["first_home"], said["port"]), timeout=5).close()
        assert town.stdin is not None
        town.stdin.close()
        assert town.wait(30) == 0


def test_it_stops_at_once_when_told_though_somebody_listens(tmp_path: Path) -> None:
    with subprocess.Popen(
        command(tmp_path), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as town:
        assert town.stdout is not None
        said = json.loads(town.stdout.readline())
        with socket.create_connection((said["first_home"], said["p1_port"]), timeout=30) as line:
            assert line.recv(1) == b"/"
            town.terminate()
            _, words = town.communicate(timeout=30)
    assert (town.returncode, words) == (0, "")


def test_its_clocks_and_its_journal_run_ahead_when_told(tmp_path: Path) -> None:
    """A town of many nights: the meters' P1 ports and their journal tell the time that they were told."""
    ahead = 400 * 86_400
    with subprocess.Popen(
        command(tmp_path, "--days-after", "800"), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as town:
        assert town.stdin is not None
        assert town.stdout is not None
        said = json.loads(town.stdout.readline())
        town.stdin.write(f"ahead {ahead}\n")
        town.stdin.flush()
        assert json.loads(town.stdout.readline()) == {"ahead": ahead}
        told = time.time() + ahead
        with socket.create_connection((said["first_home"], said["p1_port"]), timeout=30) as line:
            framer = Framer()
            found = next(one for one in iter(lambda: framer.receive(line.recv(65536)), None) if one)[0]
        assert isinstance(found, Plain)
        at = decode.decode(found.data).at
        assert at is not None
        assert abs(epoch_s(at) - told) < 30
        with socket.create_connection((said["first_home"], said["port"]), timeout=5) as line:
            line.sendall(bytes(8))  # no frame of any kind
            line.recv(1)
        town.stdin.close()
        town.wait(30)
    lines = (tmp_path / "town" / "sessions.jsonl").read_text().splitlines()
    assert [one["event"] for one in map(json.loads, lines)] == ["bad_frame"]
    assert abs(datetime.fromisoformat(json.loads(lines[0])["at"]).timestamp() - told) < 30


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (("--p1-from", "2026-09-01"), "begin on 2026-10-16 at the earliest"),
        (("--p1-every", "0"), "at least a second apart"),
        (("--p1-from", "yesterday"), "invalid moment value"),
    ],
)
def test_what_cannot_be_told_is_refused_before_anything_is_written(options: tuple[str, ...], why: str, tmp_path: Path) -> None:
    run = subprocess.run(command(tmp_path, *options), capture_output=True, text=True, check=False, timeout=60)
    assert run.returncode == 2
    assert why in run.stderr
    assert not (tmp_path / "town").exists()


def test_a_taken_port_is_told(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        run = subprocess.run(command(tmp_path, "--display-port", port), capture_output=True, text=True, check=False, timeout=60)
    assert run.returncode == 2
    assert run.stderr == "town: the port of the displays is taken\n"


def test_a_day_is_its_midnight_and_a_moment_is_local_unless_it_says_more() -> None:
    assert moment("2026-10-25") == epoch_s(midnight(DAY))
    assert moment("2026-10-26T00:00") - moment("2026-10-25") == 25 * 3600
    assert moment("2026-10-25T00:00+00:00") - moment("2026-10-25") == 2 * 3600
