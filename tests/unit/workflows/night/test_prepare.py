"""A round decided and planned from the registry: who is read for a balance, and on whose account it goes."""

import json
from datetime import date, timedelta
from typing import Any

import psycopg

from kwartier.audit.events import EventKind
from kwartier.audit.leaves import Grant
from kwartier.grid import loss
from kwartier.model.ground import Purpose, Requester, Role
from kwartier.model.period import Period, epoch_s, midnight
from kwartier.model.permit import PermitRef
from kwartier.model.register import INTERVAL_MASK
from kwartier.model.task import GapReason, ProfileName, Result
from kwartier.store.registry import nights
from kwartier.store.registry.rounds import rounds
from kwartier.workflows.night import lines, settle
from kwartier.workflows.night.intent import Intent
from kwartier.workflows.night.job import Outcome
from kwartier.workflows.night.prepare import decide_round, plan_again
from registry_support import World, between

C = psycopg.Connection[Any]
DAY = date(2026, 3, 10)
NIGHT = midnight(DAY + timedelta(days=1)) + timedelta(hours=2)
GROUP = 10
"""The group size of the world's use cases."""


def street(world: World, homes: int) -> tuple[int, list[int]]:
    """Make a transformer with inhabited homes that have a meter each: (transformer, homes)."""
    transformer = world.transformer()
    made = [world.connection(transformer=transformer) for _ in range(homes)]
    for home in made:
        world.meter(home)
        world.occupancy(home, world.subject())
    return transformer, made


def prepared(c: C) -> Intent:
    (this,) = rounds(c, DAY, 1000)
    return decide_round(c, this, DAY, NIGHT, lambda _: False)


def summed(intent: Intent) -> set[int]:
    """Return the connections that are read for the energy loss."""
    return {task.connection for task in intent.tasks for ref in task.permits if is_loss(intent, ref)}


def is_loss(intent: Intent, ref: PermitRef) -> bool:
    return intent.permits[ref.id].request.purpose is Purpose.ENERGY_LOSS


def test_a_transformer_read_whole_reads_every_home_and_its_station(world: World) -> None:
    transformer, homes = street(world, 12)
    world.meter(transformer=transformer)
    case = world.use_case()
    intent = prepared(world.c)
    assert lines.before(intent) == {EventKind.BATCH_INTENDED: lines.intended(intent)}, "nobody is refused, so nothing says so"
    assert summed(intent) == {0, *homes}
    (station,) = intent.stations
    assert (station.transformer, station.use_case, set(station.capacities_w), station.vacant) == (
        transformer,
        case,
        set(homes),
        frozenset(),
    )


def test_who_is_asked_again_without_the_sum_is_asked_no_more_than_the_rest_covers(world: World) -> None:
    """Under load this was the whole day, where only the app's afternoon had a ground left."""
    transformer, (home, other, *_) = street(world, 12)
    world.meter(transformer=transformer)
    world.use_case()
    app, noon = world.party("third_party"), midnight(DAY) + timedelta(hours=12)
    world.agreement(app)
    ((subject,),) = world.c.execute("select subject from kw.occupancy where connection = %s", (home,)).fetchall()
    afternoon = {"data": Period(noon), "live": between("2026-01-01"), "mask": INTERVAL_MASK}
    world.new("permission", connection=home, subject=subject, party=app, purpose="advice", **afternoon)
    intent = prepared(world.c)
    tasks = {task.connection: task for task in intent.tasks}
    assert (tasks[home].first_s, len(tasks[home].permits)) == (epoch_s(midnight(DAY)), 2)
    (again,) = plan_again(intent, [tasks[home], tasks[other]])
    assert (again.connection, again.first_s, again.last_s) == (home, epoch_s(noon), tasks[home].last_s)
    assert [permit.keeps for permit in again.permits] == [True]


def test_without_a_station_meter_there_is_no_balance_so_nobody_is_read(world: World) -> None:
    street(world, 12)
    world.use_case()
    intent = prepared(world.c)
    assert (intent.tasks, intent.stations, intent.untold, intent.refusals) == ([], [], [], [])


def test_a_home_without_transformer_is_read_for_no_balance(world: World) -> None:
    transformer, homes = street(world, 12)
    world.meter(transformer=transformer)
    apart = world.connection()
    world.meter(apart)
    world.occupancy(apart, world.subject())
    world.use_case()
    assert summed(prepared(world.c)) == {0, *homes}


def test_one_balance_is_read_under_one_use_case(world: World) -> None:
    """Two were approved for this area: the second would be read and never be used, and its limit never be reached."""
    transformer, homes = street(world, 12)
    world.meter(transformer=transformer)
    first, _ = world.use_case(), world.use_case()
    intent = prepared(world.c)
    assert summed(intent) == {0, *homes}
    served = [intent.permits[ref.id].request.requester for task in intent.tasks for ref in task.permits]
    assert served == [Requester(Role.OPERATOR, first)] * 13


