-- Who has left chooses nothing for who came: a word dated back into the own time would hold for the home of somebody else.
create or replace function kw.lives_there(place bigint, moment timestamptz) returns boolean
    language sql stable security definer set search_path = '' as $$
    select exists (select from kw.occupancy o join kw.connection c on c.key = o.connection
        where o.connection = place and o.subject = kw.me() and o.period @> moment and c.product = 'electricity'
        and not exists (select from kw.occupancy later where later.connection = place and later.subject <> o.subject
            and lower(later.period) > moment and lower(later.period) <= clock_timestamp()))
$$;

-- What each night looks for by time, among all that ever was.
create index on audit.entry using brin (at);
create index on kw.parcel using brin (at);
-- Where a person has chains, when the person is forgotten.
create index on audit.head (who);
