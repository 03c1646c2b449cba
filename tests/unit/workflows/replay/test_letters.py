"""A mandate that began by silence needs a letter that lay there before, and the time that the letter gives must be over."""

from datetime import UTC, datetime, timedelta

import pytest

from kwartier.audit.events import EventKind
from kwartier.model.period import epoch_s
from replay_support import Faulty

pytestmark = pytest.mark.database
DAY = timedelta(days=1)
LAID = datetime(2026, 1, 2, tzinfo=UTC)
NOTICE = 14 * DAY
REQUEST = 990_001


def letter(night: Faulty, *, over: datetime = LAID + NOTICE) -> None:
    night.tell(EventKind.LETTER_LAID, home(night), LAID, request=REQUEST, party=1, mask=2, answer_by=epoch_s(over))


def home(night: Faulty) -> int:
    return int(night.one("select min(key) from kw.connection"))


def begun(night: Faulty, at: datetime) -> set[str]:
    """Let a mandate begin, in the log alone, and say what a replay finds of it: that the registry has none is no part of it."""
    start = epoch_s(at)
    body = {"permission": REQUEST, "party": 1, "mask": 2, "data_start": start, "data_end": None, "start": start, "end": None}
    night.tell(EventKind.PERMISSION_GRANTED, home(night), at, request=REQUEST, **body)
    night.tell(EventKind.PERMISSION_INVALIDATED, home(night), at, permission=REQUEST, party=1, mask=2, because="moved_out")
    return night.codes()


def test_one_that_began_after_its_notice_is_in_order(night: Faulty) -> None:
    letter(night)
    assert begun(night, LAID + NOTICE) == set()


def test_one_that_began_before_the_time_of_its_letter_was_over(night: Faulty) -> None:
    letter(night)
    assert begun(night, LAID + NOTICE - timedelta(seconds=1)) == {"mandate-too-soon"}


def test_one_whose_letter_gave_no_time(night: Faulty) -> None:
    letter(night, over=LAID + timedelta(hours=1))
    assert begun(night, LAID + timedelta(hours=2)) == {"mandate-too-soon"}


def test_one_without_a_letter(night: Faulty) -> None:
    assert begun(night, LAID + NOTICE) == {"mandate-without-letter"}


def test_one_whose_letter_was_laid_down_afterwards(night: Faulty) -> None:
    assert begun(night, LAID + NOTICE) == {"mandate-without-letter"}
    letter(night)
    assert night.codes() == {"mandate-without-letter"}


def test_a_claim_that_was_vetoed_does_not_begin_by_its_old_letter(night: Faulty) -> None:
    letter(night)
    night.tell(EventKind.PERMISSION_REJECTED, home(night), LAID + DAY, request=REQUEST, party=1, mask=2, origin="mandate")
    assert begun(night, LAID + NOTICE) == {"mandate-without-letter"}
