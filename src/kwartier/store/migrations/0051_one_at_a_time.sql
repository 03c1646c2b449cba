-- Two who place and couple at the same moment would each see nothing of the other's meter: from here on one of them waits for the
-- other's commit, and one_gas_meter then sees what was written. A lock per connection would be taken in whatever order the rows come,
-- and an import couples more gas meters than a server has locks; so it is one lock for all, taken before any row is. Whoever locks rows
-- before placing takes it first (store/registry/couplings.py, `alone`). It needs "read committed": the trigger looks anew.
create function kw.placing_alone() returns trigger language plpgsql as $$
begin
    perform pg_advisory_xact_lock(7743781695079539968); -- 0x6b77706c61636500: "kwplace"
    return null;
end $$;
create trigger placing_alone before insert or update on kw.coupling for each statement execute function kw.placing_alone();
create trigger placing_alone before insert or update of placed on kw.meter for each statement execute function kw.placing_alone();
