"""Whatever bytes stand in a file of an import: rows, refusals, or a typed error for the whole file. Nothing else, nothing lost."""

import csv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kwartier.keys import shipment
from kwartier.keys.vault import Vault
from kwartier.store.postgres import Dsns
from kwartier.workflows.enrolment import csvfile
from kwartier.workflows.enrolment.errors import BadField, Code, UnreadableFile
from kwartier.workflows.enrolment.files import COLUMNS, parsers
from kwartier.workflows.enrolment.intake import Door, import_folder

GIVEN = Path(__file__).parents[1] / "scenarios" / "import_switch" / "given"
SEEDS = {path.name: path.read_bytes() for path in GIVEN.iterdir()}
FILES = sorted(COLUMNS)
PARSERS = parsers({"SMR5"})
CODES = {code.value for code in Code}
TOKENS = [
    b'"',
    b",",
    b"\r",
    b"\n",
    b"\r\n",
    b"\0",
    b"\xff",
    b"\xc3",
    b"\xef\xbb\xbf",
    b"'",
    b"\\",
    b"\t",
    b"\\.\n",
    b"|",
    b"%s",
    b"\xe2\x80\xa8",
]
same_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


def header(file: str) -> bytes:
    return ",".join(COLUMNS[file]).encode() + b"\n"


fields = st.one_of(st.text(max_size=20), st.sampled_from(["2026-01-01", "871687000000000017", "1", "", "gas", "a" * 1001]))
tables = st.sampled_from(FILES).flatmap(
    lambda file: st.tuples(
        st.just(file),
        st.lists(st.lists(fields, min_size=len(COLUMNS[file]), max_size=len(COLUMNS[file])), max_size=4),
    )
)


def read(path: Path) -> tuple[int, int]:
    """Read a file to its end; return how many rows and refusals there are. Anything but UnreadableFile is a fault."""
    rows = refusals = 0
    found_codes: set[str] = set()
    last = 1
    for line, found, raw in csvfile.read(path, COLUMNS[path.name]):
        assert line > last or line == last == 1
        last = line
        if isinstance(found, str):
            refusals += 1
            found_codes.add(found)
            csvfile.shown(raw).encode()
            continue
        assert len(found) == len(COLUMNS[path.name])
        try:
            PARSERS[path.name](found)
            rows += 1
        except BadField as bad:
            refusals += 1
            found_codes.add(bad.code)
    assert found_codes <= CODES
    return rows, refusals


@same_folder
@given(file=st.sampled_from(FILES), body=st.binary(max_size=400), headed=st.booleans())
def test_any_bytes_are_rows_refusals_or_an_unreadable_file(tmp_path: Path, file: str, body: bytes, *, headed: bool) -> None:
    path = tmp_path / file
    path.write_bytes(header(file) + body if headed else body)
    try:
        read(path)
    except UnreadableFile:
        assert not headed


@same_folder
@given(table=tables)
def test_any_table_is_read_row_by_row(tmp_path: Path, table: tuple[str, list[list[str]]]) -> None:
    file, rows = table
    path = tmp_path / file
    with path.open("w", encoding="utf-8", newline="") as out:
        csv.writer(out).writerows([COLUMNS[file], *rows])
    blank = sum(len(row) == 0 for row in rows)
    assert sum(read(path)) == len(rows) - blank


def mutated(seed: bytes, draw: Random) -> bytes:
    """Change, cut, repeat or splice a genuine file in a few places, sparing the header mostly."""
    data = bytearray(seed)
    first = data.index(b"\n") + 1 if draw.random() < 0.9 else 0
    for _ in range(draw.randrange(1, 6)):
        at = draw.randrange(first, len(data)) if len(data) > first else len(data)
        match draw.randrange(5):
            case 0:
                data[at : at + 1] = bytes([draw.randrange(256)])
            case 1:
                data[at:at] = draw.choice(TOKENS)
            case 2:
                del data[at : at + draw.randrange(1, 12)]
            case 3:
                data[at:at] = data[first : first + draw.randrange(60)]
            case _:
                data[at:at] = bytes(draw.randrange(256) for _ in range(draw.randrange(1, 8)))
    return bytes(data)


@pytest.fixture
def door(dsns: Dsns, tmp_path: Path) -> Door:
    Vault.create(tmp_path)
    shipment.create(tmp_path)

    @contextmanager
    def operator() -> Iterator[psycopg.Connection[Any]]:
        with psycopg.connect(dsns.operator) as c:
            yield c

    def kept(c: psycopg.Connection[Any], facts: Sequence[object]) -> None:
        assert facts
        c.execute("select 1")

    return Door(operator, Vault(tmp_path), lambda blob: shipment.open(tmp_path, blob), {"SMR5"}, kept)


def written(tmp_path: Path, draw: Random) -> Path:
    folder = tmp_path / "folder"
    folder.mkdir(exist_ok=True)
    hurt = set(draw.sample(sorted(SEEDS), draw.randrange(1, 4)))
    for name, seed in SEEDS.items():
        (folder / name).write_bytes(mutated(seed, draw) if name in hurt else seed)
    return folder


def takes(door: Door, tmp_path: Path, rounds: Sequence[int]) -> None:
    """Import mutated folders, one on top of the other: every record is counted once, and what came in stays in."""
    at = datetime(2026, 3, 10, tzinfo=UTC)
    for n in rounds:
        folder = written(tmp_path, Random(n))
        try:
            report = import_folder(door, folder, dry_run=n % 3 == 0, at=at)
        except UnreadableFile:
            continue
        for one in report.files:
            total = one.added + one.changed + one.unchanged + sum(one.rejected.values())
            assert total == sum(read(folder / one.file)), (n, one.file)
        if n % 3:
            again = import_folder(door, folder, dry_run=True, at=at)
            assert (again.added, again.changed) == (0, 0), n


def test_mutated_folders_come_in_or_are_told(door: Door, tmp_path: Path) -> None:
    takes(door, tmp_path, range(40))


@pytest.mark.full
@pytest.mark.timeout(1500)
@pytest.mark.parametrize("first", [0, 500, 1000])
def test_many_mutated_folders_come_in_or_are_told(door: Door, tmp_path: Path, first: int) -> None:
    """1,500 folders, each third into a database of its own: an import is 140 statements, and two workers share the wait."""
    takes(door, tmp_path, range(first, first + 500))
