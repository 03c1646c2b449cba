"""What deeds let be stored, the facts as they were known then, and the tree of the check itself."""

from datetime import UTC, date, datetime, timedelta
from hashlib import sha256

import pytest

from kwartier.audit.leaves import Grant
from kwartier.model.ground import Facts, Occupancy, Permission, Restriction, RestrictionKind, Supply
from kwartier.model.period import Period, epoch_s, midnight
from kwartier.store.registry.replay import Stop
from kwartier.workflows.replay.again import as_of
from kwartier.workflows.replay.book import TaskKey, _stores, code_of
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
    return [(day, code - code_of(9, 0), within is None) for day, code, within in _stores(key, grant)]


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


PERMISSION = Permission(
    3, 1, 2, 2, "app", Period(AT - timedelta(days=9)), Period(AT - timedelta(days=9), AT + timedelta(minutes=1))
)
KNOWN = Facts(
    7,
    "area",
    occupancies=(Occupancy(1, 1, Period(AT - timedelta(days=99), AT - timedelta(days=1))),),
    supplies=(Supply(2, 5, Period(AT - timedelta(days=99))),),
    permissions=(PERMISSION,),
    restrictions=(Restriction(4, RestrictionKind.REFUSED, Period(AT - timedelta(days=2))),),
    used_days={6: frozenset({"2026-10-24", "2026-10-25", "2026-10-26"})},
)


def test_what_was_said_before_stands() -> None:
    before = AT - timedelta(hours=1)
    stops = {
        ("occupancy", 1): [Stop(AT - timedelta(days=1), before)],
        ("connection", 7): [Stop(AT - timedelta(days=2), before)],
        ("permission", 3): [Stop(AT + timedelta(minutes=1), before)],
    }
    then = as_of(KNOWN, AT, stops)
    assert (then.occupancies, then.supplies, then.permissions, then.restrictions) == (
        KNOWN.occupancies,
        KNOWN.supplies,
        KNOWN.permissions,
        KNOWN.restrictions,
    )
    assert then.used_days == {6: frozenset({"2026-10-24", "2026-10-25"})}, "a day of which the night had not come"


def test_what_was_said_later_was_not_known() -> None:
    later = AT + timedelta(hours=1)
    stops = {
        ("occupancy", 1): [Stop(AT - timedelta(days=1), later)],
        ("connection", 7): [Stop(AT - timedelta(days=2), later)],
        ("permission", 3): [Stop(AT + timedelta(minutes=1), later)],
    }
    then = as_of(KNOWN, AT, stops)
    assert then.occupancies[0].period == Period(AT - timedelta(days=99))
    assert then.permissions[0].live == Period(AT - timedelta(days=9))
    assert then.supplies == KNOWN.supplies
    assert then.restrictions == ()


def test_what_nobody_said_stands_as_it_is() -> None:
    assert as_of(KNOWN, AT, {}).restrictions == KNOWN.restrictions


def naive(data: list[bytes]) -> bytes:
    if len(data) < 2:
        return sha256(b"\x00" + data[0]).digest() if data else sha256().digest()
    k = 2 ** ((len(data) - 1).bit_length() - 1)
    return sha256(b"\x01" + naive(data[:k]) + naive(data[k:])).digest()


@pytest.mark.parametrize("size", [0, 1, 2, 3, 7, 8, 21, 64, 65])
def test_the_trees_of_the_check(size: int) -> None:
    data = [b"%d" % i for i in range(size)]
    assert root_of(data) == naive(data)
    grown = Grown()
    made = [one for leaf in data for one in grown.add(hashed(leaf))]
    assert all(found == naive(data[position << level : position + 1 << level]) for level, position, found in made)
