"""The pages over a real history: numbers of the house, honest about gaps, in both languages, closed to others."""

import csv
import io
import re
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from home_support import GAS_METER, METER, House, Visitor
from kwartier.home import fold
from kwartier.home.clock import Receipt
from kwartier.home.errors import Loss
from kwartier.home.fold import State
from kwartier.home.keeper import Notice
from kwartier.home.ledger import Event
from kwartier.home.line import Line
from kwartier.home.live import Live
from kwartier.home.operator_file import COLUMNS
from kwartier.home.page import app, desk
from kwartier.home.settings import Settings
from kwartier.home.store import writer
from kwartier.home.store.writer import Batch, Told
from kwartier.model.period import ZONE, day_period, epoch_s, from_epoch_s

FIRST = date(2026, 6, 17)
PLACES = ("", "day", "day?date=2026-06-17", "month", "month?month=2026-05", "year", "peak", "compare", "meter")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home that was read for a day and a half, with two hours of silence in the first night."""
    made = tmp_path_factory.mktemp("home")
    house, line, state = House(epoch_s(day_period(FIRST).start), seed=4), Line(bytes(16)), State()
    with writer.opened(made, raw_days=1, raw_mb=1) as kept:
        for number in range(36 * 60 + 8):
            house.step(60 if number else 0)
            if 200 < number < 320:
                continue
            [heard] = line.receive(house.telegram())
            state, outcome = fold.take(state, heard.sample, Receipt(None))
            events = [Told(outcome.placed.at, each.event, each.meter) for each in outcome.happened]
            if outcome.entries or events:
                kept.save(Batch(state, outcome.entries, events))
        kept.save(Batch(state))
    return made


@pytest.fixture
def live(folder: Path) -> Live:
    """What is live: the last telegram of a recording."""
    house = House(epoch_s(day_period(FIRST).start), seed=4)
    for number in range(36 * 60 + 8):
        house.step(60 if number else 0)
    [heard] = Line(bytes(16)).receive(house.telegram())
    found = Live(place="replay:a.txt", is_recorded=True, sample=heard.sample, at=house.at, ended=True)
    with writer.opened(folder, raw_days=1, raw_mb=1) as kept:
        found.state = kept.state()
    for number in range(200):
        found.remember(house.at - 200 + number, 400 + number)
    return found


@pytest.fixture
def client(folder: Path, live: Live) -> Visitor:
    """A visitor on this machine."""
    return Visitor(app.application(desk.made(folder, Settings(), live)))


VOID = {"meta", "link", "input", "br"}


def balanced(text: str) -> bool:
    """True if every element that is opened is closed, in order."""
    opened: list[str] = []
    for closes, name, alone in re.findall(r"<(/?)([a-z][a-z0-9]*)\b[^>]*?(/?)>", text):
        if closes:
            if not opened or opened.pop() != name:
                return False
        elif not alone and name not in VOID:
            opened.append(name)
    return opened == []


@pytest.mark.parametrize("language", ["nl", "en"])
@pytest.mark.parametrize("place", PLACES)
def test_every_page_is_whole(client: Visitor, language: str, place: str) -> None:
    answer = client.get(f"/{language}/{place}")
    assert answer.status_code == 200
    assert f'<html lang="{language}">' in answer.text
    assert balanced(answer.text)
    idents = re.findall(r' id="([^"]+)"', answer.text)
    assert len(idents) == len(set(idents))
    assert {ident for found in re.findall(r'aria-labelledby="([^"]+)"', answer.text) for ident in found.split()} <= set(idents)


def test_the_first_page_tells_power_phases_and_today(client: Visitor, live: Live) -> None:
    text = client.get("/en/").text
    assert live.sample is not None
    power = live.sample.power_w or 0
    assert f'<span class="figure">{abs(power):,}</span>' in text
    assert ("given to the grid now" if power < 0 else "taken from the grid now") in text
    assert text.count("<dt>L") == 3
    assert "A recording, up to 18 June 2026 12:07:00." in text
    assert '<svg class="kw-curve"' in text
    assert '<noscript><meta http-equiv="refresh" content="10"></noscript>' in text


def test_the_part_that_changes_is_the_same_as_in_the_page(client: Visitor) -> None:
    part = client.get("/nl/live").text
    assert part.startswith('<div class="live" id="live"')
    assert part.strip() in client.get("/nl/").text


def test_a_day_is_the_sum_of_its_table(client: Visitor) -> None:
    text = client.get("/en/day?date=2026-06-17").text
    table = text.split("<tbody>")[1].split("</tbody>")[0]
    rows = re.findall(r"<tr>(.*?)</tr>", table, re.DOTALL)
    assert len(rows) == 96
    assert sum("missing" in row for row in rows) == 9
    assert "Between 17 June 2026 03:15:00 and 17 June 2026 05:30:00 there was a silence" in text
    days = list(csv.DictReader(io.StringIO(client.get("/csv/days?from=2026-06-17&to=2026-06-17").text)))
    taken = next(int(row["value"]) for row in days if row["kind"] == "taken")
    assert f"{taken / 1000:,.2f}\N{NO-BREAK SPACE}kWh" in text


def test_what_is_yet_to_come_is_neither_missing_nor_drawn(client: Visitor) -> None:
    text = client.get("/en/day?date=2026-06-18").text
    assert "missing" not in text.split("<tbody>")[1].split("</tbody>")[0]
    assert 'class="missing"' not in text.split("<svg")[1]


def test_the_month_links_its_days(client: Visitor) -> None:
    text = client.get("/nl/month?month=2026-06").text
    assert '<a href="/nl/day?date=2026-06-17">17 jun</a>' in text
    assert "19 jun" not in text
    assert "Hoogste kwartier" in text


@pytest.mark.parametrize("wrong", ["2026-13-40", "x", "", "0001-01-01", "9999-12-31", "2026-06"])
def test_a_day_that_cannot_be_meant_is_today(client: Visitor, wrong: str) -> None:
    assert client.get(f"/en/day?date={wrong}").status_code == 200
    assert client.get(f"/en/month?month={wrong}").status_code == 200
    assert client.get(f"/en/year?year={wrong}").status_code == 200


def test_intervals_as_csv_add_up_to_the_registers(client: Visitor, live: Live) -> None:
    rows = list(csv.DictReader(io.StringIO(client.get("/csv/intervals").text)))
    account = live.state.electricity.account
    assert account is not None
    readings = list(csv.DictReader(io.StringIO(client.get("/csv/readings").text)))
    assert {row["at"] for row in readings} == {"2026-06-18T00:00:00+02:00"}
    first = House(epoch_s(day_period(FIRST).start), seed=4)
    taken = sum(int(row["value"]) for row in rows if row["kind"] == "taken")
    assert taken == sum(account.track.values[:2]) - sum(first.registers()[:2])
    assert {row["marks"] for row in rows} == {"measured", "sum", "partial"}


@pytest.mark.parametrize(
    "place", ["/csv/other", "/csv/days?from=x", "/csv/days?from=2026-06-18&to=2026-06-17", "/csv/days?from=0001-01-01"]
)
def test_a_wrong_file_is_refused(client: Visitor, place: str) -> None:
    assert client.get(place).status_code in {400, 404}


def upload(client: Visitor, data: bytes, language: str = "en") -> tuple[int, str]:
    """Hand a file in."""
    answer = client.hand_in(f"/{language}/compare", data)
    return answer.status_code, answer.text


def operators_file(client: Visitor, *, planted: int = 0) -> bytes:
    """Make what the operator would give, from the home's own day; the quarter of 08:00 is told `planted` Wh more."""
    rows = list(csv.DictReader(io.StringIO(client.get("/csv/intervals?from=2026-06-17&to=2026-06-17").text)))
    out = io.StringIO()
    table = csv.writer(out)
    table.writerow(COLUMNS)
    for row in rows:
        if row["kind"] in {"taken", "given"}:
            more = planted if row["kind"] == "taken" and "T08:00" in row["start"] else 0
            direction = "consumption" if row["kind"] == "taken" else "production"
            at, end = datetime.fromisoformat(row["start"]), datetime.fromisoformat(row["end"])
            value = int(row["value"]) + more
            while at < end:  # the operator heard what the home did not: here all of it in the first quarter
                table.writerow((871, "1-0:1.8.0", direction, "", at.isoformat(), "PT15M", value, "Wh", "valid"))
                at, value = at + timedelta(minutes=15), 0
    return out.getvalue().encode()


