"""`kwartier retention` and `kwartier rights erase`: from a number on standard input to nobody, with a receipt that proves it."""

import io
import json
import subprocess
from collections import Counter
from collections.abc import Callable
from datetime import date
from pathlib import Path

import psycopg
import pytest
from rich.console import Console

from command_support import kwartier_here
from kwartier.audit.verify import verify
from kwartier.cli import retention as cli_retention
from kwartier.cli import told_retention
from kwartier.grounds import retention
from kwartier.grounds.erasure import Held, Stay, decide_erasure
from kwartier.model.period import Period, midnight
from kwartier.model.register import Product
from kwartier.store.postgres import Dsns
from kwartier.workflows import installation
from kwartier.workflows.retention import RetentionReport
from kwartier.workflows.rights.erasure import Receipt
from registry_support import World, between

pytestmark = pytest.mark.database

DESK = ("--person", "Desk of the operator", "--because", "letter of the customer")


@pytest.fixture
def data(installation_dir: Path, dsns: Dsns) -> Path:
    """Return an installation in which somebody lived."""
    installation.create(installation_dir)
    with installation.opened(installation_dir), psycopg.connect(dsns.operator, autocommit=True) as c:
        world = World(c)
        world.occupancy(world.connection(), world.subject("LEFT-7"), between("2022-01-01", "2026-01-01"))
    return installation_dir


def erase(data: Path, code: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return kwartier_here("--data", data, "rights", "erase", *arguments, said=f"{code}\n")


def test_a_person_is_erased_at_the_desk_and_by_the_next_run(data: Path, tmp_path: Path) -> None:
    receipt = tmp_path / "receipt.tlog-proof"
    done = erase(data, "LEFT-7", "--receipt", str(receipt), *DESK, "--json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["whole"] is True
    assert {one["fate"] for one in said["answers"]} == {"erased"}
    assert "LEFT-7" not in done.stdout + done.stderr + receipt.read_text("utf-8")
    assert receipt.stat().st_mode & 0o777 == 0o600
    assert erase(data, "LEFT-7", "--receipt", str(receipt), *DESK).returncode == 2, "no file is written over"
    again = erase(data, "LEFT-7", "--receipt", str(tmp_path / "again"), *DESK)
    assert (again.returncode, "retention run" in again.stderr) == (3, True)
    assert not (tmp_path / "again").exists(), "what was not done leaves no file"

    run = json.loads(kwartier_here("--data", data, "retention", "run", "--json").stdout)
    assert (run["erasures"], run["forgotten"]) == (1, 1)
    assert any("pg_wal" in line for line in run["left"])
    proved = verify(receipt.read_bytes(), (data / "keys" / "log.vkey").read_text("utf-8").strip(), "LEFT-7")
    assert proved.about_subject


def test_where_no_receipt_can_be_written_nothing_is_erased(data: Path, tmp_path: Path) -> None:
    done = erase(data, "LEFT-7", "--receipt", str(tmp_path / "no" / "folder"), *DESK)
    assert (done.returncode, "--receipt" in done.stderr) == (2, True)
    assert erase(data, "LEFT-7", "--receipt", str(tmp_path / "receipt"), *DESK).returncode == 0, "it can be asked again"


def printed(tell: Callable[[Console], None]) -> str:
    console = Console(file=io.StringIO(), width=200, record=True)
    tell(console)
    return " ".join(console.export_text().split())


def test_an_answer_is_told_in_both_languages_with_its_article() -> None:
    stay = Stay(7, Period(midnight(date(2020, 1, 1)), midnight(date(2021, 1, 1))))
    found = decide_erasure([stay], [Held(7, 1 << 4, date(2020, 5, 1), date(2020, 6, 1))], at=midnight(date(2021, 2, 1)))
    words = printed(lambda console: told_retention.erasure(console, Receipt(found.answers, found.whole, "", {7: Product.GAS})))
    assert "gas (7)" in words
    assert "stays up to 2025-06-01, since a task under law needs it" in words
    assert "blijft tot en met 01-06-2025" in words
    assert "GDPR art. 17(3)(b)" in words


def test_what_went_is_told_and_what_is_left_to_the_administrator() -> None:
    assert "Nothing" in printed(lambda console: told_retention.given_up(console, RetentionReport()))
    report = RetentionReport(Counter(rows=1200, forgotten=1, quarantine=0), ("do this",))
    words = printed(lambda console: told_retention.given_up(console, report))
    assert "1,200 channel-days of readings" in words
    assert "1 persons forgotten" in words
    assert "quarantine" not in words
    assert "administrator: do this" in words


def test_the_table_is_what_the_command_prints(capsys: pytest.CaptureFixture[str]) -> None:
    cli_retention.table()
    assert capsys.readouterr().out == retention.as_markdown()
