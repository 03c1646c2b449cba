"""A night with faults planted in it: in a transaction that is rolled back, and in copies of its files."""

import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from kwartier.audit.canonical import Json
from kwartier.audit.events import Event, EventKind
from kwartier.audit.log import Log
from kwartier.keys import signing
from kwartier.model.period import Period, epoch_s
from kwartier.store.registry import rows
from kwartier.workflows.installation import Installation
from kwartier.workflows.replay.again import Again
from kwartier.workflows.replay.findings import Findings
from kwartier.workflows.replay.known import Known
from kwartier.workflows.replay.run import compare

C = psycopg.Connection[Any]
GUARDED = (
    *(("audit", table) for table in ("event", "waiting", "place", "tile", "block", "crown", "checkpoint")),
    ("kw", "parcel"),
    ("kw", "coupling"),
    ("kw", "staff_act"),
)

LINE_BY_LINE = """
    alter view audit.leaf rename to line;
    create table audit.apart as select * from audit.line with no data;
    create index on audit.apart (entry, number);
    create table audit.taken_apart (entry bigint primary key, changed boolean not null);
    create view audit.leaf as
        select * from audit.line l where not exists (select from audit.taken_apart t where t.entry = l.entry)
        union all select * from audit.apart;
    create function audit.rewritten() returns trigger language plpgsql as $$
    declare batch bigint := coalesce(old.entry, new.entry);
    begin
        if not exists (select from audit.taken_apart where entry = batch) then
            insert into audit.apart select * from audit.line where entry = batch;
        end if;
        insert into audit.taken_apart as t values (batch, true)
            on conflict (entry) do update set changed = true where not t.changed;
        delete from audit.apart where entry = old.entry and number = old.number;
        if tg_op = 'DELETE' then
            return old;
        end if;
        insert into audit.apart select new.*;
        return new;
    end $$;
    create function audit.gathered() returns trigger language plpgsql as $$
    begin
        delete from audit.block where entry in (select entry from audit.taken_apart where changed);
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
                from audit.apart join audit.taken_apart using (entry) where changed and number >= 0
            ) as line
            group by entry, number / 64;
        update audit.taken_apart set changed = false where changed;
        return null;
    end $$;
    create trigger rewritten instead of insert or update or delete on audit.leaf for each row execute function audit.rewritten();
    create trigger gathered after insert or update or delete on audit.leaf for each statement execute function audit.gathered();

    create table audit.stand as select id, page * 64 + n - 1 as position from audit.place, unnest(ids) with ordinality as u (id, n);
    alter table audit.stand add primary key (id);
    create index on audit.stand (position);
    drop view audit.entry;
    create view audit.entry as
        select e.id, s.position, e.at, nullif(e.connection, 0) as connection, e.kind, audit.subject(e.leaf) as subject, e.salt,
            e.leaf, e.nth, e.before, e.who from audit.event e join audit.stand s using (id);
    create table audit.coming as select * from audit.entry with no data;
    create function audit.moved() returns trigger language plpgsql as $$
    begin
        delete from audit.event where id = old.id;
        delete from audit.stand where id = old.id;
        if tg_op = 'DELETE' then
            return old;
        end if;
        insert into audit.coming select new.*;
        return new;
    end $$;
    create function audit.placed() returns trigger language plpgsql as $$
    begin
        insert into audit.event (id, at, connection, nth, kind, who, salt, before, leaf)
            select id, at, coalesce(connection, 0), nth, kind, who, salt, before, leaf from audit.coming;
        insert into audit.stand select id, position from audit.coming;
        delete from audit.coming;
        delete from audit.place;
        insert into audit.place select n / 64, max(coalesce(s.id, 0)), array_agg(coalesce(s.id, 0) order by n)
            from generate_series(0, (select max(position) from audit.stand)) as n
            left join audit.stand s on s.position = n group by 1;
        return null;
    end $$;
    create trigger moved instead of insert or update or delete on audit.entry for each row execute function audit.moved();
    create trigger placed after insert or update or delete on audit.entry for each statement execute function audit.placed();
    create function audit.came() returns trigger language plpgsql as $$
    begin
        if pg_trigger_depth() = 1 then
            insert into audit.stand
                select u.id, page * 64 + n - 1 from audit.place, unnest(ids) with ordinality as u (id, n)
                where page >= (select coalesce(max(position), 0) / 64 from audit.stand)
                    and not exists (select from audit.stand s where s.id = u.id);
        end if;
        return null;
    end $$;
    create trigger came after insert or update on audit.place for each statement execute function audit.came();
"""
"""Lets a test change lines of batches as if each had a row of its own, and events as if their places stood beside them: whoever has
the database can do that too. Only the batch that is changed is taken apart and stored again, so that it is cheap in a large log."""


_REGISTERED = "select key, product, area, transformer from kw.connection where key = any(%s) order by key"
_PLACED = "select connection, key, placed from kw.meter where connection = any(%s) order by key"
_COUPLED = "select connection, id, meter, mbus, period from kw.coupling where connection = any(%s) order by id"


def whereabouts(c: C, at: datetime, connections: Collection[int]) -> Iterator[Event]:
    """Yield what an import would have told of where connections lie, and of the meters at them, of what a test made by itself."""
    asked = (list(connections),)

    def told(kind: EventKind, about: int, period: Period | None = None, **body: Json) -> Event:
        if period is not None:
            body |= {"start": epoch_s(period.start), "end": None if period.end is None else epoch_s(period.end)}
        return Event(at, kind, "operator", None, about, body)

    with rows.cursor(c) as cursor:
        for key, product, area, transformer in cursor.execute(_REGISTERED, asked).fetchall():
            yield told(EventKind.CONNECTION_REGISTERED, key, connection=key, product=product, area=area, transformer=transformer)
        for key, meter, placed in cursor.execute(_PLACED, asked).fetchall():
            yield told(EventKind.METER_PLACED, key, placed, meter=meter, transformer=None)
        for key, number, meter, mbus, period in cursor.execute(_COUPLED, asked).fetchall():
            yield told(EventKind.COUPLING_BEGAN, key, period, coupling=number, meter=meter, mbus=mbus)


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
    at: datetime
    """When it is compared: not before what the log says last."""

    def found(self) -> Findings:
        """Compare as it stands now."""
        made = Findings(self.at)
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
def spoiling(house: Installation, copy: Path, at: datetime) -> Iterator[Faulty]:
    """Open a night as its owner with the guards off, to compare it as of a moment; everything is as it was afterwards."""
    for name in ("audit", "keys", "outbox", "town", "lake"):
        shutil.copytree(house.data / name, copy / name)
    with psycopg.connect(house.dsns.owner) as c:
        for schema, table in GUARDED:
            c.execute(sql.SQL("alter table {} disable trigger user").format(sql.Identifier(schema, table)))
        c.execute(LINE_BY_LINE)
        yield Faulty(replace(house, data=copy, log=Log(signing.load(copy / "keys"), copy / "audit")), c, at)
        c.rollback()
