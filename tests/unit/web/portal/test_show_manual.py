"""The manual as the public page prints it, in both languages."""

import pytest

from kwartier.web.portal.manual.models import manuals
from kwartier.web.portal.show_manual import manual
from kwartier.web.portal.words import Words


@pytest.mark.parametrize(
    ("language", "low", "normal", "now"),
    [("nl", "laag (1)", "normaal (2)", "het geldende"), ("en", "low (1)", "normal (2)", "the one in force")],
)
def test_rate_1_is_low_and_rate_2_normal(language: str, low: str, normal: str, now: str) -> None:
    rows = {value.code: value for value in manual(Words(language), manuals()["smr5"]).values}
    assert [rows[code].tariff for code in ("1.8.1", "1.8.2", "2.8.1", "2.8.2", "96.14.0")] == [low, normal, low, normal, now]
    assert (rows["1.8.1"].unit, rows["24.2.1"].unit) == ("kWh", "m\N{SUPERSCRIPT THREE}")
    assert rows["96.1.1"].facts == ""
    assert rows["1.8.1"].facts == f"kWh, {low}"


def test_what_was_not_read_of_a_display_is_marked_with_its_source() -> None:
    shown = manual(Words("en"), manuals()["smr5"])
    assert {value.code for value in shown.values if not value.is_certain} == {"0.9.1", "0.9.2"}
    assert sum(source.startswith("* ") for source in shown.sources) == 1
