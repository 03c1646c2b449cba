"""Numbers with units: scaled by what the text says, cut off below the base unit, refused where they are none."""

from decimal import ROUND_DOWN, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kwartier.wire.p1 import forms, numerals
from kwartier.wire.p1.errors import FaultKind, Unreadable
from kwartier.wire.p1.quantities import SPELLED, Unit


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        (b"003432.827*kWh", Unit.WH, 3_432_827),
        (b"006545766*Wh", Unit.WH, 6_545_766),
        (b"3432.827kWh", Unit.WH, 3_432_827),
        (b"3432.827", Unit.WH, 3_432_827),
        (b"1.5*MWh", Unit.WH, 1_500_000),
        (b"00052185.7825309*kWh", Unit.WH, 52_185_782),
        (b"0.0009999*kWh", Unit.WH, 0),
        (b"000747.85*W", Unit.W, 747),
        (b"21.1*kW", Unit.W, 21_100),
        (b"-0.123*kW", Unit.W, -123),
        (b"+12*W", Unit.W, 12),
        (b"00000.747*kVArh", Unit.VARH, 747),
        (b"00000.747*KVARH", Unit.VARH, 747),
        (b"0230.1*V", Unit.MV, 230_100),
        (b"0.48*A", Unit.MA, 480),
        (b"12785.123m3", Unit.DM3, 12_785_123),
        (b"12785.123*m3", Unit.DM3, 12_785_123),
        (b"12785.444*GJ", Unit.KJ, 12_785_444_000),
        (b"33221.122*MJ", Unit.KJ, 33_221_122),
        (b"50.00*Hz", Unit.MHZ, 50_000),
        (b"4.556", Unit.PERMILLE, 4_556),
        (b"00015", Unit.COUNT, 15),
        (b"12.*kWh", Unit.WH, 12_000),
    ],
)
def test_a_number_in_base_units(text: bytes, unit: Unit, value: int) -> None:
    assert numerals.read(text, unit) == value


@pytest.mark.parametrize(
    ("text", "unit", "kind"),
    [
        (b"", Unit.WH, FaultKind.VALUE),
        (b"kWh", Unit.WH, FaultKind.VALUE),
        (b".5*kWh", Unit.WH, FaultKind.VALUE),
        (b"1.2.3*kWh", Unit.WH, FaultKind.VALUE),
        (b"1_000*kWh", Unit.WH, FaultKind.VALUE),
        (b" 1*kWh", Unit.WH, FaultKind.VALUE),
        (b"1,5*kWh", Unit.WH, FaultKind.VALUE),
        (b"1234567890123*Wh", Unit.WH, FaultKind.VALUE),
        (b"0" * 5000 + b"*Wh", Unit.WH, FaultKind.VALUE),
        (b"00015.5", Unit.COUNT, FaultKind.VALUE),
        (b"15*m3", Unit.WH, FaultKind.UNIT),
        (b"15*kW", Unit.WH, FaultKind.UNIT),
        (b"15*x", Unit.COUNT, FaultKind.UNIT),
        ("1\u0662*kWh".encode(), Unit.WH, FaultKind.VALUE),
    ],
)
def test_what_is_no_such_number(text: bytes, unit: Unit, kind: FaultKind) -> None:
    with pytest.raises(Unreadable) as caught:
        numerals.read(text, unit)
    assert caught.value.kind is kind


SPELLINGS = [(unit, text, power) for unit, spelled in SPELLED.items() for text, power in spelled.items() if unit is not Unit.COUNT]


@given(st.sampled_from(SPELLINGS), st.integers(0, 10**12 - 1), st.from_regex(rb"[0-9]{0,12}", fullmatch=True), st.booleans())
def test_any_number_is_what_decimals_say(spelling: tuple[Unit, str, int], whole: int, decimals: bytes, star: bool) -> None:  # noqa: FBT001 - drawn
    unit, spelled, power = spelling
    figures = str(whole) + (f".{decimals.decode()}" if decimals else "")
    value = int((Decimal(figures) * 10**power).to_integral_value(ROUND_DOWN))
    assert numerals.read(f"{figures}{'*' if star and spelled else ''}{spelled}".encode(), unit) == value


@given(st.sampled_from([unit for unit in Unit if unit is not Unit.COUNT]), st.integers(-(10**11), 10**11))
def test_what_is_written_is_read_back(unit: Unit, value: int) -> None:
    assert numerals.read(forms.number(value, unit).encode(), unit) == value


def test_of_several_units_the_text_says_which() -> None:
    some = numerals.forms_of(Unit.W, Unit.VA, Unit.MA)
    assert numerals.read_any(b"27.600*kVA", some) == (Unit.VA, 27_600)
    assert numerals.read_any(b"016A", some) == (Unit.MA, 16_000)
    with pytest.raises(Unreadable):
        numerals.read_any(b"16", some)


def test_a_form_with_another_unit_gives_way_to_the_usual_one() -> None:
    assert forms.number(90_000, Unit.W, "3*A") == "90.000*kW"
    assert forms.number(16_000, Unit.MA, "3*A") == "016*A"
