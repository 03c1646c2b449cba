"""What a meter remembers against what was intended: when, which profile, which period, and on a ground that still stood."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from kwartier.audit.leaves import Grant
from kwartier.store.registry.replay import MeterRow
from kwartier.workflows.installation import meter_models
from kwartier.workflows.replay.book import Book
from kwartier.workflows.replay.findings import Findings
from kwartier.workflows.replay.sessions import Sessions
from kwartier.workflows.replay.tasks import Asked, TaskKey
from replay_support import no_decisions

AT = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
FOREVER = datetime.max.replace(tzinfo=UTC)
FIRST, LAST = 1_795_000_500, 1_795_086_900
GRANT = Grant("00" * 16, 3, 2, FIRST, LAST, True, "supplier", 4, "move", "register", FIRST, LAST)  # noqa: FBT003 - as in a line


def asked(profile: str = "e_interval", mbus: int = 0, *, stopped: datetime = FOREVER, **more: Any) -> Asked:  # noqa: ANN401 - fields
    key = TaskKey(7, 1, profile, mbus, FIRST, LAST)
    held: dict[str, Any] = {"until": AT + timedelta(minutes=5), "restricted": (), "read": False} | more
    grounds = held.get("grounds", {GRANT: stopped})
    return Asked(1, key, tuple(grounds), AT, held["until"], tuple(grounds.values()), held["restricted"], held["read"])


def line(after_s: float, **fields: object) -> dict[str, object]:
    at = (AT + timedelta(seconds=after_s)).isoformat(timespec="milliseconds")
    said = {"at": at, "equipment_id": "E1", "sap": 1, "event": "profile", "obis": "1-0:99.1.0", "first_s": FIRST, "last_s": LAST}
    return said | {"rows": 97} | fields


def judged(tmp_path: Path, tasks: list[Asked], lines: list[dict[str, object]], *, model: str = "SMR5") -> list[str]:
    found = Findings(AT)
    book = Book(no_decisions(), found)
    for one in tasks:
        book.remember(one)
    journal = tmp_path / "sessions.jsonl"
    journal.write_text("".join(json.dumps(one) + "\n" for one in lines), encoding="utf-8")
    Sessions(book, {"E1": MeterRow(1, model, None)}, meter_models(), 0.25, found, journal=journal).finish()
    return [one.code for one in found.findings]


def test_a_request_within_its_intent_is_in_order(tmp_path: Path) -> None:
    assert judged(tmp_path, [asked(read=True)], [line(1)]) == []
    assert judged(tmp_path, [asked(read=True)], [line(1, first_s=FIRST + 900, last_s=LAST - 900)]) == []


@pytest.mark.parametrize("after_s", [-1, 301])
def test_a_request_before_the_intent_or_after_the_deed_has_none(tmp_path: Path, after_s: float) -> None:
    assert judged(tmp_path, [asked()], [line(after_s)]) == ["get-without-intent"]


@pytest.mark.parametrize("fields", [{"first_s": FIRST - 1}, {"last_s": LAST + 1}, {"first_s": None, "last_s": None}])
def test_more_than_was_intended_is_over_broad(tmp_path: Path, fields: dict[str, object]) -> None:
    assert judged(tmp_path, [asked()], [line(1, **fields)]) == ["get-beyond-task"]


def test_profiles_and_channels_are_told_apart(tmp_path: Path) -> None:
    gas = asked("g_interval", 2)
    assert judged(tmp_path, [gas], [line(1, obis="0-2:24.3.0")]) == []
    assert judged(tmp_path, [gas], [line(1, obis="0-1:24.3.0")]) == ["get-without-intent"]
    assert judged(tmp_path, [gas], [line(1)]) == ["get-without-intent"]
    assert judged(tmp_path, [], [line(1, obis="0-0:99.98.0")]) == ["get-without-intent"], "no usage, but no ground either"


@pytest.mark.parametrize("sap", [1, 16, 102])
@pytest.mark.parametrize("obis", ["0-0:98.1.0", "1-0:98.1.0", "1-0:99.2.1", "0-0:99.1.77", "1-1:99.1.0"])
def test_a_profile_that_the_model_does_not_name_nobody_can_have_meant(tmp_path: Path, obis: str, sap: int) -> None:
    """Not even where every profile and every log of the model was meant: the last one is the model's own but for its channel."""
    every = [asked(name) for name in ("e_interval", "e_day", "standard_events", "power_failures")]
    assert judged(tmp_path, every, [line(1, obis=obis, sap=sap)]) == ["get-without-intent"]


def test_a_meter_of_a_model_that_is_not_known_names_nothing(tmp_path: Path) -> None:
    assert judged(tmp_path, [asked()], [line(1)], model="another") == ["get-without-intent"]
    assert judged(tmp_path, [asked()], [line(1, **COUNTER)], model="another") == ["get-without-intent"]


