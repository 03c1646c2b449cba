"""The operator's use cases in a town: energy loss as ever, care per area, danger nowhere in the last of several areas."""

import csv
import json
from datetime import date, timedelta
from pathlib import Path

import pytest

from care_support import CARE, DAY, TOWN
from kwartier.model.ground import DataClass, Purpose
from kwartier.simulator import caretruth, folder, identity
from kwartier.simulator.care import Ailment
from kwartier.simulator.town import Town
from kwartier.simulator.usecases import use_cases

WORDS = {"device", "events", "outage", "voltage", "danger", "danger-state", "danger-voltage", "firmware"}


def test_every_area_has_all_of_them_but_danger_in_the_last() -> None:
    cases = list(use_cases(Town(3, 1500, DAY)))
    by_area: dict[str, set[str]] = {}
    for case in cases:
        by_area.setdefault(case.area, set()).add(case.code.removesuffix("-old").removesuffix(f"-{case.area}"))
    assert list(by_area.values()) == [{*WORDS, "loss"}] * 2 + [{w for w in WORDS if "danger" not in w} | {"loss"}]
    assert len({case.code for case in cases}) == len(cases)


def test_a_town_of_one_area_has_danger_too() -> None:
    assert {case.code for case in use_cases(TOWN)} >= {f"{word}-wijk-01" for word in WORDS}


def test_they_speak_the_operator_s_words_and_give_their_reasons() -> None:
    for case in use_cases(TOWN):
        assert case.purpose in {*Purpose}
        assert case.data_class in {*DataClass}
        assert case.days_from < case.days_to
        assert case.approved_from < case.approved_to
        assert case.min_group >= 2
        texts = case.necessity, case.subsidiarity, case.proportionality
        assert all(len(text) > 40 for text in texts)
        assert len(set(texts)) == 3


def test_care_is_about_a_hundred_days_and_usage_has_none() -> None:
    for case in use_cases(TOWN):
        care = case.purpose != "energy_loss"
        assert (case.products, case.kinds) == (("", "") if care else ("electricity", "interval"))
        if care:
            assert (case.days_from, case.days_to) == (DAY - timedelta(days=100), DAY + timedelta(days=3))
            assert case.yearly_limit == 12


def test_the_file_has_a_line_for_each(tmp_path: Path) -> None:
    folder.write(tmp_path, TOWN, 4059)
    with (tmp_path / "use_cases.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["code"] for row in rows] == [case.code for case in use_cases(TOWN)]
    first = rows[0]
    assert (first["code"], first["purpose"], first["min_group"]) == ("loss-wijk-01", "energy_loss", "10")
    assert (first["days_from"], first["approved_to"]) == ("2026-11-21", "2027-09-17")


@pytest.mark.parametrize("day", [DAY, date(2026, 10, 25)])
def test_the_truth_about_care_names_meters_and_transformers(tmp_path: Path, day: date) -> None:
    town = Town(4, 120, day)
    caretruth.write(tmp_path, town)
    told = json.loads((tmp_path / caretruth.NAME).read_text("utf-8"))
    assert set(told) == {*Ailment, "outages"}
    assert all(told.values())
    names = {identity.equipment_id(home.number) for home in town.homes}
    assert all(set(told[ailment]) <= names for ailment in Ailment)
    assert sorted(told["clock_off"].values()) == sorted(CARE.ahead_s.values())
    (outage,) = told["outages"]
    struck = next(t for t in town.transformers if t.name == outage["transformer"])
    assert outage["homes"] == struck.end - struck.first
    assert outage["start"] < outage["end"]
    assert outage["end"].startswith(day.isoformat())
