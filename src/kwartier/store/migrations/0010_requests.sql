-- Requests for a permission and what became of each (EU 2023/1162, article 8), mandates that parties claim, ends that come by themselves.

-- What a party asks of a customer, or claims that the customer gave in its own app. Party, connection and subject are null where the
-- request named none that we know: then it was found invalid. A permission is in effect within [live_from, live_until).
create table kw.permission_request (
    id         bigint generated always as identity primary key,
    origin     text not null check (origin in ('party', 'mandate')),
    party      bigint references kw.party,
    connection bigint references kw.connection,
    subject    bigint references kw.subject,
    mask       integer not null check (mask >= 0),    -- channels, model/register.py: product, kinds, direction and granularity
    purpose    text not null,                         -- shown to the customer
    data       tstzrange not null check (not isempty(data)),
    live_from  timestamptz not null,
    live_until timestamptz not null,
    schedule   text not null,
    asked      timestamptz not null,
    answer_by  timestamptz not null,                  -- a party's request times out then; a mandate that nobody vetoed begins then
    reference  text,                                  -- the party's own: of its consent, so that a mandate is not taken twice
    unique (party, reference)
);
create index on kw.permission_request (subject);
create index on kw.permission_request (answer_by);

create table kw.request_event (
    id      bigint generated always as identity primary key,
    request bigint not null references kw.permission_request,
    at      timestamptz not null,
    event   text not null check (event in ('requested', 'presented', 'granted', 'rejected', 'timed_out', 'found_invalid')),
    because text check ((event = 'found_invalid') = (because is not null)),
    unique (request, event)
);
create unique index request_ends_once on kw.request_event (request) where event not in ('requested', 'presented');

-- The table of grounds/permission.py, kept by the database too: whoever writes an event, no order but that of the table.
create function kw.request_steps() returns trigger language plpgsql security definer set search_path = '' as $$
declare last text;
begin
    perform from kw.permission_request where id = new.request for update;
    select event into last from kw.request_event where request = new.request order by id desc limit 1;
    if not (last is null and new.event = 'requested'
            or last is not distinct from 'requested' and new.event in ('presented', 'found_invalid')
            or last is not distinct from 'presented' and new.event in ('granted', 'rejected', 'timed_out', 'found_invalid')) then
        raise exception 'a request that is % cannot be %', coalesce(last, 'not there'), new.event
            using errcode = 'integrity_constraint_violation', constraint = 'request_steps';
    end if;
    return new;
end $$;
create trigger request_steps before insert on kw.request_event for each row execute function kw.request_steps();

-- The request it answers and the permission it renews; identifier is that of another permission administrator, where it gave one.
alter table kw.permission add column request bigint unique references kw.permission_request;
alter table kw.permission add column renews bigint references kw.permission;
alter table kw.permission add column schedule text not null default 'daily' check (schedule in ('daily'));
alter table kw.permission add column identifier text unique check (identifier !~ '^kw-');
create index on kw.permission (renews) where renews is not null;

-- Narrower than asked, never wider; narrower than before, never wider.
create function kw.never_wider() returns trigger language plpgsql security definer set search_path = '' as $$
begin
    if new.request is not null and not exists (
        select from kw.permission_request r where r.id = new.request
        and (r.connection, r.subject, r.party, r.purpose, r.schedule)
            = (new.connection, new.subject, new.party, new.purpose, new.schedule)
        and new.mask & ~r.mask = 0 and new.data <@ r.data and lower(new.live) >= r.live_from and upper(new.live) <= r.live_until) then
        raise exception 'a permission is never wider than was asked'
            using errcode = 'integrity_constraint_violation', constraint = 'never_wider';
    end if;
    if new.renews is not null and not exists (
        select from kw.permission p where p.id = new.renews
        and (p.connection, p.subject, p.purpose, p.schedule) = (new.connection, new.subject, new.purpose, new.schedule)
        and p.party is not distinct from new.party and new.mask & ~p.mask = 0 and new.data <@ p.data
        and lower(new.live) >= upper(p.live)) then
        raise exception 'a renewal is never wider than what it renews'
            using errcode = 'integrity_constraint_violation', constraint = 'never_wider';
    end if;
    return new;
end $$;
create trigger never_wider before insert on kw.permission for each row when (new.request is not null or new.renews is not null)
    execute function kw.never_wider();

-- A request is granted by the permission that answers it, and no permission answers one that was not granted.
create function kw.answers() returns trigger language plpgsql security definer set search_path = '' as $$
declare asked bigint := to_jsonb(new) ->> 'request';
begin
    if not exists (select from kw.permission where request = asked)
        or not exists (select from kw.request_event where request = asked and event = 'granted') then
        raise exception 'a granted request and its permission go together'
            using errcode = 'integrity_constraint_violation', constraint = 'answers';
    end if;
    return null;
end $$;
create constraint trigger answers after insert on kw.permission deferrable initially deferred
    for each row when (new.request is not null) execute function kw.answers();
create constraint trigger answers after insert on kw.request_event deferrable initially deferred
    for each row when (new.event = 'granted') execute function kw.answers();

-- That an end was told in advance: `days` before it, once each.
create table kw.permission_reminder (
    permission bigint not null references kw.permission,
    days       integer not null check (days > 0),
    at         timestamptz not null,
    primary key (permission, days)
);

-- A sample of claimed mandates whose evidence the party must show by `due`, and what it showed.
create table kw.mandate_sample (
    id      bigint generated always as identity primary key,
    request bigint not null unique references kw.permission_request,
    at      timestamptz not null,
    due     timestamptz not null check (due > at),
    seed    bigint not null
);
create table kw.mandate_evidence (
    sample  bigint primary key references kw.mandate_sample,
    at      timestamptz not null,
    outcome text not null check (outcome in ('held', 'failed'))
);

do $$
declare t text;
begin
    foreach t in array array['permission_request', 'request_event', 'permission_reminder', 'mandate_sample', 'mandate_evidence'] loop
        execute format('create trigger append_only before update or delete on kw.%I for each row execute function kw.never()', t);
        execute format('grant select, insert on kw.%I to kw_operator', t);
        execute format('alter table kw.%I enable row level security', t);
        execute format('alter table kw.%I force row level security', t);
        execute format('create policy operator on kw.%I for all to kw_operator using (true) with check (true)', t);
        execute format('create policy owner on kw.%I for all to kw_owner using (true) with check (true)', t);
    end loop;
end $$;

-- The portal: the requests put to this person, and this person's yes or no.
grant select on kw.permission_request, kw.request_event, kw.permission_reminder to kw_portal;
grant insert on kw.request_event to kw_portal;
create policy mine on kw.permission_request for select to kw_portal using (subject = kw.me());
create policy mine on kw.request_event for select to kw_portal
    using (exists (select from kw.permission_request r where r.id = request and r.subject = kw.me()));
create policy answer_mine on kw.request_event for insert to kw_portal with check (event in ('granted', 'rejected')
    and exists (select from kw.permission_request r where r.id = request and r.subject = kw.me()));
create policy mine on kw.permission_reminder for select to kw_portal
    using (exists (select from kw.permission p where p.id = permission and p.subject = kw.me()));
