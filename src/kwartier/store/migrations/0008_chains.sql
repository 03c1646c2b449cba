-- Every line about a person at a connection says how many there were before it, and what the last of them was: leaving one out
-- shows. Single events and lines of batches are counted apart, so that nobody waits for a batch. In the line itself stands only
-- link = the first 16 bytes of SHA-256(salt, nth, before): without its salt a line points at no other. Lines from before this
-- migration have no link.

-- Where each chain stands. An index into the log, not part of it: who is the first 16 bytes of SHA-256(code).
create table audit.head (
    connection bigint not null,                        -- 0: about a person, not about a connection
    batch      boolean not null,
    who        bytea not null check (length(who) = 16),
    nth        bigint not null check (nth > 0),
    last       bytea not null check (length(last) = 32),   -- hash of the last line, as its tree has it
    primary key (connection, batch, who)
) with (fillfactor = 70);

alter table audit.pending add column nth bigint, add column before bytea check (length(before) = 32);
alter table audit.entry add column nth bigint, add column before bytea;
alter table audit.leaf add column link bytea, add column nth bigint, add column before bytea;

create function audit.linked(link text, salt bytea, nth bigint, before bytea) returns boolean language sql immutable as $$
    select case when salt is null or link is null then nth is null and before is null
        else link = encode(substr(sha256(salt || int8send(nth) || before), 1, 16), 'hex') end
$$;
alter table audit.pending add check (
    audit.linked(convert_from(leaf, 'UTF8')::jsonb ->> 'link', salt, nth, before) is true);
alter table audit.entry add check (
    audit.linked(convert_from(leaf, 'UTF8')::jsonb ->> 'link', salt, nth, before) is true);

-- What ties a line to a person goes all at once.
create or replace function audit.only_erasure() returns trigger language plpgsql as $$
begin
    if new.salt is not null or new.nth is not null or new.before is not null
        or (to_jsonb(new) - '{salt,nth,before}'::text[]) is distinct from (to_jsonb(old) - '{salt,nth,before}'::text[]) then
        raise exception '% is append-only but for erasure', tg_table_name using errcode = 'integrity_constraint_violation';
    end if;
    return new;
end $$;

grant insert (at, connection, kind, subject, salt, leaf, nth, before) on audit.pending to kw_operator, kw_portal, kw_audit;
grant update (salt, nth, before) on audit.pending, audit.entry, audit.leaf to kw_audit;
grant select, insert on audit.head to kw_operator, kw_portal, kw_audit;
grant update (nth, last) on audit.head to kw_operator, kw_portal, kw_audit;
grant delete on audit.head to kw_audit;

alter table audit.head enable row level security;
alter table audit.head force row level security;
create policy owner on audit.head for all to kw_owner using (true) with check (true);
create policy operator on audit.head for all to kw_operator using (true) with check (true);
create policy auditor on audit.head for all to kw_audit using (true) with check (true);
create policy mine on audit.head for all to kw_portal
    using (not batch and who = substr(sha256(convert_to((select s.code from kw.subject s where s.key = kw.me()), 'UTF8')), 1, 16))
    with check (not batch and who = substr(sha256(convert_to((select s.code from kw.subject s where s.key = kw.me()), 'UTF8')), 1, 16));
