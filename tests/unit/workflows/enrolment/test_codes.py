"""Every code of docs/IMPORT.md: a row that gets it, beside a good row that still comes in."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from enrolment_support import Gate
from kwartier.keys import subjects
from kwartier.store.registry.imports import take
from kwartier.workflows.enrolment.errors import Code
from kwartier.workflows.enrolment.files import COLUMNS
from registry_support import ean

Row = dict[str, str]
HOME, GAS, EMPTY_HOME, NEVER, LONE_GAS = ean(1), ean(2), ean(3), ean(4), ean(5)
DOCUMENT = Path(__file__).parents[4] / "docs" / "IMPORT.md"

METER = {
    "equipment_id": "E1",
    "model": "SMR5",
    "system_title": "4b57530000000001",
    "host": "127.0.0.1",
    "port": "4059",
    "ean": HOME,
    "transformer": "",
    "placed_from": "2021-01-01",
}
STATION = METER | {"equipment_id": "S1", "system_title": "4b57530000000002", "ean": "", "transformer": "T1"}
CONVENTIONAL = {"equipment_id": "C1", "model": "conventional-6", "ean": EMPTY_HOME, "placed_from": "2022-01-01"}
LONE = CONVENTIONAL | {"equipment_id": "C2", "model": "conventional-5", "ean": LONE_GAS}
PERMISSION = {
    "reference": "r1",
    "ean": HOME,
    "subject": "C1",
    "party": "Q1",
    "products": "electricity",
    "kinds": "interval|day",
    "direction": "combined",
    "purpose": "app",
    "data_from": "2026-01-01",
    "granted": "2026-01-02",
    "expires": "2027-01-01",
}
USE_CASE = {
    "code": "U1",
    "purpose": "energy_loss",
    "data_class": "profile",
    "area": "wijk-01",
    "products": "electricity",
    "kinds": "interval",
    "days_from": "2026-01-01",
    "days_to": "2026-02-01",
    "approved_from": "2025-12-01",
    "approved_to": "2026-12-01",
    "approved_by": "FG",
    "yearly_limit": "12",
    "min_group": "10",
    "necessity": "n",
    "subsidiarity": "s",
    "proportionality": "p",
}
WORLD: dict[str, list[Row]] = {
    "transformers": [{"name": "T1", "area": "wijk-01"}],
    "connections": [
        {"ean": HOME, "product": "electricity", "area": "wijk-01", "transformer": "T1", "capacity_w": "17250"},
        {"ean": GAS, "product": "gas", "area": "wijk-01", "capacity_w": "6000"},
        {"ean": EMPTY_HOME, "product": "electricity", "area": "wijk-01", "transformer": "T1", "capacity_w": "17250"},
        {"ean": LONE_GAS, "product": "gas", "area": "wijk-01", "capacity_w": "6000"},
    ],
    "meters": [METER, STATION, CONVENTIONAL, LONE],
    "couplings": [{"equipment_id": "E1", "mbus": "1", "ean": GAS, "start": "2021-01-01"}],
    "subjects": [{"code": "C1", "name": "Één Iemand"}, {"code": "C2", "name": "Iemand Anders"}],
    "occupancies": [
        {"ean": HOME, "subject": "C1", "start": "2022-01-01"},
        {"ean": EMPTY_HOME, "subject": "C2", "start": "2021-01-01", "end": "2022-01-01"},
    ],
    "parties": [{"code": "P1", "name": "L", "role": "supplier"}, {"code": "Q1", "name": "A", "role": "third_party"}],
    "agreements": [{"party": "P1", "start": "2020-01-01"}, {"party": "Q1", "start": "2022-02-01"}],
    "contracts": [{"ean": HOME, "party": "P1", "start": "2022-01-01"}],
    "permissions": [PERMISSION],
    "restrictions": [{"ean": EMPTY_HOME, "kind": "refused", "start": "2022-01-01"}],
    "use_cases": [USE_CASE],
}

LIVES = {"ean": EMPTY_HOME, "subject": "C1", "start": "2023-01-01"}
CASES: list[tuple[str, str, Row]] = [
    ("control-character", "subjects", {"code": "C3", "name": "a\x07b"}),
    ("control-character", "subjects", {"code": "C3", "name": "a\nb"}),
    ("empty", "subjects", {"code": " ", "name": "x"}),
    ("empty", "use_cases", USE_CASE | {"code": "U2", "days_to": ""}),
    ("empty", "permissions", PERMISSION | {"reference": "r2", "purpose": " "}),
    ("too-long", "subjects", {"code": "C3", "name": "x" * 1001}),
    ("bad-ean", "occupancies", LIVES | {"ean": "87160000"}),
    ("bad-ean", "occupancies", LIVES | {"ean": "٨٧١٦٠٠٠٠٠٠٠٠٠٠٠٠١٧"}),
    ("bad-check-digit", "occupancies", LIVES | {"ean": HOME[:-1] + str((int(HOME[-1]) + 1) % 10)}),
    ("bad-moment", "occupancies", LIVES | {"start": "2023-02-30"}),
    ("bad-moment", "occupancies", LIVES | {"start": "2023-01-01T12:00:00"}),
    ("bad-moment", "occupancies", LIVES | {"start": "20230101"}),
    ("bad-moment", "occupancies", LIVES | {"end": "9999-12-31"}),
    ("bad-moment", "occupancies", LIVES | {"end": "2024-01-01T00:00:00+99:00"}),
    ("ends-before-it-starts", "occupancies", LIVES | {"end": "2023-01-01"}),
    ("bad-number", "connections", {"ean": NEVER, "product": "gas", "area": "a", "capacity_w": "6.000"}),
    ("out-of-range", "connections", {"ean": NEVER, "product": "gas", "area": "a", "capacity_w": "0"}),
    ("out-of-range", "use_cases", USE_CASE | {"code": "U2", "min_group": "4"}),
    ("unknown-word", "connections", {"ean": NEVER, "product": "water", "area": "a", "capacity_w": "1"}),
    ("unknown-word", "use_cases", USE_CASE | {"code": "U2", "purpose": "annual_bill"}),
    ("unknown-word", "permissions", PERMISSION | {"reference": "r2", "kinds": "interval|minute"}),
    ("no-channels", "permissions", PERMISSION | {"reference": "r2", "products": "gas", "direction": "production"}),
    ("no-channels", "permissions", PERMISSION | {"reference": "r2", "products": "gas"}),
    ("bad-party-code", "parties", {"code": "../keys", "name": "Q2", "role": "supplier"}),
    ("bad-party-code", "parties", {"code": ".", "name": "Q2", "role": "supplier"}),
    ("bad-host", "meters", METER | {"equipment_id": "E2", "host": "meter.example"}),
    ("bad-host", "meters", METER | {"equipment_id": "E2", "host": "fe80::1%eth0"}),
    ("bad-system-title", "meters", METER | {"equipment_id": "E2", "system_title": "4b5753"}),
    ("unknown-model", "meters", METER | {"equipment_id": "E2", "model": "SMR9"}),
    ("unknown-model", "meters", CONVENTIONAL | {"equipment_id": "C3", "model": "conventional-1"}),
    ("conventional-meter", "meters", METER | {"equipment_id": "C3", "model": "conventional-6"}),
    ("conventional-meter", "meters", CONVENTIONAL | {"equipment_id": "C3", "port": "4059"}),
    ("conventional-meter", "meters", CONVENTIONAL | {"equipment_id": "C3", "ean": "", "transformer": "T1"}),
    ("conventional-meter", "couplings", {"equipment_id": "C1", "mbus": "1", "ean": GAS, "start": "2022-01-01"}),
    ("one-place", "meters", CONVENTIONAL | {"equipment_id": "C3", "ean": ""}),
    ("one-place", "meters", METER | {"equipment_id": "E2", "transformer": "T1"}),
    ("one-place", "meters", METER | {"equipment_id": "E2", "ean": ""}),
    ("unknown-ean", "occupancies", LIVES | {"ean": NEVER}),
    ("unknown-ean", "meters", METER | {"equipment_id": "E2", "ean": NEVER}),
    ("unknown-ean", "restrictions", {"ean": NEVER, "kind": "refused", "start": "2023-01-01"}),
    ("unknown-subject", "occupancies", LIVES | {"subject": "C9"}),
    ("unknown-subject", "permissions", PERMISSION | {"reference": "r2", "subject": "C9"}),
    ("unknown-party", "contracts", {"ean": HOME, "party": "P9", "start": "2022-01-01"}),
    ("unknown-party", "agreements", {"party": "P9", "start": "2022-01-01"}),
    ("unknown-party", "permissions", PERMISSION | {"reference": "r2", "party": "P9"}),
    ("unknown-meter", "couplings", {"equipment_id": "E9", "mbus": "1", "ean": GAS, "start": "2022-01-01"}),
    ("unknown-transformer", "meters", STATION | {"equipment_id": "S2", "transformer": "T9"}),
    (
        "unknown-transformer",
        "connections",
        {"ean": NEVER, "product": "electricity", "area": "a", "capacity_w": "1", "transformer": "T9"},
    ),
    ("transformer-on-gas", "connections", {"ean": NEVER, "product": "gas", "area": "a", "capacity_w": "1", "transformer": "T1"}),
    ("not-electricity", "meters", METER | {"equipment_id": "E2", "ean": GAS, "system_title": "4b57530000000003"}),
    ("not-gas", "couplings", {"equipment_id": "E1", "mbus": "2", "ean": HOME, "start": "2022-01-01"}),
    ("station-meter", "couplings", {"equipment_id": "S1", "mbus": "1", "ean": GAS, "start": "2022-01-01"}),
    ("not-a-supplier", "contracts", {"ean": EMPTY_HOME, "party": "Q1", "start": "2022-01-01"}),
    ("not-a-third-party", "permissions", PERMISSION | {"reference": "r2", "party": "P1"}),
    ("no-agreement", "permissions", PERMISSION | {"reference": "r2", "granted": "2022-01-31"}),
    ("not-an-occupant", "permissions", PERMISSION | {"reference": "r2", "granted": "2021-12-31"}),
    ("not-an-occupant", "permissions", PERMISSION | {"reference": "r2", "subject": "C2"}),
    ("overlaps", "occupancies", {"ean": HOME, "subject": "C2", "start": "2025-01-01"}),
    ("overlaps", "occupancies", {"ean": HOME, "subject": "C1", "start": "2021-01-01", "end": "2022-01-02"}),
    ("overlaps", "permissions", PERMISSION | {"reference": "r2", "granted": "2026-06-01"}),
    ("overlaps", "meters", METER | {"equipment_id": "E2", "system_title": "4b57530000000003", "placed_from": "2025-01-01"}),
    ("overlaps", "meters", CONVENTIONAL | {"equipment_id": "C3", "ean": HOME, "placed_from": "2025-01-01"}),
    ("overlaps", "meters", LONE | {"equipment_id": "C3", "ean": GAS, "placed_from": "2025-01-01"}),
    ("overlaps", "couplings", {"equipment_id": "E1", "mbus": "2", "ean": GAS, "start": "2025-01-01"}),
    ("overlaps", "couplings", {"equipment_id": "E1", "mbus": "2", "ean": LONE_GAS, "start": "2025-01-01"}),
    ("already-ended", "occupancies", {"ean": EMPTY_HOME, "subject": "C2", "start": "2021-01-01", "end": "2022-02-01"}),
    ("product-differs", "connections", {"ean": GAS, "product": "electricity", "area": "wijk-01", "capacity_w": "6000"}),
    ("role-differs", "parties", {"code": "P1", "name": "L", "role": "third_party"}),
    ("meter-differs", "meters", METER | {"ean": EMPTY_HOME}),
    ("meter-differs", "meters", METER | {"placed_from": "2020-01-01"}),
    ("meter-differs", "meters", METER | {"system_title": "4b57530000000003"}),
    ("meter-differs", "meters", METER | {"model": "conventional-6", "system_title": "", "host": "", "port": ""}),
    ("meter-differs", "meters", CONVENTIONAL | {"ean": LONE_GAS}),
    ("meter-differs", "meters", METER | {"equipment_id": "C1", "ean": EMPTY_HOME, "system_title": "4b57530000000003"}),
    ("title-taken", "meters", METER | {"equipment_id": "E2", "ean": EMPTY_HOME}),
    ("permission-differs", "permissions", PERMISSION | {"purpose": "something else"}),
    ("permission-differs", "permissions", PERMISSION | {"expires": "2028-01-01"}),
    ("permission-differs", "permissions", PERMISSION | {"expires": ""}),
    ("permission-differs", "permissions", PERMISSION | {"party": ""}),
    ("use-case-differs", "use_cases", USE_CASE | {"yearly_limit": "13"}),
    ("would-prolong", "use_cases", USE_CASE | {"approved_to": "2026-12-02"}),
    ("would-prolong", "use_cases", USE_CASE | {"approved_to": "2026-12-01T00:00:01+01:00"}),
]
NEEDS_BYTES = {"bad-csv", "columns", "not-utf8"}
NEEDS_MORE = {"granted-elsewhere", "duplicate", "title-differs"}


def raw_rows(gate: Gate) -> list[str]:
    return [row for (row,) in gate.ask("select row from kw.import_reject order by id")]


@pytest.fixture
def town(gate: Gate, write: Callable[..., Path]) -> Gate:
    """Return the gate of a registry that knows a small world."""
    report = gate.take(write("world", **WORLD))
    assert report.rejected == 0, report.diff
    return gate


@pytest.mark.parametrize("file", sorted(WORLD.keys() - {"transformers"}))
def test_a_bad_row_is_put_aside_with_its_code_and_as_it_came(file: str, town: Gate, write: Callable[..., Path]) -> None:
    cases = [(code, row) for code, where, row in CASES if where == file]
    assert cases
    for n, (code, row) in enumerate(cases, 1):
        report = town.take(write("more", **{file: [row]}))
        assert (report.added, report.changed, report.rejected) == (0, 0, 1), row
        assert town.refused()[n - 1 :] == [(f"{file}.csv", 2, code)], row
        kept = raw_rows(town)[-1]
        if file == "subjects":
            assert kept == "", "no name in clear, not even in a row that was refused"
        else:
            assert all(value in kept for value in row.values()), row


def test_what_is_left_needs_bytes(town: Gate, write: Callable[..., Path]) -> None:
    folder = write("more")
    (folder / "subjects.csv").write_bytes(
        b"\xef\xbb\xbfname,code\r\n"
        b"Zo\xc3\xab,C3\r\n"
        b'"a"b,C4\r\n'
        b"\r\n"
        b"one too,many,C5\r\n"
        b"\xff\xfe,C6\r\n"
        b"x\x00y,C7\r\n"
        b"Last,C8\r\n"
        b'"never closed,C9\r\n'
    )
    report = town.take(folder)
    assert [one[1:] for one in town.refused()] == [
        (3, "bad-csv"),
        (5, "columns"),
        (6, "not-utf8"),
        (7, "control-character"),
        (9, "bad-csv"),
    ]
    assert raw_rows(town) == [""] * 5
    assert report.added == 2
    ((sealed, wrapped),) = town.ask(
        "select sealed_name, wrapped from kw.subject join kw.subject_key on subject = key where code = 'C3'"
    )
    assert subjects.unseal(town.vault.unwrap_person(wrapped), subjects.NAME, sealed) == "Zoë"


@pytest.mark.parametrize("file", sorted(WORLD))
def test_the_second_row_about_the_same_thing_is_put_aside(file: str, town: Gate, write: Callable[..., Path]) -> None:
    rows = WORLD[file]
    report = town.take(write("more", **{file: [*rows, rows[0]]}))
    assert (report.unchanged, report.added, report.changed) == (len(rows), 0, 0)
    assert [one[1:] for one in town.refused()] == [(len(rows) + 2, "duplicate")]


def test_every_code_is_documented_and_every_documented_code_is_tested() -> None:
    listed = re.findall(r"^\| `([a-z0-9-]+)` \|", DOCUMENT.read_text("utf-8"), re.MULTILINE)
    in_sql = {code for spec in take.SPECS.values() for code in re.findall(r"then '([a-z-]+-[a-z-]+|duplicate)'", spec.judge)}
    assert len(listed) == len(set(listed))
    assert set(listed) == {code.value for code in Code} | in_sql | {"overlaps"}
    assert set(listed) == {code for code, _, _ in CASES} | NEEDS_BYTES | NEEDS_MORE


def test_every_column_is_documented() -> None:
    text = re.sub(r"\s+", " ", DOCUMENT.read_text("utf-8"))
    for file, columns in COLUMNS.items():
        assert f"**{file}** `{', '.join(columns)}`" in text, file
