"""What a night asks about a day: each owner of a boundary, each purpose at its moment, nothing twice and nothing for ever."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kwartier.grounds.decide import decide
from kwartier.model.ground import (
    Action,
    Agreement,
    DataClass,
    Facts,
    Occupancy,
    Permission,
    Purpose,
    Request,
    Role,
    Supply,
    UseCase,
)
from kwartier.model.period import HOUR_S, ZONE, Period, day_period, midnight
from kwartier.model.permit import Permit
from kwartier.model.register import ALL_MASK, DAY_MASK, GAS_MASK, INTERVAL_MASK, Product
from kwartier.planning import due

DAY = date(2026, 5, 12)
OPENS, CLOSES = midnight(DAY), midnight(DAY + timedelta(days=1))
NIGHT = CLOSES + timedelta(hours=2)
LONG = Period(midnight(date(2020, 1, 1)))
OLD_HOME, HOME = 99, 100
OLD_SUPPLIER, SUPPLIER, APP = 50, 51, 60
E_DAY, E_INTERVAL = DAY_MASK & ~GAS_MASK, INTERVAL_MASK & ~GAS_MASK
AGREEMENTS = (
    *(Agreement(party, party, Role.SUPPLIER, LONG) for party in (OLD_SUPPLIER, SUPPLIER)),
    Agreement(APP, APP, Role.THIRD_PARTY, LONG),
)
PLAIN = Facts(7, "north", occupancies=(Occupancy(2, HOME, LONG),), agreements=AGREEMENTS)


def hours(count: int) -> timedelta:
    return timedelta(seconds=count * HOUR_S)


def permission(number: int = 31, who: int = HOME, *, data: Period = LONG, live: Period = LONG, mask: int = ALL_MASK) -> Permission:
    return Permission(number, who, APP, mask, "advice", data, live)


def asked(facts: Facts, day: date = DAY, product: Product = Product.ELECTRICITY, at: datetime | None = None) -> list[Request]:
    return due.due(facts, product, day, at=at or midnight(day + timedelta(days=1)) + hours(2))


def told(requests: list[Request]) -> set[tuple[Purpose, int, datetime, datetime | None]]:
    return {(one.purpose, one.requester.id, one.period.start, one.period.end) for one in requests}


def moment(at: datetime) -> tuple[datetime, datetime]:
    return at, at


def test_a_plain_day_asks_the_supplier_s_register_that_closes_it() -> None:
    facts = replace(PLAIN, supplies=(Supply(11, SUPPLIER, LONG),))
    assert told(asked(facts)) == {(Purpose.PERIODIC_READING, SUPPLIER, *moment(CLOSES))}
    assert [one.mask for one in asked(facts)] == [E_DAY]
    assert [one.mask for one in asked(facts, product=Product.GAS)] == [DAY_MASK & GAS_MASK]


def test_the_leaflet_s_edition_asks_six_times_a_year_and_2026_every_day() -> None:
    facts = replace(PLAIN, supplies=(Supply(11, SUPPLIER, Period(midnight(date(2020, 7, 4)))),))
    every = [date(2025, 1, 1) + timedelta(days=n) for n in range(2 * 365)]
    nights = [day for day in every if Purpose.PERIODIC_READING in {one.purpose for one in asked(facts, day)}]
    closing = [day + timedelta(days=1) for day in nights]
    assert closing[:5] == [date(2025, month, 1) for month in (3, 5, 7, 9, 11)]
    assert nights[5:] == every[364:], "the night of New Year's Eve comes after midnight, so the next edition decides it"


def test_the_annual_bill_is_asked_on_the_anniversary_of_the_supply() -> None:
    began = replace(PLAIN, supplies=(Supply(11, SUPPLIER, Period(midnight(date(2024, 5, 13)))),))
    assert (Purpose.ANNUAL_BILL, SUPPLIER, *moment(CLOSES)) in told(asked(began))
    assert Purpose.ANNUAL_BILL not in {one.purpose for one in asked(began, DAY + timedelta(days=1))}


def test_at_a_switch_the_register_closes_for_the_one_and_opens_for_the_other() -> None:
    both = replace(PLAIN, supplies=(Supply(11, OLD_SUPPLIER, Period(LONG.start, CLOSES)), Supply(12, SUPPLIER, Period(CLOSES))))
    expected = {
        (purpose, party, *moment(CLOSES))
        for purpose in (Purpose.PERIODIC_READING, Purpose.SWITCH)
        for party in (OLD_SUPPLIER, SUPPLIER)
    }
    assert told(asked(both)) == expected
    late = {(Purpose.SWITCH, party, *moment(CLOSES)) for party in (OLD_SUPPLIER, SUPPLIER)}
    next_night = told(asked(both, DAY + timedelta(days=1)))
    assert next_night == late | {(Purpose.PERIODIC_READING, SUPPLIER, *moment(CLOSES + hours(24)))}
    assert [one for one in asked(both) if one.purpose is Purpose.SWITCH] == [
        one for one in asked(both, DAY + timedelta(days=1)) if one.purpose is Purpose.SWITCH
    ], "the very same questions: what was served is not read again"


def test_a_supply_that_begins_the_day_after_asks_nothing_yet() -> None:
    facts = replace(PLAIN, supplies=(Supply(12, SUPPLIER, Period(CLOSES + hours(24))),))
    assert asked(facts) == []


def test_a_move_and_a_switch_on_one_day_ask_both_at_the_boundary() -> None:
    facts = replace(
        PLAIN,
        occupancies=(Occupancy(1, OLD_HOME, Period(LONG.start, CLOSES)), Occupancy(2, HOME, Period(CLOSES))),
        supplies=(Supply(11, OLD_SUPPLIER, Period(LONG.start, CLOSES)), Supply(12, SUPPLIER, Period(CLOSES))),
    )
    requests = [one for one in asked(facts) if one.purpose in {Purpose.MOVE, Purpose.SWITCH}]
    assert len(requests) == 4
    about = {}
    for one in requests:
        permit = decide(one, facts, at=NIGHT)
        assert isinstance(permit, Permit)
        about[one.requester.id, one.purpose] = permit.subject
    assert {who for (party, _), who in about.items() if party == OLD_SUPPLIER} == {OLD_HOME}
    assert {who for (party, _), who in about.items() if party == SUPPLIER} == {HOME}


def test_a_permission_asks_its_channels_of_the_day_and_the_register_that_closes_it() -> None:
    facts = replace(PLAIN, permissions=(permission(),))
    assert told(asked(facts)) == {
        (Purpose.THIRD_PARTY_SERVICE, APP, OPENS, CLOSES),
        (Purpose.THIRD_PARTY_SERVICE, APP, *moment(CLOSES)),
    }
    assert {one.mask: one.data_class for one in asked(facts)} == {E_INTERVAL: DataClass.PROFILE, E_DAY: DataClass.REGISTER}
    assert {one.mask for one in asked(facts, product=Product.GAS)} == {INTERVAL_MASK & GAS_MASK, DAY_MASK & GAS_MASK}


def test_data_that_begin_or_end_within_the_day_are_asked_from_there_and_until_there() -> None:
    noon, evening = OPENS + hours(12), OPENS + hours(20)
    facts = replace(PLAIN, permissions=(permission(data=Period(noon, evening)),))
    assert told(asked(facts)) == {(Purpose.THIRD_PARTY_SERVICE, APP, noon, evening)}
    at_the_edge = replace(PLAIN, permissions=(permission(data=Period(OPENS, CLOSES)),))
    assert (Purpose.THIRD_PARTY_SERVICE, APP, *moment(OPENS)) in told(asked(at_the_edge)), "the register that opens the scope"
    assert asked(at_the_edge, DAY + timedelta(days=1)) == []


def test_a_permission_given_since_the_day_began_asks_the_register_that_opened_it() -> None:
    given_at_noon = permission(live=Period(OPENS + hours(12)))
    assert (Purpose.THIRD_PARTY_SERVICE, APP, *moment(OPENS)) in told(asked(replace(PLAIN, permissions=(given_at_noon,))))


@pytest.mark.parametrize("day", [date(2026, 3, 29), date(2026, 10, 25)])
def test_a_day_of_23_or_25_hours_is_asked_from_midnight_to_midnight(day: date) -> None:
    requests = asked(replace(PLAIN, permissions=(permission(mask=E_INTERVAL),)), day)
    assert [one.period for one in requests] == [day_period(day)]


def test_a_gas_day_of_a_move_is_parted_at_the_hour_of_the_move() -> None:
    """Gas changes hands at 06:00: each permission asks its own giver's hours, and that of who left is over."""
    six = OPENS + hours(6)
    facts = replace(
        PLAIN,
        occupancies=(Occupancy(1, OLD_HOME, Period(LONG.start, six)), Occupancy(2, HOME, Period(six))),
        permissions=(permission(30, OLD_HOME), permission(31, HOME, live=Period(six))),
    )
    hourly = [one for one in asked(facts, product=Product.GAS) if one.mask & INTERVAL_MASK]
    assert [(one.period.start, one.period.end) for one in hourly] == [(OPENS, six), (six, CLOSES)]
    answers = [decide(one, facts, at=at) for at in (six - hours(1), NIGHT) for one in hourly]
    assert [one.subject if isinstance(one, Permit) else one.rule for one in answers] == [OLD_HOME, "F9", "F9", HOME]