@pytest.mark.parametrize(
    ("after_s", "codes"), [(9.9, []), (10.25, []), (10.299, []), (10.302, ["get-after-stop"]), (60, ["get-after-stop"])]
)
def test_a_request_after_the_stop_is_late(tmp_path: Path, after_s: float, codes: list[str]) -> None:
    """A stop list may be 0.25 s old when the request goes out, and the way to the meter takes up to 0.05 s."""
    assert judged(tmp_path, [asked(stopped=AT + timedelta(seconds=10))], [line(after_s)]) == codes


def test_after_a_stop_a_request_keeps_to_what_stands(tmp_path: Path) -> None:
    """Of three grounds end to end the middle one was stopped: neither its time, nor a range over it."""
    third = (LAST - FIRST) // 3 // 900 * 900
    cuts = [FIRST, FIRST + third, FIRST + 2 * third, LAST]
    grants = [GRANT._replace(permit=f"{i}" * 32, first_s=cuts[i], last_s=cuts[i + 1]) for i in range(3)]
    grounds = {grants[0]: FOREVER, grants[1]: AT + timedelta(seconds=10), grants[2]: FOREVER}
    task = asked(grounds=grounds)
    assert judged(tmp_path, [task], [line(5)]) == [], "before the stop"
    for first, last, codes in (
        (cuts[0], cuts[1], []),
        (cuts[2], cuts[3], []),
        (cuts[0], cuts[3], ["get-beyond-stop"]),
        (cuts[1], cuts[2], ["get-beyond-stop"]),
        (cuts[0], cuts[1] + 900, ["get-beyond-stop"]),
    ):
        assert judged(tmp_path, [task], [line(60, first_s=first, last_s=last)]) == codes


def test_one_ground_that_stands_is_enough(tmp_path: Path) -> None:
    tasks = [asked(stopped=AT), asked()]
    assert judged(tmp_path, tasks, [line(60)]) == []


@pytest.mark.parametrize(
    ("start", "end", "said", "codes"),
    [
        (AT, None, AT, ["get-while-restricted"]),
        (AT - timedelta(days=9), AT, AT - timedelta(days=9), []),
        (AT, None, AT + timedelta(hours=1), []),
        (AT + timedelta(hours=1), None, AT, []),
    ],
)
def test_a_request_to_a_restricted_connection(
    tmp_path: Path, start: datetime, end: datetime | None, said: datetime, codes: list[str]
) -> None:
    assert judged(tmp_path, [asked(restricted=((start, end, said),))], [line(60)]) == codes


def test_a_deed_needs_a_memory_of_it_where_the_meter_keeps_a_journal(tmp_path: Path) -> None:
    done = [asked(read=True), asked("e_day", read=True)]
    assert judged(tmp_path, done, [line(1)]) == ["deed-without-session"]
    assert judged(tmp_path, done, [line(1, equipment_id="another")]) == []


@pytest.mark.parametrize(
    ("class_id", "obis"),
    [
        (3, "1-0:1.8.0"),
        (4, "0-1:24.2.1"),
        (5, "1-0:1.4.0"),
        (61, "1-0:1.8.0"),
        (1, "1-0:1.8.0"),
        (62, "7-0:3.1.0"),
        (61, "0-0:98.1.0"),
    ],
)
def test_a_register_read_by_itself_is_uncovered(tmp_path: Path, class_id: int, obis: str) -> None:
    """Whatever class the meter keeps it in: a name of something measured, or a class that holds what was."""
    assert judged(tmp_path, [asked()], [line(1, event="object", class_id=class_id, attribute=2, obis=obis)]) == ["register-read"]


CLOCK = {"event": "object", "class_id": 8, "attribute": 2, "obis": "0-0:1.0.0"}
COUNTER = {"event": "object", "class_id": 1, "attribute": 2, "obis": "0-0:43.1.0"}


@pytest.mark.parametrize("sap", [1, 16])
def test_an_association_needs_its_counter_and_no_other_object(tmp_path: Path, sap: int) -> None:
    assert judged(tmp_path, [], [line(1, **COUNTER, sap=sap)]) == []
    for other in ({"class_id": 15, "obis": "0-0:40.0.0"}, {"class_id": 7}, {"obis": "0-0:43.1.1"}, {"obis": "0-0:96.1.0"}):
        assert judged(tmp_path, [], [line(1, **(COUNTER | other), sap=sap)]) == ["get-without-intent"], other
    assert judged(tmp_path, [], [line(1, **(COUNTER | {"attribute": 3}), sap=sap)]) == ["get-without-intent"]


@pytest.mark.parametrize("sap", [2, 16])
def test_another_client_than_ours_may_not_look_either(tmp_path: Path, sap: int) -> None:
    register = {"event": "object", "class_id": 3, "attribute": 2, "obis": "1-0:1.8.0"}
    assert judged(tmp_path, [], [line(1, **register, sap=sap)]) == ["register-read"]
    assert judged(tmp_path, [], [line(1, **(CLOCK | {"attribute": 3}), sap=sap)]) == ["get-without-intent"]


