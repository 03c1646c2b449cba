"""Beside the pages what was recorded gets signed soon, at the latest when they end; a failure is told and tried again."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kwartier.audit.errors import BrokenLog
from kwartier.audit.events import Event, EventKind
from kwartier.workflows import installation, jobs
from kwartier.workflows.installation import Installation

pytestmark = pytest.mark.database

PATIENCE_S = 30


@pytest.fixture
def house(installation_dir: Path) -> Iterator[Installation]:
    with installation.opened(installation_dir, make=True) as opened:
        yield opened


def record(house: Installation) -> None:
    """Let something happen."""
    with house.operator() as c:
        house.log.record(c, [Event(datetime(2026, 11, 25, tzinfo=UTC), EventKind.IMPORT_TAKEN, "operator")])


def pending(house: Installation) -> int:
    """Return how much waits to be signed."""
    with house.operator() as c:
        found = c.execute("select count(*) from audit.pending").fetchone()
    assert found is not None
    return int(found[0])


def never(fault: Exception) -> None:
    """Fail: nothing may go wrong here."""
    raise AssertionError(fault)


def test_what_was_recorded_is_signed_meanwhile(house: Installation) -> None:
    with jobs.signing(house, every_s=0.05, failed=never):
        record(house)
        waited = threading.Event()
        for _ in range(PATIENCE_S * 10):
            if not pending(house) or waited.wait(0.1):
                break
        assert pending(house) == 0


def test_what_was_recorded_last_is_signed_at_the_end(house: Installation) -> None:
    with jobs.signing(house, every_s=3600, failed=never):
        record(house)
        assert pending(house) == 1
    assert pending(house) == 0


def test_a_failure_is_told_and_what_waits_goes_on_waiting(house: Installation) -> None:
    record(house)
    (house.data / "audit" / "checkpoint").write_text("not one of this log\n", "utf-8")
    told: list[Exception] = []
    with jobs.signing(house, every_s=3600, failed=told.append):
        pass
    assert [type(one) for one in told] == [BrokenLog]
    assert pending(house) == 1
