"""The command line as people use it: every help, every mistake that a newcomer makes, each answered in plain words."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import typer.main

from kwartier import __version__
from kwartier.cli.main import app, main

WHO = ("--person", "A. Somebody", "--because", "a test")


def commands(group: Any, *path: str) -> Iterator[tuple[str, ...]]:  # noqa: ANN401 - typer's groups are its private copy of click's
    """Yield every command and group by its path."""
    yield path
    for name, command in getattr(group, "commands", {}).items():
        yield from commands(command, *path, name)


class Ended(NamedTuple):
    """How a command ended: exit code, standard output, standard error."""

    code: int
    said: str
    told: str


Run = Callable[..., Ended]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    """Return what runs the command line in this process, as the installed program does."""
    monkeypatch.setenv("COLUMNS", "200")

    def runs(*arguments: str | Path) -> Ended:
        monkeypatch.setattr(sys, "argv", ["kwartier", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        said, told = capfd.readouterr()
        assert "Traceback" not in told
        return Ended(int(str(ended.value.code)), said, told)

    return runs


@pytest.mark.parametrize("path", list(commands(typer.main.get_command(app))), ids=" ".join)
def test_every_command_explains_itself(run: Run, path: tuple[str, ...]) -> None:
    code, said, _ = run(*path, "--help")
    assert code == 0
    assert "Usage: " in said
    assert len(said) > 40


@pytest.mark.parametrize(
    "arguments",
    [
        ["night", "run"],
        ["deliver"],
        ["serve", "--port", "0"],
        ["audit", "replay"],
        ["audit", "checkpoint"],
        ["database", "check"],
        ["grounds", "who", "1", "--person", "A. Somebody", "--because", "a test"],
        ["audit", "staff", "1", "--person", "A. Somebody", "--because", "a test"],
    ],
    ids=" ".join,
)
def test_a_folder_without_an_installation_is_named_with_the_way_out(run: Run, arguments: list[str], tmp_path: Path) -> None:
    for data in (tmp_path, tmp_path / "nowhere", Path(__file__)):
        code, said, told = run("--data", data, *arguments)
        assert (code, said) == (3, "")
        assert f"no-installation: there is no installation in {data}" in told
        assert "kwartier import FOLDER" in told


@pytest.mark.parametrize("date", ["2026-13-01", "yesterday", "", "0001-01-01", "9999-12-31"])
@pytest.mark.parametrize(
    "command",
    [
        ["night", "run"],
        ["demo", "--once"],
        ["grounds", "who", "1", *WHO],
        ["grounds", "may", "P1", "1", *WHO],
        ["grid", "allocation"],
    ],
    ids=" ".join,
)
def test_a_date_that_cannot_be_is_a_wrong_command_line(run: Run, command: list[str], date: str, tmp_path: Path) -> None:
    code, _, told = run("--data", tmp_path / "data", *command, "--date", date)
    assert code == 2
    assert "--date" in told
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ["nosuch"],
        ["night"],
        ["verify"],
        ["verify", "nowhere"],
        ["import", "nowhere"],
        ["bench", "nosuch"],
        ["serve", "--port", "70000"],
        ["demo", "--homes", "1"],
        ["audit", "replay", "--from", "yesterday"],
        ["audit", "replay", "--from", "0001-01-01"],
        ["audit", "replay", "--to", "9999-12-31"],
        ["customer", "absence", "1", "2026-01-01", "9999-12-31", *WHO],
        ["grounds", "what-if", __file__, "--date", "9999-12-31"],
        ["audit", "replay", "--from", "2026-01-02", "--to", "2026-01-01"],
    ],
    ids=" ".join,
)
def test_a_wrong_command_line_ends_with_2(run: Run, arguments: list[str], tmp_path: Path) -> None:
    code, said, told = run("--data", tmp_path, *arguments)
    assert code == 2
    assert said + told


def test_a_proof_needs_a_key_and_a_proof(run: Run, tmp_path: Path) -> None:
    file, key = tmp_path / "proof", tmp_path / "key"
    file.write_bytes(b"\xff\xfe no proof")
    key.write_bytes(b"\xff no key")
    assert run("--data", tmp_path, "verify", file)[0] == 2
    code, _, told = run("verify", "--key", key, file)
    assert (code, "not genuine (malformed)" in told) == (1, True)


def test_a_port_that_is_taken_is_told_before_anything_is_built(run: Run, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        code, _, told = run("demo", "--homes", "3", "--data", tmp_path / "data", "--port", str(taken.getsockname()[1]))
    assert code == 3
    assert "port-taken" in told
    assert "--port" in told
    assert not (tmp_path / "data" / "town").exists()


def test_the_version_is_printed_in_two_ways(run: Run) -> None:
    assert run("--version") == run("version") == (0, f"{__version__}\n", "")


def test_the_program_itself_ends_in_the_same_way(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "kwartier.cli.main", "--data", str(tmp_path), "night", "run"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith("no-installation: ")
    assert len(done.stderr.splitlines()) == 2


def test_an_ean_is_refused_and_not_repeated(run: Run, tmp_path: Path) -> None:
    """Whoever takes the number of a connection for its EAN must not find it in a log."""
    code, said, told = run(
        "--data", tmp_path, "grounds", "who", "871687120000000017", "--person", "A. Somebody", "--because", "a test"
    )
    assert (code, said) == (2, "")
    assert "never by its EAN" in told
    assert "8716871" not in told


def program(*arguments: str | Path, out: int | str = "/dev/null", err: int | str = "/dev/null") -> int:
    """Run the program itself with its output going there, and return its exit code."""
    streams = [os.open(one, os.O_WRONLY) if isinstance(one, str) else one for one in (out, err)]
    try:
        done = subprocess.run(
            [sys.executable, "-m", "kwartier.cli.main", *map(str, arguments)], check=False, stdout=streams[0], stderr=streams[1]
        )
    finally:
        for one in streams:
            os.close(one)
    return done.returncode


def unread() -> int:
    """Return a pipe that nobody reads any more."""
    read, write = os.pipe()
    os.close(read)
    return write


def test_who_reads_no_further_gets_no_answer_by_the_exit_code() -> None:
    assert program("version", out=unread()) == 3
    assert program("--help", out=unread()) == 3


def test_a_failure_that_cannot_be_told_keeps_its_exit_code(tmp_path: Path) -> None:
    for err in ("/dev/full", "/dev/null"):
        assert program("--data", tmp_path, "audit", "replay", err=err) == 3
    assert program("version", out="/dev/full", err="/dev/full") == 3


def test_what_was_done_is_done_though_a_remark_cannot_be_written() -> None:
    say = "import sys; from rich.console import Console; from kwartier.cli import edge, told; out = Console(stderr=True)\n"
    say += "sys.exit(edge.run(lambda: [told.said(WHERE, 'It is written down.') for _ in 'ab'], out))"
    remark, answer = say.replace("WHERE", "out"), say.replace("WHERE", "Console()")
    with Path("/dev/full").open("wb") as full:
        assert subprocess.run([sys.executable, "-c", remark], check=False, stderr=full).returncode == 0
        assert subprocess.run([sys.executable, "-c", answer], check=False, stdout=full, stderr=full).returncode == 3
