-- Who of the operator's people did what the log says the operator did, and why. The line itself has a commitment only:
-- HMAC-SHA256(salt, {"because","person"}). No customer's connection sees this table.
create table kw.staff_act (
    entry  bigint primary key,                         -- of audit.pending, later of audit.entry
    person text not null check (length(person) between 1 and 200),
    reason text not null check (length(reason) between 1 and 200),
    salt   bytea not null check (length(salt) = 16),
    at     timestamptz not null
);
create index on kw.staff_act (person, at);
create trigger append_only before update or delete on kw.staff_act for each row execute function audit.never();
create trigger no_truncate before truncate on kw.staff_act for each statement execute function audit.never();
grant usage on schema kw to kw_audit;
grant select, insert on kw.staff_act to kw_operator, kw_audit;
