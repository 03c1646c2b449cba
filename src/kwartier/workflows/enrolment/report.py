"""What an import did, or with a dry run would do. Nothing in it names a person or a connection in full."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, final


@final
@dataclass(frozen=True, slots=True)
class ImportedFact:
    """A fact that came in, for the log. `kind` is `noun:verb`; `subject_code` is personal data, which the log hashes.

    `at` is the moment of the import; `body` has ids, numbers and epoch seconds.
    """

    kind: str
    connection: int | None
    subject_code: str | None
    at: datetime
    body: Mapping[str, Any]


@final
@dataclass(frozen=True, slots=True)
class FileReport:
    """What became of the rows of one file. `rejected` counts by code; `examples` are lines of the diff, identifiers masked."""

    file: str
    added: int
    changed: int
    unchanged: int
    rejected: Mapping[str, int]
    examples: tuple[str, ...] = ()

    def counts(self) -> dict[str, Any]:
        """Return the counts as plain values."""
        return {"added": self.added, "changed": self.changed, "unchanged": self.unchanged, "rejected": dict(self.rejected)}

    def lines(self) -> list[str]:
        """Return the lines of the diff for this file."""
        reasons = ", ".join(f"{count} {code}" for code, count in self.rejected.items())
        head = f"{self.file}: +{self.added} ~{self.changed} ={self.unchanged} !{sum(self.rejected.values())}"
        return [head + (f" ({reasons})" if reasons else ""), *(f"  {line}" for line in self.examples)]


@final
@dataclass(frozen=True, slots=True)
class ImportReport:
    """What became of a folder, file by file. `run` is the number of the import in the registry, None for a dry run."""

    files: tuple[FileReport, ...]
    run: int | None = None
    dry_run: bool = False

    @property
    def added(self) -> int:
        """Rows that were new."""
        return sum(one.added for one in self.files)

    @property
    def changed(self) -> int:
        """Rows that changed what was known, as an end of a contract."""
        return sum(one.changed for one in self.files)

    @property
    def unchanged(self) -> int:
        """Rows that said what was known."""
        return sum(one.unchanged for one in self.files)

    @property
    def rejected(self) -> int:
        """Rows that were put aside."""
        return sum(sum(one.rejected.values()) for one in self.files)

    @property
    def diff(self) -> list[str]:
        """Every file's counts and a few examples: `+` new, `~` changed, `=` unchanged, `!` put aside."""
        return [line for one in self.files for line in one.lines()]

    def counts(self) -> dict[str, Any]:
        """Return all counts as plain values."""
        totals = {name: getattr(self, name) for name in ("added", "changed", "unchanged", "rejected", "dry_run")}
        return {**totals, "files": {one.file: one.counts() for one in self.files}}
