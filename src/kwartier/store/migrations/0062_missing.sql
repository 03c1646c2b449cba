-- How many values stand in a parcel as missing, as it left: a permission is fulfilled by values, not by documents.
alter table kw.parcel add column missing integer check (missing >= 0);
comment on column kw.parcel.missing is 'null: it was not counted, or it has no document';
