"""The file of a party's mandates: what can be read is claimed, what cannot is put aside with its reason."""

from pathlib import Path

import pytest

from kwartier.model.permit import Permit
from kwartier.store.registry.errors import NotFound
from kwartier.workflows.permission import claims, requests
from permission_support import DAY, Home, silence
from registry_support import NOON

HEADER = "ean,reference,begin,end,kinds,direction,purpose,data_from,data_to"


def upload(home: Home, folder: Path, *lines: str, header: str = HEADER) -> claims.Upload:
    path = folder / "mandates.csv"
    path.write_text("\n".join([header, *lines]) + "\n", "utf-8")
    return claims.upload(home.house, home.code(), path, at=NOON)


def test_each_line_is_claimed_or_put_aside(home: Home, tmp_path: Path) -> None:
    point = home.ean().reveal()
    report = upload(
        home,
        tmp_path,
        f"{point},c1,2026-03-01,2027-03-01,interval|day,combined,inzicht,2026-01-01,",
        f"{point},c2,2026-03-10T12:00:00+01:00,2027-03-01,day,consumption,rekening,,",
        "1,c3,2026-03-01,2027-03-01,day,combined,inzicht,,",
        f"{point},c4,2026-03-32,2027-03-01,day,combined,inzicht,,",
        f"{point},c5,2027-03-01,2026-03-01,day,combined,inzicht,,",
        f"{point},c6,2026-03-01,2027-03-01,minute,combined,inzicht,,",
        f"{point},c7,2026-03-01,2027-03-01,day,sideways,inzicht,,",
        f"{point},,2026-03-01,2027-03-01,day,combined,inzicht,,",
        f"{point},c8,2026-03-01",
    )
    assert report.claimed.presented == 2
    rows = home.world.c.execute("select line, code from kw.import_reject order by line").fetchall()
    assert rows == [
        (4, "bad-ean"),
        (5, "bad-moment"),
        (6, "ends-before-it-begins"),
        (7, "unknown-word"),
        (8, "unknown-word"),
        (9, "bad-text"),
        (10, "columns"),
    ]
    assert report.counts()["refused"] == {
        "bad-ean": 1,
        "bad-moment": 1,
        "bad-text": 1,
        "columns": 1,
        "ends-before-it-begins": 1,
        "unknown-word": 2,
    }
    assert silence(home.house, at=NOON + 14 * DAY) == 2
    assert isinstance(home.may(NOON + 15 * DAY), Permit)


def test_the_same_file_can_ask_instead_and_then_a_yes_is_needed(home: Home, tmp_path: Path) -> None:
    path = tmp_path / "requests.csv"
    path.write_text(f"{HEADER}\n{home.ean().reveal()},c1,2026-03-01,2027-03-01,interval,combined,inzicht,2026-01-01,\n", "utf-8")
    first, again = (claims.ask(home.house, home.code(), path, at=NOON + n * DAY) for n in range(2))
    assert (first.claimed.presented, again.claimed.presented, again.claimed.known) == (1, 0, 1)
    assert silence(home.house, at=NOON + 20 * DAY) == 0
    (request,) = home.events()
    number = requests.grant(home.house, home.person, request, at=NOON + 20 * DAY)
    assert isinstance(home.may(NOON + 20 * DAY), Permit)
    assert number > 0


def test_a_file_of_another_kind_is_refused_whole(home: Home, tmp_path: Path) -> None:
    with pytest.raises(claims.UnreadableClaims, match="header"):
        upload(home, tmp_path, header="ean,name")
    with pytest.raises(claims.UnreadableClaims, match="cannot be read"):
        claims.upload(home.house, home.code(), tmp_path, at=NOON)
    path = tmp_path / "mandates.csv"
    path.write_text(HEADER + "\n", "utf-8")
    with pytest.raises(NotFound):
        claims.upload(home.house, "nobody", path, at=NOON)


def test_a_quote_that_never_closes_is_put_aside_and_what_came_before_stands(home: Home, tmp_path: Path) -> None:
    """It takes the lines after it along, until the field is longer than a field may be."""
    point = home.ean().reveal()
    good = f"{point},c1,2026-03-01,2027-03-01,day,consumption,rekening,,"
    report = upload(home, tmp_path, good, f'{point},"c2,2026-03-01', *[good.replace("c1", "x" * 40_000)] * 4)
    assert report.claimed.presented == 1
    assert report.counts()["refused"]["columns"] >= 1
