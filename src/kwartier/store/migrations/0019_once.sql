-- A line is written once, where it is recorded. In which order lines came into the tree stands 64 to a row, and so do the hashes of the
-- tree. What is hashed and what a proof holds is the same as before; docs/adr/0013.

create sequence audit.event_id;
create table audit.event (
    id         bigint primary key,
    at         timestamptz not null,
    connection bigint not null,                        -- 0: about none
    nth        bigint check (nth > 0),                 -- which of its person's lines there; null from before chains, and when untied
    kind       text not null,
    who        bytea check (length(who) = 16),         -- the beginning of SHA-256(code)
    salt       bytea check (length(salt) = 16),        -- null: about no person, or untied
    before     bytea check (length(before) = 32),      -- hash of the person's line before
    leaf       bytea not null                          -- canonical JSON: what the tree holds
);

-- What a line itself says of the person it is about: audit.tag.
create function audit.subject(leaf bytea) returns bytea language sql stable parallel safe as $$
    select case substr(leaf, length(leaf) - 77, 12) when ',"subject":"'::bytea
        then decode(convert_from(substr(leaf, length(leaf) - 65, 64), 'UTF8'), 'hex') end
$$;

-- The columns beside a line are an index into what the line itself says, never a second story. It is JSON, and the end of one about a
-- person is written out here from them: canonical JSON has connection, kind, link, salt, who of the staff, and subject last. What is
-- taken from the line itself, the last two, is in hexadecimal, which is no pattern.
create function audit.ends_with(leaf bytea, connection bigint, kind text, salt bytea, nth bigint, before bytea)
    returns boolean language sql stable as $$
    select leaf like '%'::bytea || convert_to(',"connection":' || case connection when 0 then 'null' else connection::text end
        || ',"kind":"' || replace(kind, '_', '\_') || '"'
        || case when nth is null then '' else
            ',"link":"' || encode(substr(sha256(salt || int8send(nth) || before), 1, 16), 'hex') || '"' end
        || ',"salt":"' || encode(substr(sha256(salt), 1, 8), 'hex') || '"', 'UTF8')
        || case substr(leaf, length(leaf) - 152, 10) when ',"staff":"'::bytea then
            ',"staff":"'::bytea || convert_to(encode(decode(
                convert_from(substr(leaf, length(leaf) - 142, 64), 'UTF8'), 'hex'), 'hex'), 'UTF8') || '"'::bytea else ''::bytea end
        || ',"subject":"'::bytea || convert_to(encode(audit.subject(leaf), 'hex'), 'UTF8') || '"}'::bytea
$$;
create function audit.holds(leaf bytea, at timestamptz, connection bigint, kind text, who bytea, salt bytea, nth bigint, before bytea)
    returns boolean language sql stable as $$
    select coalesce(substr(leaf, 1, 10) = '{"actor":"'::bytea
        and substr(leaf, position('","at":"'::bytea in leaf) + 8, 27)
            = convert_to(to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'UTF8')
        and (nth is null) = (who is null) and (nth is null) = (before is null) and (nth is null or salt is not null)
        and case when salt is null then convert_from(leaf, 'UTF8')::jsonb
                @> jsonb_build_object('kind', kind, 'connection', nullif(connection, 0))
            else convert_from(leaf, 'UTF8')::json is not null and audit.ends_with(leaf, connection, kind, salt, nth, before) end, false)
$$;

-- Which lines wait for the sequencer: a row for all that were recorded together.
create table audit.waiting (
    first bigint primary key,                          -- the least of ids
    ids   bigint[] not null
);

-- Which line has which place in the tree: page p has the places 64 * p and on. `greatest` leads from a line to its page: it is on the first
-- one that reaches so far, unless it was committed after later ones.
create table audit.place (
    page     bigint primary key check (page >= 0),
    greatest bigint not null,
    ids      bigint[] not null check (cardinality(ids) between 1 and 64)
);

-- The hashes of the tree, 64 subtrees of a level to a row: a tile of level 0 is over 64 lines, one of level 1 over 64 tiles. Its hashes stand
-- as they came to be: each leaf of the tile, and behind it the nodes that it completes; the tile's own root is a leaf of the next.
create table audit.tile (
    level    smallint not null check (level between 0 and 10),
    position bigint not null check (position >= 0),
    hashes   bytea not null check (length(hashes) % 32 = 0 and length(hashes) between 32 and 4032),
    primary key (level, position)
) with (toast_tuple_target = 8160);
alter table audit.tile alter column hashes set storage plain;

