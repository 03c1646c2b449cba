"""The manuals are read strictly, and say of a meter what its display shows in the town."""

import tomllib
from datetime import date
from importlib import resources

import pytest

from kwartier.simulator import smr5
from kwartier.simulator.display import words
from kwartier.simulator.display.screens import TEST, screens
from kwartier.simulator.lived import Lived
from kwartier.simulator.town import Town
from kwartier.web.portal.manual import models
from kwartier.web.portal.manual.models import manuals, parse

TEXT = (resources.files("kwartier.web.portal.manual") / "smr5.toml").read_text("utf-8")
TOWN = Town(4, 60, date(2026, 11, 22))


def test_every_code_the_display_shows_stands_in_the_manual_with_its_unit_and_tariff() -> None:
    told = {value.code: value for value in manuals()["smr5"].values}
    shown = screens(Lived(TOWN, TOWN.homes[0].number).at(TOWN.axis.start_of_night()), "E0", smr5.ON)
    assert {one.code for one in shown} - {TEST} == set(told)
    assert set(words.MEANING) - {TEST} == set(told)
    for one in shown:
        if one.code == TEST:
            continue
        assert told[one.code].unit.replace("\N{SUPERSCRIPT THREE}", "3") == one.unit
        assert told[one.code].tariff in {one.rate.removeprefix("T"), "in"}
    rates = {one.rate: one.note for one in shown if one.unit == "kWh" and one.code != TEST}
    assert rates == {"T1": "low", "T2": "normal"}, "as the manual has it"


def test_the_display_test_and_the_status_are_explained_too() -> None:
    topics = {topic.id: topic for topic in manuals()["smr5"].topics}
    assert topics.keys() == {"reading", "off", "p1"}
    for language, test in (("nl", "test"), ("en", "test")):
        assert test in " ".join(topics["reading"].paragraphs[language])
        assert "94.31.0" in " ".join(topics["off"].paragraphs[language])
        assert "P1" in " ".join(topics["off"].paragraphs[language])


def test_every_manual_tells_everything_in_both_languages() -> None:
    for one in manuals().values():
        for texts in (one.about, *(value.means for value in one.values), *(topic.title for topic in one.topics)):
            assert all(texts[language] for language in ("nl", "en"))
        for topic in one.topics:
            assert len(topic.paragraphs["nl"]) == len(topic.paragraphs["en"]) > 0
        assert len({value.code for value in one.values}) == len(one.values)


def test_every_manual_is_of_a_model_that_the_operator_reads() -> None:
    files = (resources.files("kwartier.wire.dlms") / "models").iterdir()
    assert set(manuals()) == {one.name.removesuffix(".toml") for one in files if one.name.endswith(".toml")}


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ('unit = "kWh"', 'units = "kWh"', TypeError),
        ('source = "p3"', 'source = "hearsay"', KeyError),
        ('en = "The time of the meter, in the Dutch time that holds then."\n', "", TypeError),
        ('id = "smr5"\n', "", TypeError),
        ("[[value]]", "[[worth]]", KeyError),
        ("[[value]]", "[[value", tomllib.TOMLDecodeError),
    ],
)
def test_a_manual_that_is_not_whole_is_refused(old: str, new: str, fault: type[Exception]) -> None:
    assert old in TEXT
    with pytest.raises(fault):
        parse(TEXT.replace(old, new))


def test_manuals_are_read_once() -> None:
    assert models.manuals() is models.manuals()
