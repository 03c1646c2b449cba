"""A paper follows from parcels of its receiver about one connection; anything else that lies beside a bundle is found."""

import json
import zipfile
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from account_support import ELECTRICITY, HOME, account, electricity, permit
from kwartier.delivery import papers as made
from kwartier.delivery.paper_page import files
from kwartier.model.ground import Request
from kwartier.model.period import day_of, midnight
from kwartier.model.register import CONSUMPTION_MASK, Mask
from kwartier.workflows.replay import papers, wording
from replay_support import Faulty

OPENS, CLOSES = midnight(date(2026, 1, 1)), midnight(date(2026, 2, 1))
STANDS = [electricity(at, OPENS) for at in (OPENS, CLOSES)]
Body = dict[str, Any]


def overview() -> Body:
    return made.overview(account(STANDS, own=OPENS), OPENS, [])


def bill() -> Body:
    return made.annual_bill(account(STANDS, own=OPENS), OPENS)


def handed(mask: Mask = ELECTRICITY) -> dict[str, Request]:
    """Return what the registry knows: two parcels of registers."""
    return {f"parcel-{day_of(at)}": permit(at, mask).request for at in (OPENS, CLOSES)}


def follows(body: Body, parcels: dict[str, Request], connection: int = HOME) -> bool:
    return papers.follows(files(body), body, connection, parcels)


@pytest.mark.parametrize("body", [overview(), bill()], ids=["overview", "bill"])
def test_a_paper_of_parcels_follows(body: Body) -> None:
    assert follows(body, handed())
    assert not follows(body, handed(), HOME + 1)
    assert not follows(body, dict(list(handed().items())[1:]))
    assert not follows(body, handed(ELECTRICITY & CONSUMPTION_MASK)), "feed-in was not handed over"


def test_a_parcel_of_another_moment_is_no_reading() -> None:
    parcels = handed()
    assert not follows(overview(), dict.fromkeys(parcels, parcels["parcel-2026-01-01"]))


def spoil_period(body: Body) -> None:
    body["period"]["start"] = "2025-12-01T00:00:00+01:00"


def spoil_readings(body: Body) -> None:
    del body["readings"][0]


def spoil_earlier(body: Body) -> None:
    body["earlier"] = [json.loads(json.dumps({name: body[name] for name in ("period", "usage", "totals")}))]
    spoil_period(body["earlier"][0])


def spoil_year_before(body: Body) -> None:
    body["year_before"] = {name: body[name] for name in ("usage", "totals")} | {"period": body["year_before"]["period"]}


def spoil_format(body: Body) -> None:
    body["readings"] = "all of them"


@pytest.mark.parametrize("spoil", [spoil_period, spoil_readings, spoil_earlier, spoil_year_before])
def test_a_paper_that_says_more_does_not_follow(spoil: Callable[[Body], None]) -> None:
    body = overview()
    spoil(body)
    assert not follows(body, handed())


def word_of_the_ground(body: Body) -> None:
    body["readings"][0]["article"] = "voor een ander doel"


def word_of_the_sentence(body: Body) -> None:
    body["readings"][1]["sentence"] = "S12"


def word_of_the_edition(body: Body) -> None:
    body["readings"][1]["edition"] = "leaflet"


def word_of_the_permit(body: Body) -> None:
    body["readings"][0]["permit"] = "by word of mouth"


def word_of_a_hand(body: Body) -> None:
    body["readings"][0] |= {"read": "by-hand", "by": "visit", "method": "003"}


def word_of_the_unit(body: Body) -> None:
    body["usage"][0]["unit"] = "kWh"


def word_for_nothing(body: Body) -> None:
    body["usage"][0] |= {"value": None, "why": "the customer is away"}
    body["totals"][0]["value"] = None


def word_beside_a_value(body: Body) -> None:
    body["usage"][0]["why"] = "reading-missing"


def word_of_the_total(body: Body) -> None:
    body["totals"][0]["value"] += 1


def word_of_ones_own(body: Body) -> None:
    body["remark"] = "away in July"


def word_in_a_reading(body: Body) -> None:
    body["readings"][0]["remark"] = "away in July"


def word_in_an_earlier_time(body: Body) -> None:
    body["earlier"] = [{name: body[name] for name in ("period", "usage", "totals")} | {"remark": "away in July"}]


def word_in_what_it_replaces(body: Body) -> None:
    body["replaces"] = ["the one of July, when they were away"]


