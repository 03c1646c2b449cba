"""Each row of the code of conduct: the case it grants, and the nearest cases it does not."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import permutations

import pytest

from kwartier.grounds import conduct
from kwartier.grounds.decide import decide, ref, under
from kwartier.grounds.errors import NoEdition
from kwartier.grounds.rule import WhenOff
from kwartier.model.errors import BadInput
from kwartier.model.ground import (
    Action,
    Agreement,
    DataClass,
    Facts,
    Occupancy,
    Permission,
    Purpose,
    Refusal,
    Request,
    Requester,
    Restriction,
    RestrictionKind,
    Role,
    Supply,
    Suspension,
    UseCase,
)
from kwartier.model.period import Period, day_period, midnight
from kwartier.model.permit import Permit
from kwartier.model.register import DAY_MASK, GAS_MASK, INTERVAL_MASK, Channel, mask_of

E_DAY = DAY_MASK & ~GAS_MASK
E_INTERVAL = INTERVAL_MASK & ~GAS_MASK
DAY = date(2026, 5, 12)
AT = midnight(DAY + timedelta(days=1)) + timedelta(hours=1)
HOME, OLD_HOME = 100, 99
OLD_SUPPLIER, SUPPLIER, APP = 50, 51, 60
SWITCHED, MOVED = date(2025, 9, 15), date(2025, 3, 1)


def since(day: date) -> Period:
    return Period(midnight(day))


def between(first: date, last: date) -> Period:
    return Period(midnight(first), midnight(last))


def moment(day: date) -> Period:
    return Period(midnight(day), midnight(day))


LIVE = between(date(2026, 1, 10), date(2026, 12, 31))
FACTS = Facts(
    connection=7,
    area="north",
    occupancies=(Occupancy(1, OLD_HOME, between(date(2020, 1, 1), MOVED)), Occupancy(2, HOME, since(MOVED))),
    supplies=(Supply(11, OLD_SUPPLIER, between(date(2022, 1, 1), SWITCHED)), Supply(12, SUPPLIER, since(SWITCHED))),
    agreements=(
        Agreement(21, OLD_SUPPLIER, Role.SUPPLIER, since(date(2019, 1, 1))),
        Agreement(22, SUPPLIER, Role.SUPPLIER, since(date(2019, 1, 1))),
        Agreement(23, APP, Role.THIRD_PARTY, since(date(2019, 1, 1))),
    ),
    permissions=(
        Permission(31, HOME, APP, E_INTERVAL | E_DAY, "advice", between(date(2026, 2, 1), date(2026, 7, 1)), LIVE),
        Permission(32, HOME, None, E_INTERVAL, "own page", since(date(2026, 2, 1)), LIVE),
    ),
    use_cases=(
        UseCase(41, Purpose.ENERGY_LOSS, DataClass.PROFILE, E_INTERVAL, "north", between(DAY, date(2026, 5, 20)), LIVE, 3, 5),
        UseCase(42, Purpose.DEVICE_CARE, DataClass.DEVICE_STATE, 0, "north", between(DAY, date(2026, 5, 20)), LIVE, 3, 5),
    ),
)


def ask(
    role: Role,
    who: int,
    purpose: Purpose,
    mask: int,
    period: Period,
    action: Action = Action.READ,
) -> Request:
    data_class = DataClass.PROFILE if mask & INTERVAL_MASK else DataClass.REGISTER
    return Request(Requester(role, who), action, purpose, 7, mask, period, data_class)


PERIODIC = ask(Role.SUPPLIER, SUPPLIER, Purpose.PERIODIC_READING, E_DAY, moment(DAY))
ANNUAL = ask(Role.SUPPLIER, SUPPLIER, Purpose.ANNUAL_BILL, E_DAY, moment(date(2026, 9, 15)))
SWITCH = ask(Role.SUPPLIER, SUPPLIER, Purpose.SWITCH, E_DAY, moment(SWITCHED))
MOVE = ask(Role.SUPPLIER, OLD_SUPPLIER, Purpose.MOVE, E_DAY, moment(MOVED))
THIRD = ask(Role.THIRD_PARTY, APP, Purpose.THIRD_PARTY_SERVICE, E_INTERVAL, day_period(DAY))
INSIGHT = ask(Role.CUSTOMER, HOME, Purpose.OWN_INSIGHT, E_INTERVAL, day_period(DAY))
ACCESS = ask(Role.CUSTOMER, HOME, Purpose.OWN_ACCESS, E_INTERVAL, day_period(DAY), Action.VIEW)
LOSS = ask(Role.OPERATOR, 41, Purpose.ENERGY_LOSS, E_INTERVAL, day_period(DAY))
CARE = Request(Requester(Role.OPERATOR, 42), Action.READ, Purpose.DEVICE_CARE, 7, 0, day_period(DAY), DataClass.DEVICE_STATE)
GRANTED = {
    "S1": PERIODIC,
    "S2": ANNUAL,
    "S3": MOVE,
    "S4": SWITCH,
    "T1": THIRD,
    "C2": INSIGHT,
    "C1": ACCESS,
    "O4": LOSS,
    "O1": CARE,
}


def yes(request: Request, facts: Facts = FACTS, at: datetime = AT) -> Permit:
    answer = decide(request, facts, at=at)
    assert isinstance(answer, Permit), answer
    return answer


def no(request: Request, facts: Facts = FACTS, at: datetime = AT) -> str:
    answer = decide(request, facts, at=at)
    assert isinstance(answer, Refusal), answer
    return answer.rule


@pytest.mark.parametrize("purpose", [Purpose.OUTAGE, Purpose.DANGER])
def test_from_2028_on_grid_care_is_without_usage_and_what_was_decided_before_is_decided_so_again(purpose: Purpose) -> None:
    turn = midnight(date(2028, 1, 1))
    ever = Period(midnight(DAY), midnight(date(2030, 1, 1)))

    def of(data_class: DataClass, mask: int, at: datetime) -> Permit | Refusal:
        case = UseCase(43, purpose, data_class, mask, "north", ever, ever, 366, 5)
        asked = Request(Requester(Role.OPERATOR, 43), Action.READ, purpose, 7, mask, day_period(date(2027, 12, 30)), data_class)
        return decide(asked, replace(FACTS, use_cases=(case,)), at=at)

    second = timedelta(seconds=1)
    for data_class, mask in ((DataClass.PROFILE, E_INTERVAL), (DataClass.REGISTER, E_DAY), (DataClass.LOAD, E_INTERVAL)):
        assert isinstance(of(data_class, mask, turn - second), Permit)
        assert of(data_class, mask, turn).rule == "F6"
    for data_class in (DataClass.EVENT_LOG, DataClass.POWER_QUALITY, DataClass.DEVICE_STATE):
        assert {isinstance(of(data_class, 0, at), Permit) for at in (turn - second, turn)} == {True}


@pytest.mark.parametrize("rule", GRANTED)
def test_each_row_grants_its_case(rule: str) -> None:
    permit = yes(GRANTED[rule])
    row = conduct.edition("2026").rule(rule)
    assert (permit.rule, permit.rule_no, permit.edition) == (rule, row.no, "2026")
    assert (permit.sentence, permit.article, permit.nl, permit.en) == (row.sentence, row.article, row.nl, row.en)
    assert ("connection", 7) in permit.facts
    assert permit.request == GRANTED[rule]
    assert permit.at == AT
    assert len(permit.id) == 16


@pytest.mark.parametrize("purpose", [Purpose.OUTAGE, Purpose.DANGER])
def test_grid_care_keeps_what_is_no_usage_and_only_adds_usage_up(purpose: Purpose) -> None:
    def of(data_class: DataClass, mask: int) -> Permit:
        case = UseCase(43, purpose, data_class, mask, "north", between(DAY, date(2026, 5, 20)), LIVE, 3, 5)
        asked = Request(Requester(Role.OPERATOR, 43), Action.READ, purpose, 7, mask, day_period(DAY), data_class)
        return yes(asked, replace(FACTS, use_cases=(case,)))

    assert of(DataClass.EVENT_LOG, 0).keeps is True
    assert of(DataClass.POWER_QUALITY, 0).keeps is True
    assert of(DataClass.PROFILE, E_INTERVAL).keeps is False
    assert of(DataClass.REGISTER, E_DAY).keeps is False


@pytest.mark.parametrize("rule", GRANTED)
def test_without_facts_there_is_no_ground(rule: str) -> None:
    assert no(GRANTED[rule], Facts(7, "north")).startswith("F")


@pytest.mark.parametrize("rule", GRANTED)
@pytest.mark.parametrize("kind", RestrictionKind)
def test_a_restriction_beats_every_ground(rule: str, kind: RestrictionKind) -> None:
    request = GRANTED[rule]
    over_it = Restriction(1, kind, Period(request.period.start - timedelta(days=1)))
    expected = "F1" if kind is RestrictionKind.REFUSED else "F2"
    assert no(request, replace(FACTS, restrictions=(over_it,))) == expected


def test_while_restricted_nothing_is_read_even_about_before() -> None:
    now = Restriction(1, RestrictionKind.ADMINISTRATIVELY_OFF, Period(AT - timedelta(minutes=1)))
    restricted = replace(FACTS, restrictions=(now,))
    assert no(THIRD, restricted) == "F2"
    assert yes(replace(THIRD, action=Action.DELIVER), restricted).rule == "T1"
    assert yes(ACCESS, restricted).rule == "C1"


def test_after_a_restriction_its_time_stays_closed() -> None:
    past = Restriction(1, RestrictionKind.ADMINISTRATIVELY_OFF, between(date(2026, 4, 1), DAY))
    restricted = replace(FACTS, restrictions=(past,))
    inside = replace(THIRD, period=day_period(date(2026, 4, 30)))
    assert no(inside, restricted) == "F2"
    assert no(replace(inside, action=Action.DELIVER), restricted) == "F2"
    assert yes(THIRD, restricted).rule == "T1"


@pytest.mark.parametrize("edge", [date(2026, 4, 1), DAY])
def test_a_register_on_the_boundary_of_a_restriction_counts_as_inside(edge: date) -> None:
    past = Restriction(1, RestrictionKind.ADMINISTRATIVELY_OFF, between(date(2026, 4, 1), DAY))
    restricted = replace(FACTS, restrictions=(past,))
    assert no(replace(PERIODIC, period=moment(edge)), restricted) == "F2"
    assert yes(replace(PERIODIC, period=moment(date(2026, 3, 31))), restricted).rule == "S1"


def test_a_row_may_open_device_data_of_a_meter_that_is_off_but_never_usage() -> None:
    edition = conduct.edition("2026")
    opened = replace(
        edition,
        when_off=tuple(
            WhenOff(c, readable=True, in_force=since(date(2026, 1, 1)), source="test", certainty=conduct.Certainty.CITED)
            for c in DataClass
        ),
    )
    off = replace(FACTS, restrictions=(Restriction(1, RestrictionKind.ADMINISTRATIVELY_OFF, since(DAY)),))
    refused = replace(FACTS, restrictions=(Restriction(1, RestrictionKind.REFUSED, since(DAY)),))
    assert isinstance(under(opened, CARE, off, at=AT), Permit)
    assert isinstance(under(opened, CARE, refused, at=AT), Refusal)
    assert isinstance(under(edition, CARE, off, at=AT), Refusal)
    over = replace(opened, when_off=tuple(replace(row, in_force=between(date(2020, 1, 1), DAY)) for row in opened.when_off))
    assert isinstance(under(over, CARE, off, at=AT), Refusal), "a row that is no longer in force opens nothing"
    for usage in (PERIODIC, THIRD, LOSS, INSIGHT):
        assert isinstance(under(opened, usage, off, at=AT), Refusal)
    hidden = replace(LOSS, data_class=DataClass.DEVICE_STATE)
    assert isinstance(under(opened, hidden, off, at=AT), Refusal)


@pytest.mark.parametrize(
    ("request_", "why"),
    [
        (replace(PERIODIC, mask=E_INTERVAL, data_class=DataClass.PROFILE), "F6"),
        (replace(PERIODIC, mask=E_DAY | E_INTERVAL), "F6"),
        (replace(PERIODIC, mask=DAY_MASK), "F6"),
        (replace(PERIODIC, mask=0), "F6"),
        (replace(PERIODIC, data_class=DataClass.EVENT_LOG), "F6"),
        (replace(CARE, mask=E_DAY), "F6"),
        (replace(CARE, data_class=DataClass.REGISTER), "F6"),
        (replace(LOSS, mask=E_DAY), "F6"),
        (replace(PERIODIC, action=Action.VIEW), "F0"),
        (replace(INSIGHT, action=Action.DELIVER), "F0"),
        (replace(ACCESS, action=Action.READ), "F0"),
        (replace(LOSS, action=Action.VIEW), "F12"),
        (replace(LOSS, action=Action.DELIVER), "F12"),
        (replace(PERIODIC, purpose=Purpose.THIRD_PARTY_SERVICE), "F0"),
        (replace(THIRD, purpose=Purpose.PERIODIC_READING), "F0"),
        (replace(THIRD, connection=8), "F0"),
        (replace(THIRD, period=since(DAY)), "F0"),
    ],
)
def test_what_no_row_gives(request_: Request, why: str) -> None:
    assert no(request_) == why


def test_a_supplier_needs_an_agreement_now() -> None:
    ended = Agreement(22, SUPPLIER, Role.SUPPLIER, Period(midnight(date(2019, 1, 1)), AT))
    assert no(PERIODIC, replace(FACTS, agreements=(ended,))) == "F3"
    other_role = Agreement(22, SUPPLIER, Role.THIRD_PARTY, since(date(2019, 1, 1)))
    assert no(PERIODIC, replace(FACTS, agreements=(other_role,))) == "F3"


def test_a_suspended_party_gets_nothing_until_it_is_reinstated() -> None:
    began, ended = AT - timedelta(hours=1), AT + timedelta(hours=1)
    for ask, party in ((PERIODIC, SUPPLIER), (THIRD, APP)):
        apart = replace(FACTS, suspensions=(Suspension(81, party, Period(began, ended)),))
        assert no(ask, apart) == "F13"
        assert isinstance(decide(ask, apart, at=began - timedelta(seconds=1)), Permit)
        if party == SUPPLIER:
            assert decide(ask, apart, at=ended) == decide(ask, FACTS, at=ended), "a suspension that is over leaves no trace"
        else:
            assert no(ask, apart, at=ended) == "F7", "what customers had permitted ended with it"
        assert no(ask, replace(apart, agreements=())) == "F3", "without an agreement there is nothing to suspend"


def test_a_supplier_sees_its_own_period_only_and_a_boundary_has_two() -> None:
    for supplier, own in ((OLD_SUPPLIER, True), (SUPPLIER, True), (APP, False)):
        request = replace(PERIODIC, requester=Requester(Role.SUPPLIER, supplier), period=moment(SWITCHED))
        assert isinstance(decide(request, FACTS, at=AT), Permit) is own
    before = replace(PERIODIC, period=moment(SWITCHED - timedelta(days=1)))
    assert no(before) == "F4"
    assert no(replace(PERIODIC, period=between(SWITCHED - timedelta(days=1), SWITCHED + timedelta(days=1)))) == "F4"


def test_periodic_readings_follow_the_schedule_of_the_edition() -> None:
    leaflet = midnight(date(2025, 11, 1)) + timedelta(hours=1)
    assert yes(replace(PERIODIC, period=moment(date(2025, 11, 1))), at=leaflet).edition == "leaflet"
    assert no(replace(PERIODIC, period=moment(date(2025, 11, 2))), at=leaflet) == "F5"
    assert no(replace(PERIODIC, period=between(date(2025, 11, 1), date(2025, 11, 2))), at=leaflet) == "F5"
    assert yes(replace(PERIODIC, period=between(date(2026, 5, 1), date(2026, 6, 1)))).edition == "2026"
    noon = midnight(DAY) + timedelta(hours=12)
    assert no(replace(PERIODIC, period=Period(noon, noon))) == "F5"
    assert no(replace(PERIODIC, period=Period(midnight(DAY), noon))) == "F5"


def test_an_annual_bill_closes_a_year_of_supply() -> None:
    assert yes(ANNUAL).rule == "S2"
    assert no(replace(ANNUAL, period=moment(SWITCHED))) == "F5"
    assert no(replace(ANNUAL, period=moment(date(2026, 9, 16)))) == "F5"
    assert no(replace(ANNUAL, period=between(SWITCHED, date(2026, 9, 15)))) == "F5"


def test_a_supply_of_leap_day_has_its_anniversary_on_the_first_of_march() -> None:
    leap = replace(FACTS, supplies=(Supply(12, SUPPLIER, since(date(2024, 2, 29))),))
    assert yes(replace(ANNUAL, period=moment(date(2025, 3, 1))), leap).rule == "S2"
    assert no(replace(ANNUAL, period=moment(date(2025, 2, 28))), leap) == "F5"
    assert yes(replace(ANNUAL, period=moment(date(2028, 2, 29))), leap).rule == "S2"
    assert no(replace(ANNUAL, period=moment(date(2028, 3, 1))), leap) == "F5"


def test_a_switch_reading_goes_to_old_and_new_at_that_moment_only() -> None:
    old = replace(SWITCH, requester=Requester(Role.SUPPLIER, OLD_SUPPLIER))
    assert {yes(SWITCH).facts[1], yes(old).facts[1]} == {("supply", 11), ("supply", 12)}
    assert no(replace(SWITCH, period=moment(SWITCHED + timedelta(days=1)))) == "F5"
    assert no(replace(SWITCH, requester=Requester(Role.SUPPLIER, APP))) == "F3"
    assert no(replace(SWITCH, period=between(SWITCHED, SWITCHED + timedelta(days=1)))) == "F5"


def test_a_move_reading_is_about_who_leaves_and_rests_on_both() -> None:
    permit = yes(MOVE)
    assert permit.subject == OLD_HOME
    assert {("occupancy", 1), ("occupancy", 2)} <= set(permit.facts)
    assert no(replace(MOVE, period=moment(MOVED + timedelta(days=1)))) == "F5"
    assert no(replace(MOVE, requester=Requester(Role.SUPPLIER, SUPPLIER))) == "F4"


def test_a_supply_that_begins_at_a_move_is_about_who_comes() -> None:
    both = replace(FACTS, supplies=(Supply(11, OLD_SUPPLIER, between(date(2022, 1, 1), MOVED)), Supply(12, SUPPLIER, since(MOVED))))
    assert yes(replace(MOVE, requester=Requester(Role.SUPPLIER, SUPPLIER)), both).subject == HOME
    assert yes(MOVE, both).subject == OLD_HOME


def test_a_vacant_home_has_a_supply_and_no_subject() -> None:
    assert yes(PERIODIC, replace(FACTS, occupancies=())).subject is None


def test_a_permission_is_live_from_its_grant_until_its_end() -> None:
    assert LIVE.end is not None
    assert yes(THIRD, at=LIVE.start).rule == "T1"
    assert no(THIRD, at=LIVE.start - timedelta(seconds=1)) == "F7"
    assert yes(THIRD, at=LIVE.end - timedelta(seconds=1)).rule == "T1"
    assert no(THIRD, at=LIVE.end) == "F7"


@pytest.mark.parametrize(
    ("request_", "why"),
    [
        (replace(THIRD, requester=Requester(Role.THIRD_PARTY, 61)), "F3"),
        (replace(THIRD, mask=mask_of([Channel.GAS])), "F8"),
        (replace(THIRD, period=day_period(date(2026, 1, 31))), "F8"),
        (replace(THIRD, period=day_period(date(2026, 7, 1))), "F8"),
        (replace(INSIGHT, mask=E_DAY, data_class=DataClass.REGISTER), "F8"),
        (replace(INSIGHT, requester=Requester(Role.CUSTOMER, OLD_HOME)), "F7"),
        (replace(ACCESS, requester=Requester(Role.CUSTOMER, OLD_HOME)), "F9"),
        (replace(ACCESS, period=day_period(MOVED - timedelta(days=1))), "F9"),
    ],
)
def test_beyond_the_permission_or_the_own_time(request_: Request, why: str) -> None:
    assert no(request_) == why


def test_a_party_without_agreement_gets_nothing_by_a_permission() -> None:
    assert no(THIRD, replace(FACTS, agreements=FACTS.agreements[:2])) == "F3"
    suspended = Agreement(23, APP, Role.THIRD_PARTY, between(date(2019, 1, 1), DAY))
    assert no(THIRD, replace(FACTS, agreements=(suspended,))) == "F3"


def test_a_permission_reaches_no_further_than_its_givers_occupancy() -> None:
    wide = Permission(31, HOME, APP, E_INTERVAL, "advice", since(date(2020, 1, 1)), LIVE)
    gone = (Occupancy(2, HOME, between(MOVED, DAY)), Occupancy(3, 101, since(DAY)))
    assert no(replace(THIRD, period=day_period(MOVED - timedelta(days=1))), replace(FACTS, permissions=(wide,))) == "F9"
    assert no(THIRD, replace(FACTS, permissions=(wide,), occupancies=gone)) == "F7", "it ended with the move"
    assert yes(replace(THIRD, period=day_period(MOVED)), replace(FACTS, permissions=(wide,))).subject == HOME


def test_the_permission_that_fits_is_named_when_there_are_more() -> None:
    narrow = Permission(30, HOME, APP, mask_of([Channel.EXPORT]), "solar", since(date(2026, 2, 1)), LIVE)
    assert ("permission", 31) in yes(THIRD, replace(FACTS, permissions=(narrow, *FACTS.permissions))).facts


def test_of_several_permissions_the_no_is_told_that_came_nearest() -> None:
    over = Permission(30, HOME, APP, E_INTERVAL, "over", since(date(2020, 1, 1)), between(date(2026, 1, 10), date(2026, 2, 1)))
    narrow = Permission(33, HOME, APP, mask_of([Channel.EXPORT]), "solar", since(date(2020, 1, 1)), LIVE)
    noon = THIRD.period.start + timedelta(hours=12)
    came = Permission(34, OLD_HOME, APP, E_INTERVAL, "came at noon", since(date(2020, 1, 1)), Period(noon))
    facts = replace(FACTS, occupancies=(*FACTS.occupancies, Occupancy(4, OLD_HOME, Period(noon))))
    for given, why in (((over,), "F7"), ((over, narrow), "F8"), ((over, narrow, came), "F9")):
        assert {no(THIRD, replace(facts, permissions=those)) for those in permutations(given)} == {why}


def bound_apart(ended: datetime, again: datetime) -> tuple[Agreement, ...]:
    """Return the agreements with that of the app in two: until a moment, and from a moment on."""
    others = tuple(one for one in FACTS.agreements if one.party != APP)
    first = Agreement(23, APP, Role.THIRD_PARTY, Period(midnight(date(2019, 1, 1)), ended))
    return (*others, first, Agreement(24, APP, Role.THIRD_PARTY, Period(again)))


def test_what_ended_by_itself_is_over_before_anybody_has_written_it_down() -> None:
    """Also about time from before, and for good: a second stay or a meter that is accepted again gives nothing back."""
    hour = timedelta(hours=1)
    began, ended = AT - 3 * hour, AT - hour
    stays = (FACTS.occupancies[0], Occupancy(2, HOME, Period(midnight(MOVED), began)))
    for over in (
        replace(FACTS, occupancies=stays),
        replace(FACTS, occupancies=(*stays, Occupancy(3, HOME, Period(ended)))),
        replace(FACTS, restrictions=(Restriction(51, RestrictionKind.REFUSED, Period(began, ended)),)),
        replace(FACTS, suspensions=(Suspension(81, APP, Period(began, ended)),)),
        replace(FACTS, agreements=bound_apart(began, ended)),
    ):
        earlier = replace(THIRD, period=day_period(DAY - timedelta(days=3)))
        for ask in (earlier, replace(earlier, action=Action.DELIVER)):
            assert isinstance(decide(ask, over, at=began - hour), Permit)
            assert no(ask, over) == "F7"


def test_what_does_not_end_a_permission() -> None:
    hour = timedelta(hours=1)
    one_after_another = (Occupancy(2, HOME, Period(midnight(MOVED), AT - hour)), Occupancy(3, HOME, Period(AT - hour)))
    for lasting in (
        replace(FACTS, occupancies=one_after_another),
        replace(FACTS, restrictions=(Restriction(51, RestrictionKind.REFUSED, Period(midnight(MOVED), LIVE.start)),)),
        replace(
            FACTS, restrictions=(Restriction(51, RestrictionKind.ADMINISTRATIVELY_OFF, Period(LIVE.start, LIVE.start + hour)),)
        ),
        replace(FACTS, suspensions=(Suspension(81, SUPPLIER, Period(AT - 2 * hour, AT - hour)),)),
        replace(FACTS, suspensions=(Suspension(81, APP, Period(AT + hour)),)),
        replace(FACTS, agreements=bound_apart(AT - hour, AT - hour)),
        replace(FACTS, agreements=bound_apart(midnight(MOVED), LIVE.start)),
        replace(FACTS, agreements=bound_apart(LIVE.start + hour, LIVE.start + hour)[::-1]),
    ):
        assert yes(THIRD, lasting).subject == HOME


def bound_from(moment_: datetime, role: Role = Role.THIRD_PARTY) -> Agreement:
    return Agreement(25, APP, role, Period(moment_))


def test_a_permission_counts_only_if_its_party_was_bound_from_its_first_moment_on() -> None:
    """An agreement less never gives more: one that ended long ago is no worse than none."""
    second, gap = timedelta(seconds=1), bound_apart(LIVE.start + timedelta(days=9), AT - timedelta(days=9))
    over_before = Agreement(23, APP, Role.THIRD_PARTY, Period(midnight(date(2019, 1, 1)), LIVE.start))
    others = tuple(one for one in FACTS.agreements if one.party != APP)
    for agreements in (
        gap,
        gap[:-2] + gap[-1:],
        (*others, over_before, bound_from(AT - second)),
        (*others, bound_from(LIVE.start + second)),
        (*others, over_before, bound_from(LIVE.start + second)),
        (*others, bound_from(LIVE.start, Role.SUPPLIER), bound_from(AT - second)),
    ):
        assert no(THIRD, replace(FACTS, agreements=agreements)) == "F7"
    assert yes(THIRD, replace(FACTS, agreements=(*others, over_before, bound_from(LIVE.start)))).subject == HOME
    assert yes(INSIGHT, replace(FACTS, agreements=())).subject == HOME, "who asks for the own page binds nobody"


def renewed(first: Permission | None, begins: datetime = AT - timedelta(days=9)) -> Facts:
    """Return a world in which what the app has goes on from this permission; None: from one that never lived."""
    then = Permission(35, HOME, APP, E_INTERVAL, "advice", since(date(2020, 1, 1)), Period(begins), renews=34)
    return replace(FACTS, permissions=(then,) if first is None else (first, then))


def test_a_renewal_goes_on_from_what_it_renews_and_from_nothing_else() -> None:
    """Whatever of that is not there, or not any more, gives no more."""
    begins, day_ = AT - timedelta(days=9), timedelta(days=1)
    first = Permission(34, HOME, APP, E_INTERVAL, "advice", since(date(2020, 1, 1)), Period(LIVE.start, begins))
    cut_short = replace(first, live=Period(LIVE.start, begins - 5 * day_))
    asked = replace(THIRD, action=Action.DELIVER)
    for before in (first, cut_short):
        good = renewed(before)
        assert ("permission", 35) in yes(asked, good).facts
        for fell in (
            replace(good, agreements=bound_apart(begins - 3 * day_, begins - 2 * day_)),
            replace(good, agreements=bound_apart(begins, begins + day_)),
            replace(good, agreements=(bound_from(LIVE.start + day_),)),
            replace(good, suspensions=(Suspension(81, APP, Period(begins - 3 * day_, begins - 2 * day_)),)),
            replace(good, restrictions=(Restriction(51, RestrictionKind.REFUSED, Period(begins - 3 * day_, begins - 2 * day_)),)),
        ):
            assert no(asked, fell) == "F7"
    assert no(asked, renewed(None)) == "F7", "it was over as it began"


def test_a_former_occupant_keeps_the_own_period_and_a_new_one_sees_nothing_from_before() -> None:
    own = replace(ACCESS, requester=Requester(Role.CUSTOMER, OLD_HOME), period=day_period(MOVED - timedelta(days=1)))
    assert yes(own).subject == OLD_HOME
    assert no(replace(own, period=day_period(MOVED))) == "F9"
    assert yes(replace(own, mask=E_DAY, data_class=DataClass.REGISTER, period=moment(MOVED))).subject == OLD_HOME


@pytest.mark.parametrize(
    ("facts", "at", "why"),
    [
        (replace(FACTS, area="south"), AT, "F10"),
        (FACTS, LIVE.start - timedelta(seconds=1), "F10"),
        (FACTS, midnight(date(2026, 12, 31)), "F10"),
        (replace(FACTS, use_cases=FACTS.use_cases[1:]), AT, "F10"),
        (replace(FACTS, used_days={41: frozenset({"2026-01-01", "2026-01-02", "2026-01-03"})}), AT, "F11"),
        (replace(FACTS, lost_days={41: frozenset({"2026-01-01", "2026-01-02", "2026-01-03"})}), AT, "F11"),
        (
            replace(FACTS, used_days={41: frozenset({"2026-01-01"})}, lost_days={41: frozenset({"2026-01-02", "2026-01-03"})}),
            AT,
            "F11",
        ),
    ],
)
def test_a_use_case_must_be_registered_approved_here_and_not_used_up(facts: Facts, at: datetime, why: str) -> None:
    assert no(LOSS, facts, at) == why


def test_a_use_case_names_its_days_its_purpose_and_its_data() -> None:
    assert no(replace(LOSS, period=day_period(DAY - timedelta(days=1)))) == "F10"
    assert no(replace(LOSS, requester=Requester(Role.OPERATOR, 42))) == "F10"
    assert no(replace(LOSS, purpose=Purpose.OUTAGE)) == "F10"
    imports = replace(FACTS, use_cases=(replace(FACTS.use_cases[0], mask=mask_of([Channel.IMPORT])),))
    assert no(LOSS, imports) == "F10"


def test_a_day_that_was_used_already_is_not_counted_twice() -> None:
    used = {41: frozenset({"2026-01-01", "2026-01-02", DAY.isoformat()})}
    assert yes(LOSS, replace(FACTS, used_days=used)).rule == "O4"
    assert yes(LOSS, replace(FACTS, lost_days=used)).rule == "O4", "nor one that was lost: it may be read again"
    assert yes(LOSS, replace(FACTS, used_days=used, lost_days=used)).rule == "O4"


def test_a_use_case_under_another_name_gives_no_second_limit() -> None:
    """One is used up and ended; what is approved after it for the same purpose and data goes on counting, and nothing else does."""
    first = FACTS.use_cases[0]
    spent = {41: frozenset(f"2026-01-{n:02}" for n in range(1, first.yearly_limit + 1))}
    asked = replace(LOSS, requester=Requester(Role.OPERATOR, 42))
    anew = replace(
        FACTS, use_cases=(replace(first, approved=Period(first.approved.start, AT)), replace(first, id=42)), used_days=spent
    )
    assert no(asked, anew) == "F11"
    wider = replace(anew, use_cases=(anew.use_cases[0], replace(first, id=42, yearly_limit=first.yearly_limit + 1)))
    assert yes(asked, wider).rule == "O4", "who needs more days a year says so, and somebody else approves it"
    for other in (Purpose.OUTAGE, Purpose.ALLOCATION):
        beside = replace(anew, use_cases=(replace(first, purpose=other), anew.use_cases[1]))
        assert yes(asked, beside).rule == "O4", "days for something else"


EVE, NEW_YEAR = date(2026, 12, 31), date(2027, 1, 1)


@pytest.mark.parametrize(
    ("used", "why"),
    [
        ((), None),
        (("2026-03-01", "2026-03-02"), None),
        (("2026-03-01", "2026-03-02", "2026-03-03"), "F11"),
        (("2027-03-01", "2027-03-02"), None),
        (("2027-03-01", "2027-03-02", "2027-03-03"), "F11"),
        (("2026-03-01", "2026-03-02", "2027-03-01", "2027-03-02"), None),
        (("2026-03-01", "2026-03-02", EVE.isoformat(), "2027-03-01", "2027-03-02", NEW_YEAR.isoformat()), None),
        (("2026-03-01", "2026-03-02", "2026-03-03", NEW_YEAR.isoformat()), "F11"),
    ],
)
def test_each_year_has_its_limit_also_where_a_question_is_about_two(used: tuple[str, ...], why: str | None) -> None:
    """A limit of three days: the eve counts in the one year, New Year's Day in the other."""
    case = replace(FACTS.use_cases[0], yearly_limit=3, days=Period(midnight(DAY), midnight(date(2028, 1, 1))))
    facts = replace(FACTS, use_cases=(case,), used_days={41: frozenset(used)})
    asked = replace(LOSS, period=Period(midnight(EVE), midnight(date(2027, 1, 2))))
    if why is None:
        assert yes(asked, facts).rule == "O4"
    else:
        assert no(asked, facts) == why


