-- An end may be told before it comes, and the permission lives until then: so another end may come before it. One that is nearer than all
-- that were told is taken, by whatever way it comes; any other is passed over, and nothing is prolonged. What is over before it begins
-- never lives, and ends no more. Of two at once the second waits for the first, and looks at what was written; it needs "read committed".
create function kw.permission_end_is_nearer() returns trigger language plpgsql security definer set search_path = '' as $$
begin
    perform from kw.permission_state where id = new.permission for update;
    if exists (select from kw.permission_event e join kw.permission p on p.id = e.permission
            where e.permission = new.permission and e.event <> 'granted' and e.at <= greatest(new.at, lower(p.live))) then
        return null;
    end if;
    return new;
end $$;
create trigger permission_end_is_nearer before insert on kw.permission_event for each row when (new.event <> 'granted')
    execute function kw.permission_end_is_nearer();
drop index kw.permission_ends_once;
create unique index permission_ends on kw.permission_event (permission, at) where event <> 'granted';
