"""What a customer said by letter, readings by hand and proof of absence: the commands as staff type them."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from chain_support import DAY, town
from command_support import kwartier_here
from kwartier.workflows import installation
from kwartier.workflows.installation import system_clock

pytestmark = pytest.mark.database

STAFF = ("--person", "Pien Post", "--because", "letter of the customer")


def test_off_by_letter_registers_by_hand_and_a_proof_of_absence(unread: Path, tmp_path: Path) -> None:
    def run(*arguments: str) -> tuple[int, str]:
        done = kwartier_here("--data", unread, *arguments)
        return done.returncode, done.stdout + done.stderr

    with town(unread), installation.opened(unread) as house, house.operator() as c:
        row = c.execute(
            "select c.key, s.code from kw.connection c join kw.occupancy o on o.connection = c.key and upper_inf(o.period)"
            " join kw.subject s on s.key = o.subject join kw.meter m on m.connection = c.key"
            " where not exists (select from kw.restriction r where r.connection = c.key) order by c.key limit 1"
        ).fetchone()
        assert row is not None
        key, code = row
        c.commit()
        assert run("customer", "off", str(key), *STAFF)[0] == 0
        status, said = run("customer", "off", str(key), *STAFF)
        assert (status, "stands as it was asked" in said) == (3, True)
        at = (system_clock() - timedelta(hours=1)).isoformat()
        shown = tmp_path / "registers"
        shown.write_text("low=12345.678 normal=1.000\n", encoding="utf-8")
        reading = ("hand-readings", "take", str(key), "--values", str(shown), "--at", at, "--how", "visit", *STAFF)
        assert run(*reading) == (0, "Taken: 2 registers.\n")
        status, said = run("hand-readings", "due", "--json", "--days", "3660", *STAFF)
        assert {(one["connection"], one["whose"]) for one in json.loads(said)["due"]} >= {(key, "operator"), (key, "supplier")}

        early, late = (DAY - timedelta(days=1)).isoformat(), (system_clock() + timedelta(days=9)).date().isoformat()
        for first, last, why in ((DAY.isoformat(), early, "before the first"), (late, late, "not begun")):
            status, said = run("customer", "absence", str(key), first, last, "--out", str(tmp_path / "none.zip"), *STAFF)
            assert (status, "no-such-time" in said, why in said) == (3, True, True), said
        assert not (tmp_path / "none.zip").exists()

        file = tmp_path / "absence.zip"
        day = DAY.isoformat()
        assert run("customer", "absence", str(key), day, day, "--out", str(file), *STAFF)[0] == 0
        own = tmp_path / "code"
        own.write_text(code, encoding="utf-8")
        status, said = run("customer", "check-absence", str(file), "--subject", str(own))
        assert (status, "Genuine" in said, "cannot know" in said, "only the operator says" in said) == (0, True, True, True)
