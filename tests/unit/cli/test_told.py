"""How the night is told to whoever runs it: what went wrong stands there, and what did not is not spoken of."""

from datetime import date
from io import StringIO

from rich.console import Console

from kwartier.audit.verify import Verified
from kwartier.cli import told, told_permission
from kwartier.workflows.night.report import NightReport
from kwartier.workflows.permission.letters import Waiting
from registry_support import NOON


def night(waiting: Waiting) -> str:
    said = StringIO()
    told.night(Console(file=said, width=132), NightReport(date(2026, 3, 9), letters=waiting).counts())
    return said.getvalue()


def test_letters_that_wait_are_told_with_what_to_do() -> None:
    said = night(Waiting(1203, NOON))
    for part in ("wait to be laid down", "1,203", NOON.date().isoformat(), "cannot be written", "kwartier permission sweep"):
        assert part in said


def test_letters_that_nobody_takes_are_told_too_and_those_alone() -> None:
    said = night(Waiting(untaken=41, untaken_since=NOON))
    for part in ("that nobody takes", "41", NOON.date().isoformat(), "No mandate begins while its letter lies there"):
        assert part in said
    assert "laid down" not in said


def test_letters_are_not_spoken_of_where_none_waits() -> None:
    assert "etters" not in night(Waiting())


def test_a_witness_with_an_absurd_clock_is_told_in_words() -> None:
    for at, part in ((0, "1970-01-01"), (10**12, "no calendar"), (2**61, "no calendar")):
        said = StringIO()
        found = Verified("log", 1, 0, {}, None, about_subject=False, witnessed_s=at, place=None)
        told.verified(Console(file=said, width=132), found)
        assert part in said.getvalue()


def test_what_was_counted_is_told_in_words_of_several_kinds_how_many_of_each() -> None:
    said = StringIO()
    found = {
        "presented": 0,
        "samples": [3, 4],
        "invalid": {"no_agreement": 2, "moved": 1},
        "refused": {},
        "letters_waiting_since": None,
    }
    told_permission.counts(Console(file=said, width=132), found)
    assert said.getvalue().splitlines() == [
        "presented: 0",
        "samples: 3, 4",
        "invalid: 2 no_agreement, 1 moved",
        "refused: none",
        "letters waiting since: none",
    ]
