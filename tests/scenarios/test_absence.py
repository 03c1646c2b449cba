"""Proof that nothing was read while a customer refused: made by the real log, checked offline, and no more if anything is amiss."""

import io
import json
import zipfile
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from kwartier.audit.verify import verify
from kwartier.model.register import Channel
from kwartier.workflows import installation, refusal
from kwartier.workflows.installation import Installation
from kwartier.workflows.refusal import Checked, NoSuchTime, NotYourMeter, WasRead
from night_support import Story, table
from readings_support import channel_day, read

FOLDER = Path(__file__).parent / "night_refusal_and_return"
REFUSED = date(2026, 3, 10), date(2026, 3, 11)
LATER = datetime.fromisoformat("2026-03-14T12:00:00+01:00")


@pytest.fixture
def played(installation_dir: Path) -> Iterator[Story]:
    """Play the refusal and the return."""
    yield from play(FOLDER, installation_dir)


@pytest.fixture
def replaced(installation_dir: Path) -> Iterator[Story]:
    """Play a refusal in which the smart meter made way for conventional ones, which were read by hand."""
    yield from play(FOLDER.with_name("night_refused_conventional"), installation_dir)


def play(folder: Path, installation_dir: Path) -> Iterator[Story]:
    installation.create(installation_dir)
    with installation.opened(installation_dir) as house:
        steps = table(folder / "when.csv")
        story = Story.begin(house, folder, datetime.fromisoformat(steps[0]["at"]))
        for line in steps:
            story.now = datetime.fromisoformat(line["at"])
            story.step(line["what"], line["argument"])
        yield story


def keys(house: Installation) -> tuple[int, int, int]:
    """Return Anna, her electricity and her gas."""
    with house.operator() as c:
        ((anna,),) = c.execute("select key from kw.subject where code = 'ANNA'").fetchall()
        places = dict(c.execute("select product, key from kw.connection").fetchall())
    return anna, places["electricity"], places["gas"]


def proved(house: Installation, connection: int | None = None) -> bytes:
    """Return the proof of absence of the days of the refusal."""
    anna, power, _ = keys(house)
    return refusal.absence(house, anna, connection or power, *REFUSED, at=LATER).body


@pytest.mark.parametrize(
    ("first", "last"),
    [
        (REFUSED[1], REFUSED[0]),
        (date(2026, 3, 12), date(2026, 3, 1)),
        (date(2026, 3, 15), date(2026, 3, 16)),
        (date(2027, 1, 1), date(2027, 1, 2)),
    ],
)
def test_of_no_time_and_of_what_is_still_to_come_there_is_no_proof(played: Story, first: date, last: date) -> None:
    anna, power, _ = keys(played.house)
    with pytest.raises(NoSuchTime):
        refusal.absence(played.house, anna, power, first, last, at=LATER)


def test_a_time_that_goes_on_is_proved_up_to_now() -> None:
    assert refusal.asked_time(REFUSED[0], date.max, at=LATER).end == datetime.fromisoformat("2026-03-15T00:00:00+01:00")


def changed(data: bytes, change: Callable[[dict[str, bytes]], object]) -> bytes:
    """Return the file with its parts changed."""
    with zipfile.ZipFile(io.BytesIO(data)) as box:
        parts = {one: box.read(one) for one in box.namelist()}
    change(parts)
    statement = json.loads(parts["absence.json"])
    parts["absence.json"] = json.dumps(statement | {"proofs": len(parts) - 1}).encode()
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as box:
        for name, content in parts.items():
            box.writestr(name, content)
    return out.getvalue()


def check(house: Installation, data: bytes, code: str = "ANNA") -> Checked:
    return refusal.check(data, house.log.vkey, code)


def later(house: Installation, data: bytes) -> list[str]:
    """Return the lines of batches that were written down after the time of the proof."""
    with zipfile.ZipFile(io.BytesIO(data)) as box:
        end = json.loads(box.read("absence.json"))["end"]
        proofs = {name: verify(box.read(name), house.log.vkey) for name in box.namelist() if name != "absence.json"}
    return [
        name for name, one in proofs.items() if one.line is not None and datetime.fromisoformat(one.event["at"]).timestamp() >= end
    ]


def test_what_was_not_read_is_proved_of_electricity_and_gas(played: Story) -> None:
    house = played.house
    for connection in keys(house)[1:]:
        found = check(house, proved(house, connection))
        assert (found.faults, found.open_end) == ([], False)
        assert found.lines >= 4
        assert found.statement["read"] == {"log": 0, "registry": 0, "store": 0, "journal": None}


def test_what_was_read_by_hand_was_not_read_remotely(replaced: Story) -> None:
    house, asked = replaced.house, (date(2027, 3, 3), date(2027, 3, 11))
    anna, power, gas = keys(house)
    for connection in (power, gas):
        body = refusal.absence(house, anna, connection, *asked, at=replaced.clock()).body
        assert check(house, body).faults == []
    for first, last in ((date(2027, 3, 1), asked[1]), (asked[0], date(2027, 3, 13))):
        with pytest.raises(WasRead):
            refusal.absence(house, anna, power, first, last, at=replaced.clock() + timedelta(days=1))


