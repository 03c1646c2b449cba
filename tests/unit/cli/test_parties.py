"""`kwartier parties` and `kwartier conduct`: what they print, how they end, and that no name and no document goes astray."""

import json
import os
import subprocess
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import psycopg
import pytest

from command_support import kwartier_here
from kwartier.store.postgres import Dsns
from kwartier.workflows import installation
from registry_support import World, between

pytestmark = pytest.mark.database
ANNA, BRAM = (("--person", name, "--because", "a test") for name in ("Anna", "Bram"))


USE = {
    "purpose": "device_care",
    "data_class": "device_state",
    "mask": 0,
    "area": "wijk-01",
    "days": between("2026-01-01", "2027-01-01"),
    "approved": between("2026-01-01", "2027-01-01"),
    "approved_by": "a [role]",
    "yearly_limit": 12,
    "min_group": 2,
    "necessity": "n",
    "subsidiarity": "s",
    "proportionality": "p",
}


@pytest.fixture
def house(installation_dir: Path, dsns: Dsns) -> Iterator[Path]:
    installation.create(installation_dir)
    with installation.opened(installation_dir), psycopg.connect(dsns.operator, autocommit=True) as c:
        world = World(c)
        world.agreement(world.party())
        world.agreement(world.party("third_party"), between("2020-01-01"))
        world.transformer()
        yield installation_dir


def run(house: Path, *arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    return kwartier_here("--data", house, *arguments)


def test_a_party_from_day_to_day(house: Path, tmp_path: Path) -> None:
    done = run(house, "parties", "suspend", "P2", "breach", *ANNA)
    assert (done.returncode, done.stdout) == (0, "")
    listed = {one["code"]: one for one in json.loads(run(house, "parties", "list", "--json").stdout)["parties"]}
    assert listed["P1"]["suspended"] is None
    assert listed["P2"]["suspended"]["to"] is None
    assert "suspended since" in run(house, "parties", "list").stdout
    assert run(house, "parties", "reinstate", "P2", *ANNA).returncode == 0
    again = run(house, "parties", "reinstate", "P2", *ANNA)
    assert again.returncode == 3
    assert "P2 is not suspended" in again.stderr
    checked = json.loads(run(house, "parties", "check", "--json").stdout)
    assert [one["code"] for one in checked["due"]] == ["P2"]
    statement = tmp_path / "statement.pdf"
    statement.write_bytes(b"we keep to it")
    assert run(house, "parties", "assure", "P2", statement, *ANNA).returncode == 0
    shown = json.loads(run(house, "parties", "show", "P2", "--json", *ANNA).stdout)
    assert shown["statements"][0]["sha256"] == sha256(b"we keep to it").hexdigest()
    assert len(shown["suspensions"]) == 1


def test_a_key_with_its_private_part_is_refused_and_not_repeated(house: Path, tmp_path: Path) -> None:
    file = tmp_path / "key.json"
    file.write_text(json.dumps({"kty": "EC", "kid": "one", "d": "c2VjcmV0"}))
    done = run(house, "parties", "key", "P2", file, *ANNA)
    assert done.returncode == 3
    assert "private part" in done.stderr
    assert "c2VjcmV0" not in done.stderr + done.stdout


def test_a_use_is_proposed_by_one_and_approved_by_another(house: Path, tmp_path: Path) -> None:
    file = tmp_path / "use.toml"
    lines = ['code = "care"', 'purpose = "device_care"', 'data_class = "device_state"', 'area = "wijk-01"', "yearly_limit = 12"]
    lines += ["days_from = 2026-01-01", "days_to = 2099-01-01", "expires = 2098-01-01", "min_group = 2"]
    file.write_text("\n".join([*lines, *(f'{name} = "why"' for name in ("necessity", "subsidiarity", "proportionality"))]))
    assert run(house, "conduct", "propose", file, *ANNA).returncode == 0
    own = run(house, "conduct", "approve", "care", "--role", "privacy officer", *ANNA)
    assert own.returncode == 3
    assert "somebody else" in own.stderr
    assert run(house, "conduct", "approve", "care", "--role", "privacy officer", *BRAM).returncode == 0
    listed = json.loads(run(house, "conduct", "list", "--json").stdout)
    assert [(one["code"], one["approved_by"]) for one in listed["registered"]] == [("care", "privacy officer")]
    assert "Bram" not in json.dumps(listed)
    assert run(house, "conduct", "approve", "care", "--role", "", *BRAM).returncode == 2, "whatever there is to approve"
    assert run(house, "conduct", "end", "care", *BRAM).returncode == 0


def test_the_code_of_a_use_is_never_cut(house: Path, dsns: Dsns) -> None:
    with psycopg.connect(dsns.operator, autocommit=True) as c:
        code = "c" * 60
        World(c).new("use_case", **USE | {"code": code})
    listed = kwartier_here("--data", house, "conduct", "list", environment={**os.environ, "COLUMNS": "40"}).stdout
    assert listed.startswith(f"{code}  device care  wijk-01  approved 2026-01-01, until 2027-01-01  by a [role]\n"), listed
