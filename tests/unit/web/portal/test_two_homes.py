"""Somebody with two homes sees of which one each permission is, before and after the yes; what bars one leaves the other alone."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx
import psycopg
import pytest

from kwartier.store.postgres import Dsns
from kwartier.web.app import application
from kwartier.workflows import inquiry, installation, permission
from kwartier.workflows.permission import requests
from pages_support import Direct, Visitor
from permission_support import DAY, Home, wish
from registry_support import NOON, World, between

WORDS = {"nl": "Aansluiting eindigend op", "en": "Connection ending in"}
TAGS = re.compile(r"<[^>]+>")


@dataclass(frozen=True)
class Two:
    """Two homes of one person, for electricity alike, and how the pages show them."""

    one: Home
    other: Home
    visit: Visitor

    @property
    def digits(self) -> tuple[str, str]:
        """Return by which digits a page may name each."""
        return self.one.ean().reveal()[-4:], self.other.ean().reveal()[-4:]

    def given(self, home: Home, live: tuple[str, str | None], purpose: str = "inzicht", *, own: bool = False) -> int:
        """Give a permission, all but alike at both homes."""
        return home.world.permission(home.connection, home.person, None if own else home.app, between(*live), purpose=purpose)

    def page(self, place: str) -> str:
        """Open a page."""
        answer = self.visit.get(place)
        assert answer.status_code == 200, place
        for home in (self.one, self.other):
            assert home.ean().reveal() not in answer.text
        return answer.text


@pytest.fixture
def two(installation_dir: Path, dsns: Dsns) -> Iterator[Two]:
    installation.create(installation_dir)
    (installation_dir / "town").mkdir()
    failed: list[Exception] = []
    with installation.opened(installation_dir) as house, psycopg.connect(dsns.operator, autocommit=True) as c:
        world = World(c)
        one = Home.begin(house, world)
        second = world.connection()
        world.occupancy(second, one.person)
        code = str(c.execute("select code from kw.subject").fetchone()[0])  # type: ignore[index]  # there is one
        personas = [{"subject": code, "name": "Me", "nl": "ik", "en": "me"}]
        (installation_dir / "town" / "personas.json").write_text(json.dumps(personas))
        app = application(house, clock=lambda: NOON + DAY, demo=True, failed=failed.append)
        with httpx.Client(transport=Direct(app), base_url="http://127.0.0.1", follow_redirects=True) as client:
            visit = Visitor(client)
            visit.post("/nl/sign-in", persona=code)
            yield Two(one, Home(house, world, second, one.person, one.app), visit)
    assert failed == []


def cards(page: str, heading: str) -> list[str]:
    """Return what each card or block of a permission under a heading says, one after the other."""
    part = page.split(f">{heading}</", 1)[1].split("</ul>", 1)[0]
    return [" ".join(TAGS.sub(" ", block).split()) for block in re.split(r"<strong>", part)[1:]]


def named(two: Two, told: list[str], language: str) -> set[str]:
    """Return the digits that these name; each must name one home and no other."""
    found = set()
    for text in told:
        (one,) = [digits for digits in two.digits if f"{WORDS[language]} {digits}" in text]
        found.add(one)
    return found


@pytest.mark.parametrize(
    ("language", "headings"),
    [
        (
            "nl",
            (
                "Gevraagd om uw toestemming",
                "Met uw toestemming",
                "Loopt binnenkort af",
                "Wat zij eerder vroegen",
                "Toestemmingen die voorbij zijn",
            ),
        ),
        (
            "en",
            (
                "They ask for your permission",
                "By your permission",
                "About to end",
                "What they asked before",
                "Permissions that have ended",
            ),
        ),
    ],
)
def test_every_card_names_its_home(two: Two, language: str, headings: tuple[str, ...]) -> None:
    for home in (two.one, two.other):
        requests.ask(home.house, home.code(), home.ean(), wish(purpose="new"), at=NOON)
        no = requests.ask(home.house, home.code(), home.ean(), wish(purpose="no"), at=NOON)
        two.visit.post(f"/{language}/request", request=str(no.id), answer="no")
        two.given(home, ("2026-01-01", "2026-03-20"))
        gone = two.given(home, ("2026-01-01", None), "gone")
        permission.revoke(home.house, home.person, gone, at=NOON)
    page = two.page(f"/{language}/mine")
    for heading in headings:
        told = cards(page, heading)
        assert (len(told), named(two, told, language)) == (2, {*two.digits}), heading


@pytest.mark.parametrize("language", ["nl", "en"])
def test_what_is_pressed_says_of_which_home_it_is(two: Two, language: str) -> None:
    """Two buttons that read alike do different things: what a screen reader says of each must be its own."""
    for home in (two.one, two.other):
        requests.ask(home.house, home.code(), home.ean(), wish(purpose="new"), at=NOON)
        two.given(home, ("2026-01-01", "2026-03-20"))
    page = two.page(f"/{language}/mine")
    pressed = re.findall(r'<(?:a|button) class="nl-button[^>]*>(.*?)</(?:a|button)>', page.split('id="who"', 1)[1])
    told = [" ".join(TAGS.sub("", one).split()) for one in pressed if "kw-hidden" in one and "/choice" not in one]
    assert len(told) >= 10
    assert len(set(told)) == len(told), sorted(told)


@pytest.mark.parametrize("language", ["nl", "en"])
def test_what_is_asked_before_a_yes_or_no_names_the_home(two: Two, language: str) -> None:
    for home, digits in zip((two.one, two.other), two.digits, strict=True):
        request = requests.ask(home.house, home.code(), home.ean(), wish(purpose="new"), at=NOON)
        number = two.given(home, ("2026-01-01", "2026-03-20"))
        for place in (f"request?request={request.id}", f"revoke?permission={number}", f"renew?permission={number}"):
            assert named(two, [two.page(f"/{language}/{place}")], language) == {digits}, place


@pytest.mark.parametrize("language", ["nl", "en"])
def test_an_own_page_that_is_offered_names_the_home(two: Two, language: str) -> None:
    page = two.page(f"/{language}/mine")
    offers = re.findall(rf'<p><a [^>]*href="(/{language}/opt-in\?connection=\d+)">(.*?)</p>', page)
    assert named(two, [text for _, text in offers], language) == {*two.digits}
    for place, text in offers:
        assert named(two, [two.page(place)], language) == named(two, [text], language)


@pytest.mark.parametrize("language", ["nl", "en"])
def test_what_bars_one_home_is_said_of_that_home_and_leaves_the_other_alone(two: Two, language: str) -> None:
    home = two.one
    home.world.restriction(home.connection, between("2026-02-01"), "refused")
    barred, free = two.digits
    page = two.page(f"/{language}/mine")
    (alert,) = re.findall(r'<div class="utrecht-alert utrecht-alert--warning" role="note"><p>(.*?)</p></div>', page)
    assert alert.startswith(f"{WORDS[language]} {barred}: ")
    assert free not in alert
    ((place, text),) = re.findall(rf'<p><a [^>]*href="(/{language}/opt-in\?connection=\d+)">(.*?)</p>', page)
    assert named(two, [text, two.page(place)], language) == {free}
    assert two.visit.post(place.split("?")[0], connection=place.partition("=")[2]).status_code == 200
    (given,) = inquiry.who_may(home.house, home.person, at=NOON + DAY + timedelta(minutes=1)).permissions
    assert given.connection == two.other.connection


def test_what_bars_electricity_and_gas_alike_is_said_once_and_names_both(two: Two) -> None:
    world = two.one.world
    gas = world.connection("gas")
    world.occupancy(gas, two.one.person)
    world.coupling(world.meter(two.one.connection), gas)
    for barred in (two.one.connection, gas):  # gas goes along, and may have a restriction of its own
        world.restriction(barred, between("2026-02-01"))
    digits = Home(two.one.house, world, gas, two.one.person, two.one.app).ean().reveal()[-4:]
    (alert,) = re.findall(r'<div class="utrecht-alert utrecht-alert--warning" role="note"><p>(.*?)</p></div>', two.page("/en/mine"))
    assert alert == (
        f"Connections ending in {two.digits[0]} and {digits}: Your meter is administratively off. Usage is not read, whoever asks."
        " This holds since 1 Feb 2026."
    )
