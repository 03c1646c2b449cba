"""A form about a request that says what no calendar has is told so, and answers nothing."""

import json
from pathlib import Path

import httpx
import psycopg

from kwartier.store.postgres import Dsns
from kwartier.web.app import application
from kwartier.workflows import installation
from kwartier.workflows.permission import requests
from pages_support import Direct, Visitor
from permission_support import DAY, Home, wish
from registry_support import NOON, World


def test_a_last_day_after_the_last_of_all_answers_nothing(installation_dir: Path, dsns: Dsns) -> None:
    installation.create(installation_dir)
    (installation_dir / "town").mkdir()
    failed: list[Exception] = []
    with installation.opened(installation_dir) as house, psycopg.connect(dsns.operator, autocommit=True) as c:
        home = Home.begin(house, World(c))
        code = c.execute("select code from kw.subject").fetchone()
        assert code is not None
        persona = [{"subject": code[0], "name": "Me", "nl": "ik", "en": "me"}]
        (installation_dir / "town" / "personas.json").write_text(json.dumps(persona))
        one = requests.ask(house, home.code(), home.ean(), wish(), at=NOON)
        app = application(house, clock=lambda: NOON + DAY, demo=True, failed=failed.append)
        with httpx.Client(transport=Direct(app), base_url="http://127.0.0.1", follow_redirects=True) as client:
            visit = Visitor(client)
            visit.post("/nl/sign-in", persona=code[0])
            for last, status in (("9999-12-31", 400), ("2020-01-01", 400), ("x", 400), ("", 200)):
                assert visit.post("/nl/request", request=str(one.id), answer="yes", last=last).status_code == status, last
                assert len(c.execute("select from kw.permission").fetchall()) == (status == 200)
            page = visit.get("/nl/mine").text
            assert "Wat zij eerder vroegen" in page
            assert "U zei ja op" in page
    assert failed == []
