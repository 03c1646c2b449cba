"""The way in of one test: an import into a fresh registry, with the real vault and the real key shipment."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import psycopg

from kwartier.keys import shipment
from kwartier.keys.vault import Vault
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
        """Open a transaction."""
        with psycopg.connect(self.dsn) as c:
            yield c

    def take(self, folder: Path, *, dry_run: bool = False, at: datetime = AT) -> ImportReport:
        """Import a folder."""
        self.facts.clear()
        door = Door(self.operator, self.vault, partial(shipment.open, self.keys), {"SMR5"}, self._record)
        return import_folder(door, folder, dry_run=dry_run, at=at)

    def _record(self, _c: C, facts: Sequence[ImportedFact]) -> None:
        self.facts.extend(facts)

    def ask(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Ask the registry as the operator."""
        with self.operator() as c:
            return c.execute(query.encode(), values).fetchall()

    def refused(self) -> list[tuple[str, int, str]]:
        """Return (file, line, code) of every row ever put aside."""
        return self.ask("select file, line, code from kw.import_reject order by id")