def test_a_file_that_agrees_agrees(client: Visitor) -> None:
    status, text = upload(client, operators_file(client))
    assert status == 200
    assert "agrees with what your meter said here" in text


def test_a_planted_quarter_is_named_on_the_page(client: Visitor) -> None:
    status, text = upload(client, operators_file(client, planted=250), "nl")
    assert status == 200
    assert "wijkt af van wat uw meter hier zei" in text
    assert "17 juni 2026 08:00" in text
    assert "+250" in text


def test_a_file_that_is_none_is_told(client: Visitor) -> None:
    for data in (b"", b"a,b\n1,2\n", b"\xff\xfe", b"{}"):
        status, text = upload(client, data)
        assert status == 400
        assert 'role="alert"' in text
    assert client.hand_in("/en/compare", b"x", content_length=str(10**9)).status_code == 400
    for kind in ("multipart/form-data", "multipart/form-data; boundary=x", "text/plain", "application/x-www-form-urlencoded"):
        assert client.post("/en/compare", b"file=x", kind).status_code == 400


def test_no_other_site_may_post_or_ask(client: Visitor, folder: Path) -> None:
    data = operators_file(client)
    for site in ("cross-site", "same-site"):
        assert client.hand_in("/en/compare", data, sec_fetch_site=site).status_code == 403
    assert client.hand_in("/en/compare", data, sec_fetch_site="same-origin").status_code == 200
    assert Visitor(client.app, "evil.example").get("/en/").status_code == 400
    for own in ("[::1]", "127.0.0.1", "localhost:8090"):
        assert Visitor(client.app, own).get("/en/").status_code == 200
    named = app.application(desk.made(folder, Settings(hosts="pi.lan"), Live()))
    assert Visitor(named, "pi.lan").get("/en/").status_code == 200


