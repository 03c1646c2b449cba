"""A journal in the order of time, whatever stands in it where."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kwartier.workflows.replay.journal import ordered


def line(second: int) -> str:
    return json.dumps({"at": f"2026-11-24T02:00:{second:02d}.000+00:00", "event": "profile"}) + "\n"


def seconds(journal: Path) -> list[int | None]:
    return [None if one.said is None else one.at.second for one in ordered(journal)]


@given(st.lists(st.one_of(st.integers(0, 59), st.none()), max_size=12))
def test_every_line_comes_once_in_order_and_strange_ones_first(
    tmp_path_factory: pytest.TempPathFactory, given_s: list[int | None]
) -> None:
    journal = tmp_path_factory.mktemp("journal") / "sessions.jsonl"
    journal.write_text("".join("nonsense\n" if one is None else line(one) for one in given_s))
    strange = [one for one in given_s if one is None]
    assert seconds(journal) == [*strange, *sorted(one for one in given_s if one is not None)]


def test_a_line_that_a_crash_cut_short_is_none(tmp_path: Path) -> None:
    journal = tmp_path / "sessions.jsonl"
    journal.write_text(line(3) + line(2)[:-1])
    assert seconds(journal) == [3]


def test_a_line_without_its_moment_is_strange(tmp_path: Path) -> None:
    journal = tmp_path / "sessions.jsonl"
    journal.write_text('{"event": "profile"}\n[]\n{"at": 7}\n{"at": "soon"}\n')
    assert seconds(journal) == [None] * 4
