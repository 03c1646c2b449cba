"""What is held about a person, to read: in the person's own words, never by the names that the registry has for it."""

from typing import Any

import pytest

from kwartier.web.portal import show_data
from kwartier.web.portal.words import Words

STAY = {"metering_point": "871600000000000017", "product": "gas", "from": "2026-03-01T00:00:00+01:00", "to": None}
FACTS = ("occupancy", "coupling", "reading")


def document(**parts: list[dict[str, Any]]) -> dict[str, Any]:
    """Return what is held about Anna: one stay with these parts."""
    nothing: dict[str, Any] = {name: [] for name in ("permissions", "purposes", "held", "left_out")}
    return {"person": {"code": "ANNA", "name": ""}, "connections": [STAY | parts]} | nothing


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("nl", ["wanneer u er woonde", "welke gasmeter de uwe is", "een stand"]),
        ("en", ["when you lived there", "which gas meter is yours", "a reading"]),
    ],
)
def test_what_was_put_right_is_said_in_words(language: str, told: list[str]) -> None:
    rows = [{"fact": fact, "from": STAY["from"], "to": None, "at": STAY["from"]} for fact in FACTS]
    found = document(corrections=rows)
    words = Words(language)
    (table,) = [one for one in show_data.tables(words, found) if one.title == words.text("Corrections")]
    assert [row[0] for row in table.rows] == told


def test_who_got_something_in_the_name_of_somebody_else_says_so() -> None:
    row: dict[str, Any] = {
        "receiver": "A party",
        "purpose": "third_party_service",
        "channels": [],
        "status": "delivered",
        "at": STAY["from"],
    }
    rows = [row | {"from": STAY["from"], "to": None, "in_the_name_of": whose} for whose in (None, "registered_then")]
    words = Words("nl")
    (table,) = [one for one in show_data.tables(words, document(recipients=rows)) if one.title == words.text("Who got something")]
    assert table.columns[-1] == "Op naam van een ander"
    assert [one[-1] for one in table.rows] == [show_data.NOTHING, "wie hier toen stond ingeschreven"]


@pytest.mark.parametrize(
    ("language", "battery", "nothing"),
    [
        ("nl", "de batterij moet worden vervangen", "er wordt niets gemeld"),
        ("en", "the battery must be replaced", "nothing is reported"),
    ],
)
def test_bits_of_alarms_are_said_in_words_and_other_numbers_stay(language: str, battery: str, nothing: str) -> None:
    at = STAY["from"]
    seen = [
        {"purpose": "device_care", "at": at, "text": ""} | one
        for one in (
            {"what": "alarms", "value": 2},
            {"what": "errors", "value": 2},
            {"what": "alarms", "value": 0},
            {"what": "clock", "value": 2},
            {"what": "alarms", "value": None},
        )
    ]
    found = document(alarms=[{"at": at, "register": 2, "state": "told"}], care=seen)
    words = Words(language)
    told = {table.title: table for table in show_data.tables(words, found)}
    assert told[words.text("Alarms")].rows[0][1] == battery
    assert [row[3] for row in told[words.text("Seen at care for the meter")].rows] == [
        battery,
        battery,
        nothing,
        "2",
        show_data.NOTHING,
    ]
