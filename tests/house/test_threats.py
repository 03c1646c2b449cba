"""docs/THREATS.md names what is there: every source and every test of it, and none of its controls goes without both."""

import re
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parents[2]
TEXT = (HERE / "docs" / "THREATS.md").read_text("utf-8")
TEST = re.compile(r"`(tests/[\w./-]+\.py)::(\w+)`")
SOURCE = re.compile(r"`((?:src|scripts)/[\w./-]+)`")
ROW = re.compile(r"^\| ((?:\d+|P)\.?\d+) ")
BOUNDARIES = 9
"""Meters, coordinator, database, lake, outbox, portal, staff, supply chain, log with witness and backups."""


def rows(text: str) -> dict[str, str]:
    """Return each threat by its number."""
    return {found[1]: line for line in text.splitlines() if (found := ROW.match(line))}


def absent(text: str) -> list[str]:
    """Return what is named and not there."""
    gone = [path for path in SOURCE.findall(text) if not (HERE / path).is_file()]
    for path, name in TEST.findall(text):
        file = HERE / path
        if not (file.is_file() and re.search(rf"^(async )?def {name}\(", file.read_text("utf-8"), re.MULTILINE)):
            gone.append(f"{path}::{name}")
    return gone


def bare(text: str) -> list[str]:
    """Return the threats that name no source or no test."""
    return [number for number, row in rows(text).items() if not (SOURCE.search(row) and TEST.search(row))]


def test_every_source_and_test_it_names_is_there() -> None:
    assert len(TEST.findall(TEXT)) > 80
    assert absent(TEXT) == []


def test_every_control_has_its_source_and_its_test() -> None:
    assert len(rows(TEXT)) > 40
    assert bare(TEXT) == []


def test_every_boundary_and_every_kind_of_threat_is_spoken_of() -> None:
    assert {number.partition(".")[0] for number in rows(TEXT) if number[0] != "P"} == {str(n) for n in range(1, BOUNDARIES + 1)}
    marks = {mark.strip() for row in rows(TEXT).values() for mark in row.split("|")[1].split(" ", 2)[2].split(",")}
    assert marks >= {"S", "T", "R", "I", "D", "E", "L", "Id", "De", "Di", "U", "Nc"}


def test_what_is_not_covered_is_said() -> None:
    assert TEXT.split("## Not covered")[1].count("\n* **") >= 10


@pytest.mark.parametrize(
    "planted",
    [
        "| 1.1 S | S5 | x | x | `src/kwartier/nowhere.py` | `tests/house/test_threats.py::test_nothing` |",
        "| 1.1 S | S5 | x | x | | |",
    ],
)
def test_a_row_without_what_it_needs_is_seen(planted: str) -> None:
    assert absent(planted) or bare(planted)
