-- What a person's clear values are kept under, what is erased when, and how long the rest is held.

-- One small table: destroying a row makes a person's clear values unreadable wherever they were copied to. A backup keeps it apart.
create table kw.subject_key (
    subject bigint primary key references kw.subject,
    wrapped bytea not null check (length(wrapped) = 40)   -- AES-KW (RFC 3394) under the vault's master key
);
alter table kw.subject add column sealed_name bytea;       -- AES-SIV (RFC 5297) under the person's own key
alter table kw.subject alter column name drop not null;
-- Names that are there are sealed by the next opening, which has the master key; then the column goes.
do $$ begin if not exists (select from kw.subject) then alter table kw.subject drop column name; end if; end $$;

grant select, insert, update on kw.subject_key to kw_operator;
grant select on kw.subject_key to kw_portal;
alter table kw.subject_key enable row level security;
alter table kw.subject_key force row level security;
create policy owner on kw.subject_key for all to kw_owner using (true) with check (true);
create policy operator on kw.subject_key for all to kw_operator using (true) with check (true);
create policy mine on kw.subject_key for select to kw_portal using (subject = kw.me());

-- The planner's statistics keep samples of what they are made of. None of these is ever searched by its value but by an index.
alter table kw.subject alter column code set statistics 0, alter column sealed_name set statistics 0;
alter table kw.subject_key alter column wrapped set statistics 0;
alter table kw.quarantine alter column rows set statistics 0, alter column verdicts set statistics 0;
alter table kw.sight alter column value set statistics 0, alter column text set statistics 0,
    alter column entries set statistics 0, alter column levels_dv set statistics 0;
alter table kw.import_reject alter column row set statistics 0;

-- What a person asked to be erased, decided per ground when it was asked, carried out by a nightly run.
create table kw.erasure (
    id        bigint generated always as identity primary key,
    subject   bigint not null references kw.subject,
    asked     timestamptz not null,
    state     text not null check (state in ('asked', 'carried', 'done')) default 'asked',
    forgotten boolean not null default false,             -- nothing was left that a task under law needs: name and number went too
    done      timestamptz
);
create unique index one_erasure_at_a_time on kw.erasure (subject) where state = 'asked';
-- Of which readings: those about this part of a person's time at a connection whose basis has no other rules than these.
create table kw.erasure_part (
    erasure    bigint not null references kw.erasure,
    connection bigint not null references kw.connection,
    period     tstzrange not null check (kw.is_half_open(period) and not upper_inf(period)),
    opens      boolean not null,                          -- the register at its start too: it closes nobody's time before
    closes     boolean not null,                          -- the register at its end too: it opens nobody's time after
    rules      bigint not null,                           -- bit rule_no set per rule, as a basis
    primary key (erasure, connection, period)
);
grant select, insert on kw.erasure, kw.erasure_part to kw_operator;
grant update (state, forgotten, done) on kw.erasure to kw_operator;

create table kw.retention_run (
    id     bigint generated always as identity primary key,
    at     timestamptz not null,
    counts jsonb not null
);
grant select, insert on kw.retention_run to kw_operator;

-- Of what is only ever added to, this goes when its term is over: by the owner, as all that retention takes away.
create or replace function kw.never() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' and current_user = 'kw_owner' and tg_table_name = 'hand_reading' then
        return old;
    end if;
    raise exception '% is append-only', tg_table_name using errcode = 'integrity_constraint_violation';
end $$;

-- Whoever runs the nights takes back what never left; that a delivery was made is given up by the owner only, after its term.
create or replace function kw.parcel_is_final() returns trigger language plpgsql as $$
begin
    if old.status <> 'sending' and not (tg_op = 'DELETE' and current_user = 'kw_owner') then
        raise exception 'a parcel has one final status' using errcode = 'integrity_constraint_violation';
    end if;
    return case tg_op when 'DELETE' then old else new end;
end $$;
