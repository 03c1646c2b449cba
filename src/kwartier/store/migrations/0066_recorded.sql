-- Who never lived anywhere is forgotten too: without a stay that ends, the term counts from when the person was recorded. Of whom this
-- registry has already it is not known when that was: then it counts from now.
alter table kw.subject add column recorded timestamptz not null default now();
alter table kw.subject alter column recorded drop default;    -- whoever records somebody says as of when
comment on column kw.subject.recorded is 'when the person came into the registry; a later import of the same code does not change it';
