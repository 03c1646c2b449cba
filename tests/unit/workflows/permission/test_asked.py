"""What a person was asked stays on a list with its answer: what waits is in the one, what is past in the other."""

from datetime import timedelta

import pytest

from kwartier.web.portal import show_requests
from kwartier.web.portal.words import Words
from kwartier.workflows.installation import Installation
from kwartier.workflows.permission import asked, keep_up, mandates, overview, requests
from kwartier.workflows.permission.placing import Claim
from permission_support import DAY, UNTIL, Home, claim, posted, silence, wish
from registry_support import NOON, World

pytestmark = pytest.mark.database
LATER = NOON + 10 * DAY


@pytest.fixture
def home(opened: Installation, facts: World) -> Home:
    return Home.begin(opened, facts)


def past(home: Home, person: int | None = None, at: timedelta = 10 * DAY) -> list[tuple[str, bool, str]]:
    found = asked.past(home.house, person or home.person, at=NOON + at)
    return [(one.scope.purpose, one.claimed, one.outcome) for one in found]


def test_each_is_in_the_list_that_it_belongs_to(home: Home) -> None:
    code, ean = home.code(), home.ean()
    said = {what: requests.ask(home.house, code, ean, wish(purpose=what), at=NOON) for what in ("yes", "no", "waits", "nothing")}
    requests.grant(home.house, home.person, said["yes"].id, at=NOON + DAY)
    mandates.veto(home.house, home.person, said["no"].id, at=NOON + DAY)
    claim = Claim(home.ean(), NOON, UNTIL, "mandate", wish().kinds, wish().direction, "claimed", wish().data)
    mandates.claim(home.house, home.code(), [claim], at=NOON)
    bare = home.world.party("third_party")
    requests.ask(home.house, home.code(bare), home.ean(), wish(purpose="bad"), at=NOON)
    assert [one.scope.purpose for one in asked.waiting(home.house, home.person, at=LATER)] == ["claimed", "nothing", "waits"]
    assert past(home) == [("bad", False, "found_invalid"), ("no", False, "rejected"), ("yes", False, "granted")]
    posted(home.house)
    over = requests.ANSWER_WITHIN + DAY
    unsaid = past(home, at=over)
    keep_up(home.house, at=NOON + over)
    assert past(home, at=over) == [
        ("bad", False, "found_invalid"),
        ("claimed", True, "granted"),
        ("nothing", False, "timed_out"),
        ("waits", False, "timed_out"),
        ("no", False, "rejected"),
        ("yes", False, "granted"),
    ]
    assert ("waits", False, "timed_out") in unsaid, "also before it was written down"
    stranger = home.world.subject()
    assert past(home, stranger) == []
    every = list(overview.requested(home.house, party=home.code()))
    assert [(one.scope.purpose, one.event) for _, one in every] == [
        ("yes", "granted"),
        ("no", "rejected"),
        ("waits", "timed_out"),
        ("nothing", "timed_out"),
        ("claimed", "granted"),
    ]
    assert len(list(overview.requested(home.house))) == 6
    assert {code for code, _ in every} == {home.code()}


@pytest.mark.parametrize(
    ("language", "how"),
    [
        ("en", ["You said no on 11 Mar 2026.", "You said yes on 11 Mar 2026."]),
        ("nl", ["U zei nee op 11 mrt 2026.", "U zei ja op 11 mrt 2026."]),
    ],
)
def test_the_page_says_what_became_of_it(home: Home, language: str, how: list[str]) -> None:
    for what in ("yes", "no"):
        one = requests.ask(home.house, home.code(), home.ean(), wish(purpose=what), at=NOON)
        if what == "yes":
            requests.grant(home.house, home.person, one.id, at=NOON + DAY)
        else:
            mandates.veto(home.house, home.person, one.id, at=NOON + DAY)
    shown = show_requests.past(Words(language), asked.past(home.house, home.person, at=LATER), {home.connection: "4321"})
    assert [one.digits for one in shown] == ["4321"] * 2
    assert [one.how for one in shown] == how
    assert [one.purpose for one in shown] == ["no", "yes"]


SILENCE, YES = ("It began on", "Het begon op"), ("You said yes on", "U zei ja op")


@pytest.mark.parametrize(
    ("yes_days", "how"),
    [(1, YES), (40, YES), (None, SILENCE)],
    ids=["before its notice was over", "after it, when nobody had looked yet", "never"],
)
def test_a_yes_to_what_was_claimed_is_no_silence(home: Home, yes_days: int | None, how: tuple[str, str]) -> None:
    mandates.claim(home.house, home.code(), [claim(home)], at=NOON)
    posted(home.house)
    if yes_days is None:
        assert silence(home.house, at=NOON + 40 * DAY) == 1
    else:
        (one,) = asked.waiting(home.house, home.person, at=NOON + yes_days * DAY)
        requests.grant(home.house, home.person, one.id, at=NOON + yes_days * DAY)
    past = asked.past(home.house, home.person, at=NOON + 41 * DAY)
    for language, begins in zip(("en", "nl"), how, strict=True):
        (shown,) = show_requests.past(Words(language), past, {home.connection: "4321"})
        assert shown.how.startswith(begins)
