-- What a line costs the server: the same is asked of it as before, by a function that is planned once in a session. One in SQL was put
-- into every statement anew: of a single line that took longer than all the rest.
create or replace function audit.holds(
    leaf bytea, at timestamptz, connection bigint, kind text, who bytea, salt bytea, nth bigint, before bytea)
    returns boolean language plpgsql stable as $$
declare
    tail bytea;
begin
    if substr(leaf, 1, 10) <> '{"actor":"'::bytea or substr(leaf, position('","at":"'::bytea in leaf) + 8, 27)
            <> convert_to(to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'UTF8') then
        return false;
    end if;
    if salt is null then
        return nth is null and who is null and before is null and convert_from(leaf, 'UTF8')::jsonb
            @> jsonb_build_object('kind', kind, 'connection', nullif(connection, 0));
    end if;
    -- the end of a line about a person, written out from the columns; of the line itself is taken what is in hexadecimal
    tail := convert_to(',"connection":' || case connection when 0 then 'null' else connection::text end || ',"kind":"' || kind
        || '","link":"' || encode(substr(sha256(salt || int8send(nth) || before), 1, 16), 'hex')
        || case substr(leaf, length(leaf) - 152, 10) when ',"staff":"'::bytea then '","staff":"'
            || encode(decode(convert_from(substr(leaf, length(leaf) - 142, 64), 'UTF8'), 'hex'), 'hex') else '' end
        || '","subject":"' || encode(audit.subject(leaf), 'hex') || '"}', 'UTF8');
    return coalesce(nth is not null and who is not null and before is not null and convert_from(leaf, 'UTF8')::json is not null
        and substr(leaf, length(leaf) - length(tail) + 1) = tail, false);
end $$;
drop function audit.ends_with(bytea, bigint, text, bytea, bigint, bytea);
