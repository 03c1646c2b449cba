"""An agreement that is told after what rests on it: a permission waits aside for it, and then counts as if told in order."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from kwartier.model.ground import Refusal
from kwartier.model.permit import Permit
from kwartier.workflows import enrolment
from kwartier.workflows.permission import ends
from permission_support import DAY, Home
from registry_support import NOON, between, on

HEAD = "reference,ean,subject,party,products,kinds,direction,purpose,data_from,data_to,granted,expires"
GRANTED = on("2026-02-01")


@pytest.fixture
def late(home: Home) -> Home:
    """Return the home with an app of which no agreement is known yet."""
    return replace(home, app=home.world.party("third_party"))


def folder(home: Home, place: Path, agreements: Sequence[tuple[str, str]] = (), *, permission: bool = True) -> Path:
    """Write the folder of an import: agreements of the app, and what it was permitted."""
    place.mkdir()
    (code,) = home.world.c.execute("select code from kw.subject where key = %s", (home.person,)).fetchall()[0]
    row = f"r1,{home.ean().reveal()},{code},{home.code()},electricity,interval,combined,laden,2026-01-01,,2026-02-01,2027-02-01"
    if permission:
        (place / "permissions.csv").write_text(f"{HEAD}\n{row}\n", "utf-8")
    if agreements:
        rows = "".join(f"{home.code()},{start},{end}\n" for start, end in agreements)
        (place / "agreements.csv").write_text(f"party,start,end\n{rows}", "utf-8")
    return place


def taken(home: Home, place: Path, days: int = 0) -> tuple[int, int, int]:
    """Import a folder; return how many rows were new, were known, and were put aside."""
    report = enrolment.take(home.house, place, dry_run=False, at=NOON + days * DAY)
    return report.added, report.unchanged, report.rejected


def aside(home: Home) -> list[str]:
    return [code for (code,) in home.world.c.execute("select code from kw.import_reject order by id").fetchall()]


def test_a_permission_that_comes_before_the_agreement_of_its_party_comes_in_after_it(late: Home, tmp_path: Path) -> None:
    assert taken(late, folder(late, tmp_path / "first")) == (0, 0, 1)
    assert aside(late) == ["no-agreement"]
    assert ends.sweep(late.house, at=NOON) == 0
    both = folder(late, tmp_path / "both", [("2026-01-15", "")])
    assert taken(late, both, days=1) == (2, 0, 0)
    assert isinstance(late.may(NOON + DAY), Permit)
    assert taken(late, both, days=2) == (0, 2, 0)
    assert (ends.sweep(late.house, at=NOON + 2 * DAY), late.ended()) == (0, [])


def test_an_agreement_alone_may_come_first_told_long_after_it_began(late: Home, tmp_path: Path) -> None:
    assert taken(late, folder(late, tmp_path / "bound", [("2026-02-01", "")], permission=False)) == (1, 0, 0)
    assert taken(late, folder(late, tmp_path / "given"), days=1) == (1, 0, 0)
    assert isinstance(late.may(NOON + DAY), Permit)


def test_an_agreement_from_before_the_one_that_is_known_comes_as_a_row_of_its_own(late: Home, tmp_path: Path) -> None:
    late.world.agreement(late.app, between("2026-02-20"))
    assert taken(late, folder(late, tmp_path / "given")) == (0, 0, 1)
    assert taken(late, folder(late, tmp_path / "both", [("2025-02-20", "2026-02-20")]), days=1) == (2, 0, 0)
    assert isinstance(late.may(NOON + DAY), Permit)
    assert ends.sweep(late.house, at=NOON + 2 * DAY) == 0


@pytest.mark.parametrize("agreements", [[("2026-02-02", "")], [("2025-01-01", "2026-02-01")], [("2025-01-01", "2026-01-01")]])
def test_one_that_was_not_there_at_its_begin_opens_nothing(late: Home, tmp_path: Path, agreements: list[tuple[str, str]]) -> None:
    for turn in range(2):
        taken(late, folder(late, tmp_path / f"turn {turn}", agreements), days=turn)
    assert aside(late) == ["no-agreement"] * 2
    assert late.world.c.execute("select count(*) from kw.permission").fetchone() == (0,)
    assert isinstance(late.may(NOON + 2 * DAY), Refusal)


def test_what_was_good_as_it_began_and_ended_since_comes_in_with_its_end(late: Home, tmp_path: Path) -> None:
    """Its party was handed something then, and whoever gave it sees that it was and why it is no more."""
    bound = [("2025-01-01", "2026-02-10"), ("2026-02-20", "")]
    assert taken(late, folder(late, tmp_path / "all", bound)) == (3, 0, 0)
    assert late.ended() == [("invalidated", on("2026-02-10"), "agreement_ended")]
    assert isinstance(late.may(NOON), Refusal)


def test_an_import_of_many_puts_only_those_aside_whose_party_was_not_bound(late: Home, tmp_path: Path) -> None:
    place = folder(late, tmp_path / "many")
    rows = (place / "permissions.csv").read_text("utf-8")
    (bound,) = late.world.c.execute("select y.code from kw.party y join kw.agreement a on a.party = y.key", ()).fetchall()[0]
    row = rows.splitlines()[1]
    others = [row.replace("r1,", "r2,").replace(late.code(), bound), row.replace("r1,", "r3,").replace(late.code(), "")]
    (place / "permissions.csv").write_text("\n".join([rows.strip(), *others]) + "\n", "utf-8")
    assert taken(late, place) == (2, 0, 1)
    assert late.world.c.execute("select line, code from kw.import_reject").fetchall() == [(2, "no-agreement")]
    assert late.world.c.execute("select reference from kw.permission order by id").fetchall() == [("r2",), ("r3",)]
