"""`kwartier audit` and `kwartier verify`: a slip of whoever asks is no alarm about the log, and no proof is called false for it."""

from pathlib import Path

import pytest

from command_support import kwartier_here
from kwartier.workflows import installation
from proof_support import VKEY, single


@pytest.mark.database
@pytest.mark.usefixtures("dsns")
def test_a_tree_that_the_log_never_had_is_no_broken_log(installation_dir: Path) -> None:
    installation.create(installation_dir)
    with installation.opened(installation_dir):
        for old, size in (("0", "999999"), ("5", "3"), ("0", "9" * 30)):
            done = kwartier_here("--data", installation_dir, "audit", "consistency", old, size)
            assert (done.returncode, done.stdout) == (3, "")
            assert done.stderr.startswith("no-such-tree: ")
            assert "compare it with your latest backup" not in done.stderr


def test_a_key_that_is_none_says_nothing_about_the_proof_and_is_named(tmp_path: Path) -> None:
    proof, key, other = tmp_path / "proof", tmp_path / "log.vkey", tmp_path / "other"
    proof.write_text(single())
    key.write_text(VKEY)
    other.write_text("no key")
    asked = ("verify", proof, "--key")
    assert kwartier_here(*asked, key).returncode == 0
    for wrong in (other, tmp_path / "nowhere"):
        for named, option in (((*asked, wrong), "--key"), ((*asked, key, "--witness", wrong), "--witness")):
            done = kwartier_here(*named, environment={"COLUMNS": "200"})
            assert (done.returncode, done.stdout) == (2, "")
            assert f"Invalid value for '{option}'" in done.stderr
            assert "not genuine" not in done.stderr
    assert kwartier_here(*asked, key, "--witness", key).returncode == 2, "the log's own key is that of no witness"


def test_a_file_without_an_end_is_no_proof(tmp_path: Path) -> None:
    key = tmp_path / "log.vkey"
    key.write_text(VKEY)
    huge = tmp_path / "huge"
    with huge.open("wb") as file:
        file.truncate(1 << 36)
    done = kwartier_here("verify", huge, "--key", key)
    assert (done.returncode, "not genuine (malformed)" in done.stderr) == (1, True)
