"""A scenario of nights: facts come in by import, meters answer as a table says, everything between is the real thing.

What a meter would answer is computed from `registers.csv`: per register a value at a moment and how much it rises per quarter (gas:
per hour). Before that moment the meter has no rows.
"""

import csv
import json
import shutil
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
from numpy.typing import NDArray

from kwartier.grounds import conduct
from kwartier.headend import MeterAnswer, TaskAnswer
from kwartier.model.channel_day import ChannelDay, Quality
from kwartier.model.ean import Ean
from kwartier.model.errors import KwartierError
from kwartier.model.ground import Request, Requester, Role
from kwartier.model.meter import Profile
from kwartier.model.period import HOUR_S, QUARTER_S, ZONE, Period, epoch_s, from_epoch_s, midnight
from kwartier.model.permit import Permit
from kwartier.model.register import DAY_MASK, GAS_MASK, Channel, Direction, Kind, Product
from kwartier.model.task import Result, Task
from kwartier.store.registry import allocation, nights, reconciliation
from kwartier.store.registry.rounds import rounds
from kwartier.validation import Rows
from kwartier.workflows import delivery_round, enrolment, inquiry, permission, refusal
from kwartier.workflows import parties as parties_of
from kwartier.workflows.installation import Installation, meter_models
from kwartier.workflows.night.prepare import decide_round, write_intent
from kwartier.workflows.night.settle import settle
from kwartier.workflows.night.work import harvested
from kwartier.workflows.permission import claims, mandates, reminders, requests
from kwartier.workflows.permission.placing import Claim
from kwartier.workflows.permission.requests import Wish
from kwartier.workflows.refusal import Choice
from kwartier.workflows.visits.held import is_held
from permission_support import posted, silence

C = psycopg.Connection[Any]
Line = dict[str, str]
DAY_S = 86_400


def table(path: Path) -> list[Line]:
    """Return the lines of a table; the comments are for people."""
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as text:
        return [{name: value for name, value in line.items() if name != "comment"} for line in csv.DictReader(text, strict=True)]


def local(seconds: int) -> str:
    """Write a moment in local time with its offset."""
    return from_epoch_s(seconds).astimezone(ZONE).isoformat()


