"""What is wrong with devices and grid: some of everything, nothing twice, and a town that is otherwise the same."""

from datetime import date

import pytest

from care_support import CARE, DAY, TOWN
from kwartier.model.period import from_epoch_s
from kwartier.simulator import care
from kwartier.simulator.behaviour import Fault
from kwartier.simulator.care import TABLE, Ailment
from kwartier.simulator.town import NEVER_TROUBLED, Town


def test_the_table_names_every_ailment_once() -> None:
    assert sorted(share.ailment for share in TABLE) == sorted(Ailment)


@pytest.mark.parametrize("seed", [1, 4, 7, 20261126])
def test_a_town_of_120_has_some_of_everything_some_of_it_where_nobody_may_ask(seed: int) -> None:
    town = Town(seed, 120, DAY)
    found = care.drawn(town)
    assert set(found.ailments.values()) == set(Ailment)
    faults = {town.homes[h].fault for h in found.ailments}
    assert faults == {Fault.SOUND, Fault.ADMINISTRATIVELY_OFF, Fault.REFUSED_WITH_METER}
    assert not NEVER_TROUBLED & found.ailments.keys()
    assert all(town.homes[h].has_meter for h in found.ailments)
    assert {95, -240} < set(found.ahead_s.values())
    assert min(found.ahead_s.values()) < -120 * 86400


@pytest.mark.parametrize("homes", [1, 2, 12, 40, 5000])
def test_any_town_can_be_drawn_and_is_the_same_each_time(homes: int) -> None:
    town = Town(3, homes, DAY)
    assert care.drawn(town) == care.drawn(Town(3, homes, DAY))
    assert len(care.drawn(town).ailments) <= homes


def test_shares_are_of_the_whole_town() -> None:
    found = care.drawn(Town(3, 5000, DAY))
    assert len(found.homes(Ailment.GAS_BATTERY)) == 50
    assert len(found.homes(Ailment.BATTERY_LOW)) == 41
    assert len(found.outage.transformers) == 2


def test_ailments_are_where_they_can_be() -> None:
    town = Town(3, 5000, DAY)
    found = care.drawn(town)
    assert all(town.homes[h].owns.gas for h in found.homes(Ailment.GAS_BATTERY))
    assert all(care.phases(3, town.homes[h]) == 3 for h in found.homes(Ailment.PHASE_LOST))
    apart = (*found.homes(Ailment.OWN_FUSE), *found.homes(Ailment.CLOCK_OFF))
    assert not any(found.dark(town.homes[h]) for h in apart)
    assert all(1 <= phase <= care.phases(3, town.homes[h]) for h, phase in found.phase.items())
    assert 0.3 < sum(care.phases(3, h) == 1 for h in town.homes) / 5000 < 0.45


@pytest.mark.parametrize("day", [DAY, date(2026, 10, 25), date(2026, 3, 29)])
def test_the_outage_is_in_the_evening_behind_a_sound_transformer(day: date) -> None:
    town = Town(4, 120, day)
    outage = care.drawn(town).outage
    assert not any(town.transformers[t].troubled for t in outage.transformers)
    assert 20 * 60 <= outage.end_s - outage.start_s <= 90 * 60
    assert outage.end_s % 60 == 0
    assert town.axis.midnights[-3] < outage.end_s < town.axis.midnights[-2]
    assert from_epoch_s(outage.end_s).hour >= 16
    assert outage.end_s < town.axis.start_of_night()


def test_care_asks_nothing_of_the_town_s_own_draws() -> None:
    other = Town(4, 120, DAY)
    care.drawn(other)
    assert other.homes == TOWN.homes
    assert (other.block(0).imported == TOWN.block(0).imported).all()
    assert care.drawn(other) == CARE


def test_a_seed_gives_the_usage_and_the_faults_that_it_gave_before_there_was_care() -> None:
    town = Town(7, 120, date(2026, 11, 22))
    blocks = [town.block(t.index) for t in town.transformers]
    assert [int(block.imported.sum()) for block in blocks] == [6612500, 7413297, 7053428, 7197945]
    assert [int(block.gas.sum()) for block in blocks] == [1066089, 1103532, 968509, 1108539]
    assert [home.index for home in town.homes if home.fault is Fault.ADMINISTRATIVELY_OFF] == [40, 50, 54, 57]
