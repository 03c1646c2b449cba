-- A line gets its id where it is tied: whoever records draws none before, lines stand in the index of ids in the order in which they are
-- stored, and nobody can name an id but for the event of a batch, whose lines are stored before it. docs/adr/0013.
drop function audit.say(bigint[], timestamptz[], json[], json[], bigint[], text[], bytea[], bytea[], bytea[], bytea[]);
drop function audit.numbers(integer), audit.handed_out(bigint);

-- Say what happened; the ids of the lines, in the order in which they are said. `entry` is the id of the only one, or null.
create function audit.say(entry bigint, ats timestamptz[], actors json[], bodies json[], connections bigint[], kinds text[],
    whose bytea[], salts bytea[], tags bytea[], staff bytea[]) returns bigint[]
    language plpgsql volatile security definer set search_path = '' as $$
declare
    ids bigint[] := case when entry is not null then array[entry]
        else array(select nextval('audit.event_id') from generate_series(1, cardinality(ats))) end;
begin
    insert into audit.event (id, at, connection, nth, kind, who, salt, before, leaf)
    select one.id, one.at, one.connection, place.nth, one.kind, one.who, one.salt, place.before,
        convert_to('{"actor":' || one.actor || ',"at":"' || to_char(one.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
            || '","body":' || one.body || ',"connection":' || case one.connection when 0 then 'null' else one.connection::text end
            || ',"kind":"' || one.kind || '"'
            || case when one.who is null then ''
                else ',"link":"' || encode(substr(sha256(one.salt || int8send(place.nth) || place.before), 1, 16), 'hex') || '"' end
            || case when one.by is null then '' else ',"staff":"' || encode(one.by, 'hex') || '"' end
            || case when one.who is null then '' else ',"subject":"' || encode(one.tag, 'hex') || '"' end || '}', 'UTF8')
    from (select unnest(ids) as id, unnest(ats) as at, unnest(actors)::text as actor, unnest(bodies)::text as body,
        unnest(connections) as connection, unnest(kinds) as kind, unnest(whose) as who, unnest(salts) as salt, unnest(tags) as tag,
        unnest(staff) as by) as one
    left join lateral (select l.nth, l.goes_on, sha256('\x00'::bytea || l.leaf) as hash from audit.event l
        where l.connection = one.connection and l.who = one.who order by l.nth desc limit 1) as last on true
    left join lateral (select nth, last from audit.head
        where (last.nth is null or last.goes_on) and connection = one.connection and who = one.who limit 1) as h on true
    cross join lateral (select
        case when one.who is not null then coalesce(greatest(last.nth, h.nth), 0) + 1 end as nth,
        case when one.who is not null then coalesce(case when h.nth >= coalesce(last.nth, 0) then h.last else last.hash end,
            '\x0000000000000000000000000000000000000000000000000000000000000000'::bytea) end as before) as place;
    insert into audit.waiting select ids[1], ids where cardinality(ids) > 0;
    if entry is not null and (kinds[1] not like 'batch:%' or cardinality(ats) <> 1) then
        raise exception 'only the event of a batch has an id before it is said' using errcode = 'insufficient_privilege';
    end if;
    if session_user = 'kw_portal' and (entry is not null
        or exists (select from audit.event e where e.id = any(ids) and not audit.mine(e.leaf, e.kind, e.who, e.salt))) then
        raise exception 'this is not for the portal to say' using errcode = 'insufficient_privilege';
    end if;
    return ids;
end $$;

revoke execute on function audit.say(bigint, timestamptz[], json[], json[], bigint[], text[], bytea[], bytea[], bytea[], bytea[]) from public;
grant execute on function audit.say(bigint, timestamptz[], json[], json[], bigint[], text[], bytea[], bytea[], bytea[], bytea[])
    to kw_operator, kw_portal, kw_audit;

-- One look at a line instead of five; a null among the lengths makes all of it null.
alter table audit.event drop constraint event_nth_check, drop constraint event_who_check, drop constraint event_salt_check,
    drop constraint event_before_check, drop constraint tied,
    add constraint tied check (coalesce(length(who) = 16 and length(salt) = 16 and length(before) = 32 and nth > 0,
        num_nulls(who, salt, nth, before) = 4)) not valid;    -- not valid: older lines may have a salt alone
