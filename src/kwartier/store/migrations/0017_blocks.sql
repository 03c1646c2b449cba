-- The lines of a batch are stored 64 to a row, and the chains of batches 64 connections to a row: a night has millions of them.
-- What is hashed is the same as before, and so are the proofs; docs/adr/0010.

-- Big-endian, without sign; `at` counts bytes from 0.
create function audit.number_at(data bytea, at integer, size integer) returns bigint language sql immutable strict parallel safe as $$
    select ('x' || lpad(encode(substr(data, at + 1, size), 'hex'), 16, '0'))::bit(64)::bigint
$$;

-- Each column but the last has a piece of the same size for every line; zeros where the line is about no person.
create table audit.block (
    entry       bigint not null,
    first       integer not null check (first >= 0 and first % 64 = 0),    -- number of its first line
    reach       int8range not null,                    -- from its least connection to its greatest: to find a person's lines
    connections bytea not null,                        -- 8 bytes each
    subjects    bytea not null,                        -- 32: audit.tag
    checks      bytea not null,                        -- 8: the beginning of the salt's hash; stays when the salt goes
    links       bytea not null,                        -- 16: zeros in lines from before there were chains
    ends        bytea not null,                        -- 4: where the line's body ends in bodies
    bodies      bytea not null,
    ties        bytea not null,                        -- 56: salt 16, nth 8, before 32; zeros when untied from the person
    primary key (entry, first),
    check (length(connections) between 8 and 512 and length(connections) % 8 = 0),
    check (length(subjects) = 4 * length(connections) and length(checks) = length(connections)),
    check (length(links) = 2 * length(connections) and 2 * length(ends) = length(connections)),
    check (length(ties) = 7 * length(connections))
);
create index on audit.block using gist (reach);
alter table audit.block alter column bodies set storage external, alter column ties set storage external;

insert into audit.block
    select entry, number / 64 * 64, int8range(min(connection), max(connection), '[]'),
        string_agg(int8send(connection), '' order by number),
        string_agg(coalesce(subject, decode(repeat('00', 32), 'hex')), '' order by number),
        string_agg(coalesce(salt_check, decode(repeat('00', 8), 'hex')), '' order by number),
        string_agg(coalesce(link, decode(repeat('00', 16), 'hex')), '' order by number),
        string_agg(int4send(ends::integer), '' order by number),
        string_agg(body, '' order by number),
        string_agg(coalesce(salt, decode(repeat('00', 16), 'hex')) || int8send(coalesce(nth, 0))
            || coalesce(before, decode(repeat('00', 32), 'hex')), '' order by number)
    from (select *, sum(length(body)) over (partition by entry, number / 64 order by number) as ends from audit.leaf) as line
    group by entry, number / 64;
drop table audit.leaf;

-- Line by line, to look at.
create view audit.leaf as
    select b.entry, audit.number_at(b.connections, 8 * n, 8) as connection, b.first + n as number,
        nullif(substr(b.subjects, 32 * n + 1, 32), decode(repeat('00', 32), 'hex')) as subject,
        nullif(substr(b.ties, 56 * n + 1, 16), decode(repeat('00', 16), 'hex')) as salt,
        nullif(substr(b.checks, 8 * n + 1, 8), decode(repeat('00', 8), 'hex')) as salt_check,
        substr(b.bodies, begins::integer + 1, (audit.number_at(b.ends, 4 * n, 4) - begins)::integer) as body,
        nullif(substr(b.links, 16 * n + 1, 16), decode(repeat('00', 16), 'hex')) as link,
        nullif(nth, 0) as nth,
        case when nth > 0 then substr(b.ties, 56 * n + 25, 32) end as before
    from audit.block b, generate_series(0, length(b.checks) / 8 - 1) as n,
        lateral (select case when n = 0 then 0 else audit.number_at(b.ends, 4 * n - 4, 4) end as begins,
            audit.number_at(b.ties, 56 * n + 16, 8) as nth) as place;

