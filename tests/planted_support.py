"""Twenty ways to read, keep, hand over or show without a ground, planted in nights that were in order.

Whoever plants has everything: the database, the lake, the outbox, the journal, and the log's own hand to write honest-looking
lines. Each returns how it must be found: under which code, how it counts, and where.
"""

import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from kwartier.audit import blocks, leaves
from kwartier.audit.blocks import Stored
from kwartier.audit.canonical import Json
from kwartier.audit.events import Event, EventKind
from kwartier.audit.leaves import Grant
from kwartier.audit.log import Log
from kwartier.delivery.document import FORMAT
from kwartier.grounds import conduct, decide, retention
from kwartier.grounds.retention import Kept
from kwartier.keys import signing
from kwartier.model.channel_day import ChannelDay, Quality
from kwartier.model.ground import Action, DataClass, Purpose, Refusal, Request, Requester, Role
from kwartier.model.period import Period, day_of, day_period, epoch_s, from_epoch_s, midnight
from kwartier.model.permit import PermitRef
from kwartier.model.register import INTERVAL_MASK, Channel, Obis
from kwartier.model.staff import Staff
from kwartier.model.task import ProfileName, Result, Task
from kwartier.store.readings import Readings
from kwartier.store.registry import permissions, use_cases
from kwartier.store.registry import replay as stored
from kwartier.workflows.installation import meter_models
from kwartier.workflows.permission import telling
from kwartier.workflows.replay.again import Again
from kwartier.workflows.replay.findings import Category, Finding, Findings
from kwartier.workflows.replay.held import Held
from kwartier.workflows.replay.tasks import ABANDONED
from replay_support import Faulty

ACTOR = "operator"
BATCHES = (EventKind.BATCH_INTENDED, EventKind.BATCH_READ, EventKind.BATCH_REFUSED)
DAY = timedelta(days=1)
FORGED = bytes(range(16))
"""A permit that no decision ever gave."""


@dataclass(frozen=True)
class Expected:
    """How a violation is found."""

    code: str
    category: Category
    detail: Mapping[str, Any] = field(default_factory=dict)

    def is_in(self, one: Finding) -> bool:
        """True if a finding is this violation, at its own place."""
        return one.code == self.code and self.detail.items() <= one.detail.items()

    def among(self, found: Findings) -> bool:
        """True if it was found."""
        return any(self.is_in(one) for one in found.findings)


class Batch(NamedTuple):
    """A batch, where it stands in the log."""

    entry: int
    number: int
    at: datetime


class Wire(NamedTuple):
    """How a connection is read."""

    meter: int
    equipment: str
    mbus: int


def last(night: Faulty) -> datetime:
    """Return a moment after all that happened."""
    moment: datetime = night.one("select max(at) from audit.event")
    return moment + timedelta(hours=1)


def wired(night: Faulty, connection: int) -> Wire:
    """Return through which meter a connection is read."""
    row = night.c.execute(
        "select key, equipment_id, 0 from kw.meter where connection = %(c)s union all"
        " select m.key, m.equipment_id, k.mbus from kw.coupling k join kw.meter m on m.key = k.meter where k.connection = %(c)s",
        {"c": connection},
    ).fetchone()
    assert row is not None
    return Wire(*row)


def obis(profile: str, mbus: int) -> str:
    """Return how a meter names a profile."""
    found = meter_models()["SMR5"].profile(ProfileName(profile))
    assert found is not None
    code = bytearray(found.obis.code)
    code[1] = mbus or code[1]
    return str(Obis(bytes(code)))


