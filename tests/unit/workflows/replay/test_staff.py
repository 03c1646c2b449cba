"""Names beside the log go when their term is over, and the replay misses every one that goes before."""

from datetime import timedelta

import psycopg
import pytest

from kwartier.audit.canonical import Json
from kwartier.audit.events import Event, EventKind
from kwartier.audit.log import Log
from kwartier.keys import signing
from kwartier.model.period import epoch_s
from kwartier.model.staff import Staff
from kwartier.store.postgres import Dsns
from kwartier.workflows import replay, retention
from kwartier.workflows.installation import Installation
from registry_support import on

NOW = on("2026-11-27")
TERM = on("2018-11-27")
"""What was written before is past its term."""


@pytest.fixture
def entries(opened: Installation) -> list[int]:
    """Let somebody of the operator do something just before the term, just at it, and now."""
    log = Log(signing.load(opened.data / "keys"), opened.data / "audit", Staff("M. de Vries", "storing gemeld"))
    with opened.operator() as c:
        return [
            log.record(c, [Event(at, EventKind.ALARM_DISCARDED, "operator", None, None, {"why": "no_ground"})])[0]
            for at in (TERM - timedelta(seconds=1), TERM, NOW)
        ]


def missed(house: Installation) -> list[tuple[str, int | None]]:
    found = replay.run(house, at=NOW).findings
    return [(one.code, one.detail.get("entry")) for one in found if one.code.startswith(("staff", "given"))]


def test_a_name_past_its_term_goes_and_is_not_missed(opened: Installation, entries: list[int]) -> None:
    assert missed(opened) == []
    assert retention.nightly(opened, at=NOW).counts["staff"] == 1
    with opened.operator() as c:
        assert [opened.log.staff(c, entry) is None for entry in entries] == [True, False, False]
    assert missed(opened) == []


def test_a_name_that_goes_without_a_word_is_missed_though_its_term_is_over(
    opened: Installation, entries: list[int], dsns: Dsns
) -> None:
    with psycopg.connect(dsns.owner) as owner:
        owner.execute("delete from kw.staff_act where entry = %s", (entries[0],))
    assert missed(opened) == [("staff-missing", entries[0])]


def test_a_name_within_its_term_is_missed_whatever_the_log_was_told(
    opened: Installation, entries: list[int], admin_dsn: str
) -> None:
    retention.nightly(opened, at=NOW)
    with psycopg.connect(admin_dsn) as admin:
        admin.execute("alter table kw.staff_act disable trigger user")
        admin.execute("delete from kw.staff_act")
        admin.execute("alter table kw.staff_act enable trigger user")
    assert missed(opened) == [("staff-missing", entry) for entry in entries[1:]]
    with opened.operator() as c:
        body: dict[str, Json] = {"run": 9, "gone": {}, "parcels_from": 0, "ties_from": 0, "staff_from": epoch_s(NOW)}
        opened.log.record(c, [Event(NOW, EventKind.RETENTION_APPLIED, "operator", body=body)])
    found = missed(opened)
    assert ("given-up-too-early", None) in found
    assert [("staff-missing", entry) for entry in entries[1:]] == [one for one in found if one[0] == "staff-missing"]
