"""Faults are spread by the table and keep to the homes that may have them."""

from random import Random

import pytest

from kwartier.simulator.behaviour import TABLE, Fault, assign


def test_the_table_names_every_fault_once() -> None:
    assert sorted(share.fault for share in TABLE) == sorted(f for f in Fault if f is not Fault.SOUND)


@pytest.mark.parametrize(("total", "may"), [(90, 30), (300, 140), (5000, 2400)])
def test_every_fault_is_there_and_none_outside(total: int, may: int) -> None:
    homes = range(100, 100 + may)
    given = assign(homes, frozenset(homes), total, Random(1))
    assert set(given) <= set(homes)
    assert set(given.values()) == {share.fault for share in TABLE}
    assert list(given.values()).count(Fault.BACKWARDS) == 1


def test_shares_are_of_the_whole_town() -> None:
    homes = range(2400)
    given = list(assign(homes, frozenset(homes), 5000, Random(1)).values())
    assert given.count(Fault.SILENT) == 50
    assert given.count(Fault.ADMINISTRATIVELY_OFF) == 150


def test_a_small_town_keeps_sound_homes_and_gets_the_most_important_faults() -> None:
    given = assign(range(10), frozenset(range(10)), 30, Random(1))
    assert len(given) == 8
    assert Fault.SILENT in given.values()


def test_stale_gas_needs_gas() -> None:
    assert Fault.STALE_GAS not in assign(range(30), frozenset(), 60, Random(1)).values()


def test_without_homes_there_are_no_faults() -> None:
    assert assign([], frozenset(), 12, Random(1)) == {}
