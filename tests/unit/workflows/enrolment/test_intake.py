"""What an import as a whole promises."""

import csv
import json
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from enrolment_support import Gate
from kwartier.model.errors import KwartierError
from kwartier.model.period import epoch_s, midnight
from kwartier.store.registry import couplings, facts
from kwartier.store.registry.imports import permissions, take
from kwartier.store.registry.imports.spec import Spec
from kwartier.workflows.enrolment.errors import UnreadableFile
from kwartier.workflows.enrolment.report import ImportReport
from registry_support import DAY, NOON, ean, on, waits_for_a_lock

SCENARIOS = Path(__file__).parents[3] / "scenarios"
STREET = SCENARIOS / "import_move" / "given"
MOVE = SCENARIOS / "import_move" / "when"
TABLES = (
    "transformer",
    "connection",
    "subject",
    "party",
    "agreement",
    "occupancy",
    "supply",
    "permission",
    "permission_event",
    "permission_state",
    "restriction",
    "use_case",
    "meter",
    "coupling",
    "meter_key",
    "stop",
    "import_run",
    "import_reject",
)
Key = dict[str, str]
LATER = datetime(2026, 5, 1, tzinfo=UTC)


def counts(gate: Gate) -> dict[str, int]:
    return {table: gate.ask(f"select count(*) from kw.{table}")[0][0] for table in TABLES}  # noqa: S608 - names above


def ship(public: bytes, *keys: Key) -> bytes:
    """Make a key shipment as docs/ARCHITECTURE.md says, without the product's own code."""
    own = X25519PrivateKey.generate()
    mine = own.public_key().public_bytes_raw()
    shared = own.exchange(X25519PublicKey.from_public_bytes(public))
    secret = HKDF(SHA256(), length=32, salt=mine + public, info=b"kwartier key shipment 1").derive(shared)
    nonce = os.urandom(12)
    text = "\n".join(json.dumps(key) for key in keys).encode()
    head = b"KWSHIP1\n" + mine
    return head + nonce + AESGCM(secret).encrypt(nonce, text, head)


def shipped(number: int, guek: str = "11", gak: str = "22", title: str | None = None) -> Key:
    return {
        "equipment_id": f"E000{number}",
        "system_title": title or f"4b5753000000000{number}",
        "guek": guek * 16,
        "gak": gak * 16,
    }


def test_an_import_that_waits_for_who_couples_a_meter_holds_nothing_that_they_may_want(gate: Gate) -> None:
    with ThreadPoolExecutor(1) as thread, psycopg.connect(gate.dsn, autocommit=True) as asking:
        with gate.operator() as coupling:
            couplings.alone(coupling)
            taken = thread.submit(gate.take, STREET)
            waits_for_a_lock(asking, taken)
            coupling.execute("lock table kw.connection, kw.meter in share mode nowait")
        assert taken.result().added


def test_the_same_folder_again_changes_nothing(gate: Gate) -> None:
    first = gate.take(STREET)
    before = counts(gate)
    again = gate.take(STREET)
    assert (again.added, again.changed, again.rejected) == (0, 0, 0)
    assert again.unchanged == first.added
    assert counts(gate) == before | {"import_run": 2}
    assert [fact.kind for fact in gate.facts] == ["import:taken"]


def test_a_dry_run_tells_the_same_and_writes_nothing_at_all(gate: Gate) -> None:
    gate.take(STREET)
    before = counts(gate)
    dry = gate.take(SCENARIOS / "import_switch" / "when", dry_run=True)
    assert (dry.run, dry.dry_run, dry.rejected) == (None, True, 1)
    assert gate.facts == []
    assert counts(gate) == before
    assert gate.take(SCENARIOS / "import_switch" / "when").diff == dry.diff


def test_what_came_in_is_what_a_decision_reads(gate: Gate) -> None:
    gate.take(STREET)
    gate.take(MOVE)
    with gate.operator() as c:
        home, neighbour, gas = facts.stream(c, year=2026, day=DAY)
    moved = midnight(DAY.replace(month=4, day=1))
    assert [one.period.end for one in home.facts.occupancies] == [moved, None]
    assert [(one.purpose, one.party is None) for one in home.facts.permissions] == [
        ("mijn zonnepanelen volgen", False),
        ("own_insight", True),
    ]
    assert home.wired is not None
    assert (gas.wired, neighbour.facts.occupancies) == (home.wired._replace(mbus=1), ())


