-- Lines that are said together have numbers that follow each other, drawn at once: 256 are set apart for a call of `audit.say`, which
-- uses as many as it says lines. Numbers between stay unused; what counts lines is their place in the tree. docs/adr/0013.
alter sequence audit.event_id increment by 256;

-- As in 0043, but for that; for where `audit.head` is asked for the end of a chain, at the first line of one and behind what was untied;
-- and for statements that are planned once in a session, by the indexes however little there is at that moment. `entry` is the id of the
-- only line, or null; 256 lines at the most.
create or replace function audit.say(entry bigint, ats timestamptz[], actors json[], bodies json[], connections bigint[], kinds text[],
    whose bytea[], salts bytea[], tags bytea[], staff bytea[]) returns bigint[]
    language plpgsql volatile security definer set search_path = ''
    set plan_cache_mode = 'force_generic_plan' set enable_seqscan = off as $$
declare
    base constant bigint := coalesce(entry, nextval('audit.event_id'));
    ids constant bigint[] := array(select generate_series(base, base + cardinality(ats) - 1));
begin
    if entry is not null and (kinds[1] not like 'batch:%' or cardinality(ats) <> 1) then
        raise exception 'only the event of a batch has an id before it is said' using errcode = 'insufficient_privilege';
    end if;
    if cardinality(ats) > 256 then
        raise exception 'so many lines cannot be said at once' using errcode = 'program_limit_exceeded';
    end if;
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
    cross join lateral (select
        case when one.who is not null then 1 + case when last.nth is null or last.goes_on
            then coalesce((select greatest(h.nth, last.nth) from audit.head h
                where h.connection = one.connection and h.who = one.who), last.nth, 0)
            else last.nth end end as nth,
        case when one.who is not null then case when last.nth is null or last.goes_on
            then coalesce((select h.last from audit.head h
                where h.connection = one.connection and h.who = one.who and h.nth >= coalesce(last.nth, 0)), last.hash,
                '\x0000000000000000000000000000000000000000000000000000000000000000'::bytea)
            else last.hash end end as before) as place;
    insert into audit.waiting select ids[1], ids where cardinality(ids) > 0;
    if session_user = 'kw_portal' and (entry is not null
        or exists (select from audit.event e where e.id = any(ids) and not audit.mine(e.leaf, e.kind, e.who, e.salt))) then
        raise exception 'this is not for the portal to say' using errcode = 'insufficient_privilege';
    end if;
    return ids;
end $$;