def remember(night: Faulty, wire: Wire, at: datetime, profile: str, first_s: int, last_s: int) -> str:
    """Let a meter remember that it was asked. Returns the moment as a finding names it."""
    when = at.replace(microsecond=at.microsecond // 1000 * 1000)
    line = {"at": when.isoformat(timespec="milliseconds"), "equipment_id": wire.equipment, "sap": 1, "event": "profile"}
    asked = {"obis": obis(profile, wire.mbus), "first_s": first_s, "last_s": last_s, "rows": 1}
    with night.journal.open("a", encoding="utf-8") as out:
        out.write(json.dumps(line | asked) + "\n")
    return when.isoformat()


def resident(night: Faulty, connection: int) -> tuple[int, str]:
    """Return who lives there now: number and code."""
    row = night.c.execute(
        "select s.key, s.code from kw.occupancy o join kw.subject s on s.key = o.subject"
        " where o.connection = %s and upper_inf(o.period) order by lower(o.period) desc",
        (connection,),
    ).fetchone()
    assert row is not None
    return row[0], row[1]


def new_batch(night: Faulty) -> int:
    """Return the number of a batch that never was."""
    return 1000 + max(batch for kind in BATCHES for _, batch, _ in batches(night, kind))


def batches(night: Faulty, kind: EventKind) -> list[Batch]:
    """Return the batches of which this is said, in the order in which it happened."""
    rows = night.c.execute(
        "select id, (convert_from(leaf, 'UTF8')::jsonb #>> '{body,batch}')::bigint, at from audit.event"
        " where connection = 0 and kind = %s order by at, id",
        (kind,),
    )
    return [Batch(*row) for row in rows]


def read_anyway(night: Faulty, request: Request, permit: bytes, rule_no: int, *, decided: datetime | None = None) -> str:
    """Write down an intent, ask the meter, and write down the deed: a read in good order, without its ground."""
    at = last(night)
    batch = new_batch(night)
    wire = wired(night, request.connection)
    first_s, last_s = epoch_s(request.period.start), epoch_s(request.period.end or request.period.start)
    ref = PermitRef(permit, rule_no, request.mask, first_s, last_s, (), keeps=request.requester.role is not Role.OPERATOR)
    task = Task(request.connection, wire.meter, ProfileName.E_INTERVAL, wire.mbus, first_s, last_s, (ref,))
    _, code = resident(night, request.connection)
    said = {"night": 0, "decided": int((decided or at).timestamp() * 1000)}
    log = night.house.log
    log.record_batch(night.c, EventKind.BATCH_INTENDED, batch, at, ACTOR, [leaves.intended(task, {permit: request}, code)], said)
    asked = remember(night, wire, at + timedelta(seconds=1), task.profile, first_s, last_s)
    done = leaves.read(task, Result.READ, None, [permit], at + timedelta(seconds=1), code)
    log.record_batch(night.c, EventKind.BATCH_READ, batch, at + timedelta(seconds=2), ACTOR, [done], {"channel_days": 0})
    log.integrate(night.c)
    return asked


def for_an_app(night: Faulty, connection: int, day: date, app: int | None = None) -> Request:
    """Return what an app would ask about a day: the first one, if none is named."""
    party = app or night.one("select min(key) from kw.party where role = 'third_party'")
    return Request(
        Requester(Role.THIRD_PARTY, party), Action.READ, Purpose.THIRD_PARTY_SERVICE, connection,
        1 << Channel.IMPORT, day_period(day), DataClass.PROFILE,
    )  # fmt: skip


def last_day(night: Faulty) -> date:
    """Return the day that the last night was about."""
    day: date = night.one("select max(day) from kw.night")
    return day


def barred(night: Faulty, kind: str) -> int:
    """Return an electricity connection with a meter that is barred."""
    return int(
        night.one(
            "select r.connection from kw.restriction r join kw.meter m on m.connection = r.connection"
            " where r.kind = %s and upper_inf(r.period) and lower(r.period) < %s order by r.connection",
            *(kind, last(night)),
        )
    )


# what meters remember


def unlogged_read(night: Faulty) -> Expected:
    """A meter was asked, and nobody wrote anything down: on a day on which nothing that was meant can still be carried out."""
    connection = night.one("select connection from kw.outcome where connection > 0 and mbus = 0 order by batch, meter")
    wire, day = wired(night, connection), day_period(last_day(night))
    assert day.end is not None
    at = remember(night, wire, last(night) + 2 * ABANDONED, "e_interval", epoch_s(day.start), epoch_s(day.end))
    return Expected("get-without-intent", Category.READ, {"meter": wire.meter, "at": at})


def read_beside_the_model(night: Faulty) -> Expected:
    """A meter was asked, while it was read in good order, for a profile of which its model says nothing."""
    lines = (json.loads(line) for line in night.journal.read_bytes().splitlines())
    one = next(line for line in lines if line["event"] == "profile" and line["obis"] == "1-0:99.2.0")
    when = datetime.fromisoformat(one["at"]) + timedelta(milliseconds=1)
    with night.journal.open("a", encoding="utf-8") as out:
        out.write(json.dumps(one | {"obis": "1-0:98.1.0", "at": when.isoformat(timespec="milliseconds")}) + "\n")
    meter = night.one("select key from kw.meter where equipment_id = %s", one["equipment_id"])
    return Expected("get-without-intent", Category.READ, {"meter": meter, "obis": "1-0:98.1.0"})


def longer_read(night: Faulty) -> Expected:
    """Beside a request in order the meter was asked for a quarter-hour more."""
    lines = (json.loads(line) for line in night.journal.read_bytes().splitlines())
    one = next(line for line in lines if line["event"] == "profile" and line["obis"] == "1-0:99.1.0" and line["first_s"])
    with night.journal.open("a", encoding="utf-8") as out:
        out.write(json.dumps(one | {"first_s": one["first_s"] - 900}) + "\n")
    at = datetime.fromisoformat(one["at"]).isoformat()
    meter = night.one("select key from kw.meter where equipment_id = %s", one["equipment_id"])
    return Expected("get-beyond-task", Category.OVER_BROAD, {"meter": meter, "at": at})


def stopped(night: Faulty, batch: Batch, revoked: Sequence[tuple[int, datetime]]) -> Iterator[tuple[datetime, dict[str, Any]]]:
    """Yield what was stopped in a batch because it was revoked while the batch was under way, with the moment of the batch."""
    since, until = batch.at - timedelta(minutes=5), batch.at - timedelta(seconds=0.4)
    lately = {connection for connection, at in revoked if since < at < until}
    lines = blocks.of_entry(night.c, batch.entry) if lately else ()
    said = (json.loads(line.body) for line in lines if line.connection in lately)
    yield from ((batch.at, one) for one in said if one["r"] == Result.STOPPED)


def late_read(night: Faulty) -> Expected:
    """What was revoked in the middle of a night, and was not asked, was asked all the same."""
    revoked = night.c.execute("select connection, at from audit.event where kind = 'permission:revoked'").fetchall()
    at, said = next(each for one in batches(night, EventKind.BATCH_READ) for each in stopped(night, one, revoked))
    wire = wired(night, said["c"])
    asked = remember(night, wire, at - timedelta(milliseconds=2), said["p"], said["f"], said["l"])
    return Expected("get-after-stop", Category.LATE, {"meter": wire.meter, "at": asked})


# reads in good order, without their ground


def read_of_the_refused(night: Faulty) -> Expected:
    """Somebody who refused is read."""
    connection = barred(night, "refused")
    at = read_anyway(night, for_an_app(night, connection, last_day(night)), FORGED, 7)
    return Expected("get-while-restricted", Category.READ, {"meter": wired(night, connection).meter, "at": at})


def read_while_off(night: Faulty) -> Expected:
    """A meter that is administratively off is read."""
    connection = barred(night, "administratively_off")
    read_anyway(night, for_an_app(night, connection, last_day(night)), FORGED, 7)
    return Expected("permit-not-decided", Category.READ, {"connection": connection, "role": "third_party"})


def beyond_the_limit(night: Faulty) -> Expected:
    """The operator reads a home for its own use once more than the yearly limit lets it."""
    rows = night.c.execute(
        "select e.id, e.at, n.day from audit.event e join kw.night n"
        " on n.id = (convert_from(e.leaf, 'UTF8')::jsonb #>> '{body,night}')::bigint"
        " where e.connection = 0 and e.kind = 'batch:refused' order by e.at"
    ).fetchall()
    refused = ((at, json.loads(one.body), day) for entry, at, day in rows for one in blocks.of_entry(night.c, entry))
    at, said, day = next(each for each in refused if each[1]["x"] == "F11")
    request = Request(
        Requester(Role.OPERATOR, said["i"]), Action.READ, Purpose(said["u"]), said["c"],
        1 << Channel.IMPORT | 1 << Channel.EXPORT, day_period(day), DataClass.PROFILE,
    )  # fmt: skip
    permit = decided(night, request, at)
    read_anyway(night, request, permit, 11, decided=at)
    return Expected("permit-not-decided", Category.READ, {"connection": said["c"], "purpose": "energy_loss"})


def decided(night: Faulty, request: Request, at: datetime) -> bytes:
    """Return the permit that somebody would get who counted no use of a use case."""
    again = Again(night.c, Findings(at))
    again.load([request])
    permit = again.permit(request, at)
    assert permit is not None, "there never was a ground"
    return permit.id


# what the lake keeps


def kept_without_a_deed(night: Faulty) -> Expected:
    """A channel-day was put into the lake by nobody."""
    key = night.one("select max(key) from kw.connection where product = 'electricity'")
    lake = Readings(night.house.data / "lake")
    one = ChannelDay(key, Channel.IMPORT, last_day(night), 1000, bytes(4 * 96), b"", 8, 1, 900_001)
    lake.commit(900_001, lake.stage(900_001, [one]))
    return Expected("row-without-deed", Category.READ, {"connection": key, "batch": 900_001})


Row = dict[str, Any]


def file_rows(path: Path) -> list[Row]:
    """Return the rows of a file."""
    rows: list[Row] = pq.ParquetFile(path).read().to_pylist()
    return rows


def rewrite(path: Path, rows: list[Row]) -> None:
    """Write a file anew, in its own place."""
    schema = pq.ParquetFile(path).schema_arrow
    pq.write_table(pa.Table.from_pylist(sorted(rows, key=lambda row: (row["key"], row["ch"])), schema), path)


def lake_files(night: Faulty) -> Iterator[tuple[date, Path]]:
    """Yield the files that make up the lake, with their days."""
    lake = Held(night.house.data / "lake")
    yield from ((day, path) for day in sorted(lake.days()) for path in lake.files(day))


def kept_beyond_the_channels(night: Faulty) -> Expected:
    """Feed-in was kept beside the use that was permitted."""
    for day, path in lake_files(night):
        rows = file_rows(path)
        both = {(row["key"], row["ch"]) for row in rows}
        alone = [row for row in rows if row["ch"] == Channel.IMPORT and (row["key"], Channel.EXPORT) not in both]
        if alone:
            rewrite(path, [*rows, alone[0] | {"ch": int(Channel.EXPORT)}])
            return Expected(
                "row-without-deed",
                Category.READ,
                {"connection": alone[0]["key"], "channel": int(Channel.EXPORT), "day": day.isoformat()},
            )
    raise AssertionError


def kept_beyond_the_period(night: Faulty) -> Expected:
    """Of a day that is permitted from noon on, the morning was kept as well."""
    for day, path in lake_files(night):
        rows = file_rows(path)
        for row in rows:
            marks = row["q"]
            if 1 << row["ch"] & INTERVAL_MASK and marks and all(mark & Quality.MISSING for mark in marks[:10]) and not marks[-1]:
                row["q"] = None
                rewrite(path, rows)
                return Expected("row-beyond-permits", Category.OVER_BROAD, {"connection": row["key"], "day": day.isoformat()})
    raise AssertionError


def for_sums(night: Faulty, batch: Batch) -> Iterator[tuple[int, Row]]:
    """Yield the reads of a batch's intent from which nothing may be kept."""
    said = (json.loads(line.body) for line in blocks.of_entry(night.c, batch.entry) if line.connection > 0)
    intervals = [one for one in said if one["p"] == ProfileName.E_INTERVAL]
    kept = {one["c"] for one in intervals for grant in one["g"] if Grant(*grant).keeps}
    yield from ((batch.number, one) for one in intervals if one["c"] not in kept)


def kept_of_a_sum(night: Faulty) -> Expected:
    """Values that were read for a sum over a transformer, and for nothing else, were kept by themselves."""
    batch, one = next(summed for one in batches(night, EventKind.BATCH_INTENDED) for summed in for_sums(night, one))
    day = from_epoch_s(one["f"] + 43_200).date()
    path = next(path for held, path in lake_files(night) if held == day)
    held = file_rows(path)
    model = next(row for row in held if row["ch"] == Channel.IMPORT)
    rewrite(path, [*held, model | {"key": one["c"], "batch": batch}])
    return Expected("row-without-deed", Category.READ, {"connection": one["c"], "batch": batch})


def rest_on(night: Faulty, change: Callable[[int], int]) -> Row:
    """Change the rules that some row names; return the row with its day."""
    for day, path in lake_files(night):
        rows = file_rows(path)
        for row in rows:
            if change(row["basis"]) not in {0, row["basis"]}:
                row["basis"] = change(row["basis"])
                rewrite(path, rows)
                return row | {"day": day.isoformat()}
    raise AssertionError


def kept_for_another_rule(night: Faulty) -> Expected:
    """A row names a rule under which it was not read: that of the operator's own use."""
    other = 1 << conduct.EDITIONS[-1].rule("O1").no
    row = rest_on(night, lambda basis: basis | other if basis.bit_count() == 1 else basis)
    return Expected("basis-beyond-permits", Category.OVER_BROAD, {"connection": row["key"], "day": row["day"]})


def kept_for_less(night: Faulty) -> Expected:
    """A row that was read under several rules names one of them only: it goes with that one."""
    other = 1 << conduct.EDITIONS[-1].rule("O1").no
    row = rest_on(night, lambda basis: basis if basis & other else basis & -basis)
    return Expected("basis-too-small", Category.UNPROVED, {"connection": row["key"], "day": row["day"]})


# what leaves


def documents(night: Faulty) -> Iterator[tuple[Path, list[dict[str, Any]]]]:
    """Yield the files of the outbox with their documents."""
    for path in sorted((night.house.data / "outbox").glob("*/*.jsonl")):
        yield path, [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def put(path: Path, held: list[dict[str, Any]]) -> None:
    """Write a file of the outbox anew."""
    path.write_text("".join(json.dumps(one) + "\n" for one in held), encoding="utf-8")


def longer_document(night: Faulty) -> Expected:
    """A document tells one quarter-hour more than was asked."""
    for path, held in documents(night):
        for one in held:
            if one["series"]:
                series = one["series"][0]
                series["values"].append(7)
                series["quality"] = [*series.get("quality", ["valid"] * (len(series["values"]) - 1)), "valid"]
                put(path, held)
                return Expected("parcel-beyond-permit", Category.OVER_BROAD, {"parcel": one["reference"]})
    raise AssertionError


def document_of_another(night: Faulty) -> Expected:
    """A document is about the neighbour."""
    path, held = next(each for each in documents(night) if len({one["metering_point"] for one in each[1]}) > 1)
    one = held[-1]
    one["metering_point"] = next(other["metering_point"] for other in held if other["metering_point"] != one["metering_point"])
    put(path, held)
    return Expected("parcel-of-another", Category.DELIVERY, {"parcel": one["reference"]})


def parcel_in_another_box(night: Faulty) -> Expected:
    """A bundle was laid into the box of another party as well."""
    path, held = next(documents(night))
    other = night.one("select code from kw.party where code <> %s order by code", path.parent.name)
    box = night.house.data / "outbox" / other
    box.mkdir(exist_ok=True)
    shutil.copy(path, box / path.name)
    return Expected("file-without-parcel", Category.DELIVERY, {"parcel": held[0]["reference"]})


def deliver(night: Faulty, parcel: str, request: Request, permit: bytes, at: datetime) -> None:
    """Tell the log that a parcel was delivered, and lay a document into the receiver's box."""
    night.house.log.record(
        night.c,
        [Event(at, EventKind.PARCEL_DELIVERED, ACTOR, None, request.connection, leaves.parcel(parcel, request, permit, "T1"))],
    )
    night.house.log.integrate(night.c)


def delivered_without_permit(night: Faulty) -> Expected:
    """An app was handed a week of somebody who never permitted anything."""
    connection = night.one(
        "select key from kw.connection c where product = 'electricity' and not exists"
        " (select from kw.permission p where p.connection = c.key) order by key"
    )
    request, at = for_an_app(night, connection, last_day(night)), last(night)
    parcel, bundle = "ab" * 16, "cd" * 16
    night.change("insert into kw.bundle (id, receiver, state, at) values (%s, %s, 'sent', %s)", bundle, request.requester.id, at)
    night.change(
        "insert into kw.parcel (id, receiver_role, receiver, connection, purpose, period, mask, permit, status, at, bundle)"
        " values (%s, 'third_party', %s, %s, %s, tstzrange(%s, %s, '[]'), %s, %s, 'delivered', %s, %s)",
        *(parcel, request.requester.id, connection, request.purpose, request.period.start, request.period.end),
        *(request.mask, FORGED, at, bundle),
    )
    deliver(night, parcel, request, FORGED, at + timedelta(seconds=1))
    ean = stored.eans(night.c, {connection})[connection].reveal()
    box = night.house.data / "outbox" / night.one("select code from kw.party where key = %s", request.requester.id)
    box.mkdir(exist_ok=True)
    document = {
        "format": FORMAT,
        "reference": parcel,
        "metering_point": ean,
        "product": "electricity",
        "series": [],
        "readings": [],
    }
    put(box / f"{bundle}.jsonl", [document | {"purpose": str(request.purpose)}])
    return Expected("parcel-not-decided", Category.DELIVERY, {"parcel": parcel})


def delivered_after_the_stop(night: Faulty) -> Expected:
    """What was withheld because the ground had gone was handed over all the same."""
    for one in parcels(night):
        if one.status == "withheld" and one.receiver.role is Role.THIRD_PARTY and (permit := granted_before(night, one)):
            night.change("update kw.parcel set status = 'delivered', permit = %s where id = %s", permit, one.id)
            deliver(night, one.id, one.request, permit, one.decided + timedelta(seconds=1))
            return Expected("parcel-after-stop", Category.LATE, {"parcel": one.id})
    raise AssertionError


def dated_back(night: Faulty) -> Expected:
    """The registry says that a parcel was decided earlier than it was: as if a stop had come after it."""
    for one in parcels(night):
        if one.status == "delivered" and one.bundle is not None:
            night.change("update kw.bundle set at = at - interval '1 hour' where id = %s", one.bundle)
            return Expected("parcel-without-event", Category.DELIVERY, {"parcel": one.id})
    raise AssertionError


def parcels(night: Faulty) -> Iterator[stored.Sent]:
    """Yield all parcels that ended, a page at a time."""
    after = ""
    while page := stored.parcels(night.c, after=after):
        yield from page
        after = page[-1].id


def granted_before(night: Faulty, one: stored.Sent) -> bytes | None:
    """Return the permit that a parcel would have had some minutes earlier."""
    again = Again(night.c, Findings(one.decided))
    again.load([one.request])
    found = (again.permit(one.request, one.decided - timedelta(seconds=s)) for s in range(1, 300, 2))
    return next((permit.id for permit in found if permit is not None), None)


# what the registry says, and what the log does not


def forged_permission(night: Faulty) -> Expected:
    """A permission that nobody gave stands in the registry."""
    connection = night.one("select max(key) from kw.connection where product = 'electricity'")
    subject, _ = resident(night, connection)
    app = night.one("select min(key) from kw.party where role = 'third_party'")
    number = night.one(
        "insert into kw.permission (connection, subject, party, mask, purpose, data, live, reference)"
        " values (%s, %s, %s, %s, 'forged', tstzrange('2020-01-01Z', null), tstzrange('2020-01-01Z', '2099-01-01Z'), 'forged')"
        " returning id",
        *(connection, subject, app, INTERVAL_MASK),
    )
    return Expected("fact-not-told", Category.UNPROVED, {"table": "permission", "id": number})


def widened_permission(night: Faulty) -> Expected:
    """A permission was made to hold more channels than were given."""
    night.c.execute("alter table kw.permission disable trigger user")
    number = night.one(
        "select p.id from kw.permission p join kw.permission_state s using (id) where p.mask = 2 and not isempty(s.live)"
    )
    night.change("update kw.permission set mask = mask | 4 where id = %s", number)
    return Expected("fact-differs", Category.UNPROVED, {"table": "permission", "id": number})


def moved_end(night: Faulty) -> Expected:
    """Somebody's stay was made to end earlier than it did."""
    night.c.execute("alter table kw.occupancy disable trigger user")
    number = night.one("select min(id) from kw.occupancy where upper(period) > lower(period) + interval '9 days'")
    night.change(
        "update kw.occupancy set period = tstzrange(lower(period), upper(period) - interval '2 days') where id = %s", number
    )
    return Expected("fact-differs", Category.UNPROVED, {"table": "occupancy", "id": number})


def followed(night: Faulty) -> Iterator[tuple[int, Stored]]:
    """Yield entry and line of what was refused to somebody of whom a later batch says more, as that says."""
    first, *_ = batches(night, EventKind.BATCH_REFUSED)
    lines = {(one.connection, one.nth + 1): one for one in blocks.of_entry(night.c, first.entry) if one.nth}
    later = sorted(one.entry for kind in BATCHES for one in batches(night, kind) if one.entry > first.entry)
    after = ((one.connection, one.nth or 0) for entry in later for one in blocks.of_entry(night.c, entry))
    yield from ((first.entry, lines[one]) for one in after if one in lines)


def line_left_out(night: Faulty) -> Expected:
    """A line about a person, which said what was refused, was taken out."""
    entry, line = next(followed(night))
    night.change("delete from audit.leaf where entry = %s and number = %s", entry, line.number)
    assert line.nth is not None
    return Expected("line-missing", Category.UNPROVED, {"connection": line.connection, "nth": line.nth + 1})


def shown_without_ground(night: Faulty) -> Expected:
    """Who moved out was shown a day of who lives there now."""
    row = night.c.execute(
        "select o.connection, s.key, s.code, upper(o.period) from kw.occupancy o join kw.subject s on s.key = o.subject"
        " where upper(o.period) < %s and exists (select from kw.occupancy n where n.connection = o.connection"
        " and lower(n.period) = upper(o.period)) order by o.id",
        (midnight(last_day(night)).astimezone(UTC),),
    ).fetchone()
    assert row is not None
    connection, subject, code, _ = row
    day = day_period(last_day(night))
    assert day.end is not None
    request = Request(
        Requester(Role.CUSTOMER, subject), Action.VIEW, Purpose.OWN_ACCESS, connection,
        INTERVAL_MASK & ~(1 << Channel.GAS), Period(day.start, day.end), DataClass.PROFILE,
    )  # fmt: skip
    body: dict[str, Json] = {"permit": FORGED.hex(), "rule": "C1", "u": str(request.purpose), "start": epoch_s(day.start)}
    body["end"] = epoch_s(day.end)
    (entry,) = night.house.log.record(
        night.c, [Event(last(night), EventKind.VIEW_SHOWN, f"{Role.CUSTOMER}:{subject}", code, connection, body)]
    )
    night.house.log.integrate(night.c)
    return Expected("view-not-decided", Category.VIEW, {"entry": entry})


# what was refused


def answered(night: Faulty, request: Request, at: datetime) -> bool:
    """True if deciding again, by all that the log says, gives a permit."""
    again = Again(night.c, Findings(at))
    again.load([request])
    return again.permit(request, at) is not None


def refuse(night: Faulty, no: Refusal, at: datetime) -> None:
    """Write down that somebody was refused."""
    _, code = resident(night, no.request.connection)
    night.house.log.record_batch(
        night.c, EventKind.BATCH_REFUSED, new_batch(night), at, ACTOR, [leaves.refused(no, code)], {"night": 0}
    )
    night.house.log.integrate(night.c)


def permitted(night: Faulty, at: datetime) -> Iterator[tuple[Request, datetime]]:
    """Yield what apps may have known at a moment of the day before, by the permissions that stood then."""
    rows = night.c.execute(
        "select p.connection, p.party from kw.permission p join kw.permission_state s using (id)"
        " where p.party is not null and s.live @> %s order by p.id",
        (at,),
    )
    day = day_of(at) - timedelta(days=1)
    asked = (for_an_app(night, connection, day, app) for connection, app in rows)
    yield from ((one, at) for one in asked if answered(night, one, at))


def refused_with_a_ground(night: Faulty) -> Expected:
    """An app was refused a day for which it had the customer's permission: lately, since at the very end each may be suspended."""
    lately = (last(night) - timedelta(days=n) for n in range(15))
    request, at = next(each for moment in lately for each in permitted(night, moment))
    no = Refusal(request, None, conduct.edition_at(at).ruling("F7"), at)
    refuse(night, no, at)
    return Expected("refused-with-ground", Category.REFUSED, {"connection": request.connection})


def refused_for_another_reason(night: Faulty) -> Expected:
    """Somebody who was switched off was told that there was no permission."""
    at, connection = last(night), barred(night, "administratively_off")
    no = Refusal(for_an_app(night, connection, last_day(night)), None, conduct.edition_at(at).ruling("F7"), at)
    refuse(night, no, at)
    return Expected("refused-otherwise", Category.REFUSED, {"connection": connection})


def withheld_with_a_ground(night: Faulty) -> Expected:
    """A parcel that might have left was withheld."""
    at = last(night)
    one = next(one for one in parcels(night) if one.status == "delivered" and answered(night, one.request, at))
    body = leaves.parcel("ef" * 16, one.request, None, "F7")
    night.house.log.record(night.c, [Event(at, EventKind.PARCEL_WITHHELD, ACTOR, None, one.connection, body)])
    night.house.log.integrate(night.c)
    return Expected("withheld-with-ground", Category.REFUSED, {"connection": one.connection})


# sums over homes


def balance(night: Faulty) -> dict[str, Any]:
    """Return what the log says of the last balance of a transformer that was told."""
    said: dict[str, Any] = night.one(
        "select convert_from(leaf, 'UTF8')::jsonb -> 'body' from audit.event where kind = 'loss:published' order by id desc limit 1"
    )
    return said


def tell_balance(night: Faulty, body: dict[str, Any]) -> int:
    """Tell of a balance; return its entry."""
    (entry,) = night.house.log.record(night.c, [Event(last(night), EventKind.LOSS_PUBLISHED, ACTOR, body=body)])
    night.house.log.integrate(night.c)
    return entry


def sum_of_one(night: Faulty) -> Expected:
    """Of a transformer a balance was told over one home."""
    entry = tell_balance(night, balance(night) | {"read": 1})
    return Expected("sum-of-few", Category.DELIVERY, {"entry": entry})


def sum_of_nobody_read(night: Faulty) -> Expected:
    """A balance was told of a day for which no home was read."""
    said = balance(night)
    before = date.fromisoformat(said["day"]) - timedelta(days=400)
    entry = tell_balance(night, said | {"day": before.isoformat()})
    return Expected("sum-of-unread", Category.DELIVERY, {"entry": entry})


def sum_told_again(night: Faulty) -> Expected:
    """A balance was told a second time."""
    entry = tell_balance(night, balance(night))
    return Expected("sum-beside-sum", Category.OVER_BROAD, {"entry": entry})


def sum_unsaid(night: Faulty) -> Expected:
    """The registry holds a balance of which the log says nothing."""
    night.change(
        "insert into kw.loss (transformer, day, use_case, batch, homes, homes_read)"
        " select transformer, day - 500, use_case, batch, homes, homes_read from kw.loss where withheld is null limit 1"
    )
    return Expected("sum-without-event", Category.DELIVERY, {"table": "loss"})


# who of the operator's people it was


def unnamed_look(night: Faulty) -> Expected:
    """One of the operator's people looked at a home, and said neither who it was nor why."""
    connection = night.one("select min(key) from kw.connection")
    body: dict[str, Json] = {"asked": None, "shown": "grounds"}
    (entry,) = night.house.log.record(night.c, [Event(last(night), EventKind.VIEW_SHOWN, ACTOR, None, connection, body)])
    night.house.log.integrate(night.c)
    return Expected("look-unnamed", Category.VIEW, {"entry": entry})


def named(night: Faulty) -> int:
    """Write down what somebody did; return its entry."""
    log = Log(signing.load(night.house.data / "keys"), night.house.data / "audit", Staff("Mieke", "storing"))
    (entry,) = log.record(night.c, [Event(last(night), EventKind.ALARM_DISCARDED, ACTOR, None, None, {"why": "no_ground"})])
    log.integrate(night.c)
    return entry


def somebody_else(night: Faulty) -> Expected:
    """Another one of the operator's people is written down for what somebody did."""
    entry = named(night)
    night.change("update kw.staff_act set person = 'Joost' where entry = %s", entry)
    return Expected("staff-differs", Category.UNPROVED, {"entry": entry})


def nobody(night: Faulty) -> Expected:
    """Who did it was taken out."""
    entry = named(night)
    night.change("delete from kw.staff_act where entry = %s", entry)
    return Expected("staff-missing", Category.UNPROVED, {"entry": entry})


def blamed(night: Faulty) -> Expected:
    """Somebody is written down for what a line does not say of anybody."""
    entry = night.one("select max(id) from audit.event where kind = 'night:ended'")
    values = entry, "Joost", "storing", bytes(16), last(night)
    night.change("insert into kw.staff_act (entry, person, reason, salt, at) values (%s, %s, %s, %s, %s)", *values)
    return Expected("staff-without-line", Category.UNPROVED)


# what lies in boxes


def box_of(night: Faulty, code: str) -> Path:
    """Return the box of a party; make it if there is none."""
    box = night.house.data / "outbox" / code
    box.mkdir(exist_ok=True)
    return box


def bundle_given_to_another(night: Faulty) -> Expected:
    """A bundle lies in the box of another party, and the registry says that it is that party's."""
    path, held = [*documents(night)][-1]
    receiver, code = night.c.execute(
        "select key, code from kw.party where code <> %s order by code desc", (path.parent.name,)
    ).fetchone() or (0, "")
    night.change("update kw.bundle set receiver = %s where id = %s", receiver, path.stem)
    shutil.move(path, box_of(night, code) / path.name)
    return Expected("file-without-parcel", Category.DELIVERY, {"parcel": held[-1]["reference"]})


def failed_and_in_the_box(night: Faulty) -> Expected:
    """A document lies in its receiver's box, and the registry says that its delivery failed: the log was told of none."""
    path, _ = [*documents(night)][-2]
    bundle, receiver, role, at = night.c.execute(
        "select b.id, b.receiver, p.role, b.at from kw.bundle b join kw.party p on p.key = b.receiver where b.id = %s", (path.stem,)
    ).fetchone() or ("", 0, "", last(night))
    one = next(each for each in parcels(night) if each.bundle == bundle)
    parcel = "ee" * 16
    night.change(
        "insert into kw.parcel (id, receiver_role, receiver, connection, purpose, period, mask, permit, status, at, bundle)"
        " values (%s, %s, %s, %s, %s, tstzrange(%s, %s, '[]'), %s, %s, 'failed', %s, %s)",
        *(parcel, role, receiver, one.connection, one.purpose, one.period.start - DAY, one.period.start),
        *(one.mask, FORGED, at, bundle),
    )
    rule = conduct.edition_at(at).grant(Role(role), one.purpose)
    assert rule is not None
    said = next(each for _, held in documents(night) for each in held if each["reference"] == one.id)
    ground = said["grounds"][0] | {"permit": FORGED.hex()}
    period = {"start": (one.period.start - DAY).isoformat(), "end": one.period.start.isoformat()}
    document = said | {"reference": parcel, "period": period, "grounds": [ground], "series": [], "readings": []}
    put(path, [*(json.loads(line) for line in path.read_text("utf-8").splitlines()), document])
    return Expected("file-without-parcel", Category.DELIVERY, {"parcel": parcel})


def box_in_a_box(night: Faulty) -> Expected:
    """Within the box of a party lies one that is called like that of another, with a bundle of that one's."""
    path, _ = next(documents(night))
    other = night.one("select code from kw.party where code <> %s order by code desc", path.parent.name)
    within = box_of(night, other) / path.parent.name
    within.mkdir()
    shutil.copy(path, within / path.name)
    return Expected("file-without-parcel", Category.DELIVERY, {"path": f"{other}/{path.parent.name}/{path.name}"})


def way_into_another_box(night: Faulty) -> Expected:
    """In the box of a party there is a way into that of another."""
    path, _ = next(documents(night))
    other = night.one("select code from kw.party where code <> %s order by code desc", path.parent.name)
    (box_of(night, other) / "more").symlink_to(path.parent, target_is_directory=True)
    return Expected("file-without-parcel", Category.DELIVERY, {"path": f"{other}/more"})


# what is kept besides


def put_aside_of_a_sum(night: Faulty) -> Expected:
    """Of what was read for a sum, and nothing else, the values were put aside as if they were doubted."""
    every = [summed for one in batches(night, EventKind.BATCH_INTENDED) for summed in for_sums(night, one)]
    batch, one = every[-1]
    night.change(
        "insert into kw.quarantine (batch, connection, meter, profile, first_s, last_s, verdicts, rows)"
        " values (%s, %s, %s, %s, %s, %s, '[]', %s)",
        *(batch, one["c"], one["m"], one["p"], one["f"], one["l"], bytes(400)),
    )
    return Expected("row-without-deed", Category.READ, {"connection": one["c"], "batch": batch, "profile": one["p"]})


def intervals_in_a_register(night: Faulty) -> Expected:
    """A row of a register, which a supplier may have each month, holds the quarter-hours of the day as well."""
    for day, path in lake_files(night):
        rows = file_rows(path)
        for row in rows:
            if not 1 << row["ch"] & INTERVAL_MASK:
                row["v"] = [7] * 96
                rewrite(path, rows)
                where = {"connection": row["key"], "channel": row["ch"], "day": day.isoformat()}
                return Expected("row-beyond-permits", Category.OVER_BROAD, where)
    raise AssertionError


def kept_though_gone(night: Faulty) -> Expected:
    """What somebody had erased, and the log says went, is still there."""
    day, path = next(lake_files(night))
    batch = file_rows(path)[0]["batch"]
    went = {"day": day.isoformat(), "rows": 1, "erased": 1, "freed": 0, "batches": {str(batch): 1}}
    night.tell(EventKind.RETENTION_APPLIED, None, last(night), **went)
    kept = epoch_s(midnight(retention.oldest(Kept.PARCELS, night.at)))
    night.tell(EventKind.RETENTION_APPLIED, None, last(night), parcels_from=kept)
    return Expected("rows-beyond-deed", Category.OVER_BROAD, {"batch": batch})


# facts that are given once


def permission_told_wider(night: Faulty) -> Expected:
    """A permission was made to reach back over years, in the registry, and the log was told of it again."""
    night.c.execute("alter table kw.permission disable trigger user")
    number, leaf, connection, code = night.c.execute(
        "select p.id, e.leaf, e.connection, s.code from audit.event e join kw.permission p on p.connection = e.connection"
        " and p.id = (convert_from(e.leaf, 'UTF8')::jsonb #>> '{body,permission}')::bigint join kw.subject s on s.key = p.subject"
        " where e.kind = 'permission:granted' and p.party is not null order by p.id desc"
    ).fetchone() or (0, b"", 0, "")
    night.change("update kw.permission set data = tstzrange('2001-01-01Z', upper(data)) where id = %s", number)
    night.c.execute("alter table kw.permission enable trigger user")
    said = json.loads(leaf)
    wider = said["body"] | {"data_start": epoch_s(datetime(2001, 1, 1, tzinfo=UTC))}
    night.house.log.record(night.c, [Event(last(night), EventKind.PERMISSION_GRANTED, said["actor"], code, connection, wider)])
    night.house.log.integrate(night.c)
    return Expected("fact-told-anew", Category.UNPROVED, {"table": "permission", "id": number})


def limit_raised(night: Faulty) -> Expected:
    """The yearly limit of a use case was raised after it was approved, in the registry, and the log was told of it again."""
    night.c.execute("alter table kw.use_case disable trigger user")
    number = night.one("select min(id) from kw.use_case")
    night.change("update kw.use_case set yearly_limit = 300 where id = %s", number)
    night.c.execute("alter table kw.use_case enable trigger user")
    night.tell(EventKind.USE_CASE_REGISTERED, None, last(night), **use_cases.told_of(night.c, number))
    return Expected("fact-told-anew", Category.UNPROVED, {"table": "use_case", "id": number})


def given_by_a_neighbour(night: Faulty) -> Expected:
    """Somebody said yes for another home than the own, and it was taken."""
    connection = night.one(
        "select c.key from kw.connection c join kw.occupancy o on o.connection = c.key and upper_inf(o.period)"
        " where product = 'electricity' and not exists (select from kw.permission p where p.connection = c.key) order by 1 offset 2"
    )
    subject, code = resident(night, connection)
    other = night.one("select min(key) from kw.subject where key <> %s", subject)
    start = last(night).replace(microsecond=0)
    given = Period(start, start + 300 * DAY)
    app = night.one("select min(key) from kw.party where role = 'third_party'")
    grant = permissions.Grant(connection, subject, app, 1 << Channel.IMPORT, "forged", given, given)
    number = night.one(
        "insert into kw.permission (connection, subject, party, mask, purpose, data, live, reference)"
        " values (%s, %s, %s, %s, %s, tstzrange(%s, %s), tstzrange(%s, %s), 'forged too') returning id",
        *(connection, subject, app, grant.mask, grant.purpose, *[given.start, given.end] * 2),
    )
    night.house.log.record(night.c, [telling.granted(number, grant, start, telling.customer(other), code)])
    night.house.log.integrate(night.c)
    return Expected("permission-by-another", Category.UNPROVED, {"connection": connection})


def ended_by_hand(night: Faulty) -> Expected:
    """A batch was set to given up by hand: what it asked of meters is not said, and counts against no limit."""
    lately = (last(night) - timedelta(days=n) for n in range(2, 15))
    request, at = next(each for moment in lately for each in permitted(night, moment))
    again = Again(night.c, Findings(at))
    again.load([request])
    permit = again.permit(request, at)
    assert permit is not None
    ref, batch, wire = decide.ref(permit), new_batch(night), wired(night, request.connection)
    task = Task(request.connection, wire.meter, ProfileName.E_INTERVAL, wire.mbus, ref.first_s, ref.last_s, (ref,))
    _, code = resident(night, request.connection)
    said = {"night": 0, "decided": int(at.timestamp() * 1000)}
    asked = [leaves.intended(task, {permit.id: request}, code)]
    night.house.log.record_batch(night.c, EventKind.BATCH_INTENDED, batch, last(night) - 2 * ABANDONED, ACTOR, asked, said)
    night.house.log.integrate(night.c)
    night.change("insert into kw.batch (id, state) overriding system value values (%s, 'abandoned')", batch)
    return Expected("intent-without-end", Category.UNPROVED, {"batch": batch})


def missed(expected: Mapping[str, Expected], found: Findings) -> list[str]:
    """Return which of those that were planted together have no finding of their own: one that is two of them is neither's."""
    meant = ([name for name, one in expected.items() if one.is_in(finding)] for finding in found.findings)
    return sorted(expected.keys() - {names[0] for names in meant if len(names) == 1})


PLANTED: dict[str, Callable[[Faulty], Expected]] = {
    one.__name__: one
    for one in (
        line_left_out,
        unlogged_read,
        longer_read,
        late_read,
        read_of_the_refused,
        read_while_off,
        beyond_the_limit,
        kept_without_a_deed,
        kept_beyond_the_channels,
        kept_beyond_the_period,
        kept_of_a_sum,
        longer_document,
        document_of_another,
        parcel_in_another_box,
        delivered_without_permit,
        delivered_after_the_stop,
        forged_permission,
        widened_permission,
        moved_end,
        shown_without_ground,
    )
}
"""By name, in an order in which all of them can be planted one after the other."""

BESIDES: dict[str, Callable[[Faulty], Expected]] = {
    one.__name__: one
    for one in (
        sum_of_one,
        sum_of_nobody_read,
        sum_told_again,
        sum_unsaid,
        refused_with_a_ground,
        refused_for_another_reason,
        withheld_with_a_ground,
        kept_for_another_rule,
        kept_for_less,
        read_beside_the_model,
        unnamed_look,
        somebody_else,
        nobody,
        blamed,
        failed_and_in_the_box,
        bundle_given_to_another,
        box_in_a_box,
        way_into_another_box,
        put_aside_of_a_sum,
        intervals_in_a_register,
        kept_though_gone,
        permission_told_wider,
        limit_raised,
        given_by_a_neighbour,
        ended_by_hand,
        dated_back,
    )
}
"""What shows that a record is not true, and harms nobody by itself, or not yet; and another way of what is among the twenty.

To be planted before the others: among the rows that those put into the lake it would change one that has no deed.
"""
