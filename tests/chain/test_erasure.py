"""S5: a person is erased, and is nowhere any more: not in a reading, a table, an index, a log of the lake or of the server.

A canary is planted in everything that may hold something of a person. Each search finds it before, so that it could find it after.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import psycopg
import pytest

from backup_support import KEYS, dumped, restored
from erasure_support import cluster, in_bytes, in_log_of_readings, in_readings
from kwartier.audit.verify import verify
from kwartier.grounds.erasure import Fate
from kwartier.model.ean import Ean
from kwartier.model.period import Period
from kwartier.model.register import Direction, Kind
from kwartier.model.task import ProfileName, Task
from kwartier.store.registry import nights
from kwartier.store.registry.names import Person
from kwartier.workflows import enrolment, installation, replay, retention
from kwartier.workflows.accounts import NoSuchPerson, account
from kwartier.workflows.installation import Installation
from kwartier.workflows.permission import mandates
from kwartier.workflows.permission.placing import Claim
from kwartier.workflows.rights import erasure
from night_support import Story

KEY = 7_004_123
"""The surrogate key of the canary's home: no other number of the town has these digits."""
STEP = 3917
"""What its meter counts each quarter, Wh."""
NAME, CODE = "Kanarie van Vogelvrij", "KLANT-KANARIE-77"
MARK = b"kanarie in de quarantaine"
CLAIMED = "kanarie-belofte-5512"
"""What the app calls the consent that it claims to hold: it has name and address beside it."""
HOME, OTHER = "871600000000000017", "871600000000000024"
APP, SUPPLIER = "8716874900101", "8716874900019"
EVER = Period(datetime(2020, 1, 1, tzinfo=UTC))
GIVEN = {
    "transformers": "name,area\nT0001,wijk-01\n",
    "connections": "ean,product,area,transformer,capacity_w\n"
    f"{HOME},electricity,wijk-01,T0001,17250\n{OTHER},electricity,wijk-01,T0001,17250\n",
    "meters": "equipment_id,model,system_title,host,port,ean,transformer,placed_from,placed_to\n"
    f"E0001,SMR5,4b57530000000001,127.0.1.1,4059,{HOME},,2021-05-01,\n"
    f"E0002,SMR5,4b57530000000002,127.0.1.2,4059,{OTHER},,2021-05-01,\n",
    "subjects": f"code,name\n{CODE},{NAME}\nNINA,Nina Blijft\nOTTO,Otto Later\n",
    "occupancies": "ean,subject,start,end\n"
    f"{HOME},{CODE},2022-01-01,2026-03-13\n{HOME},OTTO,2026-03-13,\n{OTHER},NINA,2022-01-01,\n",
    "parties": f"code,name,role\n{SUPPLIER},Lage Landen,supplier\n{APP},Zonnebloem,third_party\n",
    "agreements": f"party,start,end\n{SUPPLIER},2020-01-01,\n{APP},2020-01-01,\n",
    "contracts": f"ean,party,start,end\n{OTHER},{SUPPLIER},2022-01-01,\n",
    "permissions": "reference,ean,subject,party,products,kinds,direction,purpose,data_from,data_to,granted,expires\n"
    f"canary-app,{HOME},{CODE},{APP},electricity,interval|day,consumption,inzicht,2026-01-01,,2026-01-15T10:00:00+01:00,2027-01-15\n"
    f"canary-own,{HOME},{CODE},,electricity,interval,combined,zelf,2026-01-01,,2026-01-15T10:00:00+01:00,2026-12-31\n"
    f"nina-app,{OTHER},NINA,{APP},electricity,interval,consumption,inzicht,2026-01-01,,2026-01-15T10:00:00+01:00,2027-01-15\n",
}


@dataclass
class Town:
    """The town with its canary, and what was found and proved of it before."""

    house: Installation
    story: Story
    sealed: bytes
    wrapped: bytes

    @property
    def needles(self) -> dict[str, bytes]:
        """What tables and the server's log hold of the canary."""
        numbers = f"{STEP}, {STEP}, {STEP}".encode()
        who = sha256(CODE.encode()).digest()[:8]
        chains = {"chain": who, "number": who[::-1]}  # of batches and, as PostgreSQL writes a bigint, of single events
        sealed = {"sealed": self.sealed, "wrapped": self.wrapped}
        consent = {"consent": b"canary-app", "consent_claimed": CLAIMED.encode()}
        return {"code": CODE.encode(), **sealed, **consent, **chains, "mark": MARK, "numbers": numbers}

    def one(self, query: str, *values: object) -> object:
        """Ask the registry for one value."""
        with self.house.operator() as c:
            row = c.execute(query.encode(), values).fetchone()
        assert row is not None
        return row[0]


