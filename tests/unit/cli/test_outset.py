"""What is typed wrong, and a stream that is not there, end in the documented exit code, with nothing of it repeated."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from kwartier.cli import outset, told
from kwartier.model.errors import KwartierError

EAN = "871687120000000011"
PROGRAM = f"{sys.executable} -m kwartier.cli.main"


def shell(line: str, folder: Path) -> "subprocess.CompletedProcess[bytes]":
    """Run the program by a shell, which closes its streams."""
    return subprocess.run(["/bin/sh", "-c", f"{PROGRAM} {line}"], check=False, capture_output=True, cwd=folder)


@pytest.mark.parametrize("line", ["version >&-", "--help >&-", "version >&- <&-"])
def test_an_answer_into_a_closed_output_is_no_success_and_no_fault_of_ours(tmp_path: Path, line: str) -> None:
    done = shell(line, tmp_path)
    assert done.returncode == 3
    assert b"standard output is closed" in done.stderr
    assert b"fault in Kwartier" not in done.stderr


def test_who_has_nothing_to_answer_ends_as_ever_whatever_is_closed(tmp_path: Path) -> None:
    for closed in (">&-", "2>&-", "<&-", ">&- 2>&- <&-"):
        assert shell(f"--data nowhere audit replay {closed}", tmp_path).returncode == 3
        assert shell(f"nonsense {closed}", tmp_path).returncode == 2


def test_the_number_of_a_closed_stream_is_held(tmp_path: Path) -> None:
    """Else the first file that is opened has it, and whatever is said goes into that file."""
    look = "import os; from kwartier.cli import outset; outset.hold_streams()\n"
    look += "print(os.open('/dev/null', os.O_RDONLY), file=open('n', 'w'))"
    subprocess.run(["/bin/sh", "-c", f'{sys.executable} -c "{look}" >&- 2>&- <&-'], check=True, cwd=tmp_path)
    assert int((tmp_path / "n").read_text()) > 2


@pytest.mark.parametrize("argument", [b"\xff", b"caf\xe9", b"--date=\xfe"])
def test_what_is_no_text_is_refused_before_anything_runs(tmp_path: Path, argument: bytes) -> None:
    before: list[str | bytes] = [*PROGRAM.split(), "--data", str(tmp_path), "grounds", "may"]
    command = [*before, argument, "1"]
    done = subprocess.run(command, check=False, capture_output=True)
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"no text in UTF-8" in done.stderr


@pytest.mark.parametrize("name", outset.TYPED_ELSEWHERE)
def test_nor_is_it_taken_from_the_environment(name: str) -> None:
    assert outset.refused([], {name: "Ren\udce9e"}) is not None
    assert outset.refused([], {name: "Ren\u00e9e", "PATH": "\udce9"}) is None


@pytest.mark.parametrize(
    "arguments",
    [
        ["grounds", "who", EAN],
        ["grounds", "who", "1", "--date", EAN],
        ["grounds", "who", "1", f"--date={EAN}"],
        ["parties", "suspend", "X", EAN],
        [EAN],
        ["customer", "absence", "1", f"x {EAN}", "2026-01-01"],
        ["rights", "show", "9" * 18],
    ],
)
def test_an_ean_anywhere_is_refused_and_not_repeated(arguments: list[str]) -> None:
    done = subprocess.run([sys.executable, "-m", "kwartier.cli.main", *arguments], check=False, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "")
    assert "never by its EAN" in done.stderr
    assert not any(one in done.stderr for one in (EAN, EAN[:8], "9999"))


def test_digits_that_are_none_are_no_ean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path(EAN).touch()
    Path(f"{EAN}.proof").touch()
    for fine in (f"{EAN}.proof", f"--key={EAN}.proof", f"{EAN[:-1]}3x", "8716874900019", "a" * 18, f"1{EAN}x"):
        assert outset.refused([fine], {}) is None, fine
    assert outset.refused([f"{EAN}.txt"], {}) is not None, "a file that is not there"


ROOMS = ("workflows", "store", "audit", "keys", "grounds", "devices", "engine", "settings", "cli")
INSIDE = {"not-loggable", "no-transition", "not-yours", "not-yet", "readings-not-staged"}
"""What only a fault of ours, or somebody at a page, can meet."""


def families(kind: type[KwartierError]) -> set[type[KwartierError]]:
    return {kind}.union(*(families(one) for one in kind.__subclasses__()))


def test_every_failure_says_what_to_do_next() -> None:
    mute = {
        kind.code
        for kind in families(KwartierError)
        if kind.__module__.split(".")[1] in ROOMS and not told.next_step(kind.__new__(kind))
    }
    assert mute <= INSIDE


def test_the_environment_of_these_tests_types_nothing() -> None:
    assert outset.refused([], os.environ) is None
