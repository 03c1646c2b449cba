"""The whole log has every line, however many there are: each with its place and its proof."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import psycopg
import pytest

from kwartier.audit.canonical import Json
from kwartier.audit.events import Event, EventKind
from kwartier.store.postgres import Dsns
from kwartier.web.app import application
from kwartier.web.portal.pages import PER_PAGE
from kwartier.workflows import installation
from pages_support import Direct, Visitor
from registry_support import NOON, World, between

LINES = 101 * PER_PAGE + 1
OLDEST = NOON - timedelta(minutes=LINES)


@pytest.fixture
def visitor(installation_dir: Path, dsns: Dsns) -> Iterator[Visitor]:
    """Sign in somebody about whom the log has more than a hundred pages; the oldest line alone is of what was not delivered."""
    installation.create(installation_dir)
    (installation_dir / "town").mkdir()
    (installation_dir / "town" / "personas.json").write_text(json.dumps([{"subject": "ME", "name": "Me", "nl": "ik", "en": "me"}]))
    failed: list[Exception] = []
    with installation.opened(installation_dir) as house:
        with psycopg.connect(dsns.operator, autocommit=True) as c:
            facts = World(c)
            home = facts.connection()
            facts.occupancy(home, facts.subject("ME"), between("2020-01-01"))
            body: dict[str, Json] = {"o": "third_party", "i": facts.party("third_party"), "u": "third_party_service", "rule": "T1"}
        kinds = [EventKind.PARCEL_WITHHELD, *[EventKind.PARCEL_DELIVERED] * (LINES - 1)]
        with house.operator() as c:
            events = [
                Event(OLDEST + timedelta(minutes=n), kind, "operator", "ME", home, {**body, "nr": n})
                for n, kind in enumerate(kinds)
            ]
            house.log.record(c, events)
        app = application(house, clock=lambda: NOON, demo=True, failed=failed.append)
        with httpx.Client(transport=Direct(app), base_url="http://127.0.0.1", follow_redirects=True) as client:
            visit = Visitor(client)
            visit.post("/nl/sign-in", persona="ME")
            yield visit
    assert failed == []


@pytest.mark.parametrize("rest", ["", "&others=1"])
def test_the_oldest_of_very_many_lines_is_one_step_away(visitor: Visitor, rest: str) -> None:
    first = visitor.get(f"/en/log?page=1{rest}").text
    assert "Page 1 of 102" in first
    assert f'/en/log?page=102{rest.replace("&", "&amp;")}">Oldest lines' in first
    last = visitor.get(f"/en/log?page=102{rest}")
    assert "Not delivered to A party: the ground had gone" in last.text.rsplit('class="kw-time"', 1)[1]
    assert f'/en/log?page=1{rest.replace("&", "&amp;")}">« Newest lines' in last.text
    assert visitor.get("/en/log?page=103").status_code == 400
