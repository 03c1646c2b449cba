-- Of whom nothing is held any more, a party's own reference of the consent tells it who it was: it goes with name and number, and so does
-- the name that another permission administrator gave the permission. Nothing else of what was permitted changes, whoever asks.
create or replace function kw.never() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' and current_user = 'kw_owner' and (
        tg_table_name = 'hand_reading'
        or tg_table_name in ('permission', 'permission_event', 'permission_reminder', 'permission_request', 'request_event', 'mandate_sample',
                             'mandate_evidence', 'rights_request', 'rights_event', 'breach', 'breach_event', 'breach_touched')
        and kw.dates_from(tg_table_name, to_jsonb(old)) < clock_timestamp() - interval '4 years') then
        return old;
    end if;
    if tg_op = 'UPDATE' and current_user = 'kw_owner' and tg_table_name in ('permission', 'permission_request')
        and to_jsonb(new) - '{reference,identifier}'::text[] = to_jsonb(old) - '{reference,identifier}'::text[]
        and to_jsonb(new) ->> 'reference' is null and to_jsonb(new) ->> 'identifier' is null
        and exists (select from kw.subject s where s.key = (to_jsonb(old) ->> 'subject')::bigint and s.code like 'forgotten:%') then
        return new;
    end if;
    raise exception '% is append-only', tg_table_name using errcode = 'integrity_constraint_violation';
end $$;
