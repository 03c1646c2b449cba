-- Who approves a use of the operator's own is somebody else than who proposed it, however the name was typed: case, spaces and points
-- aside, and with letters taken apart, since an accent may stand by itself. The program folds more than this, as the case of letters that
-- the server's locale does not know; whom the database refuses, the program refused before.
create function kw.typed(name text) returns text language sql immutable strict parallel safe as $$
    select regexp_replace(lower(normalize(name, NFKD)), '[[:space:][:punct:]]', '', 'g')
$$;

-- What was decided before stays as it was decided: it cannot be changed, and is not looked at again.
alter table kw.use_case_proposal add constraint approved_by_another
    check (approver is null or kw.typed(approver) <> kw.typed(proposer)) not valid;