def test_energy_loss_keeps_nothing_and_names_its_group() -> None:
    permit = yes(LOSS)
    assert (permit.keeps, permit.min_group, permit.subject) == (False, 5, HOME)
    assert ref(permit).keeps is False


def test_a_station_meter_is_about_no_person_but_needs_its_use_case() -> None:
    station = Facts(0, "north", use_cases=FACTS.use_cases)
    permit = yes(replace(LOSS, connection=0), station)
    assert (permit.rule, permit.subject, permit.facts) == ("O5", None, (("connection", 0), ("use_case", 41)))
    assert no(replace(LOSS, connection=0), replace(station, use_cases=())) == "F10"
    assert no(replace(PERIODIC, connection=0), station) == "F0"


def test_an_id_is_of_the_ground_and_not_of_the_night() -> None:
    assert yes(THIRD).id == yes(THIRD, at=AT + timedelta(days=3)).id
    others = [
        yes(replace(THIRD, action=Action.DELIVER)),
        yes(replace(THIRD, period=day_period(DAY + timedelta(days=1)))),
        yes(replace(THIRD, mask=mask_of([Channel.IMPORT]))),
        yes(replace(THIRD, data_class=DataClass.LOAD)),
        yes(THIRD, replace(FACTS, permissions=(replace(FACTS.permissions[0], id=33),))),
    ]
    assert len({yes(THIRD).id, *(permit.id for permit in others)}) == 6


