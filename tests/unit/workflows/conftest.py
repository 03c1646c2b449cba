"""An installation on a fresh database, and a world to write facts into it."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from care_rounds_support import Street, street
from care_support import first, healthy
from kwartier.simulator.care import Ailment
from kwartier.store.postgres import Dsns
from kwartier.workflows import installation
from kwartier.workflows.installation import Installation
from registry_support import World


@pytest.fixture
def opened(installation_dir: Path) -> Iterator[Installation]:
    """Open a new installation. Nothing is in it."""
    installation.create(installation_dir)
    with installation.opened(installation_dir) as house:
        yield house


@pytest.fixture
def facts(dsns: Dsns) -> Iterator[World]:
    """Write facts that everybody sees at once."""
    with psycopg.connect(dsns.operator, autocommit=True) as c:
        yield World(c)


@pytest.fixture
def three(opened: Installation, facts: World, tmp_path: Path) -> Iterator[Street]:
    """Open an operator of three homes: nothing is wrong at the first, the second's battery is low, the third's cover is off."""
    folder = tmp_path / "meters"
    folder.mkdir()
    with street(opened, facts, folder, [healthy(), first(Ailment.BATTERY_LOW), first(Ailment.TERMINAL_COVER)]) as found:
        yield found
