"""The operator's own uses of meter data: what was proposed, what was approved, and its texts. Public, but for who proposed it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, final

from psycopg.types.json import Jsonb

from kwartier.model.ground import DataClass, Purpose, UseCase
from kwartier.store.registry import rows as _rows
from kwartier.store.registry.rows import C

_SELECT = """
    select id, code, purpose, data_class, mask, area, days, approved, yearly_limit, min_group, approved_by,
        necessity, subsidiarity, proportionality
    from kw.use_case
"""
_PROPOSE = """
    insert into kw.use_case_proposal (code, said, proposer, proposed) values (%s, %s, %s, %s) on conflict do nothing returning id
"""
_PROPOSALS = """
    select p.code, p.said, p.proposed, p.decided, p.use_case from kw.use_case_proposal p order by p.id
"""
_PROPOSAL = "select said, proposer, decided from kw.use_case_proposal where code = %s for update"
_APPROVE = "update kw.use_case_proposal set approver = %s, role = %s, decided = %s, use_case = %s where code = %s"
_REGISTER = """
    insert into kw.use_case (code, purpose, data_class, mask, area, days, approved, approved_by, yearly_limit, min_group,
        necessity, subsidiarity, proportionality)
    values (%(code)s, %(purpose)s, %(data_class)s, %(mask)s, %(area)s, %(days)s, %(approved)s, %(approved_by)s, %(yearly_limit)s,
        %(min_group)s, %(necessity)s, %(subsidiarity)s, %(proportionality)s) on conflict do nothing returning id
"""
_END = """
    with ended as (
        update kw.use_case set approved = tstzrange(lower(approved), %(at)s)
        where code = %(code)s and approved @> %(at)s and lower(approved) < %(at)s returning id),
    stopped as (insert into kw.stop (fact, ref, at) select 'use_case', id, %(at)s from ended)
    select id from ended
"""
_SAID = """
    select jsonb_build_object('use_case', u.id, 'purpose', u.purpose, 'data_class', u.data_class, 'mask', u.mask, 'area', u.area,
        'days_start', floor(extract(epoch from lower(u.days)))::bigint,
        'days_end', floor(extract(epoch from upper(u.days)))::bigint,
        'start', floor(extract(epoch from lower(u.approved)))::bigint, 'end', floor(extract(epoch from upper(u.approved)))::bigint,
        'yearly_limit', u.yearly_limit, 'min_group', u.min_group)
    from kw.use_case u where u.id = %s
"""
_LIES_THERE = """
    select exists (select from kw.connection where area = %(area)s) or exists (select from kw.transformer where area = %(area)s)
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


@final
@dataclass(frozen=True, slots=True)
class Proposal:
    """What was proposed, and the number of the use case that it became. Who proposed it does not show."""

    code: str
    said: dict[str, Any]
    proposed: datetime
    decided: datetime | None
    use_case: int | None


def propose(c: C, code: str, said: Mapping[str, Any], proposer: str, at: datetime) -> bool:
    """Keep a proposal. False if there is one with this code."""
    return c.execute(_PROPOSE, (code, Jsonb(dict(said)), proposer, at)).fetchone() is not None


def is_an_area(c: C, area: str) -> bool:
    """True if a connection or a transformer lies in this area, written just so."""
    row = c.execute(_LIES_THERE, {"area": area}).fetchone()
    return row is not None and bool(row[0])


def proposals(c: C) -> list[Proposal]:
    """Return every proposal, in the order in which they came."""
    return [Proposal(*row) for row in c.execute(_PROPOSALS)]


def proposal(c: C, code: str) -> tuple[dict[str, Any], str, datetime | None] | None:
    """Return what was proposed, by whom, and when it was decided; locked until the transaction ends."""
    with _rows.cursor(c) as cursor:
        row = cursor.execute(_PROPOSAL, (code,)).fetchone()
    return None if row is None else (row[0], row[1], row[2])


def register(c: C, values: Mapping[str, Any]) -> int | None:
    """Register an approved use case; None if one has this code. The log has to be told (`told_of`)."""
    with _rows.cursor(c) as cursor:
        row = cursor.execute(_REGISTER, values).fetchone()
    return None if row is None else int(row[0])


def approve(c: C, code: str, approver: str, role: str, at: datetime, use_case: int) -> None:
    """Write down who approved a proposal, in which role, and what it became."""
    c.execute(_APPROVE, (approver, role, at, use_case, code))


def end(c: C, code: str, at: datetime) -> int | None:
    """End the approval of a use case at `at`, and stop what rests on it; None if none with this code is approved then."""
    row = c.execute(_END, {"code": code, "at": at}).fetchone()
    return None if row is None else int(row[0])


def told_of(c: C, use_case: int) -> dict[str, Any]:
    """Return what the log is told of a use case when it is registered, or ends: as an import tells it."""
    row = c.execute(_SAID, (use_case,)).fetchone()
    assert row is not None  # noqa: S101 - the caller has just written it
    return dict(row[0])


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