def test_a_ref_bounds_the_rows_of_its_permit() -> None:
    permit = yes(THIRD)
    name = ref(permit)
    assert (name.id, name.rule_no, name.mask, name.facts) == (permit.id, 7, E_INTERVAL, permit.facts)
    assert name.last_s - name.first_s == 86_400
    assert datetime.fromtimestamp(name.first_s, UTC) == midnight(DAY)
    once = ref(yes(PERIODIC))
    assert once.first_s == once.last_s


def test_a_moment_without_zone_or_before_the_code_of_conduct_is_no_question() -> None:
    with pytest.raises(BadInput):
        decide(THIRD, FACTS, at=datetime(2026, 5, 13))  # noqa: DTZ001 - the naive moment is what is tested
    with pytest.raises(NoEdition):
        decide(THIRD, FACTS, at=datetime(1999, 1, 1, tzinfo=UTC))


OFF = Restriction(71, RestrictionKind.ADMINISTRATIVELY_OFF, since(date(2026, 4, 1)))
SWITCH_IT = Request(
    Requester(Role.OPERATOR, 0),
    Action.WRITE,
    Purpose.ADMINISTRATIVE_STATUS,
    7,
    0,
    Period(AT, AT),
    DataClass.ADMINISTRATIVE_STATUS,
)


