-- Whom a parcel is about: at a move that is not always who lives there when it leaves. Null: nobody lived there.
alter table kw.parcel add column subject bigint references kw.subject;

-- One question of one receiver is delivered once, under whichever ground came first: a promise looks here for the same one.
create index on kw.delivery_due (connection, first_s);

-- What runs out during a night stops like what is revoked: workers look for ends that have just passed.
create index on kw.permission_state (upper(live));
