"""A night that is in order shows nothing; every fault planted in it is found, and named for what it is."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import planted_support
from kwartier.audit import evidence, tiles
from kwartier.audit.events import EventKind
from kwartier.audit.leaves import Grant
from kwartier.model.period import day_of, day_period, epoch_s
from kwartier.store.readings import Readings
from kwartier.workflows import replay
from kwartier.workflows.installation import Installation, system_clock
from kwartier.workflows.replay.again import Again
from kwartier.workflows.replay.book import Book
from kwartier.workflows.replay.findings import KEPT, Category, Findings
from kwartier.workflows.replay.window import WHOLE, Window
from registry_support import World
from replay_support import Faulty

pytestmark = pytest.mark.database
AT = datetime(2026, 11, 25, tzinfo=UTC)


def test_a_night_in_order_shows_nothing(house: Installation) -> None:
    found = replay.run(house, at=system_clock())
    assert found.findings == []
    assert (found.uncovered, found.over_broad, found.late) == (0, 0, 0)
    for what in ("entries", "lines", "checkpoints", "channel_days", "requests", "deeds", "parcels", "documents"):
        assert found.compared[what] > 0, what
    assert found.checked == sum(found.compared.values())
    said = found.as_json()
    assert json.loads(json.dumps(said)) == said
    assert said.keys() >= {"checked", "uncovered", "over_broad", "late", "uncovered_reads", "uncovered_deliveries", "findings"}


def test_the_untouched_copy_shows_nothing(night: Faulty) -> None:
    assert night.codes() == set()


def test_a_changed_entry(night: Faulty) -> None:
    changed = "convert_to(replace(convert_from(leaf, 'UTF8'), '\"day\":', '\"dag\":'), 'UTF8')"
    night.change(f"update audit.entry set leaf = {changed} where kind = 'night:intended'")  # noqa: S608 - a constant
    assert night.codes() == {"leaf-differs", "node-differs", "root-differs"}


def test_a_changed_node(night: Faulty) -> None:
    tile, at = tiles.at(3, 1)
    changed = "hashes = overlay(hashes placing %s from %s)"
    night.change(f"update audit.tile set {changed} where (level, position) = (%s, %s)", bytes(32), at + 1, *tile)  # noqa: S608 - ours
    assert "node-differs" in night.codes()


def test_a_lost_entry(night: Faulty) -> None:
    night.change("delete from audit.entry where position = (select max(position) from audit.entry)")
    assert "checkpoint-refused" in night.codes()


def test_a_lost_entry_in_the_middle(night: Faulty) -> None:
    night.change("delete from audit.entry where position = 1")
    assert {"leaf-differs", "checkpoint-refused"} <= night.codes()


def test_a_forged_checkpoint(night: Faulty) -> None:
    night.change("update audit.checkpoint set note = replace(note, chr(8212) || ' ', chr(8212) || ' x') where size > 0")
    assert night.codes() == {"checkpoint-refused"}


def test_another_published_checkpoint(night: Faulty) -> None:
    file = night.house.data / "audit" / "checkpoint"
    file.write_text(file.read_text("utf-8") + "x", encoding="utf-8")
    assert night.codes() == {"checkpoint-refused"}
    file.write_text("rubbish", encoding="utf-8")
    assert night.codes() == {"checkpoint-refused"}


def line(night: Faulty, kind: str) -> tuple[int, int]:
    """Return entry and number of a line of a batch of this kind: a person's registers at midnight, which are kept."""
    row = night.c.execute(
        "select l.entry, l.number from audit.leaf l join audit.entry e on e.id = l.entry where e.kind = %s"
        " and l.subject is not null and convert_from(l.body, 'UTF8')::jsonb ->> 'p' = 'e_day' order by l.entry, l.connection",
        (kind,),
    ).fetchone()
    assert row is not None
    return row[0], row[1]


WHERE = [
    ("update kw.connection set area = area || 'x' where key = (select min(key) from kw.connection)", "connection"),
    ("update kw.connection set transformer = null where key = (select min(key) from kw.connection)", "connection"),
    ("update kw.transformer set area = area || 'x' where key = (select min(key) from kw.transformer)", "transformer"),
    ("delete from kw.coupling where id = (select min(id) from kw.coupling)", "coupling"),
    ("update kw.coupling set mbus = mbus + 1 where id = (select min(id) from kw.coupling)", "coupling"),
    ("update kw.meter set placed = tstzrange(lower(placed), now()) where key = (select min(key) from kw.meter)", "meter"),
    ("update kw.meter set placed = tstzrange(lower(placed), now()) where connection is null", "meter"),
]


