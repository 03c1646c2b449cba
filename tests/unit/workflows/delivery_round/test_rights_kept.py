"""Whatever kept a register from a supplier for a while, it comes to it once it has a ground again: stories of nights and rounds."""

from collections.abc import Callable, Iterator
from datetime import date, datetime
from pathlib import Path

import pytest

from kwartier.workflows import installation, replay
from night_support import Story, parcels

pytestmark = pytest.mark.database
FOLDER = Path(__file__).parents[3] / "scenarios" / "night_switch_registered_late"
OLD, NEW = "8716874900019", "8716874900026"
BOTH = [("Dijk & Duin", "delivered", ""), ("Lage Landen", "delivered", "")]
Begin = Callable[[str], Story]


@pytest.fixture
def begin(installation_dir: Path, tmp_path: Path) -> Iterator[Begin]:
    """Begin the story of Anna, who changes to another supplier; nobody was told yet."""
    (tmp_path / "registers.csv").symlink_to(FOLDER / "registers.csv")
    (tmp_path / "given").symlink_to(FOLDER / "given")
    installation.create(installation_dir)
    with installation.opened(installation_dir) as house:
        yield lambda at: Story.begin(house, tmp_path, moment(at))


def moment(text: str) -> datetime:
    return datetime.fromisoformat(f"2025-{text}+02:00")


def told(story: Story, day: str, at: str) -> None:
    """Let Anna's switch at this midnight come in."""
    lines = (f"{OLD},2022-01-01,{day}", f"{NEW},{day},")
    imported(story, "contracts", "ean,party,start,end", *(f"871600000000000017,{line}" for line in lines), at=at)


def imported(story: Story, name: str, *lines: str, at: str) -> None:
    folder = story.folder / "when" / at.replace(":", "")
    folder.mkdir(parents=True)
    (folder / f"{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    story.now = moment(at)
    story.take(f"when/{folder.name}")


def night(story: Story, about: str, at: str) -> None:
    story.now = moment(at)
    story.night(date.fromisoformat(f"2025-{about}"))


def deliver(story: Story, at: str) -> None:
    story.now = moment(at)
    story.step("deliver", "")


def switches(story: Story) -> list[tuple[str, str, str]]:
    """Return to whom the registers of Anna's switch went, or why not."""
    return sorted((one["receiver"], one["status"], one["rule"]) for one in parcels(story.house) if one["purpose"] == "switch")


def is_over(story: Story) -> None:
    """Nobody waits any more, and nothing is wrong with what was done."""
    with story.house.operator() as c:
        assert c.execute("select connection, moment from kw.late_change").fetchall() == []
    checked = replay.run(story.house, at=story.clock())
    assert (checked.findings, checked.uncovered, checked.over_broad, checked.late) == ([], 0, 0, 0)


def test_what_is_told_less_than_a_day_after_while_its_night_decides_is_asked_by_the_next(begin: Begin) -> None:
    """The import began half a minute before midnight; the night that still asks for the midnight before had decided when it ended."""
    story = begin("05-11T02:00:00")
    night(story, "05-10", "05-11T02:00:00")
    night(story, "05-11", "05-12T00:10:00")
    told(story, "2025-05-11", "05-11T23:59:30")
    night(story, "05-12", "05-13T00:10:00")
    deliver(story, "05-13T06:00:00")
    assert switches(story) == BOTH
    deliver(story, "05-13T07:00:00")
    is_over(story)
