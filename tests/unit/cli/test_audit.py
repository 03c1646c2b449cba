"""`kwartier audit` and `kwartier verify`: a slip of whoever asks is no alarm about the log, and no proof is called false for it."""

from pathlib import Path

import pytest

from command_support import kwartier_here
from kwartier.workflows import installation

pytestmark = pytest.mark.database


@pytest.mark.usefixtures("dsns")
def test_a_tree_that_the_log_never_had_is_no_broken_log(installation_dir: Path) -> None:
    installation.create(installation_dir)
    with installation.opened(installation_dir):
        for old, size in (("0", "999999"), ("5", "3"), ("0", "9" * 30)):
            done = kwartier_here("--data", installation_dir, "audit", "consistency", old, size)
            assert (done.returncode, done.stdout) == (3, "")
            assert done.stderr.startswith("no-such-tree: ")
            assert "compare it with your latest backup" not in done.stderr
