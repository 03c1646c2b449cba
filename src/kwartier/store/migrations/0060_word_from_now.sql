-- The customer's word about the meter holds from now on, whatever was said before: what holds for some time, and what was said for later.

-- Until further notice; or up to where somebody else lives there, of whose time something was said already.
drop policy choose_mine on kw.restriction;
create policy choose_mine on kw.restriction for insert to kw_portal
    with check (kw.lives_there(connection, lower(period)) and (upper_inf(period) or not kw.lives_there(connection, upper(period))));

-- What has an end may end sooner, and never later: later is a word of its own.
drop policy end_mine on kw.restriction;
create policy end_mine on kw.restriction for update to kw_portal using (true) with check (kw.lives_there(connection, upper(period)));
create function kw.only_sooner() returns trigger language plpgsql as $$
begin
    if session_user = 'kw_portal' and (upper_inf(new.period) or upper(new.period) > upper(old.period)) then
        raise exception 'a customer lets a restriction end sooner, never later' using errcode = 'insufficient_privilege';
    end if;
    return new;
end $$;
create trigger only_sooner before update on kw.restriction for each row execute function kw.only_sooner();

-- What was said for later is no fact yet: it goes before it begins, and the log says so. An end in its first moment would be none, for
-- permissions end by a refusal of a second too. Of a row that is gone without a word in the log the replay knows.
create function kw.take_back_restriction(said bigint, moment timestamptz) returns boolean
    language sql security definer set search_path = '' as $$
    with gone as (
        delete from kw.restriction r where r.id = said and lower(r.period) > moment
        and (session_user <> 'kw_portal' or kw.lives_there(r.connection, moment) and kw.lives_there(r.connection, lower(r.period)))
        returning 1)
    select exists (select from gone)
$$;
revoke execute on function kw.take_back_restriction(bigint, timestamptz) from public;
grant execute on function kw.take_back_restriction(bigint, timestamptz) to kw_operator, kw_portal;