def test_an_event_that_no_meter_has_is_not_understood(tmp_path: Path) -> None:
    quiet = ("associated", "refused", "denied", "released", "unreleased", "bad_frame", "dropped")
    assert judged(tmp_path, [], [line(1, event=event) for event in quiet]) == []
    assert judged(tmp_path, [], [line(1, event="streamed")]) == ["not-understood"]


STATUS = {"class_id": 1, "attribute": 2, "obis": "0-1:94.31.0"}


def test_a_chore_is_held_against_what_was_meant_like_a_profile(tmp_path: Path) -> None:
    assert judged(tmp_path, [asked("clock", read=True)], [line(1, **CLOCK)]) == []
    assert judged(tmp_path, [asked("alarms")], [line(1, **CLOCK)]) == ["get-without-intent"]
    assert judged(tmp_path, [], [line(1, **CLOCK)]) == ["get-without-intent"]
    assert judged(tmp_path, [], [line(1, **CLOCK, sap=16)]) == [], "the public client may ask a clock"
    assert judged(tmp_path, [asked("clock", read=True)], [line(1)]) == ["get-without-intent", "deed-without-session"]


def test_a_log_is_asked_within_its_range_only(tmp_path: Path) -> None:
    events = {"obis": "0-0:99.98.0"}
    assert judged(tmp_path, [asked("standard_events")], [line(1, **events)]) == []
    assert judged(tmp_path, [asked("standard_events")], [line(1, **events, first_s=FIRST - 1)]) == ["get-beyond-task"]
    assert judged(tmp_path, [asked("standard_events")], [line(1, **events, first_s=None, last_s=None)]) == ["get-beyond-task"]


def test_what_was_set_must_have_been_meant_to_be_set(tmp_path: Path) -> None:
    assert judged(tmp_path, [asked("switch_off")], [line(1, event="written", **STATUS), line(2, event="object", **STATUS)]) == []
    assert judged(tmp_path, [asked("administrative_status")], [line(1, event="written", **STATUS)]) == ["set-without-intent"]
    image = {"event": "called", "class_id": 18, "method": 4, "obis": "0-0:44.0.0"}
    assert judged(tmp_path, [asked("update")], [line(1, **image)]) == []
    assert judged(tmp_path, [asked("firmware")], [line(1, **image)]) == ["set-without-intent"]


def test_a_chore_after_its_stop_is_late_and_under_a_restriction_uncovered(tmp_path: Path) -> None:
    assert judged(tmp_path, [asked("clock", stopped=AT)], [line(60, **CLOCK)]) == ["get-after-stop"]
    barred = ((AT, None, AT),)
    assert judged(tmp_path, [asked("clock", restricted=barred)], [line(60, **CLOCK)]) == ["get-while-restricted"]


def chore(name: str, mbus: int = 0, **more: Any) -> Asked:  # noqa: ANN401 - fields of an intent
    return asked(name, mbus, **more)


def at_object(after_s: float, event: str, obis: str, **fields: object) -> dict[str, object]:
    said = line(after_s, event=event, obis=obis) | fields
    return {name: value for name, value in said.items() if name not in {"first_s", "last_s", "rows"} or name in fields}


@pytest.mark.parametrize(("mbus", "found"), [(1, []), (2, ["get-without-intent"])])
def test_the_gas_meter_of_one_channel_is_not_that_of_another(tmp_path: Path, mbus: int, found: list[str]) -> None:
    looked = at_object(1, "object", f"0-{mbus}:24.1.0", class_id=72, attribute=11)
    assert judged(tmp_path, [chore("gas_status", 1)], [looked]) == found


@pytest.mark.parametrize(
    ("event", "obis"), [("written", "0-1:94.31.0"), ("written", "0-0:97.98.0"), ("called", "0-0:44.0.0"), ("written", "0-0:1.0.0")]
)
def test_whatever_is_set_or_called_without_a_chore_that_sets_it_is_found(tmp_path: Path, event: str, obis: str) -> None:
    looks = [chore(name) for name in ("administrative_status", "alarms", "clock", "firmware")]
    assert judged(tmp_path, looks, [at_object(1, event, obis)]) == ["set-without-intent"]


@pytest.mark.parametrize(
    ("name", "event", "obis"),
    [
        ("switch_off", "written", "0-1:94.31.0"),
        ("switch_on", "written", "0-1:94.31.0"),
        ("clear_alarms", "written", "0-0:97.98.0"),
        ("update", "called", "0-0:44.0.0"),
    ],
)
def test_what_was_meant_is_in_order_within_its_time_only(tmp_path: Path, name: str, event: str, obis: str) -> None:
    assert judged(tmp_path, [chore(name)], [at_object(1, event, obis)]) == []
    assert judged(tmp_path, [chore(name)], [at_object(301, event, obis)]) == ["set-without-intent"]
    stopped = AT + timedelta(seconds=1)
    assert judged(tmp_path, [chore(name, stopped=stopped)], [at_object(2, event, obis)]) == ["get-after-stop"]
