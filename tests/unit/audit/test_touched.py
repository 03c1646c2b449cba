"""Lines within a scope, read row by row as they are stored: whatever row and page they stand in, and no others."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from kwartier.audit import touched
from kwartier.audit.canonical import Json, canonical
from kwartier.audit.events import Event, EventKind
from kwartier.audit.leaves import Leaf
from kwartier.audit.log import Log
from kwartier.audit.subjects import is_about
from kwartier.audit.touched import Within
from kwartier.keys import signing
from kwartier.model.period import Period
from kwartier.store.postgres import Dsns

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
AROUND = Period(NOON - timedelta(hours=1), NOON + timedelta(hours=1))
HOMES = range(1, 301)


def lines(dsns: Dsns, within: Within) -> list[int]:
    """Return the connections of the lines, each of which is about who lives there."""
    with psycopg.connect(dsns.operator) as c:
        found = [line for page in touched.pages(c, within) for line in page]
    assert all(is_about(f"HOME {one.connection}", one.subject, one.salt) for one in found)
    return sorted(one.connection for one in found)


@pytest.fixture
def told(tmp_path: Path, dsns: Dsns) -> Dsns:
    """Two batches of three hundred homes each: read for party 7 at every third, by what was meant an hour before."""
    rest: list[Json] = [7, 6, 0, 900, True, "third_party", 7, "third_party_service", "profile", 0, 900]
    granted: dict[int, list[Json]] = {key: [] if key % 3 else [[key.to_bytes(16, "big").hex(), *rest]] for key in HOMES}
    meant = [Leaf(key, None, canonical({"c": key, "g": granted[key]})) for key in HOMES]
    done = [Leaf(key, f"HOME {key}", canonical({"c": key, "s": [key.to_bytes(16, "big").hex()]})) for key in HOMES]
    for name in ("keys", "audit"):
        (tmp_path / name).mkdir(mode=0o700)
    log = Log(signing.create(tmp_path / "keys", "kwartier.test/log"), tmp_path / "audit")
    with psycopg.connect(dsns.operator) as c:
        log.record_batch(c, EventKind.BATCH_INTENDED, 1, NOON - timedelta(hours=2), "operator", meant, {})
        log.record_batch(c, EventKind.BATCH_READ, 1, NOON, "operator", done, {})
        single = [Event(NOON, EventKind.VIEW_SHOWN, "operator", f"HOME {key}", key, {}) for key in (5, 299)]
        log.record(c, single)
    return dsns


@pytest.mark.parametrize("keys", [(1, 300), (64, 65, 128, 129), (5,), (301,), ()])
def test_the_lines_of_some_homes_are_found_in_whatever_row_they_stand(told: Dsns, keys: Sequence[int]) -> None:
    found = lines(told, Within(AROUND, connections=keys))
    assert found == sorted([*(key for key in keys if key in HOMES), *(key for key in keys if key in {5, 299})])


def test_all_of_them_however_many_pages_they_are(told: Dsns, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(touched, "PAGE", 64)
    assert lines(told, Within(AROUND)) == sorted([*HOMES, 5, 299])
    assert lines(told, Within(AROUND, kinds=["view:shown"])) == [5, 299]
    assert lines(told, Within(AROUND, actor="nobody")) == []


def test_what_was_read_for_a_party_rests_on_a_permit_that_was_meant_for_it_though_that_line_is_about_nobody(
    told: Dsns,
) -> None:
    assert lines(told, Within(AROUND, party=7)) == [key for key in HOMES if key % 3 == 0]
    assert lines(told, Within(AROUND, party=9)) == []
    assert lines(told, Within(AROUND, connections=[3, 4, 6], party=7)) == [3, 6]
