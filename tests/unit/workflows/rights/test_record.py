"""The record of an installation names its parties as they stand, and its settings."""

from dataclasses import replace

from kwartier.workflows.rights.record import record
from rights_support import AT, Household


def test_parties_are_told_as_they_stand_and_settings_as_they_are(household: Household) -> None:
    codes = dict(household.facts.c.execute("select key, code from kw.party").fetchall())
    household.facts.party()
    page = record(household.house, at=AT)
    assert f"| {codes[household.supplier]} | supplier | agreement in force |" in page
    assert f"| {codes[household.app]} | third party | agreement in force |" in page
    assert page.count("| supplier | no agreement in force: gets nothing |") == 1
    assert "No witness countersigns" in page
    assert "edition 2026" in page
    tapped = replace(household.house, settings=replace(household.house.settings, tap="frames"))
    assert "Every frame" in record(tapped, at=AT)
