"""One small night for all tests of the replay, and one to spoil for each of them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from chain_support import demo
from kwartier.workflows import installation
from kwartier.workflows.installation import Installation
from replay_support import Faulty, spoiling


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    data = tmp_path_factory.mktemp("replay") / "data"
    demo(data, "--homes", "30", "--seed", "11")
    with installation.opened(data) as opened:
        yield opened


@pytest.fixture
def night(house: Installation, tmp_path: Path) -> Iterator[Faulty]:
    with spoiling(house, tmp_path / "data", installation.system_clock()) as faulty:
        yield faulty