@dataclass
class Story:
    """One scenario under way: what was planned and refused is noted as it happens."""

    house: Installation
    folder: Path
    tasks: list[Line]
    refused: list[Line]
    now: datetime
    path: str = "import"
    """How permissions to parties come about: they are imported, the party asks and the customer says yes, or the party claims."""
    looked: list[Line] = field(default_factory=list)
    saw: list[Line] = field(default_factory=list)

    @classmethod
    def begin(cls, house: Installation, folder: Path, at: datetime, path: str = "import") -> "Story":
        """Let the facts come in, and the meters' keys."""
        story = cls(house, folder, [], [], at, path)
        story.take("given")
        return story

    def clock(self) -> datetime:
        """Return a moment later each time."""
        self.now += timedelta(milliseconds=20)
        return self.now

    def take(self, folder: str) -> None:
        """Import a folder of the scenario."""
        given, others = parted(self.folder / folder, self.house.data / "apart", self.path)
        report = enrolment.take(self.house, given, dry_run=False, at=self.clock())
        assert report.rejected == 0, report.diff
        for line in others:
            self.agree(line)
        with self.house.operator() as c:
            c.execute(
                "insert into kw.meter_key (meter, guek, gak) select key, %s, %s from kw.meter where system_title is not null"
                " on conflict do nothing",
                (self.house.vault.wrap(bytes(16)), self.house.vault.wrap(bytes(16))),
            )

    def step(self, what: str, argument: str) -> None:
        """Do one thing of `when.csv`."""
        steps: dict[str, Callable[[], object]] = {
            "import": lambda: self.take(f"when/{argument}"),
            "night": lambda: self.night(date.fromisoformat(argument)),
            "revoke": lambda: self.revoke(argument),
            "renew": lambda: self.renew(*argument.split()),
            "claim": lambda: self.claim(argument),
            "veto": lambda: self.veto(argument),
            "deliver": lambda: delivery_round.run(self.house, clock=self.clock),
            "suspend": lambda: parties_of.suspend(self.house, argument, parties_of.Because.BREACH, at=self.clock()),
            "reinstate": lambda: parties_of.reinstate(self.house, argument, at=self.clock()),
            "default": lambda: parties_of.begin_default(self.house, argument, at=self.clock()),
            "default over": lambda: parties_of.end_default(self.house, argument, at=self.clock()),
            "say": lambda: self.say(*argument.split()),
            "hand": lambda: self.by_hand(*argument.split()),
            "send": lambda: self.send_in(*argument.split()),
            "take": lambda: self.take_away(*argument.split()),
            "saw": lambda: self.who_saw(*argument.split()),
        }
        steps[what]()

    def revoke(self, reference: str) -> None:
        """Let the customer take a permission back."""
        permission.revoke(self.house, *self._given(reference), at=self.clock())

    def renew(self, reference: str, until: str) -> None:
        """Let the customer give a permission again, from its end on."""
        reminders.renew(self.house, *self._given(reference), until=moment(until), at=self.clock())

    def _given(self, reference: str) -> tuple[int, int]:
        """Return who gave a permission, and its number."""
        with self.house.operator() as c:
            row = c.execute(
                "select p.subject, p.id from kw.permission p left join kw.permission_request r on r.id = p.request"
                " where coalesce(r.reference, p.reference) = %s",
                (reference,),
            ).fetchone()
        assert row is not None
        return row[0], row[1]

    def claim(self, party: str) -> None:
        """Let a party upload its mandates: when/PARTY.csv."""
        report = claims.upload(self.house, party, self.folder / "when" / f"{party}.csv", at=self.clock())
        assert not report.refused
        assert not report.claimed.invalid

    def veto(self, reference: str) -> None:
        """Let the customer say no to a mandate."""
        with self.house.operator() as c:
            row = c.execute("select subject, id from kw.permission_request where reference = %s", (reference,)).fetchone()
        assert row is not None
        mandates.veto(self.house, row[0], row[1], at=self.clock())

    def agree(self, line: Line) -> None:
        """Let a permission come about in another way than by an import, from the same moment on and with the same scope."""
        at, ean = moment(line["granted"]), Ean(line["ean"])
        kinds = tuple(Kind(kind) for kind in line["kinds"].split("|"))
        data = Period(moment(line["data_from"]), moment(line["data_to"]) if line["data_to"] else None)
        until, direction = moment(line["expires"]), Direction(line["direction"])
        if self.path == "mandate":
            row = Claim(ean, at, until, line["reference"], kinds, direction, line["purpose"], data)
            notice = timedelta(days=self.house.settings.mandate_notice_days)
            assert mandates.claim(self.house, line["party"], [row], at=at - notice).presented == 1
            assert silence(self.house, at=at) == 1
            return
        wish = Wish(Product(line["products"]), kinds, direction, line["purpose"], data, until)
        asked = requests.ask(self.house, line["party"], ean, wish, at=at, reference=line["reference"])
        assert asked.subject is not None
        requests.grant(self.house, asked.subject, asked.id, at=at)

    def say(self, who: str, digits: str, choice: str) -> None:
        """Let a customer refuse the meter, have it switched off, or have it back."""
        refusal.choose(self.house, self._person(who), self._connection(digits), Choice(choice), at=self.clock())

    def by_hand(self, digits: str, at: str, how: str, *registers: str) -> None:
        """Let somebody read registers (NAME=Wh) at the meter, and write them down."""
        values, read_at = _written(registers), datetime.fromisoformat(at)
        refusal.take(self.house, self._connection(digits), values, read_at=read_at, how=refusal.How(how), at=self.clock())

    def send_in(self, who: str, digits: str, *registers: str) -> None:
        """Let a customer send in what the own counters show (NAME=Wh)."""
        refusal.send_in(self.house, self._person(who), self._connection(digits), _written(registers), at=self.clock())

    def take_away(self, who: str, digits: str, first: str, last: str) -> None:
        """Let somebody ask for what is held of their own time between two days, both included; note what they get."""
        about = {"who": who, "connection": digits, "asked": f"{first}..{last}"}
        days = date.fromisoformat(first), date.fromisoformat(last)
        try:
            found = inquiry.download(self.house, self._person(who), self._connection(digits), *days, "json", at=self.clock())
        except KwartierError as no:
            self.looked.append(about | {"period": no.code, "content": ""})
            return
        document = json.loads(found.body)
        span = "..".join(document["period"][name][:16] for name in ("start", "end"))
        self.looked.append(about | {"period": span, "content": " ".join(_content(document))})

    def who_saw(self, who: str, day: str) -> None:
        """Let a customer ask who saw a day; note the lines, alike ones together."""
        found = []
        for one in inquiry.who_saw(self.house, self._person(who), date.fromisoformat(day)):
            assert one.period is not None
            assert one.product is not None
            found.append(
                {
                    "who": who,
                    "day": day,
                    "what": one.kind if one.outcome is None else f"{one.kind} {one.outcome}",
                    "by": " ".join(sorted(map(str, one.who))),
                    "product": one.product,
                    "first": local(epoch_s(one.period.start)),
                    "last": "" if one.period.end is None else local(epoch_s(one.period.end)),
                }
            )
        self.saw += sorted(found, key=lambda line: tuple(line.values()))

    def _person(self, code: str) -> int:
        with self.house.operator() as c:
            (key,) = c.execute("select key from kw.subject where code = %s", (code,)).fetchone() or (0,)
        return int(key)

    def _connection(self, digits: str) -> int:
        with self.house.operator() as c:
            ((key,),) = c.execute("select key from kw.connection where ean like %s", (f"%{digits}",)).fetchall()
        return int(key)

    def night(self, day: date) -> None:
        """Decide, plan, write down, answer, validate, stage and settle: a night without its wire."""
        posted(self.house)  # by day
        parties_of.check(self.house, at=self.clock())
        parties_of.begin(self.house, at=self.clock())
        permission.keep_up(self.house, at=self.clock())
        with self.house.operator() as c:
            (this,) = rounds(c, day, 1000)
            night = nights.begin(c, day, self.clock())
            intent = decide_round(c, this, day, self.clock(), partial(is_held, self.house.readings))
            job = write_intent(self.house, c, night, intent, day, self.clock())
            self._note(c, day, intent.tasks, intent.permits, [(one.request, one.rule) for one in intent.refusals])
            if job is None:
                nights.mark_empty(c, intent.batch, self.clock())
                return
        asked = ((target, [task for task in target.tasks if isinstance(task, Task)]) for target in job.targets)
        answers = [MeterAnswer(target.meter, tuple(map(self._answer, tasks)), target.end_ic, None) for target, tasks in asked]
        settle(self.house, intent, harvested(job, answers), day, self.clock)
        self.house.readings.finalise(day)

    def _note(self, c: C, day: date, tasks: list[Task], permits: dict[bytes, Permit], refusals: list[tuple[Request, str]]) -> None:
        meters = dict(c.execute("select key, equipment_id from kw.meter").fetchall())
        names = Names(c)
        for task in tasks:
            grounds = [permits[ref.id].request for ref in task.permits]
            self.tasks.append(
                {
                    "night": day.isoformat(),
                    "meter": meters[task.meter],
                    "profile": task.profile,
                    "first": local(task.first_s),
                    "last": local(task.last_s),
                    "for": " ".join(sorted(f"{names.who(one.requester)}:{one.purpose}" for one in grounds)),
                }
            )
        for request, rule in refusals:
            self.refused.append(
                {
                    "night": day.isoformat(),
                    "connection": names.connection(request.connection),
                    "who": names.who(request.requester),
                    "purpose": request.purpose,
                    "rule": rule,
                }
            )

    def _answer(self, task: Task) -> TaskAnswer:
        profile = meter_models()["SMR5"].profile(task.profile)
        assert profile is not None
        with self.house.operator() as c:
            (equipment,) = c.execute("select equipment_id from kw.meter where key = %s", (task.meter,)).fetchone() or ("",)
        rows = answered(table(self.folder / "registers.csv"), str(equipment), task, profile)
        return TaskAnswer(task, Result.READ, None, rows, task.permits, self.clock())


