"""Whatever happens inside, the edge ends in one plain message and a documented exit code, never in a traceback."""

import io
import re

import pytest
from rich.console import Console

from kwartier.cli import edge
from kwartier.cli.main import EXITS
from kwartier.model.errors import BadInput, KwartierError


class OutOfTune(BadInput):
    code = "out-of-tune"


def ended(fault: BaseException | None) -> tuple[int, str]:
    """Return exit code and words of a command that ends so."""

    def command() -> None:
        if fault is not None:
            raise fault

    out = Console(file=io.StringIO(), width=200)
    code = edge.run(command, out)
    assert isinstance(out.file, io.StringIO)
    return code, out.file.getvalue()


def test_a_good_end() -> None:
    assert ended(None) == (0, "")


@pytest.mark.parametrize(
    ("fault", "code", "words"),
    [
        (OutOfTune("the third string"), 3, ["out-of-tune: the third string", "try again"]),
        (KwartierError("something"), 3, ["kwartier: something"]),
        (FileNotFoundError(2, "No such file or directory", "/a/b"), 3, ["not done: no such file or directory (/a/b)"]),
        (OSError(28, "No space left on device"), 3, ["no space left on device", "free space"]),
        (KeyboardInterrupt(), 130, ["Interrupted"]),
    ],
)
def test_what_was_foreseen_is_told_with_what_to_do(fault: BaseException, code: int, words: list[str]) -> None:
    got, said = ended(fault)
    assert got == code
    assert all(word in said for word in words)


def test_what_nobody_foresaw_is_told_without_its_text_which_may_hold_values(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(edge.DEBUG, raising=False)
    code, said = ended(ValueError("871687000000000012"))
    assert code == 70
    assert "ValueError" in said
    assert "8716" not in said
    assert "Traceback" not in said


def test_a_traceback_comes_only_to_who_asks(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv(edge.DEBUG, "1")
    ended(ValueError("inside"))
    assert "ValueError: inside" in capfd.readouterr().err


def test_the_place_of_a_fault_is_within_kwartier() -> None:
    with pytest.raises(AttributeError) as caught:
        edge.bars(None)  # type: ignore[arg-type]  # a fault of a caller, on purpose
    assert edge.place(caught.value).startswith("cli/edge.py, line ")
    assert edge.place(ValueError()) == "outside of Kwartier"


def test_what_typer_ends_keeps_its_code() -> None:
    for code in (0, 1, 2, edge.INTERRUPTED):
        with pytest.raises(SystemExit) as caught:
            ended(SystemExit(code))
        assert caught.value.code == code


def test_progress_is_shown_on_a_terminal_only() -> None:
    for terminal in (True, False):
        out = Console(file=io.StringIO(), force_terminal=terminal, width=100)
        with edge.bars(out) as bars:
            bars.update(bars.add_task("homes", total=10), completed=5)
        with edge.working(out, "something"):
            pass
        assert isinstance(out.file, io.StringIO)
        assert bool(out.file.getvalue()) == terminal


def test_exit_codes_are_documented() -> None:
    for code in (0, edge.NO, 2, edge.NOT_DONE, edge.OUR_FAULT, edge.INTERRUPTED):
        assert re.search(rf"\b{code} ", EXITS)
        assert re.search(rf"^    {code} ", edge.__doc__ or "", re.MULTILINE)
