"""Both languages are whole, and write numbers and times as their readers do."""

from datetime import UTC, date, datetime
from importlib import resources
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from kwartier.model.period import ZONE
from kwartier.web.portal import words

PORTAL = Path(str(resources.files("kwartier.web.portal")))


def messages() -> set[str]:
    """Return every message in code and templates."""
    methods = [("**.py", "python"), ("**/templates/**.html", "jinja2.ext:babel_extract")]
    found = extract_from_dir(str(PORTAL), methods, keywords={"text": None, "_": None})
    return {message for _, _, message, _, _ in found if isinstance(message, str)}


def test_every_message_has_its_dutch_words_and_no_other_is_kept() -> None:
    catalogue = read_po(BytesIO((PORTAL / "locale/nl/messages.po").read_bytes()), locale="nl")
    translated = {one.id: one.string for one in catalogue if one.id}
    assert len(translated) > 100
    assert set(translated) == messages()
    assert all(translated.values())


def test_placeholders_survive_translation() -> None:
    catalogue = read_po(BytesIO((PORTAL / "locale/nl/messages.po").read_bytes()), locale="nl")
    assert [str(fault) for one in catalogue if one.id for fault in one.check()] == []


@pytest.mark.parametrize(
    ("language", "gas", "day"), [("nl", "1.234,567 m³", "22 november 2026"), ("en", "1,234.567 m³", "22 November 2026")]
)
def test_numbers_and_days(language: str, gas: str, day: str) -> None:
    assert words.Words(language).m3(1_234_567) == gas
    assert words.Words(language).day(date(2026, 11, 22)) == day


def test_the_double_hour_in_autumn_is_told_apart() -> None:
    first, second = datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    nl, en = words.Words("nl"), words.Words("en")
    assert [nl.clock(first), nl.clock(second)] == ["02:30 zomertijd", "02:30 wintertijd"]
    assert en.moment(first) == "25 Oct 2026 02:30 summer time"


@pytest.mark.parametrize("hour", [22, 23, 1, 12])
def test_other_hours_are_told_by_the_clock_alone(hour: int) -> None:
    for day in (date(2026, 10, 25), date(2026, 3, 29), date(2026, 7, 1)):
        moment = datetime(day.year, day.month, day.day, hour, 15, 30, tzinfo=UTC)
        if (day, hour) != (date(2026, 10, 25), 1):
            assert words.Words("nl").clock(moment, seconds=True) == moment.astimezone(ZONE).strftime("%H:%M:%S")


@pytest.mark.parametrize(
    ("header", "language"),
    [(None, "nl"), ("", "nl"), ("en-GB,en;q=0.9", "en"), ("de,en;q=0.5,nl;q=0.4", "en"), ("nl-NL,en", "nl"), ("fr", "nl")],
)
def test_the_browsers_language_is_followed(header: str | None, language: str) -> None:
    assert words.best(header) == language
