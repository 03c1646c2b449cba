"""Beside the pages what was recorded gets signed soon, at the latest when they end; a failure is told and tried again."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

import pytest

from kwartier.audit.cosign import FRESH_S
from kwartier.audit.errors import BrokenLog, NotWitnessed
from kwartier.audit.events import Event, EventKind
from kwartier.workflows import inquiry, installation, jobs
from kwartier.workflows.installation import Installation
from kwartier.workflows.jobs.signing import EVERY_S
from witness_support import running

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


def cosigned(house: Installation) -> tuple[int, int]:
    """Return what the witness countersigned last: the size, and when by its own clock."""
    with house.auditor() as c:
        found = c.execute("select size, signed_s from audit.cosignature order by signed_s desc, size desc limit 1").fetchone()
    assert found is not None
    return int(found[0]), int(found[1])


def test_a_witness_answers_for_the_log_within_a_minute_also_while_nothing_happens(
    house: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert FRESH_S + EVERY_S <= 60, "a signature too fresh to be renewed now is renewed the next time"
    with running(tmp_path / "witness", house.log.vkey) as seat:
        watched = replace(house, witness=seat)
        record(house)
        with jobs.signing(watched, every_s=3600, failed=never):
            pass
        size, first = cosigned(house)
        assert size > 0
        threading.Event().wait(1.1)  # the witness signs whole seconds
        with jobs.signing(watched, every_s=3600, failed=never):
            pass
        assert cosigned(house) == (size, first), "it is fresh"
        late = datetime.fromtimestamp(first + 60 - EVERY_S, UTC)
        monkeypatch.setattr(import_module("kwartier.workflows.jobs.signing"), "system_clock", lambda: late)
        with jobs.signing(watched, every_s=3600, failed=never):
            pass
        assert cosigned(house)[0] == size
        assert cosigned(house)[1] > first
    told: list[Exception] = []
    record(house)
    with jobs.signing(watched, every_s=3600, failed=told.append):
        pass
    assert [type(one) for one in told] == [NotWitnessed], "who watches the log hears that the witness is away"
    assert pending(house) == 0, "and it is signed all the same"


def test_something_done_is_done_whatever_the_witness_does_and_that_it_waits_is_told(house: Installation, tmp_path: Path) -> None:
    assert jobs.standing(house) is None
    assert inquiry.watch(house) is None
    told: list[Exception] = []
    with running(tmp_path / "witness", house.log.vkey) as seat:
        watched = replace(house, witness=seat)
        record(house)
        size = jobs.sign(watched, told.append).size
        found = jobs.standing(watched)
        assert found is not None
        assert (found.signed, found.size) == (size, size)
        assert found.at_s is not None
        assert found.met(found.at_s)
        shown = inquiry.watch(watched)
        assert shown is not None
        assert (shown.name, shown.signed, shown.seen) == (seat.name, size, size)
        assert shown.at == datetime.fromtimestamp(found.at_s, UTC)
    assert told == []
    record(house)
    assert jobs.sign(watched, told.append).size == size + 1
    assert [type(one) for one in told] == [NotWitnessed]
    found = jobs.standing(watched)
    assert found is not None
    assert (found.signed, found.size) == (size + 1, size)
    assert inquiry.watch(watched) == replace(shown, signed=size + 1), "customers see that it is behind"
    assert not found.met(found.at_s or 0)


def test_a_fault_that_nobody_foresaw_does_not_end_the_signing(house: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Exception] = []
    again = threading.Event()

    def failed(fault: Exception) -> None:
        asked.append(fault)
        if len(asked) > 1:
            again.set()

    def broken(*_: object) -> None:
        raise KeyError

    monkeypatch.setattr(type(house.log), "integrate", broken)
    with jobs.signing(house, every_s=0.01, failed=failed):
        assert again.wait(PATIENCE_S)
    assert {type(one) for one in asked} == {KeyError}