def test_a_meter_is_switched_as_the_customer_chose_and_looked_at_while_off() -> None:
    off = replace(FACTS, restrictions=(OFF,))
    for action in (Action.WRITE, Action.READ):
        permit = yes(replace(SWITCH_IT, action=action), off)
        assert (permit.rule, permit.subject) == ("O7", HOME)
        assert ("restriction", 71) in permit.facts
    on_again = replace(FACTS, restrictions=(replace(OFF, period=between(date(2026, 4, 1), date(2026, 5, 1))),))
    assert yes(SWITCH_IT, on_again).rule == "O7"


def test_a_meter_that_nobody_had_switched_off_is_never_switched() -> None:
    assert no(SWITCH_IT) == "F7"
    later = replace(FACTS, restrictions=(replace(OFF, period=since(date(2026, 8, 1))),))
    assert no(SWITCH_IT, later) == "F7"
    assert no(replace(SWITCH_IT, requester=Requester(Role.OPERATOR, 42)), replace(FACTS, restrictions=(OFF,))) == "F0"
    assert no(replace(SWITCH_IT, period=day_period(DAY)), replace(FACTS, restrictions=(OFF,))) == "F5"


def test_a_refused_meter_is_not_switched_either() -> None:
    refused = Restriction(72, RestrictionKind.REFUSED, since(date(2026, 4, 2)))
    assert no(SWITCH_IT, replace(FACTS, restrictions=(OFF, refused))) == "F1"


