"""What meters were set to and what happened to them since the town was settled: `state.jsonl`, append-only, a line per change.

A line is {"number": the meter's, one or more of "administrative", "alarms", "firmware" with "signature", "image" with
"identification", "event" [log, stamp, code]}. It is written before the answer leaves, so that a restart finds it.
"""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, final

NAME = "state.jsonl"
Line = dict[str, Any]


@final
class Notebook:
    """The file of one town. Without a folder nothing is kept, as in a town that lives in memory only."""

    def __init__(self, folder: Path | None = None) -> None:
        """Read what is there; what a crash left unfinished is cut off."""
        self._lines: dict[int, list[Line]] = {}
        self._file: int | None = None
        if folder is not None:
            self._open(folder / NAME)

    def _open(self, path: Path) -> None:
        """Read whole lines and append after them."""
        data = path.read_bytes() if path.exists() else b""
        whole = data.rfind(b"\n") + 1
        for line in data[:whole].splitlines():
            found = json.loads(line)
            self._lines.setdefault(found["number"], []).append(found)
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.ftruncate(self._file, whole)

    def of(self, number: int) -> Sequence[Line]:
        """Return what was written about a meter before this run, oldest first."""
        return self._lines.get(number, ())

    def numbers(self) -> Sequence[int]:
        """Return the meters that anything was written about before this run."""
        return tuple(self._lines)

    def write(self, number: int, **said: object) -> None:
        """Write one change down, past every buffer of this process."""
        if self._file is not None:
            os.write(self._file, (json.dumps({"number": number} | said) + "\n").encode())

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
