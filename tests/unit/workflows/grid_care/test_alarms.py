"""Alarms that meters send: kept under a ground or not at all, then asked about, since anybody could have sent them."""

import json
from collections.abc import Callable
from datetime import timedelta

import pytest

from care_rounds_support import AT, Street, Watching
from care_support import first
from kwartier.engine import Inline
from kwartier.headend.listener import Arrival
from kwartier.model.period import Period
from kwartier.simulator import identity
from kwartier.simulator.care import Ailment
from kwartier.wire.dlms.client.notification import Alarm
from kwartier.workflows import grid_care
from kwartier.workflows.grid_care import Fate
from kwartier.workflows.visits import errands

BATTERY = 1 << 1
FRAUD = 1 << 13
DANGER = ("danger", "device_state")
LOW = 1
"""The place whose battery is low: its alarm register says so."""
COVER = 2
"""The place whose cover is off: a fraud alarm."""


def arrived(three: Street, place: int, register: int = FRAUD, *, host: str | None = None, equipment: str | None = None) -> Arrival:
    number = three.places[place].home.number
    said = Alarm(equipment or identity.equipment_id(number), None, (register,))
    return Arrival(said, host or identity.host(number))


def take(three: Street, arrival: Arrival) -> Fate:
    return grid_care.take(three.house, arrival, three.clock())


def kept(three: Street) -> list[tuple[int, int, str]]:
    return [
        (meter, register, state) for meter, register, state in three.all("select meter, register, state from kw.alarm order by id")
    ]


def asked(three: Street) -> errands.Round:
    return grid_care.look_into_alarms(three.house, Inline(), clock=three.clock)


def test_one_with_a_ground_is_kept_and_told_to_who_lives_there(three: Street) -> None:
    case = three.use_case(*DANGER)
    place = three.places[COVER]
    assert take(three, arrived(three, COVER)) is Fate.TAKEN
    assert kept(three) == [(place.meter, FRAUD, "told")]
    ((kind, body),) = three.entries()
    assert (kind, body["rule"], body["i"], body["m"]) == ("alarm:taken", "O3", case, place.meter)
    with three.house.operator() as c:
        (code,) = c.execute("select code from kw.subject where key = %s", (place.person,)).fetchone() or ("",)
        assert len(three.house.log.of_subject(c, code, place.connection, Period(AT - timedelta(days=1)))) == 1


@pytest.mark.parametrize(
    ("case", "restricted", "rule"),
    [
        (None, None, "F10"),
        (("device_care", "device_state"), None, "F10"),
        (("danger", "event_log"), None, "F10"),
        (DANGER, "administratively_off", "F2"),
        (DANGER, "refused", "F1"),
    ],
)
def test_one_without_a_ground_is_discarded_and_that_is_told(
    three: Street, case: tuple[str, str] | None, restricted: str | None, rule: str
) -> None:
    place = three.places[COVER]
    if case is not None:
        three.use_case(*case)
    if restricted is not None:
        three.facts.restriction(place.connection, kind=restricted)
    assert take(three, arrived(three, COVER)) is Fate.NO_GROUND
    assert kept(three) == []
    ((kind, body),) = three.entries()
    assert (kind, body["why"], body["x"]) == ("alarm:discarded", "no_ground", rule)
    assert three.all("select connection from audit.entry") == [(place.connection,)]


@pytest.mark.parametrize(
    ("what", "fate"),
    [
        (lambda three: arrived(three, COVER, equipment="E0000000000000000"), Fate.UNKNOWN),
        (lambda three: arrived(three, COVER, host="127.0.0.1"), Fate.ELSEWHERE),
    ],
)
def test_one_from_nobody_we_know_leaves_nothing_but_that_it_came(
    three: Street, what: Callable[[Street], Arrival], fate: Fate
) -> None:
    three.use_case(*DANGER)
    assert take(three, what(three)) is fate
    assert kept(three) == []
    assert three.entries() == [("alarm:discarded", {"why": str(fate)})]
    assert three.all("select connection, subject from audit.entry") == [(None, None)], "it may be about anybody"


