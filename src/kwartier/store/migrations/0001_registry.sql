-- The registry: who is connected, by which meter, supplied by whom, and who may know what. Runs as kw_owner.
-- Facts are append-only: an end is a new row (…_end, permission_event), never an update of what was said before.
-- Syntax of PostgreSQL 15; btree_gist is not needed: int8range makes a key comparable inside a GiST exclusion.

create schema kw;

create table kw.connection (
    key         bigint generated always as identity primary key,
    ean         text not null unique check (ean ~ '^[0-9]{18}$'),   -- personal data: only the registry holds it
    product     text not null check (product in ('electricity', 'gas')),
    area        text not null,                                       -- grid area, as use cases name it
    transformer bigint,                                              -- electricity only
    capacity_w  integer not null check (capacity_w > 0)              -- electricity: W per direction; gas: dm3 per hour
);

create table kw.transformer (
    key     bigint generated always as identity primary key,
    name    text not null unique,
    area    text not null
);
alter table kw.connection add foreign key (transformer) references kw.transformer;
create index on kw.connection (transformer);

create table kw.subject (
    key      bigint generated always as identity primary key,
    code     text not null unique,        -- customer number, the customer's own code in proofs; personal data
    name     text not null                -- personal data
);

create table kw.party (
    key   bigint generated always as identity primary key,
    code  text not null unique,           -- EAN-13 or short code; public
    name  text not null,
    role  text not null check (role in ('supplier', 'third_party'))
);

create table kw.agreement (
    id     bigint generated always as identity primary key,
    party  bigint not null references kw.party,
    period tstzrange not null check (not isempty(period)),
    exclude using gist (int8range(party, party, '[]') with &&, period with &&)
);

create table kw.occupancy (
    id         bigint generated always as identity primary key,
    connection bigint not null references kw.connection,
    subject    bigint not null references kw.subject,
    period     tstzrange not null check (not isempty(period)),
    exclude using gist (int8range(connection, connection, '[]') with &&, period with &&)
);
create index on kw.occupancy (subject);
create index on kw.occupancy (connection);

create table kw.supply (
    id         bigint generated always as identity primary key,
    connection bigint not null references kw.connection,
    party      bigint not null references kw.party,
    period     tstzrange not null check (not isempty(period)),
    exclude using gist (int8range(connection, connection, '[]') with &&, period with &&)
);
create index on kw.supply (connection);

-- Permissions (EU 2023/1162). party null: the customer's own opt-in to quarter-hours on the own page.
create table kw.permission (
    id         bigint generated always as identity primary key,
    connection bigint not null references kw.connection,
    subject    bigint not null references kw.subject,
    party      bigint references kw.party,
    mask       integer not null check (mask > 0),     -- channels, model/register.py
    purpose    text not null,                         -- the customer's words, shown back to the customer
    data       tstzrange not null check (not isempty(data)),
    live       tstzrange not null check (not isempty(live)),
    reference  text unique                            -- the consent reference of an import, so that it is not taken twice
);
create table kw.permission_event (
    id         bigint generated always as identity primary key,
    permission bigint not null references kw.permission,
    at         timestamptz not null,
    event      text not null check (event in ('granted', 'revoked', 'terminated', 'expired', 'invalidated'))
);
create index on kw.permission_event (permission);
create unique index permission_ends_once on kw.permission_event (permission) where event <> 'granted';
-- The projection that decisions read: kept by trigger only, `live` cut at the end event.
create table kw.permission_state (
    id         bigint primary key references kw.permission,
    connection bigint not null,
    subject    bigint not null,
    party      bigint,
    purpose    text not null,
    live       tstzrange not null,
    exclude using gist (int8range(connection, connection, '[]') with &&, int8range(coalesce(party, 0), coalesce(party, 0), '[]') with &&,
                        int8range(hashtextextended(purpose, 0), hashtextextended(purpose, 0), '[]') with &&, live with &&)
);
create index on kw.permission_state (connection);

create function kw.permission_opens() returns trigger language plpgsql security definer set search_path = '' as $$
begin
    insert into kw.permission_state values (new.id, new.connection, new.subject, new.party, new.purpose, new.live);
    return new;
end $$;
create trigger permission_opens after insert on kw.permission for each row execute function kw.permission_opens();

create function kw.permission_ends() returns trigger language plpgsql security definer set search_path = '' as $$
begin
    if new.event <> 'granted' then
        -- an end before the start leaves an empty range: the permission never lived
        update kw.permission_state set live = live * tstzrange(null, new.at) where id = new.permission;
        insert into kw.stop (fact, ref, at) values ('permission', new.permission, new.at);
    end if;
    return new;
