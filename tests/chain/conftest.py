"""One demo night for all tests of the chain, and installations that were enrolled and never read."""

import shutil
from pathlib import Path

import pytest

from chain_support import HOMES, SEED, Night, demo, patient, town
from kwartier.workflows import enrolment, installation


@pytest.fixture(scope="session")
def night(tmp_path_factory: pytest.TempPathFactory) -> Night:
    """One demo night, for everyone to look at and nobody to change. Its path is 120 characters long, below a 0700 parent."""
    parent = tmp_path_factory.mktemp("chain")
    parent.chmod(0o700)
    data = parent / ("d" * (119 - len(str(parent))))
    assert len(str(data)) == 120
    return Night(data, demo(data, "--homes", str(HOMES), "--seed", str(SEED)))


@pytest.fixture(scope="session")
def enrolled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an installation whose town is enrolled and was never read. To copy, not to use."""
    data = tmp_path_factory.mktemp("enrolled") / "data"
    patient(data)
    installation.create(data)
    with town(data), installation.opened(data) as house:
        report = enrolment.take(house, data / "town" / "import", dry_run=False, at=installation.system_clock())
        assert report.rejected == 0
    return data


@pytest.fixture
def unread(enrolled: Path, tmp_path: Path) -> Path:
    """Return a copy of it, town and all: the town keeps to its port, so the registry stays right."""
    return Path(shutil.copytree(enrolled, tmp_path / "data"))
