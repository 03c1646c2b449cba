"""`kwartier rights` and `kwartier breach`, as somebody of the operator's runs them: by name, with a reason, people as numbers."""

import io
import json
import os
import subprocess
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest

from command_support import kwartier_here
from kwartier.model.period import ZONE
from kwartier.store.postgres import Dsns
from kwartier.workflows import installation
from registry_support import World

pytestmark = pytest.mark.database

Run = Callable[..., "subprocess.CompletedProcess[str]"]
SPAN = ("--from", "2026-01-01T00:00:00+01:00", "--to", "2027-01-01T00:00:00+01:00")


@pytest.fixture
def run(installation_dir: Path, dsns: Dsns, monkeypatch: pytest.MonkeyPatch) -> Run:
    installation.create(installation_dir)
    with installation.opened(installation_dir), psycopg.connect(dsns.operator, autocommit=True) as c:
        world = World(c)
        world.occupancy(world.connection(), world.subject("ANNA"))
    monkeypatch.setenv("KWARTIER_PERSON", "A. Officer")
    monkeypatch.setenv("KWARTIER_BECAUSE", "a test")

    def run(*arguments: str, said: str = "", check: bool = True) -> "subprocess.CompletedProcess[str]":
        done = kwartier_here("--data", installation_dir, *arguments, said=said, environment=os.environ)
        assert not check or done.returncode == 0, done.stderr
        return done

    return run


def told(done: "subprocess.CompletedProcess[str]") -> Any:  # noqa: ANN401 - one JSON object
    return json.loads(done.stdout.splitlines()[-1])


def test_a_letter_is_written_down_and_answered_by_a_named_person(run: Run) -> None:
    asked = told(run("rights", "ask", "rectification", "--words", "-", "--json", said="ANNA\nall of it\n"))
    assert (asked["state"], asked["open"], asked["words"], asked["article"]) == ("asked", True, "all of it", "GDPR art. 16, 19")
    assert [one["request"] for one in told(run("rights", "list", "--json"))["requests"]] == [asked["request"]]
    number = str(asked["request"])
    assert "all of it" not in run("rights", "list", "--json").stdout, "who reads that looks at the one request"
    before = datetime.fromisoformat(asked["due"]).astimezone(ZONE).date()
    listed = run("rights", "list").stdout
    assert "before" in listed.splitlines()[0], "the term ends with the midnight that opens this day"
    assert str(before) in listed
    assert told(run("rights", "extend", number, "--reason", "-", "--json", said="much to look at\n"))["state"] == "extended"
    assert run("rights", "answer", number, "--refuse", check=False).returncode == 2, "without a reason"
    assert told(run("rights", "answer", number, "--refuse", "--reason", "-", "--json", said="kept by law\n"))["state"] == "refused"
    people = run("rights", "show", number).stdout
    assert "kept by law" in people
    assert "ANNA" not in people
    assert "Nothing waits" in run("rights", "list").stdout


def test_a_look_at_who_lives_nowhere_is_in_the_log_and_the_document_too(run: Run, tmp_path: Path, dsns: Dsns) -> None:
    run("rights", "correct-stay", "1", "--nobody", "--reason", "-", said="never lived there")
    number = str(told(run("rights", "ask", "access", "--json", said="ANNA\n"))["request"])
    run("rights", "show", number)
    assert told(run("rights", "stays", said="ANNA\n")) == {"stays": []}
    written = run("rights", "write", number, "--out", tmp_path / "anna.json")
    assert "The person's log says" in written.stderr
    document = json.loads((tmp_path / "anna.json").read_bytes())
    shown = {one["kind"]: one["product"] for one in document["log"]}
    assert {kind: shown[kind] for kind in ("right:asked", "view:shown")} == {"right:asked": None, "view:shown": None}
    assert shown["occupancy:superseded"] == "electricity"
    with psycopg.connect(dsns.owner) as c:
        lines = c.execute(
            "select connection, convert_from(leaf, 'UTF8')::jsonb from audit.event where kind = 'view:shown' order by id"
        )
        looks = [(connection, said["body"]["shown"], "staff" in said) for connection, said in lines]
    assert looks == [(0, what, True) for what in ("request", "stays", "document")]
    number = str(told(run("breach", "open", "--nature", "-", *SPAN, "--kind", "view:shown", said="A file lay open"))["breach"])
    (touched,) = told(run("breach", "touched", number))["touched"]
    assert (touched["connection"], touched["lines"]) == (None, 3)