end $$;

create table kw.restriction (
    id         bigint generated always as identity primary key,
    connection bigint not null references kw.connection,
    kind       text not null check (kind in ('refused', 'administratively_off')),
    period     tstzrange not null check (not isempty(period)),
    exclude using gist (int8range(connection, connection, '[]') with &&, period with &&)
);
create index on kw.restriction (connection);

create table kw.use_case (
    id              bigint generated always as identity primary key,
    code            text not null unique,
    purpose         text not null check (purpose in ('device_care', 'outage', 'danger', 'energy_loss')),
    data_class      text not null,
    mask            integer not null,
    area            text not null,
    days            tstzrange not null check (not isempty(days) and upper(days) is not null),
    approved        tstzrange not null check (upper(approved) is not null),
    approved_by     text not null,
    yearly_limit    integer not null check (yearly_limit > 0),
    min_group       integer not null check (min_group >= 2),
    necessity       text not null,
    subsidiarity    text not null,
    proportionality text not null
);

create table kw.meter (
    key          bigint generated always as identity primary key,
    equipment_id text not null unique,                 -- personal data
    model        text not null,
    host         inet not null,                        -- personal data
    port         integer not null check (port between 1 and 65535),
    system_title bytea not null unique check (length(system_title) = 8),
    connection   bigint references kw.connection,      -- the electricity connection, or
    transformer  bigint references kw.transformer,     -- the transformer whose infeed it measures
    placed       tstzrange not null check (not isempty(placed)),
    check ((connection is null) <> (transformer is null)),
    exclude using gist (int8range(connection, connection, '[]') with &&, placed with &&) where (connection is not null),
    exclude using gist (int8range(transformer, transformer, '[]') with &&, placed with &&) where (transformer is not null)
);
create index on kw.meter (connection);
create index on kw.meter (transformer) where transformer is not null;
create table kw.coupling (
    id         bigint generated always as identity primary key,
    meter      bigint not null references kw.meter,
    mbus       smallint not null check (mbus between 1 and 4),
    connection bigint not null references kw.connection,
    period     tstzrange not null check (not isempty(period)),
    exclude using gist (int8range(meter, meter, '[]') with &&, int8range(mbus, mbus, '[]') with &&, period with &&),
    exclude using gist (int8range(connection, connection, '[]') with &&, period with &&)
);
create index on kw.coupling (meter);
create index on kw.coupling (connection);

-- Wrapped keys, and the next invocation counter that was never handed out. It only rises.
create table kw.meter_key (
    meter     bigint primary key references kw.meter,
    version   integer not null default 1,
    guek      bytea not null,             -- AES-KW (RFC 3394) under the vault's master key
    gak       bytea not null,
    next_ic   bigint not null default 1 check (next_ic between 1 and 4294967296)
);
create function kw.counter_rises() returns trigger language plpgsql as $$
begin
    if new.version = old.version and new.next_ic < old.next_ic then
        raise exception 'an invocation counter never falls' using errcode = 'check_violation';
    end if;
    return new;
end $$;
create trigger counter_rises before update on kw.meter_key for each row execute function kw.counter_rises();

-- What must stop at once: workers look here at most every 250 ms. seq orders by commit-visible insertion under an advisory lock.
create table kw.stop (
    seq  bigint generated always as identity primary key,
    fact text not null,
    ref  bigint not null,
    at   timestamptz not null,                            -- from when it holds
    said timestamptz not null default clock_timestamp()   -- when it was said: a stop may hold from before, or from later
);
create index on kw.stop (at);
create index on kw.stop (said);
create trigger permission_ends after insert on kw.permission_event for each row execute function kw.permission_ends();
-- Once per statement: an import brings thousands. What was over before it was said stops nothing.
create function kw.restriction_stops() returns trigger language plpgsql security definer set search_path = '' as $$
begin
    insert into kw.stop (fact, ref, at)
    select 'connection', n.connection, lower(n.period) from fresh n
    where upper(n.period) is null or upper(n.period) > clock_timestamp();
    -- refusing or switching off concerns the meter, so the gas it carries too
    insert into kw.stop (fact, ref, at)
    select 'connection', c.connection, lower(n.period * m.placed * c.period)
    from fresh n join kw.meter m on m.connection = n.connection join kw.coupling c on c.meter = m.key
    where upper(n.period * m.placed * c.period) is null and not isempty(n.period * m.placed * c.period)
        or upper(n.period * m.placed * c.period) > clock_timestamp();
    return null;
end $$;
create trigger restriction_stops after insert on kw.restriction
    referencing new table as fresh for each statement execute function kw.restriction_stops();

