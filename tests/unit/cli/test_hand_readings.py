"""Registers as staff type them: kWh or m3 as a meter shows them, and nothing else."""

from pathlib import Path

import pytest
import typer

from command_support import kwartier_here
from kwartier.cli import customer, hand_readings
from kwartier.model.register import Channel
from kwartier.workflows import installation


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("low=12345.678", (Channel.DAY_IMPORT_LOW, 12_345_678)),
        ("normal=1", (Channel.DAY_IMPORT_NORMAL, 1_000)),
        ("feed-normal=0", (Channel.DAY_EXPORT_NORMAL, 0)),
        ("gas=00901.500", (Channel.DAY_GAS, 901_500)),
    ],
)
def test_a_register_is_read_to_the_last_decimal(text: str, found: tuple[Channel, int]) -> None:
    assert hand_readings.register(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "low=1,5",
        "low=-1",
        "low=1.0001",
        "peak=1",
        "low",
        "low=",
        "low=nan",
        "low=inf",
        "low=1e12",
        "=1",
        "low=9e999999",
        "low=1_000",
        "low=\u0661",
        "low=123456789",
    ],
)
def test_anything_else_is_told_to_whoever_typed_it(text: str) -> None:
    with pytest.raises(typer.BadParameter):
        hand_readings.register(text)


@pytest.mark.parametrize("text", ["2026-03-10", "yesterday", "2026-03-10T09:30:00"])
def test_a_moment_has_an_offset(text: str) -> None:
    with pytest.raises(typer.BadParameter):
        hand_readings.moment(text)


def test_a_connection_is_never_named_by_its_ean() -> None:
    assert customer.number(12) == 12
    with pytest.raises(typer.BadParameter) as refused:
        customer.number(871687110000000015)
    assert "8716" not in str(refused.value)


@pytest.mark.database
def test_where_nothing_is_due_that_is_said_and_no_empty_table(installation_dir: Path) -> None:
    installation.create(installation_dir)
    told = kwartier_here("--data", installation_dir, "hand-readings", "due", "--person", "A", "--because", "b")
    assert (told.returncode, told.stdout) == (0, "It is nobody's turn.\n")
