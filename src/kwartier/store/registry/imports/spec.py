"""What the engine needs to know of one file. All SQL is constant; values travel as parameters or in the staging table.

`judge` selects from pg_temp.staged `i` (with `nth`, the place among rows of the same natural key) one row per staged row with at
least the columns `line`, `raw`, `label` (masked, for the diff), `code` (why it is refused, null if it is not) and `verdict`.
"""

from dataclasses import dataclass
from typing import final


@final
@dataclass(frozen=True, slots=True)
class Spec:
    """One file of an import.

    `columns` are the staged columns with their types. `natural` names a thing within its file: a second row of it is refused.
    `update` applies verdict `changed` in one go, `extend` one row whose end moves out (it may collide), `insert` all `new` rows,
    leaving out those that collide. `landed` is true of a judged row `j` that is there now. `events` selects (kind, connection,
    subject code, body) of what was taken; `late` writes down for whom of it readings wait that were had before it was told, and
    of whom something was said since then that is wrong now.
    """

    file: str
    columns: tuple[tuple[str, str], ...]
    natural: str
    judge: str
    update: str | None
    extend: str | None
    insert: str
    landed: str
    events: str | None = None
    late: tuple[str, ...] = ()


OVERLAPS = "overlaps"
