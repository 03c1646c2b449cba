"""`kwartier audit` and `kwartier verify`: a slip of whoever asks is no alarm about the log, and no proof is called false for it."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest.mock import patch

import pytest

from command_support import kwartier_here
from kwartier.audit.events import Event, EventKind
from kwartier.workflows import installation
from kwartier.workflows.installation import Installation
from proof_support import VKEY, single
from witness_support import running


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


def happens(house: Installation) -> None:
    with house.operator() as c:
        house.log.record(c, [Event(datetime(2026, 11, 25, tzinfo=UTC), EventKind.IMPORT_TAKEN, "operator")])


@pytest.mark.database
@pytest.mark.usefixtures("dsns")
def test_a_witness_that_is_away_fails_no_command_and_is_told_wherever_somebody_looks(
    installation_dir: Path, tmp_path: Path
) -> None:
    here = ("--data", installation_dir)
    installation.create(installation_dir)
    with installation.opened(installation_dir) as house:
        none = kwartier_here(*here, "audit", "witness")
        assert (none.returncode, "No witness" in none.stdout) == (1, True)
        with running(tmp_path / "witness", house.log.vkey) as seat:
            with (installation_dir / "kwartier.toml").open("a", encoding="utf-8") as settings:
                settings.write(f'witness = "{seat.host}:{seat.port}"\nwitness_key = "{seat.vkey}"\n')
            happens(house)
            assert kwartier_here(*here, "audit", "checkpoint").returncode == 0
            told = kwartier_here(*here, "audit", "witness", "--json")
            assert told.returncode == 0
            found = json.loads(told.stdout)
            assert (found["met"], found["size"], found["signed"]) == (True, 1, 1)
        happens(house)
        signed = kwartier_here(*here, "audit", "checkpoint")
        assert signed.returncode == 3
        assert signed.stdout.split("\n")[1] == "2", "signed it is all the same"
        assert signed.stderr.startswith("not-witnessed: ")
        told = kwartier_here(*here, "audit", "witness")
        assert told.returncode == 1
        assert "1 of 2 lines" in told.stdout
        assert "not met" in told.stdout
        for command in (("retention", "run", "--json"), ("deliver",), ("permission", "sweep", "--json")):
            done = kwartier_here(*here, *command)
            assert done.returncode == 0, "what was asked is done, and so it is told"
            assert json.loads(done.stdout) is not None
            assert "not-witnessed" in done.stderr
        with patch.object(installation, "system_clock", lambda: datetime.now(UTC) + timedelta(minutes=2)):
            found = json.loads(kwartier_here(*here, "audit", "replay", "--json").stdout)
        assert "not-witnessed" in str(found)
        assert (found["late"], found["uncovered"]) == (1, 0)


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
