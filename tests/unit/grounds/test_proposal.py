"""A proposed edition says differences and nothing else; what no edition can change, no proposal can."""

import tomllib
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grounds_support import FIRST, World, is_by_hand
from kwartier.grounds import conduct
from kwartier.grounds.decide import judge
from kwartier.grounds.errors import BadProposal
from kwartier.grounds.proposal import proposed
from kwartier.grounds.rule import Schedule
from kwartier.model.ground import USAGE, Action, DataClass, Restriction, RestrictionKind
from kwartier.model.period import Period, midnight
from kwartier.model.register import DAY_MASK

BASE = conduct.edition("2026")
NOW = midnight(date(2026, 6, 1))
GRANTS = [rule.id for rule in BASE.grants]
DOCUMENT = Path(__file__).parents[3] / "docs" / "PROPOSAL.md"
seeds = st.integers(0, 2**32 - 1)
many = settings(max_examples=300)


def test_the_example_of_the_document_is_what_it_says() -> None:
    made = proposed(tomllib.loads(DOCUMENT.read_text("utf-8").split("```toml")[1].split("```")[0]), BASE)
    assert (made.id, made.title_en, made.title_nl) == ("2027", "From 2027", "Vanaf 2027")
    assert {rule.id for rule in BASE.rules} - {rule.id for rule in made.rules} == {"O5"}
    assert made.rule("S1").schedule == Schedule(days=(1,))
    assert (made.rule("S1").mask, made.rule("S1").actions) == (DAY_MASK, (Action.READ, Action.DELIVER))
    assert made.readable_when_off(DataClass.DEVICE_STATE, NOW)
    assert not BASE.readable_when_off(DataClass.DEVICE_STATE, NOW)
    assert made.denials == BASE.denials


@many
@given(seeds)
def test_who_proposes_nothing_changes_no_answer(seed: int) -> None:
    request, facts, at = World(seed).case()
    base = conduct.edition_at(at)
    assert judge(proposed({"id": "same"}, base), request, facts, at) == judge(base, request, facts, at)


@many
@given(seeds)
def test_the_rows_of_another_edition_answer_as_that_does(seed: int) -> None:
    """Also what may be read of a meter that is off, on a day on which that edition is not in force yet."""
    request, facts, _ = World(seed).case()
    other = conduct.edition("2027")
    at = other.in_force.start
    assert judge(proposed({"id": "other"}, BASE, other), request, facts, NOW) == judge(
        proposed({"id": "same"}, replace(other, in_force=BASE.in_force)), request, facts, NOW
    )
    assert judge(proposed({"id": "same"}, other), request, facts, at) == judge(other, request, facts, at)


@many
@given(seeds, st.sets(st.sampled_from(GRANTS), min_size=1))
def test_a_row_that_is_off_grants_nothing_and_nothing_else_changes(seed: int, off: set[str]) -> None:
    request, facts, at = World(seed).case()
    base = conduct.edition_at(at)
    was, would = judge(base, request, facts, at), judge(proposed({"id": "less", "off": sorted(off)}, base), request, facts, at)
    if isinstance(was, str) or was[0].id not in off:
        assert would == was or (isinstance(would, str) and isinstance(was, str))
    else:
        assert would == "F0"


@many
@given(seeds, st.sampled_from(RestrictionKind))
def test_refusal_beats_every_proposal(seed: int, kind: RestrictionKind) -> None:
    request, facts, at = World(seed).case()
    readable = {data_class.value: True for data_class in DataClass if data_class not in USAGE}
    wide = {rule.id: {"kinds": ["interval", "day"]} for rule in BASE.grants if rule.mask}
    generous = proposed({"id": "x", "when_off": readable, "rule": wide}, conduct.edition_at(at))
    restricted = type(facts)(
        facts.connection,
        facts.area,
        facts.occupancies,
        facts.supplies,
        facts.agreements,
        facts.permissions,
        (Restriction(1, kind, Period(midnight(FIRST) - timedelta(days=1))),),
        facts.use_cases,
    )
    found = judge(generous, request, restricted, at)
    if is_by_hand(request):
        return
    if kind is RestrictionKind.REFUSED:
        assert found == "F1"
    elif request.mask or request.data_class in USAGE:
        assert found == "F2"


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ({}, "has an id"),
        ({"id": ""}, "has an id"),
        ({"id": 7}, "has an id"),
        ({"id": "x", "rules": {}}, "no rules"),
        ({"id": "x", "off": "S1"}, "list of words"),
        ({"id": "x", "off": ["F1"]}, "'F1' is no row that grants"),
        ({"id": "x", "off": ["S9"]}, "'S9' is no row that grants"),
        ({"id": "x", "rule": {"F2": {}}}, "'F2' is no row that grants"),
        ({"id": "x", "rule": []}, "is a table"),
        ({"id": "x", "rule": {"S1": {"mask": 3}}}, "no mask"),
        ({"id": "x", "rule": {"S2": {"schedule": {}}}}, "has no schedule"),
        ({"id": "x", "rule": {"S1": {"schedule": {"months": [13]}}}}, "from 1 to 12"),
        ({"id": "x", "rule": {"S1": {"schedule": {"days": [True]}}}}, "from 1 to 31"),
        ({"id": "x", "rule": {"S1": {"schedule": {"weeks": [1]}}}}, "no weeks"),
        ({"id": "x", "rule": {"S1": {"kinds": ["minute"]}}}, "'minute' is none of interval, day"),
        ({"id": "x", "rule": {"S1": {"kinds": []}}}, "switch it off instead"),
        ({"id": "x", "rule": {"O1": {"kinds": ["day"]}}}, "switch it off instead"),
        ({"id": "x", "rule": {"T1": {"actions": ["sell"]}}}, "'sell' is none of"),
        ({"id": "x", "when_off": {"profile": True}}, "without usage"),
        ({"id": "x", "when_off": {"event_log": "yes"}}, "true or false"),
        ({"id": "x", "when_off": {"weather": True}}, "'weather' is none of"),
    ],
)
def test_what_is_no_proposal_says_why(data: dict[str, Any], says: str) -> None:
    with pytest.raises(BadProposal, match=says):
        proposed(data, BASE)
