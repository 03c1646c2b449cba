"""Where the folder of letters cannot be written a night and a round of deliveries say so in their reports, and go on."""

from concurrent.futures import Executor
from datetime import UTC, date, datetime, timedelta

import pytest

from kwartier.workflows import delivery_round
from kwartier.workflows.installation import Installation
from kwartier.workflows.night import run as nights
from kwartier.workflows.permission import mandates
from permission_support import Home, claim
from registry_support import NOON, World

pytestmark = pytest.mark.database

LATER = NOON + timedelta(days=2)


@pytest.fixture
def home(opened: Installation, facts: World) -> Home:
    """Let an app claim a mandate whose letter cannot be laid down: a file stands in the place of the folder."""
    home = Home.begin(opened, facts)
    opened.letters.rmdir()
    opened.letters.write_text("no folder")
    assert mandates.claim(opened, home.code(), [claim(home)], at=NOON).presented == 1
    return home


def test_a_night_says_how_many_wait_since_when(home: Home) -> None:
    report = nights.run(home.house, date(2026, 3, 10), Executor(), clock=lambda: LATER)
    waiting = {"letters_waiting": 1, "letters_waiting_since": NOON.astimezone(UTC).isoformat()}
    assert report.counts().items() >= waiting.items()
    with home.house.operator() as c:
        ((told, kept),) = c.execute(
            "select convert_from(e.leaf, 'UTF8')::jsonb -> 'body', n.summary from audit.event e, kw.night n"
            " where e.kind = 'night:ended'"
        ).fetchall()
    assert told.items() >= waiting.items()
    assert kept.items() >= waiting.items()
    assert home.ean().reveal() not in str(told)
    home.house.letters.unlink()
    assert nights.run(home.house, date(2026, 3, 10), Executor(), clock=lambda: LATER).counts()["letters_waiting"] == 0


def test_a_round_of_deliveries_says_so_too(home: Home) -> None:
    def now() -> datetime:
        return LATER

    assert delivery_round.run(home.house, clock=now).letters.count == 1
    home.house.letters.unlink()
    assert delivery_round.run(home.house, clock=now).letters.count == 0
