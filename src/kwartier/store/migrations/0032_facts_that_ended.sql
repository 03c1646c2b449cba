-- A permission goes when its term after its end is over, and so does what was asked and answered: by the owner, as all that retention
-- takes away. That it went is said in the log, and a replay looks for what went too early.

-- From when a row that is only ever added counts as old: as what it is about began, or was said.
create function kw.dates_from(name text, said jsonb) returns timestamptz language sql stable as $$
    select case name
        when 'permission' then lower((said ->> 'live')::tstzrange)
        when 'permission_request' then (said ->> 'asked')::timestamptz
        when 'rights_request' then (said ->> 'asked')::timestamptz
        when 'breach' then (said ->> 'known')::timestamptz
        when 'breach_touched' then (said ->> 'last')::timestamptz
        else (said ->> 'at')::timestamptz end
$$;

-- The table of terms decides what goes (five years); this only stops a hand that would take what is recent. A year is left between
-- the two, for clocks that run ahead.
create or replace function kw.never() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' and current_user = 'kw_owner' and (
        tg_table_name = 'hand_reading'
        or tg_table_name in ('permission', 'permission_event', 'permission_reminder', 'permission_request', 'request_event', 'mandate_sample',
                             'mandate_evidence', 'rights_request', 'rights_event', 'breach', 'breach_event', 'breach_touched')
        and kw.dates_from(tg_table_name, to_jsonb(old)) < clock_timestamp() - interval '4 years') then
        return old;
    end if;
    raise exception '% is append-only', tg_table_name using errcode = 'integrity_constraint_violation';
end $$;
