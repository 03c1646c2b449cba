"""`kwartier grounds`: what it prints for programs and for people, and how it ends. No EAN in it, no person's name."""

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from command_support import kwartier_here
from kwartier.store.postgres import Dsns
from kwartier.workflows import installation
from registry_support import World, between, ean

pytestmark = pytest.mark.database


@dataclass(frozen=True)
class Home:
    """A folder with an installation, and its one connection, which has a supplier and is shared with an app for some time."""

    data: Path
    connection: int
    app: str

    def __call__(self, *arguments: str | Path) -> "subprocess.CompletedProcess[str]":
        return kwartier_here("--data", self.data, "grounds", *arguments)


@pytest.fixture
def home(installation_dir: Path, dsns: Dsns) -> Iterator[Home]:
    installation.create(installation_dir)
    with installation.opened(installation_dir), psycopg.connect(dsns.operator, autocommit=True) as c:
        world = World(c)
        supplier, app = world.party(), world.party("third_party")
        world.agreement(supplier)
        world.agreement(app)
        here, anna = world.connection(), world.subject()
        world.occupancy(here, anna)
        world.supply(here, supplier)
        world.permission(here, anna, app, between("2026-01-01", "2026-04-01"))
        code = c.execute("select code from kw.party where key = %s", (app,)).fetchone()
        assert code is not None
        yield Home(installation_dir, here, code[0])


def test_a_party_is_told_what_it_may_see(home: Home) -> None:
    done = home("may", home.app, str(home.connection), "--date", "2026-03-10", "--json")
    told = json.loads(done.stdout)
    assert (done.returncode, told["connection"], told["may_not"], told["bars"]) == (0, home.connection, [], [])
    (line,) = told["may"]
    assert (line["rule"], line["actions"], line["to"]) == ("T1", ["read", "deliver"], None)
    assert line["fact"]["table"] == "permission"
    people = home("may", home.app, str(home.connection), "--date", "2026-03-10")
    assert "intervals and day" in people.stdout
    assert "T1: You gave this party permission for these data." in people.stdout


def test_a_party_that_may_see_nothing_is_told_why_and_ends_with_1(home: Home) -> None:
    done = home("may", home.app, str(home.connection), "--date", "2026-05-10", "--json")
    told = json.loads(done.stdout)
    assert (done.returncode, told["may"]) == (1, [])
    assert [(one["purpose"], one["rule"]) for one in told["may_not"]] == [("third_party_service", "F7")]
    people = home("may", home.app, str(home.connection), "--date", "2026-05-10")
    assert "May see nothing." in people.stdout
    assert "Not for third party service: F7." in people.stdout


def test_who_may_see_names_parties_and_use_cases_and_numbers_people(home: Home, dsns: Dsns) -> None:
    with psycopg.connect(dsns.operator, autocommit=True) as c:
        world = World(c)
        used = c.execute("select code from kw.use_case where id = %s", (world.use_case(),)).fetchone()
    done = home("who", str(home.connection), "--date", "2026-03-10", "--json")
    told = [(one["role"], one["name"], one["rule"]) for one in json.loads(done.stdout)["may"]]
    assert told[0] == ("customer", None, "C1")
    assert ("third_party", "A party", "T1") in told
    assert used is not None
    assert ("operator", used[0], "O4") in told
    people = home("who", str(home.connection), "--date", "2026-03-10")
    assert "third party A" in people.stdout
    assert f"operator {used[0]}" in people.stdout
    for output in (done.stdout, people.stdout, done.stderr, people.stderr):
        assert ean(1) not in output
        assert "Somebody" not in output


def test_what_if_counts_and_lists(home: Home, tmp_path: Path) -> None:
    file = tmp_path / "proposal.toml"
    file.write_text('id = "next"\noff = ["T1"]\n')
    done = home("what-if", file, "--date", "2026-03-10", "--list", "--json")
    *listed, last = map(json.loads, done.stdout.splitlines())
    assert [(one["connection"], one["appears"], one["rule"], one["action"]) for one in listed] == [
        (home.connection, False, "T1", action) for action in ("read", "read", "deliver", "deliver")
    ], "intervals and registers"
    assert (last["appear"], last["touched"], last["connections"]) == ([], 1, 1)
    assert sum(one["permits"] for one in last["vanish"]) == len(listed)
    people = home("what-if", file, "--date", "2026-03-10", "--list")
    assert f"{home.connection} T1 third_party_service read vanishes" in people.stdout
    file.write_text('id = "same"\n')
    assert "No permit would appear, and none would vanish." in home("what-if", file, "--date", "2026-03-10").stdout


def test_a_wrong_proposal_or_number_is_told(home: Home, tmp_path: Path) -> None:
    file = tmp_path / "proposal.toml"
    file.write_text('id = "next"\noff = ["F1"]\n')
    done = home("what-if", file)
    assert (done.returncode, done.stdout) == (3, "")
    assert "bad-proposal: 'F1' is no row that grants" in done.stderr
    assert "docs/PROPOSAL.md" in done.stderr
    assert home("who", str(home.connection + 1)).returncode == 3
    assert home("who", str(home.connection), "--date", "soon").returncode == 2
