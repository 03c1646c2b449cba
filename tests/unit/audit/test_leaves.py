"""The bodies of lines that are written by hand are the canonical JSON of what they say, whatever is said."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kwartier.audit import leaves
from kwartier.audit.canonical import Json, canonical
from kwartier.audit.errors import NotLoggable
from kwartier.audit.leaves import Grant
from kwartier.grounds import conduct
from kwartier.model.care import Chore, Errand
from kwartier.model.ground import Action, DataClass, Purpose, Refusal, Request, Requester, Role, Ruling
from kwartier.model.period import Period, epoch_s, from_epoch_s
from kwartier.model.permit import PermitRef
from kwartier.model.task import GapReason, ProfileName, Result, Task

NUMBERS = st.integers(0, 1 << 40)
MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis adds the zone
PERIODS = st.tuples(MOMENTS, st.none() | st.timedeltas(timedelta(seconds=1), timedelta(days=999))).map(
    lambda both: Period(both[0], None if both[1] is None else both[0] + both[1])
)
REFS = st.builds(
    PermitRef, st.binary(min_size=16, max_size=16), NUMBERS, NUMBERS, NUMBERS, NUMBERS, st.just((("permission", 1),)), st.booleans()
)
REQUESTS = st.builds(
    Request,
    st.builds(Requester, st.sampled_from(Role), NUMBERS),
    st.just(Action.READ),
    st.sampled_from(Purpose),
    NUMBERS,
    NUMBERS,
    PERIODS,
    st.sampled_from(DataClass),
)
GRANTED = st.lists(st.tuples(REFS, REQUESTS), min_size=1, max_size=4, unique_by=lambda both: both[0].id)
PROFILES, CHORES = st.sampled_from(ProfileName), st.sampled_from(Chore)


@st.composite
def tasks(draw: st.DrawFn) -> tuple[Task | Errand, dict[bytes, Request]]:
    granted = draw(GRANTED)
    permits = tuple(ref for ref, _ in granted)
    connection, meter, mbus, first, last = draw(st.tuples(NUMBERS, NUMBERS, st.integers(0, 4), NUMBERS, NUMBERS))
    task = Task(connection, meter, draw(PROFILES), mbus, first, last, permits)
    errand = Errand(connection, meter, draw(CHORES), mbus, first, last, permits, 0)
    chosen: Task | Errand = task if draw(st.booleans()) else errand
    return chosen, {ref.id: request for ref, request in granted}


def key(task: Task | Errand) -> dict[str, Json]:
    return {
        "b": task.mbus,
        "c": task.connection,
        "f": task.first_s,
        "l": task.last_s,
        "m": task.meter,
        "p": task.name,
    }


@given(tasks())
def test_what_is_intended_is_written_canonically(drawn: tuple[Task | Errand, dict[bytes, Request]]) -> None:
    task, requests = drawn
    leaf = leaves.intended(task, requests, "anna")
    grants: list[Json] = [list(Grant.of(ref, requests[ref.id])) for ref in task.permits]
    assert leaf == (task.connection, "anna", canonical({**key(task), "g": grants}))
    with pytest.raises(NotLoggable):
        leaves.intended(task, {}, "anna")


@given(tasks(), st.sampled_from(Result), st.none() | st.sampled_from(GapReason), MOMENTS)
def test_what_was_read_is_written_canonically(
    drawn: tuple[Task | Errand, dict[bytes, Request]], result: Result, reason: GapReason | None, at: datetime
) -> None:
    task, requests = drawn
    leaf = leaves.read(task, result, reason, requests, at, None)
    said: dict[str, Json] = {
        "at": int(at.timestamp()) * 1000 + at.microsecond // 1000,
        "r": result,
        "s": [one.hex() for one in requests],
        "w": reason,
    }
    assert leaf == (task.connection, None, canonical({**key(task), **said}))
    assert leaves.read(task, result, reason, (), at, None).body.count(b'"s":[]') == 1


@given(REQUESTS, st.sampled_from([rule.id for edition in conduct.EDITIONS for rule in edition.rules]))
def test_what_was_refused_is_written_canonically(request: Request, rule: str) -> None:
    no = Refusal(request, None, Ruling(rule, 1, "2026", "S6", "", "", ""), datetime(2026, 11, 24, tzinfo=UTC))
    who = request.requester
    start, end = request.period.start, request.period.end
    bounds = epoch_s(start), None if end is None else epoch_s(end)
    said: dict[str, Json] = {
        "c": request.connection,
        "i": who.id,
        "o": who.role,
        "u": request.purpose,
        "x": rule,
        "a": request.action,
        "class": request.data_class,
        "mask": request.mask,
        "start": bounds[0],
        "end": bounds[1],
    }
    seconds = Period(from_epoch_s(bounds[0]), None if bounds[1] is None else from_epoch_s(bounds[1]))
    leaf = leaves.refused(no, "anna")
    assert leaf == leaves.Leaf(request.connection, "anna", canonical(said))
    assert leaves.request_of(json.loads(leaf.body)) == replace(request, period=seconds)


def test_every_word_of_a_line_is_written_without_quotes() -> None:
    words = [*Role, *Purpose, *DataClass, *Result, *GapReason, *ProfileName, *Chore]
    assert [word for word in words if canonical(str(word)) != f'"{word}"'.encode()] == []