def _written(registers: Sequence[str]) -> dict[Channel, int]:
    return {Channel[name]: int(value) for name, value in (one.split("=") for one in registers)}


def moment(text: str) -> datetime:
    """Read a local day, which begins at its midnight, or a moment with its offset."""
    return midnight(date.fromisoformat(text)) if len(text) == len("2026-01-01") else datetime.fromisoformat(text)


def parted(folder: Path, apart: Path, path: str) -> tuple[Path, list[Line]]:
    """Return a folder to import and the permissions to parties that come about otherwise: none if they are imported."""
    given = table(folder / "permissions.csv")
    others = [line for line in given if line["party"]] if path != "import" else []
    if not others:
        return folder, []
    shutil.rmtree(apart, ignore_errors=True)
    shutil.copytree(folder, apart)
    with (apart / "permissions.csv").open("w", newline="", encoding="utf-8") as text:
        rest = csv.DictWriter(text, list(given[0]))
        rest.writeheader()
        rest.writerows(line for line in given if not line["party"])
    return apart, others


def answered(registers: list[Line], equipment: str, task: Task, profile: Profile) -> Rows:
    """Return the rows that a meter has of what a task asks."""
    every = range(task.first_s, task.last_s + 1, min(profile.period_s, HOUR_S))
    stamps = [s for s in every if profile.period_s < DAY_S or midnight(from_epoch_s(s).astimezone(ZONE).date()) == from_epoch_s(s)]
    said = {
        Channel[line["channel"]]: line for line in registers if line["equipment_id"] == equipment and line["mbus"] == str(task.mbus)
    }
    begins = min((epoch_s(datetime.fromisoformat(line["at"])) for line in said.values()), default=task.last_s + 1)
    there = np.array([s for s in stamps if s >= begins], np.int64)
    values = {c.channel: _register(said[_alike(c.channel)], there) for c in profile.columns if c.channel is not None}
    captured = any(column.role == "capture" for column in profile.columns)
    none: dict[Channel, NDArray[np.bool_]] = {channel: np.zeros(len(there), np.bool_) for channel in values}
    return Rows(there, np.zeros(len(there), np.uint8), values, none, there if captured else None)


