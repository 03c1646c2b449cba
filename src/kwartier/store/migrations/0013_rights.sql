-- What a person asks by the privacy law (GDPR art. 15 to 21) and what became of it; corrections; data breaches (art. 33, 34).
-- Requests and events are append-only. Words and reasons are sealed under the person's own key (0012) and never enter the log.

create table kw.rights_request (
    id         bigint generated always as identity primary key,
    subject    bigint not null references kw.subject,
    kind       text not null check (kind in ('access', 'portability', 'rectification', 'erasure', 'restriction', 'objection')),
    about      text not null default '' check (length(about) <= 40),      -- a code: to which purpose a person objects
    words      bytea check (length(words) <= 4000),   -- as the person said it, sealed
    asked      timestamptz not null,
    due        timestamptz not null check (due > asked)
);
create index on kw.rights_request (subject);

create table kw.rights_event (
    id      bigint generated always as identity primary key,
    request bigint not null references kw.rights_request,
    at      timestamptz not null,
    event   text not null check (event in ('asked', 'extended', 'answered', 'refused', 'lifted', 'overridden')),
    by      text not null check (by <> ''),           -- a named person of the operator, 'customer' or 'system'
    because bytea check (length(because) <= 4000),    -- the reason, as the person reads it, sealed
    reached jsonb not null default '[]',              -- per rule of the code of conduct: [rule, done, why]
    due     timestamptz check ((due is not null) = (event = 'extended')),
    entry   bigint                                    -- the line of the log about it: the receipt
);
create index on kw.rights_event (request);
create unique index rights_asked_once on kw.rights_event (request) where event = 'asked';
create unique index rights_extended_once on kw.rights_event (request) where event = 'extended';
create unique index rights_ended_once on kw.rights_event (request) where event in ('answered', 'refused');

-- Processing restricted (art. 18): what is held stays, and nobody but the person uses it.
create table kw.hold (
    id         bigint generated always as identity primary key,
    connection bigint not null references kw.connection,
    subject    bigint not null references kw.subject,
    request    bigint not null references kw.rights_request,
    period     tstzrange not null check (not isempty(period)) constraint half_open check (kw.is_half_open(period)),
    exclude using gist (int8range(connection, connection, '[]') with &&, int8range(subject, subject, '[]') with &&, period with &&)
);
create index on kw.hold (connection);

-- The person objects to a purpose of the operator (art. 21): its use cases stop there.
create table kw.objection (
    id         bigint generated always as identity primary key,
    connection bigint not null references kw.connection,
    subject    bigint not null references kw.subject,
    request    bigint not null references kw.rights_request,
    purpose    text not null,
    period     tstzrange not null check (not isempty(period)) constraint half_open check (kw.is_half_open(period)),
    exclude using gist (int8range(connection, connection, '[]') with &&, int8range(subject, subject, '[]') with &&,
                        int8range(hashtextextended(purpose, 0), hashtextextended(purpose, 0), '[]') with &&, period with &&)
);
create index on kw.objection (connection);

-- What is being read stops too: every permit about the person rests on where the person lives.
create function kw.person_stops() returns trigger language plpgsql security definer set search_path = '' as $$
begin
    insert into kw.stop (fact, ref, at)
    select 'occupancy', o.id, lower(new.period) from kw.occupancy o
    where o.connection = new.connection and o.subject = new.subject;
    return null;
end $$;
create trigger person_stops after insert on kw.hold for each row execute function kw.person_stops();
create trigger person_stops after insert on kw.objection for each row execute function kw.person_stops();

-- A fact that was wrong leaves the facts and is kept here, so that what was decided by it can be decided again as of then.
create table kw.rectification (
    id         bigint generated always as identity primary key,
    request    bigint references kw.rights_request,   -- null: the operator found it itself
    connection bigint references kw.connection,       -- null: about a person's name
    subject    bigint references kw.subject,
    fact       text not null check (fact in ('occupancy', 'coupling', 'name')),
    wrong      tstzrange,                             -- the time about which something wrong was believed
    at         timestamptz not null,                  -- from when it is known
    by         text not null check (by <> ''),
    tell       jsonb not null default '[]'            -- whom it had been told to (art. 19): [role, party, parcels]
);
create table kw.superseded (
    fact          text not null check (fact in ('occupancy', 'coupling')),
    id            bigint not null,
    connection    bigint not null,
    subject       bigint,
    period        tstzrange not null,
    said          jsonb not null,                     -- the row as it was
    rectification bigint not null references kw.rectification,
    primary key (fact, id)
);
create index on kw.superseded (connection);

create function kw.supersede(table_ text, ref bigint, rectification bigint) returns void
    language plpgsql security definer set search_path = '' as $$
begin
    if table_ = 'occupancy' then
        with gone as (delete from kw.occupancy where id = ref returning *)
        insert into kw.superseded select table_, g.id, g.connection, g.subject, g.period, to_jsonb(g), rectification from gone g;
        insert into kw.stop (fact, ref, at) values (table_, ref, clock_timestamp());
    elsif table_ = 'coupling' then
        with gone as (delete from kw.coupling where id = ref returning *)
        insert into kw.superseded select table_, g.id, g.connection, null, g.period, to_jsonb(g), rectification from gone g;
        insert into kw.stop (fact, ref, at)
        select 'connection', s.connection, clock_timestamp() from kw.superseded s where s.fact = table_ and s.id = ref;
    end if;