def test_who_asked_by_letter_gets_the_document_that_the_page_has(run: Run, tmp_path: Path, dsns: Dsns) -> None:
    number = str(told(run("rights", "ask", "access", "--json", said="ANNA\n"))["request"])
    found = tmp_path / "anna.json"
    run("rights", "write", number, "--out", found)
    document = json.loads(found.read_bytes())
    assert (document["format"], document["person"]["code"]) == ("kwartier/access/1", "ANNA")
    assert found.stat().st_mode & 0o777 == 0o600
    with psycopg.connect(dsns.owner) as c:
        lines = c.execute("select convert_from(leaf, 'UTF8')::jsonb from audit.event where kind = 'view:shown'").fetchall()
    assert [(said["body"]["shown"], "staff" in said) for (said,) in lines] == [("document", True)], (
        "with who of the operator's it was"
    )
    assert run("rights", "write", number, "--out", found, check=False).returncode == 2, "no file is written over"
    assert run("rights", "write", number, "--out", tmp_path / "b", "--form", "csv", check=False).returncode == 3, (
        "sheets are for portability"
    )
    assert told(run("rights", "ask", "portability", "--json", said="ANNA\n"))["state"] == "refused", "nothing rests on consent"
    with psycopg.connect(dsns.operator, autocommit=True) as c:
        World(c).permission(1, 1, None, purpose="own")
    portable = str(told(run("rights", "ask", "portability", "--json", said="ANNA\n"))["request"])
    run("rights", "write", portable, "--out", tmp_path / "anna.zip", "--form", "csv")
    assert (tmp_path / "anna.zip").read_bytes().startswith(b"PK")
    other = str(told(run("rights", "ask", "restriction", "--json", said="ANNA\n"))["request"])
    assert run("rights", "write", other, "--out", tmp_path / "c", check=False).returncode == 3, "there is no document to it"
    assert sorted(one.name for one in tmp_path.iterdir() if one.is_file()) == ["anna.json", "anna.zip"]


def test_an_objection_is_overridden_on_written_grounds(run: Run) -> None:
    asked = told(run("rights", "ask", "objection", "--about", "outage", "--json", said="ANNA\n"))
    assert [one["rule"] for one in asked["events"][-1]["reached"] if one["done"]] == ["O2"]
    found = told(run("rights", "override", str(asked["request"]), "--reason", "-", "--json", said="lives depend on it"))
    assert (found["state"], found["events"][-1]["because"]) == ("overridden", "lives depend on it")


def test_a_breach_from_its_opening_to_its_end(run: Run) -> None:
    run("rights", "ask", "access", said="ANNA\n")
    opened = told(run("breach", "open", *SPAN, "--nature", "-", "--kind", "right:asked", "--json", said="a file lay open"))
    number = str(opened["breach"])
    reach = told(run("breach", "touched", number, "--json"))
    assert (reach["persons"], reach["touched"][0]["lines"], [one["whom"] for one in reach["owed"]]) == (
        1,
        1,
        ["authority", "persons"],
    )
    assert told(run("breach", "notify", number, "authority"))["owed"][0]["done"]
    assert told(run("breach", "notify", number, "persons"))["owed"][1]["done"]
    assert told(run("breach", "close", number))["closed"]
    assert [one["closed"] for one in told(run("breach", "list"))["breaches"]] == [True]
    assert run("breach", "close", number, check=False).returncode == 3


def test_the_record_of_processing_is_printed(run: Run) -> None:
    assert "## Activities (art. 30(1)(b) to (f))" in run("rights", "record").stdout


