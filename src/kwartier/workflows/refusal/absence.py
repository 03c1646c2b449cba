"""Proof that no usage was read of a connection between two days: a statement, and every line of the log on which it rests.

The statement says how often usage came from the meter then (never), by four books of which each would show it: the log, the
registry, the store and, where they keep one here, the journal of the meters. The log's part can be checked by anybody who has its
public key and the person's own code: each line is in the signed tree and about that person, the lines follow one another without a
gap, from one before the time to one after it, and none of them is a reading (`check`). It refuses where anything was read.
"""

import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Final, final

from kwartier.audit.events import Event, EventKind, actor_of
from kwartier.audit.log import LogLine
from kwartier.model.errors import BadInput, KwartierError
from kwartier.model.ground import Requester, Role
from kwartier.model.period import Period, day_of, day_period, epoch_s, from_epoch_s, midnight
from kwartier.model.register import DAY_MASK, INTERVAL_MASK, MEASURING, Obis, Product
from kwartier.model.task import ProfileName
from kwartier.store.registry import hand_readings, names, people
from kwartier.store.registry.hand_readings import Serving
from kwartier.store.registry.names import Own, Person
from kwartier.workflows.installation import Installation, meter_models
from kwartier.workflows.refusal.absence_check import FORMAT, STATEMENT, is_reading
from kwartier.workflows.refusal.choice import NotYourMeter

_LOG: Final = (
    "log: every line about you at this connection, from the last before this time to the first after it, is in proofs/ and can be"
    " checked offline: none is a reading, and none is left out between them"
)
JOURNAL: Final = Path("town", "sessions.jsonl")
_USAGE: Final = {
    Product.ELECTRICITY: (ProfileName.E_INTERVAL, ProfileName.E_DAY),
    Product.GAS: (ProfileName.G_INTERVAL, ProfileName.G_DAY),
}
A_DAY: Final = timedelta(days=1)
_WHEN: Final = (1980, 1, 1, 0, 0, 0)


class WasRead(KwartierError):
    """Usage was read in that time, so there is no proof that none was. The log says when, and for whom."""

    code = "was-read"


class NoSuchTime(BadInput):
    """The days that are asked about make no time of which anything could be proved: nothing was looked at."""

    code = "no-such-time"


@final
@dataclass(frozen=True, slots=True)
class Absence:
    """A proof file to take away: its name holds nothing personal."""

    name: str
    body: bytes


@final
@dataclass(frozen=True, slots=True)
class _About:
    """Of whom, where, and which time."""

    me: Person
    own: Own
    period: Period


def absence(house: Installation, subject: int, connection: int, first: date, last: date, *, at: datetime) -> Absence:
    """Prove to a person that no usage was read between two days of their own time, both included; up to now at the latest.

    Raises NoSuchTime, NotYourMeter for time or a place that was not theirs, WasRead. Signs what is still pending first.
    """
    about = _about(house, subject, connection, asked_time(first, last, at=at), at)
    with house.auditor() as c:
        house.log.integrate(c)
    counted = _counted(house, about)
    with house.operator() as c:
        lines = house.log.of_subject(c, about.me.code, connection, Period(from_epoch_s(0)))
    if any(counted.values()) or any(is_reading(str(one.kind), one.body, *_span(about.period)) for one in lines):
        msg = "usage was read in that time"
        raise WasRead(msg)
    with house.operator() as c:
        proofs = {_name(one): _proof(house, c, one) for one in _around(lines, about.period)}
    _given(house, about, at)
    return Absence(f"kwartier-absence-{first}-{last}.zip", _zip(_statement(house, about, counted, len(proofs), at), proofs))


def asked_time(first: date, last: date, *, at: datetime) -> Period:
    """Return the time from one day to another, both included, up to today at the latest. Raises NoSuchTime."""
    if last < first:
        msg = "the last day lies before the first"
        raise NoSuchTime(msg)
    today = day_of(at)
    if first > today:
        msg = "that time has not begun: of what is still to come nothing can be proved"
        raise NoSuchTime(msg)
    return Period(day_period(first).start, day_period(min(last, today)).end)


def _about(house: Installation, subject: int, connection: int, asked: Period, at: datetime) -> _About:
    with house.portal(subject) as c:
        me = names.person(c, key=subject)
        mine = [one for one in names.own(c, subject) if one.key == connection and one.mine.covers(asked)]
    if me is None or not mine:
        msg = "this person did not live there all that time"
        raise NotYourMeter(msg)
    assert asked.end is not None  # noqa: S101 - two days close it
    return _About(me, mine[0], Period(asked.start, min(asked.end, at.replace(microsecond=0))))


def occupant_of(house: Installation, connection: int, first: date) -> int:
    """Return who lived at a connection on a day. Raises NotYourMeter."""
    with house.operator() as c:
        home = people.occupant(c, connection, midnight(first))
    if home is None:
        msg = "nobody lived there then"
        raise NotYourMeter(msg)
    return home.key


# The four books


def _counted(house: Installation, about: _About) -> dict[str, int]:
    """Count what each of the other books knows of usage that was read in that time, or about it."""
    profiles = [str(profile) for profile in _USAGE[about.own.product]]
    with house.operator() as c:
        remotely = hand_readings.read_remotely(c, about.own.key, about.period, profiles)
        meters = hand_readings.serving(c, about.own.key, about.period)
    return {
        "registry": remotely,
        "store": _stored(house, about),
        "journal": _asked(house.data / JOURNAL, about, meters),
    }