def test_the_facts_for_the_log_name_ids_and_seconds_and_no_ean_or_name(gate: Gate) -> None:
    gate.take(STREET)
    kinds = {fact.kind for fact in gate.facts}
    assert kinds == {
        "agreement:began",
        "connection:registered",
        "coupling:began",
        "import:taken",
        "meter:placed",
        "occupancy:began",
        "permission:granted",
        "supply:began",
        "transformer:registered",
    }
    said = repr([(fact.kind, fact.connection, fact.body) for fact in gate.facts])
    assert all(secret not in said for secret in (ean(1), ean(101), "Anna", "E0001", "127.0.1.1", "C-1001"))
    (granted,) = [fact for fact in gate.facts if fact.kind == "permission:granted" and fact.body["party"]]
    assert granted.subject_code == "C-1001"
    assert granted.body["end"] == int(midnight(DAY.replace(year=2027, month=1, day=15)).timestamp())


def test_the_diff_names_nobody(gate: Gate) -> None:
    said = "\n".join(gate.take(STREET).diff)
    assert all(secret not in said for secret in (ean(1), ean(101), "Anna", "E0001", "127.0.1.1", "C-1001"))


def test_of_permissions_that_end_sooner_the_log_is_told_what_was_written(gate: Gate, write: Callable[..., Path]) -> None:
    gate.take(STREET)
    with (STREET / "permissions.csv").open(encoding="utf-8", newline="") as source:
        first = next(csv.DictReader(source))
    for expires, verdict in (
        ("2026-12-01", "changed"),
        ("2026-03-12", "changed"),  # nearer still
        ("2026-12-01", "same"),  # as was said before, and it ends sooner now
        ("2026-03-12", "same"),
        ("2027-01-15", "same"),  # as it was given
        ("2026-06-01", "refused"),  # later than it ends
    ):
        report = gate.take(write("nearer", permissions=[first | {"expires": expires}]))
        assert (report.changed, report.unchanged, report.rejected) == tuple(
            verdict == one for one in ("changed", "same", "refused")
        )
        told = [one.body["end"] for one in gate.facts if one.kind == "permission:terminated"]
        assert told == ([epoch_s(on(expires))] if verdict == "changed" else [])
    ends = gate.ask("select e.at, upper(s.live) from kw.permission_event e join kw.permission_state s on s.id = e.permission"
        " where e.event = 'terminated' order by e.id")  # fmt: skip
    assert ends == [(on("2026-12-01"), on("2026-03-12")), (on("2026-03-12"), on("2026-03-12"))]


