-- The approval of a use case ends when whoever approved it was told it would, or sooner; for longer it is proposed and approved anew.
create or replace function kw.only_the_approval() returns trigger language plpgsql as $$
begin
    if to_jsonb(new) - 'approved' <> to_jsonb(old) - 'approved' or lower(new.approved) is distinct from lower(old.approved) then
        raise exception 'of % only the end of the approval may change', tg_table_name using errcode = 'integrity_constraint_violation';
    end if;
    if coalesce(upper(new.approved), 'infinity') > upper(old.approved) then
        raise exception 'the approval of a % is not prolonged', tg_table_name using errcode = 'integrity_constraint_violation';
    end if;
    return new;
end $$;