-- The night. intent: recorded before any meter is touched. A batch goes planned -> staged -> committed.
create table kw.night (
    id      bigint generated always as identity primary key,
    day     date not null,
    started timestamptz not null,
    ended   timestamptz,
    summary jsonb
);
create table kw.batch (
    id        bigint generated always as identity primary key,
    night     bigint not null references kw.night,
    state     text not null check (state in ('planned', 'staged', 'committed', 'abandoned')),
    files     jsonb not null default '[]',            -- what is staged in the lake: path, day, rows, bytes, key bounds
    staged    timestamptz,
    committed timestamptz
);
create index on kw.batch (state) where state <> 'committed';
create table kw.outcome (
    batch      bigint not null references kw.batch,
    meter      bigint not null,
    connection bigint not null,                       -- 0 for a station meter
    profile    text not null,
    mbus       smallint not null,
    first_s    bigint not null,
    last_s     bigint not null,
    result     text not null,                         -- model/task.py Result
    reason     text,                                  -- GapReason
    permits    bytea not null,                        -- the ids (16 bytes each) of the permits that were served
    at         timestamptz not null
);
create index on kw.outcome (connection, last_s);
create index on kw.outcome (batch);
create index on kw.outcome (last_s);

create table kw.quarantine (
    id         bigint generated always as identity primary key,
    batch      bigint not null references kw.batch,
    connection bigint not null,
    meter      bigint not null,
    profile    text not null,
    first_s    bigint not null,
    last_s     bigint not null,
    verdicts   jsonb not null,
    rows       bytea not null                         -- the answer as validation saw it, so that nothing is lost
);

create table kw.basis (
    id    bigint primary key,                         -- bit rule_no set per rule
    rules text[] not null
);

-- Which days a connection was read for a use case: the yearly limit counts these.
create table kw.use_case_day (
    use_case   bigint not null references kw.use_case,
    connection bigint not null,
    day        date not null,
    primary key (use_case, connection, day)
);

create table kw.loss (
    transformer    bigint not null references kw.transformer,
    day            date not null,
    use_case       bigint not null references kw.use_case,
    batch          bigint not null references kw.batch,
    homes          integer not null,
    homes_read     integer not null,
    infeed_wh      bytea,                             -- int64 per quarter; null: not published
    net_use_wh     bytea,                             -- sum over the homes read
    loss_wh        bytea,
    uncertainty_wh bytea,
    withheld       text,                              -- why no figure is published
    primary key (transformer, day)
);

create table kw.parcel (
    id         text primary key,                      -- random, says nothing
    night      bigint references kw.night,
    receiver_role text not null,
    receiver   bigint not null,
    connection bigint not null,
    purpose    text not null,
    period     tstzrange not null,
    mask       integer not null,
    permit     bytea,                                 -- null when withheld
    status     text not null check (status in ('delivered', 'withheld', 'failed')),
    reason     text,
    at         timestamptz not null
);
create unique index parcel_once on kw.parcel (receiver_role, receiver, connection, purpose, period, mask) where status = 'delivered';
create index on kw.parcel (connection);

create table kw.import_run (
    id     bigint generated always as identity primary key,
    at     timestamptz not null,
    counts jsonb not null
);
create table kw.import_reject (
    id     bigint generated always as identity primary key,
    run    bigint not null references kw.import_run,
    file   text not null,
    line   integer not null,
    code   text not null,                             -- stable reason
    row    text not null                              -- as it came; personal data: operator only
);

-- After an import the planner must know what came in before the first night, not when a vacuum passes by.
create function kw.take_statistics() returns void language plpgsql security definer set search_path = '' as $$
begin
    analyze kw.connection, kw.occupancy, kw.supply, kw.permission, kw.permission_state, kw.permission_event, kw.restriction,
        kw.meter, kw.meter_key, kw.coupling, kw.subject, kw.transformer, kw.stop;
end $$;

-- Append-only facts: nobody but the owner may update or delete.
create function kw.never() returns trigger language plpgsql as $$
begin
    raise exception '% is append-only', tg_table_name using errcode = 'integrity_constraint_violation';
end $$;
create trigger append_only before update or delete on kw.permission for each row execute function kw.never();
create trigger append_only before update or delete on kw.permission_event for each row execute function kw.never();
create trigger append_only before update or delete on kw.stop for each row execute function kw.never();

-- Of the facts that may get an end, the end is all that may change; what has ended is history and stays.
create function kw.only_the_end() returns trigger language plpgsql as $$
begin
    if to_jsonb(new) - 'period' <> to_jsonb(old) - 'period' or lower(new.period) <> lower(old.period) then
        raise exception 'of % only the end may change', tg_table_name using errcode = 'integrity_constraint_violation';
    end if;
    return new;