select setval('audit.event_id', coalesce(max(id), 0) + 1, false)
    from (select id from audit.entry union all select id from audit.pending) as line;
insert into audit.event (id, at, connection, nth, kind, who, salt, before, leaf)
    select l.id, l.at, coalesce(l.connection, 0), l.nth, l.kind, case when l.nth is not null then coalesce(
        (select h.who from audit.head h join kw.subject s on h.who = substr(sha256(convert_to(s.code, 'UTF8')), 1, 16)
            where h.connection = coalesce(l.connection, 0) and audit.tag(l.salt, s.code) = l.subject),
        substr(sha256(l.leaf), 1, 16)) end,            -- of a person whom nobody knows any more
        l.salt, l.before, l.leaf
    from (select id, at, connection, nth, kind, subject, salt, before, leaf from audit.entry
        union all select id, at, connection, nth, kind, subject, salt, before, leaf from audit.pending) as l;
insert into audit.waiting select min(id), array_agg(id order by id) from audit.pending having count(*) > 0;
insert into audit.place select position / 64, max(id), array_agg(id order by position) from audit.entry group by 1;
insert into audit.tile
    select level / 6, (position << (level % 6)) >> 6, string_agg(hash, '' order by (position + 1) << (level % 6), level)
    from audit.node group by 1, 2;
drop table audit.pending, audit.entry, audit.node;
drop function audit.mine, audit.only_integrated, audit.holds(bytea, text, timestamptz, bigint, bytea, bytea, bigint, bytea);

alter table audit.event add constraint holds check (audit.holds(leaf, at, connection, kind, who, salt, nth, before));
-- A person's lines, and where the chain ends: two who write at once cannot both write the same.
create unique index chain on audit.event (connection, who, nth);
create index on audit.event (kind) where connection = 0;
create index on audit.event using brin (at);
create index on audit.place (greatest);

-- Line by line, to look at: what is in the tree, and what waits.
create view audit.entry as
    select e.id, p.page * 64 + array_position(p.ids, e.id) - 1 as position, e.at, nullif(e.connection, 0) as connection, e.kind,
        audit.subject(e.leaf) as subject, e.salt, e.leaf, e.nth, e.before
    from audit.event e, lateral (
        select page, ids from audit.place where greatest >= e.id and ids @> array[e.id] order by greatest limit 1) as p;
create view audit.pending as
    select e.id, e.at, nullif(e.connection, 0) as connection, e.kind, audit.subject(e.leaf) as subject, e.salt, e.leaf, e.nth, e.before
    from audit.event e join (select unnest(ids) as id from audit.waiting) as w using (id);

-- The one change there is of a line: what ties it to a person goes, all at once.
create or replace function audit.only_erasure() returns trigger language plpgsql as $$
begin
    if new.salt is not null or new.nth is not null or new.before is not null or new.who is not null
        or (new.id, new.at, new.connection, new.kind, new.leaf) is distinct from (old.id, old.at, old.connection, old.kind, old.leaf) then
        raise exception '% is append-only but for erasure', tg_table_name using errcode = 'integrity_constraint_violation';
    end if;
    return new;
end $$;
-- A row that is not full yet only grows.
create function audit.only_growth() returns trigger language plpgsql as $$
begin
    raise exception '% only grows', tg_table_name using errcode = 'integrity_constraint_violation';
end $$;
-- What was recorded waits, whoever recorded it; and goes on waiting until it has its place in the tree.
create function audit.wait() returns trigger language plpgsql security definer set search_path = '' as $$
begin
    insert into audit.waiting select min(id), array_agg(id order by id) from recorded having count(*) > 0;
    return null;
end $$;
create function audit.only_placed() returns trigger language plpgsql as $$
begin
    if exists (select unnest(ids) from gone except select unnest(p.ids) from audit.place p
        where p.page >= (select max(page) from audit.place) - (select sum(cardinality(ids)) / 64 + 1 from gone)) then
        raise exception 'a line that waits cannot be dropped' using errcode = 'integrity_constraint_violation';
    end if;
    return null;
end $$;
create trigger waits after insert on audit.event referencing new table as recorded for each statement execute function audit.wait();
create trigger only_placed after delete on audit.waiting referencing old table as gone
    for each statement execute function audit.only_placed();