-- The one change there is: a line's tie that goes.
create function audit.only_untying() returns trigger language plpgsql as $$
begin
    if (new.entry, new.first, new.reach, new.connections, new.subjects, new.checks, new.links, new.ends, new.bodies, length(new.ties))
        is distinct from (old.entry, old.first, old.reach, old.connections, old.subjects, old.checks, old.links, old.ends, old.bodies,
            length(old.ties))
        or exists (select from generate_series(0, length(old.ties) / 56 - 1) as n
            where substr(new.ties, 56 * n + 1, 56) not in (substr(old.ties, 56 * n + 1, 56), decode(repeat('00', 56), 'hex'))) then
        raise exception 'block is append-only but for erasure' using errcode = 'integrity_constraint_violation';
    end if;
    return new;
end $$;
create trigger only_untying before update on audit.block for each row execute function audit.only_untying();
create trigger append_only before delete on audit.block for each row execute function audit.never();
create trigger no_truncate before truncate on audit.block for each statement execute function audit.never();

-- Where the chains of batches stand: 64 bytes each, of the connections 64 * page to 64 * page + 63. connection 8, who 16, nth 8,
-- last 32, as in audit.head, which keeps those of single events.
create table audit.page (
    page  bigint primary key,
    heads bytea not null check (length(heads) % 64 = 0)
);
alter table audit.page alter column heads set storage external;
insert into audit.page
    select connection >> 6, string_agg(int8send(connection) || who || int8send(nth) || last, '' order by connection, who)
    from audit.head where batch group by connection >> 6;
delete from audit.head where batch;
alter table audit.head add check (not batch);

grant select on audit.block, audit.page, audit.leaf to kw_operator, kw_audit;
grant insert on audit.block, audit.page to kw_operator;
grant update (heads) on audit.page to kw_operator, kw_audit;
grant update (ties) on audit.block to kw_audit;

-- A line is parsed once: it must hold what the columns beside it say, and nothing of what they do not. In audit.entry stands a copy of
-- a row that was looked at in audit.pending; the replay looks again.
create function audit.holds(leaf bytea, kind text, at timestamptz, connection bigint, subject bytea, salt bytea, nth bigint, before bytea)
    returns boolean language sql stable as $$
    select coalesce(
        convert_from(leaf, 'UTF8')::jsonb @> jsonb_strip_nulls(jsonb_build_object(
            'kind', kind,
            'at', to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
            'connection', connection,
            'subject', encode(subject, 'hex'),
            'salt', encode(substr(sha256(salt), 1, 8), 'hex'),
            'link', encode(substr(sha256(salt || int8send(nth) || before), 1, 16), 'hex')))
        and (nth is null) = (before is null)
        and (salt is not null or nth is null)
        and (connection is not null or convert_from(leaf, 'UTF8')::jsonb @> '{"connection": null}')
        and (subject is not null or not convert_from(leaf, 'UTF8')::jsonb ? 'subject')
        and (nth is not null or salt is null or not convert_from(leaf, 'UTF8')::jsonb ? 'link'), false)
$$;
do $$
declare r record;
begin
    for r in select conrelid::regclass as tab, conname from pg_constraint
        where contype = 'c' and conrelid in ('audit.pending'::regclass, 'audit.entry'::regclass)
            and pg_get_constraintdef(oid) ~ 'audit\.(agrees|linked)\(' loop
        execute format('alter table %s drop constraint %I', r.tab, r.conname);
    end loop;
end $$;
alter table audit.pending add constraint holds check (audit.holds(leaf, kind, at, connection, subject, salt, nth, before));
alter table audit.entry add constraint entry_check check (salt is null or subject is not null);
drop function audit.agrees, audit.linked;

-- A pending line goes when the same line stands in the tree, and not before: looked at for all that go together.
drop trigger only_integrated on audit.pending;
create or replace function audit.only_integrated() returns trigger language plpgsql as $$
begin
    if exists (select from gone g where not exists (select from audit.entry e where e.id = g.id and e.leaf = g.leaf)) then
        raise exception 'a pending line cannot be dropped' using errcode = 'integrity_constraint_violation';
    end if;
    return null;
end $$;
create trigger only_integrated after delete on audit.pending referencing old table as gone
    for each statement execute function audit.only_integrated();
