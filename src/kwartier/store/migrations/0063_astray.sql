-- Who moved is often told days after: what went out meanwhile was said of whom the registry had there then, and is about whom lives there.

-- True if what was said of a person is about a time in which that person does not live there, in whole or in part. A register on the
-- boundary of a stay is of both who left and who came. By present stays: what was put right counts.
create function kw.astray(place bigint, whom bigint, about tstzrange) returns boolean language sql stable parallel safe as $$
    select whom is not null and not coalesce(case
        when lower(about) = upper(about) then (select bool_or(kw.shares(o.period, about)) from kw.occupancy o
            where o.connection = place and o.subject = whom)
        else (select range_agg(o.period) from kw.occupancy o where o.connection = place and o.subject = whom)
            @> tstzrange(lower(about), upper(about))
        end, false)
$$;
revoke execute on function kw.astray(bigint, bigint, tstzrange) from public;
grant execute on function kw.astray(bigint, bigint, tstzrange) to kw_operator;

create index on kw.rectification (connection) where fact = 'occupancy';

-- A customer sees what left about the own time: of whom it was said or under which permit is not for the portal. What was said of somebody
-- else is seen where it was handed over, about time within the own stay; a register on its boundary is the other's too.
drop policy mine on kw.parcel;
create policy mine on kw.parcel for select to kw_portal
    using (exists (select from kw.occupancy o where o.connection = parcel.connection and o.subject = kw.me()
        and kw.shares(o.period, parcel.period)
        and (parcel.subject is null or parcel.subject = kw.me() or parcel.status = 'delivered' and (lower(parcel.period) < upper(parcel.period)
            or lower(o.period) < lower(parcel.period) and coalesce(lower(parcel.period) < upper(o.period), true)))));
revoke select on kw.parcel from kw_portal;
grant select (id, receiver_role, receiver, connection, purpose, period, mask, status, reason, at) on kw.parcel to kw_portal;
