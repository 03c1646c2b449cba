-- Boundaries that the first migrations drew too wide.

-- A parcel's period is written with both its ends, since a register stands on a boundary; time that merely touches is not shared.
-- So who moves in does not see what left about the time of who moved out, and a register on the boundary is seen by both.
create function kw.shares(own tstzrange, parcel tstzrange) returns boolean language sql immutable parallel safe as $$
    select case
        when lower(parcel) = upper(parcel) then own @> lower(parcel) or coalesce(upper(own) = lower(parcel), false)
        else own && tstzrange(lower(parcel), upper(parcel))
    end
$$;
drop policy mine on kw.parcel;
create policy mine on kw.parcel for select to kw_portal
    using (exists (select from kw.occupancy o where o.connection = parcel.connection and o.subject = kw.me()
        and kw.shares(o.period, parcel.period)));

-- A counter may begin anew only with a key that is another one: a version that rises over the same key would repeat nonces.
create or replace function kw.counter_rises() returns trigger language plpgsql as $$
begin
    if new.next_ic < old.next_ic and (new.version <= old.version or new.guek = old.guek) then
        raise exception 'an invocation counter never falls under the same key' using errcode = 'check_violation';
    end if;
    return new;
end $$;

-- A period is read as [start, end) with a start and without infinities, so it is stored as that.
create function kw.is_half_open(period tstzrange) returns boolean language sql immutable parallel safe as $$
    select coalesce(lower_inc(period) and not upper_inc(period) and isfinite(lower(period)), false)
        and (upper_inf(period) or isfinite(upper(period)))
$$;
alter table kw.agreement add constraint half_open check (kw.is_half_open(period));
alter table kw.occupancy add constraint half_open check (kw.is_half_open(period));
alter table kw.supply add constraint half_open check (kw.is_half_open(period));
alter table kw.restriction add constraint half_open check (kw.is_half_open(period));
alter table kw.coupling add constraint half_open check (kw.is_half_open(period));
alter table kw.meter add constraint half_open check (kw.is_half_open(placed));
alter table kw.permission add constraint half_open check (kw.is_half_open(live));
alter table kw.use_case add constraint half_open check (kw.is_half_open(days) and kw.is_half_open(approved));

-- What has ended stays ended: a sweep removes the files of a batch that was given up, so none may come back.
create function kw.batch_goes_on() returns trigger language plpgsql as $$
begin
    if (old.state, new.state) not in (('planned', 'staged'), ('planned', 'committed'), ('planned', 'abandoned'), ('staged', 'committed'))
        and old.state <> new.state then
        raise exception 'a batch does not go from % to %', old.state, new.state using errcode = 'integrity_constraint_violation';
    end if;
    return new;
end $$;
create trigger batch_goes_on before update on kw.batch for each row execute function kw.batch_goes_on();

-- Of what was approved only the end of the approval may change: permits rest on the rest of it.
create function kw.only_the_approval() returns trigger language plpgsql as $$
begin
    if to_jsonb(new) - 'approved' <> to_jsonb(old) - 'approved' or lower(new.approved) <> lower(old.approved) then
        raise exception 'of % only the end of the approval may change', tg_table_name using errcode = 'integrity_constraint_violation';
    end if;
    return new;
end $$;
create trigger only_the_approval before update on kw.use_case for each row execute function kw.only_the_approval();
