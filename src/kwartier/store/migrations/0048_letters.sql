-- Letters to customers: that a party claims their yes, and that a permission is about to end. A customer who never looks at the own page
-- hears of it too, and silence counts from the letter on, not from the claim.

-- That a letter was laid down for the post, and what it says: once for each claimed mandate, and for each reminder.
create table kw.letter (
    id         bigint generated always as identity primary key,
    request    bigint unique references kw.permission_request,
    permission bigint,
    days       integer,
    at         timestamptz not null,                          -- when it lay there
    answer_by  timestamptz not null check (answer_by > at),   -- until when silence says nothing yet: the mandate begins, the permission ends
    foreign key (permission, days) references kw.permission_reminder,
    unique (permission, days),
    check (num_nonnulls(request, permission) = 1 and (permission is null) = (days is null))
);
create index on kw.letter (at);
create trigger append_only before update or delete on kw.letter for each row execute function kw.never();
grant select, insert on kw.letter to kw_operator;
alter table kw.letter enable row level security;
alter table kw.letter force row level security;
create policy operator on kw.letter for all to kw_operator using (true) with check (true);
create policy owner on kw.letter for all to kw_owner using (true) with check (true);

-- The portal: the letters to this person.
grant select on kw.letter to kw_portal;
create policy mine on kw.letter for select to kw_portal
    using (exists (select from kw.permission_request r where r.id = request and r.subject = kw.me())
        or exists (select from kw.permission p where p.id = permission and p.subject = kw.me()));

-- They go with what they are about.
create or replace function kw.never() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' and current_user = 'kw_owner' and (
        tg_table_name = 'hand_reading'
        or tg_table_name in ('permission', 'permission_event', 'permission_reminder', 'permission_request', 'request_event', 'mandate_sample',
                             'mandate_evidence', 'letter', 'rights_request', 'rights_event', 'breach', 'breach_event', 'breach_touched')
        and kw.dates_from(tg_table_name, to_jsonb(old)) < clock_timestamp() - interval '4 years') then
        return old;
    end if;
    if tg_op = 'UPDATE' and current_user = 'kw_owner' and tg_table_name in ('permission', 'permission_request')
        and to_jsonb(new) - '{reference,identifier}'::text[] = to_jsonb(old) - '{reference,identifier}'::text[]
        and to_jsonb(new) ->> 'reference' is null and to_jsonb(new) ->> 'identifier' is null
        and exists (select from kw.subject s where s.key = (to_jsonb(old) ->> 'subject')::bigint and s.code like 'forgotten:%') then
        return new;
    end if;
    raise exception '% is append-only', tg_table_name using errcode = 'integrity_constraint_violation';
end $$;

-- Nobody but the customer grants a mandate before its letter lay there, and before the time that the letter gives is over.
create function kw.letter_first() returns trigger language plpgsql security definer set search_path = '' as $$
begin
    if session_user <> 'kw_portal' and exists (select from kw.permission_request r where r.id = new.request and r.origin = 'mandate')
        and not exists (select from kw.letter l where l.request = new.request and l.answer_by <= new.at) then
        raise exception 'a mandate begins by silence after its letter only'
            using errcode = 'integrity_constraint_violation', constraint = 'letter_first';
    end if;
    return new;
end $$;
create trigger letter_first before insert on kw.request_event for each row when (new.event = 'granted')
    execute function kw.letter_first();
