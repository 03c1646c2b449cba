"""A party's agreement ends, and days later it has a new one: what ended in between stays ended, whether somebody swept or not.

The replay decides that again from the log alone. Where somebody was read and handed over all the same, it says so.
"""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from kwartier.grounds import lasting
from kwartier.model.ground import Role
from kwartier.workflows import installation, replay
from kwartier.workflows.permission import ends
from night_support import Story

pytestmark = pytest.mark.database
FOLDER = Path(__file__).parents[3] / "scenarios" / "night_suspended"
APP = "8716874900101"
GAP = f"party,start,end\n{APP},2020-01-01,2026-03-11\n{APP},2026-03-12,\n"


@pytest.fixture
def story(installation_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Story]:
    """A day of which the app was given the quarters; then its agreement ended, and it has a new one. Nobody swept since."""
    (tmp_path / "when" / "gap").mkdir(parents=True)
    (tmp_path / "when" / "gap" / "agreements.csv").write_text(GAP, encoding="utf-8")
    (tmp_path / "registers.csv").symlink_to(FOLDER / "registers.csv")
    (tmp_path / "given").symlink_to(FOLDER / "given")
    installation.create(installation_dir)
    with installation.opened(installation_dir) as house:
        made = Story.begin(house, tmp_path, at("2026-03-10T02:00:00+01:00"))
        made.step("night", "2026-03-09")
        made.step("deliver", "")
        monkeypatch.setattr(ends, "sweep", lambda _house, *, at: at.year * 0)
        made.now = at("2026-03-11T09:00:00+01:00")
        made.step("import", "gap")
        yield made


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def given(story: Story) -> list[str]:
    """Let a night and a round of deliveries go by; return what became of the app's parcels, of this and of the first one."""
    story.now = at("2026-03-13T02:00:00+01:00")
    story.step("night", "2026-03-12")
    story.step("deliver", "")
    with story.house.operator() as c:
        query = "select status from kw.parcel where receiver_role = %s order by at"
        return [status for (status,) in c.execute(query, (Role.THIRD_PARTY,))]


def test_after_a_gap_nothing_is_read_or_handed_over_and_the_replay_finds_nothing(story: Story) -> None:
    assert given(story) == ["delivered"]
    assert {line["for"] for line in story.tasks if line["night"] == "2026-03-12" and line["profile"] == "e_interval"} == {
        "ANNA:own_insight"
    }
    assert replay.run(story.house, at=story.clock()).findings == []


def test_who_was_read_all_the_same_is_found(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as planted:
        planted.setattr(lasting, "_bound", lambda *_: True)
        assert given(story) == ["delivered", "delivered"]
    found = replay.run(story.house, at=story.clock())
    assert {one.code for one in found.findings} >= {"permit-not-decided", "parcel-not-decided"}
    assert found.uncovered_reads > 0
    assert found.uncovered_deliveries > 0


def test_the_second_check_finds_it_too_where_the_decision_would_not(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lasting, "_bound", lambda *_: True)
    assert given(story) == ["delivered", "delivered"]
    assert {one.code for one in replay.run(story.house, at=story.clock()).findings} == {"consent-disagrees"}
