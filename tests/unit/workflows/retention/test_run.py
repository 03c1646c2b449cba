"""The nightly run: each term takes what is too old and leaves what is not; what goes is said first, and once."""

import json
import os
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from kwartier.audit.events import Event, EventKind
from kwartier.grounds import retention as table
from kwartier.grounds.erasure import Fate
from kwartier.grounds.retention import Kept
from kwartier.grounds.rights import Right
from kwartier.model.channel_day import ChannelDay
from kwartier.model.period import Period, day_of, midnight
from kwartier.model.register import Channel
from kwartier.store.postgres import Dsns, TracesLeft, traces
from kwartier.store.registry import nights
from kwartier.workflows import retention, rights
from kwartier.workflows.accounts import NoSuchPerson, account
from kwartier.workflows.delivery_round import bundle
from kwartier.workflows.installation import Installation
from kwartier.workflows.night.settle import recover
from kwartier.workflows.retention import outbox
from kwartier.workflows.rights import erasure
from kwartier.workflows.visits.only import NightRuns, only_one
from readings_support import channel_day, read
from registry_support import NOON, World, between, on

EVER = Period(midnight(date(2010, 1, 1)))
NOW = datetime(2026, 11, 27, 3, tzinfo=UTC)
OWN, SUPPLIER, BILL, THIRD = (1 << no for no in (2, 3, 4, 7))


def day(connection: int, when: date, basis: int, channel: Channel = Channel.IMPORT) -> ChannelDay:
    return replace(channel_day(connection, channel, when), basis=basis)


def held(house: Installation) -> list[tuple[int, date, int]]:
    return [(one.key, when, one.basis) for when in house.readings.days_held() for one in house.readings.scan(when)]


def said(house: Installation, kind: EventKind = EventKind.RETENTION_APPLIED) -> list[dict[str, object]]:
    with house.operator() as c:
        rows = c.execute(
            "select leaf from audit.entry where kind = %(kind)s union all select leaf from audit.pending where kind = %(kind)s",
            {"kind": str(kind)},
        ).fetchall()
    return [json.loads(bytes(leaf))["body"] for (leaf,) in rows]


def test_readings_go_when_no_rule_of_their_basis_holds_them(opened: Installation) -> None:
    old, older, recent = date(2025, 10, 1), date(2024, 11, 1), date(2026, 11, 1)
    rows = [day(1, old, THIRD), day(2, old, THIRD | OWN), day(1, older, OWN), day(2, older, OWN | BILL), day(1, recent, THIRD)]
    batch = read(opened, rows, at=NOON)
    report = retention.nightly(opened, at=NOW)
    assert held(opened) == [(2, older, OWN | BILL), (2, old, THIRD | OWN), (1, recent, THIRD)]
    assert (report.counts["rows"], report.counts["erased"], report.counts["days"]) == (2, 0, 2)
    days = {body["day"]: body for body in said(opened) if "day" in body}
    assert days == {
        when.isoformat(): {"day": when.isoformat(), "rows": 1, "erased": 0, "freed": 0, "batches": {str(batch): 1}}
        for when in (old, older)
        for when in (old, older)
    }
    assert len(list((opened.data / "lake").glob("day=*/*"))) == 3
    assert len(list((opened.data / "lake" / "_delta_log").glob("*.json"))) == 1


def test_a_second_run_does_nothing_until_a_term_ends(opened: Installation) -> None:
    read(opened, [day(1, date(2025, 10, 27), THIRD), day(1, date(2021, 1, 1), OWN)], at=NOON)
    assert retention.nightly(opened, at=NOW).counts["rows"] == 1
    assert retention.nightly(opened, at=NOW + timedelta(hours=1)).counts["rows"] == 0
    assert len(said(opened)) == 3
    assert retention.nightly(opened, at=NOW + timedelta(days=1)).counts["rows"] == 1
    assert held(opened) == []


def test_rows_that_come_late_about_an_old_day_are_looked_at(opened: Installation) -> None:
    retention.nightly(opened, at=NOW)
    read(opened, [day(1, date(2021, 1, 1), OWN)], at=NOW + timedelta(hours=1))
    assert retention.nightly(opened, at=NOW + timedelta(hours=2)).counts["rows"] == 1


