"""Who may know what, and why: what a customer's page says of one connection."""

from dataclasses import replace
from datetime import date, timedelta

from kwartier.grounds.explain import Explanation, who_may, who_may_not
from kwartier.model.ground import (
    Action,
    Agreement,
    DataClass,
    Facts,
    Occupancy,
    Permission,
    Purpose,
    Requester,
    Restriction,
    RestrictionKind,
    Role,
    Supply,
    Suspension,
    UseCase,
)
from kwartier.model.period import Period, midnight
from kwartier.model.register import DAY_MASK, GAS_MASK, INTERVAL_MASK

MOVED_IN = midnight(date(2025, 3, 1))
GRANTED = midnight(date(2026, 2, 1))
NOW = midnight(date(2026, 5, 12))
LATER = midnight(date(2027, 1, 1))
QUARTERS = INTERVAL_MASK & ~GAS_MASK
FACTS = Facts(
    connection=7,
    area="north",
    occupancies=(Occupancy(1, 100, Period(MOVED_IN)),),
    supplies=(Supply(11, 50, Period(MOVED_IN)),),
    agreements=(Agreement(21, 50, Role.SUPPLIER, Period(MOVED_IN)), Agreement(22, 60, Role.THIRD_PARTY, Period(MOVED_IN))),
    permissions=(
        Permission(31, 100, 60, QUARTERS, "advice", Period(midnight(date(2024, 1, 1)), LATER), Period(GRANTED, LATER)),
        Permission(32, 100, None, QUARTERS, "own page", Period(GRANTED), Period(GRANTED, LATER)),
    ),
    use_cases=(
        UseCase(41, Purpose.ENERGY_LOSS, DataClass.PROFILE, QUARTERS, "north", Period(GRANTED, NOW), Period(GRANTED, LATER), 3, 5),
    ),
)


def by_rule(lines: list[Explanation]) -> dict[str, Explanation]:
    return {line.rule: line for line in lines}


def test_everyone_with_a_ground_has_a_line_with_its_reason() -> None:
    lines = by_rule(who_may(FACTS, at=NOW))
    assert list(lines) == ["C1", "S1", "S2", "S3", "S4", "T1", "C2", "O4"]
    app = lines["T1"]
    assert app.requester == Requester(Role.THIRD_PARTY, 60)
    assert (app.fact, app.since, app.mask) == (("permission", 31), GRANTED, QUARTERS)
    assert app.period == Period(MOVED_IN, LATER), "no data from before the giver lived there"
    assert app.nl.startswith("U hebt deze partij toestemming gegeven")
    assert lines["S1"].mask == DAY_MASK
    assert lines["O4"].requester == Requester(Role.OPERATOR, 41)


def test_what_ended_or_never_began_has_no_line() -> None:
    assert "T1" not in by_rule(who_may(FACTS, at=LATER))
    assert "O4" not in by_rule(who_may(FACTS, at=LATER))
    assert "T1" not in by_rule(who_may(FACTS, at=GRANTED - timedelta(seconds=1)))
    assert "O4" not in by_rule(who_may(replace(FACTS, area="south"), at=NOW))
    days = [f"{NOW.year - n // 3}-01-{n + 1:02}" for n in range(6)]
    assert "O4" not in by_rule(who_may(replace(FACTS, used_days={41: frozenset(days)}), at=NOW))
    assert "O4" not in by_rule(who_may(replace(FACTS, lost_days={41: frozenset(days)}), at=NOW))
    assert "O4" in by_rule(who_may(replace(FACTS, used_days={41: frozenset(days[2:])}), at=NOW)), "a year has its own limit"
    anew = replace(FACTS, use_cases=(*FACTS.use_cases, replace(FACTS.use_cases[0], id=42)))
    assert "O4" not in by_rule(who_may(replace(anew, used_days={41: frozenset(days)}), at=NOW)), "nor under another name"
    ever = replace(FACTS.use_cases[0], purpose=Purpose.OUTAGE, days=Period(GRANTED), approved=Period(GRANTED))
    traced = replace(FACTS, use_cases=(ever,))
    turn = midnight(date(2028, 1, 1))
    assert "O2" in by_rule(who_may(traced, at=turn - timedelta(seconds=1)))
    assert "O2" not in by_rule(who_may(traced, at=turn)), "usage is no part of that row any more"
    gas = replace(FACTS, use_cases=(replace(FACTS.use_cases[0], mask=INTERVAL_MASK & GAS_MASK),))
    assert "O4" not in by_rule(who_may(gas, at=NOW)), "nothing that its row knows"
    unbound = by_rule(who_may(replace(FACTS, agreements=()), at=NOW))
    assert list(unbound) == ["C1", "C2", "O4"]
    apart = tuple(Suspension(i, party, Period(GRANTED)) for i, party in enumerate((50, 60)))
    assert list(by_rule(who_may(replace(FACTS, suspensions=apart), at=NOW))) == ["C1", "C2", "O4"]
    assert "T1" in by_rule(who_may(replace(FACTS, suspensions=apart[:1]), at=NOW))


def test_while_off_nothing_is_read_but_what_is_held_from_before_may_be_seen() -> None:
    off = Restriction(1, RestrictionKind.ADMINISTRATIVELY_OFF, Period(midnight(date(2026, 4, 1))))
    lines = by_rule(who_may(replace(FACTS, restrictions=(off,)), at=NOW))
    assert list(lines) == ["C1", "S1", "S2", "S3", "S4", "T1", "O7"], "O7: the switch itself"
    for line in lines.values():
        if line.rule != "O7":
            assert Action.READ not in line.actions
            assert line.period.end == off.period.start


def test_a_past_restriction_leaves_a_hole() -> None:
    hole = Period(midnight(date(2026, 3, 1)), midnight(date(2026, 4, 1)))
    past = Restriction(1, RestrictionKind.ADMINISTRATIVELY_OFF, hole)
    own = [line.period for line in who_may(replace(FACTS, restrictions=(past,)), at=NOW) if line.rule == "C1"]
    assert own == [Period(MOVED_IN, hole.start), Period(midnight(date(2026, 4, 1)))]


def test_a_restriction_in_force_says_why_nobody_may() -> None:
    refused = Restriction(1, RestrictionKind.REFUSED, Period(GRANTED, LATER))
    (bar,) = who_may_not(replace(FACTS, restrictions=(refused,)), at=NOW)
    assert (bar.rule, bar.fact, bar.kind, bar.period) == ("F1", ("restriction", 1), refused.kind, refused.period)
    off = replace(refused, kind=RestrictionKind.ADMINISTRATIVELY_OFF)
    assert [bar.rule for bar in who_may_not(replace(FACTS, restrictions=(off,)), at=NOW)] == ["F2"]
    assert who_may_not(replace(FACTS, restrictions=(refused,)), at=LATER) == []
    assert who_may_not(FACTS, at=NOW) == []


def test_a_station_meter_is_the_operators_own() -> None:
    station = Facts(0, "north", use_cases=FACTS.use_cases)
    assert [line.rule for line in who_may(station, at=NOW)] == ["O5"]