def write(folder: Path, files: dict[str, str]) -> Path:
    """Write files of an import."""
    folder.mkdir(parents=True)
    for name, text in files.items():
        (folder / f"{name}.csv").write_text(text, "utf-8")
    return folder


def registers(folder: Path) -> None:
    """Write what the two meters would answer."""
    channels = ("IMPORT", "EXPORT", "DAY_IMPORT_LOW", "DAY_IMPORT_NORMAL", "DAY_EXPORT_LOW", "DAY_EXPORT_NORMAL")
    lines = ["equipment_id,mbus,channel,at,value,per_step"]
    for meter, step in (("E0001", STEP), ("E0002", 100)):
        steps = {channel: step if channel == "IMPORT" else 10 for channel in channels}
        lines += [f"{meter},0,{channel},2026-03-01T00:00:00+01:00,1000000,{each}" for channel, each in steps.items()]
    (folder / "registers.csv").write_text("\n".join(lines), "utf-8")


def local(text: str) -> datetime:
    return datetime.fromisoformat(text + "+01:00")


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    """Live two days: readings, deliveries, a doubted answer, a refused row; then take the permissions back and move out."""
    installation.create(tmp_path / "house")
    with installation.opened(tmp_path / "house") as house:
        with psycopg.connect(house.dsns.owner) as owner:
            owner.execute(f"alter table kw.connection alter column key restart with {KEY}")
        write(tmp_path / "story" / "given", GIVEN)
        registers(tmp_path / "story")
        story = Story.begin(house, tmp_path / "story", local("2026-03-10T01:00:00"))
        for day in (10, 11):
            story.now = local(f"2026-03-{day + 1}T02:00:00")
            story.step("night", f"2026-03-{day}")
            story.step("deliver", "")
        story.now = local("2026-03-12T12:00:00")
        doubt(house)
        claimed(house, story.clock())
        bad = write(tmp_path / "bad", {"occupancies": f"ean,subject,start,end\n871600000000000031,{CODE},2022-01-01,\n"})
        enrolment.take(house, bad, dry_run=False, at=story.clock())
        query = "select sealed_name, wrapped from kw.subject join kw.subject_key on subject = key where code = %s"
        with house.operator() as c:
            sealed, wrapped = c.execute(query, (CODE,)).fetchone() or (b"", b"")
        yield Town(house, story, bytes(sealed), bytes(wrapped))


def claimed(house: Installation, at: datetime) -> None:
    """Let the app claim a mandate, which the person turns down."""
    claim = Claim(Ean.parse(HOME), at, at + timedelta(days=99), CLAIMED, (Kind.INTERVAL,), Direction.COMBINED, "meer", Period(at))
    assert mandates.claim(house, APP, [claim], at=at).presented == 1
    with house.operator() as c:
        ((request, subject),) = c.execute("select id, subject from kw.permission_request").fetchall()
    mandates.veto(house, subject, request, at=at)


def doubt(house: Installation) -> None:
    """Put an answer of the canary's meter aside."""
    first = int(local("2026-03-10T00:00:00").timestamp())
    task = Task(KEY, 1, ProfileName.E_INTERVAL, 0, first, first + 86_400, ())
    with house.operator() as c:
        (batch,) = c.execute("select max(id) from kw.batch").fetchone() or (0,)
        verdicts = [{"rule": "V1", "severity": "error", "detail": f"{STEP}, {STEP}, {STEP}"}]
        nights.add_quarantine(c, batch, [(task, verdicts, MARK)])


def proofs(house: Installation, code: str) -> list[str]:
    """Return the proof of every line about a person."""
    with house.auditor() as c:
        house.log.integrate(c)
    with house.operator() as c:
        lines = [line for key in (KEY, KEY + 1) for line in house.log.of_subject(c, code, key, EVER)]
        return [
            house.log.proof(c, one.entry) if one.leaf is None else house.log.leaf_proof(c, one.entry, one.leaf) for one in lines
        ]


