-- A due delivery waits until it has a parcel, and again when its bundle was taken back. So whoever looks for what is due reads what
-- waits, and not all that was ever delivered.
alter table kw.delivery_due add column waiting boolean not null default true;
update kw.delivery_due d set waiting = false where exists (select from kw.parcel p where p.due = d.id);
create index delivery_due_waiting on kw.delivery_due (id) where waiting;

create function kw.parcel_answers() returns trigger language plpgsql security definer set search_path = '' as $$
begin
    update kw.delivery_due d set waiting = tg_op = 'DELETE' from changed c where d.id = c.due;
    return null;
end $$;
create trigger parcel_answers after insert on kw.parcel
    referencing new table as changed for each statement execute function kw.parcel_answers();
create trigger parcel_taken_back after delete on kw.parcel
    referencing old table as changed for each statement execute function kw.parcel_answers();