end $$;
create trigger only_the_end before update on kw.occupancy for each row execute function kw.only_the_end();
create trigger only_the_end before update on kw.supply for each row execute function kw.only_the_end();
create trigger only_the_end before update on kw.agreement for each row execute function kw.only_the_end();
create trigger only_the_end before update on kw.restriction for each row execute function kw.only_the_end();
create trigger only_the_end before update on kw.coupling for each row execute function kw.only_the_end();

-- Roles. kw_owner owns and migrates; kw_operator runs the nights; kw_portal sees one subject; kw_audit appends to the log.
grant usage on schema kw to kw_operator, kw_portal;
-- an import lays its files beside the tables first
do $$ begin execute format('grant temporary on database %I to kw_operator', current_database()); end $$;
grant select, insert on all tables in schema kw to kw_operator;
grant update on kw.occupancy, kw.supply, kw.agreement, kw.restriction, kw.meter, kw.coupling, kw.meter_key, kw.night, kw.batch,
    kw.use_case, kw.connection, kw.transformer, kw.party, kw.subject to kw_operator;
grant delete on kw.quarantine to kw_operator;
revoke insert, update on kw.permission_state from kw_operator;
revoke execute on function kw.take_statistics() from public;
grant execute on function kw.take_statistics() to kw_operator;

-- The portal: one subject, one period, by row-level security. kwartier.subject is set per transaction, by set_config(…, true).
create function kw.me() returns bigint language sql stable as $$ select nullif(current_setting('kwartier.subject', true), '')::bigint $$;
grant select on kw.connection, kw.subject, kw.party, kw.agreement, kw.occupancy, kw.supply, kw.permission, kw.permission_state,
    kw.permission_event, kw.restriction, kw.parcel, kw.use_case, kw.use_case_day, kw.coupling, kw.transformer to kw_portal;
grant select (key, connection, placed) on kw.meter to kw_portal;      -- enough to see which meter carries the gas
grant insert on kw.permission, kw.permission_event to kw_portal;
do $$
declare t text;
begin
    foreach t in array array['connection','subject','occupancy','supply','permission','permission_state','permission_event','restriction','parcel',
                            'use_case_day','meter','coupling'] loop
        execute format('alter table kw.%I enable row level security', t);
        execute format('alter table kw.%I force row level security', t);
        execute format('create policy operator on kw.%I for all to kw_operator using (true) with check (true)', t);
        execute format('create policy owner on kw.%I for all to kw_owner using (true) with check (true)', t);
    end loop;
end $$;
create policy mine on kw.subject for select to kw_portal using (key = kw.me());
create policy mine on kw.occupancy for select to kw_portal using (subject = kw.me());
create policy mine on kw.connection for select to kw_portal
    using (exists (select from kw.occupancy o where o.connection = key and o.subject = kw.me()));
create policy mine on kw.supply for select to kw_portal
    using (exists (select from kw.occupancy o where o.connection = supply.connection and o.subject = kw.me() and o.period && supply.period));
create policy mine on kw.permission for select to kw_portal using (subject = kw.me());
create policy grant_mine on kw.permission for insert to kw_portal with check (subject = kw.me()
    and exists (select from kw.occupancy o where o.connection = permission.connection and o.subject = kw.me() and o.period @> lower(live)));
create policy mine on kw.permission_state for select to kw_portal using (subject = kw.me());
create policy mine on kw.permission_event for select to kw_portal
    using (exists (select from kw.permission p where p.id = permission and p.subject = kw.me()));
create policy end_mine on kw.permission_event for insert to kw_portal with check (event in ('granted', 'revoked')
    and exists (select from kw.permission p where p.id = permission and p.subject = kw.me()));
create policy mine on kw.restriction for select to kw_portal
    using (exists (select from kw.occupancy o where o.connection = restriction.connection and o.subject = kw.me() and o.period && restriction.period));
create policy mine on kw.parcel for select to kw_portal
    using (exists (select from kw.occupancy o where o.connection = parcel.connection and o.subject = kw.me() and o.period && parcel.period));
create policy mine on kw.use_case_day for select to kw_portal
    using (exists (select from kw.occupancy o where o.connection = use_case_day.connection and o.subject = kw.me()));
create policy mine on kw.meter for select to kw_portal
    using (exists (select from kw.occupancy o where o.connection = meter.connection and o.subject = kw.me() and o.period && placed));
create policy mine on kw.coupling for select to kw_portal
    using (exists (select from kw.occupancy o where o.connection = coupling.connection and o.subject = kw.me() and o.period && coupling.period));