def test_a_person_is_erased_and_is_nowhere_any_more(town: Town, postgres_programs: Path) -> None:
    house, story = town.house, town.story
    kept_for_long = dumped(house, postgres_programs, f"--exclude-table-data={KEYS}")
    assert names(house, postgres_programs, kept_for_long, keys(house, postgres_programs)) == {CODE: NAME, "NINA": "Nina Blijft"}
    theirs = {code: proofs(house, code) for code in (CODE, "NINA", "OTTO")}
    assert [len(found) > 0 for found in theirs.values()] == [True, True, True]
    assert replay.run(house, at=story.clock()).findings == []

    held_before_it_goes(town)
    subject = int(str(town.one("select key from kw.subject where code = %s", CODE)))
    receipt = asked(town, subject)
    report = retention.nightly(house, at=story.now + timedelta(days=1))
    assert report.counts["forgotten"] == 1
    assert report.left == ()

    nothing_is_left(town)
    assert names(house, postgres_programs, kept_for_long, keys(house, postgres_programs)) == {CODE: "", "NINA": "Nina Blijft"}
    with pytest.raises(NoSuchPerson):
        account(house, subject)
    assert town.one("select count(*) from kw.parcel where status = 'delivered' and receiver_role = 'third_party'") == 6

    for code in ("NINA", "OTTO"):
        for proof in (*theirs[code], *proofs(house, code)):
            assert verify(proof, house.log.vkey, code).about_subject
        assert len(proofs(house, code)) == len(theirs[code])
    assert verify(receipt, house.log.vkey, CODE).about_subject, "the person's own copy of the receipt stays good"
    assert proofs(house, CODE) == []
    later = story.now + timedelta(days=2)
    checked = replay.run(house, at=later)
    assert (checked.findings, checked.uncovered, checked.over_broad, checked.late) == ([], 0, 0, 0)
    house.readings.rewrite(date(2026, 3, 10), lambda rows: rows.slice(0, rows.num_rows - 1))
    gone = replay.run(house, at=later)
    assert [one.code for one in gone.findings] == ["rows-missing"], "what goes without a word is found"


def keys(house: Installation, programs: Path) -> bytes:
    """Return the backup that is kept for days."""
    return dumped(house, programs, "--data-only", f"--table={KEYS}")


def names(house: Installation, programs: Path, *backups: bytes) -> dict[str, str]:
    """Restore backups; return who is called how there, empty where nobody can read it any more."""
    query = "select code, sealed_name, wrapped from kw.subject left join kw.subject_key on subject = key where code = any(%s)"
    assert not any(NAME.encode() in one for one in backups), "in clear it stands in none"
    with restored(house, programs, *backups) as c:
        rows = c.execute(query, ([CODE, "NINA"],)).fetchall()
    return {code: house.name_of(Person(0, code, sealed, wrapped)) for code, sealed, wrapped in rows}


def held_before_it_goes(town: Town) -> None:
    """Every search finds the canary, so that it would find it again."""
    house = town.house
    assert in_readings(house, {KEY}) != []
    assert in_readings(house, {STEP}) != []
    assert in_log_of_readings(house, str(KEY)) != []
    files = cluster(house)
    assert all(in_bytes(files / "base", town.needles).values()), in_bytes(files / "base", town.needles)
    assert all(in_bytes(files / "pg_wal", town.needles).values()), in_bytes(files / "pg_wal", town.needles)
    assert in_bytes(house.outbox, {"values": f"{STEP},{STEP}".encode()})["values"] != []
    assert in_bytes(files, {"name": NAME.encode()}) == {"name": []}, "no table ever held the name in clear"


def asked(town: Town, subject: int) -> str:
    """Ask while the consent lives, then after it was taken back and the person moved out; return the receipt of that answer."""
    house, story = town.house, town.story
    early = erasure.decision(house, subject, at=story.clock())
    assert {one.about for one in early.answers if one.fate is Fate.WITHDRAW_FIRST} == {"C2", "T1"}
    assert not early.whole
    story.step("revoke", "canary-app")
    story.step("revoke", "canary-own")
    here = erasure.decision(house, subject, at=story.clock())
    assert not here.whole, "who lives there is not forgotten"
    assert {one.about for one in here.answers if one.fate is Fate.KEPT} == {"persons"}
    story.now = local("2026-03-14T12:00:00")
    given = erasure.erase_code(house, CODE, at=story.clock())
    assert given.whole
    assert {one.fate for one in given.answers} == {Fate.ERASED}
    with pytest.raises(erasure.ErasureWaits):
        erasure.erase_code(house, CODE, at=story.clock())
    said = verify(given.proof, house.log.vkey, CODE)
    assert said.about_subject
    return given.proof


def nothing_is_left(town: Town) -> None:
    """No search finds the canary; what is about others is there."""
    house = town.house
    assert in_readings(house, {KEY, STEP}) == []
    assert in_readings(house, {KEY + 1}) != []
    assert in_log_of_readings(house, str(KEY)) == []
    assert in_log_of_readings(house, str(KEY + 1)) != []
    nothing: dict[str, list[str]] = {name: [] for name in town.needles}
    files = cluster(house)
    assert in_bytes(files, town.needles) == nothing
    assert in_bytes(house.data, town.needles) == nothing
    assert in_bytes(house.outbox, {"values": f"{STEP},{STEP}".encode()}) == {"values": []}
    assert in_bytes(house.outbox, {"others": OTHER.encode()})["others"] != []
    assert town.one("select count(*) from kw.subject where sealed_name is not null") == 2