def test_what_was_read_is_not_proved_away_nor_another_s_time(played: Story) -> None:
    house = played.house
    anna, power, _ = keys(house)
    for first, last in (
        (date(2026, 3, 8), date(2026, 3, 9)),
        (date(2026, 3, 11), date(2026, 3, 13)),
        (date(2026, 3, 1), date(2026, 3, 13)),
    ):
        with pytest.raises(WasRead):
            refusal.absence(house, anna, power, first, last, at=LATER)
    with house.operator() as c:
        ((bram,),) = c.execute("select key from kw.subject where code = 'BRAM'").fetchall()
    for who, first, last in ((bram, *REFUSED), (anna, date(2019, 3, 8), date(2019, 3, 9))):
        with pytest.raises(NotYourMeter):
            refusal.absence(house, who, power, first, last, at=LATER)


def stored(house: Installation) -> None:
    read(house, [channel_day(keys(house)[1], Channel.IMPORT, REFUSED[0])], at=LATER)


def answered(house: Installation) -> None:
    at = datetime.fromisoformat("2026-03-10T12:00:00+01:00")
    with house.operator() as c:
        c.execute(
            "insert into kw.outcome (batch, meter, connection, profile, mbus, first_s, last_s, result, permits, at)"
            " select max(b.id), max(m.key), %(c)s, 'e_interval', 0, %(s)s, %(s)s, 'read', '', %(at)s"
            " from kw.batch b, kw.meter m where m.connection = %(c)s",
            {"c": keys(house)[1], "s": int(at.timestamp()), "at": at},
        )


def remembered(house: Installation, obis: str = "1-0:99.1.0", **more: object) -> None:
    with house.operator() as c:
        query = "select equipment_id from kw.meter where connection = %s"
        ((meter,),) = c.execute(query, (keys(house)[1],)).fetchall()
    journal = house.data / "town" / "sessions.jsonl"
    journal.parent.mkdir(exist_ok=True)
    at = "2026-03-10T12:00:00+01:00"
    said = {"equipment_id": meter, "event": "profile", "obis": obis, "at": at, "first_s": 0, "last_s": 0, **more}
    with journal.open("a", encoding="utf-8") as lines:
        lines.write(json.dumps(said) + "\n")


def unnamed(house: Installation) -> None:
    """A profile that the meter's model does not have."""
    remembered(house, "1-0:98.1.0")


def asked_as_data(house: Installation) -> None:
    """A register as a plain value, of class 1."""
    remembered(house, "1-0:1.8.0", event="object", class_id=1, attribute=2)


def asked_as_a_table(house: Installation) -> None:
    """Registers in one table, of class 61."""
    remembered(house, "0-0:98.10.1", event="object", class_id=61, attribute=2)


@pytest.mark.parametrize("book", [stored, answered, remembered, unnamed, asked_as_data, asked_as_a_table])
def test_any_one_book_that_knows_of_usage_is_enough(played: Story, book: Callable[[Installation], None]) -> None:
    """Whoever read behind the log, and wrote it nowhere else, finds no proof that nothing was read."""
    remembered(played.house, "0-0:99.98.0")  # its event log is no usage, nor is its clock, nor the gas of the same meter
    remembered(played.house, "0-0:1.0.0", event="object", class_id=8, attribute=2)
    remembered(played.house, "1-0:0.2.0", event="object", class_id=1, attribute=2)  # its firmware
    remembered(played.house, "0-1:24.3.0")
    assert proved(played.house)
    book(played.house)
    with pytest.raises(WasRead):
        proved(played.house)


def test_whatever_is_left_out_or_changed_shows(played: Story) -> None:
    house = played.house
    data = proved(house)
    with zipfile.ZipFile(io.BytesIO(data)) as box:
        names = [one for one in box.namelist() if one.startswith("proofs/")]
    inner = [one for one in names if "-" in one.removesuffix(".tlog-proof")]
    missing = check(house, changed(data, lambda parts: parts.pop(inner[len(inner) // 2])))
    assert any("missing" in fault for fault in missing.faults)
    first = check(house, changed(data, lambda parts: [parts.pop(one) for one in inner[:1]]))
    assert any("before the first" in fault or "missing" in fault for fault in first.faults)
    after = check(house, changed(data, lambda parts: [parts.pop(one) for one in later(house, data)]))
    assert (after.faults, after.open_end) == ([], True), "what came after the last line given, nobody can know"
    none = check(house, changed(data, lambda parts: [parts.pop(one) for one in inner]))
    assert (none.faults, none.batches, none.open_end) == ([], 0, True), "of what is left out whole nothing is missing"
    assert check(house, data).batches == len(inner)
    torn = check(house, changed(data, lambda parts: parts.update({names[0]: parts[names[0]].replace(b"index ", b"index 1")})))
    assert torn.faults
    assert check(house, data, "BRAM").faults
    assert check(house, data[:-30]).faults
    assert check(house, b"").faults


def test_a_reading_among_the_lines_shows(played: Story) -> None:
    """The same lines do not prove a longer time, in which there was a reading."""
    house = played.house
    data = proved(house)

    def longer(parts: dict[str, bytes]) -> None:
        said = json.loads(parts["absence.json"])
        parts["absence.json"] = json.dumps(said | {"start": said["start"] - 3 * 86_400, "end": said["end"] + 2 * 86_400}).encode()

    assert check(house, changed(data, longer)).faults