def test_one_that_says_nothing_is_kept_nowhere(three: Street) -> None:
    three.use_case(*DANGER)
    number = three.places[COVER].home.number
    arrival = Arrival(Alarm(identity.equipment_id(number), None, ()), identity.host(number))
    assert take(three, arrival) is Fate.SAYS_NOTHING
    assert (kept(three), three.entries()) == ([], [("alarm:discarded", {"why": "says_nothing"})])


def test_a_meter_that_hangs_there_no_more_is_unknown(three: Street) -> None:
    three.use_case(*DANGER)
    three.facts.c.execute("update kw.meter set placed = '[2020-01-01,2026-11-01)' where key = %s", (three.places[COVER].meter,))
    assert take(three, arrived(three, COVER)) is Fate.UNKNOWN


def test_nothing_that_came_is_written_with_a_number_or_an_address(three: Street) -> None:
    three.use_case(*DANGER)
    for arrival in (arrived(three, COVER), arrived(three, COVER, host="127.0.0.9"), arrived(three, LOW, equipment="E" + "9" * 16)):
        take(three, arrival)
    text = json.dumps(three.entries())
    assert not any(secret in text for secret in ("E9999", "127.0.", identity.equipment_id(three.places[COVER].home.number)))


def test_a_meter_that_says_the_same_when_asked_confirms_it_and_is_cleared(three: Street) -> None:
    three.use_case(*DANGER)
    take(three, arrived(three, COVER))
    asked(three)
    assert kept(three) == [(three.places[COVER].meter, FRAUD, "confirmed")]
    assert len(three.journal("written")) == 1
    assert three.all("select value from kw.sight where chore = 'clear_alarms'") == [(0,)]
    assert asked(three).meters == 0, "nothing is left to look into"
    (found,) = grid_care.endangered(three.house)
    assert found.meter == three.places[COVER].meter


def test_a_meter_that_knows_of_no_such_bit_denies_it_and_is_not_cleared(three: Street) -> None:
    three.use_case(*DANGER)
    take(three, arrived(three, 0))
    take(three, arrived(three, COVER, 1 << 8))
    asked(three)
    assert {state for _, _, state in kept(three)} == {"denied"}
    assert three.journal("written") == []


def test_one_whose_meter_cannot_be_reached_stays_told_and_is_asked_again(three: Street) -> None:
    three.use_case(*DANGER)
    take(three, arrived(three, COVER))
    three.facts.c.execute("update kw.meter set port = 9 where key = %s", (three.places[COVER].meter,))
    assert asked(three).gaps["unreachable"] == 1
    assert kept(three)[0][2] == "told"
    three.facts.c.execute("update kw.meter set port = %s where key = %s", (three.port, three.places[COVER].meter))
    asked(three)
    assert kept(three)[0][2] == "confirmed"


def test_without_alarms_nothing_is_asked_and_nothing_written(three: Street) -> None:
    three.use_case(*DANGER)
    assert asked(three).meters == 0
    assert (three.journal(), three.kinds(), three.all("select count(*) from kw.batch")) == ([], [], [(0,)])


def test_what_was_seen_under_a_ground_that_ended_meanwhile_is_thrown_away(three: Street) -> None:
    """The alarm is not confirmed by it, and nothing is cleared at the meter."""
    three.use_case(*DANGER)
    take(three, arrived(three, COVER))
    place = three.places[COVER]

    ending = Watching(after=lambda: three.facts.restriction(place.connection, Period(AT - timedelta(hours=1))))
    grid_care.look_into_alarms(three.house, ending, clock=three.clock)
    assert kept(three)[0][2] == "told"
    assert three.journal("written") == []
    assert {(line["r"], line["w"]) for line in three.lines("batch:read")} == {("stopped", "withdrawn")}
    assert three.all("select count(*) from kw.sight") == [(0,)]


def test_many_alarms_are_looked_into_batch_by_batch(three: Street) -> None:
    three.use_case(*DANGER)
    for place in range(3):
        take(three, arrived(three, place))
    object.__setattr__(three.house.settings, "batch_meters", 2)
    asked(three)
    assert three.kinds().count("batch:intended") == 2 + 1, "two batches to ask, one to clear"
    assert sorted(state for _, _, state in kept(three)) == ["confirmed", "denied", "denied"]


def test_the_third_home_is_the_one_with_its_cover_off(three: Street) -> None:
    assert three.places[COVER].home == first(Ailment.TERMINAL_COVER)