def test_of_a_permission_that_somebody_ends_meanwhile_an_import_tells_no_later_end(
    gate: Gate, write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is revoked after it was looked at."""
    gate.take(STREET)
    with (STREET / "permissions.csv").open(encoding="utf-8", newline="") as source:
        first = next(csv.DictReader(source))
    revoked = "with r as (insert into kw.permission_event (permission, at, event) select had, %s, 'revoked' from pg_temp.judged) "

    def judged(cursor: take.Sql, spec: Spec, at: datetime) -> None:
        real(cursor, spec, at)
        if spec is permissions.PERMISSIONS:
            cursor.execute(f"{revoked} select", (NOON,))

    real = take._judge  # noqa: SLF001 - between the look and the deed there is nothing else to take hold of
    monkeypatch.setattr(take, "_judge", judged)
    report = gate.take(write("meanwhile", permissions=[first | {"expires": "2026-12-01"}]))
    assert (report.changed, report.unchanged) == (0, 1)
    assert [one.kind for one in gate.facts] == ["import:taken"]


def test_ends_move_until_they_have_passed(gate: Gate, write: Callable[..., Path]) -> None:
    gate.take(STREET)

    def end(at: str, now: datetime) -> tuple[int, list[tuple[str, int, str]]]:
        folder = write("more", occupancies=[{"ean": ean(1), "subject": "C-1001", "start": "2022-01-01", "end": at}])
        return gate.take(folder, at=now).changed, gate.refused()

    soon = datetime(2026, 3, 10, tzinfo=UTC)
    assert end("2026-04-01", soon) == (1, [])
    assert end("2026-03-20", soon) == (1, [])
    assert end("2026-04-15", soon) == (1, [])
    assert end("", soon) == (1, [])
    assert end("2026-04-01", soon) == (1, [])
    changed, refused = end("", LATER)
    assert (changed, [code for _, _, code in refused]) == (0, ["already-ended"])
    stops = gate.ask("select at from kw.stop where fact = 'occupancy' order by seq")
    assert len(stops) == 3, "an end that comes nearer stops what rests on it; one that moves out does not"


def test_the_approval_of_a_use_case_ends_sooner_and_never_later(gate: Gate, write: Callable[..., Path]) -> None:
    case = {
        "code": "loss-01",
        "purpose": "energy_loss",
        "data_class": "profile",
        "area": "wijk-01",
        "products": "electricity",
        "kinds": "interval",
        "days_from": "2026-01-01",
        "days_to": "2027-01-01",
        "approved_from": "2026-01-01",
        "approved_by": "FG",
        "yearly_limit": "12",
        "min_group": "10",
        "necessity": "n",
        "subsidiarity": "s",
        "proportionality": "p",
    }

    def end(until: str, now: datetime = LATER) -> list[tuple[str, object]]:
        gate.take(write("cases", use_cases=[case | {"approved_to": until}]), at=now)
        return [(fact.kind, fact.body["end"]) for fact in gate.facts if fact.kind.startswith("use_case:")]

    def until() -> datetime:
        ((found,),) = gate.ask("select upper(approved) from kw.use_case")
        assert isinstance(found, datetime)
        return found

    assert end("2026-10-01") == [("use_case:registered", epoch_s(on("2026-10-01")))]
    assert end("2026-11-01") == []
    assert (until(), gate.refused()) == (on("2026-10-01"), [("use_cases.csv", 2, "would-prolong")])
    assert end("2026-07-01") == [("use_case:ended", epoch_s(on("2026-07-01")))]
    assert (until(), gate.ask("select fact, at from kw.stop")) == (on("2026-07-01"), [("use_case", on("2026-07-01"))])
    assert end("2026-10-01") == [], "the end that was first approved is a later one now"
    assert end("2026-07-01") == []
    assert until() == on("2026-07-01")
    assert [code for _, _, code in gate.refused()] == ["would-prolong"] * 2
    assert end("2026-10-01", datetime(2026, 8, 1, tzinfo=UTC)) == []
    assert [code for _, _, code in gate.refused()][2:] == ["already-ended"], "nor does what is over come back"


def test_an_end_that_moves_out_into_the_next_occupant_is_refused_alone(gate: Gate, write: Callable[..., Path]) -> None:
    gate.take(STREET)
    gate.take(MOVE)
    rows = [
        {"ean": ean(1), "subject": "C-1001", "start": "2022-01-01", "end": "2026-05-01"},
        {"ean": ean(101), "subject": "C-1002", "start": "2026-04-01", "end": "2026-06-01"},
    ]
    report = gate.take(write("more", occupancies=rows))
    assert report.changed == 1
    assert [(line, code) for _, line, code in gate.refused()] == [(2, "overlaps")]


def test_of_rows_that_contest_each_other_the_earlier_line_wins(gate: Gate, write: Callable[..., Path]) -> None:
    gate.take(STREET)
    base = {"ean": ean(1), "subject": "C-1001", "party": "8716874900101", "products": "electricity", "kinds": "day"}
    base |= {"direction": "combined", "purpose": "b", "data_from": "2026-01-01"}
    spans = [("2026-02-01", "2026-03-01"), ("2026-02-15", "2026-04-01"), ("2026-03-01", "2026-05-01"), ("2026-04-30", "")]
    rows = [base | {"reference": f"n{n}", "granted": first, "expires": end} for n, (first, end) in enumerate(spans)]
    report = gate.take(write("more", permissions=rows))
    assert report.added == 2
    assert [(line, code) for _, line, code in gate.refused()] == [(3, "overlaps"), (5, "overlaps")]


def test_a_permission_that_was_revoked_here_is_not_revived_by_the_file_it_came_from(gate: Gate) -> None:
    gate.take(STREET)
    with gate.operator() as c:
        c.execute("insert into kw.permission_event (permission, at, event) select id, now(), 'revoked' from kw.permission")
    again = gate.take(STREET)
    assert (again.added, again.changed, again.rejected) == (0, 0, 0)


def test_keys_come_in_wrapped_and_a_counter_goes_on_under_a_new_key(gate: Gate, tmp_path: Path) -> None:
    gate.take(STREET)
    folder = tmp_path / "keys-only"
    folder.mkdir()

    def arrive(*keys: Key) -> ImportReport:
        (folder / "keys.kws").write_bytes(ship(gate.public, *keys))
        return gate.take(folder)

    assert arrive(shipped(1), shipped(2)).added == 2
    wrapped = gate.ask("select guek, gak from kw.meter_key order by meter")[0]
    assert [gate.vault.unwrap(bytes(one)) for one in wrapped] == [b"\x11" * 16, b"\x22" * 16]
    with gate.operator() as c:
        c.execute("update kw.meter_key set next_ic = 500")
    told = arrive(shipped(1), shipped(2, guek="33"))
    assert (told.changed, told.unchanged) == (1, 1)
    assert gate.ask("select version, next_ic from kw.meter_key order by meter") == [(1, 500), (2, 500)]
    assert arrive(shipped(3), shipped(1, title="4b5753000000ffff")).rejected == 2
    assert [code for _, _, code in gate.refused()] == ["unknown-meter", "title-differs"]
    assert all("11111111" not in row for (row,) in gate.ask("select row from kw.import_reject"))


def test_a_conventional_meter_gets_no_keys_and_another_model_is_a_change(gate: Gate, write: Callable[..., Path]) -> None:
    gate.take(STREET)
    row = {"equipment_id": "E0007", "model": "conventional-5", "ean": ean(7), "placed_from": "2021-05-01"}
    home = {"ean": ean(7), "product": "gas", "area": "wijk-01", "capacity_w": "6000"}
    folder = write("gas", connections=[home], meters=[row])
    assert (gate.take(folder).added, gate.take(folder).unchanged) == (2, 2)
    told = gate.take(write("gas", meters=[row | {"model": "conventional-6"}]))
    assert (told.changed, told.unchanged) == (1, 1)
    (folder / "keys.kws").write_bytes(ship(gate.public, shipped(7)))
    assert gate.take(folder).rejected == 1
    assert [code for _, _, code in gate.refused()] == ["conventional-meter"]
    assert gate.ask("select count(*) from kw.meter_key") == [(0,)]


def test_a_shipment_for_somebody_else_stops_the_import_whole(gate: Gate, write: Callable[..., Path]) -> None:
    folder = write("more", subjects=[{"code": "C1", "name": "x"}])
    stranger = X25519PrivateKey.generate().public_key().public_bytes_raw()
    (folder / "keys.kws").write_bytes(ship(stranger, shipped(1)))
    with pytest.raises(KwartierError):
        gate.take(folder)
    assert counts(gate)["subject"] == 0


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("subjects.csv", b""),
        ("subjects.csv", b"code\n"),
        ("subjects.csv", b"code,name,name\nC1,x,y\n"),
        ("subjects.csv", b"code,\xff\n"),
        ("subjects.csv", b'"code,name\n'),
        ("contract.csv", b"ean,party,start,end\n"),
        ("other.kws", b""),
        ("keys.kws", b""),
    ],
)
def test_a_file_that_is_not_what_its_name_says_stops_the_import_whole(
    gate: Gate, tmp_path: Path, name: str, content: bytes
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "transformers.csv").write_bytes(b"name,area\nT1,a\n")
    (folder / name).write_bytes(content)
    with pytest.raises(KwartierError) as told:
        gate.take(folder)
    assert told.value.code in {"unreadable-file", "bad-shipment"}
    assert counts(gate) == dict.fromkeys(TABLES, 0)


def test_a_folder_that_is_none_or_empty_or_holds_folders_is_told(gate: Gate, tmp_path: Path) -> None:
    odd = tmp_path / "odd"
    (odd / "subjects.csv").mkdir(parents=True)
    empty = tmp_path / "empty"
    empty.mkdir()
    for folder in (tmp_path / "nowhere", empty, odd):
        with pytest.raises(UnreadableFile):
            gate.take(folder)


def test_a_file_larger_than_a_chunk_comes_in_whole(gate: Gate, write: Callable[..., Path]) -> None:
    rows = [{"code": f"C{n}", "name": "x" if n % 1000 else ""} for n in range(25_000)]
    report = gate.take(write("many", subjects=rows))
    assert (report.added, report.rejected) == (24_975, 25)
    assert [line for _, line, _ in gate.refused()] == [2 + n for n in range(0, 25_000, 1000)]


def test_when_somebody_gives_the_same_permission_meanwhile_the_rows_go_one_by_one(
    gate: Gate, write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The set-based insert then fails as a whole, because what it collides with was not there when the rows were judged."""
    gate.take(STREET)
    base = {"ean": ean(1), "subject": "C-1001", "party": "8716874900101", "products": "electricity", "kinds": "day"}
    base |= {"direction": "combined", "data_from": "2026-01-01", "granted": "2026-03-01"}
    words = ["mijn zonnepanelen volgen", "iets anders"]
    rows = [base | {"reference": f"n{n}", "purpose": purpose} for n, purpose in enumerate(words)]
    monkeypatch.setattr(permissions, "CONTESTED", "select line from pg_temp.judged where false")
    report = gate.take(write("more", permissions=rows))
    assert report.added == 1
    assert [(line, code) for _, line, code in gate.refused()] == [(2, "overlaps")]
    events = gate.ask("select event from kw.permission_event where permission = (select max(id) from kw.permission)")
    assert events == [("granted",)]
