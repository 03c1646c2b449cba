"""An import into a fresh registry, with the real vault and the real key shipment; the facts for the log are kept beside."""

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pytest

from kwartier.keys import shipment
from kwartier.keys.vault import Vault
from kwartier.store.postgres import Dsns
from kwartier.workflows.enrolment.files import COLUMNS
from kwartier.workflows.enrolment.intake import Door, import_folder
from kwartier.workflows.enrolment.report import ImportedFact, ImportReport

C = psycopg.Connection[Any]
AT = datetime(2026, 3, 10, 12, tzinfo=UTC)
Row = dict[str, str]


@dataclass
class Gate:
    """The way in of one test. `facts` are those of the last import."""

    dsn: str
    keys: Path
    public: bytes
    vault: Vault
    facts: list[ImportedFact] = field(default_factory=list)

    @contextmanager
    def operator(self) -> Iterator[C]:
        with psycopg.connect(self.dsn) as c:
            yield c

    def take(self, folder: Path, *, dry_run: bool = False, at: datetime = AT) -> ImportReport:
        self.facts.clear()
        door = Door(self.operator, self.vault.wrap, partial(shipment.open, self.keys), {"SMR5"}, self._record)
        return import_folder(door, folder, dry_run=dry_run, at=at)

    def _record(self, _c: C, facts: Sequence[ImportedFact]) -> None:
        self.facts.extend(facts)

    def ask(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        with self.operator() as c:
            return c.execute(query.encode(), values).fetchall()

    def refused(self) -> list[tuple[str, int, str]]:
        """Return (file, line, code) of every row ever put aside."""
        return self.ask("select file, line, code from kw.import_reject order by id")


@pytest.fixture
def gate(dsns: Dsns, tmp_path: Path) -> Gate:
    keys = tmp_path / "keys"
    keys.mkdir(mode=0o700)
    Vault.create(keys)
    return Gate(dsns.operator, keys, shipment.create(keys), Vault(keys))


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Write a folder of files: `write("name", subjects=[{"code": ...}])`; columns that are not given stay empty."""

    def made(name: str, **files: Iterable[Row]) -> Path:
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        for file, rows in files.items():
            with (folder / f"{file}.csv").open("w", encoding="utf-8", newline="") as out:
                writer = csv.DictWriter(out, COLUMNS[f"{file}.csv"])
                writer.writeheader()
                writer.writerows(rows)
        return folder

    return made
