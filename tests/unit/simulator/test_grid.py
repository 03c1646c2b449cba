"""The balance of every transformer, exactly, and how homes are divided over them."""

from datetime import date

import numpy as np
import pytest

from kwartier.simulator import grid
from kwartier.simulator.behaviour import Fault
from kwartier.simulator.town import Town

DAYS = [date(2026, 11, 22), date(2026, 3, 29), date(2026, 10, 25), date(2026, 7, 1)]


@pytest.mark.parametrize("homes", [1, 12, 39, 40, 60, 100, 1000])
def test_every_home_has_one_transformer_and_the_first_is_never_troubled(homes: int) -> None:
    made = grid.transformers(3, homes)
    assert [t.first for t in made] == [0, *(t.end for t in made[:-1])]
    assert made[-1].end == homes
    assert not made[0].troubled
    assert sum(not t.troubled for t in made) * 2 >= len(made)
    if homes >= 40:
        assert len(made) >= 3
        assert min(t.end - t.first for t in made) >= 10
        assert len({t.end - t.first for t in made}) > 1


@pytest.mark.parametrize("homes", [40, 60, 300])
@pytest.mark.parametrize("seed", [0, 1, 2, 3, 4])
def test_something_is_stolen_where_all_meters_can_be_read(homes: int, seed: int) -> None:
    made = grid.transformers(seed, homes)
    assert any(t.stolen_w and not t.troubled for t in made)
    assert any(not t.stolen_w for t in made)


@pytest.mark.parametrize("day", DAYS)
def test_infeed_less_backflow_is_net_use_plus_technical_loss_plus_theft(day: date) -> None:
    town = Town(7, 70, day)
    for t in town.transformers:
        block = town.block(t.index)
        homes = slice(0, t.end - t.first)
        net = block.imported[homes].astype(np.int64).sum(axis=0) - block.exported[homes].astype(np.int64).sum(axis=0)
        flow = block.flow
        assert np.array_equal(flow.infeed.astype(np.int64) - flow.backflow, net + flow.technical + flow.theft)
        assert min(flow.infeed.min(), flow.backflow.min(), flow.theft.min()) >= 0
        assert flow.technical.min() > 0
        assert np.array_equal(block.imported[-1], flow.infeed)
        assert np.array_equal(block.exported[-1], flow.backflow)


def test_faults_keep_to_troubled_transformers() -> None:
    town = Town(1, 400, DAYS[0])
    troubled = {t.index for t in town.transformers if t.troubled}
    assert {home.transformer for home in town.homes if home.fault is not Fault.SOUND} <= troubled
    assert town.meters == len(town.transformers) + len(town.homes) - sum(h.fault is Fault.REFUSED_NO_METER for h in town.homes)