@pytest.mark.parametrize(
    ("one", "still"),
    [
        (permission(live=Period(LONG.start, OPENS)), False),
        (permission(live=Period(LONG.start, OPENS + hours(1))), True),
        (permission(live=Period(NIGHT + hours(1))), False),
        (permission(who=OLD_HOME), False),
    ],
)
def test_what_is_over_is_not_asked_for_ever(one: Permission, still: bool) -> None:  # noqa: FBT001 - a table of cases
    """One that ended during the day is refused once, with its reason; after that it is history."""
    former = Occupancy(1, OLD_HOME, Period(midnight(date(2019, 1, 1)), LONG.start))
    facts = replace(PLAIN, occupancies=(former, *PLAIN.occupancies), permissions=(one,))
    assert bool(asked(facts)) is still


def test_the_opt_in_is_read_for_the_own_page_and_delivered_to_nobody() -> None:
    own = Permission(32, HOME, None, E_INTERVAL, "own page", LONG, LONG)
    facts = replace(PLAIN, permissions=(own, permission()))
    assert {one.purpose for one in asked(facts)} == {Purpose.OWN_INSIGHT, Purpose.THIRD_PARTY_SERVICE}
    sent = due.deliveries(facts, Product.ELECTRICITY, DAY, at=NIGHT)
    assert {(one.purpose, one.action) for one in sent} == {(Purpose.THIRD_PARTY_SERVICE, Action.DELIVER)}