def _alike(channel: Channel) -> Channel:
    return Channel.GAS if channel is Channel.DAY_GAS else channel


def _register(line: Line, stamps: NDArray[np.int64]) -> NDArray[np.int64]:
    step = HOUR_S if 1 << Channel[line["channel"]] & GAS_MASK else QUARTER_S
    passed = (stamps - epoch_s(datetime.fromisoformat(line["at"]))) // step
    return int(line["value"]) + int(line["per_step"]) * passed


class Names:
    """What people call the keys of the registry: the last digits of an EAN, the code of a party, of a person or of a use case."""

    def __init__(self, c: C) -> None:
        """Read them all; a scenario is small."""
        self._connections = {key: ean[-4:] for key, ean in c.execute("select key, ean from kw.connection").fetchall()}
        self.people = dict(c.execute("select key, code from kw.subject").fetchall())
        self._by_role = {
            Role.CUSTOMER: self.people,
            Role.SUPPLIER: dict(c.execute("select key, name from kw.party").fetchall()),
            Role.THIRD_PARTY: dict(c.execute("select key, name from kw.party").fetchall()),
            Role.OPERATOR: {0: "operator", **dict(c.execute("select id, code from kw.use_case").fetchall())},
        }

    def connection(self, key: int) -> str:
        """Return the last digits; a station has none."""
        return str(self._connections.get(key, "station"))

    def who(self, requester: Requester) -> str:
        """Return the name of whoever asks."""
        return self.receiver(requester.role, requester.id)

    def receiver(self, role: str, key: int) -> str:
        """Return the name of somebody in a role."""
        return str(self._by_role[Role(role)][key])


def held(house: Installation) -> Iterator[Line]:
    """Yield what is stored: how many intervals are known and their sum, or a register; and on which rules it rests."""
    with house.operator() as c:
        names = Names(c)
    for day in house.readings.days_held():
        for one in house.readings.scan(day):
            yield {
                "connection": names.connection(one.key),
                "channel": one.channel.name,
                "day": day.isoformat(),
                "known": str(_known(one)) if one.deltas else "",
                "value": str(int(np.frombuffer(one.deltas, np.int32).sum()) if one.deltas else one.start),
                "rules": " ".join(conduct.rule(no).id for no in range(63) if one.basis >> no & 1),
            }


