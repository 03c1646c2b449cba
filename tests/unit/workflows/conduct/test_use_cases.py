"""A use of the operator's own: proposed by one, approved by another, ended; what is not approved, or expired, grants nothing."""

import hashlib
import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from kwartier.grounds.decide import decide
from kwartier.grounds.errors import BadUseCase
from kwartier.grounds.use_case import Proposed
from kwartier.model.ground import Action, DataClass, Purpose, Request, Requester, Role
from kwartier.model.period import day_period
from kwartier.model.register import DAY_MASK, GAS_MASK, INTERVAL_MASK
from kwartier.model.staff import Staff
from kwartier.store.registry import facts as loader
from kwartier.store.registry.errors import NotFound
from kwartier.workflows import installation, replay
from kwartier.workflows.conduct import use_cases
from kwartier.workflows.conduct.use_cases import AlreadyThere, BadRole, Expired, NoSuchArea, OwnProposal
from kwartier.workflows.installation import Installation
from kwartier.workflows.publishing import publish
from registry_support import World
from replay_support import whereabouts

pytestmark = pytest.mark.database
AT = datetime(2027, 1, 5, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
FILE = """
code = "allocation-01"
purpose = "allocation"
data_class = "register"
area = "wijk-01"
products = ["electricity"]
kinds = ["day"]
days_from = 2027-01-01
days_to = 2028-01-01
expires = 2027-07-01
yearly_limit = 366
min_group = 10
necessity = "the law asks for it"
subsidiarity = "profiles are less exact"
proportionality = "sums per supplier and area only"
"""


@pytest.fixture(autouse=True)
def _wijk(opened: Installation, facts: World) -> None:
    """Have the area that the proposals are about: a home lies in it."""
    home = facts.connection()
    with opened.operator() as c:
        opened.log.record(c, list(whereabouts(c, AT, [home])))


def proposal(folder: Path, text: str = FILE) -> Proposed:
    file = folder / "use.toml"
    file.write_text(text, encoding="utf-8")
    return use_cases.read(file, at=AT)


def answer(house: Installation, home: int, case: int, at: datetime) -> str:
    with house.operator() as c:
        known = loader.facts(c, home, year=2027)
    period = day_period(date(2027, 1, 4))
    mask = DAY_MASK & ~GAS_MASK
    who = Requester(Role.OPERATOR, case)
    return decide(Request(who, Action.READ, Purpose.ALLOCATION, home, mask, period, DataClass.REGISTER), known, at=at).rule


def test_that_it_was_proposed_stands_in_the_log_with_what_it_said_and_by_whose_hand(opened: Installation, tmp_path: Path) -> None:
    with installation.opened(opened.data, staff=Staff("Anna", "the law changed")) as hers:
        use_cases.propose(hers, proposal(tmp_path), "Anna", at=AT)
        with pytest.raises(AlreadyThere):
            use_cases.propose(hers, proposal(tmp_path, FILE.replace("10", "12")), "Anna", at=AT)
    with opened.operator() as c:
        ((entry, leaf),) = c.execute("select id, leaf from audit.pending where kind = 'proposal:made'").fetchall()
        ((kept,),) = c.execute("select said from kw.use_case_proposal").fetchall()
        act = opened.log.staff(c, entry)
    said = json.dumps(kept, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    assert json.loads(leaf)["body"] == {"code": "allocation-01", "sha256": hashlib.sha256(said).hexdigest()}
    assert act is not None
    assert act.act.staff == Staff("Anna", "the law changed")


def test_from_proposal_to_end(opened: Installation, facts: World, tmp_path: Path) -> None:
    home = facts.connection()
    with opened.operator() as c:
        opened.log.record(c, list(whereabouts(c, AT, [home])))
        publish(opened, c, at=AT)
    what = proposal(tmp_path)
    use_cases.propose(opened, what, "Anna", at=AT)
    assert [one.code for one in use_cases.listed(opened)[1]] == ["allocation-01"]
    assert answer(opened, home, 1, AT) == "F10", "what is only proposed grants nothing"
    for same in ("Anna", " anna "):
        with pytest.raises(OwnProposal):
            use_cases.approve(opened, "allocation-01", same, "privacy officer", at=AT + HOUR)
    number = use_cases.approve(opened, "allocation-01", "Bram", "privacy officer", at=AT + HOUR)
    assert answer(opened, home, number, AT) == "F10", "not yet"
    assert answer(opened, home, number, AT + HOUR) == "O8"
    assert answer(opened, home, number, datetime(2027, 7, 1, tzinfo=UTC)) == "F10", "it expired"
    (registered,), waiting = use_cases.listed(opened)
    assert (registered.approved_by, registered.necessity, waiting) == ("privacy officer", "the law asks for it", [])
    use_cases.end(opened, "allocation-01", at=AT + 3 * HOUR)
    assert answer(opened, home, number, AT + 2 * HOUR) == "O8"
    assert answer(opened, home, number, AT + 3 * HOUR) == "F10"
    with pytest.raises(NotFound):
        use_cases.end(opened, "allocation-01", at=AT + 4 * HOUR)
    assert kinds(opened) == ["use_case:registered", "use_case:ended"]
    with opened.operator() as c:
        assert c.execute("select fact, ref, at from kw.stop").fetchall() == [("use_case", number, AT + 3 * HOUR)]
    assert replay.run(opened, at=AT + 5 * HOUR).findings == []


@pytest.mark.parametrize(
    "same", ["Ren\u00e9e  de Wit", "ren\u00e9e de wit", "Rene\u0301e de Wit", "Ren\u00e9e-de Wit.", "\uff32en\u00e9e de Wit"]
)
def test_nobody_approves_their_own_by_typing_their_name_otherwise(opened: Installation, tmp_path: Path, same: str) -> None:
    use_cases.propose(opened, proposal(tmp_path), "Ren\u00e9e de Wit", at=AT)
    with pytest.raises(OwnProposal):
        use_cases.approve(opened, "allocation-01", same, "privacy officer", at=AT + HOUR)
    assert use_cases.approve(opened, "allocation-01", "Ren\u00e9 de Wit", "privacy officer", at=AT + HOUR)


@pytest.mark.parametrize("same", ["ANNA-MARIE", "anna marie", " Anna-Marie.", "Anna\u2010Marie\u0301e"])
def test_nor_by_the_database(opened: Installation, facts: World, tmp_path: Path, same: str) -> None:
    """Somebody who writes past the program: the database folds case, spaces, points and how an accent is written."""
    theirs = same.replace("e\u0301", "\u00e9") if "\u0301" in same else "Anna-Marie"
    use_cases.propose(opened, proposal(tmp_path), theirs, at=AT)
    case = facts.use_case(purpose="allocation", data_class="register", mask=DAY_MASK & ~GAS_MASK)
    approve = "update kw.use_case_proposal set approver = %s, role = 'r', decided = %s, use_case = %s"
    with pytest.raises(psycopg.errors.CheckViolation):
        facts.c.execute(approve, (same.upper(), AT, case))
    facts.c.execute(approve, ("Marie-Anna", AT, case))


@pytest.mark.parametrize("area", ["wijk-99", "Wijk-01", "wijk-01 x", "wijk\u201001"])
def test_an_area_in_which_nothing_lies_is_no_use(opened: Installation, tmp_path: Path, area: str) -> None:
    what = proposal(tmp_path, FILE.replace('area = "wijk-01"', f'area = "{area}"'))
    with pytest.raises(NoSuchArea):
        use_cases.propose(opened, what, "Anna", at=AT)
    assert use_cases.listed(opened) == ([], [])


@pytest.mark.parametrize("role", ["", "  ", "privacy\x1b[31m officer", "x" * 201])
def test_a_role_that_nobody_could_read_on_the_public_page_approves_nothing(opened: Installation, tmp_path: Path, role: str) -> None:
    use_cases.propose(opened, proposal(tmp_path), "Anna", at=AT)
    with pytest.raises(BadRole):
        use_cases.approve(opened, "allocation-01", "Bram", role, at=AT + HOUR)
    assert kinds(opened) == []


def kinds(house: Installation) -> list[str]:
    with house.auditor() as c:
        house.log.integrate(c)
        return [kind for (kind,) in c.execute("select kind from audit.entry where kind like 'use_case:%' order by position")]


@pytest.mark.parametrize("kept", [{"min_group": 4}, {"data_class": "profile"}, {"mask": INTERVAL_MASK | DAY_MASK}])
def test_what_was_proposed_before_the_table_narrowed_is_not_approved(
    opened: Installation, facts: World, tmp_path: Path, kept: dict[str, object]
) -> None:
    use_cases.propose(opened, proposal(tmp_path), "Anna", at=AT)
    facts.c.execute(
        "insert into kw.use_case_proposal (code, said, proposer, proposed)"
        " select code || '-old', said || %s, proposer, proposed from kw.use_case_proposal",
        (Jsonb(kept),),
    )
    with pytest.raises(BadUseCase):
        use_cases.approve(opened, "allocation-01-old", "Bram", "privacy officer", at=AT + HOUR)
    assert kinds(opened) == []


def test_once_and_no_more(opened: Installation, facts: World, tmp_path: Path) -> None:
    what = proposal(tmp_path)
    use_cases.propose(opened, what, "Anna", at=AT)
    with pytest.raises(AlreadyThere):
        use_cases.propose(opened, what, "Carla", at=AT)
    use_cases.approve(opened, what.code, "Bram", "privacy officer", at=AT)
    with pytest.raises(Expired):
        use_cases.approve(opened, what.code, "Carla", "privacy officer", at=AT)
    with pytest.raises(NotFound):
        use_cases.approve(opened, "unknown", "Bram", "privacy officer", at=AT)
    facts.use_case()
    taken = use_cases.listed(opened)[0][-1].code
    with pytest.raises(AlreadyThere):
        use_cases.propose(opened, replace(what, code=taken), "Anna", at=AT)
    assert kinds(opened) == ["use_case:registered"]


def test_what_expires_before_it_begins_is_not_approved(opened: Installation, tmp_path: Path) -> None:
    use_cases.propose(opened, proposal(tmp_path), "Anna", at=AT)
    with pytest.raises(Expired):
        use_cases.approve(opened, "allocation-01", "Bram", "privacy officer", at=datetime(2027, 7, 2, tzinfo=UTC))
    assert kinds(opened) == []


@pytest.mark.parametrize(
    ("line", "other", "says"),
    [
        ('purpose = "allocation"', 'purpose = "own_access"', "no use case is for own_access"),
        ('purpose = "allocation"', 'purpose = "marketing"', "'marketing' is none of"),
        ('data_class = "register"', 'data_class = "profile"', "O8 is about register"),
        ('kinds = ["day"]', 'kinds = ["interval"]', "more than O8"),
        ('kinds = ["day"]', "kinds = []", "none, or more"),
        ("min_group = 10", "min_group = 4", "min_group is a number from 5"),
        ("yearly_limit = 366", "yearly_limit = 367", "yearly_limit is a number"),
        ("days_to = 2028-01-01", "days_to = 2027-01-01", "days_from comes before"),
        ("expires = 2027-07-01", 'expires = "soon"', "expires is a date"),
        ('necessity = "the law asks for it"', 'necessity = " "', "necessity is a text"),
        ('necessity = "the law asks for it"', r'necessity = "\u0000"', "necessity is a text"),
        ('code = "allocation-01"', 'code = "Allocation 01"', "code is made of"),
        ('code = "allocation-01"', r'code = "a\nb"', "code is made of"),
        ("expires = 2027-07-01", "expires = 9999-12-31", "expires is a date"),
        ("days_from = 2027-01-01", "days_from = 0001-01-01", "days_from is a date"),
        ('area = "wijk-01"', 'area = "wijk-01"\nowner = "x"', "has no owner"),
        ("min_group = 10", "min_group = ", "no TOML"),
    ],
)
def test_what_is_no_proposal(tmp_path: Path, line: str, other: str, says: str) -> None:
    assert line in FILE
    with pytest.raises(BadUseCase, match=says):
        proposal(tmp_path, FILE.replace(line, other))


def test_a_use_without_usage_names_no_channels(tmp_path: Path) -> None:
    care: dict[str, Any] = {
        'purpose = "allocation"': 'purpose = "device_care"',
        'data_class = "register"': 'data_class = "device_state"',
        'kinds = ["day"]\n': "",
        'products = ["electricity"]\n': "",
    }
    text = FILE
    for line, other in care.items():
        text = text.replace(line, other)
    assert proposal(tmp_path, text).mask == 0
    assert proposal(tmp_path, text.replace("min_group = 10", "min_group = 2")).min_group == 2, "it yields no figures of homes"
    with pytest.raises(BadUseCase, match="no usage"):
        proposal(tmp_path, text + 'kinds = ["day"]\n')
    with pytest.raises(Expired):
        proposal(tmp_path, FILE.replace("2027-07-01", "2027-01-05"))