def case(days: Period, *, area: str = "north", purpose: Purpose = Purpose.ENERGY_LOSS) -> UseCase:
    return UseCase(41, purpose, DataClass.PROFILE, E_INTERVAL, area, days, LONG, 3, 5)


def test_energy_loss_asks_whole_days_of_its_own_area() -> None:
    assert told(asked(replace(PLAIN, use_cases=(case(day_period(DAY)),)))) == {(Purpose.ENERGY_LOSS, 41, OPENS, CLOSES)}
    for other in (
        case(day_period(DAY), area="south"),
        case(day_period(DAY), purpose=Purpose.OUTAGE),
        case(Period(OPENS + hours(1), CLOSES)),
        case(day_period(DAY + timedelta(days=1))),
    ):
        assert asked(replace(PLAIN, use_cases=(other,))) == []
    assert asked(replace(PLAIN, use_cases=(case(LONG),)), product=Product.GAS) == []


@given(
    st.integers(0, 20),
    st.integers(0, 20),
    st.integers(0, 20),
    st.integers(0, 20),
    st.sampled_from([Product.ELECTRICITY, Product.GAS]),
)
def test_night_after_night_everything_in_scope_is_asked_and_nothing_twice(
    lives_from: int, lives_until: int, data_from: int, data_until: int, product: Product
) -> None:
    """Half days over ten nights: the intervals lie end to end over the scope, every midnight register in it is asked once."""

    def half(count: int) -> datetime:
        return midnight(date(2026, 3, 24) + timedelta(days=count // 2)) + hours(12 * (count % 2))

    lives_from, lives_until = sorted((lives_from, lives_until))
    data_from, data_until = sorted((data_from, data_until))
    if lives_from == lives_until or data_from == data_until:
        return
    stay, data = Period(half(lives_from), half(lives_until)), Period(half(data_from), half(data_until))
    facts = Facts(
        7,
        "north",
        occupancies=(Occupancy(1, HOME, stay),),
        agreements=AGREEMENTS,
        permissions=(permission(data=data, live=Period(stay.start)),),
    )
    permits: dict[bytes, Permit] = {}
    for n in range(10):
        for one in asked(facts, date(2026, 3, 24) + timedelta(days=n), product):
            permit = decide(one, facts, at=half(lives_until) - hours(1))
            assert isinstance(permit, Permit), "within the scope there is no refusal while the giver lives there"
            permits[permit.id] = permit
    scope = stay.meet(data)
    intervals = sorted(one.request.period for one in permits.values() if one.request.mask & INTERVAL_MASK)
    moments = sorted(one.request.period.start for one in permits.values() if one.request.mask & DAY_MASK)
    if scope is None or scope.end is None:
        assert (intervals, moments) == ([], [])
        return
    assert [one.start for one in intervals] == ([] if scope.is_moment else [scope.start, *(one.end for one in intervals[:-1])])
    assert scope.is_moment or intervals[-1].end == scope.end
    expected = [midnight(date(2026, 3, 24) + timedelta(days=n)) for n in range(11)]
    assert moments == [one for one in expected if scope.start <= one <= scope.end]


def missed(supply: Period, at: datetime) -> list[tuple[str, Purpose]]:
    return [(one.astimezone(ZONE).date().isoformat(), purpose) for one, purpose in due.missed(supply, at)]


def of(text: str) -> datetime:
    return midnight(date.fromisoformat(text))


PERIODIC, ANNUAL = Purpose.PERIODIC_READING, Purpose.ANNUAL_BILL


@pytest.mark.parametrize(
    ("supply", "at", "found"),
    [
        (Period(of("2025-04-28")), of("2025-05-13"), [("2025-05-01", PERIODIC)]),
        (Period(of("2025-05-01")), of("2025-05-13"), [("2025-05-01", PERIODIC)]),
        (Period(of("2025-04-20"), of("2025-04-30")), of("2025-05-13"), []),
        (Period(of("2025-04-20"), of("2025-05-01")), of("2025-05-13"), [("2025-05-01", PERIODIC)]),
        (Period(of("2025-04-28")), of("2025-05-01") - hours(1), []),
        (Period(of("2025-02-20")), of("2025-05-13"), [("2025-05-01", PERIODIC)]),
        (Period(of("2024-04-20")), of("2025-05-13"), [("2025-04-20", ANNUAL), ("2025-05-01", PERIODIC)]),
        (Period(of("2025-12-28")), of("2026-01-02") + hours(9), [("2026-01-01", PERIODIC), ("2026-01-02", PERIODIC)]),
    ],
    ids=[
        "within",
        "at its begin",
        "it ended before",
        "at its end",
        "not yet",
        "as meters keep",
        "a year",
        "by the edition of its time",
    ],
)
def test_a_supply_told_late_missed_what_nights_asked_for_since_it_began(
    supply: Period, at: datetime, found: list[tuple[str, Purpose]]
) -> None:
    """Two-monthly until 2026, daily from then on."""
    assert missed(supply, at) == found


def test_what_was_missed_is_what_the_nights_would_have_asked_for() -> None:
    began, days = of("2025-10-10"), [date(2025, 10, 8) + timedelta(days=n) for n in range(60)]
    facts = replace(PLAIN, supplies=(Supply(1, SUPPLIER, Period(began, of("2025-11-20"))),))
    regular = {PERIODIC, ANNUAL}
    nights = {(one.period.start, one.purpose) for day in days for one in asked(facts, day) if one.purpose in regular}
    assert set(due.missed(facts.supplies[0].period, of("2025-11-12"))) == {
        (moment, purpose) for moment, purpose in nights if moment <= of("2025-11-12")
    }
