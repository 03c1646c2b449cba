-- A line is made where it is stored: who records says what happened, and the database ties it to the line before about the same person
-- and writes it out from its columns. So no line can say one thing and its columns another, whoever records, and one statement does what
-- two and a check did. What is hashed and what a proof holds is the same as before; docs/adr/0013.

-- So many ids of lines to come, 8 bytes each, ascending.
create function audit.numbers(many integer) returns bytea language sql volatile security definer set search_path = '' as $$
    select string_agg(int8send(nextval('audit.event_id')), '') from generate_series(1, many)
$$;

-- Records lines, each in its place in the arrays; they wait for their place in the tree. At most one is about the same person at the same
-- connection, for a line is tied to those that were there before the statement. A person is told by `who`, the beginning of SHA-256(code),
-- with a salt and the tag made with it, which are null in a line about nobody; `staff` is the commitment to which of the operator's people
-- did it, if one did. The portal says what its own person does, and has ids that were handed out.
create function audit.say(ids bigint[], ats timestamptz[], actors json[], bodies json[], connections bigint[], kinds text[],
    whose bytea[], salts bytea[], tags bytea[], staff bytea[]) returns void
    language plpgsql volatile security definer set search_path = '' as $$
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
    left join lateral (select l.nth, sha256('\x00'::bytea || l.leaf) as hash from audit.event l
        where l.connection = one.connection and l.who = one.who order by l.nth desc limit 1) as last on true
    left join lateral (select nth, last from audit.head where connection = one.connection and who = one.who limit 1) as h on true
    cross join lateral (select
        case when one.who is not null then coalesce(greatest(last.nth, h.nth), 0) + 1 end as nth,
        case when one.who is not null then coalesce(case when h.nth >= coalesce(last.nth, 0) then h.last else last.hash end,
            '\x0000000000000000000000000000000000000000000000000000000000000000'::bytea) end as before) as place;
    insert into audit.waiting select min(one), array_agg(one order by one) from unnest(ids) as one having count(*) > 0;
    if session_user = 'kw_portal' and (exists (select from unnest(ids) as one where not audit.handed_out(one))
        or exists (select from audit.event e where e.id = any(ids) and not audit.mine(e.leaf, e.kind, e.who, e.salt))) then
        raise exception 'this is not for the portal to say' using errcode = 'insufficient_privilege';
    end if;
end $$;

alter table audit.event drop constraint holds,
    add constraint tied check (num_nulls(who, salt, nth, before) in (0, 4)) not valid;    -- not valid: older lines may have a salt alone
drop trigger waits on audit.event;
drop function audit.wait();
drop policy say_mine on audit.event;
revoke insert on audit.event from kw_operator, kw_portal, kw_audit;
drop function audit.ends(bigint[], bytea[]), audit.holds(bytea, timestamptz, bigint, text, bytea, bytea, bigint, bytea);
revoke execute on function audit.numbers(integer), audit.say(bigint[], timestamptz[], json[], json[], bigint[], text[], bytea[], bytea[],
    bytea[], bytea[]) from public;
grant execute on function audit.numbers(integer), audit.say(bigint[], timestamptz[], json[], json[], bigint[], text[], bytea[], bytea[],
    bytea[], bytea[]) to kw_operator, kw_portal, kw_audit;