create trigger only_erasure before update on audit.event for each row execute function audit.only_erasure();
create trigger only_growth before update on audit.place for each row when (new.page <> old.page or new.greatest < old.greatest
    or new.ids[1:cardinality(old.ids)] <> old.ids) execute function audit.only_growth();
create trigger only_growth before update on audit.tile for each row when ((new.level, new.position) <> (old.level, old.position)
    or substr(new.hashes, 1, length(old.hashes)) <> old.hashes) execute function audit.only_growth();
create trigger append_only before update on audit.waiting for each row execute function audit.never();
do $$
declare t text;
begin
    foreach t in array array['event', 'place', 'tile'] loop
        execute format('create trigger append_only before delete on audit.%I for each row execute function audit.never()', t);
    end loop;
    foreach t in array array['event', 'waiting', 'place', 'tile'] loop
        execute format('create trigger no_truncate before truncate on audit.%I for each statement execute function audit.never()', t);
    end loop;
end $$;

-- From here on it has only the ends of chains whose last line is untied: what follows goes on from there.
drop policy mine on audit.head;
alter table audit.head drop column batch, add primary key (connection, who);

-- The portal speaks for one person only: own subject, own name as actor, and of what a customer does.
create function audit.own() returns bytea language sql stable as $$
    select substr(sha256(convert_to(s.code, 'UTF8')), 1, 16) from kw.subject s where s.key = kw.me()
$$;
create function audit.mine(leaf bytea, kind text, who bytea, salt bytea) returns boolean language sql stable as $$
    select coalesce(
        who = (select audit.own())
        and audit.subject(leaf) = audit.tag(salt, (select s.code from kw.subject s where s.key = kw.me()))
        and kind in ('permission:granted', 'permission:revoked', 'permission:rejected', 'view:shown', 'view:refused', 'proof:given',
            'restriction:began', 'restriction:ended', 'right:asked')
        and convert_from(leaf, 'UTF8')::jsonb ->> 'actor' = 'customer:' || kw.me(), false)
$$;
alter table audit.event enable row level security;
alter table audit.event force row level security;
create policy owner on audit.event for all to kw_owner using (true) with check (true);
create policy operator on audit.event for all to kw_operator using (true) with check (true);
create policy auditor on audit.event for all to kw_audit using (true) with check (true);
create policy mine on audit.event for select to kw_portal using (audit.mine(leaf, kind, who, salt));
create policy say_mine on audit.event for insert to kw_portal with check (audit.mine(leaf, kind, who, salt));

-- For each new line, of the chain that it belongs to, if any: its id, how many lines the chain has, and the hash of the last one.
-- 48 bytes each. The portal learns of its own person's chains only.
create function audit.ends(connections bigint[], whose bytea[]) returns bytea
    language sql volatile security definer set search_path = '' as $$
    select string_agg(int8send(nextval('audit.event_id')) || int8send(coalesce(greatest(e.nth, h.nth), 0))
        || coalesce(case when h.nth >= coalesce(e.nth, 0) then h.last else sha256('\x00'::bytea || e.leaf) end,
            decode(repeat('00', 32), 'hex')), '' order by asked.place)
    from (select connection, case when session_user <> 'kw_portal' or who = audit.own() then who end as who, place
        from unnest(connections, whose) with ordinality as a (connection, who, place)) as asked
    left join lateral (select nth, leaf from audit.event l where l.connection = asked.connection and l.who = asked.who
        order by nth desc limit 1) as e on true
    left join audit.head h on h.connection = asked.connection and h.who = asked.who
$$;

grant select on audit.event, audit.waiting, audit.place, audit.tile, audit.entry, audit.pending to kw_operator, kw_audit;
grant insert on audit.event to kw_operator, kw_portal, kw_audit;
grant select (id, connection, who, nth) on audit.event to kw_portal;
grant update (who, salt, nth, before) on audit.event to kw_audit;
grant delete on audit.waiting to kw_audit;
grant insert on audit.place, audit.tile to kw_audit;
grant update (greatest, ids) on audit.place to kw_audit;
grant update (hashes) on audit.tile to kw_audit;
revoke all on audit.head from kw_operator, kw_portal, kw_audit;
grant select on audit.head to kw_operator;
grant select, insert, delete on audit.head to kw_audit;
grant update (nth, last) on audit.head to kw_audit;
