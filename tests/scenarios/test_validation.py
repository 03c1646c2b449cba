"""Runs every scenario: the rows of a meter (given), what was asked on which grounds (when), what is stored and said (then).

Moments are local with their offset, energies Wh, gas dm3. An interval that `then` does not name has to be VALID; a verdict, a
channel-day or a sum that it does not name must not be there. The last column is for people.
"""

import csv
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from kwartier.model.channel_day import ChannelDay, Quality
from kwartier.model.period import epoch_s
from kwartier.model.permit import PermitRef
from kwartier.model.register import Channel, mask_of
from kwartier.model.task import ProfileName
from kwartier.model.verdict import Severity, Verdict
from kwartier.validation import Rows, Validated, validate
from validation_support import model, permit, rows, task

Line = dict[str, str]
FOLDERS = sorted(path.parent for path in Path(__file__).parent.glob("*/then.csv"))
COLUMNS = {"import": Channel.IMPORT, "export": Channel.EXPORT, "gas": Channel.GAS}


def lines(path: Path) -> list[Line]:
    with path.open(newline="", encoding="utf-8") as text:
        return list(csv.DictReader(text, strict=True))


def seconds(text: str) -> int:
    return epoch_s(datetime.fromisoformat(text))


def whole(table: list[Line], name: str) -> NDArray[np.int64]:
    return np.array([int(line[name]) for line in table], np.int64)


def given(folder: Path) -> Rows:
    table = lines(folder / "given.csv")
    stamps = np.array([seconds(line["stamp"]) for line in table], np.int64)
    status = np.array([int(line["status"], 16) for line in table], np.uint8)
    values = {channel: whole(table, name) for name, channel in COLUMNS.items() if table[0][name]}
    capture = np.array([seconds(line["capture"]) for line in table], np.int64) if table[0]["capture"] else None
    return rows(stamps, values, status=status, capture=capture)


def grounds(when: list[Line]) -> list[PermitRef]:
    return [
        permit(
            seconds(line["first"]),
            seconds(line["last"]),
            mask=mask_of(Channel[name] for name in line["channels"].split("|")),
            rule=int(line["rule"]),
            keeps=line["keeps"] == "yes",
        )
        for line in when
        if line["what"] == "permit"
    ]


def judge(folder: Path) -> Validated:
    when = lines(folder / "when.csv")
    asked = next(line for line in when if line["what"] == "task")
    live = grounds(when)
    about = task(ProfileName(asked["profile"]), seconds(asked["first"]), seconds(asked["last"]), *live)
    return validate(given(folder), about, model(), capacity_w=int(asked["capacity"]), live=live, batch=1)


def place(line: Line) -> tuple[Channel, date]:
    return Channel[line["channel"]], date.fromisoformat(line["day"])


def named(then: list[Line], what: str) -> Iterator[Line]:
    return (line for line in then if line["what"] == what)


def check_intervals(one: ChannelDay, then: list[Line]) -> None:
    """Compare the intervals that are named, and see that no other is marked."""
    deltas = np.frombuffer(one.deltas, np.int32).tolist()
    marks = dict(enumerate(one.quality, 1))
    for line in named(then, "interval"):
        if place(line) == (one.channel, one.day):
            assert deltas[int(line["number"]) - 1] == int(line["value"]), line
            expected = Quality[line["quality"]] if line["quality"] else Quality.VALID
            assert marks.pop(int(line["number"]), Quality.VALID) == expected, line
    assert not any(marks.values())


@pytest.mark.parametrize("folder", FOLDERS, ids=[folder.name for folder in FOLDERS])
def test_scenario(folder: Path) -> None:
    then = lines(folder / "then.csv")
    result = judge(folder)
    held = {(one.channel, one.day): one for one in result.channel_days}
    assert {at: (len(one.deltas) // 4, one.start) for at, one in held.items()} == {
        place(line): (int(line["number"]), int(line["value"])) for line in named(then, "day")
    }
    totals = {at: int(np.frombuffer(one.deltas, np.int32).sum()) for at, one in held.items()}
    assert totals == {place(line): int(line["value"]) for line in named(then, "total")}
    for one in held.values():
        check_intervals(one, then)
    sums = {(channel, day): (len(sum_), int(sum_.sum())) for channel, days in result.sums.items() for day, sum_ in days.items()}
    assert sums == {place(line): (int(line["number"]), int(line["value"])) for line in named(then, "sum")}
    assert result.verdicts == [Verdict(line["number"], Severity(line["quality"]), line["value"]) for line in named(then, "verdict")]
    assert [result.dropped_values] == [int(line["value"]) for line in named(then, "dropped")]
    assert [result.quarantined] == [line["value"] == "yes" for line in named(then, "quarantined")]


def test_every_scenario_runs() -> None:
    assert {folder.name for folder in FOLDERS} >= {"dst_spring", "dst_autumn", "missing_quarter", "stale_gas"}
