"""The plain check of a third party's consent says what the one decision says, in every small case; and each fact counts in it."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from kwartier.grounds.decide import decide
from kwartier.model.ground import Action, Agreement, DataClass, FactRef, Facts, Purpose, Request, Requester, Role, Suspension
from kwartier.model.period import Period, epoch_s
from kwartier.model.permit import Permit
from kwartier.model.register import DAY_MASK, GAS_MASK, INTERVAL_MASK, Product
from kwartier.workflows.replay.naive import Naive
from kwartier.workflows.replay.one import OneKnown, Step, last_of
from kwartier.workflows.replay.places import Location, Whereabouts
from kwartier.workflows.replay.told import History, State, fact_of

DAY0 = datetime(2026, 11, 1, 23, tzinfo=UTC)
APP, OTHER, PERSON, NEIGHBOUR = 5, 6, 1, 2
TOLD = DAY0 - timedelta(days=99)


def day(number: int) -> datetime:
    return DAY0 + timedelta(days=number)


def state(place: int, start: int, end: int | None, **rest: object) -> State:
    return State(place, TOLD, 7, day(start), None if end is None else day(end), rest, None, None)


def permission(
    start: int = 0, end: int | None = 20, data: tuple[int, int | None] = (0, None), mask: int = 2, party: int = APP
) -> State:
    span = {"data_start": epoch_s(day(data[0])), "data_end": None if data[1] is None else epoch_s(day(data[1]))}
    return state(1, start, end, party=party, mask=mask, **span)


FACTS: Mapping[FactRef, State] = {
    ("permission", 1): permission(),
    ("occupancy", 2): state(2, -50, None),
}
GENERAL: Mapping[FactRef, State] = {("agreement", 3): state(3, -90, None, party=APP, role="third_party")}
AGAIN = state(5, 2, None, party=APP, role="third_party")
RENEWED = replace(permission(), rest={**permission().rest, "renews": 0})
REFUSED_BEFORE = state(9, -3, -2, kind="refused")
WHOSE = {1: PERSON, 2: PERSON, 8: NEIGHBOUR}


def asked(mask: int = 2, first: int = 1, last: int = 2) -> Request:
    data_class = DataClass.PROFILE if mask & INTERVAL_MASK else DataClass.REGISTER
    period = Period(day(first), day(last))
    return Request(Requester(Role.THIRD_PARTY, APP), Action.READ, Purpose.THIRD_PARTY_SERVICE, 7, mask, period, data_class)


def both(
    request: Request, facts: Mapping[FactRef, State], general: Mapping[FactRef, State], at: datetime
) -> tuple[bool | None, bool]:
    """Return what the plain check says, and what the decision says."""
    said: dict[FactRef, History] = {ref: [one] for ref, one in facts.items()}
    steps = [
        [Step(one.position, one.at, fact_of(ref, one, WHOSE.get(one.position, 0)) if one.lives else None)]
        for ref, one in facts.items()
    ]
    there = OneKnown(7, Whereabouts([Location(0, TOLD, "area", Product.ELECTRICITY)]), said, (), steps, WHOSE, last_of(steps))
    naive = Naive(_Told(there, {ref: [one] for ref, one in general.items()}))  # type: ignore[arg-type] # it asks no more of it
    own = there.then(at, None)
    agreed = [fact_of(ref, one, 0) for ref, one in general.items()]
    known = Facts(
        7,
        "area",
        occupancies=own.occupancies,
        permissions=own.permissions,
        restrictions=own.restrictions,
        agreements=tuple(one for one in agreed if isinstance(one, Agreement)),
        suspensions=tuple(one for one in agreed if isinstance(one, Suspension)),
    )
    answer = decide(request, known, at=at)
    return naive.allows(request, at, None, at_the_meter=True), isinstance(answer, Permit)


class _Told:
    """What the plain check asks of a `Known`."""

    def __init__(self, there: OneKnown, general: dict[FactRef, History]) -> None:
        self.general = general
        self._there = there

    def one(self, connection: int) -> OneKnown | None:
        return self._there if connection == self._there.connection else None


def test_with_consent_in_order_it_says_yes() -> None:
    assert both(asked(), FACTS, GENERAL, day(3)) == (True, True)


@pytest.mark.parametrize(
    ("facts", "general"),
    [
        ({("permission", 1): permission(start=4)}, {}),
        ({("permission", 1): permission(end=3)}, {}),
        ({("permission", 1): permission(mask=4)}, {}),
        ({("permission", 1): permission(data=(2, None))}, {}),
        ({("permission", 1): permission(data=(0, 1))}, {}),
        ({("permission", 1): permission(party=OTHER)}, {}),
        ({("permission", 1): replace(permission(), at=day(9))}, {}),
        ({("occupancy", 2): state(2, 2, None)}, {}),
        ({("occupancy", 2): state(8, -50, None)}, {}),
        ({("restriction", 9): state(9, 2, None, kind="refused")}, {}),
        ({("restriction", 9): state(9, 1, 2, kind="administratively_off")}, {}),
        ({}, {("agreement", 3): state(3, -90, 2, party=APP, role="third_party")}),
        ({}, {("agreement", 3): state(3, -90, None, party=OTHER, role="third_party")}),
        ({}, {("suspension", 4): state(4, 2, None, party=APP)}),
        ({("occupancy", 2): state(2, -90, 2)}, {}),
        ({("restriction", 9): state(9, 0, 1, kind="refused")}, {}),
        ({}, {("suspension", 4): state(4, 0, 1, party=APP)}),
        ({}, {("agreement", 3): state(3, -90, 1, party=APP, role="third_party"), ("agreement", 5): AGAIN}),
        ({}, {("agreement", 3): state(3, 1, None, party=APP, role="third_party")}),
        ({}, {("agreement", 3): state(3, -90, 0, party=APP, role="third_party"), ("agreement", 5): AGAIN}),
        ({("permission", 0): permission(-9, 0), ("permission", 1): RENEWED, ("restriction", 9): REFUSED_BEFORE}, {}),
        ({("permission", 0): permission(-9, -4), ("permission", 1): RENEWED, ("restriction", 9): REFUSED_BEFORE}, {}),
        ({("permission", 0): permission(-9, -9), ("permission", 1): RENEWED}, {}),
        ({("permission", 1): RENEWED}, {}),
    ],
    ids=[
        *("not yet", "ended", "other channels", "later data", "earlier data", "another party", "told later"),
        *("lived there later", "somebody else lived there", "refused now", "off then"),
        *("agreement ended", "another's agreement", "suspended", "left since", "refused since", "suspended since"),
        *("bound anew", "bound later", "bound anew after its begin", "refused before it was renewed"),
        *("refused after what it renews had run out", "renews what never lived", "renews nothing that is known"),
    ],
)
def test_each_fact_counts(facts: dict[FactRef, State], general: dict[FactRef, State]) -> None:
    assert both(asked(), {**FACTS, **facts}, {**GENERAL, **general}, day(3)) == (False, False)


@pytest.mark.parametrize(
    ("barred", "registers", "quarters"), [((-3, 1), False, True), ((2, 3), False, True), ((-3, 0), True, True)]
)
def test_a_register_on_the_boundary_of_a_meter_that_was_off_is_refused_and_the_quarters_beside_it_are_not(
    barred: tuple[int, int],
    registers: bool,  # noqa: FBT001 - a case
    quarters: bool,  # noqa: FBT001 - a case
) -> None:
    facts = {**FACTS, ("permission", 1): permission(mask=18), ("restriction", 9): state(9, *barred, kind="administratively_off")}
    assert both(asked(16), facts, GENERAL, day(3)) == (registers, registers)
    assert both(asked(2), facts, GENERAL, day(3)) == (quarters, quarters)


days = st.integers(-2, 8)
spans = st.tuples(days, st.one_of(st.none(), days)).filter(lambda span: span[1] is None or span[0] < span[1])
always = st.one_of(st.just((-2, None)), spans)
"""Long enough for anything, half of the time: else hardly any case is a yes, and what bars it decides nothing."""
masks = st.sampled_from([2, 4, 6, 8, 16, 240, 246, 256])


@settings(max_examples=500)
@given(
    live=always, data=always, lived=always, bound=always, mask=st.one_of(st.just(246), masks),
    barred=st.one_of(st.none(), spans), suspended=st.one_of(st.none(), spans), again=st.one_of(st.none(), days),
    renewed=st.sampled_from([None, 0, 1, 2]), wanted=masks, asked_for=st.tuples(days, days).map(sorted), hour=st.integers(-48, 200),
)  # fmt: skip
def test_it_says_what_the_decision_says(  # noqa: PLR0913, PLR0917 - each a fact of the case
    live: tuple[int, int | None], data: tuple[int, int | None], lived: tuple[int, int | None], bound: tuple[int, int | None],
    mask: int, barred: tuple[int, int | None] | None, suspended: tuple[int, int | None] | None, again: int | None,
    renewed: int | None, wanted: int,
    asked_for: list[int], hour: int,
) -> None:  # fmt: skip
    """Written apart, from the leaflet and from the table: over random small cases they never differ."""
    assume(bool(wanted & GAS_MASK) == bool(mask & GAS_MASK))
    assume(wanted & DAY_MASK or asked_for[0] < asked_for[1])
    facts = {("permission", 1): permission(*live, data=data, mask=mask), ("occupancy", 2): state(2, *lived)}
    if renewed is not None:
        facts["permission", 0] = permission(live[0] - 2, live[0] - renewed, mask=mask)
        facts["permission", 1] = replace(facts["permission", 1], rest={**facts["permission", 1].rest, "renews": 0})
    if barred is not None:
        facts["restriction", 9] = state(9, *barred, kind="refused")
    general = {("agreement", 3): state(3, *bound, party=APP, role="third_party")}
    if again is not None and bound[1] is not None and bound[1] <= again:
        general["agreement", 5] = state(5, again, None, party=APP, role="third_party")
    if suspended is not None:
        general["suspension", 4] = state(4, *suspended, party=APP)
    naive, decided = both(asked(wanted, *asked_for), facts, general, DAY0 + timedelta(hours=hour))
    assert naive is decided
