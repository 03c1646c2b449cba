-- Lines about a person and no connection are a person's own lines as any: a breach touches them too, and they are found without a look
-- through all that the log says of no connection.
alter table kw.breach_touched drop constraint breach_touched_pkey;
alter table kw.breach_touched alter connection drop not null;
alter table kw.breach_touched add constraint breach_touched_once unique nulls not distinct (breach, subject, connection);
comment on column kw.breach_touched.connection is 'null: lines about the person and no connection';
create index on kw.superseded (subject);
-- from before there were chains: few, and fewer each year
create index unchained on audit.event (connection) where who is null and salt is not null;
