"""Access (GDPR art. 15) is complete: every table of the database is in the answer, or is named here with why it is not."""

import re
from pathlib import Path

import pytest

from kwartier.grounds.holdings import HOLDINGS
from kwartier.store.registry.holdings import QUERIES
from kwartier.workflows.rights.access import LEFT_OUT

HERE = Path(__file__).resolve().parents[2]
MIGRATIONS = HERE / "src" / "kwartier" / "store" / "migrations"

IN_THE_ANSWER = {
    "kw.subject": "person",
    "kw.occupancy": "connections",
    "kw.superseded": "stays_taken_out",
    "kw.connection": "connection",
    "kw.supply": "supplies",
    "kw.meter": "meters",
    "kw.coupling": "couplings",
    "kw.restriction": "restrictions",
    "kw.permission": "permissions",
    "kw.permission_event": "permissions",
    "kw.permission_state": "permissions",
    "kw.permission_request": "asked_by_parties",
    "kw.request_event": "asked_by_parties",
    "kw.permission_reminder": "reminders",
    "kw.letter": "letters",
    "kw.late_no": "noes",
    "kw.mandate_sample": "mandates_sampled",
    "kw.mandate_evidence": "mandates_sampled",
    "kw.parcel": "recipients",
    "kw.delivery_due": "promised",
    "kw.late_change": "told_late",
    "kw.late_regular": "told_late",
    "kw.hand_reading": "readings_by_hand",
    "kw.quarantine": "put_aside",
    "kw.sight": "care",
    "kw.alarm": "alarms",
    "kw.use_case_day": "use_case_days",
    "kw.hold": "holds",
    "kw.objection": "objections",
    "kw.dispute": "disputes",
    "kw.dispute_end": "disputes",
    "kw.rectification": "corrections",
    "kw.rectification_notice": "told_of_corrections",
    "kw.correction": "readings_before_corrections",
    "kw.rights_request": "requests",
    "kw.rights_event": "requests",
    "kw.breach": "breaches",
    "kw.breach_touched": "breaches",
    "audit.event": "log",
    "audit.entry": "log",
    "audit.block": "log",
}
"""By table the part of the answer that tells it: of a stay (`holdings.QUERIES`), or of the document."""

LEFT_OUT_THERE = {
    "kw.meter_key": "meter_keys",
    "kw.subject_key": "person_key",
    "kw.staff_act": "staff",
    "kw.bundle": "copies",
    "kw.import_reject": "imports",
}
"""By table what the answer itself says that it leaves out."""

OF_NOBODY = {
    **dict.fromkeys(
        ("kw.party", "kw.agreement", "kw.suspension", "kw.supplier_default", "kw.assurance", "kw.party_key"), "a party"
    ),
    "kw.party_contact": "a person at a party, who asks there: not a customer",
    **dict.fromkeys(("kw.use_case", "kw.use_case_proposal", "kw.edition", "kw.basis"), "the code of conduct, public"),
    **dict.fromkeys(
        ("kw.transformer", "kw.loss", "kw.allocation", "kw.reconciliation", "kw.firmware"),
        "grid and meters at large: sums over many homes",
    ),
    **dict.fromkeys(("kw.night", "kw.batch", "kw.import_run", "kw.retention_run"), "a run, with counts"),
    "kw.agreement_to_come": "agreements until they begin: each is told as that agreement, of a party",
    "kw.hand_waiting": "readings taken by hand until a round looked whose they are: each is told as that reading",
    "kw.stop": "numbers of facts that ended: each is told as that fact",
    "kw.outcome": "which task was asked and how it ended: the lines of the log say the same, and of whom",
    "kw.erasure": "that an erasure was asked: told as the request",
    "kw.erasure_part": "the same, stay by stay: told as its answer",
    "kw.breach_event": "what the operator did about a breach",
    **dict.fromkeys(
        ("audit.tile", "audit.place", "audit.crown", "audit.checkpoint", "audit.cosignature", "audit.page"),
        "hashes and signatures over all lines, and where each stands",
    ),
    **dict.fromkeys(("audit.pending", "audit.waiting"), "lines on their way into the log, where they are told"),
    "audit.head": "where a chain of lines stands: the lines are told",
    "audit.leaf": "a view of the lines that are told",
}
"""By table why there is nothing in it that a person could be given besides."""

DOCUMENT = {
    *("person", "connections", "stays_taken_out", "permissions", "requests", "breaches", "log"),
    "readings_before_corrections",
}


_MADE = re.compile(
    r"^(?:create (?:unlogged )?(?:table|view) (?:if not exists )?([a-z]+\.[a-z_]+)|drop table ([^;]+);)", re.MULTILINE
)


def tables() -> set[str]:
    """Return every table, and view in the place of one, that the migrations leave."""
    there: set[str] = set()
    for path in sorted(MIGRATIONS.glob("*.sql")):
        for made, dropped in _MADE.findall(path.read_text("utf-8")):
            there = there | {made} if made else there - {name.strip() for name in dropped.split(",")}
    return there


def test_every_table_is_in_the_answer_or_named_with_why_not() -> None:
    listed = [*IN_THE_ANSWER, *LEFT_OUT_THERE, *OF_NOBODY]
    assert sorted(listed) == sorted(tables())


@pytest.mark.parametrize(("table", "part"), IN_THE_ANSWER.items())
def test_what_is_said_to_be_in_the_answer_is_looked_up_there(table: str, part: str) -> None:
    if part in DOCUMENT:
        assert f'"{part}"' in (HERE / "src" / "kwartier" / "workflows" / "rights" / "access.py").read_text("utf-8")
    else:
        assert f"{table} " in QUERIES[part][1]


def test_what_is_left_out_is_said_to_the_person() -> None:
    assert set(LEFT_OUT_THERE.values()) <= {what for what, _ in LEFT_OUT}


def test_every_table_about_a_person_has_its_place_in_the_record() -> None:
    where = {name for one in HOLDINGS for name in one.where}
    assert {name for name in IN_THE_ANSWER if name.startswith("kw.")} <= where
    assert {name for name in where if "." in name} <= tables() - OF_NOBODY.keys() | {
        *("kw.erasure", "kw.erasure_part", "kw.breach_event", "kw.outcome", "audit.head", "audit.page", "audit.pending"),
    }


def test_a_table_that_nobody_listed_is_seen() -> None:
    assert "kw.correction" in tables()
    assert not IN_THE_ANSWER.keys() & (LEFT_OUT_THERE.keys() | OF_NOBODY.keys())
