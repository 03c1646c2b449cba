"""`kwartier-home` as a program: unplugged, killed, started anew, and what its commands print."""

import csv
import io
import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from home_process_support import Dongle, Home, now, running, until
from home_support import House
from kwartier.home.store import history

AT = 1_781_000_100 // 900 * 900


def command(data: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run a command to its end."""
    whole = [sys.executable, "-m", "kwartier.home.command", "--data", str(data), *arguments]
    return subprocess.run(whole, capture_output=True, text=True, check=False, timeout=60)


def told(home: Home, sentence: str) -> bool:
    """Whether the page of the meter says it."""
    return sentence in httpx.get(f"{home.address}/en/meter").text


def heard(data: Path) -> int:
    """Return how many telegrams are on the disk."""
    if not (data / "home.db").exists():
        return 0
    with history.opened(data) as opened:
        return sum(1 for _ in opened.telegrams(0, 2**40))


def test_unplugged_and_killed_it_goes_on_by_itself_and_counts_every_watt_hour(tmp_path: Path) -> None:
    (tmp_path / "home.toml").write_text("flush_s = 0.1\n")
    with Dongle(now(), every_s=0.25) as dongle:
        with running(tmp_path, "--tcp", f"127.0.0.1:{dongle.port}") as home:
            until(lambda: heard(tmp_path) >= 3, "three telegrams")
            dongle.unplug()
            until(
                lambda: "The other side closed the line" in httpx.get(f"{home.address}/en/meter").text,
                "the loss is told",
                seconds=30,
            )
            dongle.plug()
            until(lambda: dongle.connections == 2, "it comes back by itself")
            before = heard(tmp_path)
            until(lambda: heard(tmp_path) >= before + 3, "it goes on")
            home.kill()
        before = heard(tmp_path)
        with running(tmp_path, "--tcp", f"127.0.0.1:{dongle.port}"):
            until(lambda: heard(tmp_path) >= before + 3, "it goes on after a kill")
    with history.opened(tmp_path) as opened:
        telegrams = list(opened.telegrams(0, 2**40))
        state = opened.state()
        assert state.electricity.account is not None
        kinds = [told.kind for told in opened.events()]
    assert kinds.count("meter-began") == 2
    assert {"line-closed", "line-back"} <= set(kinds)
    assert telegrams == sorted(telegrams, key=lambda each: each.at)
    registers = [line for line in telegrams[-1].telegram.decode().splitlines() if line.startswith("1-0:1.8.2")]
    assert f"{state.electricity.account.track.values[1] / 1000:010.3f}" in registers[0]


def test_a_second_one_in_the_same_folder_is_refused(tmp_path: Path) -> None:
    with Dongle(now()) as dongle, running(tmp_path, "--tcp", f"127.0.0.1:{dongle.port}"):
        second = command(tmp_path, "--tcp", f"127.0.0.1:{dongle.port}")
    assert second.returncode == 2
    assert "another kwartier-home keeps this folder" in second.stderr


def test_it_listens_on_loopback_unless_told(tmp_path: Path) -> None:
    recording = tmp_path / "a.txt"
    recording.write_bytes(House(AT).telegram())
    with running(tmp_path / "data", "--replay", str(recording)) as home:
        assert home.address.startswith("http://127.0.0.1:")
    (tmp_path / "data" / "home.toml").write_text('listen = "0.0.0.0"\n')
    run = command(tmp_path / "data", "--replay", str(recording), "--once", "--port", "0")
    assert run.returncode == 0
    assert "warning: whoever can reach this address" in run.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_when_told_and_writes_what_it_has(number: signal.Signals, tmp_path: Path) -> None:
    (tmp_path / "home.toml").write_text("flush_s = 600\n")
    with Dongle(now(), every_s=0.05) as dongle, running(tmp_path, "--tcp", f"127.0.0.1:{dongle.port}") as home:
        until(lambda: dongle.sent >= 5, "it speaks")
        until(lambda: "Live," in httpx.get(f"{home.address}/en/").text, "it is heard")
        home.process.send_signal(number)
        home.process.wait(30)
    assert heard(tmp_path) >= 1


def test_what_is_missing_or_wrong_is_told_in_one_line(tmp_path: Path) -> None:
    reasons = (
        ((), "no source"),
        (("--replay", str(tmp_path / "none"), "--once", "--port", "0"), "replay: the file cannot be read"),
        (("--tcp", "nowhere"), "source must be tcp:HOST:PORT or town:HOST:PORT"),
        (("compare", str(tmp_path / "none")), "the file cannot be read"),
        (("export", "days"), "there is no history in this folder"),
    )
    for arguments, why in reasons:
        run = command(tmp_path / why, *arguments)
        assert run.returncode == 2
        assert why in run.stderr.splitlines()[-1]
        assert "Traceback" not in run.stderr


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which three hours of a house were read from a recording."""
    data = tmp_path_factory.mktemp("recorded")
    (data / "a.txt").write_bytes(b"".join(House(AT).telegrams(1081, 10)))
    run = command(data, "--replay", str(data / "a.txt"), "--once", "--port", "0")
    assert run.returncode == 0, run.stderr
    return data


def test_the_same_recording_twice_changes_nothing(recorded: Path, tmp_path: Path) -> None:
    again = tmp_path / "again"
    shutil.copytree(recorded, again)
    before = command(again, "export", "intervals").stdout
    assert command(again, "--replay", str(again / "a.txt"), "--once", "--port", "0").returncode == 0
    assert command(again, "export", "intervals").stdout == before
    assert heard(again) == heard(recorded) == 1081


def as_the_operator_gives_it(recorded: Path, *, planted: int) -> str:
    """Make the operator's file of the same quarters, the fifth of them with so many Wh more."""
    rows = list(csv.DictReader(io.StringIO(command(recorded, "export", "intervals").stdout)))
    out = io.StringIO()
    table = csv.writer(out)
    table.writerow(["metering_point", "register", "direction", "tariff", "start", "resolution", "value", "unit", "quality"])
    for number, row in enumerate(row for row in rows if row["kind"] == "taken"):
        value = int(row["value"]) + (planted if number == 4 else 0)
        table.writerow(("871687400002065714", "1-0:1.8.0", "consumption", "", row["start"], "PT15M", value, "Wh", "valid"))
    return out.getvalue()


def test_compare_says_that_the_operator_is_right(recorded: Path, tmp_path: Path) -> None:
    file = tmp_path / "own.csv"
    file.write_text(as_the_operator_gives_it(recorded, planted=0))
    run = command(recorded, "compare", str(file), "--json")
    assert run.returncode == 0
    assert json.loads(run.stdout) == {
        "is_right": True,
        "compared": 12,
        "counts": {"equal": 12, "different": 0, "unsure": 0, "only_here": 0, "only_there": 0, "in_part": 0},
        "findings": [],
    }


def test_compare_names_the_planted_quarter(recorded: Path, tmp_path: Path) -> None:
    file = tmp_path / "own.csv"
    file.write_text(as_the_operator_gives_it(recorded, planted=7))
    run = command(recorded, "compare", str(file))
    assert run.returncode == 1
    first, second = run.stdout.splitlines()
    assert first == "12 intervals compared: 11 equal, 1 different"
    assert "taken  different" in second
    assert "(+7 Wh)" in second
    assert "871687400002065714" not in run.stdout + run.stderr