def _stored(house: Installation, about: _About) -> int:
    """Count rows about that time; a register that stands on a boundary of it closes or opens the time beside it."""
    start, end = about.period.start, about.period.end
    assert end is not None  # noqa: S101 - closed above
    rows = house.readings.days(about.own.key, day_of(start), day_of(end), INTERVAL_MASK | DAY_MASK)
    return sum(
        start < midnight(one.day) < end if 1 << one.channel & DAY_MASK else about.period.overlaps(day_period(one.day))
        for one in rows
    )


def _asked(journal: Path, about: _About, meters: list[Serving]) -> int:
    """Count requests for usage in the journal of the connection's meters, where they keep one here."""
    if not journal.exists():
        return 0
    by_equipment = {one.equipment_id: one for one in meters}
    wanted = _USAGE[about.own.product]
    with journal.open("rb") as lines:
        return sum(_is_usage(json.loads(line), by_equipment, wanted, about.period) for line in lines if line.endswith(b"\n"))


def _is_usage(said: Mapping[str, Any], meters: Mapping[str, Serving], wanted: tuple[ProfileName, ...], period: Period) -> bool:
    """True if the meter gave something measured in that time. What its model does not name counts too: it may be anything."""
    meter = meters.get(said["equipment_id"])
    if meter is None or said["event"] not in {"object", "profile"} or not period.contains(datetime.fromisoformat(said["at"])):
        return False
    model, obis = meter_models()[meter.model], Obis.parse(said["obis"])
    if said["event"] == "object":
        by_name = any(one.obis == obis and one.class_id == said.get("class_id") for one in model.objects)  # its firmware, say
        return said.get("class_id") in MEASURING or not (obis.is_abstract or by_name)
    if any(_alike(one.obis, obis) for one in model.objects):
        return False  # a log of events
    named = {one.name for one in model.profiles if _alike(one.obis, obis)}
    return (not named or not named.isdisjoint(wanted)) and meter.mbus == obis.mbus


def _alike(one: Obis, other: Obis) -> bool:
    """True if both name the same, on whatever M-Bus channel."""
    return one.code[2:] == other.code[2:] and one.code[0] == other.code[0] and (one.mbus > 0) == (other.mbus > 0)


# The file


def _around(lines: list[LogLine], period: Period) -> list[LogLine]:
    """Return the lines of that time and of a day after, and of each chain the last before them and the first after them."""
    assert period.end is not None  # noqa: S101 - closed above
    found: list[LogLine] = []
    for batch in (False, True):
        chain = sorted((one for one in lines if (one.leaf is not None) is batch), key=lambda one: one.nth or 0)
        low = next((n for n, one in enumerate(chain) if one.at >= period.start), len(chain))
        before = period.end + A_DAY  # what came then may be told later
        high = max((n for n, one in enumerate(chain) if one.at < before), default=-1)
        found += chain[max(low - 1, 0) : max(high, low) + 2]
    return found


def _name(one: LogLine) -> str:
    return f"proofs/{one.entry}" + ("" if one.leaf is None else f"-{one.leaf}") + ".tlog-proof"


def _proof(house: Installation, c: Any, one: LogLine) -> str:  # noqa: ANN401 - a connection as operator
    return house.log.proof(c, one.entry) if one.leaf is None else house.log.leaf_proof(c, one.entry, one.leaf)


def _span(period: Period) -> tuple[int, int]:
    assert period.end is not None  # noqa: S101 - closed above
    return epoch_s(period.start), epoch_s(period.end)


def _statement(house: Installation, about: _About, counted: Mapping[str, int], proofs: int, at: datetime) -> dict[str, Any]:
    start, end = about.period.start, about.period.end
    journal = (house.data / JOURNAL).exists()
    return {
        "format": FORMAT,
        "created": at.isoformat(),
        "connection": about.own.key,
        "ending_in": str(about.own.ean)[-4:],
        "product": about.own.product,
        "start": epoch_s(start),
        "end": None if end is None else epoch_s(end),
        "read": {"log": 0, **counted, "journal": counted["journal"] if journal else None},
        "proofs": proofs,
        "log": house.log.vkey.partition("+")[0],
        "nl": "Van deze aansluiting is in deze tijd geen verbruik uitgelezen.",
        "en": "No usage of this connection was read in this time.",
        "rests_on": [
            _LOG,
            "registry: no answer of the meter was written down in this time",
            "store: no value about this time is held",
            "journal: the meter's own journal has no request for usage"
            if journal
            else "journal: the meter keeps no journal here, so nothing is said of it",
        ],
    }


def _zip(statement: Mapping[str, Any], proofs: Mapping[str, str]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as box:
        box.writestr(zipfile.ZipInfo(STATEMENT, _WHEN), json.dumps(statement, indent=1, ensure_ascii=False))
        for name, text in sorted(proofs.items()):
            box.writestr(zipfile.ZipInfo(name, _WHEN), text, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def _given(house: Installation, about: _About, at: datetime) -> None:
    body = {"absence": True, "start": epoch_s(about.period.start), "end": _span(about.period)[1]}
    actor = actor_of(Requester(Role.CUSTOMER, about.me.key))
    with house.portal(about.me.key) as c:
        house.log.record(c, [Event(at, EventKind.PROOF_GIVEN, actor, about.me.code, about.own.key, body)])
