"""What deeds let be stored, the facts as they were known then, and the tree of the check itself."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest

from kwartier.audit.evidence import Told
from kwartier.audit.leaves import Grant
from kwartier.audit.subjects import tag
from kwartier.model.ground import Occupancy, Permission, Restriction, RestrictionKind, Supply
from kwartier.model.period import Period, epoch_s, midnight
from kwartier.workflows.replay.rows import bare
from kwartier.workflows.replay.tasks import TaskKey, code_of
from kwartier.workflows.replay.tasks import stores as stored
from kwartier.workflows.replay.told import Fact, Histories, agrees, fact_of, histories, known
from kwartier.workflows.replay.tree import Grown, hashed, root_of

DAY = date(2026, 10, 25)
"""The day of 25 hours."""
AT = datetime(2026, 10, 26, 1, tzinfo=UTC)


def opens(days: int) -> int:
    return epoch_s(midnight(DAY + timedelta(days=days)))


def stores(profile: str, mask: int, first_s: int, last_s: int, *, keeps: bool = True) -> list[tuple[date, int, bool]]:
    """Return (day, channel, wholly) that a permit lets be stored, of a task that asks much more."""
    key = TaskKey(9, 1, profile, 0, opens(-30), opens(30))
    grant = Grant("", 1, mask, first_s, last_s, keeps, "supplier", 1, "move", "register", first_s, last_s)
    return [(day, code - code_of(9, 0), within is None) for day, code, within in stored(key, grant)]


def test_an_interval_day_belongs_to_the_time_between_its_midnights() -> None:
    assert stores("e_interval", 6, opens(0), opens(1)) == [(DAY, 1, True), (DAY, 2, True)]
    after = DAY + timedelta(days=1)
    assert stores("e_interval", 2, opens(0), opens(1) + 900) == [(DAY, 1, True), (after, 1, False)]
    assert stores("e_interval", 2, opens(0) + 900, opens(1)) == [(DAY, 1, False)]
    assert stores("g_interval", 8, opens(0), opens(0)) == []


def test_a_register_at_midnight_belongs_to_the_day_that_it_opens() -> None:
    after = DAY + timedelta(days=1)
    assert stores("e_day", 1 << 4, opens(0), opens(1)) == [(DAY, 4, True), (after, 4, True)]
    assert stores("e_day", 1 << 4, opens(0), opens(0)) == [(DAY, 4, True)]
    assert stores("g_day", 1 << 8, opens(0) + 1, opens(1) - 1) == []


def test_a_profile_stores_its_own_channels_only_and_sums_store_nothing() -> None:
    assert stores("e_interval", 1 << 4 | 1 << 3, opens(0), opens(1)) == []
    assert stores("e_interval", 6, opens(0), opens(1), keeps=False) == []


def told_of(*bodies: tuple[int, datetime, str, dict[str, Any]]) -> Histories:
    """Return what the log was told: (position, when, kind, body)."""
    return histories([Told(position, at, kind, 7, body, None, None) for position, at, kind, body in bodies])


HOUR = timedelta(hours=1)
LONG_AGO = AT - 99 * 24 * HOUR
EXPIRES = AT + 48 * HOUR
PERMISSION = Permission(3, 1, 2, 2, "app", Period(LONG_AGO), Period(LONG_AGO, EXPIRES))
GRANTED: dict[str, Any] = {
    "permission": 3,
    "party": 2,
    "mask": 2,
    "data_start": epoch_s(LONG_AGO),
    "data_end": None,
    "start": epoch_s(LONG_AGO),
    "end": epoch_s(EXPIRES),
}


def span(start: datetime, end: datetime | None = None) -> dict[str, Any]:
    return {"start": epoch_s(start), "end": None if end is None else epoch_s(end)}


def lived(said_at: datetime) -> Histories:
    """Return a log in which every end was said at this moment; the beginnings are old."""
    return told_of(
        (0, LONG_AGO, "occupancy:began", {"occupancy": 1, **span(LONG_AGO)}),
        (1, LONG_AGO, "supply:began", {"supply": 2, "party": 5, **span(LONG_AGO)}),
        (2, LONG_AGO, "permission:granted", GRANTED),
        (3, said_at, "occupancy:ended", {"occupancy": 1, **span(LONG_AGO, AT - 24 * HOUR)}),
        (4, said_at, "permission:terminated", GRANTED | {"end": epoch_s(AT - HOUR)}),
        (5, said_at, "restriction:began", {"restriction": 4, "kind": "refused", **span(AT - 48 * HOUR)}),
    )


def as_of(said: Histories, at: datetime, before: int | None) -> dict[str, Fact | None]:
    """Return each fact as it was known, by its table; all about person 1."""
    states = {ref: known(history, at, before) for ref, history in said.items()}
    return {ref[0]: None if state is None else fact_of(ref, state, 1) for ref, state in states.items()}


def test_what_was_said_before_stands() -> None:
    assert as_of(lived(AT - 2 * HOUR), AT, None) == {
        "occupancy": Occupancy(1, 1, Period(LONG_AGO, AT - 24 * HOUR)),
        "supply": Supply(2, 5, Period(LONG_AGO)),
        "permission": replace(PERMISSION, purpose="", live=Period(LONG_AGO, AT - HOUR)),
        "restriction": Restriction(4, RestrictionKind.REFUSED, Period(AT - 48 * HOUR)),
    }


@pytest.mark.parametrize(("said_at", "before"), [(AT + HOUR, None), (AT - HOUR, 3)])
def test_what_was_said_later_was_not_known(said_at: datetime, before: int | None) -> None:
    """Later by its moment, or by its place in the log: an entry that is dated back still stands after the decision."""
    then = as_of(lived(said_at), AT, before)
    assert then == {
        "occupancy": Occupancy(1, 1, Period(LONG_AGO)),
        "supply": Supply(2, 5, Period(LONG_AGO)),
        "permission": replace(PERMISSION, purpose=""),  # not without an end: it had the one that was agreed
        "restriction": None,
    }


def test_a_fact_that_was_told_after_the_decision_is_no_ground_for_it() -> None:
    late = told_of((9, LONG_AGO, "permission:granted", GRANTED))
    assert as_of(late, AT, 9) == {"permission": None}
    assert as_of(late, AT, 10) == {"permission": replace(PERMISSION, purpose="")}


SOONER = (4, AT - 3 * HOUR, "permission:terminated", GRANTED | {"end": epoch_s(AT + 24 * HOUR)})
TOLD_AHEAD = (4, AT + 24 * HOUR, "permission:terminated", {"permission": 3, "mask": 2})


@pytest.mark.parametrize("ahead", [SOONER, TOLD_AHEAD], ids=["by an import", "by another body"])
def test_of_two_ends_the_nearest_counts_whichever_was_said_last(ahead: Any) -> None:  # noqa: ANN401 - an entry
    granted, revoked = (2, LONG_AGO, "permission:granted", GRANTED), (5, AT, "permission:revoked", {"permission": 3, "mask": 2})
    said = told_of(granted, ahead, revoked)
    (history,) = said.values()
    assert [one.end for one in history] == [EXPIRES, AT + 24 * HOUR, AT]
    for at in (AT, AT + HOUR, AT + 25 * HOUR):
        assert as_of(said, at, None) == {"permission": replace(PERMISSION, purpose="", live=Period(LONG_AGO, AT))}
    later = (6, AT + HOUR, "permission:terminated", GRANTED | {"end": epoch_s(AT + 12 * HOUR)})
    assert told_of(granted, ahead, revoked, later)["permission", 3][-1].end == AT


def test_a_revocation_ends_a_permission_when_it_was_said_and_never_later_than_agreed() -> None:
    events = [(0, LONG_AGO, "permission:granted", GRANTED), (1, AT, "permission:revoked", {"permission": 3, "mask": 2})]
    assert [one.end for one in told_of(*events)["permission", 3]] == [EXPIRES, AT]
    late = (1, EXPIRES + HOUR, "permission:expired", {"permission": 3})
    assert told_of(events[0], late)["permission", 3][-1].end == EXPIRES
    never = (1, LONG_AGO, "permission:revoked", {"permission": 3})
    assert not told_of(events[0], never)["permission", 3][-1].lives
    with pytest.raises(KeyError):
        told_of(events[1])


@pytest.mark.parametrize(
    "other",
    [
        replace(PERMISSION, mask=6),
        replace(PERMISSION, party=3),
        replace(PERMISSION, party=None),
        replace(PERMISSION, data=Period(LONG_AGO - HOUR)),
        replace(PERMISSION, live=Period(LONG_AGO)),
        replace(PERMISSION, live=Period(LONG_AGO - HOUR, EXPIRES)),
        replace(PERMISSION, subject=8),
    ],
)
def test_the_registry_agrees_with_the_log_or_not(other: Permission) -> None:
    salt = bytes(16)
    entry = Told(0, LONG_AGO, "permission:granted", 7, GRANTED, tag(salt, "ONE"), salt)
    state = histories([entry])["permission", 3][-1]
    codes = {1: "ONE", 8: "ANOTHER"}
    assert agrees(7, PERMISSION, state, codes)
    assert not agrees(8, PERMISSION, state, codes)
    assert not agrees(7, other, state, codes)
    forgotten = replace(state, salt=None)
    assert agrees(7, replace(PERMISSION, subject=8), forgotten, codes), "erased: nobody can tell any more"


def test_bare_rows_are_found_whatever_the_grid() -> None:
    def grants(*spans: tuple[int, int]) -> list[Grant]:
        return [Grant("", 1, 2, first, last, True, "supplier", 1, "move", "register", first, last) for first, last in spans]  # noqa: FBT003 - as in a line

    day = opens(0)
    quarter, hour = 900, 3600
    assert not bare("e_interval", grants((day, day + hour)), day, day + hour)
    assert not bare("e_interval", grants((day, day + quarter), (day + 2 * quarter, day + hour)), day, day + hour)
    assert bare("e_interval", grants((day, day + quarter), (day + 3 * quarter, day + hour)), day, day + hour)
    assert bare("e_interval", grants((day + 1, day + hour)), day, day + hour)
    assert bare("e_interval", grants((day, day + hour - 1)), day, day + hour)
    assert bare("e_interval", [], day, day)
    assert not bare("g_interval", grants((day, day + 10), (day + hour, day + hour)), day, day + hour)
    assert not bare("e_day", grants((opens(0), opens(0)), (opens(1), opens(1))), opens(0), opens(1))
    assert bare("e_day", grants((opens(0), opens(0)), (opens(2), opens(2))), opens(0), opens(2))


def naive(data: list[bytes]) -> bytes:
    if len(data) < 2:
        return sha256(b"\x00" + data[0]).digest() if data else sha256().digest()
    k = 2 ** ((len(data) - 1).bit_length() - 1)
    return sha256(b"\x01" + naive(data[:k]) + naive(data[k:])).digest()


@pytest.mark.parametrize("size", [0, 1, 2, 3, 7, 8, 21, 64, 65])
def test_the_trees_of_the_check(size: int) -> None:
    data = [b"%d" % i for i in range(size)]
    assert root_of(map(hashed, data)) == naive(data)
    grown = Grown()
    made = [one for leaf in data for one in grown.add(hashed(leaf))]
    assert all(found == naive(data[position << level : position + 1 << level]) for level, position, found in made)
