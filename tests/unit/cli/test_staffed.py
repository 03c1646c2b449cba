"""Who runs a command and why: asked for where personal data change or are shown, and told again to an auditor."""

import json
import os
import subprocess
from pathlib import Path

import psycopg
import pytest
import typer

from command_support import kwartier_here
from kwartier.cli.main import app
from kwartier.store.postgres import Dsns
from kwartier.workflows import installation
from registry_support import World

STAFFED = {
    "import",
    *("care look", "care list", "care switch", "care trust", "care add-firmware", "care load-firmware"),
    *("grid outages", "grid dangers", "grid listen", "grid alarms"),
    *("permission list", "permission log", "permission show", "permission sweep", "permission take", "permission claim"),
    *("permission sample", "permission evidence", "permission end", "customer refuse", "customer off", "customer on"),
    *("grounds may", "grounds who", "grounds what-if", "audit staff"),
}
"""What changes personal data or shows them; a command that comes by is entered here."""


def ran(*arguments: str | Path, **named: str) -> "subprocess.CompletedProcess[str]":
    bare = {key: value for key, value in os.environ.items() if not key.startswith("KWARTIER_")}
    return kwartier_here(*arguments, environment={**bare, **named, "COLUMNS": "200"})


def test_these_commands_ask_who_and_why() -> None:
    root = typer.main.get_command(app)
    found = set()
    for name, one in getattr(root, "commands", {}).items():
        for path, command in [(name, one), *((f"{name} {sub}", each) for sub, each in getattr(one, "commands", {}).items())]:
            if {"person", "because"} <= {each.name for each in command.params}:
                found.add(path)
    assert found >= STAFFED


@pytest.mark.parametrize(
    "command",
    [
        ["grounds", "who", "1"],
        ["care", "list"],
        ["grid", "dangers", "--no-ask"],
        ["permission", "notify", "P1"],
        ["audit", "staff", "1"],
    ],
    ids=" ".join,
)
def test_nobody_looks_without_a_name_and_a_reason(command: list[str], tmp_path: Path) -> None:
    for given, missing in (([], "--person"), (["--person", "M. de Vries"], "--because"), (["--because", "a call"], "--person")):
        done = ran("--data", tmp_path, *command, *given)
        assert done.returncode == 2
        assert f"Invalid value for '{missing}'" in done.stderr
        assert "KWARTIER_PERSON" in done.stderr
        assert "Vries" not in done.stderr


@pytest.mark.database
def test_who_looked_is_told_to_an_auditor_and_to_nobody_else(installation_dir: Path, dsns: Dsns) -> None:
    installation.create(installation_dir)
    with installation.opened(installation_dir), psycopg.connect(dsns.operator, autocommit=True) as c:
        world = World(c)
        here, anna = world.connection(), world.subject()
        world.occupancy(here, anna)
        done = ran(
            "--data",
            installation_dir,
            "grounds",
            "who",
            str(here),
            KWARTIER_PERSON="M. de Vries",
            KWARTIER_BECAUSE="belt: wie ziet dit",
        )
        assert done.returncode == 0, done.stderr
        entry = c.execute("select max(id) from audit.pending").fetchone()
        assert entry is not None
        auditor = {"KWARTIER_PERSON": "A. Uditor", "KWARTIER_BECAUSE": "steekproef"}
        told = ran("--data", installation_dir, "audit", "staff", str(entry[0]), "--json", **auditor)
        said = json.loads(told.stdout)
        assert (told.returncode, said["person"], said["because"], said["agrees"]) == (0, "M. de Vries", "belt: wie ziet dit", True)
        assert len(said["salt"]) == 32
        assert "M. de Vries" in ran("--data", installation_dir, "audit", "staff", str(entry[0]), **auditor).stdout
        looks = c.execute(
            "select e.id, convert_from(e.leaf, 'UTF8')::jsonb -> 'body', a.person, a.reason from audit.event e"
            " join kw.staff_act a on a.entry = e.id where e.kind = 'view:shown' and e.id <> %s order by e.id",
            (entry[0],),
        ).fetchall()
        said_of_it = {"entry": entry[0], "shown": "staff"}
        assert [each[1:] for each in looks] == [(said_of_it, "A. Uditor", "steekproef")] * 2, "who asked for a name is named too"
        unknown = ran("--data", installation_dir, "audit", "staff", str(looks[-1][0] + 1), **auditor)
        assert (unknown.returncode, "not-in-log" in unknown.stderr) == (3, True)