end $$;
revoke execute on function kw.supersede(text, bigint, bigint) from public;
grant execute on function kw.supersede(text, bigint, bigint) to kw_operator;

-- Readings that a person disputes (art. 16, 18(1)(a)): they stay as they were read, marked as doubted wherever they go until it is settled.
create table kw.dispute (
    id         bigint generated always as identity primary key,
    connection bigint not null references kw.connection,
    subject    bigint not null references kw.subject,
    request    bigint references kw.rights_request,
    period     tstzrange not null check (not isempty(period) and upper(period) is not null)
        constraint half_open check (kw.is_half_open(period)),
    asked      timestamptz not null,
    by         text not null check (by <> '')
);
create index on kw.dispute (connection);
create table kw.dispute_end (
    dispute bigint primary key references kw.dispute,
    at      timestamptz not null,
    outcome text not null check (outcome in ('right', 'wrong')),
    by      text not null check (by <> '')
);

-- A breach: its scope is a question to the log, and whom it touched is the log's answer.
create table kw.breach (
    id          bigint generated always as identity primary key,
    known       timestamptz not null,                 -- when it became known: from then on it is 72 hours
    due         timestamptz not null check (due > known),
    period      tstzrange not null check (not isempty(period)),
    connections bigint[],                             -- null: wherever
    kinds       text[],                               -- null: whatever was done
    actor       text,                                 -- null: by whomever
    party       bigint references kw.party,           -- null: on whosever behalf
    nature      text not null check (nature <> ''),   -- what happened; shown to whom it touched
    by          text not null check (by <> '')
);
create table kw.breach_event (
    id      bigint generated always as identity primary key,
    breach  bigint not null references kw.breach,
    at      timestamptz not null,
    event   text not null check (event in ('authority', 'party', 'persons', 'closed')),
    party   bigint references kw.party,
    by      text not null check (by <> ''),
    because text not null default ''
);
create unique index breach_closed_once on kw.breach_event (breach) where event = 'closed';
create table kw.breach_touched (
    breach     bigint not null references kw.breach,
    subject    bigint not null references kw.subject,
    connection bigint not null references kw.connection,
    lines      integer not null check (lines > 0),
    first      timestamptz not null,
    last       timestamptz not null,
    primary key (breach, subject, connection)
);
create index on kw.breach_touched (subject);

do $$
declare t text;
begin
    foreach t in array array['rights_request', 'rights_event', 'rectification', 'superseded', 'dispute', 'dispute_end', 'breach', 'breach_event',
                             'breach_touched'] loop
        execute format('create trigger append_only before update or delete on kw.%I for each row execute function kw.never()', t);
    end loop;
    foreach t in array array['hold', 'objection'] loop
        execute format('create trigger only_the_end before update on kw.%I for each row execute function kw.only_the_end()', t);
    end loop;
    foreach t in array array['rights_request', 'rights_event', 'hold', 'objection', 'rectification', 'superseded', 'dispute', 'dispute_end',
                             'breach', 'breach_event', 'breach_touched'] loop
        execute format('grant select, insert on kw.%I to kw_operator', t);
        execute format('alter table kw.%I enable row level security', t);
        execute format('alter table kw.%I force row level security', t);
        execute format('create policy operator on kw.%I for all to kw_operator using (true) with check (true)', t);
        execute format('create policy owner on kw.%I for all to kw_owner using (true) with check (true)', t);
    end loop;
end $$;
grant update (period) on kw.hold, kw.objection to kw_operator;
-- the only write of kw.superseded is kw.supersede
revoke insert on kw.superseded from kw_operator;

-- A person sees the own requests and what became of them; who of the operator's people answered is the operator's.
grant select on kw.rights_request, kw.hold, kw.objection, kw.breach_touched to kw_portal;
grant insert on kw.rights_request to kw_portal;
grant select (id, request, at, event, because, reached, due, entry) on kw.rights_event to kw_portal;
grant insert (request, at, event, by, entry) on kw.rights_event to kw_portal;
grant select (id, known, nature, period) on kw.breach to kw_portal;
create policy mine on kw.rights_request for select to kw_portal using (subject = kw.me());
create policy ask_mine on kw.rights_request for insert to kw_portal with check (subject = kw.me());
create policy mine on kw.rights_event for select to kw_portal
    using (exists (select from kw.rights_request r where r.id = request and r.subject = kw.me()));
create policy ask_mine on kw.rights_event for insert to kw_portal with check (event = 'asked' and by = 'customer'
    and exists (select from kw.rights_request r where r.id = request and r.subject = kw.me()));
create policy mine on kw.hold for select to kw_portal using (subject = kw.me());
create policy mine on kw.objection for select to kw_portal using (subject = kw.me());
create policy mine on kw.breach_touched for select to kw_portal using (subject = kw.me());
create policy mine on kw.breach for select to kw_portal
    using (exists (select from kw.breach_touched t where t.breach = id and t.subject = kw.me()));
