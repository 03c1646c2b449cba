-- A renewal goes on with the same scope: where the time that a permission is about ended with the permission, it ends with its renewal
-- again, and not a moment later. In every other way a renewal is as wide as what it renews, or narrower.
create or replace function kw.never_wider() returns trigger language plpgsql security definer set search_path = '' as $$
begin
    if new.request is not null and not exists (
        select from kw.permission_request r where r.id = new.request
        and (r.connection, r.subject, r.party, r.purpose, r.schedule)
            = (new.connection, new.subject, new.party, new.purpose, new.schedule)
        and new.mask & ~r.mask = 0 and new.data <@ r.data and lower(new.live) >= r.live_from and upper(new.live) <= r.live_until) then
        raise exception 'a permission is never wider than was asked'
            using errcode = 'integrity_constraint_violation', constraint = 'never_wider';
    end if;
    if new.renews is not null and not exists (
        select from kw.permission p where p.id = new.renews
        and (p.connection, p.subject, p.purpose, p.schedule) = (new.connection, new.subject, new.purpose, new.schedule)
        and p.party is not distinct from new.party and new.mask & ~p.mask = 0 and lower(new.live) >= upper(p.live)
        and (new.data <@ p.data
            or upper(p.data) = upper(p.live) and lower(new.live) = upper(p.live)
                and lower(new.data) >= lower(p.data) and upper(new.data) <= upper(new.live))) then
        raise exception 'a renewal is never wider than what it renews'
            using errcode = 'integrity_constraint_violation', constraint = 'never_wider';
    end if;
    return new;
end $$;
