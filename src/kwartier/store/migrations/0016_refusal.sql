-- The customer's own word about the meter: refused, administratively off, and back on; and readings that were taken by hand.

-- What stops, stops for all who look after this: whoever hands something over holds the gate alone while it looks and lets go, so a
-- stop stands either before that look or after what was handed over. Whoever stops something shares the gate until its commit.
create function kw.at_the_gate() returns trigger language plpgsql as $$
begin
    perform pg_advisory_xact_lock_shared(7743771752549122048); -- 0x6b77676174650000: "kwgate"
    return null;
end $$;
create trigger at_the_gate before insert on kw.stop for each statement execute function kw.at_the_gate();

-- Of an electricity connection where they live then; the gas that the meter carries goes with it.
grant insert on kw.restriction to kw_portal;
grant update (period) on kw.restriction to kw_portal;
create function kw.lives_there(place bigint, moment timestamptz) returns boolean language sql stable as $$
    select exists (select from kw.occupancy o join kw.connection c on c.key = o.connection
        where o.connection = place and o.subject = kw.me() and o.period @> moment and c.product = 'electricity')
$$;
create policy choose_mine on kw.restriction for insert to kw_portal
    with check (upper_inf(period) and kw.lives_there(connection, lower(period)));
create policy end_mine on kw.restriction for update to kw_portal
    using (upper_inf(period)) with check (kw.lives_there(connection, upper(period)));

-- A register that a person read off the meter's own display, or took from its P1 port: not read remotely.
create table kw.hand_reading (
    id         bigint generated always as identity primary key,
    connection bigint not null references kw.connection,
    meter      bigint not null references kw.meter,
    channel    smallint not null check (channel in (4, 5, 6, 7, 8)),       -- model/register.py: the day registers
    value      bigint not null check (value >= 0),                         -- Wh, for gas dm3
    at         timestamptz not null,
    how        text not null check (how in ('visit', 'customer', 'p1')),   -- by the operator at the meter, by the customer, from the P1 port
    taken      timestamptz not null,
    unique (meter, channel, at, connection)
);
create index on kw.hand_reading (connection, at);
create trigger append_only before update or delete on kw.hand_reading for each row execute function kw.never();
grant select, insert on kw.hand_reading to kw_operator;
grant select on kw.hand_reading to kw_portal;
alter table kw.hand_reading enable row level security;
alter table kw.hand_reading force row level security;
create policy operator on kw.hand_reading for all to kw_operator using (true) with check (true);
create policy owner on kw.hand_reading for all to kw_owner using (true) with check (true);
create policy mine on kw.hand_reading for select to kw_portal
    using (exists (select from kw.occupancy o where o.connection = hand_reading.connection and o.subject = kw.me()
        and (o.period @> hand_reading.at or upper(o.period) = hand_reading.at)));
