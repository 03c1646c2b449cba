"""Facts hold for [start, end): what is read as that is stored as nothing else, and what was approved stays as it was."""

from typing import Any

import psycopg
import pytest
from psycopg import sql

from kwartier.store.postgres import Dsns
from registry_support import World, between, on

C = psycopg.Connection[Any]
PERIODS = (
    *((table, "period") for table in ("agreement", "suspension", "occupancy", "supply", "restriction", "coupling")),
    *(("meter", "placed"), ("permission", "live"), ("use_case", "days"), ("use_case", "approved")),
)
ODD = (
    "[2026-01-01, 2026-02-01]",
    "(2026-01-01, 2026-02-01)",
    "(, 2026-02-01)",
    "[-infinity, 2026-02-01)",
    "[2026-01-01, infinity)",
)


def facts(world: World) -> None:
    """Write one fact of each kind."""
    home, _, _ = world.home()
    me, party = world.subject(), world.party()
    world.occupancy(home, me)
    world.supply(home, party)
    world.agreement(party)
    world.suspension(party, between("2025-01-01", "2025-02-01"))
    world.permission(home, me, None)
    world.restriction(home)
    world.use_case()


@pytest.mark.parametrize(("table", "column"), PERIODS)
def test_another_shape_is_refused(operator: C, world: World, table: str, column: str) -> None:
    facts(world)
    row = operator.execute(sql.SQL("select * from kw.{}").format(sql.Identifier(table)))
    names = [one.name for one in row.description or () if one.name not in {"id", "key"}]
    copied = [sql.SQL("%s::tstzrange") if name == column else sql.Identifier(name) for name in names]
    insert = sql.SQL("insert into kw.{} ({}) select {} from kw.{} limit 1").format(
        sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, names)), sql.SQL(", ").join(copied), sql.Identifier(table)
    )
    for odd in ODD:
        with pytest.raises(psycopg.errors.CheckViolation, match="half_open"), operator.transaction():
            operator.execute(insert, [odd])


@pytest.mark.parametrize(
    "change", ["yearly_limit = 99", "area = 'everywhere'", "mask = 511", "approved = '[2025-01-01, 2027-01-01)'"]
)
def test_of_a_use_case_only_the_end_of_the_approval_changes(operator: C, world: World, change: str) -> None:
    case = world.use_case()
    with pytest.raises(psycopg.errors.IntegrityConstraintViolation), operator.transaction():
        operator.execute(f"update kw.use_case set {change} where id = %s".encode(), (case,))  # noqa: S608 - a test's own words
    operator.execute("update kw.use_case set approved = tstzrange(lower(approved), '2026-06-01') where id = %s", (case,))


@pytest.mark.parametrize("end", ["'2027-01-02'", "upper(approved) + interval '1 microsecond'", "null"])
def test_an_approval_is_shortened_and_prolonged_by_nobody(dsns: Dsns, operator: C, world: World, end: str) -> None:
    case = world.use_case()
    operator.commit()
    longer = f"update kw.use_case set approved = tstzrange(lower(approved), {end}) where id = %s"  # noqa: S608 - a test's own words
    sooner = "update kw.use_case set approved = tstzrange(lower(approved), %s) where id = %s returning upper(approved)"
    with psycopg.connect(dsns.owner) as owner:
        for c in (operator, owner):
            with pytest.raises(psycopg.errors.IntegrityConstraintViolation, match="prolonged"), c.transaction():
                c.execute(longer.encode(), (case,))
    for until in ("2026-09-01", "2026-06-01"):
        assert operator.execute(sooner, (on(until), case)).fetchone() == (on(until),)
    with pytest.raises(psycopg.errors.IntegrityConstraintViolation, match="prolonged"), operator.transaction():
        operator.execute(sooner, (on("2026-09-01"), case))
