-- A day that a use case meant to read a connection about, where the process died before it could say what came of it. It counts against
-- the yearly limit as one that was used. No sum holds what was read then: for sums it was not.
alter table kw.use_case_day add column lost boolean not null default false;
grant update (lost) on kw.use_case_day to kw_operator;
-- What was lost may turn out to be used, never the other way round: a home whose day is in a sum already would get into a second one.
create policy used_stays on kw.use_case_day as restrictive for update to kw_operator using (true) with check (not lost);
comment on column kw.use_case_day.lost is 'whether it was read nobody knows: its batch was given up';
