"""The name of a data file that is durable but not yet part of the table."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import final

from kwartier.store.readings.errors import NotStaged

_PATH = re.compile(r"day=(\d{4}-\d{2}-\d{2})/[a-z0-9-]+\.parquet\Z")


@final
@dataclass(frozen=True, slots=True)
class StagedFile:
    """One data file of one batch and local day. `path` is relative to the lake; `min_key` and `max_key` bound its connections."""

    path: str
    day: date
    rows: int
    size: int
    min_key: int
    max_key: int

    def __post_init__(self) -> None:
        """Refuse a path that does not lie in the folder of its day: it may come back from a database. Raises NotStaged."""
        found = _PATH.match(self.path)
        if found is None or found[1] != self.day.isoformat():
            msg = "not the path of a staged file"
            raise NotStaged(msg)

    def to_json(self) -> dict[str, str | int]:
        """Return what the registry keeps of it."""
        return {
            "path": self.path,
            "day": self.day.isoformat(),
            "rows": self.rows,
            "size": self.size,
            "min_key": self.min_key,
            "max_key": self.max_key,
        }

    @classmethod
    def from_json(cls, kept: Mapping[str, object]) -> "StagedFile":
        """Read what `to_json` made. Raises NotStaged."""
        try:
            rows, size, min_key, max_key = (int(str(kept[name])) for name in ("rows", "size", "min_key", "max_key"))
            return cls(str(kept["path"]), date.fromisoformat(str(kept["day"])), rows, size, min_key, max_key)
        except (KeyError, ValueError):
            msg = "not the record of a staged file"
            raise NotStaged(msg) from None
