-- The parcels of a bundle, which its round looks up four times and the replay for each file: among all that ever were.
create index on kw.parcel (bundle) where bundle is not null;