@pytest.mark.parametrize(("change", "table"), WHERE, ids=[change[:40] for change, _ in WHERE])
def test_where_something_is_was_changed_behind_the_log(night: Faulty, change: str, table: str) -> None:
    night.change(change)
    found = night.found().findings
    assert {(one.code, one.detail["table"]) for one in found} == {("fact-differs", table)}


def test_two_meters_that_were_swapped_behind_the_log(night: Faulty) -> None:
    """Each fact is there, and about another home."""
    (one, other) = night.c.execute("select connection from kw.meter where connection is not null order by key limit 2").fetchall()
    swapped = "case connection when %s then %s::bigint else %s::bigint end"
    night.c.execute("alter table kw.meter drop constraint meter_int8range_placed_excl")
    night.change(
        f"update kw.meter set connection = {swapped} where connection = any(%s)",  # noqa: S608 - a constant
        one[0], other[0], one[0], [one[0], other[0]],
    )  # fmt: skip
    found = night.found().findings
    assert [(each.code, each.detail["table"]) for each in found] == [("fact-differs", "meter")] * 2


def test_a_place_that_the_log_was_never_told_of(night: Faulty) -> None:
    world = World(night.c)
    for _ in range(230):  # beyond the numbers of the town's own
        world.number()
    transformer = world.transformer()
    electricity, gas = world.connection(transformer=transformer), world.connection("gas")
    world.coupling(world.meter(electricity), gas)
    world.meter(transformer=transformer)
    told = {(one.code, one.detail["table"]) for one in night.found().findings}
    assert told == {("fact-not-told", table) for table in ("connection", "transformer", "meter", "coupling")}


def test_a_home_that_is_gone_from_the_registry(night: Faulty) -> None:
    gas = night.one("select min(connection) from kw.coupling")
    for table, name in night.c.execute(
        "select conrelid::regclass, conname from pg_constraint where contype = 'f'"
        " and confrelid in ('kw.connection'::regclass, 'kw.occupancy'::regclass, 'kw.supply'::regclass)"
    ).fetchall():
        night.c.execute(f'alter table {table} drop constraint "{name}"')
    for table in ("coupling", "occupancy", "supply", "connection"):
        night.c.execute(f"alter table kw.{table} disable trigger user")
    for table, column in (("coupling", "connection"), ("occupancy", "connection"), ("supply", "connection"), ("connection", "key")):
        night.c.execute(f"delete from kw.{table} where {column} = %s", (gas,))  # noqa: S608 - a fixed list
    found = {(one.code, one.detail.get("table")) for one in night.found().findings}
    assert found >= {("fact-differs", table) for table in ("connection", "coupling", "occupancy", "supply")}


