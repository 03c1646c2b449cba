-- A gas meter on the wrong connection: what it measured is another home's, so nothing of it stays under the connection that had it.

-- What was taken out keeps which channel-day, of which meter, when and within what time: no value, and no salt that opens none.
alter table kw.correction alter column was_start drop not null, alter column was_deltas drop not null,
    alter column was_quality drop not null, alter column salt drop not null;
alter table kw.correction disable trigger correction_is_said;
update kw.correction set was_start = null, was_deltas = null, was_quality = null, salt = null where now_start is null;
alter table kw.correction enable trigger correction_is_said;
alter table kw.correction add constraint taken_out_without_values check (
    (now_start is null) = (was_start is null) and (now_start is null) = (was_deltas is null)
    and (now_start is null) = (was_quality is null) and (now_start is null) = (salt is null));

-- What somebody put right of it before that was known is another home's as well, before and after.
create function kw.forget_corrections(place bigint, of_meter bigint, channels smallint[], first date, last date) returns bigint
    language sql security definer set search_path = '' as $$
    with gone as (delete from kw.correction where connection = place and meter = of_meter and channel = any(channels)
        and day >= first and day <= last and done is not null returning 1)
    select count(*) from gone
$$;
revoke execute on function kw.forget_corrections(bigint, bigint, smallint[], date, date) from public;
grant execute on function kw.forget_corrections(bigint, bigint, smallint[], date, date) to kw_operator;

-- The papers that quote what was wrong, by the parcels that closed them: named in the notice too.
alter table kw.rectification_notice add column papers text[] not null default '{}';
create or replace function kw.notice_is_told() returns trigger language plpgsql as $$
begin
    if tg_op = 'UPDATE' and old.told is null and new.told is not null and new.parcels = old.parcels and new.papers = old.papers then
        return new;
    end if;
    raise exception 'a notice is append-only' using errcode = 'integrity_constraint_violation';
end $$;
