"""What came in from another body and was put aside: each line with its reason, as it came."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from kwartier.store.registry import rows as _rows
from kwartier.store.registry.rows import C

_RUN = "insert into kw.import_run (at, counts) values (%s, %s) returning id"
_REJECT = "insert into kw.import_reject (run, file, line, code, row) values (%s, %s, %s, %s, %s)"


def write(c: C, at: datetime, counts: Mapping[str, Any], file: str, aside: Sequence[tuple[int, str, str]]) -> int:
    """Write down that a file was taken, and its lines (number, code, as it came) that were not. Returns the number of the run."""
    with _rows.cursor(c) as cursor:
        found = cursor.execute(_RUN, (at, Jsonb(dict(counts)))).fetchone()
        run = int(found[0]) if found else 0
        cursor.executemany(_REJECT, [(run, file, *one) for one in aside])
    return run
