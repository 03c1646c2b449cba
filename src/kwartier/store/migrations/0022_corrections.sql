-- Art. 16 and 19 for readings: what was wrong is replaced, what it said before stays knowable, and who was handed it is told.

alter table kw.rectification drop constraint rectification_fact_check;
alter table kw.rectification add constraint rectification_fact_check check (fact in ('occupancy', 'coupling', 'name', 'reading'));
alter table kw.dispute_end drop constraint dispute_end_outcome_check;
alter table kw.dispute_end add constraint dispute_end_outcome_check check (outcome in ('right', 'wrong', 'corrected'));

-- One channel-day of the lake that somebody put right: what it said until `at`, and says since. Written in one transaction with the
-- log's line, then carried into the lake, then `done`: a start that finds one undone carries it on.
create table kw.correction (
    id            bigint generated always as identity primary key,
    rectification bigint not null references kw.rectification,
    connection    bigint not null references kw.connection,
    channel       smallint not null,
    day           date not null,
    meter         bigint not null,
    batch         bigint not null,
    basis         bigint not null,
    at            timestamptz not null,               -- until then the old values were the current ones
    was_start     bigint not null,
    was_deltas    bytea not null,
    was_quality   bytea not null,
    now_start     bigint,                             -- null: taken out, within `period`
    now_deltas    bytea,
    now_quality   bytea,
    period        tstzrange not null check (not isempty(period)),
    salt          bytea not null check (length(salt) = 16),   -- of the digest in the log
    done          timestamptz,
    check ((now_start is null) = (now_deltas is null) and (now_start is null) = (now_quality is null))
);
create index on kw.correction (connection, day);
create index on kw.correction (id) where done is null;
alter table kw.correction alter column was_start set statistics 0, alter column was_deltas set statistics 0,
    alter column was_quality set statistics 0, alter column now_start set statistics 0, alter column now_deltas set statistics 0,
    alter column now_quality set statistics 0;

create function kw.correction_is_said() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' and current_user = 'kw_owner' then
        return old;
    end if;
    if tg_op = 'UPDATE' and old.done is null and new.done is not null then
        return new;
    end if;
    raise exception 'a correction is append-only' using errcode = 'integrity_constraint_violation';
end $$;
create trigger correction_is_said before update or delete on kw.correction for each row execute function kw.correction_is_said();

-- Whoever was handed something that was wrong is told which parcels: no values. `told` when the notice lies in the receiver's box.
create table kw.rectification_notice (
    id            text primary key,                   -- random, also the file's name
    rectification bigint not null references kw.rectification,
    role          text not null,
    receiver      bigint not null references kw.party,
    parcels       text[] not null,
    told          timestamptz,
    unique (rectification, receiver)
);
create index on kw.rectification_notice (id) where told is null;
create function kw.notice_is_told() returns trigger language plpgsql as $$
begin
    if tg_op = 'UPDATE' and old.told is null and new.told is not null and new.parcels = old.parcels then
        return new;
    end if;
    raise exception 'a notice is append-only' using errcode = 'integrity_constraint_violation';
end $$;
create trigger notice_is_told before update or delete on kw.rectification_notice for each row execute function kw.notice_is_told();

do $$
declare t text;
begin
    foreach t in array array['correction', 'rectification_notice'] loop
        execute format('grant select, insert on kw.%I to kw_operator', t);
        execute format('alter table kw.%I enable row level security', t);
        execute format('alter table kw.%I force row level security', t);
        execute format('create policy operator on kw.%I for all to kw_operator using (true) with check (true)', t);
        execute format('create policy owner on kw.%I for all to kw_owner using (true) with check (true)', t);
    end loop;
end $$;
grant update (done) on kw.correction to kw_operator;
grant update (told) on kw.rectification_notice to kw_operator;

-- What was handed over before a correction is handed over once more: a delivery for itself, under the same permit to read.
alter table kw.delivery_due add column corrects bigint references kw.rectification;
alter table kw.delivery_due drop constraint delivery_due_permit_connection_key;
create unique index delivery_due_once on kw.delivery_due (permit, connection, coalesce(corrects, 0));
alter table kw.parcel add column corrects bigint references kw.rectification;
drop index kw.parcel_once;
create unique index parcel_once on kw.parcel (receiver_role, receiver, connection, purpose, period, mask, coalesce(corrects, 0))
    where status = 'delivered';

-- On which days a connection was looked at for care of grid and meters is told to whom lived there on that day.
drop policy mine on kw.use_case_day;
create policy mine on kw.use_case_day for select to kw_portal
    using (exists (select from kw.occupancy o where o.connection = use_case_day.connection and o.subject = kw.me()
        and o.period && tstzrange(day::timestamp at time zone 'Europe/Amsterdam', (day + 1)::timestamp at time zone 'Europe/Amsterdam')));