def test_it_waits_for_a_night_and_changes_nothing_meanwhile(opened: Installation) -> None:
    read(opened, [day(1, date(2021, 1, 1), OWN)], at=NOON)
    with only_one(opened), pytest.raises(NightRuns):
        retention.nightly(opened, at=NOW)
    assert len(held(opened)) == 1


OLD = {
    Kept.QUARANTINE: "insert into kw.quarantine (batch, connection, meter, profile, first_s, last_s, verdicts, rows)"
    " values (1, 1, 1, 'e_day', %(s)s, %(s)s, '[]', '')",
    Kept.OUTCOMES: "insert into kw.outcome (batch, meter, connection, profile, mbus, first_s, last_s, result, permits, at)"
    " values (1, 1, 1, 'e_day', 0, %(s)s, %(s)s, 'read', '', %(at)s)",
    Kept.SIGHTS: "insert into kw.sight values ((select min(key) from kw.meter), 'clock', 'device_care',"
    " (select min(key) from kw.connection), 1, %(at)s, 1, %(s)s, '{}', '{}')",
    Kept.ALARMS: "insert into kw.alarm (meter, connection, at, register, permit, use_case) values ((select min(key) from kw.meter),"
    " (select min(key) from kw.connection), %(at)s, %(s)s, '', (select min(id) from kw.use_case))",
    Kept.USE_CASE_DAYS: "insert into kw.use_case_day values ((select min(id) from kw.use_case), %(s)s, %(d)s)",
    Kept.PARCELS: "insert into kw.parcel (id, receiver_role, receiver, connection, purpose, period, mask, status, at)"
    " values (%(s)s::text, 'supplier', 1, 1, 'x', tstzrange(%(at)s, null), 1, 'withheld', %(at)s)",
    Kept.HAND_READINGS: "insert into kw.hand_reading (connection, meter, channel, value, at, how, taken) values"
    " ((select min(key) from kw.connection), (select min(key) from kw.meter), 4, 1, %(at)s, 'visit', %(at)s)",
    Kept.REJECTED_ROWS: "with run as (insert into kw.import_run (at, counts) values (%(at)s, '{}') returning id)"
    " insert into kw.import_reject (run, file, line, code, row) select id, 'x', 1, 'y', 'z' from run",
    Kept.STAFF: "insert into kw.staff_act (entry, person, reason, salt, at) values (%(s)s, 'x', 'y',"
    " decode(repeat('00', 16), 'hex'), %(at)s)",
    Kept.PROPOSALS: "insert into kw.use_case_proposal (code, said, proposer, proposed) values (%(s)s::text, '{}', 'x', %(at)s)",
    Kept.CONTACTS: "with one as (insert into kw.party (code, name, role) values (%(s)s::text, 'x', 'supplier') returning key)"
    " insert into kw.party_contact (party, kind, name, mail, at) select key, 'general', 'x', 'x@y', %(at)s from one",
}
TABLES = {
    Kept.QUARANTINE: "quarantine",
    Kept.OUTCOMES: "outcome",
    Kept.SIGHTS: "sight",
    Kept.ALARMS: "alarm",
    Kept.USE_CASE_DAYS: "use_case_day",
    Kept.PARCELS: "parcel",
    Kept.HAND_READINGS: "hand_reading",
    Kept.REJECTED_ROWS: "import_reject",
    Kept.STAFF: "staff_act",
    Kept.PROPOSALS: "use_case_proposal",
    Kept.CONTACTS: "party_contact",
}


@pytest.mark.parametrize("kept", sorted(OLD))
def test_a_table_gives_up_what_is_past_its_term_and_nothing_else(
    kept: Kept, opened: Installation, facts: World, dsns: Dsns
) -> None:
    oldest = midnight(table.oldest(kept, NOW))
    facts.meter(facts.connection())
    facts.use_case()
    read(opened, [], at=NOON)
    step = timedelta(days=1) if kept is Kept.USE_CASE_DAYS else timedelta(seconds=1)
    with psycopg.connect(dsns.owner) as c:
        for at in (oldest - step, oldest):
            if kept is not Kept.SIGHTS or at == oldest - step:
                c.execute(OLD[kept].encode(), {"s": int(at.timestamp()), "at": at, "d": day_of(at)})
    counted = f"select count(*) from kw.{TABLES[kept]}"  # noqa: S608 - names above
    report = retention.nightly(opened, at=NOW)
    assert report.counts[kept] == 1
    with opened.operator() as c:
        assert c.execute(counted.encode()).fetchone() == (0 if kept is Kept.SIGHTS else 1,)
    assert retention.nightly(opened, at=NOW).counts[kept] == 0