def test_nobody_writes_usage() -> None:
    danger = UseCase(43, Purpose.DANGER, DataClass.PROFILE, E_INTERVAL, "north", between(DAY, date(2026, 5, 20)), LIVE, 3, 5)
    ask = Request(Requester(Role.OPERATOR, 43), Action.WRITE, Purpose.DANGER, 7, E_INTERVAL, day_period(DAY), DataClass.PROFILE)
    facts = replace(FACTS, use_cases=(danger,))
    assert no(ask, facts) == "F0"
    assert yes(replace(ask, action=Action.READ), facts).rule == "O3"


def test_of_what_is_not_usage_the_visit_counts_against_the_limit_and_not_how_far_a_log_reaches_back() -> None:
    case = UseCase(
        44, Purpose.DEVICE_CARE, DataClass.EVENT_LOG, 0, "north", between(date(2026, 1, 1), date(2026, 7, 1)), LIVE, 3, 5
    )
    ask = Request(
        Requester(Role.OPERATOR, 44),
        Action.READ,
        Purpose.DEVICE_CARE,
        7,
        0,
        between(date(2026, 2, 1), DAY),
        DataClass.EVENT_LOG,
    )
    facts = replace(FACTS, use_cases=(case,))
    assert yes(ask, facts).rule == "O1"
    visits = {44: frozenset({"2026-03-01", "2026-04-01", "2026-05-01"})}
    assert no(ask, replace(facts, used_days=visits)) == "F11"