def test_the_headers_shut_everything_but_ourselves(client: Visitor) -> None:
    for place in ("/en/", "/static/home.css", "/csv/days", "/nowhere", "/en/nowhere"):
        headers = client.get(place).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert "server" not in headers
    text = client.get("/en/").text
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script>|https?://", text)


def test_no_page_tells_a_meters_number(client: Visitor) -> None:
    for place in (*PLACES, "live"):
        text = client.get(f"/en/{place}").text
        for number in (METER, GAS_METER, bytes.fromhex(METER).decode(), bytes.fromhex(GAS_METER).decode()):
            assert number not in text
    for kind in ("intervals", "days", "readings"):
        assert METER not in client.get(f"/csv/{kind}").text


def test_unknown_places_are_told_in_the_visitors_language(client: Visitor) -> None:
    answer = client.get("/nl/nergens")
    assert (answer.status_code, "bestaat niet" in answer.text) == (404, True)
    answer = client.get("/xx/", accept_language="en")
    assert (answer.status_code, answer.headers["location"]) == (303, "/en/")
    assert client.get("/", accept_language="nl").headers["location"] == "/nl/"


def told(folder: Path, live: Live, settings: Settings | None = None) -> str:
    """Return the first page for another state of things."""
    return Visitor(app.application(desk.made(folder, settings or Settings(), live))).get("/en/").text


def test_the_line_is_told_as_it_is(folder: Path, live: Live) -> None:
    live = replace(live, is_recorded=False, ended=False)
    assert "Waiting for the first telegram" in told(folder, Live())
    assert "The line went away" in told(folder, replace(live, lost=Loss.GONE))
    assert "The disk is full" in told(folder, replace(live, is_disk_full=True))
    assert "Nothing understood for" in told(folder, replace(live, received=-1000.0))
    shut = Live()
    shut.counts = replace(shut.counts, sealed_shut=3)
    assert "The meter seals its telegrams" in told(folder, shut)
    for loss in Loss:
        assert 'class="status bad"' in told(folder, replace(live, lost=loss))


def test_a_page_for_others_says_so(folder: Path, live: Live) -> None:
    assert "can be read by everybody" in told(folder, live, Settings(listen="0.0.0.0"))  # noqa: S104 - not listened on here
    assert "can be read by everybody" not in told(folder, live)


def test_a_home_without_any_history_has_all_its_pages(tmp_path: Path) -> None:
    with writer.opened(tmp_path, raw_days=1, raw_mb=1):
        pass
    client = Visitor(app.application(desk.made(tmp_path, Settings(), Live())))
    for place in PLACES:
        assert client.get(f"/nl/{place}").status_code == 200
    for kind in ("intervals", "days", "readings"):
        assert client.get(f"/csv/{kind}").text.count("\n") == 1


def test_every_event_has_its_sentence(tmp_path: Path) -> None:
    kinds = [*Event, *Notice, *(f"line-{loss}" for loss in Loss)]
    with writer.opened(tmp_path, raw_days=1, raw_mb=1) as kept:
        kept.save(Batch(State(), events=[Told(1_781_000_100 + n, kind, "ab") for n, kind in enumerate(kinds)]))
    text = Visitor(app.application(desk.made(tmp_path, Settings(), Live()))).get("/nl/meter").text
    assert text.count("<code>ab</code>") == len(kinds)


def test_times_of_the_day_table_are_local(client: Visitor) -> None:
    start = from_epoch_s(epoch_s(day_period(FIRST + timedelta(days=1)).start)).astimezone(ZONE)
    assert (start.hour, start.minute) == (0, 0)
    assert '<th scope="row">00:00</th><td>00:15</td>' in client.get("/en/day?date=2026-06-18").text
