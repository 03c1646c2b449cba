-- A stop names the transaction that says it: whoever loaded facts in a snapshot knows whether it could be seen there, however long it took
-- until its commit. The top-level one: a savepoint has no snapshot of its own. Rows from before this migration name none; it waited for
-- whoever wrote them, so all facts loaded since then show them.
-- A number means something within its cluster only. A dump that is restored into another brings numbers that may lie in the future there,
-- and would stop everybody until that one has counted so far: so a row also says which cluster numbered it, and counts nowhere else.
alter table kw.stop add column tx xid8, add column cluster bigint;
alter table kw.stop alter column tx set default pg_current_xact_id(),
    alter column cluster set default (pg_control_system()).system_identifier;
create index on kw.stop (tx);
drop index kw.stop_said_idx;
