"""What is held about a person, to read: in the person's own words, never by the names that the registry has for it."""

from typing import Any

import pytest

from kwartier.web.portal import show_data
from kwartier.web.portal.words import Words

STAY = {"metering_point": "871600000000000017", "product": "gas", "from": "2026-03-01T00:00:00+01:00", "to": None}
FACTS = ("occupancy", "coupling", "reading")


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("nl", ["wanneer u er woonde", "welke gasmeter de uwe is", "een stand"]),
        ("en", ["when you lived there", "which gas meter is yours", "a reading"]),
    ],
)
def test_what_was_put_right_is_said_in_words(language: str, told: list[str]) -> None:
    rows = [{"fact": fact, "from": STAY["from"], "to": None, "at": STAY["from"]} for fact in FACTS]
    found: dict[str, Any] = {
        "person": {"code": "ANNA", "name": ""},
        "connections": [STAY | {"corrections": rows}],
        "permissions": [],
        "purposes": [],
        "held": [],
        "left_out": [],
    }
    words = Words(language)
    (table,) = [one for one in show_data.tables(words, found) if one.title == words.text("Corrections")]
    assert [row[0] for row in table.rows] == told
