"""The screens of a display: the very registers of the meter, each with its code, and all of them in segments."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from kwartier.simulator import identity, smr5
from kwartier.simulator.display import segments, words
from kwartier.simulator.display.screens import TEST, screens
from kwartier.simulator.lived import Lived
from kwartier.simulator.town import Town

TOWN = Town(4, 60, date(2026, 11, 22))
NIGHT = TOWN.axis.start_of_night()
NUMBER = TOWN.homes[0].number


def shown(at: int = NIGHT, status: int = smr5.ON) -> dict[str, str]:
    return {one.code: one.text for one in screens(Lived(TOWN, NUMBER).at(at), identity.equipment_id(NUMBER), status)}


def test_it_shows_what_the_meter_counts() -> None:
    now, there = Lived(TOWN, NUMBER).at(NIGHT), shown()
    registers = [there[code] for code in ("1.8.1", "1.8.2", "2.8.1", "2.8.2")]
    assert [int(text.replace(".", "")) for text in registers] == [*now.taken, *now.given]
    assert all(len(text) == 10 for text in registers)
    assert now.gas is not None
    assert int(there["24.2.1"].replace(".", "")) == now.gas.dm3
    assert int(there["1.7.0"].replace(".", "")) - int(there["2.7.0"].replace(".", "")) == now.power_w
    assert (there["0.9.2"], there["0.9.1"]) == ("26-11-23", "02:17:00")
    assert there["96.1.1"] == identity.equipment_id(NUMBER)
    assert there["96.14.0"] == ("1" if now.is_low else "2")


def test_it_tells_whether_the_meter_is_administratively_off() -> None:
    assert (shown(status=smr5.ON)["94.31.0"], shown(status=smr5.OFF)["94.31.0"]) == ("2", "1")


def test_without_a_gas_meter_there_is_no_gas() -> None:
    number = next(home.number for home in TOWN.homes if home.has_meter and not home.owns.gas)
    assert "24.2.1" not in {one.code for one in screens(Lived(TOWN, number).at(NIGHT), "", smr5.ON)}


@given(st.sampled_from([home.number for home in TOWN.homes if home.has_meter]), st.integers(NIGHT - 86_400, NIGHT))
def test_every_screen_can_be_drawn_and_has_its_meaning(number: int, at: int) -> None:
    for one in screens(Lived(TOWN, number).at(at), identity.equipment_id(number), smr5.ON):
        row = segments.cells(one.text, 9)
        assert len(row) >= 9
        assert sum(bool(cell.mark) for cell in row) == sum(letter in ".:" for letter in one.text)
        assert all(words.meaning(language, one.code) for language in words.LANGUAGES)


def test_the_test_lights_everything() -> None:
    (row,) = (segments.cells(one.text, 9) for one in screens(Lived(TOWN, NUMBER).at(NIGHT), "", smr5.ON) if one.code == TEST)
    assert all(lit for cell in row for _, lit in cell.segments)


def test_no_two_digits_look_alike() -> None:
    looks = [tuple(lit for _, lit in segments.cells(digit, 1)[0].segments) for digit in "0123456789E-"]
    assert len(set(looks)) == len(looks)
