"""A night with faults planted in it: in a transaction that is rolled back, and in copies of its files."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from kwartier.audit.events import Event, EventKind
from kwartier.audit.log import Log
from kwartier.keys import signing
from kwartier.workflows.installation import Installation
from kwartier.workflows.replay.again import Again
from kwartier.workflows.replay.findings import Findings
from kwartier.workflows.replay.known import Known
from kwartier.workflows.replay.run import compare

C = psycopg.Connection[Any]
GUARDED = (
    *(("audit", table) for table in ("event", "waiting", "place", "tile", "block", "crown", "checkpoint")),
    ("kw", "parcel"),
    ("kw", "staff_act"),
)

LINE_BY_LINE = """
    alter view audit.leaf rename to line;
    create table audit.leaf as select * from audit.line;
    create function audit.gathered() returns trigger language plpgsql as $$
    begin
        delete from audit.block;
        insert into audit.block
            select entry, number / 64 * 64, int8range(min(connection), max(connection), '[]'),
                string_agg(int8send(connection), '' order by number),
                string_agg(coalesce(subject, decode(repeat('00', 32), 'hex')), '' order by number),
                case when count(salt_check) > 0 then
                    string_agg(coalesce(salt_check, decode(repeat('00', 8), 'hex')), '' order by number) end,
                string_agg(coalesce(link, decode(repeat('00', 16), 'hex')), '' order by number),
                string_agg(int4send(ends::integer), '' order by number),
                string_agg(body, '' order by number),
                string_agg(coalesce(salt, decode(repeat('00', 16), 'hex')) || int8send(coalesce(nth, 0))
                    || coalesce(before, decode(repeat('00', 32), 'hex')), '' order by number)
            from (
                select *, sum(length(body)) over (partition by entry, number / 64 order by number) as ends
                from audit.leaf where number >= 0
            ) as line
            group by entry, number / 64;
        return null;
    end $$;
    create trigger gathered after insert or update or delete on audit.leaf for each statement execute function audit.gathered();

    create temporary table planted_too on commit drop as
        select n.*, e.who from audit.entry n join audit.event e using (id);
    drop view audit.entry;
    create table audit.entry as select * from planted_too;
    create function audit.placed() returns trigger language plpgsql as $$
    begin
        delete from audit.event where id in (select unnest(ids) from audit.place) or id in (select id from audit.entry);
        insert into audit.event (id, at, connection, nth, kind, who, salt, before, leaf)
            select id, at, coalesce(connection, 0), nth, kind, who, salt, before, leaf from audit.entry;
        delete from audit.place;
        insert into audit.place select n / 64, max(coalesce(e.id, 0)), array_agg(coalesce(e.id, 0) order by n)
            from generate_series(0, (select max(position) from audit.entry)) as n
            left join audit.entry e on e.position = n group by 1;
        return null;
    end $$;
    create trigger placed after insert or update or delete on audit.entry for each statement execute function audit.placed();
    create function audit.came() returns trigger language plpgsql as $$
    begin
        if pg_trigger_depth() = 1 then
            insert into audit.entry (id, position, at, connection, kind, subject, salt, leaf, nth, before, who)
                select e.id, p.page * 64 + n - 1, at, nullif(connection, 0), kind, audit.subject(leaf), salt, leaf, nth, before, who
                from audit.place p, unnest(p.ids) with ordinality as u (id, n) join audit.event e using (id)
                where not exists (select from audit.entry s where s.id = e.id);
        end if;
        return null;
    end $$;
    create trigger came after insert or update on audit.place for each statement execute function audit.came();
    drop trigger waits on audit.event;
    create trigger waits after insert on audit.event referencing new table as recorded
        for each statement when (pg_trigger_depth() = 0) execute function audit.wait();
"""
"""Lets a test change lines of batches as if each had a row of its own, and events as if their places stood beside them: whoever has
the database can do that too."""


def no_decisions() -> Again:
    """Return what is not asked where the tasks come decided."""
    made = Again.__new__(Again)
    made.known = Known.__new__(Known)
    return made


@dataclass(frozen=True)
class Faulty:
    """A night to spoil: change the database through `c` and the files below `house.data`, then compare."""

    house: Installation
    c: C

    def found(self) -> Findings:
        """Compare as it stands now."""
        made = Findings(datetime(2026, 11, 25, tzinfo=UTC))
        compare(self.house, self.c, made)
        return made

    def codes(self) -> set[str]:
        """Return the kinds of contradiction found."""
        return {one.code for one in self.found().findings}

    def one(self, query: str, *values: object) -> Any:  # noqa: ANN401 - whatever the column holds
        """Return the first column of the first row."""
        row = self.c.execute(query.encode(), values).fetchone()
        assert row is not None, "the night has nothing of the kind"
        return row[0]

    def change(self, query: str, *values: object) -> None:
        """Change something; a fault that changes nothing is none."""
        assert self.c.execute(query.encode(), values).rowcount > 0

    def tell(self, event: EventKind, about: int | None, at: datetime, **body: Any) -> None:  # noqa: ANN401 - ids and moments
        """Let the log be told of a fact, and sign."""
        self.house.log.record(self.c, [Event(at, event, "operator", None, about, body)])
        self.house.log.integrate(self.c)

    @property
    def journal(self) -> Path:
        """The copied journal of the meters."""
        return self.house.data / "town" / "sessions.jsonl"


@contextmanager
def spoiling(house: Installation, copy: Path) -> Iterator[Faulty]:
    """Open a night as its owner with the guards off; everything is as it was afterwards."""
    for name in ("audit", "keys", "outbox", "town", "lake"):
        shutil.copytree(house.data / name, copy / name)
    with psycopg.connect(house.dsns.owner) as c:
        for schema, table in GUARDED:
            c.execute(sql.SQL("alter table {} disable trigger user").format(sql.Identifier(schema, table)))
        c.execute(LINE_BY_LINE)
        yield Faulty(replace(house, data=copy, log=Log(signing.load(copy / "keys"), copy / "audit")), c)
        c.rollback()
