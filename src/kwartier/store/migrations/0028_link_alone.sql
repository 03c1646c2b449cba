-- A line about a person no longer carries the beginning of its salt's hash: `link` is a hash over the salt too, so a proof can hold no
-- other. Lines from before keep theirs: what was hashed is not changed.

create or replace function audit.ends_with(leaf bytea, connection bigint, kind text, salt bytea, nth bigint, before bytea)
    returns boolean language sql stable as $$
    select leaf like '%'::bytea || convert_to(',"connection":' || case connection when 0 then 'null' else connection::text end
        || ',"kind":"' || replace(kind, '_', '\_') || '","link":"'
        || encode(substr(sha256(salt || int8send(nth) || before), 1, 16), 'hex') || '"', 'UTF8')
        || case substr(leaf, length(leaf) - 152, 10) when ',"staff":"'::bytea then
            ',"staff":"'::bytea || convert_to(encode(decode(
                convert_from(substr(leaf, length(leaf) - 142, 64), 'UTF8'), 'hex'), 'hex'), 'UTF8') || '"'::bytea else ''::bytea end
        || ',"subject":"'::bytea || convert_to(encode(audit.subject(leaf), 'hex'), 'UTF8') || '"}'::bytea
$$;
create or replace function audit.holds(
    leaf bytea, at timestamptz, connection bigint, kind text, who bytea, salt bytea, nth bigint, before bytea)
    returns boolean language sql stable as $$
    select coalesce(substr(leaf, 1, 10) = '{"actor":"'::bytea
        and substr(leaf, position('","at":"'::bytea in leaf) + 8, 27)
            = convert_to(to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'UTF8')
        and (nth is null) = (who is null) and (nth is null) = (before is null) and (nth is null) = (salt is null)
        and case when salt is null then convert_from(leaf, 'UTF8')::jsonb
                @> jsonb_build_object('kind', kind, 'connection', nullif(connection, 0))
            else convert_from(leaf, 'UTF8')::json is not null and audit.ends_with(leaf, connection, kind, salt, nth, before) end, false)
$$;
-- Not valid: it holds for what comes. What is there was looked at when it came, and must be let in again by whoever restores a dump.
alter table audit.event drop constraint holds,
    add constraint holds check (audit.holds(leaf, at, connection, kind, who, salt, nth, before)) not valid;

do $$
declare name text;
begin
    select conname into strict name from pg_constraint 
        where conrelid = 'audit.block'::regclass and contype = 'c' and pg_get_constraintdef(oid) ~ 'checks';
    execute format('alter table audit.block drop constraint %I', name);
end $$;
alter table audit.block alter column checks drop not null,                -- null since then
    add check (length(subjects) = 4 * length(connections)),
    add check (length(checks) = length(connections));
create or replace view audit.leaf as
    select b.entry, audit.number_at(b.connections, 8 * n, 8) as connection, b.first + n as number,
        nullif(substr(b.subjects, 32 * n + 1, 32), decode(repeat('00', 32), 'hex')) as subject,
        nullif(substr(b.ties, 56 * n + 1, 16), decode(repeat('00', 16), 'hex')) as salt,
        nullif(substr(b.checks, 8 * n + 1, 8), decode(repeat('00', 8), 'hex')) as salt_check,
        substr(b.bodies, begins::integer + 1, (audit.number_at(b.ends, 4 * n, 4) - begins)::integer) as body,
        nullif(substr(b.links, 16 * n + 1, 16), decode(repeat('00', 16), 'hex')) as link,
        nullif(nth, 0) as nth,
        case when nth > 0 then substr(b.ties, 56 * n + 25, 32) end as before
    from audit.block b, generate_series(0, length(b.connections) / 8 - 1) as n,
        lateral (select case when n = 0 then 0 else audit.number_at(b.ends, 4 * n - 4, 4) end as begins,
            audit.number_at(b.ties, 56 * n + 16, 8) as nth) as place;
