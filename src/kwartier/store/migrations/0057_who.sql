-- A person's chain is named by 8 bytes of the hash of the code, as a number, where it was named by 16: at one connection that tells
-- people apart, and the index of chains, in which every line looks for the one before, is a third smaller. Both tables are written
-- anew, which takes as long as it takes: the locks it needs are waited for no longer than those of any other.
set local statement_timeout = 0;
drop policy mine on audit.event;
drop function audit.mine(bytea, text, bytea, bytea);
drop function audit.own();
drop function audit.say(bigint, timestamptz[], json[], json[], bigint[], text[], bytea[], bytea[], bytea[], bytea[]);
alter table audit.event drop constraint tied;
alter table audit.head drop constraint head_who_check;
alter table audit.event alter who type bigint using audit.number_at(who, 0, 8);
alter table audit.head alter who type bigint using audit.number_at(who, 0, 8);
alter table audit.event add constraint tied check (case when who is null then num_nulls(salt, nth, before) = 3
    else coalesce(length(salt) = 16 and length(before) = 32 and nth > 0, false) end) not valid;    -- older lines may have a salt alone
analyze audit.event (connection, who);
comment on column audit.event.who is 'the first 8 bytes of the SHA-256 of the person''s code';
comment on column audit.head.who is 'the first 8 bytes of the SHA-256 of the person''s code';

create function audit.own() returns bigint language sql stable as $$
    select audit.number_at(sha256(convert_to(s.code, 'UTF8')), 0, 8) from kw.subject s where s.key = kw.me()
$$;
create function audit.mine(leaf bytea, kind text, who bigint, salt bytea) returns boolean language sql stable as $$
    select coalesce(
        who = (select audit.own())
        and audit.subject(leaf) = audit.tag(salt, (select s.code from kw.subject s where s.key = kw.me()))
        and kind in ('permission:granted', 'permission:revoked', 'permission:rejected', 'permission:declined', 'view:shown',
            'view:refused', 'proof:given', 'restriction:began', 'restriction:ended', 'right:asked')
        and convert_from(leaf, 'UTF8')::jsonb ->> 'actor' = 'customer:' || kw.me(), false)
$$;
create policy mine on audit.event for select to kw_portal using (audit.mine(leaf, kind, who, salt));

-- As in 0056, but for that.
create function audit.say(entry bigint, ats timestamptz[], actors json[], bodies json[], connections bigint[], kinds text[],
    whose bigint[], salts bytea[], tags bytea[], staff bytea[]) returns bigint[]
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
revoke execute on function audit.say(bigint, timestamptz[], json[], json[], bigint[], text[], bigint[], bytea[], bytea[], bytea[]) from public;
grant execute on function audit.say(bigint, timestamptz[], json[], json[], bigint[], text[], bigint[], bytea[], bytea[], bytea[])
    to kw_operator, kw_portal, kw_audit;
