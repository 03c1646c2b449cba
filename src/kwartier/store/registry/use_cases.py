"""The operator's own uses of meter data: what was proposed, what was approved, and its texts. Public, but for who proposed it."""

from dataclasses import dataclass
from datetime import datetime
from typing import final

from kwartier.model.ground import DataClass, Purpose, UseCase
from kwartier.store.registry import rows as _rows
from kwartier.store.registry.rows import C

_SELECT = """
    select id, code, purpose, data_class, mask, area, days, approved, yearly_limit, min_group, approved_by,
        necessity, subsidiarity, proportionality
    from kw.use_case
"""
_APPROVED = _SELECT + " where approved @> %s order by id"
_ALL = _SELECT + " order by id"


@final
@dataclass(frozen=True, slots=True)
class UseCaseRow:
    """A registered use case with its texts. `approved_by` is a role, no person's name."""

    code: str
    case: UseCase
    approved_by: str
    necessity: str
    subsidiarity: str
    proportionality: str


def approved(c: C, at: datetime) -> list[UseCaseRow]:
    """Return the use cases that are approved at a moment."""
    with _rows.cursor(c) as cursor:
        return [_row(row) for row in cursor.execute(_APPROVED, (at,))]


def every(c: C) -> list[UseCaseRow]:
    """Return every use case that was ever registered."""
    with _rows.cursor(c) as cursor:
        return [_row(row) for row in cursor.execute(_ALL)]


def _row(row: _rows.Row) -> UseCaseRow:
    number, code, purpose, data_class, mask, area, days, approved_, limit, group, by, *texts = row
    case = UseCase(number, Purpose(purpose), DataClass(data_class), mask, area, days, approved_, limit, group)
    return UseCaseRow(code, case, by, *texts)