@pytest.mark.parametrize("paper", [overview, bill])
@pytest.mark.parametrize(
    "word",
    [
        *(word_of_the_ground, word_of_the_sentence, word_of_the_edition, word_of_the_permit, word_of_a_hand, word_of_the_unit),
        *(word_for_nothing, word_beside_a_value, word_of_the_total, word_of_ones_own, word_in_a_reading, word_in_what_it_replaces),
        word_in_an_earlier_time,
    ],
)
def test_a_paper_in_words_of_its_own_does_not_follow(paper: Callable[[], Body], word: Callable[[Body], None]) -> None:
    body, purposes = json.loads(json.dumps(paper())), {parcel: one.purpose for parcel, one in handed().items()}
    assert wording.of_paper(body, purposes)
    word(body)
    assert not wording.of_paper(body, purposes)


@pytest.mark.parametrize("word", [word_of_the_ground, word_of_ones_own, word_in_what_it_replaces])
def test_words_count_also_where_the_page_says_the_same(word: Callable[[Body], None]) -> None:
    body = bill()
    word(body)
    assert not follows(body, handed())


def test_a_paper_without_the_form_does_not_follow() -> None:
    body = overview()
    parts = files(body)
    spoil_format(body)
    assert not papers.follows(parts, body, HOME, handed())
    assert not papers.follows(parts, {}, HOME, handed())


def test_a_stand_that_was_not_handed_over_does_not_follow() -> None:
    body = bill()
    for one in body["usage"]:
        one |= {"value": None, "why": "no-reading-delivered"}
    for one in body["totals"]:
        one["value"] = None
    del body["readings"][0]
    assert not follows(body, handed())
    for one in body["usage"]:
        one["opening"] = None
    assert follows(body, handed())


@pytest.mark.parametrize("name", ["overview.json", "overview.nl.html", "overview.en.html"])
def test_a_page_that_says_otherwise_does_not_follow(name: str) -> None:
    parts = files(overview())
    place = next(key for key in parts if key.endswith(name))
    assert not papers.follows(parts | {place: parts[place] + b" "}, overview(), HOME, handed())
    assert not papers.follows({key: part for key, part in parts.items() if key != place}, overview(), HOME, handed())
    assert not papers.follows(parts | {"c0ffee/more.txt": b""}, overview(), HOME, handed())


def zipped(path: Path, parts: Mapping[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as box:
        for name, content in parts.items():
            box.writestr(name, content)
    return path


def test_what_is_no_paper_is_read_as_one_that_says_nothing(tmp_path: Path) -> None:
    (found,) = papers.read(zipped(tmp_path / "good.zip", files(overview())))
    assert found == (files(overview()), overview())
    broken = tmp_path / "broken.zip"
    broken.write_bytes(b"PK\x03\x04rubbish")
    large = zipped(tmp_path / "large.zip", {"c0ffee/overview.json": bytes(papers.LARGEST + 1)})
    for path in (broken, large, tmp_path / "absent.zip"):
        assert list(papers.read(path)) == [({}, {})]
    for content in (b"[]", b"{", b"\xff"):
        ((_, said),) = papers.read(zipped(tmp_path / "other.zip", {"c0ffee/overview.json": content}))
        assert said == {}


@given(st.integers(0, 10**6), st.integers(0, 255), st.integers(0, 60))
def test_no_bytes_make_reading_fail(place: int, byte: int, cut: int) -> None:
    """Whatever lies there: a paper, or one that says nothing."""
    with TemporaryDirectory() as folder:
        path = zipped(Path(folder) / "spoilt.zip", files(bill()))
        data = bytearray(path.read_bytes())
        data[place % len(data)] = byte
        path.write_bytes(data[: len(data) - cut])
        for parts, body in papers.read(path):
            assert isinstance(papers.follows(parts, body, HOME, handed()), bool)


@pytest.mark.database
def test_papers_beside_a_bundle_that_are_none_of_it_are_found(night: Faulty) -> None:
    bundle = min((night.house.data / "outbox").glob("*/*.jsonl"))
    zipped(bundle.with_name(f"{bundle.stem}{papers.SUFFIX}"), files(overview()))
    assert night.codes() == {"file-without-parcel"}


@pytest.mark.database
def test_a_paper_about_another_home_than_its_parcel_is_found(night: Faulty) -> None:
    bundle = min((night.house.data / "outbox").glob("*/*.jsonl"))
    parcel = json.loads(bundle.read_text("utf-8").splitlines()[0])
    path = bundle.with_name(f"{bundle.stem}{papers.SUFFIX}")
    zipped(path, files(overview() | {"reference": parcel["reference"]}))
    assert night.codes() == {"parcel-of-another"}
    same = {name: parcel[name] for name in ("reference", "metering_point", "product", "purpose")}
    zipped(path, files(overview() | same))
    assert night.codes() == {"paper-beyond-parcels"}
