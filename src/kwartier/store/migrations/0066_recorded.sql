-- Who never lived anywhere is forgotten too: without a stay that ends, the term counts from when the person was recorded. Of whom this
-- registry has already it is not known when that was: then it counts from now.
alter table kw.subject add column recorded timestamptz not null default now();
alter table kw.subject alter column recorded drop default;    -- whoever records somebody says as of when
comment on column kw.subject.recorded is 'when the person came into the registry; a later import of the same code does not change it';

-- How the index of chains names a person, in one place. Stable as what they call, and not strict: a query takes them in as its own.
create function audit.hash_of(code text) returns bytea language sql stable parallel safe as $$
    select substr(sha256(convert_to(code, 'UTF8')), 1, 8)
$$;
create function audit.who(code text) returns bigint language sql stable parallel safe as $$
    select audit.number_at(audit.hash_of(code), 0, 8)
$$;
comment on function audit.hash_of(text) is 'the first 8 bytes of the SHA-256 of a person''s code';
comment on function audit.who(text) is 'the same as a number, as in the columns of that name';
create or replace function audit.own() returns bigint language sql stable as $$
    select audit.who(s.code) from kw.subject s where s.key = kw.me()
$$;
