"""`kwartier permission`: what it prints for programs and for people, and how it ends. No EAN in a list, nobody's name anywhere."""

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
from permission_support import Home
from registry_support import World, between, ean

pytestmark = pytest.mark.database


@dataclass(frozen=True)
class Place:
    """A folder with an installation in which a customer has shared with an app."""

    data: Path
    home: Home
    permission: int

    def __call__(self, *arguments: str | Path) -> "subprocess.CompletedProcess[str]":
        return kwartier_here("--data", self.data, "permission", *arguments)


@pytest.fixture
def place(installation_dir: Path, dsns: Dsns) -> Iterator[Place]:
    installation.create(installation_dir)
    with installation.opened(installation_dir) as house, psycopg.connect(dsns.operator, autocommit=True) as c:
        home = Home.begin(house, World(c))
        yield Place(
            installation_dir,
            home,
            home.world.permission(home.connection, home.person, home.app, between("2026-01-01", "2026-03-01")),
        )


def test_lists_and_logs_name_no_ean_and_one_permission_is_shown_as_the_regulation_has_it(place: Place) -> None:
    swept = place("sweep", "--json")
    assert (swept.returncode, json.loads(swept.stdout)["ended"]) == (0, 1)
    listed = place("list", "--json")
    (one,) = [json.loads(line) for line in listed.stdout.splitlines()]
    assert (one["permission"], one["party"], one["ended"], one["because"]) == (
        f"kw-{place.permission}",
        place.home.code(),
        "expired",
        None,
    )
    assert place("list", "--active").stdout == ""
    for arguments in (
        ("list", "--party", "nobody"),
        ("requests", "--party", "nobody"),
        ("log", "--party", "nobody"),
        ("notify", "nobody"),
    ):
        unknown = place(*arguments)
        assert (unknown.returncode, unknown.stdout, "no party has this code" in unknown.stderr) == (3, "", True), arguments
    assert place("log", "--party", "").returncode == 0, "the own page"
    (line,) = [json.loads(line) for line in place("log", "--party", place.home.code(), "--json").stdout.splitlines()]
    assert (line["event"], line["permission"], line["party"]) == ("expired", one["permission"], place.home.code())
    shown = json.loads(place("show", one["permission"], "--json").stdout)
    assert (shown["object"], shown["reason_for_end"], shown["access_log"]) == ("listed_permission", "end_reached", [])
    point = place.home.ean().reveal()
    assert shown["established"]["permission"]["request"]["metering_point"] == {"identifier": point}
    assert point not in listed.stdout
    for people in (place("log"), place("show", one["permission"])):
        assert (people.returncode, point in people.stdout, one["permission"] in people.stdout) == (0, False, True)
    with place.home.house.auditor() as c:
        place.home.house.log.integrate(c)
        looks = c.execute("select leaf from audit.entry where kind = 'view:shown' and connection = %s", (place.home.connection,))
        told = [json.loads(leaf) for (leaf,) in looks]
    assert [one["body"] for one in told] == [{"asked": None, "shown": "permission"}] * 2, "each look, in the log of who gave it"
    assert all("staff" in one and "subject" in one for one in told)


def test_a_listing_goes_on_behind_where_it_ended(place: Place) -> None:
    home = place.home
    for purpose in ("b", "c"):
        home.world.permission(home.connection, home.person, home.app, between("2026-01-01", "2026-03-01"), purpose=purpose)
    place("sweep")
    for name, key in (("list", "permission"), ("log", "number")):
        whole = [json.loads(line)[key] for line in place(name, "--json").stdout.splitlines()]
        assert len(whole) == 3
        first = [json.loads(line)[key] for line in place(name, "--limit", "2", "--json").stdout.splitlines()]
        rest = [json.loads(line)[key] for line in place(name, "--after", str(first[-1]), "--json").stdout.splitlines()]
        assert first + rest == whole
    told = place("notify", home.code()).stdout.splitlines()
    numbers = [json.loads(line)["number"] for line in place("log", "--party", home.code(), "--json").stdout.splitlines()]
    assert len(told) == len(numbers) == 3
    for n in range(4):
        behind = ["--after", str(numbers[n - 1])] if n else []
        assert place("notify", home.code(), *behind).stdout.splitlines() == told[n:]
    assert place("notify", home.code(), "--after", str(numbers[0]), "--limit", "1").stdout.splitlines() == told[1:2]
    assert place("list", "--after", "kw-999").returncode == 3


