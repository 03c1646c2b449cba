"""The record of processing says what the tables say, and the page in docs/ is that of the last edition."""

import importlib.util
from pathlib import Path

from kwartier.grounds import conduct, record, rights
from kwartier.grounds.holdings import HOLDINGS
from kwartier.grounds.retention import OF_OTHERS, Kept
from kwartier.grounds.rule import Condition

EDITION = conduct.EDITIONS[-1]
AT = EDITION.in_force.start
ROOT = Path(__file__).resolve().parents[3]


def test_the_page_is_what_the_tables_say() -> None:
    spec = importlib.util.spec_from_file_location("write_processing", ROOT / "scripts" / "write_processing.py")
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    assert (ROOT / "docs" / "PROCESSING.md").read_text("utf-8") == script.written(), "run scripts/write_processing.py"


def test_every_rule_that_grants_about_a_person_is_an_activity_and_no_other() -> None:
    assert [one.rule.id for one in record.activities(EDITION, AT)] == [one.id for one in EDITION.grants if not one.station]


def test_each_says_basis_recipients_term_and_safeguard() -> None:
    for edition in conduct.EDITIONS:
        for one in record.activities(edition, edition.in_force.start):
            assert rights.article(one.rule) in one.basis
            assert all((one.data, one.recipients, one.kept, one.weight)), one.rule.id
    assert set(record.SAFEGUARDS) == set(Condition) - {Condition.NEVER}
    by_hand = next(one for one in record.activities(EDITION, AT) if one.rule.condition is Condition.BY_HAND)
    assert by_hand.kept == "5 years", "what was taken at the meter is kept, though nothing is read for it"


def test_a_dpia_is_needed_where_fine_data_are_used_unasked() -> None:
    needed = {one.rule.id for one in record.activities(EDITION, AT) if one.needs_dpia}
    assert "O4" in needed
    assert not needed & {"C1", "C2", "T1", "S1", "S2", "O1", "O2", "O3", "O6", "O7"}
    before = conduct.edition("2027")
    assert {"O2", "O3", "O4"} <= {one.rule.id for one in record.activities(before, before.in_force.start) if one.needs_dpia}


def test_every_kind_of_data_is_in_it_and_what_is_kept_says_how_long() -> None:
    page = record.as_markdown(EDITION, AT, [("8716", "supplier", "in force")], ["A witness countersigns the log."])
    assert all(f"| {one.id} | {one.en} |" in page for one in HOLDINGS)
    assert "| 8716 | supplier | in force |" in page
    assert "* A witness countersigns the log." in page
    assert "|  |  |" not in page


def test_every_term_that_a_person_is_promised_is_one_that_the_nightly_run_carries_out() -> None:
    assert all(one.rows for one in HOLDINGS), "no kind says a term of its own"
    assert {row for one in HOLDINGS for row in one.rows} == set(Kept) - {Kept.SESSIONS, *OF_OTHERS}


def test_others_than_whose_meters_are_read_are_in_it_with_their_terms() -> None:
    page = record.as_markdown(EDITION, AT)
    assert "| which of the operator's people did what a line of the log says, and why" in page
    assert "| whom to speak to at a party: name, mail address, telephone number | 1 year | " in page
