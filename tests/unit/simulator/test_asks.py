"""What apps send about the town: files as a party's, for one customer, or none where there is nobody to ask."""

import csv
from datetime import date
from pathlib import Path

import pytest

from kwartier.simulator import asks, identity, market, people
from kwartier.simulator.town import Town
from kwartier.workflows.permission import claims

DAY = date(2026, 3, 10)


def sent(folder: Path, name: str) -> list[dict[str, str]]:
    path = folder / name / f"{market.APP.code}.csv"
    return list(csv.DictReader(path.read_text("utf-8").splitlines())) if path.exists() else []


def test_one_customer_is_asked_and_one_mandate_is_claimed(tmp_path: Path) -> None:
    town = next(one for one in (Town(seed, 6, DAY) for seed in range(20)) if asks.is_asked(one.homes[people.SWITCH_HOME]))
    asks.write(tmp_path, town)
    assert asks.HEADER == claims.COLUMNS
    for name in ("asked", "claimed"):
        (line,) = sent(tmp_path, name)
        assert line["ean"] == identity.electricity_ean(people.SWITCH_HOME)
        assert line["begin"] == "2026-03-10"
    given = {(one.party, one.purpose) for home in town.homes for one in people.grants(town, home)}
    asked = {sent(tmp_path, name)[0]["purpose"] for name in ("asked", "claimed")}
    assert len(asked) == 2
    assert not {(market.APP.code, purpose) for purpose in asked} & given, "what they gave already is not asked again"


@pytest.mark.parametrize("homes", [1, 2])
def test_a_town_without_that_home_asks_nothing(tmp_path: Path, homes: int) -> None:
    asks.write(tmp_path, Town(1, homes, DAY))
    assert (sent(tmp_path, "asked"), sent(tmp_path, "claimed")) == ([], [])


def test_whom_somebody_permits_anything_is_bound_as_it_begins() -> None:
    """Of all that comes in with a town nothing is put aside, though one app is bound no more when its night is read."""
    town = Town(5, 400, DAY)
    bound = {party.code: (start, end) for party, start, end in market.agreements(town)}
    given = [(bound[one.party], one.granted.date()) for home in town.homes for one in people.grants(town, home) if one.party]
    assert {end for (_, end), _ in given} == {None, date(2026, 3, 11)}
    assert all(start <= granted and (end is None or granted < end) for (start, end), granted in given)
