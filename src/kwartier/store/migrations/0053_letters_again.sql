-- A letter about a claimed mandate that nobody took is written once more, with a later day: of each claim its last letter counts.
alter table kw.letter drop constraint letter_request_key;
create unique index on kw.letter (request, at);
create index on kw.letter (request, answer_by);

-- As in 0048, but for that.
create or replace function kw.letter_first() returns trigger language plpgsql security definer set search_path = '' as $$
begin
    if session_user <> 'kw_portal' and exists (select from kw.permission_request r where r.id = new.request and r.origin = 'mandate')
        and coalesce((select max(l.answer_by) > new.at from kw.letter l where l.request = new.request), true) then
        raise exception 'a mandate begins by silence after its letter only'
            using errcode = 'integrity_constraint_violation', constraint = 'letter_first';
    end if;
    return new;
end $$;