def test_what_cannot_be_done_is_told_and_ends_with_3(place: Place, tmp_path: Path) -> None:
    file = tmp_path / "permissions.jsonl"
    file.write_text("{}\n", "utf-8")
    for arguments, code in (
        (("take", file), "granted-here"),
        (("end", place.home.code(), "kw-999"), "no-such-permission"),
        (("end", place.home.code(), f"kw-{place.permission}"), "has-ended"),
        (("claim", place.home.code(), file), "unreadable-file"),
        (("evidence", "1", "--held"), "not-found"),
    ):
        done = place(*arguments)
        assert (done.returncode, code in done.stderr) == (3, True), done.stderr


def test_what_is_claimed_and_asked_is_counted(place: Place, tmp_path: Path) -> None:
    file = tmp_path / "mandates.csv"
    file.write_text(
        "ean,reference,begin,end,kinds,direction,purpose,data_from,data_to\n"
        f"{place.home.ean().reveal()},c1,2026-01-01,2029-01-01,day,combined,rekening,,\n"
        f"{ean(9999)},c2,2026-01-01,2029-01-01,day,combined,rekening,,\n"
        "x,c3,2026-01-01,2029-01-01,day,combined,rekening,,\n",
        "utf-8",
    )
    told = json.loads(place("claim", place.home.code(), file, "--json").stdout)
    assert (told["presented"], told["invalid"], told["refused"]) == (1, {"unknown_point": 1}, {"bad-ean": 1})
    asked = place("ask", place.home.code(), file)
    assert (asked.returncode, "differs: 2" in asked.stdout) == (0, True)


def test_requests_are_listed_with_what_became_of_them(place: Place, tmp_path: Path) -> None:
    file = tmp_path / "asked.csv"
    head = "ean,reference,begin,end,kinds,direction,purpose,data_from,data_to"
    file.write_text(f"{head}\n{place.home.ean().reveal()},r-1,2026-01-01,2030-01-01,day,combined,geheim doel,,\n", "utf-8")
    assert place("ask", place.home.code(), file, "--json").returncode == 0
    listed = place("requests", "--party", place.home.code(), "--json")
    (one,) = [json.loads(line) for line in listed.stdout.splitlines()]
    assert (one["origin"], one["party"], one["state"], one["connection"]) == (
        "party",
        place.home.code(),
        "presented",
        place.home.connection,
    )
    objects = [json.loads(line) for line in place("asked", str(one["request"])).stdout.splitlines()]
    assert [each["object"] for each in objects] == ["preset_permission_information", "request_validation_information"]
    assert objects[0]["metering_point"] == {"identifier": place.home.ean().reveal()}
    told = place("requests")
    assert "waits until" in told.stdout
    for text in (listed.stdout, told.stdout):
        assert place.home.ean().reveal() not in text
        assert "geheim" not in text


def test_a_no_by_letter_is_written_down_and_the_party_is_told_to_ask(place: Place, tmp_path: Path) -> None:
    file, head = tmp_path / "mandates.csv", "ean,reference,begin,end,kinds,direction,purpose,data_from,data_to"

    def claimed(reference: str) -> str:
        file.write_text(f"{head}\n{place.home.ean().reveal()},{reference},2026-01-01,2030-01-01,day,combined,rekening,,\n", "utf-8")
        return place("claim", place.home.code(), file).stdout

    assert "presented: 1" in claimed("c1")
    (letter,) = (place.data / "letters").iterdir()
    number = json.loads(letter.read_text("utf-8"))["reference"]
    done = place("veto", number)
    assert (done.returncode, "does not" in done.stdout) == (0, True), done.stderr
    assert (again := place("veto", number)).returncode == 3
    assert "already-answered" in again.stderr
    assert "no-such-request" in place("veto", "mandate-999").stderr
    assert "no-such-permission" in place("veto", "reminder-999-30").stderr
    assert {place("veto", wrong).returncode for wrong in ("letter-1", "7", "7-30", "reminder-7", "mandate-4-30")} == {2}
    assert "permission ask" in claimed("c2")
    late = place("veto", f"permission-{place.permission}")
    assert (late.returncode, "needs a yes" in late.stdout) == (0, True), late.stderr
    assert "has-ended" in place("veto", f"permission-{place.permission}").stderr


def test_a_sample_is_drawn_by_another_seed_each_time_unless_one_is_given(place: Place) -> None:
    drawn = [json.loads(place("sample", place.home.code(), "--json").stdout)["seed"] for _ in range(2)]
    assert drawn[0] != drawn[1]
    assert json.loads(place("sample", place.home.code(), "--seed", "7", "--json").stdout)["seed"] == 7