def test_without_a_name_nothing_is_done(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KWARTIER_PERSON")
    assert run("rights", "list", check=False).returncode == 2
    assert run("breach", "touched", "1", check=False).returncode == 2


def test_a_stay_and_a_name_are_put_right(run: Run) -> None:
    (stay,) = told(run("rights", "stays", said="ANNA\n"))["stays"]
    done = told(run("rights", "correct-stay", str(stay["stay"]), "--from", "2021-05-01", "--reason", "-", said="came later"))
    assert (done["wrong"]["to"][:10], done["tell"]) == ("2021-04-30", [])
    assert run("rights", "correct-stay", str(stay["stay"]), "--reason", "-", said="x", check=False).returncode == 2
    (stay,) = told(run("rights", "stays", said="ANNA\n"))["stays"]
    also = run(
        "rights", "correct-stay", str(stay["stay"]), "--nobody", "--to", "2026-03-01", "--reason", "-", said="x", check=False
    )
    assert (also.returncode, told(run("rights", "stays", said="ANNA\n"))["stays"]) == (2, [stay]), (
        "an end says that it was somebody's"
    )
    ends = ("--from", "2026-03-29", "--to", "2026-03-29", "--reason", "-")
    for command in (("correct-stay", str(stay["stay"])), ("dispute", "1")):
        empty = run("rights", *command, *ends, said="x", check=False)
        assert (empty.returncode, empty.stderr.partition(":")[0]) == (3, "cannot-be-asked"), empty.stderr
    assert told(run("rights", "correct-name", "--reason", "-", said="ANNA\nJansen\nmarried\n"))["fact"] == "name"
    assert run("rights", "stays", said="NOBODY\n", check=False).returncode == 3


def test_a_text_given_in_the_place_of_its_file_is_refused_and_not_repeated(run: Run, tmp_path: Path) -> None:
    refused = run("rights", "ask", "rectification", "--words", "my neighbour steals gas", said="ANNA\n", check=False)
    assert refused.returncode == 2
    assert "steals" not in refused.stdout + refused.stderr
    words = tmp_path / "words.txt"
    words.write_text("the tenth is wrong\n", encoding="utf-8")
    asked = told(run("rights", "ask", "rectification", "--words", str(words), "--json", said="ANNA\n"))
    assert asked["words"] == "the tenth is wrong"
    words.write_bytes(b"\xff\xfe")
    assert run("rights", "extend", "1", "--reason", str(words), check=False).returncode == 2
    assert run("rights", "extend", "1", "--reason", "-", said="x" * 70_000, check=False).returncode == 2


def test_values_are_a_table_and_what_is_none_is_refused_without_being_repeated(run: Run, tmp_path: Path) -> None:
    reason = tmp_path / "reason"
    reason.write_text("the display showed less", encoding="utf-8")
    table = "channel,start,value\nimport,2026-03-10T00:00:00+01:00,7\n"
    nothing = run("rights", "correct-reading", "1", "--reason", str(reason), said=table, check=False)
    assert (nothing.returncode, "no such reading" in nothing.stderr) == (3, True)
    first, last = "0001-01-01", "9999-12-31T23:59:00-05:00"
    moments = [table.replace("2026-03-10T00:00:00+01:00", moment) for moment in (first, last)]
    large = table.replace("import", "secret" * 30_000)
    for wrong in ("", "at,value\n", table.replace("import", "secret"), table.replace("7", "4711x"), table + "a\n", large, *moments):
        refused = run("rights", "correct-reading", "1", "--reason", str(reason), said=wrong, check=False)
        assert refused.returncode == 3
        assert "secret" not in refused.stderr
        assert "4711" not in refused.stderr
    month = "".join(f"import,2026-03-{day:02}T{n // 4:02}:{n % 4 * 15:02}:00+01:00,7\n" for day in range(1, 29) for n in range(96))
    asked = run("rights", "correct-reading", "1", "--reason", str(reason), said="channel,start,value\n" + month, check=False)
    assert (asked.returncode, "no such reading" in asked.stderr) == (3, True), "a month at once"
    whole = run("rights", "correct-reading", "871600000000000003", "--reason", str(reason), said=table, check=False)
    assert (whole.returncode, "never by its EAN" in whole.stderr) == (2, True)


def test_couplings_are_listed_and_a_pair_that_is_none_is_refused(run: Run, dsns: Dsns) -> None:
    with psycopg.connect(dsns.operator, autocommit=True) as c:
        facts = World(c)
        facts.number()  # the home has the first
        gas = facts.connection("gas")
    assert told(run("rights", "couplings", str(gas))) == {"couplings": []}
    for electricity_or_none in ("1", "999999"):
        assert run("rights", "couplings", electricity_or_none, check=False).returncode == 3
    assert run("rights", "correct-coupling", "one=two", check=False).returncode == 2
    assert run("rights", "correct-coupling", "1=2", "--reason", "-", said="swapped", check=False).returncode == 3
    assert run("rights", "told", "1", check=False).returncode == 3


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("rights", "stays"), b"Zo\xeb\n"),
        (("rights", "stays"), b"AN\0NA\n"),
        (("rights", "correct-name", "--reason", "a"), b"ANNA\nZo\xeb\n"),
        (("rights", "ask", "rectification", "--words", "-"), b"ANNA\nZo\xeb\n"),
        (("rights", "erase", "--receipt", "receipt"), b"AN\0NA\n"),
        (("parties", "contact", "x", "privacy", "--from", "-"), b"Zo\xeb\n"),
    ],
)
@pytest.mark.parametrize("errors", ["strict", "surrogateescape"])
def test_what_is_no_text_on_standard_input_is_told_and_nothing_is_done(
    run: Run, installation_dir: Path, command: tuple[str, ...], said: bytes, errors: str
) -> None:
    typed = io.TextIOWrapper(io.BytesIO(said), "utf-8", errors)
    done = kwartier_here("--data", installation_dir, *command, said=typed, environment=os.environ)
    assert (done.returncode, "standard input" in done.stderr) == (2, True), done.stderr
    assert told(run("rights", "list", "--json"))["requests"] == []


def test_what_names_nothing_on_the_command_line_is_no_work(run: Run) -> None:
    for wrong in (
        ("rights", "settle", "1", "maybe"),
        ("rights", "ask", "objection"),
        ("rights", "correct-stay", "1", "--from", "9999-12-31"),
        ("rights", "correct-stay", "1", "--from", "0001-01-01"),
        ("rights", "correct-stay", "1", "--from", "2026-01-01", "--to", "2126-01-01"),
        ("rights", "dispute", "1", "--from", "1999-12-31", "--to", "2000-01-01"),
        ("breach", "open", "--from", "0001-01-01T00:00:00+00:00", "--to", "2027-01-01", "--nature", "-"),
        ("permission", "list", "--limit", "9" * 20),
    ):
        assert run(*wrong, said="ANNA\n", check=False).returncode == 2, wrong


def test_a_breach_by_somebody_who_did_nothing_is_a_slip_of_the_pen(run: Run) -> None:
    run("rights", "ask", "access", said="ANNA\n")
    scope = ("breach", "open", *SPAN, "--nature", "-", "--json")
    assert run(*scope, "--actor", "operater", said="a file", check=False).returncode == 3
    assert told(run(*scope, "--actor", "operator", said="a file"))["breach"] == 1