def test_the_meter_of_another_home_was_to_be_asked(night: Faulty, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever changed the registry for a night, and back: log and session are whole, and name a meter that was never there."""
    home, other = night.c.execute("select connection from kw.meter where connection is not null order by key limit 2").fetchall()
    wired = planted_support.wired
    monkeypatch.setattr(planted_support, "wired", lambda night, _: wired(night, other[0]))
    request = planted_support.for_an_app(night, home[0], planted_support.last_day(night))
    planted_support.read_anyway(night, request, bytes(16), 0)
    found = night.found().findings
    assert "batch-root-differs" not in {one.code for one in found}
    (stranger,) = [one for one in found if one.code == "meter-of-another"]
    assert (stranger.detail["connection"], stranger.detail["meter"]) == (home[0], wired(night, other[0]).meter)


def test_a_changed_line_of_a_batch(night: Faulty) -> None:
    night.change("update audit.leaf set link = %s where entry = %s and number = %s", bytes(15) + b"x", *line(night, "batch:read"))
    assert {"batch-root-differs"} < night.codes() <= {"batch-root-differs", "chain-differs", "line-missing", "line-untied"}


@pytest.mark.parametrize("body", [b"{}", b"no json", b'{"c":1,"g":[[1]]}'])
@pytest.mark.parametrize("kind", ["batch:intended", "batch:read"])
def test_a_line_that_nobody_understands(night: Faulty, kind: str, body: bytes) -> None:
    night.change("update audit.leaf set body = %s where entry = %s and number = %s", body, *line(night, kind))
    assert {"batch-root-differs", "not-understood"} <= night.codes()


def test_a_line_that_belongs_nowhere(night: Faulty) -> None:
    night.change("insert into audit.leaf (entry, connection, number, body) values (999999, 1, 0, '{}')")
    assert night.codes() == {"stray-lines"}


def test_a_deed_without_intent(night: Faulty) -> None:
    """The read still happened: the meter remembers it, and nothing says on which ground."""
    night.change("delete from audit.leaf where entry = %s and number = %s", *line(night, "batch:intended"))
    found = night.found()
    assert {one.code for one in found.findings} >= {
        "batch-root-differs",
        "deed-without-intent",
        "get-without-intent",
        "row-without-deed",
    }
    assert found.uncovered_reads > 0


def test_an_intent_that_comes_after_the_deed(night: Faulty) -> None:
    """The log's order is what counts, whatever the events say of their time."""
    read, intended = (
        night.one("select position from audit.entry where kind = %s order by position", k) for k in ("batch:read", "batch:intended")
    )
    for position, place in ((read, -5), (intended, read)):
        night.change("update audit.entry set position = %s where position = %s", place, position)
    night.change("update audit.entry set position = %s where position = -5", intended)
    assert {"deed-without-intent", "leaf-differs"} <= night.codes()


def test_a_permit_that_served_and_was_not_intended(night: Faulty) -> None:
    entry, number = line(night, "batch:read")
    body = night.one("select body from audit.leaf where entry = %s and number = %s", entry, number)
    said = json.loads(body)
    said["s"] = ["00" * 16]
    changed = json.dumps(said, sort_keys=True, separators=(",", ":")).encode()
    night.change("update audit.leaf set body = %s where entry = %s and number = %s", changed, entry, number)
    assert {"permit-not-intended", "row-without-deed"} <= night.codes()


def served(night: Faulty) -> tuple[int, int]:
    """Return a permission to a third party under which a parcel left, and its connection."""
    row = night.c.execute(
        "select s.id, s.connection from kw.permission_state s join kw.parcel p on p.receiver = s.party"
        " and p.connection = s.connection where p.receiver_role = 'third_party' and p.status = 'delivered' order by 1"
    ).fetchone()
    assert row is not None
    return row[0], row[1]


@pytest.mark.parametrize(
    "change",
    [
        "update kw.permission_state set live = 'empty' where id = %s",
        "update kw.permission set mask = mask | 1 << 4 where id = %s",
        "update kw.permission set data = tstzrange('2001-01-01Z', upper(data)) where id = %s",
        "update kw.permission_state set live = tstzrange(lower(live), '2099-01-01Z') where id = %s",
    ],
    ids=["gone", "more channels", "more time", "never ends"],
)
def test_a_permission_that_was_changed_behind_the_log(night: Faulty, change: str) -> None:
    """It is found before anybody uses it. What was read under the one that was given is judged by that one, and stays in order."""
    night.c.execute("alter table kw.permission disable trigger user")
    night.change(change, served(night)[0])
    found = night.found()
    assert [one.code for one in found.findings] == ["fact-differs"]
    assert found.uncovered == 1


def test_a_contract_that_ended_long_ago_may_be_gone_and_one_that_ended_since_may_not(night: Faulty) -> None:
    """The night ended with retention, which said from when on contracts are still there."""
    home, party = night.one("select min(key) from kw.connection"), night.one("select min(key) from kw.party")
    begun, then, since = (epoch_s(datetime(year, 1, 1, tzinfo=UTC)) for year in (2010, 2011, 2021))
    night.tell(EventKind.SUPPLY_BEGAN, home, AT, supply=999_998, party=party, start=begun, end=then)
    assert night.codes() == set()
    night.tell(EventKind.SUPPLY_BEGAN, home, AT, supply=999_999, party=party, start=begun, end=since)
    assert night.codes() == {"fact-differs"}
    went = {"run": 9, "gone": {"supplies": 1}, "parcels_from": 0, "ties_from": 0, "facts_from": {"supply": since + 1}}
    night.tell(EventKind.RETENTION_APPLIED, None, AT, **went)
    assert night.codes() == {"fact-differs", "given-up-too-early"}


def test_a_permission_that_was_put_on_another_person(night: Faulty) -> None:
    night.c.execute("alter table kw.permission disable trigger user")
    key = served(night)[0]
    night.change("update kw.permission_state set subject = (select max(key) from kw.subject) where id = %s", key)
    assert night.codes() == {"fact-differs"}


def test_a_ground_that_the_log_was_never_told(night: Faulty) -> None:
    """Somebody writes a supply into the registry, and reads and delivers under it: the log knows of no such contract."""
    night.c.execute("alter table audit.event drop constraint if exists holds")
    parcel = night.one("select receiver from kw.parcel where receiver_role = 'supplier' and status = 'delivered' order by id")
    told = "kind like 'supply:%%' and (convert_from(leaf, 'UTF8')::jsonb #>> '{body,party}')::bigint = %s"
    night.change(f"update audit.entry set kind = 'import:taken' where {told}", parcel)  # noqa: S608 - a constant
    found = night.found()
    assert {one.code for one in found.findings} >= {"index-differs", "fact-not-told", "permit-not-decided", "parcel-not-decided"}
    assert found.uncovered_reads > 0
    assert found.uncovered_deliveries > 0


def test_a_revocation_that_was_taken_back_behind_the_log(night: Faulty) -> None:
    """The log says that it was revoked, in a line that is dated back behind the night; the registry was made to forget."""
    key, connection = served(night)
    night.tell(EventKind.PERMISSION_REVOKED, connection, datetime(2026, 1, 2, tzinfo=UTC), permission=key, mask=2)
    assert night.codes() == {"fact-differs"}


def test_a_revocation_that_was_said_later_changes_nothing_before(night: Faulty) -> None:
    key, connection = served(night)
    at = night.one("select clock_timestamp()")
    night.change("insert into kw.permission_event (permission, at, event) values (%s, %s, 'revoked')", key, at)
    night.tell(EventKind.PERMISSION_REVOKED, connection, at, permission=key, mask=2)
    assert night.codes() == set()


def granted(night: Faulty, permission: int) -> dict[str, Any]:
    """Return what the log was told of a permission as it was given."""
    body = night.one(
        "select convert_from(leaf, 'UTF8')::jsonb -> 'body' from audit.event where kind = 'permission:granted'"
        " and (convert_from(leaf, 'UTF8')::jsonb #>> '{body,permission}')::bigint = %s",
        permission,
    )
    return dict(body)


@pytest.mark.parametrize("ahead", ["import", "another body"])
def test_two_ends_of_a_permission_and_a_read_between_them(night: Faulty, monkeypatch: pytest.MonkeyPatch, ahead: str) -> None:
    """Its end was told long before, and it was revoked: both are in order, and what is read from then on is not."""
    key, connection = served(night)
    party = night.one("select party from kw.permission where id = %s", key)
    now = night.one("select clock_timestamp()")
    far, revoked, read = now + timedelta(days=9), now + timedelta(minutes=1), now + timedelta(hours=1)
    monkeypatch.setattr(planted_support, "last", lambda _: read)
    request = planted_support.for_an_app(night, connection, planted_support.last_day(night), party)
    permit = planted_support.decided(night, request, now)

    def end(at: datetime, event: str, kind: EventKind, said: datetime, **body: Any) -> None:  # noqa: ANN401 - ids and moments
        night.change("insert into kw.permission_event (permission, at, event) values (%s, %s, %s)", key, at, event)
        night.tell(kind, connection, said, **body)

    if ahead == "import":
        said = granted(night, key) | {"end": epoch_s(far)}
        end(far.replace(microsecond=0), "terminated", EventKind.PERMISSION_TERMINATED, now, **said)
    else:
        end(far, "terminated", EventKind.PERMISSION_TERMINATED, far, permission=key, mask=2)
    assert night.codes() == set()
    with night.c.transaction(force_rollback=True):
        journal = night.journal.read_bytes()
        planted_support.read_anyway(night, request, permit, 7)
        assert not night.codes() & {"permit-not-decided", "consent-disagrees"}
        night.journal.write_bytes(journal)
    end(revoked, "revoked", EventKind.PERMISSION_REVOKED, revoked, permission=key, mask=2)
    assert night.codes() == set()
    planted_support.read_anyway(night, request, permit, 7)
    found = night.found()
    assert "permit-not-decided" in {one.code for one in found.findings}
    assert "consent-disagrees" not in {one.code for one in found.findings}, "the plain check says no too"
    assert found.uncovered_reads > 0


def test_a_nearer_end_that_was_told_and_not_written_is_found(night: Faulty) -> None:
    key, connection = served(night)
    now = night.one("select clock_timestamp()")
    night.tell(EventKind.PERMISSION_TERMINATED, connection, now, **granted(night, key) | {"end": epoch_s(now + timedelta(days=9))})
    assert night.codes() == {"fact-differs"}


def test_a_no_to_a_permission_begins_and_ends_no_ground(night: Faulty) -> None:
    key, connection = served(night)
    night.tell(EventKind.PERMISSION_DECLINED, connection, night.one("select clock_timestamp()"), permission=key, mask=2)
    assert night.codes() == set()


def test_an_end_that_was_said_later_changes_nothing_before(night: Faulty) -> None:
    connection = served(night)[1]
    ends = datetime(2026, 11, 20, tzinfo=UTC)
    row = night.c.execute(
        "select id, extract(epoch from lower(period))::bigint from kw.occupancy where connection = %s and upper_inf(period)",
        (connection,),
    ).fetchone()
    assert row is not None
    night.change("update kw.occupancy set period = tstzrange(lower(period), %s) where id = %s", ends, row[0])
    assert night.codes() == {"fact-differs"}
    said = {"occupancy": row[0], "start": row[1], "end": int(ends.timestamp())}
    night.tell(EventKind.OCCUPANCY_ENDED, connection, night.one("select clock_timestamp()"), **said)
    assert night.codes() == set()


@pytest.mark.parametrize(("told_late", "codes"), [(True, set()), (False, {"get-while-restricted"})])
def test_a_restriction_that_was_in_force(night: Faulty, told_late: bool, codes: set[str]) -> None:  # noqa: FBT001 - a case of two
    """Said only after the night, nobody could know; else no meter may be asked, whatever was decided."""
    connection = night.one(
        "select o.connection from kw.outcome o where o.connection > 0 and o.mbus = 0"
        " and not exists (select from kw.coupling k join kw.meter m on m.key = k.meter where m.connection = o.connection)"
        " order by o.connection"
    )
    since = AT - timedelta(days=30)
    add = "insert into kw.restriction (connection, kind, period) values (%s, 'administratively_off', tstzrange(%s, null))"
    night.change(add, connection, since)
    assert {"fact-not-told", "permit-not-decided"} <= night.codes(), "it holds although the log was not told"
    number = night.one("select max(id) from kw.restriction")
    said = {"restriction": number, "kind": "administratively_off", "start": int(since.timestamp()), "end": None}
    night.tell(EventKind.RESTRICTION_BEGAN, connection, night.one("select clock_timestamp()") if told_late else since, **said)
    assert night.codes() == codes


def test_the_limit_of_a_use_case_counts_what_the_log_says_was_read(night: Faulty) -> None:
    """Not the registry's own count, which whoever reads too often could forget to keep."""
    rows = night.c.execute(
        "select e.at, l.body from audit.leaf l join audit.entry e on e.id = l.entry where e.kind = 'batch:intended' order by 1"
    )
    at, body = next((at, said) for at, raw in rows for said in [json.loads(raw)] if said["c"] and "energy_loss" in raw.decode())
    request = next(grant for grant in (Grant(*one) for one in body["g"]) if grant.purpose == "energy_loss").request(body["c"])
    again = Again(night.c, Findings(AT))
    again.load([request])
    assert again.permit(request, at) is not None
    limit = night.one("select yearly_limit from kw.use_case where id = %s", request.requester.id)
    night.c.execute("delete from kw.use_case_day")
    days = [(request.period.start - timedelta(days=n + 2)).date().isoformat() for n in range(limit)]
    again.use(request.requester.id, body["c"], days[1:])
    assert again.permit(request, at) is not None
    again.use(request.requester.id, body["c"], days[:1])
    assert again.permit(request, at) is None


@pytest.mark.parametrize("is_compared", [True, False])
def test_what_a_batch_that_was_given_up_meant_counts_and_is_in_no_sum(night: Faulty, *, is_compared: bool) -> None:
    """Its process died, and whether its meters were read nobody knows. So it is where it lies before the time that is compared."""
    said = [
        (one, evidence.lines(night.c, one.id)) for page in evidence.pages(night.c) for one in page if one.kind == "batch:intended"
    ]
    entry, lines, body = next(
        (entry, lines, body)
        for entry, lines in said
        for body in (json.loads(one.body) for one in lines)
        if body["c"] and any(Grant(*one).purpose == "energy_loss" for one in body["g"])
    )
    meant = next(grant for grant in (Grant(*one) for one in body["g"]) if grant.purpose == "energy_loss").request(body["c"])
    who, start = (meant.requester.id, body["c"]), meant.period.start
    limit = night.one("select yearly_limit from kw.use_case where id = %s", who[0])
    again, findings = Again(night.c, Findings(AT)), Findings(AT)
    again.load([meant])
    again.use(*who, [(start - timedelta(days=n + 3)).date().isoformat() for n in range(limit - 1)])
    other = replace(meant, period=day_period(day_of(start) + timedelta(days=1)))
    book = Book(again, findings, WHOLE if is_compared else Window(entry.at + timedelta(seconds=1)))
    book.take(entry, lines)
    assert again.permit(other, entry.at) is not None
    gone = replace(entry, kind="intent:abandoned", said={"body": {"batch": entry.said["body"]["batch"]}})
    book.take(gone, [])
    assert again.permit(other, entry.at) is None
    assert again.permit(meant, entry.at) is not None, "the day that was lost may be read again"
    assert day_of(start).isoformat() not in again.used(*who)
    assert findings.findings == []


def test_a_line_that_its_person_would_not_find(night: Faulty) -> None:
    night.change("update audit.leaf set connection = connection + 100000 where number = 0")
    assert {"chain-differs", "line-missing"} & night.codes()


def test_a_lost_lake(night: Faulty, house: Installation) -> None:
    lake = night.house.data / "lake"
    lake.rename(lake.with_name("gone"))
    Readings.create(lake)
    found = night.found()
    assert {one.code for one in found.findings} == {"rows-missing"}
    assert found.counts[Category.UNPROVED] == sum(1 for day in house.readings.days_held() for _ in house.readings.scan(day))


def lines_of(night: Faulty) -> list[str]:
    return night.journal.read_text("utf-8").splitlines()


def usage(night: Faulty) -> dict[str, object]:
    found: dict[str, object] = next(one for one in map(json.loads, lines_of(night)) if one["event"] == "profile")
    return found


def append(night: Faulty, line: dict[str, object]) -> None:
    with night.journal.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")


def test_a_request_that_nobody_intended(night: Faulty) -> None:
    append(night, usage(night) | {"at": "2026-11-24T23:59:00.000+00:00", "obis": "1-0:99.2.0"})
    append(night, usage(night) | {"at": "2020-01-01T00:00:00.000+00:00"})
    found = night.found()
    assert {one.code for one in found.findings} == {"get-without-intent"}
    assert found.uncovered_reads == found.uncovered == 2


def test_a_request_for_more_than_was_intended(night: Faulty) -> None:
    one = usage(night)
    first = one["first_s"]
    assert isinstance(first, int)
    append(night, one | {"first_s": first - 900})
    append(night, one | {"first_s": None, "last_s": None})
    found = night.found()
    assert {one.code for one in found.findings} == {"get-beyond-task"}
    assert found.over_broad == 2


@pytest.mark.parametrize("obis", ["0-0:98.1.0", "1-0:98.1.0"])
def test_a_profile_that_the_model_does_not_name(night: Faulty, obis: str) -> None:
    append(night, usage(night) | {"obis": obis})
    assert night.codes() == {"get-without-intent"}


def test_a_usage_register_read_by_itself(night: Faulty) -> None:
    for class_id in (3, 61, 1):
        append(night, usage(night) | {"event": "object", "class_id": class_id, "obis": "1-0:1.8.0", "attribute": 2})
    found = night.found()
    assert [one.code for one in found.findings] == ["register-read"] * 3


@pytest.mark.parametrize(
    ("event", "code"),
    [
        ({"event": "written", "class_id": 1, "obis": "0-1:94.31.0", "attribute": 2}, "set-without-intent"),
        ({"event": "write_denied", "class_id": 1, "obis": "0-1:94.31.0", "attribute": 2}, "set-without-intent"),
        ({"event": "called", "class_id": 18, "obis": "0-0:44.0.0", "method": 1}, "set-without-intent"),
        ({"event": "call_denied", "class_id": 18, "obis": "0-0:44.0.0", "method": 4}, "set-without-intent"),
        ({"event": "object", "class_id": 1, "obis": "0-0:97.98.0", "attribute": 2}, "get-without-intent"),
        ({"event": "profile", "class_id": 7, "obis": "0-0:99.98.1", "first_s": 1, "last_s": 2}, "get-without-intent"),
    ],
    ids=["set", "set, denied", "called", "called, denied", "looked at", "log"],
)
def test_care_that_nobody_intended(night: Faulty, event: dict[str, object], code: str) -> None:
    """Setting a meter, loading it, looking at it: done, or tried, beside the log."""
    one = usage(night)
    append(night, {name: one[name] for name in ("equipment_id", "sap")} | {"at": "2026-11-24T23:59:00.000+00:00"} | event)
    found = night.found()
    assert [one.code for one in found.findings] == [code]
    assert found.uncovered_reads == found.uncovered == 1


def test_care_whose_intent_is_gone(night: Faulty) -> None:
    """A meter was set and remembers it; the lines that say so were taken out of the log."""
    set_then = """select entry from audit.leaf where convert_from(body, 'UTF8') ~ '"p":"(update|clear_alarms|switch_off)"'"""
    night.change("delete from audit.leaf where entry = %s", night.one(f"{set_then} order by entry"))
    assert "set-without-intent" in night.codes()


def test_a_deed_that_the_meter_does_not_remember(night: Faulty) -> None:
    kept = lines_of(night)
    gone = next(i for i, one in enumerate(kept) if json.loads(one)["event"] == "profile")
    night.journal.write_text("\n".join(kept[:gone] + kept[gone + 1 :]) + "\n", encoding="utf-8")
    assert night.codes() == {"deed-without-session"}


def test_a_line_that_a_crash_cut_short_does_not_count(night: Faulty) -> None:
    with night.journal.open("a", encoding="utf-8") as file:
        file.write('{"at": "2026-11')
    assert night.codes() == set()


def test_a_journal_that_nobody_understands(night: Faulty) -> None:
    with night.journal.open("a", encoding="utf-8") as file:
        file.write('no json\n{}\n{"equipment_id": []}\n')
    found = night.found()
    assert {one.code for one in found.findings} == {"not-understood"}
    assert found.uncovered == 3


def test_no_journal_is_no_contradiction(night: Faulty) -> None:
    night.journal.unlink()
    assert night.codes() == set()


def test_a_parcel_that_the_log_does_not_know(night: Faulty) -> None:
    kind = night.one("select id from audit.entry where kind = 'parcel:delivered'")
    night.c.execute("alter table audit.event drop constraint if exists holds")
    night.change("update audit.entry set kind = 'parcel:failed' where id = %s", kind)
    found = night.found()
    assert {one.code for one in found.findings} == {"index-differs", "parcel-without-event"}
    assert found.uncovered_deliveries == 1


@pytest.mark.parametrize("column", ["kind = 'view:shown'", "connection = connection + 1", "at = at + interval '1 hour'"])
def test_an_entry_that_is_found_under_another_name(night: Faulty, column: str) -> None:
    """The tree holds what an entry says; to hide one it is enough to file it elsewhere."""
    night.c.execute("alter table audit.event drop constraint if exists holds")
    night.change(f"update audit.entry set {column} where kind = 'permission:granted'")  # noqa: S608 - a constant
    assert "index-differs" in night.codes()


def test_a_look_by_the_operators_people_is_none_at_readings(night: Faulty) -> None:
    """Who may see what is no reading, and who looked has a name; a look that names a permit has no ground there is."""
    connection, at = served(night)[1], night.one("select clock_timestamp()")
    night.tell(EventKind.VIEW_SHOWN, connection, at, shown="grounds", asked=None)
    found = night.found()
    assert ({one.code for one in found.findings}, found.compared["looks"]) == ({"look-unnamed"}, 1)
    night.tell(EventKind.VIEW_SHOWN, connection, at, permit="00" * 16, rule="C1", u="own_access", start=0, end=900)
    assert night.codes() == {"look-unnamed", "view-of-another"}


def test_a_parcel_of_which_the_log_says_something_else(night: Faulty) -> None:
    night.change("update kw.parcel set mask = 16 where id = (select min(id) from kw.parcel where mask <> 16)")
    assert {"parcel-without-event", "parcel-not-decided"} <= night.codes()


def test_a_delivery_in_the_log_without_its_parcel(night: Faulty) -> None:
    night.change("delete from kw.parcel where id = (select min(id) from kw.parcel where status = 'delivered')")
    assert night.codes() == {"event-without-parcel", "file-without-parcel"}


def documents(night: Faulty, part: str) -> tuple[Path, list[dict[str, Any]], int]:
    """Return a file of the outbox, its documents, and the place of the first that has something in this part."""
    for file in sorted((night.house.data / "outbox").glob("*/*.jsonl")):
        held = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
        for place, one in enumerate(held):
            if one[part]:
                return file, held, place
    pytest.fail("no such document in this night")


def put(file: Path, held: list[dict[str, Any]]) -> None:
    file.write_text("".join(json.dumps(one) + "\n" for one in held), encoding="utf-8")


def test_a_document_that_holds_a_day_too_many(night: Faulty) -> None:
    file, held, place = documents(night, "readings")
    held[place]["readings"][0]["at"] = "2026-01-01T00:00:00+01:00"
    put(file, held)
    found = night.found()
    assert {one.code for one in found.findings} == {"parcel-beyond-permit"}
    assert found.over_broad == 1


def test_a_document_that_holds_a_quarter_too_many(night: Faulty) -> None:
    file, held, place = documents(night, "series")
    held[place]["series"][0]["values"].append(1)
    put(file, held)
    assert night.codes() == {"parcel-beyond-permit"}


def test_a_document_that_holds_another_register(night: Faulty) -> None:
    file, held, place = documents(night, "series")
    held[place]["series"][0]["register"] = "1-0:1.7.0"
    put(file, held)
    assert night.codes() == {"parcel-beyond-permit"}


WORDS: list[Callable[[dict[str, Any]], object]] = [
    lambda one: one["grounds"][0].update(article="op verzoek"),
    lambda one: one["grounds"][0].update(purpose="annual_bill"),
    lambda one: one["grounds"][0].update(rule="C1"),
    lambda one: one["grounds"][0].update(edition="leaflet"),
    lambda one: one["grounds"][0].update(permit=32 * "0"),
    lambda one: one["grounds"].append(dict(one["grounds"][0])),
    lambda one: one["period"].update(end=None),
    lambda one: one.update(created="2020-01-01T00:00:00+00:00"),
    lambda one: one.update(format="kwartier/readings/0"),
    lambda one: one.update(remark="away in July"),
    lambda one: one.update(corrects=["away in July"]),
    lambda one: one["series"][0].update(unit="kWh"),
    lambda one: one["series"][0].update(remark="away in July"),
    lambda one: one["series"][0].update(quality=["away in July"] * len(one["series"][0]["values"])),
]


def test_a_document_in_words_of_its_own(night: Faulty) -> None:
    file, held, place = documents(night, "series")
    for change in WORDS:
        said = json.loads(json.dumps(held))
        change(said[place])
        put(file, said)
        found = night.found()
        assert [(one.code, one.detail["parcel"]) for one in found.findings] == [("parcel-word-differs", held[place]["reference"])]
        assert found.uncovered_deliveries == 1


@pytest.mark.parametrize(
    "said", [{"product": "water"}, {"purpose": "annual_bill"}, {"metering_point": "871687400002065714"}, {"metering_point": 1}]
)
def test_a_document_about_something_else(night: Faulty, said: dict[str, object]) -> None:
    """Also with its own reference and within the permitted time: it is another home's, or for another purpose."""
    file, held, place = documents(night, "series")
    held[place] |= said
    put(file, held)
    found = night.found()
    assert {one.code for one in found.findings} == {"parcel-of-another"}
    assert found.uncovered_deliveries == 1


def test_a_file_that_is_no_bundle(night: Faulty) -> None:
    file, _, _ = documents(night, "series")
    (file.parent / "more").mkdir()
    (file.parent / "more" / "readings.csv").write_text("871687400002065714,1\n", encoding="utf-8")
    (file.parent / "being-written.aside").write_text("{", encoding="utf-8")
    found = night.found()
    assert {one.code for one in found.findings} == {"file-without-parcel"}
    assert found.uncovered_deliveries == 1


def test_a_document_that_nobody_decided_about(night: Faulty) -> None:
    file, held, place = documents(night, "readings")
    put(file, [*held, held[place] | {"reference": "00" * 16}])
    assert night.codes() == {"file-without-parcel"}


@pytest.mark.parametrize(("part", "change"), [("series", {"quality": ["suspect"]}), ("series", {"quality": 1}), ("readings", None)])
def test_a_document_of_which_a_part_is_missing(night: Faulty, part: str, change: dict[str, object] | None) -> None:
    file, held, place = documents(night, part)
    one = held[place][part][0]
    if change is None:
        del one["value"]
    else:
        one |= change
    put(file, held)
    assert night.codes() == {"parcel-beyond-permit"}


def test_a_document_that_nobody_understands(night: Faulty) -> None:
    file, held, place = documents(night, "readings")
    held[place]["readings"] = "all of them"
    put(file, held)
    with file.open("a", encoding="utf-8") as out:
        out.write("no json\n")
    assert night.codes() == {"parcel-beyond-permit", "file-without-parcel"}


def test_a_document_in_the_box_of_another_receiver(night: Faulty) -> None:
    file, _, _ = documents(night, "readings")
    other = file.parent.parent / "another"
    other.mkdir()
    file.rename(other / file.name)
    found = night.found()
    assert {one.code for one in found.findings} == {"file-without-parcel"}


def test_findings_beyond_the_kept_are_counted() -> None:
    found = Findings(AT)
    for _ in range(KEPT + 5):
        found.add("leaf-differs")
    found.add("row-without-deed", 7)
    assert len(found.findings) == KEPT
    assert found.uncovered == KEPT + 12
    assert found.uncovered_reads == 7
