-- Names of the operator's people, and of persons at parties, have a term as everything else that is held about people.

-- The table of terms decides when the name and reason beside a line of the log go (eight years), by the owner's hand; the line and its
-- commitment stay. This only stops a hand that would take what is recent; a year is left between the two, for clocks that run ahead.
create function kw.named_for_years() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' and current_user = 'kw_owner' and old.at < clock_timestamp() - interval '7 years' then
        return old;
    end if;
    raise exception '% is append-only', tg_table_name using errcode = 'integrity_constraint_violation';
end $$;
drop trigger append_only on kw.staff_act;
create trigger append_only before update or delete on kw.staff_act for each row execute function kw.named_for_years();
create index on kw.staff_act using brin (at);              -- in the order of time, as lines are

-- Whom to speak to goes some time after the party's last agreement, or after it was written down if that is later.
alter table kw.party_contact add column at timestamptz not null default now();