def test_whom_to_speak_to_goes_a_year_after_the_last_agreement(opened: Installation, facts: World) -> None:
    lives, ended, recent, none = [facts.party() for _ in range(4)]
    facts.agreement(lives, between("2020-01-01"))
    facts.agreement(ended, between("2020-01-01", "2025-11-26"))
    facts.agreement(recent, between("2020-01-01", "2025-11-25"))
    facts.agreement(recent, between("2025-11-26", "2025-11-27"))
    for party in (lives, ended, recent, none):
        facts.new("party_contact", party=party, kind="general", name="Jo", mail="jo@x", at=datetime(2021, 1, 1, tzinfo=UTC))
    facts.new("party_contact", party=none, kind="privacy", name="Jo", mail="jo@x", at=NOW)
    assert retention.nightly(opened, at=NOW).counts[Kept.CONTACTS] == 2
    with opened.operator() as c:
        left = c.execute("select party, kind from kw.party_contact order by party").fetchall()
    assert left == [(lives, "general"), (recent, "general"), (none, "privacy")]


def test_who_proposed_and_approved_goes_five_years_after_the_approval_ended(opened: Installation, facts: World) -> None:
    ends = ("2021-11-26", "2021-11-27", "2027-01-01")
    uses = [facts.use_case(approved=Period(on(end) - timedelta(days=300), on(end))) for end in ends]
    by = {"said": "{}", "proposer": "Jo", "approver": "An", "role": "officer"}
    then = datetime(2020, 1, 1, tzinfo=UTC)
    for use in uses:
        facts.new("use_case_proposal", code=f"u{use}", proposed=then, decided=then, use_case=use, **by)
    assert retention.nightly(opened, at=NOW).counts[Kept.PROPOSALS] == 1
    with opened.operator() as c:
        assert c.execute("select use_case from kw.use_case_proposal order by 1").fetchall() == [(use,) for use in uses[1:]]
        assert c.execute("select count(*) from kw.use_case").fetchone() == (3,)


def test_every_kind_of_the_table_is_given_up_somewhere() -> None:
    elsewhere = {Kept.READINGS, Kept.DOCUMENTS, Kept.LETTERS, Kept.LOG_TIES, Kept.PERSONS, Kept.SESSIONS}
    ended = {Kept.PERMISSIONS, Kept.SUPPLIES, Kept.CHOICES, Kept.RIGHTS, Kept.BREACHES}  # test_facts_that_ended.py
    assert set(OLD) | elsewhere | ended == set(Kept)


def test_nobody_but_the_owner_gives_up_a_parcel_or_a_reading_by_hand(opened: Installation, facts: World) -> None:
    facts.meter(facts.connection())
    with opened.operator() as c:
        for kept in (Kept.PARCELS, Kept.HAND_READINGS):
            c.execute(OLD[kept].encode(), {"s": 1, "at": NOON})
    for name in ("parcel", "hand_reading"):
        with pytest.raises(psycopg.Error), opened.operator() as c:
            c.execute(f"delete from kw.{name}".encode())  # noqa: S608 - names above


def test_a_bundle_goes_from_its_box_after_its_term_with_its_papers(opened: Installation, facts: World) -> None:
    party = facts.party()
    with opened.operator() as c:
        for name, at in (("old", NOW - timedelta(days=100)), ("new", NOW - timedelta(days=80))):
            c.execute("insert into kw.bundle values (%s, %s, 'sent', %s)", (name, party, at))
        (box,) = c.execute("select code from kw.party").fetchone() or ("",)
    folder = opened.outbox / box
    folder.mkdir()
    for name in ("old.jsonl", "old.papers.zip", "new.jsonl", "new.papers.zip"):
        (folder / name).write_text("{}\n", "utf-8")
    assert retention.nightly(opened, at=NOW).counts["files"] == 2
    assert sorted(path.name for path in folder.iterdir()) == ["new.jsonl", "new.papers.zip"]
    assert retention.nightly(opened, at=NOW + timedelta(days=30)).counts["files"] == 2
    assert list(folder.iterdir()) == []


