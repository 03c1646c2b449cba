-- Deliveries: what a read under a receiver's ground promises, and how each promise ended.
-- A due delivery is written in the transaction that stages its batch, so a crash loses none; it ends in exactly one parcel.

create table kw.delivery_due (
    id         bigint generated always as identity primary key,
    batch      bigint not null references kw.batch,
    role       text not null check (role in ('supplier', 'third_party')),
    receiver   bigint not null references kw.party,
    connection bigint not null,
    purpose    text not null,
    mask       integer not null,
    first_s    bigint not null,
    last_s     bigint not null check (first_s <= last_s),
    permit     bytea not null,                        -- the permit it was read under
    unique (permit, connection)                       -- a permit is served once
);
create index on kw.delivery_due (receiver, id);

-- A bundle is one file for one receiver. `sending` is written before the file appears under its name, `sent` after.
create table kw.bundle (
    id       text primary key,                        -- random, also the file's name
    receiver bigint not null references kw.party,
    state    text not null check (state in ('sending', 'sent')),
    at       timestamptz not null
);
create index on kw.bundle (state) where state = 'sending';

alter table kw.parcel add column due bigint references kw.delivery_due;
alter table kw.parcel add column bundle text references kw.bundle;
alter table kw.parcel drop constraint parcel_status_check;
alter table kw.parcel add constraint parcel_status_check check (status in ('sending', 'delivered', 'withheld', 'failed'));
create unique index parcel_per_due on kw.parcel (due);

grant select, insert on kw.delivery_due to kw_operator;
grant select, insert, update, delete on kw.bundle to kw_operator;
grant update (status, permit, reason, at) on kw.parcel to kw_operator;
grant delete on kw.parcel to kw_operator;             -- a bundle that never left is taken back, only while 'sending'
create function kw.parcel_is_final() returns trigger language plpgsql as $$
begin
    if old.status <> 'sending' then
        raise exception 'a parcel has one final status' using errcode = 'integrity_constraint_violation';
    end if;
    return case tg_op when 'DELETE' then old else new end;
end $$;
create trigger parcel_is_final before update or delete on kw.parcel for each row execute function kw.parcel_is_final();
