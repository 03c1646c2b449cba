-- A purpose is the same however it is spelt, and beside a permission in force nothing more is given to the same party for it. Two who
-- say yes at the same moment each looked before the other's was there: so it is looked at once more where a permission begins that
-- answers a request or renews another. From here on whoever gives one waits for the other's commit, before any row is written;
-- like placing_alone one lock for all, so that nobody waits crosswise. It needs "read committed": the function looks anew. What an
-- import or another body brings was given elsewhere, and stands as it was told.
create function kw.spelt(purpose text) returns text language sql immutable parallel safe as $$
    select lower(regexp_replace(purpose, '[[:space:][:punct:]]+', '', 'g'))
$$;
create function kw.giving_alone() returns trigger language plpgsql as $$
begin
    perform pg_advisory_xact_lock(7743771786942414848); -- 0x6b77676976650000: "kwgive"
    return new;
end $$;
create trigger giving_alone before insert on kw.permission for each row when (new.request is not null or new.renews is not null)
    execute function kw.giving_alone();
create or replace function kw.permission_opens() returns trigger language plpgsql security definer set search_path = '' as $$
begin
    if (new.request is not null or new.renews is not null) and exists (
        select from kw.permission_state s where s.connection = new.connection and s.party = new.party and s.live && new.live
        and kw.spelt(s.purpose) = kw.spelt(new.purpose)) then
        raise exception 'there is a permission in force for this party and purpose'
            using errcode = 'exclusion_violation', constraint = 'spelt_otherwise';
    end if;
    insert into kw.permission_state values (new.id, new.connection, new.subject, new.party, new.purpose, new.live);
    return new;
end $$;
