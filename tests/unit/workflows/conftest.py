"""An installation on a fresh database, and a world to write facts into it."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

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
