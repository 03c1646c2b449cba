"""One demo night for all tests of the chain."""

import pytest

from chain_support import HOMES, SEED, Night, demo


@pytest.fixture(scope="session")
def night(tmp_path_factory: pytest.TempPathFactory) -> Night:
    """One demo night, for everyone to look at and nobody to change. Its path is 120 characters long, below a 0700 parent."""
    parent = tmp_path_factory.mktemp("chain")
    parent.chmod(0o700)
    data = parent / ("d" * (119 - len(str(parent))))
    assert len(str(data)) == 120
    return Night(data, demo(data, "--homes", str(HOMES), "--seed", str(SEED)))