def _known(one: ChannelDay) -> int:
    marks = one.quality or bytes(len(one.deltas) // 4)
    assert not 1 << one.channel & DAY_MASK
    return sum(not mark & Quality.MISSING for mark in marks)


def parcels(house: Installation) -> Iterator[Line]:
    """Yield what left and what was withheld, about whom, and what the document holds."""
    sent = {
        document["reference"]: document
        for path in house.outbox.glob("*/*.jsonl")
        for document in map(json.loads, path.read_text("utf-8").splitlines())
    }
    with house.operator() as c:
        names = Names(c)
        rows = c.execute(
            "select p.id, p.receiver_role, p.receiver, p.connection, p.purpose, p.status, p.subject, p.reason from kw.parcel p"
            " join kw.delivery_due d on d.id = p.due order by d.id"
        ).fetchall()
    for key, role, receiver, connection, purpose, status, subject, reason in rows:
        yield {
            "receiver": names.receiver(role, receiver),
            "connection": names.connection(connection),
            "purpose": purpose,
            "status": status,
            "about": names.people.get(subject, ""),
            "rule": reason or "",
            "content": " ".join(_content(sent[key])) if key in sent else "",
        }


def notices(house: Installation) -> Iterator[Line]:
    """Yield what lies in the boxes of receivers about what was wrong: since when and until when it was, and of how many parcels."""
    boxes = sorted(
        (path.parent.name, json.loads(path.read_text("utf-8"))["reference"]) for path in house.outbox.glob("*/*.notice.json")
    )
    with house.operator() as c:
        names = Names(c)
        found = c.execute(
            "select y.code, n.id, n.role, n.receiver, x.connection, x.fact, floor(extract(epoch from lower(x.wrong)))::bigint,"
            " floor(extract(epoch from upper(x.wrong)))::bigint, cardinality(n.parcels) from kw.rectification_notice n"
            " join kw.rectification x on x.id = n.rectification join kw.party y on y.key = n.receiver where n.told is not null"
            " order by x.id, n.receiver"
        ).fetchall()
    assert sorted((code, notice) for code, notice, *_ in found) == boxes
    for _, _, role, receiver, connection, fact, first, last, parcels in found:
        yield {
            "receiver": names.receiver(role, receiver),
            "connection": names.connection(connection),
            "wrong": fact,
            "first": local(first),
            "last": "" if last is None else local(last),
            "parcels": str(parcels),
        }


def allocated(house: Installation) -> Iterator[Line]:
    """Yield the shares of allocation, told or withheld, and those of reconciliation: of a month."""
    with house.operator() as c:
        names = Names(c)
        transformers = dict(c.execute("select key, name from kw.transformer").fetchall())
        days = [day for (day,) in c.execute("select distinct day from kw.allocation order by 1")]
        months = [day for (day,) in c.execute("select distinct day from kw.reconciliation order by 1")]
        rows = [(row.day.isoformat(), row) for day in days for row in allocation.of_day(c, day)]
        rows += [(row.day.isoformat()[:7], row) for month in months for row in reconciliation.of_month(c, month)]
    for about, row in rows:
        yield {
            "day": about,
            "supplier": names.receiver(Role.SUPPLIER, row.party),
            "transformer": str(transformers.get(row.transformer, "")),
            "product": row.product,
            "homes": str(row.homes),
            "read": str(row.homes_read),
            "taken": "" if row.taken is None else str(row.taken),
            "given": "" if row.given is None else str(row.given),
            "withheld": row.withheld or "",
        }


def papers(house: Installation) -> Iterator[Line]:
    """Yield the papers of suppliers: over which period, since when it is all their own, and what was used then."""
    with house.operator() as c:
        by_code = dict(c.execute("select code, name from kw.party").fetchall())
    made = [
        (by_code[path.parent.name], json.loads(box.read(name)))
        for path in house.outbox.glob("*/*.papers.zip")
        for box in [zipfile.ZipFile(path)]
        for name in box.namelist()
        if name.endswith(".json")
    ]
    for receiver, paper in sorted(made, key=_place):
        yield {
            "receiver": receiver,
            "connection": paper["metering_point"][-4:],
            "paper": paper["format"].split("/")[1],
            "period": _span(paper),
            "own_since": paper["own_since"][:10],
            "used": " ".join(_used(paper)),
            "year_before": paper["year_before"].get("why") or " ".join(_used(paper["year_before"]))
            if "year_before" in paper
            else "",
            "earlier": " ".join(_span(one) for one in paper.get("earlier", ())),
        }


def _place(made: tuple[str, dict[str, Any]]) -> tuple[str, ...]:
    receiver, paper = made
    return paper["created"], receiver, paper["metering_point"], paper["format"], paper["period"]["start"]


def _span(paper: dict[str, Any]) -> str:
    return "..".join(paper["period"][name][:10] for name in ("start", "end"))


def _used(paper: dict[str, Any]) -> Iterator[str]:
    for one in paper["usage"]:
        stood = f"({one['opening']}..{one['closing']})" if "opening" in one else ""
        yield f"{one['register']}=" + (one["why"] if one["value"] is None else f"{one['value']}{one['unit']}") + stood


def _content(document: dict[str, Any]) -> Iterator[str]:
    for one in document["series"]:
        missing = one["values"].count(None)
        total = sum(value for value in one["values"] if value is not None)
        count = len(one["values"])
        yield f"{one['register']}:{one['start']}:{count}={total}{one['unit']}" + (f"({missing} missing)" if missing else "")
    for one in document["readings"]:
        said = "missing" if one["value"] is None else f"{one['value']}{one['unit']}"
        yield f"{one['register']}@{one['at'][:10]}={said}" + (f"({one['read']} {one['method']})" if "read" in one else "")
