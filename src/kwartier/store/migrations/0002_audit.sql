-- The log. Writers insert into pending: durable with their own commit. One sequencer moves pending lines into the tree and signs.
-- Nobody changes or removes a line; erasure takes the salt away, after which no line can be tied to a person's code any more.

create schema audit;

-- HMAC-SHA256(salt, code): who a line is about, for those who know both. RFC 2104 with a key of 16 bytes.
create function audit.tag(salt bytea, code text) returns bytea language sql immutable strict parallel safe as $$
    select sha256(
        int8send(('x' || encode(substr(salt, 1, 8), 'hex'))::bit(64)::bigint # x'5c5c5c5c5c5c5c5c'::bigint)
        || int8send(('x' || encode(substr(salt, 9, 8), 'hex'))::bit(64)::bigint # x'5c5c5c5c5c5c5c5c'::bigint)
        || decode(repeat('5c', 48), 'hex')
        || sha256(
            int8send(('x' || encode(substr(salt, 1, 8), 'hex'))::bit(64)::bigint # x'3636363636363636'::bigint)
            || int8send(('x' || encode(substr(salt, 9, 8), 'hex'))::bit(64)::bigint # x'3636363636363636'::bigint)
            || decode(repeat('36', 48), 'hex')
            || convert_to(code, 'UTF8')))
$$;

-- The columns beside a line are an index into what the line itself says, never a second story.
create function audit.agrees(leaf bytea, kind text, at timestamptz, connection bigint, subject bytea, salt bytea)
    returns boolean language sql immutable as $$
    select coalesce(
        said ->> 'kind' = kind
        and said ->> 'at' = to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
        and (said ->> 'connection')::bigint is not distinct from connection
        and said ->> 'subject' is not distinct from encode(subject, 'hex')
        and (salt is null or said ->> 'salt' = encode(substr(sha256(salt), 1, 8), 'hex')), false)
    from (select convert_from(leaf, 'UTF8')::jsonb as said) as line
$$;

create table audit.pending (
    id         bigint generated always as identity primary key,
    at         timestamptz not null,
    connection bigint,
    kind       text not null,
    subject    bytea check (length(subject) = 32),    -- audit.tag; null: about no person
    salt       bytea check (length(salt) = 16),
    leaf       bytea not null,                         -- canonical JSON: what the tree holds
    check (audit.agrees(leaf, kind, at, connection, subject, salt)),
    check (salt is null or subject is not null)
);

create table audit.entry (
    id         bigint primary key,                     -- as it was in pending: a line keeps its name
    position   bigint not null unique check (position >= 0),   -- index of the leaf in the tree
    at         timestamptz not null,
    connection bigint,
    kind       text not null,
    subject    bytea,
    salt       bytea,
    leaf       bytea not null,
    check (audit.agrees(leaf, kind, at, connection, subject, salt))
);
create index on audit.entry (connection, at) where connection is not null;
create index on audit.entry (kind, at);

-- The lines of a batch. Their root stands in the batch's own entry; crown has the hashes of each 64 of them, so that a proof
-- reads 64 lines and not all.
create table audit.leaf (
    entry      bigint not null,
    connection bigint not null,
    number     integer not null check (number >= 0),
    subject    bytea,
    salt       bytea,
    salt_check bytea,                                  -- first 8 bytes of the salt's hash; stays when the salt goes
    body       bytea not null,
    primary key (entry, number)
);
create index on audit.leaf (connection);
create table audit.crown (
    entry  bigint primary key,
    hashes bytea not null check (length(hashes) % 32 = 0)
);

-- Complete subtrees only: they never change once they exist.
create table audit.node (
    position bigint not null check (position >= 0),
    level    smallint not null check (level between 0 and 62),
    hash     bytea not null check (length(hash) = 32),
    primary key (level, position)
);

create table audit.checkpoint (
    size bigint primary key check (size >= 0),
    root bytea not null check (length(root) = 32),
    note text not null,                                -- C2SP signed note
    at   timestamptz not null
);

create function audit.never() returns trigger language plpgsql as $$
begin
    raise exception '% is append-only', tg_table_name using errcode = 'integrity_constraint_violation';
end $$;

-- The one change there is: a salt that goes.
create function audit.only_erasure() returns trigger language plpgsql as $$
begin
    if new.salt is not null or (to_jsonb(new) - 'salt') is distinct from (to_jsonb(old) - 'salt') then
        raise exception '% is append-only but for erasure', tg_table_name using errcode = 'integrity_constraint_violation';
    end if;
    return new;
end $$;

-- A pending line goes when the same line stands in the tree, and not before.
create function audit.only_integrated() returns trigger language plpgsql as $$
begin
    if not exists (select from audit.entry e where e.id = old.id and e.leaf = old.leaf) then
        raise exception 'a pending line cannot be dropped' using errcode = 'integrity_constraint_violation';
    end if;
    return old;
end $$;

do $$
declare t text;
begin
    foreach t in array array['pending', 'entry', 'leaf'] loop
        execute format('create trigger only_erasure before update on audit.%I for each row execute function audit.only_erasure()', t);
    end loop;
    foreach t in array array['crown', 'node', 'checkpoint'] loop
        execute format('create trigger append_only before update or delete on audit.%I for each row execute function audit.never()', t);
    end loop;
    foreach t in array array['entry', 'leaf'] loop
        execute format('create trigger append_only before delete on audit.%I for each row execute function audit.never()', t);
    end loop;
    foreach t in array array['pending', 'entry', 'leaf', 'crown', 'node', 'checkpoint'] loop
        execute format('create trigger no_truncate before truncate on audit.%I for each statement execute function audit.never()', t);
    end loop;
end $$;
create trigger only_integrated before delete on audit.pending for each row execute function audit.only_integrated();

grant usage on schema audit to kw_operator, kw_portal, kw_audit;
grant select on all tables in schema audit to kw_operator, kw_audit;
grant insert (at, connection, kind, subject, salt, leaf) on audit.pending to kw_operator, kw_portal, kw_audit;
grant insert on audit.leaf, audit.crown to kw_operator;
grant insert on audit.entry, audit.node, audit.checkpoint to kw_audit;
grant delete on audit.pending to kw_audit;
grant update (salt) on audit.pending, audit.entry, audit.leaf to kw_audit;
grant select on audit.pending to kw_portal;            -- to learn the id of the own line; the policies narrow it

-- The portal speaks for one person only: own subject, own name as actor, and of what a customer does.
create function audit.mine(leaf bytea, kind text, subject bytea, salt bytea) returns boolean language sql stable as $$
    select coalesce(
        subject = audit.tag(salt, (select s.code from kw.subject s where s.key = kw.me()))
        and kind in ('permission:granted', 'permission:revoked', 'view:shown', 'view:refused', 'proof:given')
        and convert_from(leaf, 'UTF8')::jsonb ->> 'actor' = 'customer:' || kw.me(), false)
$$;
alter table audit.pending enable row level security;
alter table audit.pending force row level security;
create policy owner on audit.pending for all to kw_owner using (true) with check (true);
create policy operator on audit.pending for all to kw_operator using (true) with check (true);
create policy auditor on audit.pending for all to kw_audit using (true) with check (true);
create policy mine on audit.pending for select to kw_portal using (audit.mine(leaf, kind, subject, salt));
create policy say_mine on audit.pending for insert to kw_portal with check (audit.mine(leaf, kind, subject, salt));