def test_one_document_leaves_a_bundle_and_the_others_stay(tmp_path: Path) -> None:
    (tmp_path / "box").mkdir()
    path = tmp_path / "box" / "b.jsonl"
    path.write_text("".join(f'{{"reference": "{name}", "n": 1}}\n' for name in "abc"), "utf-8")
    assert outbox.take_out(tmp_path, [("box", "b", "b"), ("box", "gone", "x")]) == 1
    assert [json.loads(line)["reference"] for line in path.read_text("utf-8").splitlines()] == ["a", "c"]
    assert outbox.take_out(tmp_path, [("box", "b", "x")]) == 0
    assert outbox.take_out(tmp_path, [("box", "b", "a"), ("box", "b", "c")]) == 2
    assert list((tmp_path / "box").iterdir()) == []


def test_a_round_of_deliveries_that_begins_meanwhile_leaves_it_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They hold different locks, and a round sweeps what was written aside."""
    (tmp_path / "box").mkdir()
    path, sync = tmp_path / "box" / "b.jsonl", os.fsync
    path.write_text('{"reference": "a"}\n{"reference": "b"}\n', "utf-8")

    def swept(handle: int) -> None:
        sync(handle)
        bundle.sweep(tmp_path)

    monkeypatch.setattr(os, "fsync", swept)
    assert outbox.take_out(tmp_path, [("box", "b", "a")]) == 1
    assert path.read_text("utf-8") == '{"reference": "b"}\n'
    assert list((tmp_path / "box").iterdir()) == [path]


@pytest.fixture
def neighbours(opened: Installation, facts: World) -> tuple[int, int, int]:
    """Let somebody live at a connection, where another lived before: (connection, who left, who lives there)."""
    home, left, lives = facts.connection(), facts.subject("LEFT"), facts.subject("LIVES")
    facts.occupancy(home, left, between("2016-01-01", "2018-06-01"))
    facts.occupancy(home, lives, between("2018-06-01"))
    with opened.operator() as c:
        opened.log.record(
            c,
            [
                Event(at, EventKind.VIEW_SHOWN, "operator", code, home, {})
                for code in ("LEFT", "LIVES")
                for at in (NOW - timedelta(days=9 * 366), NOW)
            ],
        )
    with opened.auditor() as c:
        opened.log.integrate(c)
    return home, left, lives


def test_old_lines_lose_their_ties_and_who_left_long_ago_is_forgotten(
    opened: Installation, neighbours: tuple[int, int, int]
) -> None:
    home, left, lives = neighbours
    assert account(opened, left).code == "LEFT"
    report = retention.nightly(opened, at=NOW)
    assert (report.counts["ties"], report.counts["forgotten"]) == (3, 1)
    with pytest.raises(NoSuchPerson):
        account(opened, left)
    with opened.operator() as c:
        assert len(opened.log.of_subject(c, "LIVES", home, EVER)) == 1
        assert opened.log.of_subject(c, "LEFT", home, EVER) == []
    assert account(opened, lives).code == "LIVES"
    assert retention.nightly(opened, at=NOW).counts["forgotten"] == 0


def test_who_left_long_ago_is_not_forgotten_while_a_reading_is_held(opened: Installation, neighbours: tuple[int, int, int]) -> None:
    home, left, _ = neighbours
    read(opened, [day(home, date(2018, 5, 1), BILL)], at=NOON)
    early = datetime(2019, 6, 1, tzinfo=UTC)
    assert erasure.decision(opened, left, at=early).whole is False
    assert retention.nightly(opened, at=early).counts["forgotten"] == 0


LONG_AGO = midnight(table.oldest(Kept.PERSONS, NOW)) - timedelta(seconds=1)


def forgotten(house: Installation, at: datetime = NOW) -> set[int]:
    """Return who is forgotten after a run: keys."""
    retention.nightly(house, at=at)
    with house.operator() as c:
        gone = c.execute(
            "select s.key, k.subject from kw.subject s left join kw.subject_key k on k.subject = s.key"
            " where s.code like 'forgotten:%'"
        )
        found = dict(gone.fetchall())
    assert {*found.values()} <= {None}, "the key of who is forgotten is no more"
    return {*found}


def test_who_never_lived_anywhere_is_forgotten_as_long_after_being_recorded(opened: Installation, facts: World) -> None:
    never, since = facts.subject("NEVER", LONG_AGO), facts.subject("SINCE", LONG_AGO + timedelta(seconds=1))
    comes, left = facts.subject("COMES", LONG_AGO), facts.subject("LEFT", LONG_AGO)
    facts.occupancy(facts.connection(), comes, between("2027-01-01", "2028-01-01"))
    facts.occupancy(facts.connection(), left, between("2016-01-01", "2026-01-01"))
    facts.c.execute("insert into kw.subject_key (subject, wrapped) values (%s, %s)", (never, bytes(40)))
    assert forgotten(opened) == {never}
    with pytest.raises(NoSuchPerson):
        account(opened, never)
    assert forgotten(opened, NOW + timedelta(days=1)) == {never, since}


def test_of_whom_something_is_open_nothing_is_forgotten_without_a_stay_either(opened: Installation, facts: World) -> None:
    kinds = ("asks", "asked", "hold", "given", "answered")
    who = {kind: facts.subject(kind, LONG_AGO) for kind in kinds}
    home, app = facts.connection(), facts.party("third_party")
    for kind in ("asks", "hold", "answered"):
        request = facts.new("rights_request", subject=who[kind], kind="access", asked=LONG_AGO, due=NOW)
        if kind != "asks":
            facts.new("rights_event", request=request, at=NOW, event="answered", by="Jo")
        if kind == "hold":
            facts.new("hold", connection=home, subject=who[kind], request=request, period=Period(LONG_AGO))
    spans = {"data": Period(LONG_AGO), "live_from": LONG_AGO, "live_until": NOW, "asked": LONG_AGO, "answer_by": NOW}
    about = {"party": app, "connection": home, "subject": who["asked"], "mask": 2, "purpose": "x", "schedule": "daily"}
    facts.new("permission_request", origin="party", **about, **spans)
    facts.permission(home, who["given"], app, between("2026-01-01", "2027-01-01"))
    assert forgotten(opened) == {who["answered"]}


def test_who_was_believed_to_live_somewhere_is_kept_as_long_after_that_was_put_right(opened: Installation, facts: World) -> None:
    someone, home = facts.subject("WRONG", LONG_AGO), facts.connection()
    stay = facts.occupancy(home, someone, between("2016-01-01"))
    right = facts.new("rectification", connection=home, subject=someone, fact="occupancy", at=LONG_AGO + timedelta(days=1), by="Jo")
    with opened.operator() as c:
        c.execute("select kw.supersede('occupancy', %s, %s)", (stay, right))
    assert forgotten(opened) == set()
    assert forgotten(opened, NOW + timedelta(days=2)) == {someone}


def test_in_part_a_person_is_erased_and_stays_a_customer(opened: Installation, facts: World) -> None:
    home, me, party, supplier = facts.connection(), facts.subject("ME"), facts.party("third_party"), facts.party()
    facts.occupancy(home, me, between("2022-01-01"))
    facts.permission(home, me, party, between("2026-01-01", "2026-11-01"))
    facts.permission(home, me, None, between("2026-01-01"))
    when = date(2026, 10, 1)
    register = Channel.DAY_IMPORT_LOW
    read(opened, [day(home, when, THIRD), day(home, when, SUPPLIER | THIRD, register)], at=NOON)
    read(opened, [day(home, when, OWN, Channel.EXPORT)], at=NOON)
    receipt = erasure.erase_code(opened, "ME", at=NOW)
    assert not receipt.whole
    fates = {one.about: one.fate for one in receipt.answers if one.connection}
    assert fates == {"T1": Fate.ERASED, "S1": Fate.KEPT, "C2": Fate.WITHDRAW_FIRST}
    report = retention.nightly(opened, at=NOW + timedelta(hours=1))
    assert (report.counts["erased"], report.counts["forgotten"], report.counts["erasures"]) == (1, 0, 1)
    assert held(opened) == [(home, when, OWN), (home, when, SUPPLIER)], "what the task holds rests on the task alone"
    assert account(opened, me).code == "ME"
    with opened.operator() as c:
        assert c.execute("select state, forgotten from kw.erasure").fetchone() == ("done", False)
    assert "wal_recycle" in " ".join(report.left), "a server that is not ours: its administrator is told"
    assert supplier


def test_of_a_home_that_was_handed_on_only_the_former_persons_part_goes(opened: Installation, facts: World) -> None:
    home, left, lives = facts.connection(), facts.subject("LEFT"), facts.subject("LIVES")
    noon = midnight(date(2026, 10, 1)) + timedelta(hours=12)
    facts.occupancy(home, left, Period(midnight(date(2022, 1, 1)), noon))
    facts.occupancy(home, lives, Period(noon))
    facts.permission(home, left, None, between("2026-01-01", "2026-10-01"))
    facts.permission(home, lives, None, between("2026-10-02", "2026-11-01"))
    read(opened, [day(home, date(2026, 9, 30), OWN), day(home, date(2026, 10, 1), OWN), day(home, date(2026, 10, 2), OWN)], at=NOON)
    erasure.erase(opened, left, at=NOW)
    assert retention.nightly(opened, at=NOW + timedelta(hours=1)).counts["forgotten"] == 1
    assert [when for _, when, _ in held(opened)] == [date(2026, 10, 1), date(2026, 10, 2)]
    (shared,) = opened.readings.day(home, date(2026, 10, 1))
    assert [mark == 4 for mark in shared.quality] == [True] * 48 + [False] * 48
    assert not erasure.decision(opened, lives, at=NOW).whole


def test_what_a_killed_night_had_staged_does_not_come_after_an_erasure(opened: Installation, facts: World) -> None:
    home, me, when = facts.connection(), facts.subject("ME"), date(2026, 10, 1)
    facts.occupancy(home, me, between("2022-01-01", "2026-11-01"))
    with opened.operator() as c:
        batch = nights.plan_batch(c, nights.begin(c, when, NOON))
        files = opened.readings.stage(batch, [replace(day(home, when, OWN), batch=batch)])
        nights.stage(c, batch, [one.to_json() for one in files], NOON)
    erasure.erase(opened, me, at=NOW)
    assert retention.nightly(opened, at=NOW + timedelta(hours=1)).counts["erased"] == 1
    assert recover(opened, NOW + timedelta(hours=2)).forward == 0
    assert held(opened) == []


def test_nobody_and_twice(opened: Installation, facts: World) -> None:
    me = facts.subject("ME")
    erasure.erase(opened, me, at=NOW)
    with pytest.raises(erasure.ErasureWaits):
        erasure.erase_code(opened, "ME", at=NOW)
    for code in ("NOBODY", ""):
        with pytest.raises(erasure.NobodyToErase):
            erasure.erase_code(opened, code, at=NOW)
    assert retention.nightly(opened, at=NOW).counts["forgotten"] == 1
    with pytest.raises(erasure.NobodyToErase):
        erasure.erase(opened, me, at=NOW)
    with pytest.raises(erasure.NobodyToErase):
        erasure.erase(opened, 999, at=NOW)


def test_a_table_in_use_is_told_and_the_next_run_goes_on(
    opened: Installation, facts: World, dsns: Dsns, monkeypatch: pytest.MonkeyPatch
) -> None:
    me = facts.subject("ME")
    erasure.erase(opened, me, at=NOW)
    monkeypatch.setattr(traces, "LOCK_WAIT", "50ms")
    with psycopg.connect(dsns.operator) as reader:
        reader.execute("select count(*) from kw.quarantine")
        with pytest.raises(TracesLeft):
            retention.nightly(opened, at=NOW)
    with opened.operator() as c:
        assert c.execute("select state from kw.erasure").fetchone() == ("carried",)
    assert retention.nightly(opened, at=NOW).counts["erasures"] == 0
    with opened.operator() as c:
        assert c.execute("select state from kw.erasure").fetchone() == ("done",)


def test_what_a_person_had_restricted_stays_past_its_term_until_it_is_lifted(opened: Installation, facts: World) -> None:
    home, other, me, you = facts.connection(), facts.connection(), facts.subject("ME"), facts.subject("YOU")
    facts.occupancy(home, me, between("2020-01-01", "2026-01-01"))
    facts.occupancy(other, you, between("2020-01-01", "2026-01-01"))
    old, older = date(2025, 10, 1), date(2021, 1, 1)
    read(opened, [day(place, when, basis) for place in (home, other) for when, basis in ((old, THIRD), (older, OWN))], at=NOON)
    restriction = rights.ask(opened, me, Right.RESTRICTION, at=NOW - timedelta(days=1))

    assert retention.nightly(opened, at=NOW).counts["rows"] == 2
    assert [(key, when) for key, when, _ in held(opened)] == [(home, older), (home, old)]
    answered = erasure.decision(opened, me, at=NOW)
    assert not answered.whole
    assert {one.article for one in answered.answers if one.connection} == {"GDPR art. 18(2)"}
    assert {one.fate for one in answered.answers if one.connection} == {Fate.KEPT}
    erasure.erase(opened, me, at=NOW)
    assert retention.nightly(opened, at=NOW + timedelta(hours=1)).counts["rows"] == 0

    rights.lift(opened, me, restriction.id, at=NOW + timedelta(hours=2))
    assert retention.nightly(opened, at=NOW + timedelta(hours=3)).counts["rows"] == 2
    assert held(opened) == []


def test_who_looks_at_the_time_before_keeps_traces_alive_and_that_is_told(
    opened: Installation, facts: World, dsns: Dsns, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(traces, "SNAPSHOT_WAIT_S", 0.0)
    erasure.erase(opened, facts.subject("ME"), at=NOW)
    with psycopg.connect(dsns.operator) as reader:
        reader.execute("set transaction isolation level repeatable read")
        reader.execute("select count(*) from kw.night")
        with pytest.raises(TracesLeft):
            retention.nightly(opened, at=NOW)
    with opened.operator() as c:
        assert c.execute("select state, forgotten from kw.erasure").fetchone() == ("carried", True)
    monkeypatch.undo()  # the server's own look at its tables may be under way
    assert retention.nightly(opened, at=NOW).left
    with opened.operator() as c:
        assert c.execute("select state from kw.erasure").fetchone() == ("done",)


@pytest.mark.parametrize(("until", "stay"), [("2026-11-01", 0), (None, 1)])
def test_our_copy_of_what_a_party_was_handed_goes_with_the_permission_to_it(
    until: str | None, stay: int, opened: Installation, facts: World
) -> None:
    home, me, party = facts.connection(), facts.subject("ME"), facts.party("third_party")
    facts.occupancy(home, me, between("2022-01-01"))
    facts.permission(home, me, None, between("2026-01-01", "2026-11-01"), purpose="own")
    facts.permission(home, me, party, between("2026-01-01", until))
    with opened.operator() as c:
        (box,) = c.execute("select code from kw.party").fetchone() or ("",)
        c.execute("insert into kw.bundle values ('b', %s, 'sent', %s)", (party, NOW))
        c.execute(
            "insert into kw.parcel (id, receiver_role, receiver, connection, purpose, period, mask, permit, status, at, bundle,"
            " subject) values ('p', 'third_party', %s, %s, 'x', '[2026-01-01,2026-01-02)', 2, '', 'delivered', %s, 'b', %s)",
            (party, home, NOW, me),
        )
    (opened.outbox / box).mkdir()
    (opened.outbox / box / "b.jsonl").write_text('{"reference": "p", "values": [1]}\n', "utf-8")
    erasure.erase(opened, me, at=NOW)
    assert retention.nightly(opened, at=NOW).counts["documents"] == 1 - stay
    assert len(list((opened.outbox / box).iterdir())) == stay