def test_what_one_use_case_may_not_read_any_more_the_other_does_not_read_for_it(world: World) -> None:
    transformer, homes = street(world, 22)
    world.meter(transformer=transformer)
    first, _ = world.use_case(), world.use_case()
    nights.use(world.c, [(first, homes[0], DAY - timedelta(days=n + 1)) for n in range(14)])
    intent = prepared(world.c)
    assert homes[0] not in summed(intent)
    assert [refusal.rule for refusal in intent.refusals] == ["F11"]


def test_too_few_homes_for_a_figure_are_not_read_at_all(world: World) -> None:
    transformer, _ = street(world, GROUP - 1)
    world.meter(transformer=transformer)
    world.use_case()
    intent = prepared(world.c)
    assert (intent.tasks, intent.stations) == ([], [])
    assert [(station.transformer, why) for station, why in intent.untold] == [(transformer, loss.TOO_FEW_READ)]


def test_one_who_is_not_read_is_hidden_among_others_who_are_not(world: World) -> None:
    """Infeed less the homes read would show the one who refused: so nine more are left unread, those read most this year."""
    transformer, homes = street(world, 21)
    world.meter(transformer=transformer)
    case = world.use_case()
    world.restriction(homes[20], kind="refused")
    nights.use(world.c, [(case, home, DAY - timedelta(days=7)) for home in homes[:9]])
    intent = prepared(world.c)
    assert summed(intent) == {0, *homes[9:20]}
    assert len(intent.stations[0].capacities_w) - len(summed(intent) - {0}) == GROUP


def test_where_hiding_leaves_too_few_nobody_is_read(world: World) -> None:
    transformer, homes = street(world, 2 * GROUP - 1)
    world.meter(transformer=transformer)
    world.use_case()
    world.restriction(homes[0])
    intent = prepared(world.c)
    assert summed(intent) == set()
    assert [why for _, why in intent.untold] == [loss.TOO_FEW_READ]


def test_an_empty_home_hides_nobody(world: World) -> None:
    """Eleven connections, two of them empty: the sum over eleven shows nine people."""
    transformer, homes = street(world, GROUP - 1)
    world.meter(transformer=transformer)
    for _ in range(2):
        world.meter(world.connection(transformer=transformer))
    world.use_case()
    intent = prepared(world.c)
    assert summed(intent) == set()
    (untold,) = intent.untold
    assert untold[0].vacant == set(untold[0].capacities_w) - set(homes)


def test_a_register_at_a_move_has_a_line_for_each_of_the_two(world: World) -> None:
    """Who leaves finds the old supplier's ground, who comes the new one's, and neither the other's."""
    home = world.connection()
    meter = world.meter(home)
    left, came = world.subject("LEFT"), world.subject("CAME")
    world.occupancy(home, left, between("2020-01-01", "2026-03-11"))
    world.occupancy(home, came, between("2026-03-11"))
    old, new = world.party(), world.party()
    for party, period in ((old, between("2020-01-01", "2026-03-11")), (new, between("2026-03-11"))):
        world.supply(home, party, period)
        world.agreement(party)
    intent = prepared(world.c)
    (task,) = intent.tasks
    assert (task.meter, task.profile) == (meter, ProfileName.E_DAY)
    told = {leaf.subject_code: {Grant(*one).requester for one in grants(leaf.body)} for leaf in lines.intended(intent)}
    assert told == {"LEFT": {old}, "CAME": {new}}


def grants(body: bytes) -> list[list[Any]]:
    found: list[list[Any]] = json.loads(body)["g"]
    return found


def test_a_refusal_stands_on_the_account_of_who_lives_there(world: World) -> None:
    home = world.connection()
    world.meter(home)
    world.occupancy(home, world.subject("MINE"))
    supplier = world.party()
    world.supply(home, supplier, Period(midnight(date(2025, 1, 1))))
    intent = prepared(world.c)
    assert [(leaf.subject_code, refusal.rule) for leaf, refusal in zip(lines.refused(intent), intent.refusals, strict=True)] == [
        ("MINE", "F3")
    ]
    assert lines.before(intent) == {EventKind.BATCH_REFUSED: lines.refused(intent)}, "nothing is asked, so nothing says so"


def test_gas_that_was_coupled_during_the_day_is_in_its_round(world: World) -> None:
    home, gas = world.connection(), world.connection("gas")
    world.coupling(world.meter(home), gas, Period(midnight(DAY) + timedelta(hours=10)))
    (this,) = rounds(world.c, DAY, 1000)
    assert this.connections == (home, gas)


def test_every_read_under_a_use_case_counts_against_its_limit(world: World) -> None:
    """Also one whose values were no use: the home was read all the same. What was stopped or not answered was not."""
    transformer, homes = street(world, 12)
    world.meter(transformer=transformer)
    case = world.use_case()
    intent = prepared(world.c)
    results = {
        homes[0]: (Result.READ, GapReason.QUARANTINED),
        homes[1]: (Result.GAP, GapReason.TIMEOUT),
        homes[2]: (Result.STOPPED, None),
    }
    outcomes = [
        Outcome(task, *ended, task.permits if ended[0] is Result.READ else (), NIGHT)
        for task in intent.tasks
        for ended in [results.get(task.connection, (Result.READ, None))]
    ]
    assert set(settle.uses(outcomes, intent.permits)) == {(case, home, DAY) for home in homes if home not in homes[1:3]}
