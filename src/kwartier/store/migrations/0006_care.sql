-- Care for devices and grid: chores at meters, beside the reading of profiles, and what they found.

alter table kw.use_case drop constraint use_case_purpose_check;
alter table kw.use_case add constraint use_case_purpose_check
    check (purpose in ('device_care', 'firmware_update', 'outage', 'danger', 'energy_loss'));

-- A batch of a round of care belongs to no night. Its outcomes name the chore where a night's name the profile.
alter table kw.batch alter column night drop not null;

-- What a chore saw last: of each meter, chore and purpose the newest only. What was seen for one purpose is never looked at for another.
create table kw.sight (
    meter      bigint not null references kw.meter,
    chore      text not null,                         -- model/care.py Chore
    purpose    text not null,
    connection bigint not null references kw.connection,
    batch      bigint not null references kw.batch,
    at         timestamptz not null,
    value      bigint not null,
    text       text not null,
    entries    bigint[] not null,                     -- epoch seconds and code, or end and duration, one after the other
    levels_dv  integer[] not null,                    -- tenths of a volt, L1 first
    primary key (meter, connection, chore, purpose)
);
create index on kw.sight (purpose, chore);

-- An alarm that a meter sent by itself, kept under a ground. It is not authenticated: `confirmed` once the meter was asked.
create table kw.alarm (
    id         bigint generated always as identity primary key,
    meter      bigint not null references kw.meter,
    connection bigint not null references kw.connection,
    at         timestamptz not null,
    register   bigint not null check (register between 0 and 4294967295),
    permit     bytea not null,
    use_case   bigint not null references kw.use_case,
    state      text not null check (state in ('told', 'confirmed', 'denied')) default 'told'
);
create index on kw.alarm (state) where state = 'told';
create index on kw.alarm (meter);

-- Firmware that may be loaded: checked against the manufacturer's key when it came, and again before each use.
create table kw.firmware (
    id      bigint generated always as identity primary key,
    model   text not null,
    version text not null,
    image   bytea not null,
    added   timestamptz not null,
    unique (model, version)
);

grant select, insert, update, delete on kw.sight to kw_operator;
grant select, insert on kw.alarm, kw.firmware to kw_operator;
grant update (state) on kw.alarm to kw_operator;
