"""What was refused and withheld, decided again; and who of the operator's people did what."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

import planted_support as planted
from kwartier.audit.events import EventKind
from kwartier.workflows import replay
from kwartier.workflows.installation import Installation, system_clock
from planted_support import Expected
from replay_support import Faulty

pytestmark = pytest.mark.database
AT = datetime(2026, 11, 25, tzinfo=UTC)


def test_what_was_refused_is_decided_again(house: Installation) -> None:
    found = replay.run(house, at=system_clock())
    assert found.compared["refusals"] > 0
    assert found.refused_wrongly == 0


@pytest.mark.parametrize(
    "plant",
    [
        planted.refused_with_a_ground,
        planted.withheld_with_a_ground,
        planted.somebody_else,
        planted.nobody,
        planted.blamed,
    ],
)
def test_it_is_found_and_nothing_else_is(night: Faulty, plant: Callable[[Faulty], Expected]) -> None:
    expected = plant(night)
    found = night.found()
    assert expected.among(found)
    assert found.codes == {expected.code: 1}
    assert (found.uncovered > 0) is (expected.code.partition("-")[0] == "staff")


def test_a_withheld_parcel_that_the_log_does_not_know(night: Faulty) -> None:
    night.change(
        "insert into kw.parcel (id, receiver_role, receiver, connection, purpose, period, mask, status, at)"
        " select %s, receiver_role, receiver, connection, purpose, period, mask, 'withheld', at from kw.parcel limit 1",
        "ab" * 16,
    )
    assert night.codes() == {"withheld-without-event"}


def test_a_line_that_does_not_say_what_was_asked(night: Faulty) -> None:
    body = {"parcel": "ab" * 16, "permit": None, "rule": "F7", "c": 1, "o": "wizard", "i": 1}
    night.tell(EventKind.PARCEL_WITHHELD, None, planted.last(night), **body)
    assert night.codes() == {"not-understood"}
